"""The unit `activation` as its config describes it: manifest fields, timing, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.activation.config import ActivationConfig


def fields(config: ActivationConfig) -> dict[str, dict[str, Any]]:
    """Format of each payload field."""
    found = {"x": {"format": config.input}, "y": {"format": config.output}}
    if config.form == "reload":
        found |= {name: {"format": "uint1"} for name in ("load", "swap")}
        found |= {"slope": {"format": config.slope_format.name}, "bias": {"format": config.bias_format.name}}
        sign = "int" if config.first < 0 else "uint"
        found["knot"] = {"format": f"{sign}{config.knot_width}"}
    return found


def timing(config: ActivationConfig) -> dict[str, int]:
    """Latency and initiation interval in cycles."""
    return {"latency_cycles": config.latency, "initiation_interval": 1}


def derive(config: ActivationConfig) -> dict[str, Any]:
    """What follows from the config: where registers lie, what is stored, how wide the product is."""
    from ...hw.activation.circuit import cuts, spare
    from ...hw.activation.entries import entries, span
    from ...hw.activation.segments import shape_of
    from ...hw.activation.table import words
    from ...hw.lib.pipeline import place

    shown: dict[str, Any] = {"registers": place(cuts(config), config.latency, spare=spare(config))}
    if config.form == "table":
        return {**shown, "stored_bits": len(words(config)) * config.output_width}
    count, (slope, bias) = len(config.slopes), (config.slope_format.width, config.bias_format.width)
    knots = (count - 1) * config.knot_width if config.knots == "free" else 0
    shown |= {"stored_segments": count, "stored_bits": count * (slope + bias) + knots}
    if config.form == "reload":
        return {**shown, "memory_bits": 2 * shown["stored_bits"]}
    made = entries(config)
    width = config.knot_width if config.knots != "uniform" else config.address[0]
    return {**shown, "product": f"{shape_of(*span(made.slopes)).width} x {width}"}


def formula(config: ActivationConfig) -> str:
    """What the unit computes, in a few words: ``gelu(q3.12) to q3.12``."""
    return f"{config.function}({config.input}) to {config.output}"
