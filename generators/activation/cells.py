"""Where segments may begin: anywhere, or at the cells of an address; and which addresses a count of segments allows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...hw.activation.config.address import starts
from .stab import Numbers


def stops(knots: str, address: tuple[int, ...], first: int, last: int) -> Numbers:
    """Indices from ``first`` where segments may begin, and the number of codes as the last."""
    if knots == "free":
        return np.arange(last - first + 2)
    return np.array([0, *(start - first for start in starts(knots, address, first, last)), last - first + 1])


def addresses(knots: str, first: int, last: int, width: int, most: int) -> Iterator[tuple[int, ...]]:
    """The addresses of at most so many cells that no other of them refines."""
    if knots == "uniform":
        for s in range(width):
            if _least(knots, (s,), first, last) <= most and len(starts(knots, (s,), first, last)) < most:
                yield (s,)
                return
        return
    seen = set()
    for m in range(width):
        for e in range(m, width):
            if _least(knots, (e, m), first, last) > most:
                continue
            cells = tuple(starts(knots, (e, m), first, last))
            if len(cells) < most:
                if cells not in seen:
                    yield e, m
                seen.add(cells)
                break  # a larger e joins cells of this one


def every(knots: str, first: int, last: int, width: int, most: int) -> list[tuple[int, tuple[int, ...]]]:
    """All addresses of at most so many cells, each after its number of cells, the fewest first."""
    pairs = [(e, m) for m in range(width) for e in range(m, width)]
    ways = [(s,) for s in range(width)] if knots == "uniform" else pairs
    found: dict[tuple[int, ...], tuple[int, ...]] = {}
    for way in ways:
        if _least(knots, way, first, last) < most:
            cells = tuple(starts(knots, way, first, last))
            if len(cells) < most:
                found.setdefault(cells, way)
    return sorted((len(cells) + 1, way) for cells, way in found.items())


def _least(knots: str, address: tuple[int, ...], first: int, last: int) -> int:
    """No more than the cells of an address, counted quickly."""
    if knots == "uniform":
        return (last - first) >> address[0]
    e, m = address
    base = first if first > 0 else max(~last, 0)
    octaves = max(last, ~first).bit_length() - max(e, base.bit_length() - 1) - 1
    return max(octaves, 0) << m
