"""Packing: several significand products in one multiplier block, proved to be as many as there can be.

Operand i of A lies at bit ``a[i]`` of one port, operand j of B at bit ``b[j]`` of the other, so that the block's
product is the sum of all ``A_i * B_j * 2^(a[i] + b[j])``. The **exact-window rule**: the windows at ``a[i] + b[j]``, of
as many bits as the largest product has, must not overlap. Then no carry passes from one product into the next, and each
is read off as it stands: an outer product of ``lanes_a x lanes_b`` multiplications in one block. (The largest product
may have fewer bits than both factors together: int8's magnitudes go up to 128, so their products with 11-bit
significands stay below 2^18.)

Source: the idea of arXiv 2605.06052; the positions and the proof of optimality are this solver's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from ...lib.blocks import BLOCKS


@dataclass(frozen=True)
class Packing:
    """A grid of products on one multiplication.

    Parameters
    ----------
    width_a, width_b : int
        Bits of the significands.
    window : int
        Bits of the largest product.
    a, b : tuple of int
        Bit at which each operand starts, in the packed word of its side.
    slots : tuple of (int, int) or None
        For products that are multiplied apart, without a block: products in a row, and bits from one to the next.
    """

    width_a: int
    width_b: int
    window: int
    a: tuple[int, ...]
    b: tuple[int, ...]
    slots: tuple[int, int] | None = None

    @property
    def lanes_a(self) -> int:
        return len(self.a)

    @property
    def lanes_b(self) -> int:
        return len(self.b)

    @property
    def lanes(self) -> int:
        return len(self.a) * len(self.b)

    @property
    def extent_a(self) -> int:
        """Bits of the packed word of A."""
        return max(self.a) + self.width_a

    @property
    def extent_b(self) -> int:
        """Bits of the packed word of B."""
        return max(self.b) + self.width_b

    def at(self, i: int, j: int) -> int:
        """Bit at which product (i, j) starts."""
        if self.slots:
            return (i * self.slots[0] + j) * self.slots[1]
        return self.a[i] + self.b[j]

    @property
    def exact(self) -> bool:
        """Whether no two windows overlap."""
        starts = sorted(self.at(i, j) for i in range(self.lanes_a) for j in range(self.lanes_b))
        return all(high - low >= self.window for low, high in pairwise(starts))


def _sides(count: int, port: int, width: int, window: int) -> Iterator[tuple[int, ...]]:
    """Every choice of so many positions in a port: the first at 0, the others at least a window apart."""

    def rest(placed: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(placed) == count:
            yield placed
            return
        room = port - width - window * (count - len(placed) - 1)
        for position in range(placed[-1] + window, room + 1):
            yield from rest((*placed, position))

    if width <= port:
        yield from rest((0,))


def placements(width_a: int, width_b: int, window: int, lanes_a: int, lanes_b: int, port_a: int, port_b: int,
               ) -> Iterator[Packing]:  # fmt: skip
    """Every placement of a grid in ports of those widths that starts at bit 0 on both sides, positions rising."""
    ones = (1 << window) - 1

    def place(b: tuple[int, ...], taken: int, row: int) -> Iterator[tuple[int, ...]]:
        if len(b) == lanes_b:
            yield b
            return
        for position in range(b[-1] + window if b else 0, port_b - width_b + 1 if b else 1):
            if not taken & (row << position):
                yield from place((*b, position), taken | row << position, row)

    if width_b > port_b:
        return
    for a in _sides(lanes_a, port_a, width_a, window):
        row = 0
        for position in a:
            row |= ones << position
        for b in place((), 0, row):
            yield Packing(width_a, width_b, window, a, b)


@cache
def grid(width_a: int, width_b: int, window: int, lanes_a: int, lanes_b: int, port_a: int, port_b: int,
         ) -> Packing | None:  # fmt: skip
    """The first placement of a grid in ports of those widths; None if there is none.

    All placements are tried. Nothing is lost by starting both sides at bit 0, since a placement can be moved down.
    """
    return next(placements(width_a, width_b, window, lanes_a, lanes_b, port_a, port_b), None)


@cache
def beside(packing: Packing, other: Packing, port_a: int, port_b: int) -> Packing:
    """The same grid placed so that as many windows as possible end where those of another mode end.

    Where they do, the products of both modes are the same wires. Placements may be moved up and turned round. Among
    equals, the one with most operand bits in places of the other mode's operands.
    """
    wa, wb = packing.width_a, packing.width_b

    def moved() -> Iterator[Packing]:
        for found in placements(wa, wb, packing.window, packing.lanes_a, packing.lanes_b, port_a, port_b):
            for up_a in range(port_a - found.extent_a + 1):
                for up_b in range(port_b - found.extent_b + 1):
                    a, b = tuple(x + up_a for x in found.a), tuple(x + up_b for x in found.b)
                    for turned_a in {a, a[::-1]}:
                        yield from (Packing(wa, wb, packing.window, turned_a, turned_b) for turned_b in {b, b[::-1]})

    def agreement(found: Packing) -> tuple[int, int, tuple[int, ...], tuple[int, ...]]:
        shared = [(i, j) for i in range(min(found.lanes_a, other.lanes_a))
                  for j in range(min(found.lanes_b, other.lanes_b))]  # fmt: skip
        tops = sum(found.at(i, j) + found.window == other.at(i, j) + other.window for i, j in shared)
        words = [(found.a, wa, other.a, other.width_a), (found.b, wb, other.b, other.width_b)]
        inside = sum(any(y <= x and x + w <= y + v for y in there) for here, w, there, v in words for x in here)
        # The lowest positions last: the choice does not depend on the order of a set.
        return -tops, -inside, found.a, found.b

    return min(moved(), key=agreement)


@cache
def best(width_a: int, width_b: int, window: int, port_a: int, port_b: int) -> Packing | None:
    """The largest grid in ports of those widths; None if not even one product fits.

    It is optimal: every larger grid was tried in all its placements. Of equally large grids the squarest is taken
    (fewest operands to unpack), then the one with more of A.
    """
    most_a, most_b = ((port - width) // window + 1 for port, width in ((port_a, width_a), (port_b, width_b)))
    # Windows within the product's bits: more do not fit, whatever the positions.
    most = (port_a + port_b) // window
    grids = [(a, b) for a in range(1, most_a + 1) for b in range(1, most_b + 1) if a * b <= most]
    for a, b in sorted(grids, key=lambda shape: (-shape[0] * shape[1], sum(shape), -shape[0])):
        if found := grid(width_a, width_b, window, a, b, port_a, port_b):
            return found
    return None


def ports(block: str) -> tuple[tuple[int, int], ...]:
    """The ways round in which A and B can be put to a block's ports."""
    long, short = BLOCKS[block]
    return ((long, short),) if long == short else ((long, short), (short, long))
