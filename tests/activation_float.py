"""The activation unit's equations with floats again, in Fractions and library types, knowing nothing of the golden."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from fractions import Fraction
from functools import lru_cache

import ml_dtypes
import numpy as np
from nervure.hw.activation.config import ActivationConfig

from .activation import make

TYPES = {
    "bf16": ml_dtypes.bfloat16, "fp16": np.float16, "fp8_e4m3": ml_dtypes.float8_e4m3fn, "fp32": np.float32,
    "fp8_e5m2": ml_dtypes.float8_e5m2, "fp6_e3m2": ml_dtypes.float6_e3m2fn, "fp4_e2m1": ml_dtypes.float4_e2m1fn,
}  # fmt: skip


def with_floats(config: ActivationConfig, **fields) -> ActivationConfig:
    """The same integers with other formats around them."""
    return ActivationConfig(**{**config.to_dict(), **fields})


def numbers(name: str, width: int) -> np.ndarray:
    """What each code of a float stands for, float64."""
    kind = np.uint8 if width <= 8 else np.uint16
    with np.errstate(invalid="ignore"):
        return np.arange(1 << width).astype(kind).view(TYPES[name]).astype(np.float64)


@lru_cache(maxsize=8)
def _finite(name: str, width: int) -> list[tuple[Fraction, int]]:
    """The numbers of a format that are not negative, rising, with their codes."""
    values = numbers(name, width)[: 1 << (width - 1)]
    return [(Fraction(value), code) for code, value in enumerate(values) if np.isfinite(value)]


def nearest(name: str, width: int, value: Fraction) -> int:
    """The code nearest to a number, ties to the even code, held to the largest."""
    rows = _finite(name, width)
    at = bisect_left(rows, (abs(value), 0))
    near = rows[max(at - 1, 0) : at + 1]
    code = min(near, key=lambda row: (abs(row[0] - abs(value)), row[1] & 1))[1]
    return code | (1 << (width - 1) if value < 0 else 0)


def answers(config: ActivationConfig) -> list[int | None]:
    """Codes of y for every code of x by the equations of the config's docstring; None where y is any NaN."""
    width = {"bf16": 16, "fp16": 16, "fp8_e4m3": 8, "fp8_e5m2": 8, "fp6_e3m2": 6, "fp4_e2m1": 4}
    grid, slope, bias = config.input_format, config.slope_format, config.bias_format
    low, high = (Fraction(end) for end in config.domain.split(":"))
    fraction = slope.fraction_bits + grid.fraction_bits
    kept: dict[int, int] = {}
    found: list[int | None] = []

    def of(x: int) -> int:
        u = x if config.symmetry == "none" else abs(x)
        k = bisect_right(config.breakpoints, u)
        v = config.slopes[k] * u + (config.biases[k] << (fraction - bias.fraction_bits))
        if x < 0 and config.symmetry in ("odd", "point"):
            v = (config.centre << (fraction - bias.fraction_bits)) * (config.symmetry == "point") - v
        if config.symmetry == "relu":
            v += max(x, 0) << slope.fraction_bits
        value = Fraction(v, 1 << fraction)
        if config.output in width:
            return nearest(config.output, width[config.output], value)
        out = config.output_format
        y = (value / out.lsb + Fraction(1, 2)).__floor__()
        return min(max(y, out.low), out.high) & ((1 << out.width) - 1)

    if config.input in width:
        reals = numbers(config.input, width[config.input])
    else:
        codes = np.arange(1 << grid.width)
        reals = (codes - ((codes >> (grid.width - 1)) << grid.width if grid.signed else 0)) * float(grid.lsb)
    for code, real in enumerate(reals):
        if np.isnan(real):
            has_nan = config.output in width and bool(np.isnan(numbers(config.output, width[config.output])).any())
            found.append(None if has_nan else 0)
            continue
        if config.above == "identity" and real > high:
            found.append(code)
            continue
        first, last = -(-low // grid.lsb), high // grid.lsb
        first, last = max(int(first), grid.low), min(int(last), grid.high)
        # Python rounds Fractions half to even.
        x = (last if real > 0 else first) if np.isinf(real) else min(max(round(Fraction(real) / grid.lsb), first), last)
        if x not in kept:
            kept[x] = of(x)
        found.append(kept[x])
    return found


__all__ = ["answers", "make", "nearest", "numbers", "with_floats"]
