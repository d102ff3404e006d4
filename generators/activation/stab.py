"""Lines through a row of gates: the slopes and biases at which ``low[u] <= m u + b <= high[u]`` for every u.

For a slope m the biases are those from ``max(low - m u)`` to ``min(high - m u)``, a width that is concave in m. Where
it is negative, the two u that bound it bound m too, on one side: cutting from both sides ends, after a handful of
passes over the gates, at the exact range of slopes. Integers stay integers throughout.

A range of gates that a line passes is passed in every part too, so that the longest from a place is found by doubling
and halving.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[Any]
Slopes = tuple[Any, Any]
"""The least and the greatest slope, both int or both float."""

CHUNK = 1024
"""Slopes tried at once to each side."""
OPEN = 1 << 60
"""A gate that is open to one side ends here."""


@dataclass(frozen=True)
class Grid:
    """What slopes and biases there are.

    Parameters
    ----------
    slopes, biases : tuple of int or of float
        Least and greatest.
    shift : int
        Biases are multiples of ``2^shift`` (of integer gates); their range counts these multiples.
    real : bool
        Whether any real slope and bias will do.
    """

    slopes: Slopes
    biases: Slopes = (-OPEN, OPEN)
    shift: int = 0
    real: bool = False


REAL = Grid((-1e30, 1e30), (-1e30, 1e30), real=True)


def width(u: Numbers, low: Numbers, high: Numbers, m: Any) -> tuple[Any, Any, int, int]:
    """The least and greatest bias of slope m, and the indices of the gates that bind them."""
    run = m * u
    below, above = low - run, high - run
    i, j = int(below.argmax()), int(above.argmin())
    return below[i].item(), above[j].item(), i, j


def slopes(u: Numbers, low: Numbers, high: Numbers, within: Slopes, real: bool = False) -> Slopes | None:
    """The range of slopes at which some bias passes all gates, biases being any number; None if there is none."""
    least, most = within
    while True:  # from above
        bottom, top, i, j = width(u, low, high, most)
        if bottom <= top:
            break
        run = (u[j] - u[i]).item()
        if run <= 0:
            return None
        rise = (high[j] - low[i]).item()
        cut = rise / run if real else rise // run
        if cut < least:
            return None
        if cut >= most:  # as near as floats come
            break
        most = cut
    while True:  # from below
        bottom, top, i, j = width(u, low, high, least)
        if bottom <= top:
            break
        run = (u[i] - u[j]).item()
        if run <= 0:
            return None
        rise = (low[i] - high[j]).item()
        cut = rise / run if real else -(-rise // run)
        if cut > most:
            return None
        if cut <= least:
            break
        least = cut
    return least, most


def line(u: Numbers, low: Numbers, high: Numbers, found: Slopes, grid: Grid) -> tuple[Any, Any] | None:
    """A slope of the range, as near to its middle as may be, and a bias that pass all gates; None if there is none.

    With integers, slopes are tried from the middle outwards until a bias on the grid is found, all if need be.
    """
    least, most = found
    if grid.real:
        m = (least + most) / 2
        bottom, top, _, _ = width(u, low, high, m)
        return m, (bottom + top) / 2
    middle, step = (least + most) // 2, 1 << grid.shift
    bottom, top, _, _ = width(u, low, high, middle)
    bottom, top = max(-(-bottom // step), grid.biases[0]), min(top // step, grid.biases[1])
    if bottom <= top:
        return middle, (bottom + top) // 2
    floors, ceilings = (sorted(binding(u, gate, least, most, side)) for gate, side in ((low, 1), (high, -1)))
    away = 1
    while away <= most - middle or away <= middle - least:
        some = np.arange(away, away + CHUNK)
        tried = np.stack([middle - some, middle + some], 1).reshape(-1)
        tried = tried[(tried >= least) & (tried <= most)]
        bottoms = (low[floors][:, None] - u[floors][:, None] * tried).max(axis=0)
        tops = (high[ceilings][:, None] - u[ceilings][:, None] * tried).min(axis=0)
        bottoms = np.maximum(-(-bottoms >> grid.shift), grid.biases[0])
        tops = np.minimum(tops >> grid.shift, grid.biases[1])
        fits = np.flatnonzero(bottoms <= tops)
        if len(fits):
            k = int(fits[0])
            return tried[k].item(), (bottoms[k].item() + tops[k].item()) // 2
        away += CHUNK
    return None


def binding(u: Numbers, gate: Numbers, least: int, most: int, side: int) -> set[int]:
    """Indices of the gates that bind the bias at some slope of the range: of two slopes with the same, none between
    has another. ``side`` is 1 for lower ends, -1 for upper."""
    found: dict[int, int] = {}

    def at(m: int) -> int:
        if m not in found:
            found[m] = int((side * (gate - m * u)).argmax())
        return found[m]

    left = [(least, most)]
    while left:
        a, b = left.pop()
        if at(a) != at(b) and b - a > 1:
            left += [(a, (a + b) // 2), ((a + b) // 2, b)]
    return set(found.values())


@dataclass(frozen=True)
class Segment:
    """Gates ``start`` up to before ``end``, and a line through them."""

    start: int
    end: int
    slope: Any
    bias: Any


def fit(u: Numbers, low: Numbers, high: Numbers, start: int, end: int, grid: Grid,
        within: Slopes | None = None) -> tuple[Slopes, Segment] | None:  # fmt: skip
    """Slopes and a line through gates ``start`` up to before ``end``."""
    part = slice(start, end)
    found = slopes(u[part], low[part], high[part], within or grid.slopes, grid.real)
    if found is None:
        return None
    made = line(u[part], low[part], high[part], found, grid)
    return None if made is None else (found, Segment(start, end, *made))


def longest(u: Numbers, low: Numbers, high: Numbers, stops: Numbers, at: int, guess: int,
            grid: Grid) -> tuple[int, Segment] | None:  # fmt: skip
    """The most gates that a line passes from stop ``at`` on, to another stop.

    Parameters
    ----------
    stops : array of int
        Where segments may begin, and the number of gates as the last.
    at : int
        Index into stops.
    guess : int
        Index of a stop near which the segment may end.

    Returns
    -------
    (int, Segment) or None
        The index of the stop at its end; None if not even the next can be reached.
    """
    start, last = int(stops[at]), len(stops) - 1
    good, bad, best, within = at, last + 1, None, None
    step = max(1, (guess - at) // 16)
    probe = min(max(guess, at + 1), last)
    while bad - good > 1:
        made = fit(u, low, high, start, int(stops[probe]), grid, within)
        if made is not None:
            good, (within, best) = probe, made
            probe = min(good + step, last) if bad > last else (good + bad) // 2
        else:
            bad = probe
            probe = max(bad - step, at + 1) if good == at and bad > at + 1 else (good + bad) // 2
        step *= 2
    return None if best is None else (good, best)


def separate(u: Numbers, low: Numbers, high: Numbers, stops: Numbers, grid: Grid) -> list[Segment] | None:
    """A segment from each stop to the next; None if one cannot be."""
    found = []
    for start, end in pairwise(stops.tolist()):
        made = fit(u, low, high, start, end, grid)
        if made is None:
            return None
        found.append(made[1])
    return found


def greedy(u: Numbers, low: Numbers, high: Numbers, stops: Numbers, grid: Grid, most: int,
           guesses: list[int] | None = None) -> list[Segment] | None:  # fmt: skip
    """The fewest segments through all gates, each as long as can be; None if they are more than ``most``.

    ``guesses`` holds ends of an earlier run, and is given those of this one.
    """
    found: list[Segment] = []
    at, ends = 0, []
    while at < len(stops) - 1:
        if len(found) == most:
            return None
        k = len(found)
        guess = guesses[k] if guesses and k < len(guesses) else at + (at - (ends[-2] if len(ends) > 1 else 0) or 64)
        reached = longest(u, low, high, stops, at, guess, grid)
        if reached is None:
            return None
        at, segment = reached
        ends.append(at)
        found.append(segment)
    if guesses is not None:
        guesses[:] = ends
    return found
