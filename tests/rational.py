"""The MAC in exact rational arithmetic, written from the standards and sharing nothing with the library.

A code's value comes from ``ml_dtypes`` where it has the format, else from the format's definition spelt out here.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import ml_dtypes
import numpy as np

# name: (width, exponent bits, mantissa bits, bias, "ieee" | "fn" | "finite")
FLOATS = {
    "bf16": (16, 8, 7, 127, "ieee"),
    "fp16": (16, 5, 10, 15, "ieee"),
    "fp32": (32, 8, 23, 127, "ieee"),
    "fp8_e4m3": (8, 4, 3, 7, "fn"),
    "fp8_e5m2": (8, 5, 2, 15, "ieee"),
    "fp6_e3m2": (6, 3, 2, 3, "finite"),
    "fp6_e2m3": (6, 2, 3, 1, "finite"),
    "fp4_e2m1": (4, 2, 1, 1, "finite"),
    "fp4_e1m2": (4, 1, 2, 1, "finite"),
    "fp4_e3m0": (4, 3, 0, 3, "finite"),
}
NAN = {"bf16": 0x7FC0, "fp16": 0x7E00, "fp32": 0x7FC00000, "fp8_e4m3": 0x7F, "fp8_e5m2": 0x7E}
ML_DTYPES = {
    "bf16": ml_dtypes.bfloat16, "fp16": np.float16, "fp32": np.float32, "fp8_e4m3": ml_dtypes.float8_e4m3fn,
    "fp8_e5m2": ml_dtypes.float8_e5m2, "fp6_e3m2": ml_dtypes.float6_e3m2fn, "fp6_e2m3": ml_dtypes.float6_e2m3fn,
    "fp4_e2m1": ml_dtypes.float4_e2m1fn, "e8m0": ml_dtypes.float8_e8m0fnu,
}  # fmt: skip


@lru_cache(1 << 16)
def value(name: str, code: int, flush: bool = False) -> Fraction | float:
    """A finite number as a Fraction, else inf, -inf or nan. Zeros lose their sign (see :func:`negative`)."""
    if name.startswith(("int", "uint")):
        width = int(name.lstrip("uint"))
        return Fraction(code - (1 << width) if name[0] == "i" and code >> (width - 1) else code)
    width, ebits, mbits, bias, kind = FLOATS[name]
    field, frac = code >> mbits & ((1 << ebits) - 1), code & ((1 << mbits) - 1)
    if kind == "ieee" and field == (1 << ebits) - 1:
        return math.nan if frac else (-math.inf if negative(name, code) else math.inf)
    if kind == "fn" and code & 0x7F == 0x7F:
        return math.nan
    if flush and width >= 8 and field == 0:
        return Fraction(0)
    number = Fraction(frac, 1 << mbits) + (1 if field else 0)
    number *= Fraction(2) ** (max(field, 1) - bias)
    return -number if negative(name, code) else number


def negative(name: str, code: int) -> bool:
    """The sign, of zeros too; an integer zero counts as +0."""
    if name.startswith("uint"):
        return False
    width = int(name[3:]) if name.startswith("int") else FLOATS[name][0]
    return bool(code >> (width - 1))


def round_to(name: str, exact: Fraction, sign: bool, rounding: str, flush: bool, saturate: bool) -> int:
    """The code nearest to an exact value: found by bisection over the format's finite codes, which are in order."""
    width, _, mbits, _, kind = FLOATS[name]
    flush = flush and width >= 8
    largest = 0x7E if kind == "fn" else (NAN[name] >> mbits << mbits) - 1
    magnitude = abs(exact)
    low, high = 0, largest
    while low < high:
        middle = (low + high + 1) // 2
        if value(name, middle) <= magnitude:
            low = middle
        else:
            high = middle - 1
    code = low
    if flush and code < 1 << mbits and magnitude:
        # Rounded with unbounded exponent: only what rounds up to the smallest normal survives.
        smallest = value(name, 1 << mbits)
        step = smallest / (1 << (mbits + 1))
        nearest_even = rounding == "rne" and magnitude >= smallest - step / 2
        code = 1 << mbits if nearest_even else 0
    elif rounding == "rne" and code < largest:
        below, above = magnitude - value(name, code), value(name, code + 1) - magnitude
        if above < below or (above == below and code & 1):
            code += 1
    elif rounding == "rne":
        # Beyond the largest: half a step more overflows; a tie goes to the even one of largest and largest + 1.
        step = value(name, code) - value(name, code - 1)
        half = value(name, code) + step / 2
        if magnitude > half or (magnitude == half and code & 1):
            return overflow(name, sign, saturate)
    return code | (sign << (width - 1))


def overflow(name: str, sign: bool, saturate: bool) -> int:
    """What an infinite result gives."""
    width, _, mbits, _, kind = FLOATS[name]
    if saturate:
        largest = 0x7E if kind == "fn" else (NAN[name] >> mbits << mbits) - 1
        return largest | (sign << (width - 1))
    if kind == "fn":
        return NAN[name]
    return (((1 << (width - 1 - mbits)) - 1) << mbits) | (sign << (width - 1))


def add(acc: str, x: Fraction | float, x_negative: bool, y: Fraction | float, y_negative: bool, **how) -> int:
    """round(x + y) of two exact values with their signs."""
    if isinstance(x, float) or isinstance(y, float):
        total = (x if isinstance(x, float) else 0.0) + (y if isinstance(y, float) else 0.0)
        return NAN[acc] if math.isnan(total) else overflow(acc, total < 0, how["saturate"])
    total = x + y
    sign = total < 0 if total else x_negative and y_negative
    return round_to(acc, total, sign, **how)


def fma(config, a: int, b: int, c: int) -> int:
    """The code of ``a * b + c``."""
    flush, saturate = config.subnormals == "flush", config.overflow == "saturate"
    x, y, z = value(config.a, a, flush), value(config.b, b, flush), value(config.acc, c, flush)
    if config.acc.startswith("int"):
        width = int(config.acc[3:])

        def fit(number):
            if saturate:
                return max(-(1 << (width - 1)), min((1 << (width - 1)) - 1, number))
            return (number + (1 << (width - 1))) % (1 << width) - (1 << (width - 1))

        product = fit(x * y) if config.product == "rounded" else x * y
        return int(fit(product + z)) % (1 << width)
    how = {"rounding": config.rounding, "flush": flush, "saturate": saturate}
    sign = negative(config.a, a) ^ negative(config.b, b)
    if isinstance(x, float) or isinstance(y, float):
        invalid = x == 0 or y == 0 or math.isnan(x) or math.isnan(y)
        product = math.nan if invalid else -math.inf if sign else math.inf
    else:
        product = x * y
    if config.product == "rounded":
        if isinstance(product, float):
            code = NAN[config.acc] if math.isnan(product) else overflow(config.acc, sign, saturate)
        else:
            code = round_to(config.acc, product, sign, **how)
        product, sign = value(config.acc, code, flush), negative(config.acc, code)
    return add(config.acc, product, sign, z, negative(config.acc, c), **how)
