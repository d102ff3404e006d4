"""Sums of tables: how the addends of one output are joined into tables and paired into a tree.

What is summed is said by a config; how it is joined is said here, once, for circuits and for proofs. The joint tables
of an output add up to its addends and its constant exactly, whatever is chosen here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True)
class Leaf:
    """One table.

    Parameters
    ----------
    places : tuple of int
        Inputs whose codes make its address, the first in the lowest bits.
    bits : int
        Of each code.
    entries : tuple of int
        ``2^(bits * len(places))`` integers.
    """

    places: tuple[int, ...]
    bits: int
    entries: tuple[int, ...]

    @property
    def range(self) -> tuple[int, int]:
        """Least and greatest entry."""
        return min(self.entries), max(self.entries)

    def moved(self, by: int) -> Leaf:
        """The same plus a constant."""
        return Leaf(self.places, self.bits, tuple(entry + by for entry in self.entries))


def joined(addends: Sequence[tuple[int, Sequence[int]]], bits: int, address: int) -> list[Leaf]:
    """Tables of single inputs, joined while the codes of their inputs fit an address.

    Parameters
    ----------
    addends : sequence of (int, sequence of int)
        Input and its ``2^bits`` entries.
    bits : int
        Of an input's code.
    address : int
        Most bits of a joint table's address; a single input has a table however wide its code is.
    """
    most = max(1, address // bits)
    leaves = []
    for start in range(0, len(addends), most):
        part = addends[start : start + most]
        # The last input runs slowest, as the highest bits of an address do.
        rows = product(*(entries for _, entries in reversed(part)))
        leaves.append(Leaf(tuple(place for place, _ in part), bits, tuple(sum(row) for row in rows)))
    return leaves


def settled(leaves: Sequence[Leaf], constant: int) -> list[Leaf]:
    """The leaves with the constant hidden in them, where it costs no bits as long as there is room.

    Every leaf is first moved to start at 0. One of w bits then takes up to what fills w bits without a sign, or down
    to ``-2^(w - 1)``.
    """
    rest = constant + sum(leaf.range[0] for leaf in leaves)
    out = []
    for index, leaf in enumerate(leaves):
        low, high = leaf.range
        reach = high - low
        width = max(1, reach.bit_length())
        room = (1 << width) - 1 - reach if rest > 0 else 1 << (width - 1)
        take = max(-room, min(room, rest)) if index < len(leaves) - 1 else rest
        if take < 0 and take + reach > (1 << (width - 1)) - 1 and index < len(leaves) - 1:
            take = 0  # it would need a sign and a bit more
        rest -= take
        out.append(leaf.moved(take - low))
    return out


def depth(count: int) -> int:
    """Levels of adders over so many leaves."""
    return (count - 1).bit_length() if count else 0


def span(leaves: Sequence[Leaf]) -> tuple[int, int]:
    """Least and greatest sum of leaves that share no input."""
    return sum(leaf.range[0] for leaf in leaves), sum(leaf.range[1] for leaf in leaves)
