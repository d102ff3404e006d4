"""Casts and block quantisation in exact rational arithmetic, from the standards, sharing nothing with the library.

A narrow float format is the sorted list of its numbers: rounding is a search in it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction
from functools import cache

from .rational import FLOATS, NAN, negative, round_to, value

BLOCKS = {  # element, length, exponent of the largest element
    "mxfp8_e4m3": ("fp8_e4m3", 32, 8), "mxfp8_e5m2": ("fp8_e5m2", 32, 15), "mxfp6_e3m2": ("fp6_e3m2", 32, 4),
    "mxfp6_e2m3": ("fp6_e2m3", 32, 2), "mxfp4": ("fp4_e2m1", 32, 2), "mxint8": ("int8", 32, 0),
    "nvfp4": ("fp4_e2m1", 16, 2),
}  # fmt: skip


@cache
def numbers(name: str) -> list[Fraction]:
    """The finite numbers of a format from 0 upwards; the code of each is its place."""
    found = []
    for code in range(1 << (FLOATS[name][0] - 1)):
        number = value(name, code)
        if isinstance(number, float):
            break
        found.append(number)
    return found


def round_float(name: str, x: Fraction, sign: bool, rounding: str, flush: bool, saturate: bool) -> int:
    """The code nearest to ``x``."""
    width, _, mbits, _, _ = FLOATS[name]
    if name == "fp32":
        return round_to(name, x, sign, rounding, flush, saturate)
    all_, x, top = numbers(name), abs(x), sign << (width - 1)
    low = bisect_right(all_, x) - 1
    if flush and width >= 8 and 0 < x < all_[1 << mbits]:
        # Precision as in the binade below the smallest normal: a quarter of the last place is half of one there.
        near = rounding == "rne" and x >= all_[1 << mbits] - all_[1] / 4
        return top | (1 << mbits if near else 0)
    if rounding == "rtz" or all_[low] == x:
        return top | low
    # Above the largest: the number that would come next if there were room.
    beyond = all_[-1] + (all_[-1] - all_[-2]) if mbits else 2 * all_[-1]
    following = all_[low + 1] if low + 1 < len(all_) else beyond
    below, above = x - all_[low], following - x
    # With one digit both neighbours of a tie may be odd: the larger one it is then (IEEE 754-2019, 4.3.1).
    up = above < below or (above == below and (low & 1 or (mbits == 0 and low > 0)))
    if not up:
        return top | low
    if low < len(all_) - 1:
        return top | (low + 1)
    return infinite(name, sign, saturate)


def infinite(name: str, sign: bool, saturate: bool) -> int:
    """What is too large for the format."""
    width, _, mbits, _, kind = FLOATS[name]
    top = sign << (width - 1)
    if saturate or kind == "finite":
        largest = NAN[name] >> mbits << mbits if kind == "ieee" else 0x7F if kind == "fn" else 1 << (width - 1)
        return top | (largest - 1)
    return NAN[name] if kind == "fn" else top | NAN[name] >> mbits << mbits


def round_integer(x: Fraction, rounding: str) -> int:
    """Python's ``round`` takes ties to even, ``trunc`` goes towards zero."""
    return round(x) if rounding == "rne" else math.trunc(x)


def convert(x: Fraction | float, sign: bool, name: str, rounding: str, flush: bool, overflow: str) -> int:
    """The code of a number, an infinity or a NaN."""
    if name in FLOATS:
        if isinstance(x, float):
            return NAN.get(name, 0) if math.isnan(x) else infinite(name, x < 0, overflow == "saturate")
        return round_float(name, x, sign, rounding, flush, overflow == "saturate")
    width = int(name.lstrip("uint"))
    low, high = (-(1 << (width - 1)), (1 << (width - 1)) - 1) if name[0] == "i" else (0, (1 << width) - 1)
    if isinstance(x, float):
        number = 0 if math.isnan(x) else low if x < 0 else high
    else:
        number = round_integer(x, rounding)
        if overflow == "saturate":
            number = max(low, min(high, number))
    return number % (1 << width)


def cast(config, code: int) -> int:
    """The code of a scalar cast."""
    x = value(config.input, code, config.subnormals == "flush")
    sign = negative(config.input, code)
    return convert(x, sign, config.output, config.rounding, config.subnormals == "flush", config.overflow)


def floor_log2(x: Fraction) -> int:
    """Exponent of the leading bit."""
    estimate = x.numerator.bit_length() - x.denominator.bit_length()
    return estimate if Fraction(2) ** estimate <= x else estimate - 1


def quantise(config, codes: list[int], t: int | None = None) -> tuple[list[int], int]:
    """Element codes and scale code of a block."""
    element, length, emax = BLOCKS[config.output]
    flush = config.subnormals == "flush"
    assert len(codes) == length
    xs = [value(config.input, code, flush) for code in codes]
    signs = [negative(config.input, code) for code in codes]
    tensor = Fraction(1)
    if t is not None:
        tensor = value("fp32", t, flush)
        if isinstance(tensor, float) or tensor <= 0:
            return [0] * length, 0x7F
    if any(isinstance(x, float) for x in xs):
        return [0] * length, 0xFF if t is None else 0x7F
    largest = max(abs(x) for x in xs)
    if t is not None:
        scale = round_float("fp8_e4m3", largest / (6 * tensor), False, "rne", False, True)
        scale = max(scale, 1) if largest else 0
        unit = value("fp8_e4m3", scale) * tensor or Fraction(1)
    else:
        shared = max(floor_log2(largest) - emax, -127) if largest else -127
        scale, unit = shared + 127, Fraction(2) ** shared
    if element == "int8":
        # The code of -2 stays unused.
        ys = [max(-127, min(127, round_integer(x / unit * 64, config.rounding))) % 256 for x in xs]
    else:
        ys = [round_float(element, x / unit, sign, config.rounding, flush, True)
              for x, sign in zip(xs, signs, strict=True)]  # fmt: skip
    return ys, scale
