"""The parts of a vector unit with tables in memories, each as a module of its own: to be synthesised once, and counted.

Their registers are those of :class:`~nervure.hw.noc.stores.NovaStores`, whose functions they are made of.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib.wiring import Component, In, Out

from ..activation.segments import select
from ..lib.part import Part
from .config.stores import StoresConfig
from .lane import caught, whole
from .line import Flit, Source, flit_words
from .stores import Filling, pair_width, pair_words, split
from .words import words

Members = dict[str, Any]


def link(config: StoresConfig) -> Members:
    """What goes over a link, by name: bits."""
    found = {"word": config.slots * pair_width(words(config))}
    if config.flits > 1:
        found |= {"valid": 1, "number": (config.flits - 1).bit_length()}
    return found


def filling(config: StoresConfig) -> Members:
    """What goes to each memory while it is filled."""
    made = words(config)
    width = pair_width(made) * (config.slots if config.organisation == "line" else 1)
    return {"fill": 1, "to": (config.words - 1).bit_length(), "data": width}


def lane_wires(config: StoresConfig) -> Members:
    """What goes to and from each lane for its pair."""
    if config.organisation == "line":
        return link(config)
    if config.organisation == "lane":
        return filling(config)
    return {"asked": (config.words - 1).bit_length(), "pair": pair_width(words(config))}


class _Held(Filling):
    """A memory's side of the filling, which comes by ports."""

    def __init__(self, m: Module, unit: Any):
        self.m, self.on, self.to = m, unit.fill, unit.to


class Lane(Component):
    """A lane with what waits for it, and its memory if it has one.

    Members
    -------
    enable, holds : In(1)
    x : In
    tables : In
        The beat's table in each cycle that asks for it.
    y : Out
    and those of :func:`lane_wires`
    """

    def __init__(self, config: StoresConfig):
        self.config = config
        self.bits = (len(config.tables) - 1).bit_length()
        wires: Members = {key: Out(n) if key == "asked" else In(n) for key, n in lane_wires(config).items()}
        super().__init__({"enable": In(1), "holds": In(1), "x": In(config.input_format.width),
                          "tables": In((config.before + 1) * self.bits), "y": Out(config.output_format.width),
                          **wires})  # fmt: skip

    def elaborate(self, platform):
        m, config = Module(), self.config
        made, x = words(config), self.x
        for cycle in range(config.depth):
            after = Signal.like(x, name=f"x_{cycle}", reset_less=True)
            with m.If(self.enable):
                m.d.sync += after.eq(x)
            x = after

        def table(cycle: int) -> Value:
            return self.tables[cycle * self.bits :][: self.bits]

        def pair(part: Part, live: dict[str, Value]) -> tuple[Value, Value, Value]:
            if config.organisation == "line":
                flit = Flit(getattr(self, "valid", None), getattr(self, "number", Const(0, 0)), self.word, Const(0, 0))
                return caught(part, part.name, config, made, flit, live)
            asked = Cat(live["index"], table(config.before))
            if config.organisation == "core":
                m.d.comb += self.asked.eq(asked)
                return Const(1, 1), *split(made, self.pair)
            return Const(1, 1), *split(made, _Held(m, self).store("held", self.data, [asked])[0])

        y = whole(Part(m, "lane"), config, made, x, table, (self.enable, self.holds), pair)
        m.d.comb += self.y.eq(y)
        return m


class Core(Component):
    """The memory of a router of ``core``, read by each of its lanes.

    Members
    -------
    asked : In(address * lanes)
    pairs : Out(pair * lanes)
    and those of :func:`filling`
    """

    def __init__(self, config: StoresConfig):
        self.config = config
        wires, lanes = lane_wires(config), config.lanes
        super().__init__({"asked": In(wires["asked"] * lanes), "pairs": Out(wires["pair"] * lanes),
                          **{key: In(n) for key, n in filling(config).items()}})  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        each = len(self.to)
        addresses = [self.asked[k * each :][:each] for k in range(self.config.lanes)]
        m.d.comb += self.pairs.eq(Cat(*_Held(m, self).store("held", self.data, addresses)))
        return m


class Link(Component):
    """A register of the line.

    Members
    -------
    enable : In(1)
    those of :func:`link` in, and out with ``_out``
    """

    def __init__(self, config: StoresConfig):
        members = link(config)
        super().__init__({"enable": In(1), **{key: In(n) for key, n in members.items()},
                          **{f"{key}_out": Out(n) for key, n in members.items()}})  # fmt: skip
        self.keys = list(members)

    def elaborate(self, platform):
        m = Module()
        with m.If(self.enable):
            for key in self.keys:
                m.d.sync += getattr(self, f"{key}_out").eq(getattr(self, key))
        return m


class Sender(Component):
    """The source with its memory, up to the first register of the line.

    Members
    -------
    enable, start : In(1)
    table : In
    those of :func:`filling`; of :func:`link`, out
    """

    def __init__(self, config: StoresConfig):
        self.config = config
        super().__init__({"enable": In(1), "start": In(1), "table": In((len(config.tables) - 1).bit_length()),
                          **{key: In(n) for key, n in filling(config).items()},
                          **{key: Out(n) for key, n in link(config).items()}})  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        source = Source(m, self.config, words(self.config), "sync", self.enable, self.start, self.table,
                        lookup=lambda address, held, shape: _Held(m, self).store("held", self.data, [address])[0])
        fields = source.flit.fields() | ({"valid": source.flit.valid} if "valid" in link(self.config) else {})
        with m.If(self.enable):
            for key in link(self.config):
                m.d.sync += getattr(self, key).eq(fields[key])
        return m


class Control(Component):
    """What a unit has once: where beats are, their tables and statuses, and the words that memories are filled with.

    Members
    -------
    i_valid, o_ready : In(1)
    i_table : In
    i_ready, o_valid, status, enable : Out(1)
    valids, tables : Out
        Of all cycles of a beat.
    those of :func:`filling`, out
    """

    def __init__(self, config: StoresConfig):
        self.config = config
        bits = (len(config.tables) - 1).bit_length()
        cycles = config.depth + config.before + (config.organisation != "line")
        super().__init__({"i_valid": In(1), "o_ready": In(1), "i_table": In(config.table_width), "i_ready": Out(1),
                          "o_valid": Out(1), "status": Out(1), "enable": Out(1), "valids": Out(config.latency),
                          "tables": Out(cycles * bits),
                          **{key: Out(n) for key, n in filling(config).items()}})  # fmt: skip

    def elaborate(self, platform):
        m, config = Module(), self.config
        made, count = words(config), len(config.tables)
        filled, free = Filling(m, config.words), Signal()
        m.d.comb += [self.fill.eq(filled.on), self.to.eq(filled.to), self.enable.eq(~self.o_valid | self.o_ready)]
        if config.organisation == "line":
            size = 1 << (config.flits - 1).bit_length()
            held = [word for flits in flit_words(config, made) for word in [*flits, *[None] * (size - len(flits))]]
        else:
            held = pair_words(config, made)
        held += [None] * (config.words - len(held))
        m.d.comb += self.data.eq(select(filled.to, held, unsigned(len(self.data))))
        if config.flits > 1:
            left = Signal(range(config.flits))
            m.d.comb += free.eq(~filled.on & (left == 0))
            with m.If(self.enable):
                m.d.sync += left.eq(Mux(left != 0, left - 1, Mux(self.i_valid & free, config.flits - 1, 0)))
        else:
            m.d.comb += free.eq(~filled.on)
        m.d.comb += self.i_ready.eq(self.enable & free)
        beyond = self.i_table >= count
        table = Mux(beyond, count - 1, self.i_table)
        valids, statuses, tables = [self.i_valid & free], [beyond], [table]
        bits = (count - 1).bit_length()
        with m.If(self.enable):
            for chain, length in ((valids, config.latency), (statuses, config.latency), (tables, 0)):
                for k in range(length or len(self.tables) // max(bits, 1) - 1):
                    after = Signal(bits if chain is tables else 1, name=f"after{len(chain)}_{k}",
                                   reset_less=chain is not valids)  # fmt: skip
                    m.d.sync += after.eq(chain[-1])
                    chain.append(after)
        m.d.comb += [self.valids.eq(Cat(*valids[1:])), self.o_valid.eq(valids[-1]), self.status.eq(statuses[-1]),
                     self.tables.eq(Cat(*(each[:bits] for each in tables)))]  # fmt: skip
        return m
