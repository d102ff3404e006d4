"""Words that are made of other words: what a unit of tables and sums computes, stated in steps.

Joint tables and the pairing of adders come from the config's "how" (:mod:`nervure.hw.activation.config.sums`), since a
file is shown step by step (:mod:`.stepwise`). That the joint tables say what the config says is a claim of its own
(:func:`nervure.verif.activation.sums.wrong_tables`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...hw.activation.config.sums import Leaf
from ..aig import FALSE, TRUE, Aig
from .sums import Word, clamp, extended, less

Make = Callable[[Aig, list[Word]], Word]


@dataclass(frozen=True, eq=False)
class Step:
    """A word that is made of others.

    Parameters
    ----------
    make : callable
        ``(aig, words)``, all in two's complement, to the exact word.
    sources : tuple of Step
    low, high : int
        Its range.
    name : str
        Of its registers, if the file has such.
    signed : bool
        How the registers' bits are read.
    ranged : bool
        Whether the file's own step is right only for sources in their ranges.
    place : int
        Of an input: which it is.
    """

    make: Make
    sources: tuple[Step, ...]
    low: int
    high: int
    name: str = ""
    signed: bool = False
    ranged: bool = False
    place: int = -1


def given(place: int, bits: int) -> Step:
    """An input's code."""
    return Step(lambda aig, words: words[0], (), 0, (1 << bits) - 1, place=place)


def named(step: Step, name: str) -> Step:
    """The word once more, a rank later; a constant has no registers."""
    if step.low == step.high:
        return step
    return Step(lambda aig, words: words[0], (step,), step.low, step.high, name, step.signed)


def constant(value: int) -> Step:
    """A word that is always the same."""
    width = max(value, ~value).bit_length() + 1
    return Step(lambda aig, words: [TRUE if value >> i & 1 else FALSE for i in range(width)], (), value, value)


def plus(x: Step, y: Step) -> Step:
    """The exact sum of two words."""

    def make(aig: Aig, words: list[Word]) -> Word:
        width = max(map(len, words)) + 1
        return aig.add(*(extended(word, width) for word in words))

    low, high = x.low + y.low, x.high + y.high
    return Step(make, (x, y), low, high, signed=low < 0)


def seen_signed(step: Step) -> Step:
    """The word, held in registers with a sign even where it is never negative."""
    return Step(lambda aig, words: words[0], (step,), step.low, step.high, signed=True)


def looked_up(leaf: Leaf, codes: Mapping[int, Step]) -> Step:
    """A joint table's entry."""
    low, high = leaf.range
    if low == high:
        return constant(low)
    width = max(high, ~low).bit_length() + 1
    columns = [sum((entry >> bit & 1) << at for at, entry in enumerate(leaf.entries)) for bit in range(width)]

    def make(aig: Aig, words: list[Word]) -> Word:
        address = [bit for word in words for bit in extended(word, leaf.bits)]
        return [aig.table(column, address) for column in columns]

    return Step(make, tuple(codes[place] for place in leaf.places), low, high, signed=low < 0)


def leveled(words: Sequence[Step], levels: Sequence[str], of: str) -> Step:
    """The sum of words: neighbours are added first; each level has a name, to which ``of`` and a number are joined."""
    row = list(words)
    for level in levels:
        row = [plus(*row[k : k + 2]) if k + 1 < len(row) else row[k] for k in range(0, len(row), 2)]
        row = [named(word, f"reg_{level}{of}_{k}") for k, word in enumerate(row)]
    return row[0]


def limited(word: Step, shift: int, bits: int) -> Step:
    """``clamp(word >> shift, 0, 2^bits - 1)``; the circuit leaves out what the word's range makes needless."""
    return Step(lambda aig, words: [*clamp(aig, words[0], shift, bits), FALSE], (word,), 0, (1 << bits) - 1,
                ranged=True)  # fmt: skip


def larger(x: tuple[Step, Step], y: tuple[Step, Step]) -> tuple[Step, Step]:
    """Of two words, each with a number beside it, the larger one and its number; the first of equal ones."""

    def second(aig: Aig, words: list[Word]) -> tuple[int, list[Word]]:
        width = max(map(len, words))
        wide = [extended(word, width) for word in words]
        return less(aig, wide[0], wide[1]), wide

    def value(aig: Aig, words: list[Word]) -> Word:
        chosen, (a, b) = second(aig, words)
        return [aig.mux(chosen, j, i) for i, j in zip(a, b, strict=True)]

    def place(aig: Aig, words: list[Word]) -> Word:
        chosen, _ = second(aig, words[:2])
        width = max(map(len, words[2:]))
        a, b = (extended(word, width) for word in words[2:])
        return [aig.mux(chosen, j, i) for i, j in zip(a, b, strict=True)]

    words, places = (x[0], y[0]), (x[1], y[1])
    return (
        Step(value, words, max(w.low for w in words), max(w.high for w in words), signed=True),
        Step(place, (*words, *places), min(p.low for p in places), max(p.high for p in places)),
    )
