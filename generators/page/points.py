"""Points of a sweep on a page: a plot of two metrics, and a table of the points that nothing beats."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...hw.config import ConfigError
from ...hw.lookup import unknown
from ..report import Report
from ..shown import plain
from .given import read_given
from .plots import Point, front, scatter

Row = dict[str, Any]
USUAL = ("lut", "ff", "depth", "dsp", "area", "max_error", "fmax_mhz", "latency_cycles")
"""Metrics for the axes where none are asked for; the first two that differ from point to point."""
HOVERED = 16


def read_points(file: Path) -> list[Row]:
    """Rows of a JSON file (a list of objects, or an object that holds one as ``rows`` or ``points``) or of SQLite.

    Values of objects inside a row (its config, its metrics) become values of the row.

    Raises
    ------
    ConfigError
        If the file is none.
    """
    data = read_given(file, "points")
    if isinstance(data, dict):
        data = data.get("rows", data.get("points"))
    if not isinstance(data, list) or not data or not all(isinstance(row, dict) for row in data):
        raise ConfigError(f"points file must hold a list of objects ({file})")
    return [_flat(row) for row in data]


def _flat(row: Row) -> Row:
    flat: Row = {}
    for key, value in row.items():
        inner = value.items() if isinstance(value, dict) else [(key, value)]
        for name, item in inner:
            flat[name if name not in flat else f"{key}.{name}"] = item
    return flat


def axes_of(rows: Sequence[Row], asked: str | None) -> tuple[str, str]:
    """The two metrics ``X,Y`` that are asked for, or usual ones; a ``-`` before one says that more is better.

    Raises
    ------
    ConfigError
        If these are not two numbers that some point has.
    """
    names = dict.fromkeys(key for row in rows for key, value in row.items() if _number(value))
    if asked is None:
        varied = [name for name in USUAL if len({row.get(name) for row in rows if _number(row.get(name))}) > 1]
        if len(varied) < 2:
            raise ConfigError(f"plot must be given as X,Y for these points; known: {', '.join(names) or 'no number'}")
        return varied[0], varied[1]
    parts = [part.strip() for part in asked.split(",")]
    if len(parts) != 2:
        raise ConfigError(f"plot must be two metrics X,Y, not {asked!r}")
    for part in parts:
        if part.removeprefix("-") not in names:
            raise ConfigError(unknown("metric", part.removeprefix("-"), names))
    return parts[0], parts[1]


def show_points(page: Report, rows: Sequence[Row], axes: tuple[str, str]) -> None:
    """The plot, and the front as a table with the command that makes each point again (the row's ``command``)."""
    x, y = (name.removeprefix("-") for name in axes)
    signs = [-1 if name.startswith("-") else 1 for name in axes]
    whole = [row for row in rows if _number(row.get(x)) and _number(row.get(y))]
    best = front([(signs[0] * row[x], signs[1] * row[y]) for row in whole])
    better = " and ".join(f"{'more' if sign < 0 else 'less'} {name}" for sign, name in zip(signs, (x, y), strict=True))
    page.section(
        f"Points: {y} over {x}",
        f"{len(whole)} of {len(rows)} points have both; {sum(best)} are beaten by none ({better} is better). "
        "The pointer shows a point's config, a click copies the command that makes it again.",
    )
    points = [
        Point(row[x], row[y], _hover(row), str(row.get("command") or ""), good)
        for row, good in zip(whole, best, strict=True)
    ]
    page.figure(scatter(points, x, y))
    chosen = sorted((row for row, good in zip(whole, best, strict=True) if good), key=lambda row: row[x])
    page.table((x, y, "command"), [(row[x], row[y], row.get("command")) for row in chosen])


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _hover(row: Row) -> str:
    told = [(key, value) for key, value in row.items() if value is not None and not isinstance(value, list | dict)]
    lines = [f"{key} = {plain(value)}" for key, value in told if key != "command"]
    return "\n".join([*lines[:HOVERED], *(["..."] if len(lines) > HOVERED else [])])
