"""The line: the source that answers a request with the flits of its table, and the links from router to router."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, unsigned

from ..activation.segments import select, shape_of
from .config.nova import NovaConfig
from .config.places import NetworkConfig
from .words import Words, padded

Lookup = Callable[[Value, Sequence[int | None], Shape], Value]
"""The word of an address, among words of a shape; None is whatever costs least."""


@dataclass
class Flit:
    """What a router shows its lanes.

    Parameters
    ----------
    valid : Value or None
        Whether there is one; None where every flit is a whole table, and lanes need not know.
    number : Value
        Which flit of its table, its tag; of no bits where lanes need not know.
    word : Value
        Pairs, as :func:`pair_of` reads them.
    slot : Value
        Which of the beats under way it is for; of no bits where only one is.
    """

    valid: Value | None
    number: Value
    word: Value
    slot: Value

    def fields(self) -> dict[str, Value]:
        """All that goes over a link."""
        found = {"number": self.number, "word": self.word, "slot": self.slot}
        return {key: value for key, value in found.items() if len(value)}


def shapes(config: NovaConfig, words: Words) -> list[Shape]:
    """Shapes of slope, constant and, where breakpoints come too, knot."""
    found = [shape_of(*words.slope), shape_of(*words.constant)]
    return [*found, shape_of(*words.u)] if config.breakpoints == "broadcast" else found


def pair_of(config: NovaConfig, words: Words, word: Value, slot: int) -> list[Value]:
    """Slope, constant (and knot) of a slot of a flit."""
    found, at = [], slot * sum(shape.width for shape in shapes(config, words))
    for shape in shapes(config, words):
        part = word[at : at + shape.width]
        found.append(part.as_signed() if shape.signed else part)
        at += shape.width
    return found


def flit_words(config: NovaConfig, words: Words) -> list[list[int]]:
    """The word of each flit of each table."""
    made = []
    for table in config.tables:
        rows = padded(table, config.flits * config.slots)
        flits = []
        for number in range(config.flits):
            word, at = 0, 0
            for knot, slope, bias in rows[number * config.slots :][: config.slots]:
                for shape, value in zip(shapes(config, words), (slope, bias + words.half, knot), strict=False):
                    word |= (value & ((1 << shape.width) - 1)) << at
                    at += shape.width
            flits.append(word)
        made.append(flits)
    return made


class Source:
    """The tables, and the flit that goes out.

    Parameters
    ----------
    m : Module
    config : NovaConfig
    words : Words
    domain : str
        Clock domain of the line.
    enable : Value
        Low freezes it.
    start, table : Value
        A request, and its table (below T). The first flit leaves with it, the others in the cycles after; there must
        be as many cycles between requests.
    slot : Value or None
        What flits say of the request, where flits do not come with each cycle.
    lookup : callable
        The word of an address: words may be constants, or kept in a memory.

    Attributes
    ----------
    flit : Flit
        What leaves, before any register.
    busy : Value
        Whether flits of an earlier request leave, so that none can be taken.
    last : Value
        Whether the last flit of a request leaves.
    """

    def __init__(self, m: Module, config: NovaConfig, words: Words, domain: str, enable: Value, start: Value,
                 table: Value, slot: Value | None = None, lookup: Lookup = select):  # fmt: skip
        flits = config.flits
        number: Value = Const(0, 0)
        valid: Value | None = None if slot is None else start
        slot = Const(0, 0) if slot is None else slot
        self.busy: Value = Const(0, 1)
        self.last = start
        if flits > 1:
            following = Signal(range(flits), name="source_following")
            number = Signal(range(flits), name="source_number")
            m.d.comb += number.eq(Mux(start, 0, following))
            valid = Signal(name="source_valid")
            self.busy, self.last = following != 0, valid & (number == flits - 1)
            m.d.comb += valid.eq(start | self.busy)
            with m.If(enable & valid):
                m.d[domain] += following.eq(Mux(number == flits - 1, 0, number + 1))
            table = self._kept(m, domain, enable, start, table, "table") if len(config.tables) > 1 else table
            slot = self._kept(m, domain, enable, start, slot, "slot") if len(slot) else slot
        made = flit_words(config, words)
        size = 1 << (flits - 1).bit_length()
        held = 1 << (len(made) - 1).bit_length()
        held_words = [word for rows in made for word in [*rows, *[None] * (size - flits)]]
        held_words += [None] * (size * held - len(held_words))
        bits = config.slots * sum(shape.width for shape in shapes(config, words))
        word = Signal(bits, name="source_word")
        m.d.comb += word.eq(lookup(Cat(number, table[: (len(made) - 1).bit_length()]), held_words, unsigned(bits)))
        # Where breakpoints come with the pairs, they say what a tag would.
        self.flit = Flit(valid, number if config.breakpoints == "local" else Const(0, 0), word, slot)

    @staticmethod
    def _kept(m: Module, domain: str, enable: Value, start: Value, word: Value, name: str) -> Value:
        """The word, as it was with the last request."""
        kept = Signal(len(word), name=f"source_{name}", reset_less=True)
        with m.If(enable & start):
            m.d[domain] += kept.eq(word)
        return Mux(start, word, kept)


def links(m: Module, config: NetworkConfig, flit: Flit, domain: str, enable: Value, prefix: str = "") -> list[Flit]:
    """What each router shows: a flit crosses a register behind the source, and one wherever the place says so."""
    taps: dict[int, Flit] = {}

    def register(before: Flit, name: str) -> Flit:
        """One register; valid has a reset, what it is about needs none."""
        after: dict[str, Value] = {}
        for key, value in before.fields().items():
            after[key] = Signal.like(value, name=f"{name}_{key}", reset_less=True)
            with m.If(enable):
                m.d[domain] += after[key].eq(value)
        valid = None
        if before.valid is not None:
            valid = Signal(name=f"{name}_valid")
            with m.If(enable):
                m.d[domain] += valid.eq(before.valid)
        return Flit(valid, after.get("number", Const(0, 0)), after["word"], after.get("slot", Const(0, 0)))

    first = register(flit, f"{prefix}launch")
    order = sorted(range(config.routers), key=lambda r: config.stops[r].distance)
    for r in order:
        place = config.stops[r]
        before, crossed = (first, 0) if place.parent is None else (
            taps[place.parent], config.stops[place.parent].registers)  # fmt: skip
        taps[r] = register(before, f"{prefix}router{r}") if place.registers > crossed else before
    return [taps[r] for r in range(config.routers)]
