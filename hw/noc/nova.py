"""The vector unit inside the network: a source, a line of routers, lanes that take from it the pair they need."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from amaranth.hdl import Cat, ClockDomain, Const, Module, Mux, Signal, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..lib.handshake import ports
from ..lib.part import Part
from .config.nova import NovaConfig
from .lane import caught, whole
from .line import Flit, Source, links
from .two_clocks import two_clocks
from .words import Words, words

Pairs = Callable[..., tuple[Value, Value, Value]]
"""From a lane's part, address and number (``lane``): whether there is a pair for it, its slope and its constant."""


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
    ahead = 1
    """How many cycles before a lane takes its pair the table must be known."""

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
        filled = self._fill(m)
        free: Value = enable & filled
        m.d.comb += enable.eq(~self.o.valid | self.o.ready)
        if flits > 1:
            left = Signal(range(flits), name="flits_left")
            free = free & (left == 0)
            with m.If(enable):
                m.d.sync += left.eq(Mux(left != 0, left - 1, Mux(start, flits - 1, 0)))
            m.d.comb += start.eq(self.i.valid & filled & (left == 0))
        else:
            m.d.comb += start.eq(self.i.valid & filled)
        m.d.comb += self.i.ready.eq(free)

        # Where beats are, and what goes with each: its table up to the lanes that need it last, its status to the end.
        count = len(config.tables)
        before = config.before
        beyond, table = Signal(name="beyond"), Signal(range(count), name="table")
        m.d.comb += [beyond.eq(beat.table >= count), table.eq(Mux(beyond, count - 1, beat.table))]
        valids = self._chain(m, start, latency, enable, "valid", reset=True)
        tables = self._chain(m, table, config.depth + before - self.ahead, enable, "table")
        status = self._chain(m, beyond, latency, enable, "status")
        m.d.comb += [self.o.valid.eq(valids[latency]), self.o.payload.status.eq(status[latency])]

        taps = self._taps(m, made, enable, valids[before - 1], tables[before - 1])
        x = Value.cast(beat.x)
        size, out = config.input_format.width, config.output_format.width
        for r in range(config.routers):
            late = config.stops[r].registers
            pair_of = self._pairs(m, made, r, taps, tables[late + before - self.ahead])
            mine = x[r * config.lanes * size :][: config.lanes * size]
            mine = self._chain(m, mine, late, enable, f"router{r}_x")[late]
            # Several flits: a beat stays with its lane while they pass.
            holds = enable if flits == 1 else enable & valids[late + before - 1]
            found = [
                whole(Part(m, f"router{r}_lane{lane}"), config, made, mine[lane * size :][:size],
                      lambda passed, late=late: tables[late + passed], (enable, holds), partial(pair_of, lane=lane))
                for lane in range(config.lanes)
            ]  # fmt: skip
            wait = config.depth - late
            answers = self._chain(m, Cat(*found), wait, enable, f"router{r}_y")[wait]
            m.d.comb += Value.cast(self.o.payload.y)[r * config.lanes * out :][: config.lanes * out].eq(answers)
        return m

    def _fill(self, m: Module) -> Value:
        """Whether tables are there: constants are."""
        return Const(1, 1)

    def _taps(self, m: Module, made: Words, enable: Value, start: Value, table: Value) -> list[Flit]:
        """What routers show, from a request on."""
        source = Source(m, self.config, made, "sync", enable, start, table)
        return links(m, self.config, source.flit, "sync", enable)

    def _pairs(self, m: Module, made: Words, r: int, taps: list[Flit], table: Value) -> Pairs:
        """How lanes of a router come to their pairs."""
        return lambda part, live, lane: caught(part, part.name, self.config, made, taps[r], live)

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
