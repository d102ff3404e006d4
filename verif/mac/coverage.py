"""Features of the multiply-accumulate unit: which a unit can show, and how often vectors show them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...golden import exact
from ...hw.formats import Format
from ...hw.mac.config import MacConfig
from .stimulus import Vectors, formats_of

FEATURES: dict[str, str] = {
    "normal": "operands, addend and result are normal numbers",
    "subnormal_operand": "a or b is subnormal",
    "subnormal_addend": "c is subnormal",
    "subnormal_result": "the result is subnormal",
    "underflow_to_zero": "the exact sum is not zero, the result is",
    "zero_product": "a or b is zero, c is not",
    "negative_zero": "the result is -0",
    "exact_cancellation": "product and addend cancel to zero",
    "massive_cancellation": "the sum is less than a quarter of either addend",
    "addend_dominates": "c is at least 2^12 times the product",
    "product_dominates": "the product is at least 2^12 times c",
    "tie": "the exact sum lies half-way between two results",
    "overflow": "finite operands overflow the accumulator",
    "infinite_operand": "an operand is infinite",
    "invalid": "Inf * 0 or Inf - Inf",
    "nan_operand": "an operand is NaN",
    "most_negative": "an operand is the most negative integer",
    "integer_overflow": "the exact integer sum does not fit the accumulator",
}
"""Feature name to what it means; which apply depends on the formats (:func:`features`)."""


SWITCHED = "the next beat has another mode"


def features(config: MacConfig) -> dict[str, str]:
    """The features that the unit can show; of several modes, each has its own, behind the number of the mode."""
    if len(config.modes) == 1:
        return _single(config.lane())
    found = {"switched": SWITCHED}
    for k, mode in enumerate(config.modes):
        formula = f"{mode.a.name} * {mode.b.name} + {mode.acc.name}"
        found |= {f"mode{k}_{name}": f"{formula}: {text}" for name, text in _single(config.lane(k)).items()}
    return found


def coverage(config: MacConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit, on any lane (zero where it was not)."""
    if config.grid == (1, 1) and len(config.modes) == 1:
        return _hits(config, inputs, outputs)
    count = len(inputs["a"])
    rows, columns = config.grid
    a, b, c, y = (codes.reshape(count, *shape) for codes, shape in (
        (inputs["a"], (rows, 1)), (inputs["b"], (1, columns)), (inputs["c"], (rows, columns)),
        (outputs["y"], (rows, columns))))  # fmt: skip
    mode = np.minimum(inputs["mode"], len(config.modes) - 1) if "mode" in inputs else np.zeros(count, np.uint64)
    found = {"switched": int(np.count_nonzero(mode[1:] != mode[:-1]))} if len(config.modes) > 1 else {}
    for k, used in enumerate(config.modes):
        part = (mode == k, slice(used.lanes_a), slice(used.lanes_b))
        shape = (int(np.count_nonzero(part[0])), used.lanes_a, used.lanes_b)
        lane = {}
        for name, codes, width in (("a", a, used.a.width), ("b", b, used.b.width), ("c", c, used.acc.width)):
            lane[name] = np.broadcast_to(codes[part], shape).reshape(-1) & np.uint64((1 << width) - 1)
        hits = _hits(config.lane(k), lane, {"y": y[part].reshape(-1)})
        found |= {f"mode{k}_{name}": hit for name, hit in hits.items()} if len(config.modes) > 1 else hits
    return found


def _single(config: MacConfig) -> dict[str, str]:
    formats = (config.a_format, config.b_format, config.acc_format)
    floats = [fmt for fmt in formats if fmt.is_float]
    acc = config.acc_format
    wanted = {"zero_product", "exact_cancellation"}
    if any(fmt.kind == "int" for fmt in formats[:2]):
        wanted.add("most_negative")
    if acc.is_integer:
        reach = config.a_format.significand_width + config.b_format.significand_width
        return {key: FEATURES[key] for key in FEATURES if key in wanted | {"integer_overflow"} and reach}
    wanted |= {"normal", "massive_cancellation", "nan_operand", "overflow"}
    if any(fmt.is_signed for fmt in formats[:2]):
        wanted.add("negative_zero")
    # The most that the product's magnitude can be below 1, and above, decides what c can tower over.
    low = sum(_lowest(fmt) for fmt in formats[:2])
    high = sum(fmt.max_exponent for fmt in formats[:2])
    if acc.max_exponent - low >= 14:
        wanted.add("addend_dominates")
    if high - (acc.min_exponent - acc.mantissa_width) >= 14:
        wanted.add("product_dominates")
    finest = sum(_last(fmt) for fmt in formats[:2])
    if finest < acc.max_exponent - acc.mantissa_width:
        wanted.add("tie")
    if any(fmt.mantissa_width and not (config.flush and fmt.flushes) for fmt in formats[:2] if fmt.is_float):
        wanted.add("subnormal_operand")
    if not config.flush:
        wanted |= {"subnormal_addend", "subnormal_result"}
    # Flushing: a product must come near the smallest normal for a sum to lie below it.
    least = sum(_last(fmt) if not fmt.flushes else fmt.min_exponent for fmt in formats[:2])
    if least <= acc.min_exponent if config.flush else finest < acc.min_exponent - acc.mantissa_width - 1:
        wanted.add("underflow_to_zero")
    if any(fmt.has_inf for fmt in floats):
        wanted.add("infinite_operand")
    if any(fmt.has_inf for fmt in formats[:2]):
        wanted.add("invalid")
    return {key: FEATURES[key] for key in FEATURES if key in wanted}


def _lowest(fmt: Format) -> int:
    return 0 if fmt.is_integer else fmt.min_exponent


def _last(fmt: Format) -> int:
    return 0 if fmt.is_integer else fmt.min_exponent - fmt.mantissa_width


def _hits(config: MacConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    a, b, c = (exact.decode(torch.from_numpy(np.ascontiguousarray(inputs[key]).astype(np.int64)), fmt, config.flush)
               for key, fmt in formats_of(config).items())  # fmt: skip
    acc = config.acc_format
    y = exact.decode(torch.from_numpy(outputs["y"].astype(np.int64)), acc)
    product = exact.multiply(a, b)
    nan = a.nan | b.nan | c.nan
    inf = a.inf | b.inf | c.inf
    finite = ~nan & ~inf
    total = exact.add(product, c)
    operand_formats = (config.a_format, config.b_format)
    hits: dict[str, Any] = {
        "zero_product": finite & product.zero & ~c.zero,
        "exact_cancellation": finite & (total.mantissa == 0) & ~c.zero,
        "most_negative": torch.stack([
            _codes(inputs, key) == 1 << (fmt.width - 1) if fmt.kind == "int" else torch.zeros_like(nan)
            for key, fmt in zip("ab", operand_formats, strict=True)]).any(0),
    }  # fmt: skip
    if acc.is_integer:
        signed = torch.where(product.sign, -product.mantissa, product.mantissa)
        signed = signed + torch.where(c.sign, -c.mantissa, c.mantissa)
        hits["integer_overflow"] = (signed < -(1 << (acc.width - 1))) | (signed >= 1 << (acc.width - 1))
    else:
        small = [subnormal(_codes(inputs, key), fmt) for key, fmt in formats_of(config).items()]
        tiny = subnormal(_codes(outputs, "y"), acc)
        size_p, size_c, size = (weight(x) for x in (product, c, total))
        near = (size_p > -(1 << 30)) & (size_c > -(1 << 30))
        last = size.clamp(min=acc.min_exponent) - acc.mantissa_width
        # A tie has exactly one bit below the last place: that bit is the mantissa's lowest set bit.
        low = weight(exact.Real(total.sign, total.mantissa & -total.mantissa, total.exponent, total.inf, total.nan))
        overflows = finite & (y.inf | y.nan | (_codes(outputs, "y") & (acc.sign_bit - 1) == acc.max_finite))
        hits |= {
            "normal": finite & ~torch.stack([*small, tiny, y.zero, product.zero, c.zero]).any(0),
            "subnormal_operand": small[0] | small[1],
            "subnormal_addend": small[2],
            "subnormal_result": finite & tiny,
            "underflow_to_zero": finite & (total.mantissa != 0) & y.zero,
            "negative_zero": y.zero & y.sign,
            "massive_cancellation": finite & near & (total.mantissa != 0) & (size < torch.minimum(size_p, size_c) - 1),
            "addend_dominates": finite & near & (size_c - size_p >= 12),
            "product_dominates": finite & near & (size_p - size_c >= 12),
            "tie": finite & (total.mantissa != 0) & (low == last - 1),
            "overflow": overflows & (size >= acc.max_exponent),
            "infinite_operand": inf & ~nan,
            "invalid": ~nan & total.nan & inf,
            "nan_operand": nan,
        }
    return {key: int(hits[key].sum()) for key in _single(config)}


def _codes(vectors: Vectors, key: str) -> torch.Tensor:
    return torch.from_numpy(vectors[key].astype(np.int64))


def subnormal(codes: torch.Tensor, fmt: Format) -> torch.Tensor:
    """Where codes are subnormal numbers; nowhere for integers."""
    if not fmt.is_float:
        return torch.zeros_like(codes, dtype=torch.bool)
    below = codes & (fmt.sign_bit - 1)
    return (below > 0) & (below < 1 << fmt.mantissa_width)


def weight(x: exact.Real) -> torch.Tensor:
    """Exponent of the leading bit; far below everything for zeros."""
    return torch.where(x.mantissa == 0, -(1 << 40), x.exponent + exact.bit_length(x.mantissa) - 1)
