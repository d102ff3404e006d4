"""From samples to energies: moving sums, a slope, its square; each past value in a memory of its own."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Elaboratable, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib.memory import Memory

from ...fixed import signed_width
from ..config.front import POSITION, EcgFrontConfig
from ..config.peaks import MOST_ENERGY

STEPS = 7
"""Cycles from ``go`` to ``done``."""


class Past(Elaboratable):
    """The last values of something that has one each sample: the one from ``back`` samples ago, 0 before the first.

    Parameters
    ----------
    shape : Shape
        Of a value.
    most : int
        The greatest ``back``.

    Attributes
    ----------
    n, back : Signal
        In: the sample's number; how many samples ago.
    write, value : Signal
        In: this sample's value. In the cycle of the write, ``back = most`` still reads the old one.
    past : Signal
        Out: the value from then.
    """

    def __init__(self, shape: Shape, most: int):
        self.shape, self.most = shape, most
        self.n, self.back, self.write = Signal(POSITION), Signal(range(most + 1)), Signal()
        self.value, self.past = Signal(shape), Signal(shape)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        depth = 1 << (self.most - 1).bit_length()
        m.submodules.kept = kept = Memory(shape=self.shape, depth=depth, init=[])
        read, write = kept.read_port(domain="comb"), kept.write_port()
        m.d.comb += [
            read.addr.eq(self.n - self.back), write.addr.eq(self.n), write.en.eq(self.write),
            write.data.eq(self.value), self.past.eq(Mux(self.n < self.back, 0, read.data)),
        ]  # fmt: skip
        return m


class Filters(Elaboratable):
    """The waves l, m, b, d, e and y of :class:`~nervure.hw.ecg.config.peaks.PeaksConfig`, a step a cycle.

    What stands before the first sample is the first: all sums are of differences from it, and begin at 0. The
    band-passed wave is that of the samples themselves, since the two sums it is the difference of move alike.

    Parameters
    ----------
    config : EcgFrontConfig

    Attributes
    ----------
    go, x, n : Signal
        In: a sample is there; the sample and its number in the record, held until ``done``.
    done, y : Signal
        Out: high STEPS cycles after ``go``; the energy, which stays until the next ``go``.
    back, size : Signal
        In, out: ``|b|`` so many samples ago, from ``done`` to the next ``go``.
    """

    def __init__(self, config: EcgFrontConfig):
        self.config = config
        span, width = (1 << config.adc_bits) - 1, 2 * config.wide + 1
        self.reach = max(config.slope, config.settle + config.window)

        def of(most: int) -> Shape:
            return signed(signed_width(-most, most))

        self.shapes = {"x": of(span), "l": of(config.low * span), "m": of(config.low**2 * span),
                       "b": of((2 * width * config.low**2 * span >> config.shift) + 1)}  # fmt: skip
        self.total = of(width * config.low**2 * span)
        self.go, self.done = Signal(), Signal()
        self.x, self.n = Signal(config.adc_bits), Signal(POSITION)
        self.y = Signal(config.energy_width, reset_less=True)
        self.back, self.size = Signal(range(self.reach + 1)), Signal(self.shapes["b"].width)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        steps, fresh = Signal(STEPS), Signal()
        first = Signal.like(self.x, name="first", reset_less=True)
        move, low, band, slope = (Signal(shape, name=name, reset_less=True) for name, shape in
                                  (("move", self.shapes["l"]), ("low", self.shapes["m"]), ("band", self.shapes["b"]),
                                   ("slope", signed(self.shapes["b"].width + 1))))  # fmt: skip
        total, middle = Signal(self.total, reset_less=True), Signal(self.shapes["m"], reset_less=True)
        energy, squared = Signal(range(MOST_ENERGY + 1), reset_less=True), Signal(max(1, 2 * slope.shape().width - 7))
        off = Signal(self.shapes["x"])
        m.d.comb += [fresh.eq(self.n == 0), off.eq(Mux(fresh, 0, self.x - first)), squared.eq((slope * slope) >> 6)]
        m.d.sync += steps.eq(steps << 1 | self.go)
        m.d.comb += self.done.eq(steps[-1])
        with m.If(self.go & fresh):
            m.d.sync += first.eq(self.x)

        def past(name: str, value: Value, shape: Shape, back: int, when: Value, most: int = 0) -> Past:
            m.submodules[name] = line = Past(shape, most or back)
            m.d.comb += [line.n.eq(self.n), line.value.eq(value), line.write.eq(when)]
            if not most:
                m.d.comb += line.back.eq(back)
            return line

        def since(value: Value) -> Value:
            return Mux(fresh, 0, value)

        x = past("past_x", off, self.shapes["x"], config.low, self.go)
        with m.If(self.go):
            m.d.sync += move.eq(since(move + off - x.past))
        l_ = past("past_l", move, self.shapes["l"], config.low, steps[0])
        with m.If(steps[0]):
            m.d.sync += low.eq(since(low + move - l_.past))
        # The mean's far end is as far behind its middle as that and one more behind its near end.
        near = past("past_m", low, self.shapes["m"], config.wide, steps[1])
        far = past("far_m", near.past, self.shapes["m"], config.wide + 1, steps[1])
        with m.If(steps[1]):
            m.d.sync += [total.eq(since(total + low - far.past)), middle.eq(near.past)]
        with m.If(steps[2]):
            m.d.sync += band.eq((middle * (2 * config.wide + 1) - total) >> config.shift)
        b = past("past_b", band, self.shapes["b"], 0, steps[3], self.reach + 1)
        m.d.comb += [b.back.eq(Mux(steps[3], config.slope, self.back)), self.size.eq(abs(b.past))]
        with m.If(steps[3]):
            m.d.sync += slope.eq(band - b.past)
        with m.If(steps[4]):
            m.d.sync += energy.eq(Mux(squared > MOST_ENERGY, MOST_ENERGY, squared))
        e = past("past_e", energy, Shape(energy.shape().width), config.window, steps[5])
        with m.If(steps[5]):
            m.d.sync += self.y.eq(since(self.y + energy - e.past))
        return m
