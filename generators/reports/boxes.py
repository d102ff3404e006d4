"""Tables in boxes of ``+---+``, as Vivado (``|``) and Quartus (``;``) draw them."""

from __future__ import annotations

from collections.abc import Sequence

from .schema import ReportError

Rows = list[list[str]]


def boxes(lines: Sequence[str], bar: str) -> list[tuple[int, Rows]]:
    """The tables: line of the upper edge, and rows of cells, indented as they are. Edges between rows fall away.

    Raises
    ------
    ReportError
        If a table is not closed, or the file ends with the head of one: it is cut off.
    """
    found: list[tuple[int, Rows]] = []
    start, rows, closed, edges = -1, Rows(), True, 0
    for number, line in enumerate(lines):
        text = line.strip()
        if text.startswith("+-") and text.endswith("-+"):
            if start < 0:
                start, rows, edges = number, [], 0
            closed, edges = True, edges + 1
        elif start >= 0 and text.startswith(bar):
            if len(text) < 2 or not text.endswith(bar):
                raise ReportError("must hold whole tables")
            rows.append([cell[1:].rstrip() if cell[:1] == " " else cell.rstrip() for cell in text[1:-1].split(bar)])
            closed = False
        elif start >= 0:
            if not closed:
                raise ReportError("must hold whole tables")
            found.append((start, rows))
            start = -1
    if start >= 0:
        # A head alone has an edge below it, and so would be whole but for the edge of its rows.
        if not closed or edges < 2 or (edges == 2 and len(rows) == 1):
            raise ReportError("must hold whole tables")
        found.append((start, rows))
    return found


def number(text: str) -> float | None:
    """The number of a cell, without separators of thousands; None for what is none (a bound, ``NA``, nothing)."""
    try:
        return float(text.strip().replace(",", ""))
    except ValueError:
        return None


def count(text: str) -> int | None:
    """:func:`number` as a count; None for what is not whole."""
    value = number(text)
    return int(value) if value is not None and value.is_integer() else None
