"""Reports beside each other: differences, and tables whose cells stay what they are in the format they go to."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from ...hw.lookup import find
from .schema import Report, ReportError, figures

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}",
}  # fmt: skip
_MARKDOWN = frozenset("\\`*_{}[]()#+!|~<>&")
_NAMES = ("file", "kind", "tool", "version", "device", "top")


def rows_of(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """A row each: names, and :func:`nervure.generators.reports.schema.figures`."""
    return [{**{name: getattr(r, name) for name in _NAMES}, **figures(r)} for r in reports]


def difference(a: Report, b: Report) -> list[dict[str, Any]]:
    """``{figure, a, b, change, relative}`` for each figure that one of them has; None where both must have it."""
    rows: list[dict[str, Any]] = []
    left, right = figures(a), figures(b)
    for name, x in left.items():
        y = right[name]
        if x is None and y is None:
            continue
        change = None if x is None or y is None else y - x
        rows.append({"figure": name, "a": x, "b": y, "change": change,
                     "relative": change / x if change is not None and x else None})  # fmt: skip
    return rows


def write_table(rows: Sequence[dict[str, Any]], format: str) -> str:
    """The rows as ``markdown``, ``csv``, ``latex`` or ``json``; columns that no row has a value for fall away.

    Raises
    ------
    ReportError
        If the format is unknown.
    """
    writer = find("format", format, _FORMATS, ReportError)
    head = [name for name in rows[0] if any(row[name] is not None for row in rows)] if rows else []
    return writer(head, [[row[name] for name in head] for row in rows])


def _markdown(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    def line(cells: Sequence[object]) -> str:
        return f"| {' | '.join(_markdown_cell(cell) for cell in cells)} |"

    return "\n".join([line(head), f"|{' --- |' * len(head)}", *map(line, rows)]) + "\n"


def _markdown_cell(cell: object) -> str:
    return "".join(f"\\{c}" if c in _MARKDOWN else c for c in _one_line(cell))


def _latex(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    def line(cells: Sequence[object]) -> str:
        return " & ".join("".join(_LATEX.get(c, c) for c in _one_line(cell)) for cell in cells) + r" \\"

    body = [line(head), r"\hline", *map(line, rows)]
    return "\n".join([rf"\begin{{tabular}}{{{'l' * len(head)}}}", *body, r"\end{tabular}"]) + "\n"


def _csv(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([head, *(map(_sheet, row) for row in rows)])
    return out.getvalue()


def _sheet(cell: object) -> object:
    """A spreadsheet would run a text that begins like a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _json(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return json.dumps([dict(zip(head, row, strict=True)) for row in rows], indent=2) + "\n"


def _one_line(cell: object) -> str:
    return "" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else " ".join(str(cell).split())


_FORMATS = {"markdown": _markdown, "csv": _csv, "latex": _latex, "json": _json}
