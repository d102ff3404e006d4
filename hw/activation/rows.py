"""Rows that wait for what all of their elements decide: a ring of beats, and what was found about each whole row.

Beats are written as they come. When a row's last beat has gone through the circuit that looks at the row, its finding
is kept and the row is *committed*: from then on its beats are read, in order, one in each cycle in which the output
moves, each beside its row's finding. Writing never waits for reading but when the ring is full.

With ``depth > longest row + delay`` beats, where ``delay`` is the number of cycles from a row's last beat to its first
one being read, rows of any lengths follow each other without a gap on either side while the output is taken: when the
reading starts after a pause, at most a row and ``delay`` beats are inside, and from then on as many leave as enter.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.memory import Memory

FIND = 5
"""Cycles from a row's last beat to the first in which its first beat can be read: four ranks, and the commitment."""


def capacity(longest: int, find: int = FIND) -> int:
    """Beats that can be inside the ring, for rows of up to ``longest``."""
    return (1 << (longest + find).bit_length()) - 1


def add_all(terms: Sequence[Value]) -> Value:
    """The sum of numbers without sign, by a balanced tree of adders."""
    level = list(terms)
    while len(level) > 1:
        level = [level[k] + level[k + 1] if k + 1 < len(level) else level[k] for k in range(0, len(level), 2)]
    return level[0]


class RowBuffer:
    """The ring of a unit with streams ``i`` and ``o``, put into ``m``.

    Parameters
    ----------
    m : Module
    unit : Component
    beat : Value
        What is kept of each beat.
    longest : int
        Beats of the longest row.
    prefix : str
        Of the names of its registers and memories, where a unit has two rings.
    find : int
        Cycles as :data:`FIND`: one more than the ranks that look at rows.

    Attributes
    ----------
    taken : Signal
        A beat enters.
    last : Signal
        For the unit to drive: it ends its row.
    end : Signal
        It is the last of its row: the unit says so by ``last``, or the row is as long as rows can be.
    number : Signal
        Its number in the row, from 0.
    enable : Signal
        The ranks of the output move.
    reads : Signal
        The next beat is of a whole row: if they move, it is read.
    """

    def __init__(self, m: Module, unit: Any, beat: Value, longest: int, prefix: str = "", find: int = FIND):
        self.m, self.unit, self.longest, self.prefix = m, unit, longest, prefix
        bits = self.address_width = (longest + find).bit_length()
        self.taken, self.end, self.enable = (Signal(name=prefix + name) for name in ("taken", "is_end", "enable"))
        self.write, self.read, self.committed = (
            Signal(bits, name=prefix + name) for name in ("write", "read", "committed")
        )
        self.number = Signal(max((longest - 1).bit_length(), 1), name=f"{prefix}number")
        self.last = Signal(name=f"{prefix}is_last")
        m.d.comb += [
            unit.i.ready.eq((self.write + 1)[:bits] != self.read),
            self.taken.eq(unit.i.valid & unit.i.ready),
            self.end.eq(self.last | (self.number == longest - 1)),
            self.enable.eq(~unit.o.valid | unit.o.ready),
        ]
        with m.If(self.taken):
            m.d.sync += [self.write.eq(self.write + 1), self.number.eq(self.number + 1)]
            with m.If(self.end):
                m.d.sync += self.number.eq(0)
        m.submodules[f"{prefix}beats"] = beats = Memory(shape=len(beat) + 1, depth=1 << bits, init=[])
        store = beats.write_port()
        m.d.comb += [store.en.eq(self.taken), store.addr.eq(self.write), store.data.eq(Cat(beat, self.end))]
        self.reads = Signal(name=f"{prefix}may_read")
        m.d.comb += self.reads.eq(self.read != self.committed)
        self._fetch = fetch = beats.read_port()
        m.d.comb += [fetch.en.eq(self.enable), fetch.addr.eq(self.read)]

    def delayed(self, ranks: int) -> list[tuple[Signal, Signal]]:
        """For each rank of the circuit that looks at rows: whether it holds a beat, and whether that ends its row.

        The last rank's end commits the row.
        """
        m, prefix, found = self.m, self.prefix, []
        valid, end, after = self.taken, self.taken & self.end, self.write + 1
        for rank in range(1, ranks + 1):
            flags = Signal(name=f"{prefix}looks_{rank}"), Signal(name=f"{prefix}ends_{rank}")
            there = Signal(self.address_width, name=f"{prefix}after_{rank}", reset_less=True)
            m.d.sync += [flags[0].eq(valid), flags[1].eq(end), there.eq(after)]
            (valid, end), after = flags, there
            found.append(flags)
        with m.If(end):
            m.d.sync += self.committed.eq(after)
        return found

    def findings(self, end: Value, finding: Value) -> tuple[Value, Value, Signal, Value]:
        """Keeps what was found when ``end`` is set; the first rank of the output.

        Returns
        -------
        beat, finding : Value
            A beat, and what was found about its row.
        valid : Signal
            Whether there is one.
        last : Value
            Whether it is the last of its row.
        """
        beat, (found,), valid, last = self.told([(end, finding)])
        return beat, found, valid, last

    def told(self, places: Sequence[tuple[Value, Value]]) -> tuple[Value, list[Value], Signal, Value]:
        """As :meth:`findings`, in several places, each of which is told (end, finding) in its time.

        None may be told of a row later than the row is committed.
        """
        m, prefix, found = self.m, self.prefix, []
        shown = Signal(self.address_width, name=f"{prefix}shown_row")
        for at, (end, finding) in enumerate(places):
            name = f"{prefix}found{at or ''}"
            m.submodules[name] = memory = Memory(shape=len(finding), depth=1 << self.address_width, init=[])
            store, fetch = memory.write_port(), memory.read_port(domain="comb")
            row = Signal(self.address_width, name=f"{name}_row")
            m.d.comb += [store.en.eq(end), store.addr.eq(row), store.data.eq(finding), fetch.addr.eq(shown)]
            with m.If(end):
                m.d.sync += row.eq(row + 1)
            found.append(fetch.data)
        valid, word = Signal(name=f"{prefix}reads"), Signal.like(self._fetch.data, name=f"{prefix}word")
        m.d.comb += word.eq(self._fetch.data)
        last = word[-1]
        with m.If(self.enable):
            m.d.sync += valid.eq(self.reads)
            with m.If(self.reads):
                m.d.sync += self.read.eq(self.read + 1)
            with m.If(valid & last):
                m.d.sync += shown.eq(shown + 1)
        return word[:-1], found, valid, last
