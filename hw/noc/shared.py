"""What routers share of a row: words that are joined on their way to the source, findings that come back, and lines
that go round.

A *word* is what a router makes of its lanes' numbers of a beat. It leaves the furthest routers first: a router's own
waits until those behind it arrive, so that what the source gets is of one beat.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ..activation.entries import entries
from ..activation.line import shapes_of
from ..activation.rows import RowBuffer
from ..activation.segments import select
from .config.places import NetworkConfig
from .config.softmax import NocSoftmaxConfig
from .line import Flit, links

Join = Callable[[Sequence[Value]], Value]


def largest(words: Sequence[Value]) -> Value:
    """The largest of words without sign."""
    found = words[0]
    for word in words[1:]:
        found = Mux(word > found, word, found)
    return found


def joined(m: Module, config: NetworkConfig, words: Sequence[Value], join: Join, name: str) -> Signal:
    """What the words of all routers come to, at the source, D + 2 ranks behind them.

    Parameters
    ----------
    words : sequence of Value
        Of each router.
    join : callable
        What is made of a router's own word and those of the routers behind it; of any grouping the same.
    name : str
        Prefix of registers.
    """
    places, depth = config.stops, config.depth
    arriving: dict[int | None, list[Value]] = {}

    def register(word: Value, label: str) -> Signal:
        after = Signal.like(word, name=f"{name}_{label}", reset_less=True)
        m.d.sync += after.eq(word)
        return after

    for r in sorted(range(config.routers), key=lambda r: -places[r].distance):
        place, own = places[r], words[r]
        for wait in range(1 + depth - place.registers):
            own = register(own, f"router{r}_own{wait}")
        word = join([own, *arriving.get(r, [])])
        crossed = 0 if place.parent is None else places[place.parent].registers
        if place.registers > crossed:
            word = register(word, f"router{r}")
        arriving.setdefault(place.parent, []).append(word)
    return register(join(arriving[None]), "all")


def told(m: Module, config: NetworkConfig, rows: RowBuffer, flags: Sequence[tuple[Signal, Signal]], at: int,
         finding: Value, name: str) -> tuple[Value, list[Value], Signal, Value]:  # fmt: skip
    """Sends a finding to all routers, which keep it: a beat, the finding of its row at each router, whether there is a
    beat, and whether it is its row's last.

    Parameters
    ----------
    flags : sequence
        Of all ranks that look at rows, as :meth:`RowBuffer.delayed` gives them.
    at : int
        Rank in which the finding is at the source.
    """
    nothing = Const(0, 0)
    taps = links(m, config, Flit(None, nothing, finding, nothing), "sync", Const(1, 1), name)
    registers = [place.registers for place in config.stops]
    # The furthest router first: its row is committed as it is told.
    order = sorted(range(config.routers), key=lambda r: -registers[r])
    word, found, valid, last = rows.told([(flags[at + registers[r]][1], taps[r].word) for r in order])
    return word, [found[order.index(r)] for r in range(config.routers)], valid, last


class Circulation:
    """The lines of ``2^-f``, sent round after round: in any F cycles every lane sees each once.

    Parameters
    ----------
    m : Module
    config : NocSoftmaxConfig

    Attributes
    ----------
    turn : Value
        Once in F cycles: what stands still from one to the next has seen all lines.
    """

    def __init__(self, m: Module, config: NocSoftmaxConfig):
        self.m, self.config = m, config
        made = entries(config.exp_table)
        self.shapes = shapes_of(made)
        self.width = sum(shape.width for shape in self.shapes)
        flits, number = config.flits, Const(0, 0)
        self.turn: Value = Const(1, 1)
        if flits > 1:
            number = Signal(range(flits), name="lines_number")
            self.turn = Signal(name="turn")
            m.d.sync += [number.eq(number + 1), self.turn.eq(number == flits - 1)]
        rows = list(zip(made.slopes, made.constants, strict=True))
        words = []
        for flit in range(flits):
            word = 0
            for line in reversed(rows[flit * config.slots :][: config.slots]):
                for shape, value in reversed(list(zip(self.shapes, line, strict=True))):
                    word = word << shape.width | (value or 0) & ((1 << shape.width) - 1)
            words.append(word)
        size = config.slots * self.width
        sent = Flit(None, number, select(number, words, Const(0, size).shape()), Const(0, 0))
        self.taps = links(m, config, sent, "sync", Const(1, 1), "lines_")

    def catch(self, lane: int, f: Value) -> dict[str, Value]:
        """The line of a number that stands still, and its place in it, in the cycle of a turn."""
        m, config = self.m, self.config
        (low,), flit = config.exp_table.address, self.taps[config.router_of(lane)]
        index, bits = f[low:], (config.slots - 1).bit_length()
        pair = flit.word.word_select(index[:bits], self.width)
        if config.flits > 1:
            kept = Signal(self.width, name=f"line_{lane}", reset_less=True)
            caught = Signal(self.width, name=f"caught_{lane}")
            m.d.comb += caught.eq(Mux(index[bits:] == flit.number, pair, kept))
            m.d.sync += kept.eq(caught)
            pair = caught
        slope = self.shapes[0].width
        return {"slope": pair[:slope], "constant": pair[slope:], "operand": f[:low]}


def per_router(config: Any, words: Sequence[Value]) -> list[list[Value]]:
    """Words of lanes, router by router."""
    each = config.lanes // config.routers
    return [list(words[r * each :][:each]) for r in range(config.routers)]


def lanes_of(word: Value, count: int) -> list[Value]:
    """A beat's word as those of so many lanes."""
    each = len(word) // count
    return [Cat(word[k * each :][:each]) for k in range(count)]
