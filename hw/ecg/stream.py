"""From raw samples to classes: the front end and the core, one behind the other."""

# Amaranth's annotations do not know `with m.If(...)`.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from .circuit import Ecg
from .config.front import POSITION
from .config.schedule import latency
from .config.stream import EcgStreamConfig
from .front import circuit as front


class EcgStream(Component):
    """Rows of :class:`~nervure.hw.ecg.front.circuit.EcgFront` into :class:`~nervure.hw.ecg.circuit.Ecg`.

    Parameters
    ----------
    config : EcgStreamConfig

    Members
    -------
    i : In(stream of {x, last})
        A sample, and whether it is its record's last.
    o : Out(stream of {label, confidence, position})
        Class, lead, and the number of the R peak's sample in its record.

    Samples are taken while the core works on a beat; a row that comes before the answer of the one before it was taken
    waits, and with it the samples. ``valid`` never waits for ``ready``; ``i.ready`` depends on registers alone.
    """

    i: Any
    o: Any

    def __init__(self, config: EcgStreamConfig):
        self.config = config
        given = data.StructLayout({"x": config.adc_bits, "last": 1})
        answer = data.StructLayout({"label": config.class_width, "confidence": config.confidence_width,
                                    "position": POSITION})  # fmt: skip
        super().__init__({"i": In(stream.Signature(given)), "o": Out(stream.Signature(answer))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.front = rows = front.EcgFront(self.config)
        m.submodules.core = core = Ecg(self.config)
        position = Signal(POSITION, name="position", reset_less=True)
        m.d.comb += [
            rows.i.valid.eq(self.i.valid), rows.i.payload.eq(self.i.payload), self.i.ready.eq(rows.i.ready),
            core.i.valid.eq(rows.o.valid), core.i.payload.n.eq(rows.o.payload.n), rows.o.ready.eq(core.i.ready),
            self.o.valid.eq(core.o.valid), core.o.ready.eq(self.o.ready), self.o.payload.position.eq(position),
            self.o.payload.label.eq(core.o.payload.label), self.o.payload.confidence.eq(core.o.payload.confidence),
        ]  # fmt: skip
        # The core takes a beat only when it has no answer: one place holds the beat that it works on.
        with m.If(core.i.valid & core.i.ready):
            m.d.sync += position.eq(rows.o.payload.position)
        return m


def drain(config: EcgStreamConfig) -> int:
    """Cycles after which nothing more comes, without stalls: up to three rows wait for the core."""
    return front.drain(config) + 4 * (latency(config) + 2)
