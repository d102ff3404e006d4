"""Segments that meet: as few links as pass all gates, each beginning where the one before it ends.

What a link can reach at a place is a range of values, whose ends are at its greatest and least slope; the next link
begins inside it, as if that range were a gate. Of several places to end a link the one is taken from which the next
comes farthest. Then integers are chosen from the last link back to the first, each to end within a step of the output
of where its successor begins. That is near the fewest links, not provably so: a certificate tells how near.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .stab import Grid, Numbers, Segment, fit, longest, slopes, width

PLACES = 12
"""Ends of a link that are tried."""

Range = tuple[int, int]


def reach(u: Numbers, low: Numbers, high: Numbers, start: int, end: int, grid: Grid) -> Range | None:
    """Values at gate ``end`` of lines through gates ``start`` up to before it, inside that gate."""
    part = slice(start, end)
    found = slopes(u[part], low[part], high[part], grid.slopes)
    if found is None:
        return None
    # All gates lie to the left: every line's value at the end rises with its slope.
    ahead = u[part] - u[end]
    least, most = width(ahead, low[part], high[part], found[0])[0], width(ahead, low[part], high[part], found[1])[1]
    least, most = max(int(least), int(low[end])), min(int(most), int(high[end]))
    if least > most:
        return None
    return least, most


def joined(u: Numbers, low: Numbers, high: Numbers, step: int, grid: Grid, most: int) -> list[Segment] | None:
    """At most so many segments that meet to within ``step``; None if none are found.

    Parameters
    ----------
    u, low, high : int64 arrays
        The gates.
    step : int
        One step of the output in units of the gates.
    """
    low, high = low.copy(), high.copy()
    loose = Grid(grid.slopes)  # biases are settled on the way back
    begins, links, spans = 0, [0], {}
    stops, count = np.arange(len(u) + 1), len(u)
    length = max(1, count // 16)
    far = longest(u, low, high, stops, 0, min(length, count), loose)
    while far is not None and far[0] < count:
        if len(links) == most:
            return None
        end, best = far[0], None
        for place in _places(begins, end):
            span = reach(u, low, high, begins, place, loose)
            if span is None:
                continue
            kept = low[place], high[place]
            low[place], high[place] = span
            onward = longest(u, low, high, stops, place, min(place + length, count), loose)
            low[place], high[place] = kept
            # Integer lines seldom meet a range that is narrow.
            if onward is None:
                continue
            rank = span[1] - span[0] >= step, onward[0]
            if best is None or rank > best[0]:
                best = rank, place, onward, span
            if rank == (True, count):
                break
        if best is None or best[2][0] <= end:
            return None
        length = end - begins
        _, begins, far, span = best
        # Half a step is left for the link before to meet it.
        spans[begins] = max(low[begins], span[0] - step // 2), min(high[begins], span[1] + step // 2)
        low[begins], high[begins] = span
        links.append(begins)
    if far is None:
        return None
    for place, span in spans.items():
        low[place], high[place] = span
    return _settled(u, low, high, step, grid, [*links, count])


def _places(begins: int, end: int) -> Iterator[int]:
    """Ends of a link from the farthest back to its middle."""
    for k in range(PLACES):
        place = end - (end - begins) * k * k // (2 * PLACES * PLACES)
        if place > begins:
            yield place


def _settled(u: Numbers, low: Numbers, high: Numbers, step: int, grid: Grid,
             edges: list[int]) -> list[Segment] | None:  # fmt: skip
    """Integer lines between the edges, from the last to the first."""
    found: list[Segment] = []
    for start, end in zip(edges[-2::-1], edges[:0:-1], strict=True):
        if found:
            at = int(u[end])
            value = found[-1].slope * at + (found[-1].bias << grid.shift)
            kept = low[end], high[end]
            low[end], high[end] = value - step, value + step
            made = fit(u, low, high, start, end + 1, grid)
            low[end], high[end] = kept
        else:
            made = fit(u, low, high, start, end, grid)
        if made is None:
            return None
        found.append(Segment(start, end, made[1].slope, made[1].bias))
    return found[::-1]
