"""Evidence for the cast: features, golden outputs, coverage (stimulus in its own room)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch

from ....golden import exact
from ....golden.mac.cast import cast
from ....hw.formats import FORMATS, Format
from ....hw.mac.config.cast import CastConfig
from ...artifact import Artifact
from ..coverage import subnormal
from .claims import claims
from .stimulus import KINDS, Vectors, exhaustive, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "exhaustive", "expect", "features",
           "operations", "stimulus"]  # fmt: skip

FEATURES: dict[str, str] = {
    "exact": "a value that the output has",
    "inexact": "a value that is rounded",
    "tie": "a value half-way between two of the output",
    "subnormal_input": "x is subnormal",
    "subnormal_result": "y is subnormal",
    "underflow_to_zero": "x is not zero, y is",
    "negative_zero": "y is -0",
    "overflow": "a finite x is beyond the output's range",
    "infinite": "x is infinite",
    "nan": "x is NaN",
    "zero_block": "all values of a block are zeros",
    "special_block": "a block holds NaN or Inf, or its tensor scale is no positive number",
    "lowest_scale": "the scale is at its lower limit, the block not zero",
    "highest_scale": "the scale is at its upper limit",
    "saturated_element": "an element is the largest and its value larger",
}
"""Feature name to what it means; which apply depends on the formats (:func:`features`)."""


def config_of(artifact: Artifact) -> CastConfig:
    """The config that the artefact was made from."""
    return CastConfig(**artifact.manifest["config"])


def features(config: CastConfig) -> dict[str, str]:
    """The features that these formats can show."""
    if config.block is None:
        shown = _possible(config.input, config.output, config.rounding, config.subnormals, str(config.overflow))
        return {key: FEATURES[key] for key in FEATURES if key in shown}
    source, target = config.input_format, config.output_format
    wanted = {"exact", "inexact", "tie", "underflow_to_zero", "zero_block", "special_block", "saturated_element"}
    if not (config.flush and source.flushes):
        wanted.add("subnormal_input")
    if target.is_float:
        wanted.add("negative_zero")
    if target.mantissa_width and not (config.flush and target.flushes):
        wanted.add("subnormal_result")
    if source.exponent_width == 8 or config.tensor_scaled:
        wanted.add("lowest_scale")
    if config.tensor_scaled:
        wanted.add("highest_scale")
    return {key: FEATURES[key] for key in FEATURES if key in wanted}


@lru_cache(maxsize=256)
def _possible(source: str, target: str, rounding: str, subnormals: str, overflow: str) -> frozenset[str]:
    """What all codes of a narrow input show, and of a wide one those with few bits set below the upper half."""
    fields: dict[str, Any] = {"rounding": rounding, "subnormals": subnormals, "overflow": overflow}
    config = CastConfig(input=source, output=target, **fields)
    width = config.input_format.width
    codes = np.arange(1 << min(width, 16), dtype=np.uint64)
    if width > 16:
        low = np.array([0, 1, 0x1000, 0x8000], np.uint64)
        codes = np.concatenate([codes, ((codes[:, None] << np.uint64(width - 16)) | low).reshape(-1)])
    inputs = {"x": codes}
    return frozenset(key for key, hit in _hits(config, inputs, expect(config, inputs)).items() if hit.any())


def expect(config: CastConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    tensors = {key: torch.from_numpy(np.ascontiguousarray(codes).astype(np.int64)) for key, codes in inputs.items()}
    return {key: codes.numpy().astype(np.uint64) for key, codes in cast(config, **tensors).items()}


def describe(config: CastConfig, field: str, code: Any) -> Any:
    """A code as its value, ``0x3f80 (1.0)``; a block's codes as a list of them."""
    if np.ndim(code):
        return [describe(config, field, one) for one in code]
    fmt = {"x": config.input_format, "y": config.output_format, "t": FORMATS["fp32"]}.get(field)
    if fmt is None:
        assert config.block is not None
        fmt = FORMATS[config.block.scale]
    number = exact.to_float64(exact.decode(torch.tensor(int(code)), fmt)).item()
    return f"0x{int(code):0{(fmt.width + 3) // 4}x} ({int(number) if fmt.is_integer else repr(number)})"


def operations(config: CastConfig) -> dict[str, int]:
    """Arithmetic operations per beat: one rounding per value."""
    return {f"round_{config.output_format.name}": config.count}


def coverage(config: CastConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    hits = _hits(config, inputs, outputs)
    return {key: int(hits[key].sum()) for key in features(config)}


def _hits(config: CastConfig, inputs: Vectors, outputs: Vectors) -> dict[str, torch.Tensor]:
    """Where each feature is."""
    source, target = config.input_format, config.output_format
    codes = torch.from_numpy(inputs["x"].astype(np.int64))
    x = exact.decode(codes, source, config.flush)
    results = torch.from_numpy(outputs["y"].astype(np.int64))
    y = exact.decode(results, target)
    value, rounded = exact.to_float64(x), exact.to_float64(y)
    unit = _units(config, inputs, outputs)
    value = value / unit
    finite = ~x.inf & ~x.nan & ~y.nan & torch.isfinite(value)
    top = _largest(target)
    low = -top - (target.kind == "int") if target.is_signed else 0
    if config.block is not None and target.is_integer:
        low = -top
    over = finite & ((value > top) | (value < low)) | (~x.inf & ~x.nan & (y.inf | y.nan))
    tied = value
    if target.is_float:
        _, above = torch.frexp(value)
        least = -(10**6) if config.flush and target.flushes else target.min_exponent
        last = (above.to(torch.int64) - 1).clamp(min=least) - target.mantissa_width
        tied = torch.ldexp(value, -last.clamp(-900, 900))
    hits: dict[str, torch.Tensor] = {
        "exact": finite & (value == rounded) & (value != 0),
        "inexact": finite & ~over & (value != rounded),
        "tie": finite & ~over & (tied - tied.floor() == 0.5),
        "subnormal_input": subnormal(codes, source) & (x.mantissa != 0),
        "subnormal_result": subnormal(results, target),
        "underflow_to_zero": finite & (x.mantissa != 0) & (rounded == 0),
        "negative_zero": finite & (rounded == 0) & y.sign,
        "overflow": over,
        "infinite": x.inf,
        "nan": x.nan,
    }
    if config.block is not None:
        scale = torch.from_numpy(outputs["scale"].astype(np.int64))
        fmt = FORMATS[config.block.scale]
        special = scale == fmt.canonical_nan
        zeros = (x.mantissa == 0).all(-1) & ~special
        lowest = 0 if fmt.kind == "scale" else 1
        hits |= {
            "zero_block": zeros, "special_block": special, "lowest_scale": ~zeros & (scale == lowest),
            "highest_scale": scale == fmt.max_finite, "saturated_element": over,
        }  # fmt: skip
    return hits


def _units(config: CastConfig, inputs: Vectors, outputs: Vectors) -> torch.Tensor | float:
    """What y counts, as float64 (exact: a scale has four bits and t 24)."""
    if config.block is None:
        return 1.0
    scale = torch.from_numpy(outputs["scale"].astype(np.int64))
    unit = exact.to_float64(exact.decode(scale, FORMATS[config.block.scale]))
    if config.tensor_scaled:
        unit = unit * exact.to_float64(exact.decode(torch.from_numpy(inputs["t"].astype(np.int64)), FORMATS["fp32"]))
        unit = torch.where(unit == 0, 1.0, unit)
    return unit[..., None] / 2.0**config.block.point


def _largest(fmt: Format) -> float:
    return exact.to_float64(exact.decode(torch.tensor(fmt.max_finite), fmt)).item()
