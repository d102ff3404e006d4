"""From energies to R peaks: peaks settle, and are judged in order against thresholds that follow signal and noise."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Const, Elaboratable, Module, Mux, Signal, Value

from ..config.front import POSITION, USUAL, EcgFrontConfig
from .divide import Divide


class Judge(Elaboratable):
    """The peaks and the rules of :class:`~nervure.hw.ecg.config.peaks.PeaksConfig`.

    Parameters
    ----------
    config : EcgFrontConfig
    size_width : int
        Bits of ``size``.

    Attributes
    ----------
    go, y, n : Signal
        In: the energy of a sample is there; the energy and the sample's number, held until ``done``.
    back, size : Signal
        Out, in: how many samples ago; the size of the band-passed wave then.
    beat, peak, resume : Signal
        Out: an R peak is found, and which sample is; held until ``resume`` (in) says that it was taken.
    done : Signal
        Out: high for a cycle when there is nothing more to say of this sample.
    """

    def __init__(self, config: EcgFrontConfig, size_width: int):
        self.config = config
        self.go, self.done, self.beat, self.resume = Signal(), Signal(), Signal(), Signal()
        self.y, self.n = Signal(config.energy_width), Signal(POSITION)
        self.peak = Signal(POSITION, reset_less=True)
        self.back, self.size = Signal(range(config.settle + config.window + 1)), Signal(size_width)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config, bits = self.config, self.config.energy_width

        def number(name: str, width: int = POSITION) -> Signal:
            return Signal(width, name=name, reset_less=True)

        top, candidate, value, kept, signal, noise = (
            number(name, bits) for name in ("top", "candidate", "value", "kept", "signal", "noise"))  # fmt: skip
        at, judged, where, place, last, kept_peak = (
            number(name) for name in ("at", "judged", "where", "place", "last", "kept_peak"))  # fmt: skip
        total, interval = number("total", bits + config.learn.bit_length()), number("interval", POSITION + 1)
        greatest, look = number("greatest", len(self.size)), number("look", len(self.back))
        none, found, second = number("none", 1), number("found", 1), number("second", 1)
        gap, aged, spot = Signal(POSITION), Signal(POSITION), Signal(POSITION)
        near, over, learned = Signal(), Signal(), Signal()
        third, bar = Signal(bits + 1), Signal(bits + 2)
        m.submodules.divide = divide = Divide(len(total), (8 * config.learn).bit_length())
        m.d.comb += [
            gap.eq(judged - last), aged.eq(where - last), near.eq(gap < config.refractory), self.back.eq(look),
            # The filters' wave is so much later than the samples.
            spot.eq(Mux(place < config.delay, 0, place - config.delay)),
            third.eq(noise + ((signal - noise) >> 2)), bar.eq(Mux(found & (gap < config.tall), third << 1, third)),
            over.eq(self.y > candidate), learned.eq(self.n == config.learn - 1),
        ]  # fmt: skip

        def followed(energy: Value, share: int) -> Value:
            """S after a beat of that energy, of which no more than 4 S counts."""
            return signal + ((Mux(energy > signal << 2, signal << 2, energy) - signal) >> share)

        def confirm(peak_at: Value, peak: Value, apart: Value) -> None:
            with m.If(found):
                m.d.sync += interval.eq(interval + ((Mux(apart > interval << 1, interval << 1, apart) - interval) >> 3))
            m.d.sync += [found.eq(1), last.eq(peak_at), self.peak.eq(peak), kept.eq(0)]

        with m.FSM(name="judging"):
            with m.State("IDLE"), m.If(self.go):
                m.next = "DONE"
                with m.If(learned):
                    m.next = "SIGNAL"
                with m.If(self.n < config.learn):
                    m.d.sync += [total.eq(total + self.y), top.eq(Mux(self.y > top, self.y, top))]
                with m.If(self.n == 0):
                    # All sums are 0 at the first sample, and so is its energy.
                    m.d.sync += [total.eq(0), top.eq(0), found.eq(0), kept.eq(0), interval.eq(USUAL),
                                 last.eq(Const(-config.refractory, POSITION))]  # fmt: skip
                with m.If((self.n == 0) | none | over):
                    m.d.sync += [candidate.eq(self.y), at.eq(self.n), none.eq(0)]
                with m.Elif(self.n - at == config.settle):
                    m.d.sync += [value.eq(candidate), judged.eq(at), none.eq(1)]
                    with m.If(self.n >= config.learn):
                        m.next = "PEAK"
            for state, following, numerator, divisor, level in (
                ("SIGNAL", "NOISE", top, 3, signal), ("NOISE", "DONE", total, 8 * config.learn, noise),
            ):  # fmt: skip
                with m.State(state):
                    m.d.comb += [divide.go.eq(1), divide.numerator.eq(numerator), divide.denominator.eq(divisor)]
                    m.next = f"{state}_DIVIDED"
                with m.State(f"{state}_DIVIDED"):
                    m.d.comb += divide.denominator.eq(divisor)
                    with m.If(divide.done):
                        m.d.sync += level.eq(divide.quotient)
                        m.next = following
            with m.State("PEAK"):
                start = Mux(judged < config.window, 0, judged - config.window)
                m.d.sync += [look.eq(self.n - start), place.eq(start), greatest.eq(0)]
                m.next = "DONE"
                with m.If(~near):
                    m.next = "LOOK"
            with m.State("LOOK"):
                m.d.sync += look.eq(look - 1)
                with m.If(self.size > greatest):
                    m.d.sync += [greatest.eq(self.size), place.eq(self.n - look)]
                with m.If(look == config.settle):
                    m.next = "BACK"
            with m.State("BACK"):
                m.next = "VERDICT"
                with m.If((kept != 0) & (gap > interval + (interval >> 1) + (interval >> 3))):
                    with m.If((kept << 1 > third) & (aged >= config.refractory)):
                        m.d.sync += [signal.eq(followed(kept, 2)), second.eq(1)]
                        confirm(where, kept_peak, aged)
                        m.next = "BEAT"
                    with m.Else():
                        m.d.sync += signal.eq(signal - (signal >> 4))
            with m.State("VERDICT"):
                m.next = "DONE"
                with m.If(~near):
                    with m.If(value > bar):
                        m.d.sync += [signal.eq(followed(value, 3)), second.eq(0)]
                        confirm(judged, spot, gap)
                        m.next = "BEAT"
                    with m.Else():
                        m.d.sync += noise.eq(noise + ((value - noise) >> 3))
                        with m.If(value > kept):
                            m.d.sync += [kept.eq(value), where.eq(judged), kept_peak.eq(spot)]
            with m.State("BEAT"):
                m.d.comb += self.beat.eq(1)
                with m.If(self.resume):
                    m.next = "DONE"
                    with m.If(second):
                        m.next = "VERDICT"
            with m.State("DONE"):
                m.d.comb += self.done.eq(1)
                m.next = "IDLE"
        return m
