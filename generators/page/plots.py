"""Plots as drawings: points with the ones that nothing beats, and curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .svg import Drawing

WIDTH, HEIGHT = 470, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 16, 26, 46


@dataclass(frozen=True)
class Point:
    """A point of a plot.

    Parameters
    ----------
    x, y : float
    hover : str
        What the pointer shows.
    command : str
        What a click copies.
    best : bool
        Whether it is drawn as one of those that nothing beats.
    """

    x: float
    y: float
    hover: str = ""
    command: str = ""
    best: bool = False


def front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Which points nothing beats: no other is at most as large in both, and smaller in one."""
    return [
        not any(a <= x and b <= y and (a, b) != (x, y) for a, b in points)
        for x, y in points
    ]  # fmt: skip


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from ``low`` to ``high``, 1, 2 or 5 times a power of ten apart: the fewest that part it in four."""
    if not high > low:
        return [low]
    most = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(most))
    step = max(m * power for m in (1, 2, 5) if m * power <= most * (1 + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def scatter(points: Sequence[Point], x: str, y: str) -> Drawing:
    """Points over two quantities, those that nothing beats joined by a line."""
    axes = _Axes([p.x for p in points], [p.y for p in points], x, y)
    best = sorted((p.x, p.y) for p in points if p.best)
    axes.drawing.line([axes.at(*point) for point in best], "rank")
    for p in sorted(points, key=lambda p: p.best):
        axes.drawing.circle(*axes.at(p.x, p.y), 6 if p.best else 4.5, "best" if p.best else "point", p.hover, p.command)
    return axes.drawing


def curves(series: Sequence[tuple[str, Sequence[tuple[float, float]]]], x: str, y: str,
           points: Sequence[Point] = ()) -> Drawing:  # fmt: skip
    """Up to three named curves over one quantity, and single points."""
    every = [point for _, line in series for point in line] + [(p.x, p.y) for p in points]
    axes = _Axes([a for a, _ in every], [0.0, *(b for _, b in every)], x, y)
    for number, (name, line) in enumerate(series):
        axes.drawing.line([axes.at(*point) for point in line], f"curve{number}")
        at = TOP + 14 + 18 * number
        axes.drawing.line([(WIDTH - RIGHT - 150, at - 4), (WIDTH - RIGHT - 128, at - 4)], f"curve{number}")
        axes.drawing.text(WIDTH - RIGHT - 122, at, name)
    for p in points:
        axes.drawing.circle(*axes.at(p.x, p.y), 4, "best", p.hover)
    return axes.drawing


class _Axes:
    """A drawing with axes, and where a point lies in it."""

    def __init__(self, xs: Sequence[float], ys: Sequence[float], x: str, y: str):
        self.drawing = Drawing(WIDTH, HEIGHT, f"{y} over {x}")
        self._x, self._y = _span(xs), _span(ys)
        for value in ticks(*self._x):
            at, _ = self.at(value, self._y[0])
            self.drawing.line([(at, TOP), (at, HEIGHT - BOTTOM)], "grid")
            self.drawing.text(at, HEIGHT - BOTTOM + 16, f"{value:,g}", "soft", "middle")
        for value in ticks(*self._y):
            _, at = self.at(self._x[0], value)
            self.drawing.line([(LEFT, at), (WIDTH - RIGHT, at)], "grid")
            self.drawing.text(LEFT - 6, at + 4, f"{value:,g}", "soft", "end")
        self.drawing.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x, "", "middle")
        self.drawing.text(4, 14, y)

    def at(self, x: float, y: float) -> tuple[float, float]:
        (x0, x1), (y0, y1) = self._x, self._y
        return (
            LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT),
            HEIGHT - BOTTOM - (y - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM),
        )


def _span(values: Sequence[float]) -> tuple[float, float]:
    """The range of values with a margin; from 0 where that is near."""
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or abs(high) * 0.1 or 1.0
    return (0.0 if 0 <= low < 0.3 * high else low - (margin if low else 0.0), high + margin)
