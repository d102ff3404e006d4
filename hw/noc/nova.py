"""The vector unit inside the network: a source, a line of routers, lanes that take from it the pair they need."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from amaranth.hdl import Cat, ClockDomain, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..lib.handshake import ports
from ..lib.part import Part, PartPipeline
from .config.nova import NovaConfig
from .lane import address, caught, placed, value
from .line import Source, links
from .two_clocks import two_clocks
from .words import words


class Nova(Component):
    """``y = f(x)`` on many lanes by pairs that are broadcast: :class:`~nervure.hw.noc.config.nova.NovaConfig` has the
    equations.

    Parameters
    ----------
    config : NovaConfig

    Members
    -------
    i : In(stream of {x, table})
        Codes of all lanes, and the number of their table: tables change from beat to beat, and nothing drains for it.
    o : Out(stream of {y, status})
        Codes of all lanes; ``status`` is 1 where there was no table of that number, and the last one answered.

    With F flits a table, D registers on the line up to the furthest router (``distance // hops``: a line's furthest
    is at distance R - 1, a ring's at ceil(R / 2) - 1, a mesh's at rows + columns - 2), and one clock

    Latency: ``stages + D + F - 1`` cycles in which the output is not stalled. Throughput: one beat every F cycles.

    With two clocks see :mod:`.two_clocks`.

    A lane's x waits as many cycles as flits take to its router, and its y as many as they go on from there, so that
    all come out together. A stall (``o.valid & ~o.ready``) freezes every register, the line's too.

    Source: the broadcast of pairs over a line of routers is that of NOVA, arXiv 2405.04206; request, topologies,
    folding and broadcast of breakpoints are this library's.
    """

    i: Any
    o: Any
    clocks: Mapping[str, ClockDomain] = MappingProxyType({})
    """Clocks beside that of the ports, by port; known once the circuit is made."""

    def __init__(self, config: NovaConfig):
        self.config = config
        width = config.width
        operands = {"x": data.ArrayLayout(config.input_format.width, width), "table": config.table_width}
        results = {"y": data.ArrayLayout(config.output_format.width, width), "status": 1}
        super().__init__(ports("stream", data.StructLayout(operands), data.StructLayout(results)))

    def elaborate(self, platform):
        m = Module()
        if self.config.clock_multiple > 1:
            self.clocks = two_clocks(m, self)
            return m
        config, beat = self.config, self.i.payload
        made, flits, latency = words(config), config.flits, config.latency
        enable, start = Signal(name="enable"), Signal(name="start")
        free: Value = enable
        m.d.comb += enable.eq(~self.o.valid | self.o.ready)
        if flits > 1:
            left = Signal(range(flits), name="flits_left")
            free = enable & (left == 0)
            with m.If(enable):
                m.d.sync += left.eq(Mux(left != 0, left - 1, Mux(self.i.valid, flits - 1, 0)))
            m.d.comb += start.eq(self.i.valid & (left == 0))
        else:
            m.d.comb += start.eq(self.i.valid)
        m.d.comb += self.i.ready.eq(free)

        # Where beats are, and what goes with each: its table up to the lanes that need it last, its status to the end.
        count = len(config.tables)
        ranks = placed(config)
        before = config.before
        beyond, table = Signal(name="beyond"), Signal(range(count), name="table")
        m.d.comb += [beyond.eq(beat.table >= count), table.eq(Mux(beyond, count - 1, beat.table))]
        valids = self._chain(m, start, latency, enable, "valid", reset=True)
        tables = self._chain(m, table, config.depth + before - 1, enable, "table")
        status = self._chain(m, beyond, latency, enable, "status")
        m.d.comb += [self.o.valid.eq(valids[latency]), self.o.payload.status.eq(status[latency])]

        source = Source(m, config, made, "sync", enable, valids[before - 1], tables[before - 1])
        taps = links(m, config, source.flit, "sync", enable)
        x = Value.cast(beat.x)
        size, out = config.input_format.width, config.output_format.width
        for r in range(config.routers):
            late = config.places[r].registers
            mine = x[r * config.lanes * size :][: config.lanes * size]
            mine = self._chain(m, mine, late, enable, f"router{r}_x")[late]
            # Several flits: a beat stays with its lane while they pass.
            holds = enable if flits == 1 else enable & valids[late + before - 1]
            found = []
            for lane in range(config.lanes):
                part = Part(m, f"router{r}_lane{lane}")
                pipe = PartPipeline(part, ranks[0], [*[enable] * (before - 1), holds])
                live = address(part, pipe, config, made, mine[lane * size :][:size],
                               lambda passed, late=late: tables[late + passed])  # fmt: skip
                hit, slope, constant = caught(part, part.name, config, made, taps[r], live)
                kept = {"slope": slope, "constant": constant}
                kept |= {key: live[key] for key in ("operand", "mirrored", "centre", "raised") if key in live}
                if "operand" not in live:
                    kept["operand"] = live["u"]
                after = {}
                for key, word in kept.items():
                    after[key] = Signal.like(word, name=f"{part.name}_kept_{key}", reset_less=True)
                    takes = enable & hit if flits > 1 and key in ("slope", "constant") else enable
                    with m.If(takes):
                        m.d.sync += after[key].eq(word)
                found.append(value(part, PartPipeline(part, ranks[1], enable), config, made, after))
            wait = config.depth - late
            answers = self._chain(m, Cat(*found), wait, enable, f"router{r}_y")[wait]
            m.d.comb += Value.cast(self.o.payload.y)[r * config.lanes * out :][: config.lanes * out].eq(answers)
        return m

    @staticmethod
    def _chain(m: Module, first: Value, count: int, enable: Value, name: str, reset: bool = False) -> list[Value]:
        """The value, and that of one cycle to ``count`` cycles before."""
        found = [first]
        for k in range(1, count + 1):
            after = Signal.like(first, name=f"{name}_{k}", reset_less=not reset)
            with m.If(enable):
                m.d.sync += after.eq(found[-1])
            found.append(after)
        return found
