"""The vector unit with two clocks: lanes at the core's, the line at the NoC's, and what lies between them.

Every beat under way has a slot, numbered in order. With one counter the core says how many beats have their addresses
in the lanes' slots; the source sends the flits of each, marked with its slot, and never waits; lanes put the pairs they
need into the slot; with another counter the NoC says how many have passed the furthest router. Then the core takes the
pairs, all lanes at once, so that neither x nor y waits in registers along the line.

::

    core   x -> address -> slot                              slot -> multiply-add -> y
                           | count (Gray)                     ^ count (Gray)
    NoC                    +-> source -> router -> router ... +
                                           +-> lane: pair into the slot

Only the two counters cross, each by two registers. A beat is taken while a slot is free; there are enough that in
steady state one is, as long as F flits fit the clock multiple.

Latency: at most ``stages + 3 + ceil((D + F + 4) / clock_multiple)`` cycles of the core in which the output is not
stalled and the source is idle, a register that is caught in between counted in. Throughput: one beat per core cycle
where F <= clock_multiple, else clock_multiple beats every F cycles of the NoC over the multiple.

After a reset the core asks the NoC to clear itself, waits until it has, takes the request back, and waits until that is
seen; until then it takes no beat. However short the reset, however many follow, and whatever the clocks, nothing from
before is left.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, ClockDomain, Const, Module, Mux, ResetSignal, Shape, Signal, Value
from amaranth.lib.memory import Memory

from ..lib.crossing import Counter, cross
from ..lib.part import Part, PartPipeline
from .config.nova import NovaConfig
from .lane import address, caught, placed, value
from .line import Source, links
from .words import words

PORT = "clk_noc"


def two_clocks(m: Module, unit: Any) -> dict[str, ClockDomain]:
    """Puts the unit into the module; returns the clocks it needs beside the core's, by port."""
    return {PORT: _Crossed(m, unit).domain}


class _Crossed:
    def __init__(self, m: Module, unit: Any):
        self.m, self.unit = m, unit
        config: NovaConfig = unit.config
        self.config, self.words = config, words(config)
        self.domain = ClockDomain("noc")
        m.domains.noc = self.domain
        bits = config.slot_bits
        beat = unit.i.payload

        # Clearing, whichever clock is the faster. What has begun goes on to its end, whatever resets come meanwhile.
        wanted, clear, live = Signal(name="clear_wanted", init=1), Signal(name="clear", reset_less=True), Signal()
        cleared = cross(m, clear, "noc", "clear_noc")
        done = cross(m, cleared, "sync", "cleared")
        m.d.comb += [ResetSignal("noc").eq(cleared), live.eq(~wanted & ~clear & ~done)]
        with m.If(clear):
            m.d.sync += clear.eq(~done)
        with m.Elif(wanted & ~done):
            m.d.sync += [clear.eq(1), wanted.eq(0)]

        # The core takes beats while slots are free, and fills slots.
        taken, filled, back = Signal(name="taken"), Signal(name="filled"), Signal(name="back")
        begun = Counter(m, "sync", bits + 1, taken, "begun").number
        ended = Counter(m, "sync", bits + 1, back, "ended")
        full = (begun ^ ended.number) == 1 << bits
        m.d.comb += [unit.i.ready.eq(live & ~full), taken.eq(unit.i.valid & unit.i.ready)]
        count = len(config.tables)
        beyond, table = Signal(name="beyond"), Signal(range(count), name="table")
        m.d.comb += [beyond.eq(beat.table >= count), table.eq(Mux(beyond, count - 1, beat.table))]
        tables: list[Value] = [table]
        valid, status = taken, beyond
        for k in range(1, config.before + 1):
            after = [Signal(name=f"valid_{k}"), Signal.like(table, name=f"table_{k}", reset_less=True),
                     Signal(name=f"status_{k}", reset_less=True)]  # fmt: skip
            m.d.sync += [x.eq(y) for x, y in zip(after, (valid, tables[-1], status), strict=True)]
            valid, status = after[0], after[2]
            tables.append(after[1])
        m.d.comb += filled.eq(valid)
        fills = Counter(m, "sync", bits + 1, filled, "fills")
        self.fill = (filled, fills.number[:bits])

        # The NoC answers them, slot by slot.
        seen, start, passed = cross(m, fills.gray, "noc", "fills_noc"), Signal(name="start"), Signal(name="passed")
        asked = Counter(m, "noc", bits + 1, start, "asked")
        passes = Counter(m, "noc", bits + 1, passed, "passes")
        slot = asked.number[:bits]
        number = self.slots("tables", tables[-1], slot)
        source = Source(m, config, self.words, "noc", Const(1, 1), start, number, slot)
        m.d.comb += start.eq((seen != asked.gray) & ~source.busy)
        taps = links(m, config, source.flit, "noc", Const(1, 1))
        last: Value = source.last
        for k in range(config.depth + 1):
            after = Signal(name=f"last_{k}")
            m.d.noc += after.eq(last)
            last = after
        m.d.comb += passed.eq(last)

        # The core takes the pairs of a slot, and gives it back.
        there = Signal(name="there")
        enable = Signal(name="enable")
        m.d.comb += [enable.eq(~unit.o.valid | unit.o.ready), back.eq(there & enable),
                     there.eq(live & (cross(m, passes.gray, "sync", "passes_core") != ended.gray))]  # fmt: skip
        self.slot = ended.number[:bits]
        offered, shown = there, self.slots("statuses", status, self.slot)
        for k in range(1, config.behind + 1):
            after = [Signal(name=f"offered_{k}"), Signal(name=f"shown_{k}", reset_less=True)]
            with m.If(enable):
                m.d.sync += [after[0].eq(offered), after[1].eq(shown)]
            offered, shown = after
        m.d.comb += [unit.o.valid.eq(offered), unit.o.payload.status.eq(shown)]

        x, size = Value.cast(beat.x), config.input_format.width
        found = [self._lane(f"router{r}_lane{lane}", x[(r * config.lanes + lane) * size :][:size], tables, taps[r],
                            enable) for r in range(config.routers) for lane in range(config.lanes)]  # fmt: skip
        m.d.comb += Value.cast(unit.o.payload.y).eq(Cat(*found))

    def slots(self, name: str, written: Value, read: Value) -> Value:
        """A word that the core writes for each slot as it fills it, as it was for another."""
        memory = Memory(shape=len(written), depth=1 << self.config.slot_bits, init=[])
        self.m.submodules[name] = memory
        write, port = memory.write_port(), memory.read_port(domain="comb")
        self.m.d.comb += [write.en.eq(self.fill[0]), write.addr.eq(self.fill[1]), write.data.eq(written),
                          port.addr.eq(read)]  # fmt: skip
        return port.data

    def _lane(self, name: str, x: Value, tables: list[Value], flit: Any, enable: Value) -> Value:
        m, config, made = self.m, self.config, self.words
        ranks = placed(config)
        part = Part(m, name)
        live = address(part, PartPipeline(part, ranks[0]), config, made, x, tables.__getitem__)
        asked = "index" if config.breakpoints == "local" else "u"
        there = {key: word for key, word in live.items() if len(word)}
        if "operand" not in there:
            there["operand"] = there["u"]
        # What the NoC reads, and what only the core does.
        wanted = {key: word for key, word in there.items() if key == asked}
        used = {key: word for key, word in there.items() if key not in ("u", "index")}
        seen = self._split(f"{name}_asked", wanted, flit.slot) if wanted else {}
        hit, slope, constant = caught(part, name, config, made, flit, {"index": Const(0, 0), **seen})
        pair = {"slope": slope, "constant": constant}
        memory = Memory(shape=sum(map(len, pair.values())), depth=1 << config.slot_bits, init=[])
        m.submodules[f"{name}_pairs"] = memory
        write, port = memory.write_port(domain="noc"), memory.read_port(domain="comb")
        m.d.comb += [write.en.eq(hit), write.addr.eq(flit.slot), write.data.eq(Cat(slope, constant)),
                     port.addr.eq(self.slot)]  # fmt: skip
        kept = {**self._split(f"{name}_used", used, self.slot), **_parts(pair, port.data)}
        return value(part, PartPipeline(part, ranks[1], enable), config, made, kept)

    def _split(self, name: str, words: dict[str, Value], read: Value) -> dict[str, Value]:
        return _parts(words, self.slots(name, Cat(*words.values()), read))


def _parts(words: dict[str, Value], word: Value) -> dict[str, Value]:
    """The words again, each in its shape, of their bits side by side."""
    found, at = {}, 0
    for key, of in words.items():
        part = word[at : at + len(of)]
        found[key] = part.as_signed() if Shape.cast(of.shape()).signed else part
        at += len(of)
    return found
