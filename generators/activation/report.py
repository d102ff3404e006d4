"""The error over x as a picture (SVG) and as data (JSON), with the band that no such segments could keep to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ...golden.activation import above, inputs
from ...hw.activation.config import ActivationConfig
from .certify import certificate
from .functions import resolve
from .lines import errors
from .target import Reals

COLUMNS = 720
"""Columns of the picture; each shows the least and greatest error of its codes."""
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 860, 420, 92, 58, 24, 56


def report(config: ActivationConfig, values: Reals | None = None) -> dict[str, Any]:
    """The error of a unit over every code, as JSON values.

    Parameters
    ----------
    config : ActivationConfig
    values : float64 array or None
        The function on each code of the domain; None: of the config's name, which is imported if it has to be.

    Returns
    -------
    dict
        ``unit, module, digest, function, domain, input, output, form, certificate, x, lowest, highest`` (the least and
        greatest ``y - f(x)`` among the codes from one x to the next), ``mean_error`` (of magnitudes), and ``segments``
        ``[{u, x, slope, bias}]``.
    """
    codes, numbers = inputs(config)
    lsb, inside = float(config.input_format.lsb), ~above(config, codes).numpy()
    x = numbers.numpy()
    slope_lsb, bias_lsb = float(config.slope_format.lsb), float(config.bias_format.lsb)
    if values is None:
        values = resolve(config.function)(x)
    off, x = errors(config, values)[inside], x[inside]
    if config.float_input is None:
        edges = np.unique(np.linspace(0, len(x), COLUMNS + 1).astype(np.int64)[:-1])
    else:  # codes are not equally far apart
        edges = np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], COLUMNS + 1)[:-1]))
    found: dict[str, Any] = {
        "unit": config.unit, "module": config.module_name, "digest": config.digest,
        **{key: getattr(config, key) for key in ("function", "domain", "input", "output", "form", "knots", "symmetry")},
        "certificate": certificate(config), "mean_error": float(np.abs(off).mean()),
        "x": x[edges].tolist(), "end": float(x[-1]),
        "lowest": np.minimum.reduceat(off, edges).tolist(), "highest": np.maximum.reduceat(off, edges).tolist(),
        "segments": [
            {"u": u, "x": u * lsb, "slope": m * slope_lsb, "bias": b * bias_lsb}
            for u, m, b in zip((config.first, *config.breakpoints), config.slopes, config.biases, strict=False)
        ],
    }  # fmt: skip
    return found


def draw(data: dict[str, Any]) -> str:
    """The picture of a report: the error, the band of the limit, and where segments begin."""
    bound, limit = data["certificate"]["max_error"], data["certificate"]["limit"]
    top = 1.15 * max(bound, limit, 1e-30)
    first, last = data["x"][0], data["end"]
    span = (last - first) or 1.0

    def across(x: float) -> float:
        return _LEFT + (x - first) / span * (_WIDTH - _LEFT - _RIGHT)

    def down(error: float) -> float:
        return _TOP + (1 - error / top) / 2 * (_HEIGHT - _TOP - _BOTTOM)

    ends = [*data["x"][1:], last]
    upper = [(across(x), down(e)) for a, b, e in zip(data["x"], ends, data["highest"], strict=True) for x in (a, b)]
    lower = [(across(x), down(e)) for a, b, e in zip(data["x"], ends, data["lowest"], strict=True) for x in (a, b)]
    outline = " ".join(f"{x:.2f},{y:.2f}" for x, y in [*upper, *reversed(lower)])
    body = [f'<rect class="band" x="{_LEFT}" y="{down(limit):.2f}" width="{_WIDTH - _LEFT - _RIGHT}" '
            f'height="{down(-limit) - down(limit):.2f}"/>']  # fmt: skip
    sides = (1,) if data["symmetry"] == "none" else (1, -1)
    knots = sorted({sign * segment["x"] for segment in data["segments"][1:] for sign in sides})
    body += [f'<line class="knot" x1="{across(x):.2f}" x2="{across(x):.2f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
             for x in knots if first <= x <= last]  # fmt: skip
    body.append(f'<polygon class="error" points="{outline}"/>')
    for value, label in ((bound, f"{bound:.3g}"), (-bound, f"-{bound:.3g}")):
        body.append(f'<line class="bound" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{down(value):.2f}" '
                    f'y2="{down(value):.2f}"/>')  # fmt: skip
        body.append(_text(_LEFT - 8, down(value) + 4, label, "end"))
    body.append(_text(_LEFT - 8, down(0) + 4, "0", "end"))
    for k in range(5):
        x = round((first + span * k / 4) / span, 3) * span
        body.append(_text(across(x), _HEIGHT - _BOTTOM + 20, f"{x + 0.0:.4g}", "middle"))
    ratio = data["certificate"]["ratio"]
    title = f"{data['function']}({data['input']}) to {data['output']}, {data['form']}: error over every code"
    stored = data["certificate"]["stored_segments"]
    lead = (f"{stored} stored segments, " if stored else "table, ") + f"largest error {bound:.4g}, limit {limit:.4g}"
    caption = "x  (band: the limit; thin lines: where segments begin)"
    size = f'width="{_WIDTH}" height="{_HEIGHT}"'
    body += [_text(_LEFT, 24, title, "start", "title"),
             _text(_LEFT, 44, lead + (f", ratio {ratio:.3f}" if ratio else ""), "start"),
             _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14, caption, "middle")]  # fmt: skip
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {size}>\n'
        "<style>text{font:13px system-ui,sans-serif;fill:#1c2430}.title{font-weight:600;font-size:15px}"
        ".band{fill:#cfe3d6}.knot{stroke:#b9c2cf;stroke-width:.6}.bound{stroke:#b3261e;stroke-dasharray:4 3}"
        ".error{fill:#2563a8;stroke:#2563a8;stroke-width:.7;stroke-linejoin:round}</style>\n"
        f'<rect {size} fill="#fff"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    from html import escape

    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
            + (f' class="{kind}"' if kind else "") + f">{escape(text)}</text>")  # fmt: skip


def write(config: ActivationConfig, directory: Path, values: Reals | None = None) -> tuple[dict[str, Any], list[Path]]:
    """Writes ``<module>_error.svg`` and ``<module>_error.json``; returns what the latter holds, and both paths."""
    data = report(config, values)
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{config.module_name}_error.{kind}" for kind in ("svg", "json")]
    paths[0].write_text(draw(data), encoding="utf-8")
    paths[1].write_text(json.dumps(data) + "\n", encoding="utf-8")
    return data, paths
