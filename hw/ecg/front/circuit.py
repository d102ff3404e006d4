"""The front end of heartbeat classifiers: a sample at a time in, a row of counts a heartbeat out."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..config.front import LONGEST, POSITION, USUAL, EcgFrontConfig
from .filters import STEPS, Filters
from .judge import Judge
from .window import Window


class EcgFront(Component):
    """R peaks of a stream of samples, and for each its window as counts and the intervals around it.

    One state machine takes a sample through the filters, and the judge; when a beat is found or its window is whole, it
    works on the row before it takes the next sample.

    Parameters
    ----------
    config : EcgFrontConfig

    Members
    -------
    i : In(stream of {x, last})
        A sample, and whether it is its record's last.
    o : Out(stream of {n, position})
        A row: counts, and the number of the R peak's sample in its record.

    Throughput: a sample takes :data:`SAMPLE` cycles; where a peak is judged ``judging_cycles`` more; a row takes
    ``row_cycles`` and 3 more; the first thresholds of a record ``division_cycles``. See :func:`drain`. A row that is
    not taken keeps the unit from the next sample. ``valid`` never waits for ``ready``; ``i.ready`` depends on registers
    alone.

    Source: the method of Pan and Tompkins, IEEE TBME 32, 1985; the integers are our own.
    """

    i: Any
    o: Any

    def __init__(self, config: EcgFrontConfig):
        self.config = config
        given = data.StructLayout({"x": config.adc_bits, "last": 1})
        row = data.StructLayout({"n": data.ArrayLayout(config.count_width, config.inputs), "position": POSITION})
        super().__init__({"i": In(stream.Signature(given)), "o": Out(stream.Signature(row))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        config = self.config
        m.submodules.filters = filters = Filters(config)
        m.submodules.judge = judge = Judge(config, len(filters.size))
        m.submodules.window = window = Window(config)
        n, last = Signal(POSITION), Signal(reset_less=True)
        x = Signal(config.adc_bits, name="x", reset_less=True)
        position = Signal(POSITION, name="position", reset_less=True)
        # Of the newest beat: its window is not whole yet; its row waits for the beat after it.
        waiting, held, ended, hearing = (Signal(name=name) for name in ("waiting", "held", "ended", "hearing"))
        whole, fits, found, clear = (Signal(name=name) for name in ("whole", "fits", "found", "clear"))
        m.d.comb += [
            filters.x.eq(x), filters.n.eq(n), filters.back.eq(judge.back), judge.y.eq(filters.y), judge.n.eq(n),
            judge.size.eq(filters.size), window.x.eq(x), window.at.eq(n), window.start.eq(position + config.offsets[0]),
            whole.eq(n >= position + (config.after - 1)), self.o.payload.position.eq(position),
            # A window that begins in the record, and is still in the memory.
            fits.eq((judge.peak >= config.before) & (n - judge.peak < config.memory - config.before)),
        ]  # fmt: skip
        row = [window.counts]
        if config.rr:
            row += self._intervals(m, judge.peak, position, ended, found, clear)
        m.d.comb += Value.cast(self.o.payload.n).eq(Cat(*row))
        with m.FSM(name="state"):
            with m.State("READY"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += [x.eq(self.i.payload.x), last.eq(self.i.payload.last), hearing.eq(0)]
                with m.If(self.i.valid):
                    m.next = "TAKEN"
            with m.State("TAKEN"):
                m.d.comb += [filters.go.eq(1), window.write.eq(1)]
                m.next = "FILTER"
            with m.State("FILTER"), m.If(filters.done):
                m.next = "GO"
            with m.State("GO"):
                # The row of a beat comes before the next beat is looked for.
                with m.If(waiting & whole):
                    m.d.comb += window.go.eq(1)
                    m.next = "MAKE"
                with m.Else():
                    m.d.comb += [judge.go.eq(~hearing), judge.resume.eq(hearing)]
                    m.next = "HEAR"
            with m.State("MAKE"), m.If(window.done):
                m.d.sync += [waiting.eq(0), held.eq(1)]
                m.next = "GO" if config.rr else "EMIT"
            with m.State("HEAR"):
                with m.If(judge.beat):
                    m.next = "BEAT"
                    with m.If(held):
                        m.next = "EMIT"
                with m.If(judge.done):
                    m.d.sync += n.eq(n + 1)
                    m.next = "READY"
                    with m.If(last):
                        m.d.sync += ended.eq(1)
                        m.next = "CLEAR"
                        with m.If(held):
                            m.next = "EMIT"
            with m.State("BEAT"):
                m.d.comb += found.eq(1)
                m.d.sync += [position.eq(judge.peak), waiting.eq(fits), hearing.eq(1)]
                m.next = "GO"
            with m.State("EMIT"):
                m.d.comb += self.o.valid.eq(1)
                with m.If(self.o.ready):
                    m.d.sync += held.eq(0)
                    m.next = "GO"
                    if config.rr:
                        m.next = "BEAT"
                    with m.If(ended):
                        m.next = "CLEAR"
            with m.State("CLEAR"):
                m.d.comb += clear.eq(1)
                m.d.sync += [n.eq(0), waiting.eq(0), ended.eq(0)]
                m.next = "READY"
        return m

    def _intervals(self, m: Module, peak: Value, position: Value, ended: Value, found: Value,
                   clear: Value) -> list[Value]:  # fmt: skip
        """Counts made of the intervals around the beat at ``position``; the one after it lies at ``peak``, if any."""
        config = self.config
        steps, bits = config.steps, config.count_width
        mean = Signal(range(8 * LONGEST + 8), name="mean", init=8 * USUAL)
        known = Signal(name="known")
        before, usual = (Signal(range(LONGEST + 1), name=name, reset_less=True) for name in ("p", "m"))
        apart, gap, after = Signal(POSITION), Signal(range(LONGEST + 1)), Signal(range(LONGEST + 1))
        m.d.comb += [apart.eq(peak - position), gap.eq(Mux(apart > LONGEST, LONGEST, apart)),
                     after.eq(Mux(ended, usual, gap))]  # fmt: skip
        with m.If(clear):
            m.d.sync += [mean.eq(8 * USUAL), known.eq(0)]
        with m.Elif(found):
            m.d.sync += [known.eq(1), usual.eq(mean >> 3), before.eq(Mux(known, gap, mean >> 3))]
            with m.If(known):
                m.d.sync += mean.eq(mean + gap - (mean >> 3))

        def clipped(value: Value, name: str) -> Signal:
            count = Signal(bits, name=name)
            m.d.comb += count.eq(Mux(value < 0, 0, Mux(value > steps, steps, value)))
            return count

        half = (steps + 1) >> 1
        return [clipped(value, f"count_{k}") for k, value in enumerate((
            half + ((before - usual) >> (8 - bits)), half + ((after - usual) >> (8 - bits)),
            half + ((after - before) >> (8 - bits)), before >> (9 - bits),
        ))]  # fmt: skip


SAMPLE = STEPS + 4
"""Cycles of a sample with which nothing is found."""


def drain(config: EcgFrontConfig) -> int:
    """Cycles after which nothing more comes, without stalls: two beats at once and their rows, and a record's last."""
    return SAMPLE + config.division_cycles + config.judging_cycles + 3 * (config.row_cycles + 4) + 8
