"""Evidence for the multiply-accumulate unit: features, stimulus, golden outputs, coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ..golden import exact
from ..golden.mac import mac
from ..hw.formats import FORMATS, Format
from ..hw.mac.config import MacConfig
from .artifact import Artifact

Vectors = dict[str, np.ndarray]

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

KINDS = ("mixed", "uniform", "normal", "llm", "corners")


def config_of(artifact: Artifact) -> MacConfig:
    """The config that the artefact was made from."""
    return MacConfig(**artifact.manifest["config"])


def features(config: MacConfig) -> dict[str, str]:
    """The features that these formats can show."""
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


def stimulus(config: MacConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Operand codes.

    Parameters
    ----------
    config : MacConfig
    count : int
        Vectors.
    seed : int
    kind : str
        ``uniform`` codes; ``normal`` values N(0, 1); ``llm``: weights N(0, 0.02), activations N(0, 1) with outliers,
        accumulators of partial dot products; ``corners``: edges of the formats and sums made to cancel, overflow and
        underflow; ``mixed``: a quarter of each.

    Returns
    -------
    dict of str to uint64 array
        ``a``, ``b``, ``c``, each of shape (count,).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind != "mixed":
        return _GENERATORS[kind](config, count, rng)
    quarters = enumerate(("corners", "uniform", "normal", "llm"))
    parts = [_GENERATORS[quarter](config, (count + i) // 4, rng) for i, quarter in quarters]
    order = rng.permutation(count)
    return {key: np.concatenate([part[key] for part in parts])[order] for key in "abc"}


def _formats(config: MacConfig) -> dict[str, Format]:
    return {"a": config.a_format, "b": config.b_format, "c": config.acc_format}


def _uniform(config: MacConfig, count: int, rng: np.random.Generator) -> Vectors:
    return {key: rng.integers(0, 1 << fmt.width, count, dtype=np.uint64) for key, fmt in _formats(config).items()}


def quantise(values: np.ndarray, fmt: Format) -> np.ndarray:
    """Codes of real values: rounded to nearest and saturated; integers take the value as it is."""
    if fmt.is_integer:
        low, high = (-(1 << (fmt.width - 1)), (1 << (fmt.width - 1)) - 1) if fmt.kind == "int" else (0, fmt.max_finite)
        return (np.clip(np.rint(values), low, high).astype(np.int64) & ((1 << fmt.width) - 1)).astype(np.uint64)
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.int32).astype(np.int64)
    number = exact.decode(torch.from_numpy(bits), FORMATS["fp32"])
    if fmt.has_nan:
        return exact.encode(number, fmt, saturate=True).numpy().astype(np.uint64)
    # Narrow formats without NaN: the nearest of their few values.
    codes = np.arange(1 << fmt.width)
    table = exact.to_float64(exact.decode(torch.from_numpy(codes), fmt)).numpy()
    order = np.argsort(table, kind="stable")
    at = np.searchsorted((table[order][1:] + table[order][:-1]) / 2, values)
    return codes[order][at].astype(np.uint64)


def _scaled(fmt: Format, values: np.ndarray, share: float) -> np.ndarray:
    """Integers get the values scaled so that one standard deviation is that share of their range."""
    return values * share * fmt.max_finite if fmt.is_integer else values


def _normal(config: MacConfig, count: int, rng: np.random.Generator) -> Vectors:
    return {key: quantise(_scaled(fmt, rng.standard_normal(count), 0.3), fmt)
            for key, fmt in _formats(config).items()}  # fmt: skip


def _llm(config: MacConfig, count: int, rng: np.random.Generator) -> Vectors:
    a, b, acc = config.a_format, config.b_format, config.acc_format
    # Narrow weights carry a scale of their own: their codes fill the format.
    spread = 0.02 if a.width > 8 else 1.0
    weights = rng.standard_normal(count) * spread
    activations = rng.standard_normal(count) * np.where(rng.random(count) < 0.01, 20.0, 1.0)
    x, y = _scaled(a, weights, 0.25), _scaled(b, activations, 0.1)
    partial = rng.standard_normal(count) * np.sqrt(rng.integers(1, 4096, count)) * np.std(x) * np.std(y)
    return {"a": quantise(x, a), "b": quantise(y, b), "c": quantise(partial, acc)}


def _edges(fmt: Format) -> np.ndarray:
    """Codes at the edges of a format, with both signs and their neighbours."""
    top = (1 << fmt.width) - 1
    if fmt.is_integer:
        half = 1 << (fmt.width - 1)
        codes = {0, 1, 2, half - 1, half, half + 1, top, top - 1, half >> 1}
        return np.array(sorted(code & top for code in codes), dtype=np.uint64)
    p = fmt.mantissa_width
    smallest, one = 1 << p, fmt.bias << p
    codes = {0, 1, 2, smallest >> 1, smallest - 1, smallest, smallest + 1, one - 1, one, one + 1, one + smallest,
             fmt.max_finite, fmt.max_finite - 1, fmt.max_finite >> p << p}  # fmt: skip
    if fmt.has_nan:
        codes.add(fmt.canonical_nan)
    if fmt.has_inf:
        codes |= {fmt.infinity, fmt.infinity + 1}
    codes = {code & (fmt.sign_bit - 1) for code in codes}
    return np.array(sorted(codes | {code | fmt.sign_bit for code in codes}), dtype=np.uint64)


def _corners(config: MacConfig, count: int, rng: np.random.Generator) -> Vectors:
    """Edges of each format; half of the sums have c aimed at the product: cancelling, tying, or at a set distance."""
    vectors = {}
    for key, fmt in _formats(config).items():
        edges = _edges(fmt)
        codes = edges[rng.integers(0, len(edges), count)]
        if fmt.is_float and fmt.mantissa_width:
            # Powers of two and their neighbours, over the whole range of exponents.
            field = rng.integers(0, 1 << fmt.exponent_width, count, dtype=np.uint64)
            sign = rng.integers(0, 2, count, dtype=np.uint64)
            near = np.array([0, 1, (1 << fmt.mantissa_width) - 1], dtype=np.uint64)[rng.integers(0, 3, count)]
            power = (sign << np.uint64(fmt.width - 1)) | (field << np.uint64(fmt.mantissa_width)) | near
            codes = np.where(rng.random(count) < 0.4, power, codes)
        vectors[key] = np.where(rng.random(count) < 0.2, rng.integers(0, 1 << fmt.width, count, dtype=np.uint64), codes)
    acc = config.acc_format
    # Aim: the code of minus the product, moved by some last places, or by whole binades.
    operands = {key: torch.from_numpy(vectors[key].astype(np.int64)) for key in "ab"}
    product = mac(config, operands["a"], operands["b"], torch.zeros(count, dtype=torch.int64)).numpy()
    mask = (1 << acc.width) - 1
    if acc.is_integer:
        aimed = -product + rng.integers(-2, 3, count)
    else:
        binade = 1 << acc.mantissa_width
        move = rng.integers(-2, 3, count) + binade * np.where(rng.random(count) < 0.6, rng.integers(-14, 15, count), 0)
        flip = np.where(rng.random(count) < 0.7, acc.sign_bit, 0)
        aimed = (product ^ flip) + np.where(rng.random(count) < 0.3, 0, move)
    use = rng.random(count) < 0.5
    vectors["c"] = np.where(use, (aimed & mask).astype(np.uint64), vectors["c"])
    return vectors


_GENERATORS: dict[str, Callable[[MacConfig, int, np.random.Generator], Vectors]] = {
    "uniform": _uniform, "normal": _normal, "llm": _llm, "corners": _corners,
}  # fmt: skip


def exhaustive(config: MacConfig, addends: int = 256) -> Iterator[Vectors] | None:
    """Every pair of operands with that many accumulator values (all of them for 8-bit accumulators).

    None where the operands have more than 2^20 pairs.
    """
    a, b, acc = config.a_format, config.b_format, config.acc_format
    if a.width + b.width > 20:
        return None
    if acc.width <= 8:
        c = np.arange(1 << acc.width, dtype=np.uint64)
    else:
        extra = _GENERATORS["corners"](config, addends, np.random.default_rng(0))["c"]
        c = np.unique(np.concatenate([_edges(acc), extra, np.random.default_rng(1).integers(
            0, 1 << acc.width, addends, dtype=np.uint64)]))[:max(addends, len(_edges(acc)))]  # fmt: skip
    pairs = np.arange(1 << (a.width + b.width), dtype=np.uint64)
    chunk = max(1, (1 << 18) // len(c))

    def chunks() -> Iterator[Vectors]:
        for start in range(0, len(pairs), chunk):
            some = pairs[start : start + chunk]
            yield {
                "a": np.repeat(some >> np.uint64(b.width), len(c)),
                "b": np.repeat(some & np.uint64((1 << b.width) - 1), len(c)),
                "c": np.tile(c, len(some)),
            }

    return chunks()


def expect(config: MacConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    a, b, c = (torch.from_numpy(np.ascontiguousarray(inputs[key]).astype(np.int64)) for key in "abc")
    return {"y": mac(config, a, b, c).numpy().astype(np.uint64)}


def describe(config: MacConfig, field: str, code: int) -> str:
    """A code as its value: ``0x3f80 (1.0)``."""
    fmt = config.acc_format if field in ("c", "y") else getattr(config, f"{field}_format")
    number = exact.to_float64(exact.decode(torch.tensor(int(code)), fmt)).item()
    return f"0x{int(code):0{(fmt.width + 3) // 4}x} ({int(number) if fmt.is_integer else repr(number)})"


def operations(config: MacConfig) -> dict[str, int]:
    """Arithmetic operations per beat: one significand product, one addition in the accumulator's format."""
    a, b = config.a_format.significand_width, config.b_format.significand_width
    return {f"multiply_{a}x{b}": 1, f"add_{config.acc}": 1}


def coverage(config: MacConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    a, b, c = (exact.decode(torch.from_numpy(np.ascontiguousarray(inputs[key]).astype(np.int64)), fmt, config.flush)
               for key, fmt in _formats(config).items())  # fmt: skip
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
        subnormal = [_subnormal(inputs, key, fmt) for key, fmt in _formats(config).items()]
        tiny = _subnormal(outputs, "y", acc)
        size_p, size_c, size = (_weight(x) for x in (product, c, total))
        near = (size_p > -(1 << 30)) & (size_c > -(1 << 30))
        last = size.clamp(min=acc.min_exponent) - acc.mantissa_width
        # A tie has exactly one bit below the last place: that bit is the mantissa's lowest set bit.
        low = _weight(exact.Real(total.sign, total.mantissa & -total.mantissa, total.exponent, total.inf, total.nan))
        overflows = finite & (y.inf | y.nan | (_codes(outputs, "y") & (acc.sign_bit - 1) == acc.max_finite))
        hits |= {
            "normal": finite & ~torch.stack([*subnormal, tiny, y.zero, product.zero, c.zero]).any(0),
            "subnormal_operand": subnormal[0] | subnormal[1],
            "subnormal_addend": subnormal[2],
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
    return {key: int(hits[key].sum()) for key in features(config)}


def _codes(vectors: Vectors, key: str) -> torch.Tensor:
    return torch.from_numpy(vectors[key].astype(np.int64))


def _subnormal(vectors: Vectors, key: str, fmt: Format) -> torch.Tensor:
    codes = _codes(vectors, key)
    if not fmt.is_float:
        return torch.zeros_like(codes, dtype=torch.bool)
    below = codes & (fmt.sign_bit - 1)
    return (below > 0) & (below < 1 << fmt.mantissa_width)


def _weight(x: exact.Real) -> torch.Tensor:
    """Exponent of the leading bit; far below everything for zeros."""
    return torch.where(x.mantissa == 0, -(1 << 40), x.exponent + exact.bit_length(x.mantissa) - 1)
