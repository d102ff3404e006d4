"""The matrix-vector engine: multiply-accumulate units side by side, held activations, sums that take turns."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from math import prod
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component

from ..lib.handshake import ports, stall
from ..lib.part import Part, PartPipeline
from ..lib.pipeline import place
from .config.gemv import AFTER, GemvConfig
from .datapath import Datapath, cuts


class Gemv(Component):
    """``y = W x``, a group of rows and a column in each beat.

    Parameters
    ----------
    config : GemvConfig

    Members
    -------
    i : In(stream of {[mode,] load, mac, first, last, after, x, w})
        ``mac``: ``s = round(w * v + (0 if first else s))`` for the sums ``s`` of the beat's group, with the activations
        ``v`` that are held for its column; with ``last`` they go out. ``load``: ``x`` is held for the next free column
        of the other half of the buffer. A beat may do both, or neither. ``after`` says what the next beat is of: 0 the
        next group; 1 group 0 of the next column; 2 group 0 of column 0, the same activations again; 3 group 0 of
        column 0 of the other half, which changes places with this one. Columns count modulo ``depth``.
        Element (u, i) of ``w`` is the weight of row ``u * lanes_a + i`` of the group, of the mode's own ``lanes_a``.
    o : Out(stream of {y})
        Sums (u, i, j) of a group, vector j; those of lanes that the mode does not use are 0.

    From a beat to the next of the same group that is not ``first`` there must be at least ``latency`` beats, and a
    group must be less than ``groups``.

    Latency: ``latency`` cycles from a beat with ``last`` to its sums, in which the output is not stalled. Throughput:
    one beat per cycle.

    A stall (``o.valid & ~o.ready``) freezes every register, as in :class:`nervure.hw.mac.circuit.Mac`.
    """

    i: Any
    o: Any

    def __init__(self, config: GemvConfig):
        self.config = config
        widths = {"x": config.width("b"), "w": config.width("a"), "y": config.width("acc")}
        layout: dict[str, Any] = {"mode": config.mode_width, "after": 2}
        for name, (_, shape) in config.fields.items():
            if name in widths:
                layout[name] = data.ArrayLayout(widths[name], prod(shape))
            else:
                layout.setdefault(name, 1)
        order = [name for name in config.fields if name != "y"]
        operands = data.StructLayout({name: layout[name] for name in order})
        super().__init__(ports("stream", operands, data.StructLayout({"y": layout["y"]})))

    def elaborate(self, platform):
        m = Module()
        config, beat = self.config, self.i.payload
        depth = config.latency - 1  # ranks of the units
        lanes_a, lanes_b = config.grid
        enable = stall(m, self)
        taken = Signal()
        m.d.comb += taken.eq(enable & self.i.valid)

        # Where the beats are: used and fill count columns of the two halves, of which `half` is the one in use.
        group = Signal(range(config.groups))
        used = Signal(range(config.depth))
        fill = Signal(range(config.depth))
        half = Signal()
        with m.If(taken):
            m.d.sync += [fill.eq(fill + beat.load), group.eq(0)]
            with m.Switch(beat.after):
                with m.Case(AFTER.index("group")):
                    m.d.sync += group.eq(group + 1)
                with m.Case(AFTER.index("column")):
                    m.d.sync += used.eq(used + 1)
                with m.Case(AFTER.index("tile")):
                    m.d.sync += used.eq(0)
                with m.Default():
                    m.d.sync += [used.eq(0), fill.eq(0), half.eq(~half)]

        m.submodules.held = held = Memory(shape=config.width("b") * lanes_b, depth=2 * config.depth, init=[])
        write = held.write_port()
        m.d.comb += [write.en.eq(taken & beat.load), write.addr.eq(Cat(fill, ~half)), write.data.eq(Value.cast(beat.x))]
        read = held.read_port()
        m.d.comb += [read.en.eq(enable), read.addr.eq(Cat(used, half))]

        # The beat beside the activations that the buffer gives for it.
        live = {"w": Value.cast(beat.w), "group": group, "first": beat.first}
        if config.mode_width:
            live["mode"] = beat.mode
        now = {key: Signal.like(value, name=f"now_{key}", reset_less=True) for key, value in live.items()}
        busy, last = Signal(name="busy_0"), Signal(name="last_0")
        with m.If(enable):
            m.d.sync += [now[key].eq(value) for key, value in live.items()]
            m.d.sync += [busy.eq(self.i.valid & beat.mac), last.eq(self.i.valid & beat.mac & beat.last)]
        back = now["group"]
        for rank in range(1, depth + 1):
            flags = Signal(name=f"busy_{rank}"), Signal(name=f"last_{rank}")
            group_there = Signal.like(back, name=f"group_{rank}", reset_less=True)
            with m.If(enable):
                m.d.sync += [flags[0].eq(busy), flags[1].eq(last), group_there.eq(back)]
            (busy, last), back = flags, group_there
        m.d.comb += self.o.valid.eq(last)

        width = config.width("acc") * lanes_a * lanes_b
        m.submodules.sums = sums = Memory(shape=width * config.units, depth=config.groups, init=[])
        store = sums.write_port()
        m.d.comb += [store.en.eq(enable & busy), store.addr.eq(back), store.data.eq(Value.cast(self.o.payload.y))]
        fetch = sums.read_port(domain="comb")
        m.d.comb += fetch.addr.eq(now["group"])
        addend = Mux(now["first"], 0, fetch.data)
        results = []
        weights = config.width("a") * lanes_a
        for unit in range(config.units):
            part = Part(m, f"unit{unit}")
            pipe = PartPipeline(part, place(cuts(config.mac), depth, spare="product"), enable)
            operands = {"mode": now["mode"]} if config.mode_width else {}
            operands |= {"a": now["w"][unit * weights :][:weights], "b": read.data,
                         "c": addend[unit * width :][:width]}  # fmt: skip
            results.append(Datapath(part, pipe, config.mac, pipe.cut("input", operands)).result())
        m.d.comb += Value.cast(self.o.payload.y).eq(Cat(*results))
        return m
