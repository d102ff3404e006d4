"""What accuracy costs: error and area of each kind of knots at several numbers of segments, as table and picture."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from pathlib import Path
from typing import Any

from ...hw.activation.config import ActivationConfig
from ...verif.tools import yosys_version
from ..emit import emit
from ..flow.synth import SynthReport, synth
from .comparison import CASES, COUNTS, Case
from .solving import solve

FUNCTIONS = ("gelu", "tanh")
TARGETS = ("xcup", "ecp5")
STYLES: dict[str, dict[str, Any]] = {
    "free": {"form": "pwl", "knots": "free"},
    "uniform": {"form": "pwl", "knots": "uniform"},
    "pow2": {"form": "pwl", "knots": "pow2"},
    "fold": {"form": "fold", "knots": "free"},
}
"""Fields of each kind; a fold's knots are free."""
_COLOURS = {"free": "#2563a8", "uniform": "#b3261e", "pow2": "#c77700", "fold": "#1d7a46"}
_LABELS = {"free": (5, -5, "start"), "uniform": (-5, -5, "end"), "pow2": (-5, 13, "end"), "fold": (5, 13, "start")}
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 340, 270, 62, 34, 24, 44
_HEAD = 56


@dataclass(frozen=True)
class Point:
    """A unit, and what it costs by target (``liberty`` for a cell library)."""

    case: Case
    style: str
    asked: int
    config: ActivationConfig
    costs: dict[str, SynthReport]


def points(functions: Sequence[str] = FUNCTIONS, counts: Sequence[int] = COUNTS, liberty: Path | None = None,
           targets: Sequence[str] = TARGETS,
           say: Callable[[str], None] = lambda text: None) -> list[Point]:  # fmt: skip
    """Solves, generates and synthesises one unit after another, in the default flow of each target.

    Parameters
    ----------
    functions : sequence of str
        Of those in :data:`~.comparison.CASES`, with their domains and formats there.
    counts : sequence of int
        Segments asked for: stored ones, or cells of an address.
    liberty : Path or None
        A cell library.
    targets : sequence of str
    say : callable
        Is told of each unit.
    """
    found = []
    for case in (case for case in CASES if case.function in functions):
        for style, fields in STYLES.items():
            for count in counts:
                say(f"{case.function} {style} {count}")
                formats = {"domain": case.domain, "input": case.input, "output": case.output}
                config = solve(case.function, segments=count, **formats, **fields)
                with tempfile.TemporaryDirectory(prefix="nervure-area-") as folder:
                    artifact = emit(config, folder)
                    costs = {target: synth(artifact, target) for target in targets}
                    if liberty is not None:
                        costs["liberty"] = synth(artifact, f"liberty:{liberty}")
                found.append(Point(case, style, count, config, costs))
    return found


def area(point: Point, target: str) -> float:
    """What the picture shows across: cell area of a library, else LUTs."""
    report = point.costs[target]
    return (report.area if target == "liberty" else report.lut) or 0


def table(found: Sequence[Point], library: str = "") -> str:
    """Markdown: a line a unit; ``library`` names the cell library."""
    targets = list(found[0].costs)
    heads = {target: f"{target} LUT / FF / DSP / depth" for target in targets} | {"liberty": "area / FF / depth"}
    head = ["function", "knots", "segments asked", "stored", "error", "latency", *(heads[key] for key in targets)]
    lines = [head, ["---"] * len(head)]
    for point in found:
        config = point.config
        costs = [
            f"{report.area:.0f} / {report.ff} / {report.depth}" if target == "liberty"
            else f"{report.lut} / {report.ff} / {report.dsp} / {report.depth}"
            for target, report in point.costs.items()
        ]  # fmt: skip
        lines.append([point.case.function, point.style, str(point.asked), str(len(config.slopes)),
                      f"{config.reached:.3g}", str(config.latency), *costs])  # fmt: skip
    cells = f" Area as in {library}, in its unit." if library else ""
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (f"{text}\n\nInitiation interval 1, stream interface included. Error: largest over every code. Depth: cells "
            f"between registers.{cells}\nA fold has free knots. Yosys {yosys_version()}, default flow.\n")  # fmt: skip


def _ticks(end: float) -> list[float]:
    """At most seven round numbers from 0 to beyond ``end``."""
    size = 10.0 ** floor(log10(end))
    step = next(size * part for part in (0.2, 0.5, 1, 2) if end / (size * part) <= 6)
    return [step * k for k in range(ceil(end / step) + 1)]


def _text(x: float, y: float, text: str, anchor: str = "middle", kind: str = "") -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
            + (f' class="{kind}"' if kind else "") + f">{escape(text)}</text>")  # fmt: skip


def _panel(found: Sequence[Point], target: str, library: str) -> list[str]:
    """Error (logarithmic) against area, a line a kind of knots; each point is labelled with the segments asked for."""
    errors = [point.config.reached for point in found]
    low, high = floor(log10(min(errors))), ceil(log10(max(errors)))
    ticks = _ticks(1.05 * max(area(point, target) for point in found))
    wide, tall = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def across(value: float) -> float:
        return _LEFT + value / ticks[-1] * wide

    def down(error: float) -> float:
        return _TOP + (high - log10(error)) / (high - low) * tall

    body = []
    for power in range(low, high + 1):
        y = down(10.0**power)
        body += [f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + wide}" y1="{y:.1f}" y2="{y:.1f}"/>',
                 _text(_LEFT - 7, y + 4, f"1e{power}", "end")]  # fmt: skip
    for value in ticks:
        x = across(value)
        body += [f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_TOP + tall}"/>',
                 _text(x, _TOP + tall + 17, f"{value:g}")]  # fmt: skip
    for style, colour in _COLOURS.items():
        mine = [point for point in found if point.style == style]
        places = [(across(area(point, target)), down(point.config.reached)) for point in mine]
        body.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.6" '
                    f'points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>')  # fmt: skip
        right, below, anchor = _LABELS[style]
        for point, (x, y) in zip(mine, places, strict=True):
            body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4" fill="{colour}"/>',
                     _text(x + right, y + below, str(point.asked), anchor, "small")]  # fmt: skip
    blocks = {point.costs[target].dsp for point in found}
    unit = f"cell area, {library}" if target == "liberty" else "LUT" + _blocks(blocks)
    name = "cells" if target == "liberty" else target
    return [*body, _text(_LEFT, 22, f"{found[0].case.function}, {name}", "start", "title"),
            _text(_LEFT + wide / 2, _HEIGHT - 10, unit)]  # fmt: skip


def _blocks(counts: set[int | None]) -> str:
    """``, and 1 DSP each``."""
    if counts == {0}:
        return ""
    return f", and {' or '.join(str(count) for count in sorted(count or 0 for count in counts))} DSP each"


def draw(found: Sequence[Point], library: str = "") -> str:
    """The picture (SVG): functions from top to bottom, targets from left to right."""
    functions = list(dict.fromkeys(point.case.function for point in found))
    targets = list(found[0].costs)
    width, height = _WIDTH * len(targets), _HEAD + _HEIGHT * len(functions)
    latencies = ", ".join(map(str, sorted({point.config.latency for point in found})))
    title = f"Largest error over every code against area; one result a cycle, latency {latencies}"
    body = [_text(16, 24, title, "start", "title")]
    x = 16.0
    for style, colour in _COLOURS.items():
        body += [f'<circle cx="{x + 4:.1f}" cy="42" r="4" fill="{colour}"/>', _text(x + 13, 46, style, "start")]
        x += 30 + 8 * len(style)
    body.append(_text(x, 46, "(numbers: segments asked for)", "start"))
    for row, function in enumerate(functions):
        mine = [point for point in found if point.case.function == function]
        for column, target in enumerate(targets):
            inner = "\n".join(_panel(mine, target, library))
            body.append(f'<g transform="translate({column * _WIDTH},{_HEAD + row * _HEIGHT})">\n{inner}\n</g>')
    size = f'width="{width}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" {size}>\n'
        "<style>text{font:12px system-ui,sans-serif;fill:#1c2430}.title{font-weight:600;font-size:14px}"
        ".small{font-size:10px;fill:#56606e}.grid{stroke:#dde2e8;stroke-width:.8}</style>\n"
        f'<rect {size} fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )
