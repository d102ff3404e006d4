"""From a wish to a multiply-accumulate unit: presets, manifest fields, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.mac.config import MacConfig

PRESETS: dict[str, dict[str, Any]] = {
    "bf16": {"a": "bf16", "b": "bf16", "acc": "fp32"},
    "bf16_bf16": {"a": "bf16", "b": "bf16", "acc": "bf16"},
    "fp8": {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16"},
    "fp8_bf16": {"a": "fp8_e4m3", "b": "bf16", "acc": "fp32"},
    "fp16": {"a": "fp16", "b": "fp16", "acc": "fp16"},
    "fp32": {"a": "fp32", "b": "fp32", "acc": "fp32"},
    "int8": {"a": "int8", "b": "int8", "acc": "int32"},
    "int4_bf16": {"a": "int4", "b": "bf16", "acc": "bf16"},
    "fp4_bf16": {"a": "fp4_e2m1", "b": "bf16", "acc": "bf16"},
}
"""Config fields by preset name."""


def fields(config: MacConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field; a field of several modes lists the format of each."""
    rows, columns = config.grid
    single = rows * columns == 1
    shapes = {"a": [rows], "b": [columns], "c": [rows, columns], "y": [rows, columns]}
    formats = {"a": config.a, "b": config.b, "c": config.acc, "y": config.acc}
    found = {name: {"format": fmt, "shape": [] if single else shapes[name]} for name, fmt in formats.items()}
    return {"mode": {"format": f"uint{(len(config.modes) - 1).bit_length()}", "shape": []}, **found}


def timing(config: MacConfig) -> dict[str, int]:
    """Latency and initiation interval in cycles."""
    return {"latency_cycles": config.latency, "initiation_interval": 1}


def derive(config: MacConfig) -> dict[str, Any]:
    """What follows from the config: lanes, multiplier blocks, where the pipeline registers lie, adder window."""
    from ...hw.lib.blocks import BLOCKS
    from ...hw.lib.multiplier import tiles
    from ...hw.lib.pipeline import place
    from ...hw.mac.circuit import cuts
    from ...hw.mac.geometry import Factor, Geometry

    wide_a, wide_b = config.a_format.significand_width, config.b_format.significand_width
    grid = tiles(wide_a, wide_b, config.multiplier)
    derived: dict[str, Any] = {
        "lanes": 1,
        "significands": [wide_a, wide_b],
        "multiplier": {
            "block": config.multiplier,
            "block_widths": list(BLOCKS[config.multiplier]) if config.multiplier in BLOCKS else None,
            "blocks": 0 if config.multiplier == "lut" else len(grid),
            "map": [{"a": [lsb_a, lsb_a + size_a - 1], "b": [lsb_b, lsb_b + size_b - 1],
                     "product": [lsb_a + lsb_b, lsb_a + lsb_b + size_a + size_b - 1]}
                    for lsb_a, size_a, lsb_b, size_b in grid],
        },
        "registers": place(cuts(config), config.latency, spare="product"),
    }  # fmt: skip
    if config.acc_format.is_float:
        factor = Factor.of_operands(config.a_format, config.b_format, config.acc_format, config.flush)
        derived["window"] = Geometry(factor, config.acc_format).window
    return derived


def formula(config: MacConfig) -> str:
    """What the unit computes, in a few words: ``bf16 * bf16 + fp32``."""
    return f"{config.a} * {config.b} + {config.acc}"
