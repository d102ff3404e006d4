"""The vector unit behind another engine's stream: integers become codes, or pass by; and behind the gemv engine."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component

from ..lib.handshake import ports
from ..mac.gemv import Gemv
from .config.overlay import GemvOverlayConfig, OverlayConfig
from .nova import Nova


def beside(m: Module, name: str, most: int, word: Value, enters: Value, leaves: Value) -> Value:
    """What was put beside a beat as it entered, for the oldest of at most so many that have not left."""
    bits = most.bit_length()
    m.submodules[name] = memory = Memory(shape=len(word), depth=1 << bits, init=[])
    store, fetch = memory.write_port(), memory.read_port(domain="comb")
    into, outof = Signal(bits, name=f"{name}_into"), Signal(bits, name=f"{name}_outof")
    m.d.comb += [store.en.eq(enters), store.addr.eq(into), store.data.eq(word), fetch.addr.eq(outof)]
    m.d.sync += [into.eq(into + enters), outof.eq(outof + leaves)]
    return fetch.data


class Overlay(Component):
    """``data = f(data)`` or ``data``: :class:`~nervure.hw.noc.config.overlay.OverlayConfig` has the equations.

    Parameters
    ----------
    config : OverlayConfig

    Members
    -------
    i : In(stream of {data, mode})
        Integers of all lanes, and what becomes of them.
    o : Out(stream of {data, status})

    Latency: one cycle more than that of :class:`~nervure.hw.noc.nova.Nova`, in whatever mode, where nothing waits.
    Throughput: as there; beats that pass by take as long.

    ``valid`` never waits for ``ready``.
    """

    i: Any
    o: Any

    def __init__(self, config: OverlayConfig):
        self.config = config
        numbers = data.ArrayLayout(config.word, config.width)
        super().__init__(ports("stream", data.StructLayout({"data": numbers, "mode": config.mode_width}),
                               data.StructLayout({"data": numbers, "status": 1})))  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        config, beat = self.config, self.i.payload
        m.submodules.nova = nova = Nova(config.nova)
        tables, word, fmt, out = len(config.slopes), config.word, config.input_format, config.output_format
        moves = Signal(name="moves")
        there = Signal(name="there")
        mode = Signal(config.mode_width, name="mode", reset_less=True)
        kept = Signal(word * config.width, name="numbers", reset_less=True)
        m.d.comb += [moves.eq(~there | nova.i.ready), self.i.ready.eq(moves), nova.i.valid.eq(there),
                     nova.i.payload.table.eq(Mux(mode == 0, 0, Mux(mode > tables, tables, mode - 1)))]  # fmt: skip
        with m.If(moves):
            m.d.sync += [there.eq(self.i.valid), mode.eq(beat.mode), kept.eq(Value.cast(beat.data))]
        codes = []
        for lane in range(config.width):
            number = Value.cast(beat.data)[lane * word :][:word].as_signed()
            half = 1 << config.drop >> 1
            rounded = Signal(signed(max(word + 1, fmt.width + 2)), name=f"rounded{lane}")
            code = Signal(fmt.width, name=f"code{lane}", reset_less=True)
            m.d.comb += rounded.eq((number + half) >> config.drop)
            with m.If(moves):
                m.d.sync += code.eq(Mux(rounded < fmt.low, fmt.low, Mux(rounded > fmt.high, fmt.high, rounded)))
            codes.append(code)
        m.d.comb += Value.cast(nova.i.payload.x).eq(Cat(*codes))
        leaves = Signal(name="leaves")
        m.d.comb += [leaves.eq(self.o.valid & self.o.ready), self.o.valid.eq(nova.o.valid),
                     nova.o.ready.eq(self.o.ready)]  # fmt: skip
        ahead = beside(m, "beside", config.latency, Cat(mode == 0, kept), there & nova.i.ready, leaves)
        passes, numbers, found = ahead[0], ahead[1:], []
        y = Value.cast(nova.o.payload.y)
        for lane in range(config.width):
            code = y[lane * out.width :][: out.width]
            sign = (code[-1] if out.signed else Const(0, 1)).replicate(word - out.width)
            found.append(Mux(passes, numbers[lane * word :][:word], Cat(code, sign)))
        m.d.comb += [Value.cast(self.o.payload.data).eq(Cat(*found)),
                     self.o.payload.status.eq(nova.o.payload.status & ~passes)]  # fmt: skip
        return m


class GemvOverlay(Component):
    """``f(W x)``, or ``W x``: the gemv engine with the overlay behind it.

    Parameters
    ----------
    config : GemvOverlayConfig

    Members
    -------
    i : In(stream of {load, mac, first, last, after, x, w, mode})
        As of :class:`~nervure.hw.mac.gemv.Gemv`; ``mode`` counts with ``mac`` and ``last``.
    o : Out(stream of {data, status})
        As of :class:`Overlay`: sums of a group.

    Latency: that of both engines, one after the other, where nothing waits. Throughput: one beat per cycle as long as
    sums do not come faster than the overlay takes them.
    """

    i: Any
    o: Any

    def __init__(self, config: GemvOverlayConfig):
        self.config = config
        self.gemv, self.overlay = Gemv(config.gemv), Overlay(config.overlay)
        layout = dict(iter(self.gemv.i.payload.shape()))
        operands = {key: field.shape for key, field in layout.items()} | {"mode": config.mode_width}
        super().__init__(ports("stream", data.StructLayout(operands), self.overlay.o.payload.shape()))

    def elaborate(self, platform):
        m = Module()
        gemv, overlay, beat = self.gemv, self.overlay, self.i.payload
        m.submodules.gemv, m.submodules.overlay = gemv, overlay
        m.d.comb += [gemv.i.valid.eq(self.i.valid), self.i.ready.eq(gemv.i.ready)]
        for key, _ in gemv.i.payload.shape():
            m.d.comb += Value.cast(gemv.i.payload[key]).eq(Value.cast(beat[key]))
        asks = self.i.valid & gemv.i.ready & beat.mac & beat.last
        given = gemv.o.valid & overlay.i.ready
        m.d.comb += [
            overlay.i.valid.eq(gemv.o.valid), gemv.o.ready.eq(overlay.i.ready),
            Value.cast(overlay.i.payload.data).eq(Value.cast(gemv.o.payload.y)),
            overlay.i.payload.mode.eq(beside(m, "modes", self.config.engine_latency, beat.mode, asks, given)),
            self.o.valid.eq(overlay.o.valid), overlay.o.ready.eq(self.o.ready),
            Value.cast(self.o.payload).eq(Value.cast(overlay.o.payload)),
        ]  # fmt: skip
        return m
