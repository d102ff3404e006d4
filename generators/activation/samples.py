"""Random valid configs of the units of this family, for fitting and checking estimates."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

FUNCTIONS = ("gelu", "silu", "sigmoid", "tanh", "exp", "softplus")


def activation(draw: Random) -> dict[str, Any]:
    """A wish for tables or segments between fixed-point formats; not all can be met."""
    form = draw.choice(("table", "pwl", "pwl", "fold"))
    whole, fraction = draw.randint(2, 4), draw.randint(3, 5) if form == "table" else draw.randint(4, 10)
    asked = {"segments": draw.choice((2, 4, 6, 8, 12, 16, 24, 32))} if form != "table" else {}
    return {
        "function": draw.choice(FUNCTIONS), "form": form, "domain": f"{-(1 << whole)}:{1 << whole}",
        "input": f"q{whole}.{fraction}", "output": f"q{draw.randint(1, 4)}.{draw.randint(5, 12)}", **asked,
        "knots": draw.choice(("free", "uniform", "pow2")) if form != "table" else "free",
        "latency": draw.randint(1, 8), "multiplier": draw.choice(("auto", "auto", "lut")),
        "interface": draw.choice(("stream", "stream", "stream", "bare")),
    }  # fmt: skip


def pow2round(draw: Random) -> dict[str, Any]:
    """A rounder of one to six values of 2 to 32 bits."""
    sign = draw.randint(0, 1)
    width = draw.randint(2, 32) - sign
    whole = draw.randint(0, width)
    return {
        "rounding": draw.choice(("arithmetic", "geometric", "ceiling")),
        "input": f"{'' if sign else 'u'}q{whole}.{width - whole}", "elements": draw.choice((1, 1, 2, 3, 4, 6)),
        "latency": draw.randint(1, 8), "interface": draw.choice(("stream", "stream", "stream", "bare")),
    }  # fmt: skip


SAMPLES: dict[str, Callable[[Random], dict[str, Any]]] = {"activation": activation, "pow2round": pow2round}
"""By unit: a draw of config fields, which the config may refuse."""
