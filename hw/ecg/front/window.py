"""From the samples of a window to counts: the least and the greatest, then a division of one bit a cycle each."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportOperatorIssue=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal
from amaranth.lib.memory import Memory

from ..config.front import EcgFrontConfig
from .divide import Divide


class Samples(Elaboratable):
    """The last samples; word k is the last one whose number is k modulo the memory's depth.

    Parameters
    ----------
    config : EcgFrontConfig

    Attributes
    ----------
    write, x, at : Signal
        In: a sample comes, which, and its number's lowest bits.
    wanted, found : Signal
        In: a number's lowest bits; out, a cycle later: that sample.
    """

    def __init__(self, config: EcgFrontConfig):
        self.config = config
        address = config.memory.bit_length() - 1
        self.write = Signal()
        self.x = Signal(config.adc_bits)
        self.at = Signal(address)
        self.wanted = Signal(address)
        self.found = Signal(config.adc_bits)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.words = words = Memory(shape=self.config.adc_bits, depth=self.config.memory, init=[])
        write, read = words.write_port(), words.read_port()
        m.d.comb += [write.en.eq(self.write), write.addr.eq(self.at), write.data.eq(self.x),
                     read.addr.eq(self.wanted), self.found.eq(read.data)]  # fmt: skip
        return m


class Window(Elaboratable):
    """``n = floor((2 T (x - lo) + hi - lo) / (2 (hi - lo)))`` of each kept sample of a window; 0 where ``hi = lo``.

    A flat window never starts the divider. Takes ``row_cycles`` from ``go`` to ``done``, less where it is flat.

    Parameters
    ----------
    config : EcgFrontConfig

    Attributes
    ----------
    write, x, at : Signal
        As of :class:`Samples`.
    go, start : Signal
        In: make counts of the window whose first kept sample has that number (lowest bits), held until ``done``.
    done : Signal
        Out: high for a cycle when all counts are there.
    counts : Signal
        Out: the counts, the first lowest, until the next ``go``.
    """

    def __init__(self, config: EcgFrontConfig):
        self.config = config
        address = config.memory.bit_length() - 1
        self.write, self.go, self.done = Signal(), Signal(), Signal()
        self.x, self.at, self.start = Signal(config.adc_bits), Signal(address), Signal(address)
        self.counts = Signal(len(config.offsets) * config.count_width, reset_less=True)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config, bits, kept = self.config, self.config.count_width, len(self.config.offsets)
        m.submodules.samples = samples = Samples(config)
        m.submodules.divide = divide = Divide(bits, config.adc_bits + 1)
        low, high = (Signal(config.adc_bits, name=name, reset_less=True) for name in ("low", "high"))
        span, index, next_ = Signal(config.adc_bits), Signal(range(kept + 1), reset_less=True), Signal.like(self.start)
        address = Signal.like(self.start, name="address", reset_less=True)
        count, flat = Signal(bits), Signal()
        m.d.comb += [
            samples.write.eq(self.write), samples.at.eq(self.at), samples.x.eq(self.x), samples.wanted.eq(address),
            next_.eq(address + config.stride), span.eq(high - low), flat.eq(span == 0),
            # The quotient is at most T, so that the numerator is less than the denominator times 2^bits.
            divide.numerator.eq(2 * config.steps * (samples.found - low) + span), divide.denominator.eq(span << 1),
            count.eq(Mux(flat, 0, divide.quotient)),
        ]  # fmt: skip
        with m.FSM(name="making"):
            with m.State("IDLE"), m.If(self.go):
                m.d.sync += [address.eq(self.start), index.eq(0), low.eq((1 << config.adc_bits) - 1), high.eq(0)]
                m.next = "LOOK"
            with m.State("LOOK"):
                # A sample is asked for while the one before it is compared.
                m.d.sync += [address.eq(next_), index.eq(index + 1)]
                with m.If(index != 0):
                    m.d.sync += [low.eq(Mux(samples.found < low, samples.found, low)),
                                 high.eq(Mux(samples.found > high, samples.found, high))]  # fmt: skip
                with m.If(index == kept):
                    m.d.sync += [address.eq(self.start), index.eq(0)]
                    m.next = "ASK"
            with m.State("ASK"):
                m.next = "DIVIDE"
            with m.State("DIVIDE"):
                m.d.comb += divide.go.eq(~flat)
                m.next = "TAKE"
            with m.State("TAKE"), m.If(flat | divide.done):
                m.d.sync += [self.counts.eq(Cat(self.counts, count) >> bits), address.eq(next_), index.eq(index + 1)]
                m.next = "ASK"
                with m.If(index == kept - 1):
                    m.next = "DONE"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        return m
