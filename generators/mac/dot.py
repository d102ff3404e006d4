"""From a wish to a dot product: presets, manifest fields, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.mac.config.dot import DotConfig


def _mx(a: str, b: str, acc: str = "fp32") -> dict[str, Any]:
    return {"a": a, "b": b, "acc": acc, "elements": 32, "scale": "e8m0"}


PRESETS: dict[str, dict[str, Any]] = {
    "mxfp8_e4m3": _mx("fp8_e4m3", "fp8_e4m3"),
    "mxfp8_e5m2": _mx("fp8_e5m2", "fp8_e5m2"),
    "mxfp8_e4m3_e5m2": _mx("fp8_e4m3", "fp8_e5m2"),
    "mxfp6_e3m2": _mx("fp6_e3m2", "fp6_e3m2"),
    "mxfp6_e2m3": _mx("fp6_e2m3", "fp6_e2m3"),
    "mxfp6_e3m2_e2m3": _mx("fp6_e3m2", "fp6_e2m3"),
    "mxfp4": _mx("fp4_e2m1", "fp4_e2m1"),
    "mxint8": _mx("mxint8", "mxint8"),
    "mxfp4_bf16": _mx("fp4_e2m1", "fp4_e2m1", "bf16"),
    "nvfp4": {"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "fp32", "elements": 16, "scale": "nvfp4"},
    "fp4_dot8": {"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "bf16", "elements": 8},
    "fp8_dot4": {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16", "elements": 4},
    "int8_dot": {"a": "int8", "b": "int8", "acc": "int32", "elements": 16},
    "int4_dot": {"a": "int4", "b": "int4", "acc": "int32", "elements": 16},
}
"""Config fields by preset name; blocks and scales of ``mx*`` are those of OCP MX v1.0."""


def fields(config: DotConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    return {name: {"format": fmt, "shape": [count] if count else []} for name, (fmt, count) in config.fields.items()}


def timing(config: DotConfig) -> dict[str, int]:
    """Latency and initiation interval in cycles."""
    return {"latency_cycles": config.latency, "initiation_interval": 1}


def derive(config: DotConfig) -> dict[str, Any]:
    """What follows from the config: the grid of the exact sum, the tree, where registers lie, the adder window."""
    from ...hw.lib.pipeline import place
    from ...hw.mac.dot import block_factor, cuts, levels
    from ...hw.mac.geometry import Geometry

    derived: dict[str, Any] = {
        "grid": {"lsb": config.lsb, "product_bits": config.largest_product.bit_length(), "sum_bits": config.sum_width},
        "adder_levels": levels(config),
        "registers": place(cuts(config), config.latency, spare="product"),
    }
    if config.acc_format.is_integer:
        derived["integer_bits"] = config.integer_bits
    else:
        derived["window"] = Geometry(block_factor(config), config.acc_format).window
    return derived


def formula(config: DotConfig) -> str:
    """What the unit computes, in a few words."""
    scale = {"none": "", "e8m0": "2^(sa + sb) * ", "nvfp4": "sa * sb * t * "}[config.scale]
    return f"{scale}sum of {config.elements} {config.a} * {config.b} + {config.acc}"
