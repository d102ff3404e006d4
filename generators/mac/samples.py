"""Random valid configs of the units of this family, for fitting and checking estimates."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from ...hw.formats import FORMATS
from ...hw.mac.config import ACCUMULATORS, OPERANDS

BLOCKS = ("dsp48e2",) * 12 + ("lut",) * 5 + ("dsp58", "mult18x18", "sb_mac16")


def mac(draw: Random) -> dict[str, Any]:
    """Fields of a unit of one to three modes, with one lane or a few, at any latency; not all are valid."""
    count = draw.choices((1, 2, 3), (17, 2, 1))[0]
    multiplier = draw.choice(BLOCKS)
    integers = [name for name in OPERANDS if FORMATS[name].is_integer]
    modes = []
    for _ in range(count):
        whole = draw.random() < 0.25
        a, b = (draw.choice(integers if whole else OPERANDS) for _ in range(2))
        usable = [name for name in ACCUMULATORS if FORMATS[name].is_integer == whole]
        modes.append((a, b, draw.choice(usable)))
    lanes = (1, 1) if draw.random() < 0.7 else (draw.randint(1, 2), draw.randint(1, 3))
    fields = {key: ",".join(names) for key, names in zip(("a", "b", "acc"), zip(*modes, strict=True), strict=True)}
    return fields | {
        "lanes_a": lanes[0], "lanes_b": lanes[1], "multiplier": multiplier, "latency": draw.randint(2, 8),
        "rounding": draw.choice(("rne", "rne", "rtz")), "subnormals": draw.choice(("full", "flush")),
        "product": draw.choice(("fused", "fused", "fused", "rounded")),
        "overflow": draw.choice((None, None, "saturate")),
        "interface": draw.choice(("stream", "stream", "stream", "bare")),
    }  # fmt: skip


SAMPLES: dict[str, Callable[[Random], dict[str, Any]]] = {"mac": mac}
"""By unit: a draw of config fields, which the config may refuse."""
