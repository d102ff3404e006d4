"""How operands share a multiplier: the packed words and their product, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .svg import Drawing

NAMES, BIT, ROW, HIGH = 26, 14.0, 46, 24
WIDEST = 640.0


def draw_packing(mode: Mapping[str, Any]) -> Drawing:
    """One mode, from what a unit derives of it: most significant bits left, empty where a bit is always 0.

    Parameters
    ----------
    mode : mapping
        ``computes``; ``a`` and ``b``, lowest and highest bit of each operand in its word; ``products``, those of each
        lane's product by operand of A and of B.
    """
    products = {f"a{i} b{j}": span for i, row in enumerate(mode["products"]) for j, span in enumerate(row)}
    words: Sequence[tuple[str, dict[str, Sequence[int]]]] = [
        ("a", {f"a{i}": span for i, span in enumerate(mode["a"])}),
        ("b", {f"b{j}": span for j, span in enumerate(mode["b"])}),
        ("p", products),
    ]
    bits = max(high for _, fields in words for _, high in fields.values()) + 1
    wide = min(BIT, WIDEST / bits)
    picture = Drawing(NAMES + bits * wide + 4, len(words) * ROW + 4, f"Packing of {mode['computes']}")
    for row, (name, fields) in enumerate(words):
        top = row * ROW + 16
        picture.text(0, top + 16, name, "code")
        size = max(high for _, high in fields.values()) + 1
        right = NAMES + bits * wide
        picture.rect(right - size * wide, top, size * wide, HIGH, "grid")
        for label, (low, high) in fields.items():
            x, length = right - (high + 1) * wide, (high + 1 - low) * wide
            picture.rect(x, top, length, HIGH, "box", f"{label}: bits {high} to {low}")
            picture.text(x + length / 2, top + 16, label if length > 7 * len(label) else "", "code", "middle")
            picture.text(x + 1, top - 3, f"{high}", "soft")
            if length > 30:
                picture.text(x + length - 1, top - 3, f"{low}", "soft", "end")
    return picture
