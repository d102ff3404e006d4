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

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count, islice, pairwise

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


FEW = 3
"""Operands of a side that are placed before those of the other."""


def _sides(begun: tuple[int, ...], lanes: int, room: int, window: int) -> Iterator[tuple[int, ...]]:
    """Every choice of positions that begins so, a window apart at least."""
    if len(begun) == lanes:
        yield begun
        return
    for at in range(begun[-1] + window, room - window * (lanes - len(begun) - 1) + 1):
        yield from _sides((*begun, at), lanes, room, window)


def placements(width_a: int, width_b: int, window: int, lanes_a: int, lanes_b: int, port_a: int, port_b: int,
               begun_a: tuple[int, ...] = (0,), begun_b: tuple[int, ...] = (0,)) -> Iterator[Packing]:  # fmt: skip
    """Every placement of a grid in ports of those widths whose positions, rising, begin so (by default at bit 0).

    Bits of the product are settled from the lowest up: at each the next operand of A is placed, or that of B, or
    neither. No later window reaches below, so that a bit passed uncovered stays so, and there are no more bits to
    spare than those that the ports have beyond the windows.
    """
    ones = (1 << window) - 1
    room_a, room_b = port_a - width_a, port_b - width_b
    spare = room_a + room_b + window - lanes_a * lanes_b * window

    def late(begun: tuple[int, ...], placed: tuple[int, ...], at: int) -> bool:
        """Whether the next operand should have been placed below."""
        return len(placed) < len(begun) and begun[len(placed)] < at

    def free(begun: tuple[int, ...], placed: tuple[int, ...], at: int) -> bool:
        """Whether the next operand may be placed there."""
        return len(placed) >= len(begun) or begun[len(placed)] == at

    def search(at: int, a: tuple[int, ...], b: tuple[int, ...], row: int, column: int, taken: int, gaps: int,
               ) -> Iterator[Packing]:  # fmt: skip
        more_a, more_b = lanes_a - len(a), lanes_b - len(b)
        if not more_a and not more_b:
            yield Packing(width_a, width_b, window, a, b)
            return
        # Where one side is complete, as many places must be left for the other.
        if not more_b and sum(not taken & (column << place) for place in range(at, room_a + 1)) < more_a:
            return
        if not more_a and sum(not taken & (row << place) for place in range(at, room_b + 1)) < more_b:
            return
        # A side that is complete leaves the rest of its port uncovered.
        room = spare - (room_a - a[-1] if not more_a else 0) - (room_b - b[-1] if not more_b else 0)
        while gaps <= room and not late(begun_a, a, at) and not late(begun_b, b, at):
            if (more_a and at + (more_a - 1) * window > room_a) or (more_b and at + (more_b - 1) * window > room_b):
                return
            if more_a and free(begun_a, a, at) and not taken & (column << at):
                yield from search(at + 1, (*a, at), b, row | ones << at, column, taken | column << at, gaps)
            if more_b and free(begun_b, b, at) and not taken & (row << at):
                yield from search(at + 1, a, (*b, at), row, column | ones << at, taken | row << at, gaps)
            gaps += not taken >> at & 1
            at += 1

    if min(room_a, room_b, spare) < 0:
        return
    # Few operands on one side are best placed first: what is left for the other side is then known.
    if lanes_b <= FEW:
        for b in _sides(begun_b, lanes_b, room_b, window):
            column = sum(ones << at for at in b)
            yield from search(1, (0,), b, ones, column, column, 0)
    elif lanes_a <= FEW:
        for a in _sides(begun_a, lanes_a, room_a, window):
            row = sum(ones << at for at in a)
            yield from search(1, a, (0,), row, ones, row, 0)
    else:
        yield from search(1, (0,), (0,), ones, ones, ones, 0)


@cache
def grid(width_a: int, width_b: int, window: int, lanes_a: int, lanes_b: int, port_a: int, port_b: int,
         ) -> Packing | None:  # fmt: skip
    """The placement of a grid in ports of those widths with the lowest positions; None if there is none.

    Nothing is lost by starting both sides at bit 0, since a placement can be moved down.
    """

    def found(a: tuple[int, ...], b: tuple[int, ...] = (0,)) -> Packing | None:
        return next(placements(width_a, width_b, window, lanes_a, lanes_b, port_a, port_b, a, b), None)

    if found((0,)) is None:
        return None
    a, b = (0,), (0,)
    while len(a) < lanes_a:
        a = next(more for at in count(a[-1] + window) if found(more := (*a, at)))
    while len(b) < lanes_b:
        b = next(more for at in count(b[-1] + window) if found(a, more := (*b, at)))
    return Packing(width_a, width_b, window, a, b)


Places = tuple[tuple[int, ...], tuple[int, ...]]
"""Positions of operands on both sides."""

MOST_COMPARED = 2000
"""Placements that :func:`beside` looks at."""


def _within(width: int, others: tuple[int, ...], other_width: int) -> Callable[[tuple[int, ...]], int]:
    """Counts the operands that lie within another mode's."""
    held = {x for y in others for x in range(y, y + other_width - width + 1)}
    return lambda places: len(held.intersection(places))


@cache
def beside(packing: Packing, other: Packing, port_a: int, port_b: int) -> Packing:
    """The same grid placed so that as many windows as possible end where those of another mode end.

    Where they do, the products of both modes are the same wires. Placements may be moved up and turned round. Among
    equals, the one with most operand bits in places of the other mode's operands, then the lowest. Of a grid that fits
    in more ways than :data:`MOST_COMPARED` some are not tried, unless all windows end where the other mode's do.
    """
    wa, wb, window = packing.width_a, packing.width_b, packing.window
    rows, columns = min(packing.lanes_a, other.lanes_a), min(packing.lanes_b, other.lanes_b)
    within_a, within_b = _within(wa, other.a, other.width_a), _within(wb, other.b, other.width_b)

    def key(places: Places) -> tuple[int, int, Places]:
        a, b = places
        tops = sum(a[i] + b[j] + window == other.at(i, j) + other.window
                   for i in range(rows) for j in range(columns))  # fmt: skip
        # The lowest positions last: the choice does not depend on the order of a set.
        return -tops, -within_a(a) - within_b(b), places

    def turned(some: Packing) -> Iterator[Places]:
        """A placement turned round and moved up, to where most windows end alike."""
        for a, b in {(x, y) for x in (some.a, some.a[::-1]) for y in (some.b, some.b[::-1])}:
            ups_a, ups_b = range(port_a - some.extent_a + 1), range(port_b - some.extent_b + 1)
            ends = Counter(other.at(i, j) + other.window - a[i] - b[j] - window
                           for i in range(rows) for j in range(columns))  # fmt: skip
            most = max(ends[up] for up in range(len(ups_a) + len(ups_b) - 1))
            every_a = [tuple(x + up for x in a) for up in ups_a]
            every_b = [tuple(x + up for x in b) for up in ups_b]
            if most:
                yield from ((every_a[up], every_b[total - up]) for total in ends if ends[total] == most
                            for up in ups_a if total - up in ups_b)  # fmt: skip
            else:
                yield min(every_a, key=lambda a: (-within_a(a), a)), min(every_b, key=lambda b: (-within_b(b), b))

    def alike() -> Iterator[Places]:
        """Placements in which all windows end where the other mode's do."""
        if (rows, columns) != (packing.lanes_a, packing.lanes_b):
            return
        for up in range(-port_a, port_a):
            a = tuple(x + up for x in other.a[:rows])
            b = tuple(x + other.window - window - up for x in other.b[:columns])
            inside = min(*a, *b) >= 0 and max(a) + wa <= port_a and max(b) + wb <= port_b
            if inside and Packing(wa, wb, window, a, b).exact:
                yield a, b

    tried = placements(wa, wb, window, packing.lanes_a, packing.lanes_b, port_a, port_b)
    among = list(alike()) or [places for some in islice(tried, MOST_COMPARED) for places in turned(some)]
    return Packing(wa, wb, window, *min(among, key=key))


@cache
def best(width_a: int, width_b: int, window: int, port_a: int, port_b: int) -> Packing | None:
    """The largest grid in ports of those widths; None if not even one product fits.

    It is optimal: every larger grid was tried in all its placements. Of equally large grids the squarest is taken
    (fewest operands to unpack), then the one with more of A.
    """
    most_a, most_b = ((port - width) // window + 1 for port, width in ((port_a, width_a), (port_b, width_b)))
    # Windows within the product's bits: more do not fit, whatever the positions.
    most = (port_a + port_b - width_a - width_b) // window + 1
    grids = [(a, b) for a in range(1, most_a + 1) for b in range(1, most_b + 1) if a * b <= most]
    for a, b in sorted(grids, key=lambda shape: (-shape[0] * shape[1], sum(shape), -shape[0])):
        if found := grid(width_a, width_b, window, a, b, port_a, port_b):
            return found
    return None


def ports(block: str) -> tuple[tuple[int, int], ...]:
    """The ways round in which A and B can be put to a block's ports."""
    long, short = BLOCKS[block]
    return ((long, short),) if long == short else ((long, short), (short, long))
