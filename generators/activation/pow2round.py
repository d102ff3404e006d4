"""From a wish to a rounder to powers of two: presets, manifest fields, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.activation.config.pow2round import Pow2RoundConfig

PRESETS: dict[str, dict[str, Any]] = {
    "arithmetic": {"rounding": "arithmetic", "input": "uq16.16"},
    "geometric": {"rounding": "geometric", "input": "q15.16"},
    "ceiling": {"rounding": "ceiling", "input": "uq16.16"},
    "geometric_x8": {"rounding": "geometric", "input": "q3.8", "elements": 8},
}
"""Config fields by preset name."""

THRESHOLDS = {"arithmetic": "1.5 * 2^j", "geometric": "sqrt(2) * 2^j", "ceiling": "the next above 2^j"}


def fields(config: Pow2RoundConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    shape = [config.elements] if config.elements > 1 else []
    formats = {"x": config.input, "e": f"int{config.exponent_width}", "zero": "uint1", "sign": "uint1"}
    return {name: {"format": fmt, "shape": shape} for name, fmt in formats.items()}


def timing(config: Pow2RoundConfig) -> dict[str, int]:
    """Latency and initiation interval in cycles."""
    return {"latency_cycles": config.latency, "initiation_interval": 1}


def derive(config: Pow2RoundConfig) -> dict[str, Any]:
    """What follows from the config: threshold, range of exponents, where the pipeline registers lie."""
    from ...hw.activation.pow2round import CUTS, SPARE
    from ...hw.lib.pipeline import place

    low, high = config.exponents
    return {
        "kind": "trained-in: for layers that were trained with this rounding",
        "up_from": THRESHOLDS[config.rounding], "exponents": [low, high],
        "registers": place(CUTS, config.latency, spare=SPARE),
    }  # fmt: skip


def formula(config: Pow2RoundConfig) -> str:
    """What the unit computes, in a few words: ``sgn(x) 2^e near q15.16, geometric``."""
    sign = "sgn(x) " if config.input_format.signed else ""
    return f"{sign}2^e near {config.input}, {config.rounding}"
