"""From a wish to a cast: presets, manifest fields, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.mac.config.cast import BLOCKS, CastConfig

PRESETS: dict[str, dict[str, Any]] = {
    **{f"{a}_{b}": {"input": a, "output": b} for a, b in (
        ("fp32", "bf16"), ("fp32", "fp16"), ("fp32", "fp8_e4m3"), ("fp32", "fp8_e5m2"), ("fp32", "int8"),
        ("bf16", "fp8_e4m3"), ("bf16", "int8"), ("fp16", "bf16"), ("int8", "bf16"), ("int32", "bf16"),
    )},
    **{name: {"input": "fp32", "output": name, "latency": 4} for name in BLOCKS},
    "mxfp4_bf16": {"input": "bf16", "output": "mxfp4", "latency": 4},
}  # fmt: skip
"""Config fields by preset name."""


def fields(config: CastConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    shape = [config.count] if config.block or config.count > 1 else []
    found: dict[str, dict[str, Any]] = {
        "x": {"format": config.input, "shape": shape}, "y": {"format": config.output_format.name, "shape": shape}
    }  # fmt: skip
    if config.block:
        found["scale"] = {"format": config.block.scale}
    if config.tensor_scaled:
        found["t"] = {"format": "fp32"}
    return found


def timing(config: CastConfig) -> dict[str, int]:
    """Latency and initiation interval in cycles."""
    return {"latency_cycles": config.latency, "initiation_interval": 1}


def derive(config: CastConfig) -> dict[str, Any]:
    """What follows from the config: values a beat, scale, where the pipeline registers lie."""
    from ...hw.lib.pipeline import place
    from ...hw.mac.cast import SPARE, cuts

    derived: dict[str, Any] = {"lanes": config.count, "registers": place(cuts(config), config.latency, spare=SPARE)}
    if config.block:
        derived["scale"] = config.block.scale
        derived["bits_per_value"] = config.output_format.width + 8 / config.count
    return derived


def formula(config: CastConfig) -> str:
    """What the unit computes, in a few words: ``round(fp32) to bf16``."""
    if config.block:
        return f"{config.count} x {config.input} to {config.output}"
    return f"round({config.input}) to {config.output}"
