"""Drawings as SVG inside a page: shapes and texts, every text escaped, colours from the page's own style."""

from __future__ import annotations

from collections.abc import Sequence

from .escape import html

STYLE = """
.draw { overflow-x: auto; margin: .6rem 0; }
.draw svg { border-radius: 0; }
.draw text { fill: var(--ink); font: 12px/1 system-ui, sans-serif; }
.draw .soft { fill: var(--soft); font-size: 11px; }
.draw .code { font-family: ui-monospace, monospace; font-size: 11px; }
.draw .box { fill: var(--tint); stroke: var(--mark); stroke-width: 1.2; }
.draw .port { fill: var(--paper); stroke: var(--soft); stroke-width: 1.2; }
.draw .wire { fill: none; stroke: var(--soft); stroke-width: 1.2; }
.draw .grid { fill: none; stroke: var(--line); stroke-width: 1; }
.draw .rank { fill: none; stroke: var(--mark); stroke-width: 1.2; stroke-dasharray: 5 4; }
.draw .high { fill: none; stroke: var(--good); stroke-width: 1.8; }
.draw .bus { fill: var(--tint); stroke: var(--soft); stroke-width: 1.2; }
.draw .unknown { fill: none; stroke: var(--bad); stroke-width: 1.2; }
.draw .curve0, .draw .curve1, .draw .curve2 { fill: none; stroke: var(--mark); stroke-width: 2; }
.draw .curve1 { stroke: var(--good); } .draw .curve2 { stroke: var(--soft); stroke-dasharray: 5 4; }
.draw .point { fill: var(--soft); fill-opacity: .55; }
.draw .best { fill: var(--mark); stroke: var(--paper); stroke-width: 1.5; }
.draw [data-command] { cursor: pointer; }
.draw [data-command]:hover, .draw [data-command]:focus { stroke: var(--ink); stroke-width: 2; outline: none; }
"""
"""Rules for a page that shows drawings, beside those of :mod:`nervure.generators.report`."""


class Drawing:
    """A picture that grows shape by shape; lengths are CSS pixels at its natural size.

    Parameters
    ----------
    width, height : float
    title : str
        What it shows, for those who cannot see it.
    """

    def __init__(self, width: float, height: float, title: str):
        self.width, self.height, self._title = width, height, title
        self._shapes: list[str] = []
        self.live = False
        """Whether a click on a shape does something."""

    def rect(self, x: float, y: float, width: float, height: float, kind: str, hover: str = "") -> None:
        """A rectangle with rounded corners; ``hover`` is shown by the browser when the pointer rests on it."""
        self._add("rect", kind, f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4"', hover)

    def circle(self, x: float, y: float, radius: float, kind: str, hover: str = "", command: str = "") -> None:
        """A dot; a click on one with a command copies that."""
        at = f'cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"'
        if command:
            self.live = True
            at += f' data-command="{html(command)}" tabindex="0" role="button"'
        self._add("circle", kind, at, hover)

    def line(self, points: Sequence[tuple[float, float]], kind: str, closed: bool = False, hover: str = "") -> None:
        """Straight lines from point to point, and back to the first where they are closed."""
        text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._add("polygon" if closed else "polyline", kind, f'points="{text}"', hover)

    def flow(self, points: Sequence[tuple[float, float]], kind: str = "wire") -> None:
        """A smooth line that leaves and meets every point from above to below."""
        (x, y), path = points[0], f"M{points[0][0]:.1f} {points[0][1]:.1f}"
        for to_x, to_y in points[1:]:
            middle = (y + to_y) / 2
            path += f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}"
            x, y = to_x, to_y
        self._add("path", kind, f'd="{path}"')

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        """A line of text on the base line y; ``anchor`` is ``start``, ``middle`` or ``end``."""
        self._shapes.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html(text)}</text>')

    def svg(self) -> str:
        """The element: at most its natural size, and no smaller than three quarters of it."""
        size = f"max-width:{self.width:.0f}px;min-width:{0.75 * self.width:.0f}px"
        return (
            f'<svg viewBox="0 0 {self.width:.0f} {self.height:.0f}" role="img" aria-label="{html(self._title)}" '
            f'style="{size}">{"".join(self._shapes)}</svg>'
        )

    def _add(self, tag: str, kind: str, attributes: str, hover: str = "") -> None:
        inside = f"<title>{html(hover)}</title>" if hover else ""
        self._shapes.append(f'<{tag} class="{kind}" {attributes}>{inside}</{tag}>')
