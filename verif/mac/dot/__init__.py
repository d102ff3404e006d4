"""Evidence for the dot product: features, golden outputs, coverage (stimulus and claims in their own rooms)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ....golden import exact
from ....golden.mac.dot import EXACT, LIMB, block_sum, decode_element, scale
from ....hw.mac.config.dot import DotConfig
from ...artifact import Artifact
from ..coverage import subnormal, weight
from .claims import claims
from .stimulus import KINDS, Vectors, format_of, golden, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "exhaustive", "expect", "features",
           "operations", "stimulus"]  # fmt: skip

FEATURES: dict[str, str] = {
    "normal": "finite operands, a sum of the block that is not zero, a normal result",
    "zero_block": "the block's sum is zero, c is not",
    "cancelling_block": "products that are not zero add up to zero",
    "negative_zero": "the result is -0",
    "exact_cancellation": "scaled sum and c cancel to zero",
    "massive_cancellation": "scaled sum and c cancel to less than a quarter of either",
    "addend_dominates": "c is at least 2^12 times the scaled sum",
    "block_dominates": "the scaled sum is at least 2^12 times c",
    "subnormal_element": "an element is subnormal",
    "subnormal_addend": "c is subnormal",
    "subnormal_result": "the result is subnormal",
    "underflow_to_zero": "the exact result is not zero, its code is",
    "tie": "the exact result lies half-way between two codes",
    "overflow": "finite operands overflow the accumulator",
    "largest_sum": "the block's sum needs all its bits",
    "extreme_scale": "a scale is the least or the greatest finite one",
    "nan_scale": "a scale is NaN",
    "negative_scale": "the product of the scales is negative",
    "infinite_operand": "an operand is infinite",
    "invalid": "Inf * 0 or Inf - Inf",
    "nan_operand": "an element or c is NaN",
    "most_negative": "an element is the most negative integer",
    "integer_overflow": "the exact integer result does not fit the accumulator",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> DotConfig:
    """The config that the artefact was made from."""
    return DotConfig(**artifact.manifest["config"])


def features(config: DotConfig) -> dict[str, str]:
    """The features that this config can show."""
    acc = config.acc_format
    formats = [config.a_element.format, config.b_element.format]
    wanted = {"zero_block", "exact_cancellation"}
    if config.elements > 1 and any(fmt.is_signed for fmt in formats):
        wanted.add("cancelling_block")
    if any(fmt.kind == "int" for fmt in formats):
        wanted.add("most_negative")
    if acc.is_integer:
        return {key: FEATURES[key] for key in FEATURES if key in wanted | {"integer_overflow"}}
    wanted |= {"normal", "massive_cancellation", "addend_dominates", "nan_operand", "overflow", "infinite_operand",
               "largest_sum"}  # fmt: skip
    if any(fmt.is_signed for fmt in formats):
        wanted.add("negative_zero")
    if not config.flush:
        wanted |= {"subnormal_addend", "subnormal_result"}
    if any(fmt.is_float and fmt.mantissa_width and not (config.flush and fmt.flushes) for fmt in formats):
        wanted.add("subnormal_element")
    if config.scale == "none":
        high, low = config.sum_width + config.lsb, config.lsb
    else:
        wanted |= {"nan_scale", "extreme_scale"}
        high, low = 200, -200
    if config.scale == "nvfp4":
        wanted |= {"negative_scale"}
    if high - (acc.min_exponent - acc.mantissa_width) >= 14:
        wanted.add("block_dominates")
    if low < acc.max_exponent - acc.mantissa_width:
        wanted.add("tie")
    if low < acc.min_exponent - acc.mantissa_width - 1:
        wanted.add("underflow_to_zero")
    if any(fmt.has_inf for fmt in formats) or config.scale == "nvfp4":
        wanted.add("invalid")
    return {key: FEATURES[key] for key in FEATURES if key in wanted}


def expect(config: DotConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    return {"y": golden(config, inputs)}


def describe(config: DotConfig, field: str, code: int) -> str:
    """A code as its value: ``0x3f80 (1.0)``."""
    fmt = format_of(config.fields[field][0])
    codes = torch.tensor(int(code))
    element = {"a": config.a_element, "b": config.b_element}.get(field)
    number = decode_element(codes, element, False) if element else exact.decode(codes, fmt)
    value = exact.to_float64(number).item()
    whole = fmt.is_integer and (element is None or element.lsb == 0)
    return f"0x{int(code):0{(fmt.width + 3) // 4}x} ({int(value) if whole else repr(value)})"


def operations(config: DotConfig) -> dict[str, int]:
    """Arithmetic operations per beat: products of significands, additions of the tree, one in the accumulator."""
    a, b = config.a_element.format.significand_width, config.b_element.format.significand_width
    found = {f"multiply_{a}x{b}": config.elements}
    if config.elements > 1:
        found[f"add_{config.sum_width}"] = config.elements - 1
    if config.scale == "nvfp4":
        found |= {"multiply_4x4": 1, "multiply_8x24": 1, f"multiply_{config.sum_width}x32": 1}
    return {**found, f"add_{config.acc}": 1}


def exhaustive(config: DotConfig, addends: int = 256) -> Iterator[Vectors] | None:
    """Every pair of elements of a block of one product with that many addends; None for longer blocks, and scales."""
    if config.elements > 1 or config.scale != "none":
        return None
    c = np.unique(stimulus(config, 4 * addends, 0, "corners")["c"])[:addends]
    a, b = config.a_element.format.width, config.b_element.format.width
    pairs = np.arange(1 << (a + b), dtype=np.uint64)

    def chunks() -> Iterator[Vectors]:
        for start in range(0, len(pairs), 1024):
            some = np.repeat(pairs[start : start + 1024], len(c))[:, None]
            yield {"a": some >> np.uint64(b), "b": some & np.uint64((1 << b) - 1),
                   "c": np.tile(c, len(some) // len(c))}  # fmt: skip

    return chunks()


def coverage(config: DotConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    codes = {key: torch.from_numpy(np.ascontiguousarray(value).astype(np.int64))
             for key, value in {**inputs, **outputs}.items()}  # fmt: skip
    acc = config.acc_format
    elements = [decode_element(codes[key], getattr(config, f"{key}_element"), config.flush) for key in "ab"]
    c, y = exact.decode(codes["c"], acc, config.flush), exact.decode(codes["y"], acc)
    block, high, _ = block_sum(config, codes["a"], codes["b"])
    hits: dict[str, Any] = {}
    for key, element in zip("ab", (config.a_element, config.b_element), strict=True):
        if element.format.kind == "int":
            lowest = (codes[key] == element.format.sign_bit).any(-1)
            hits["most_negative"] = hits.get("most_negative", False) | lowest
    something = ((elements[0].mantissa != 0) & (elements[1].mantissa != 0)).any(-1)
    c_there = (c.mantissa != 0) & ~c.nan & ~c.inf
    hits |= {"zero_block": block.zero & c_there, "cancelling_block": block.zero & something}
    if acc.is_integer:
        total = torch.where(block.sign, -block.mantissa, block.mantissa)
        total = total + torch.where(c.sign, -c.mantissa, c.mantissa)
        hits["integer_overflow"] = (total < -(1 << (acc.width - 1))) | (total >= 1 << (acc.width - 1))
        hits["exact_cancellation"] = (total == 0) & c_there
        return {key: int(hits[key].sum()) for key in features(config)}
    factor = scale(config, block.sign, *(codes.get(key) for key in ("scale_a", "scale_b", "t")))
    scaled = exact.multiply(factor, block)
    total = exact.add(scaled, c)
    narrow = high.abs() < EXACT >> LIMB
    finite = ~total.nan & ~total.inf
    element_nan = elements[0].nan.any(-1) | elements[1].nan.any(-1)
    element_inf = elements[0].inf.any(-1) | elements[1].inf.any(-1)
    near = finite & narrow & (scaled.mantissa != 0) & c_there
    size_p, size_c, size = (weight(x) for x in (scaled, c, total))
    last = size.clamp(min=acc.min_exponent) - acc.mantissa_width
    lowest_bit = weight(exact.Real(total.sign, total.mantissa & -total.mantissa, total.exponent, total.inf, total.nan))
    tiny = subnormal(codes["y"], acc)
    top = torch.where(narrow, exact.bit_length(block.mantissa), exact.bit_length(high.abs()) + LIMB)
    hits |= {
        "normal": finite & (block.mantissa != 0) & ~tiny & ~y.zero & ~y.inf & ~y.nan,
        "negative_zero": y.zero & y.sign,
        "exact_cancellation": near & (total.mantissa == 0),
        "massive_cancellation": near & (total.mantissa != 0) & (size < torch.minimum(size_p, size_c) - 1),
        "addend_dominates": near & (size_c - size_p >= 12),
        "block_dominates": near & (size_p - size_c >= 12),
        "subnormal_element": (subnormal(codes["a"], config.a_element.format)
                              | subnormal(codes["b"], config.b_element.format)).any(-1),
        "subnormal_addend": subnormal(codes["c"], acc),
        "subnormal_result": finite & tiny,
        "underflow_to_zero": finite & narrow & (total.mantissa != 0) & y.zero,
        "tie": finite & narrow & (total.mantissa != 0) & (lowest_bit == last - 1),
        "overflow": finite & (size >= acc.max_exponent)
                    & (y.inf | y.nan | (codes["y"] & (acc.sign_bit - 1) == acc.max_finite)),
        "largest_sum": (top == config.sum_width) & ~block.nan & ~block.inf,
        "infinite_operand": element_inf | c.inf | (factor.inf & ~factor.nan),
        "invalid": total.nan & ~element_nan & ~c.nan & ~_scale_nan(config, codes),
        "nan_operand": element_nan | c.nan,
        "negative_scale": factor.sign,
    }  # fmt: skip
    if (fmt := config.scale_format) is not None:
        least = 0 if fmt.kind == "scale" else 1
        scales = torch.stack([codes["scale_a"], codes["scale_b"]]) & ((1 << fmt.width) - 1 if least == 0 else 0x7F)
        hits["extreme_scale"] = ((scales == least) | (scales == fmt.max_finite)).any(0)
        hits["nan_scale"] = _scale_nan(config, codes)
    return {key: int(hits[key].sum()) for key in features(config)}


def _scale_nan(config: DotConfig, codes: dict[str, torch.Tensor]) -> torch.Tensor:
    """Whether a scale is NaN by itself."""
    nan = torch.zeros_like(codes["c"], dtype=torch.bool)
    for key in ("scale_a", "scale_b", "t"):
        if key in codes:
            nan = nan | exact.decode(codes[key], format_of(config.fields[key][0])).nan
    return nan
