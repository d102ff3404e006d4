"""The points of a sweep: axes of settings, and how they are drawn from."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from ...hw.config import ConfigError
from ...hw.lookup import unknown

METHODS = ("grid", "random", "lhs", "pareto")
LARGEST_GRID = 1_000_000


@dataclass(frozen=True)
class Axis:
    """One setting that varies: the words it may have, in order."""

    key: str
    values: tuple[str, ...]


def axis_of(text: str) -> Axis:
    """The axis ``key=a,b,c`` (words) or ``key=lo:hi`` or ``key=lo:hi:step`` (integers, both ends among them).

    Raises
    ------
    ConfigError
        If the text is none of these.
    """
    key, equals, said = (part.strip() for part in text.partition("="))
    if not equals or not key or not said:
        raise ConfigError(f"sweep must be key=a,b,c or key=lo:hi, not {text!r}")
    parts = said.split(":")
    if len(parts) in (2, 3) and all(part.strip().lstrip("-").isdigit() for part in parts):
        low, high, step = (*map(int, parts), 1)[:3]
        if step < 1 or high < low:
            raise ConfigError(f"sweep must rise from lo to hi, not {text!r}")
        if (high - low) // step >= LARGEST_GRID:
            raise ConfigError(f"sweep must have at most {LARGEST_GRID} values, not those of {text!r}")
        return Axis(key, tuple(map(str, range(low, high + 1, step))))
    values = tuple(value.strip() for value in said.split(","))
    if not all(values) or len(set(values)) < len(values):
        raise ConfigError(f"sweep must have values that differ, not {text!r}")
    return Axis(key, values)


def settings_of(axes: Sequence[Axis], chosen: Sequence[int]) -> list[str]:
    """``key=value`` words of a point, by the index of each axis' value."""
    return [f"{axis.key}={axis.values[index]}" for axis, index in zip(axes, chosen, strict=True)]


def draw(axes: Sequence[Axis], method: str, points: int | None, seed: int) -> list[list[str]]:
    """The points of ``grid``, ``random`` (without repetition) or ``lhs``, each as settings.

    A Latin hypercube of N points has, of each axis with v values, every value floor(N / v) or ceil(N / v) times; two
    rows may fall on one point, which is then measured once. ``grid`` with ``points`` takes the first so many.

    Raises
    ------
    ConfigError
        If the method is unknown or draws without ``points``, or the axes are not different keys.
    """
    if method not in METHODS:
        raise ConfigError(unknown("method", method, METHODS))
    if len({axis.key for axis in axes}) < len(axes):
        raise ConfigError("sweep must name each key once")
    if points is not None and points < 1:
        raise ConfigError(f"points must be at least 1, not {points}")
    sizes = [len(axis.values) for axis in axes]
    total = math.prod(sizes)
    if method == "grid":
        if points is None and total > LARGEST_GRID:
            raise ConfigError(f"grid must have at most {LARGEST_GRID} points, not {total}; give points")
        chosen = itertools.islice(itertools.product(*map(range, sizes)), points)
        return [settings_of(axes, indices) for indices in chosen]
    if points is None:
        raise ConfigError(f"method {method} requires points")
    source = random.Random(seed)
    if method == "random":
        rows = [_digits(number, sizes) for number in source.sample(range(total), min(points, total))]
    else:
        columns = []
        for size in sizes:
            column = [row * size // points for row in range(points)]
            source.shuffle(column)
            columns.append(column)
        rows = list(zip(*columns, strict=True))
    return [settings_of(axes, row) for row in rows]


def _digits(number: int, sizes: Sequence[int]) -> list[int]:
    """The point of that number in the grid."""
    found = []
    for size in reversed(sizes):
        number, digit = divmod(number, size)
        found.append(digit)
    return found[::-1]
