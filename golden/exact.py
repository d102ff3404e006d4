"""Exact arithmetic on dyadic numbers in int64, and the one rounding that all golden models share.

A number is ``(-1)^sign * mantissa * 2^exponent`` with ``0 <= mantissa < 2^62``. Sums are kept to 62 bits by *rounding
to odd* (an inexact number takes its odd neighbour), after which rounding to any precision of at most 60 bits gives
what rounding the exact sum gives: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", IEEE Trans.
Computers 57(4), 2008. So nothing here knows how a circuit aligns or normalises.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..hw.formats import Format

BITS = 62
"""Bits of a normalised mantissa: two of them still add up inside int64."""


@dataclass(frozen=True)
class Real:
    """Numbers of one broadcast shape.

    Attributes
    ----------
    sign : bool tensor
        True is negative (zeros have signs).
    mantissa, exponent : int64 tensors
        ``mantissa * 2^exponent``; mantissa 0 is a zero.
    inf, nan : bool tensors
        What overrides the number.
    """

    sign: Tensor
    mantissa: Tensor
    exponent: Tensor
    inf: Tensor
    nan: Tensor

    @property
    def zero(self) -> Tensor:
        return (self.mantissa == 0) & ~self.inf & ~self.nan


def decode(code: Tensor, fmt: Format, flush: bool = False) -> Real:
    """The numbers that codes stand for.

    Parameters
    ----------
    code : integer tensor
        Bit patterns, unsigned or sign-extended (higher bits are ignored).
    fmt : Format
    flush : bool
        Subnormals of formats of 8 bits and more are zeros of their sign.
    """
    code = code.to(torch.int64) & ((1 << fmt.width) - 1)
    never = torch.zeros_like(code, dtype=torch.bool)
    if fmt.is_integer:
        sign = (code >> (fmt.width - 1)).bool() if fmt.kind == "int" else never
        magnitude = torch.where(sign, (1 << fmt.width) - code, code)
        return Real(sign, magnitude, torch.zeros_like(code), never, never)
    if fmt.kind == "scale":
        return Real(never, torch.ones_like(code), code - fmt.bias, never, code == fmt.canonical_nan)
    sign = (code >> (fmt.width - 1)).bool()
    field = (code >> fmt.mantissa_width) & ((1 << fmt.exponent_width) - 1)
    fraction = code & ((1 << fmt.mantissa_width) - 1)
    mantissa = fraction + ((field > 0).to(torch.int64) << fmt.mantissa_width)
    if flush and fmt.flushes:
        mantissa = torch.where(field == 0, 0, mantissa)
    exponent = field.clamp(min=1) - fmt.bias - fmt.mantissa_width
    inf = nan = never
    if fmt.specials == "ieee":
        top = field == (1 << fmt.exponent_width) - 1
        inf, nan = top & (fraction == 0), top & (fraction != 0)
    elif fmt.specials == "nan":
        nan = (code & (fmt.sign_bit - 1)) == fmt.sign_bit - 1
    return Real(sign, mantissa, exponent, inf, nan)


def bit_length(value: Tensor) -> Tensor:
    """Bits of a non-negative int64, 0 for 0: exact, unlike a logarithm in floating point."""
    length = torch.zeros_like(value)
    for step in (32, 16, 8, 4, 2, 1):
        wide = value >> step != 0
        length = torch.where(wide, length + step, length)
        value = torch.where(wide, value >> step, value)
    return length + value


def multiply(x: Real, y: Real) -> Real:
    """``x * y``, exact (the mantissas' widths must add up to at most 63 bits). Inf times zero is NaN."""
    nan = x.nan | y.nan | (x.inf & y.zero) | (x.zero & y.inf)
    return Real(x.sign ^ y.sign, x.mantissa * y.mantissa, x.exponent + y.exponent, (x.inf | y.inf) & ~nan, nan)


def _normalised(x: Real) -> tuple[Tensor, Tensor]:
    """Mantissa with its leading bit at 2^61, and exponent; zeros stay zeros, far below everything."""
    length = bit_length(x.mantissa)
    # int32 * int32 can be 2^62, 63 bits long: its lowest bit is 0, so this is exact too.
    mantissa = torch.where(length > BITS, x.mantissa >> 1, x.mantissa << (BITS - length).clamp(min=0))
    exponent = torch.where(x.mantissa == 0, -(1 << 40), x.exponent + length - BITS)
    return mantissa, exponent


def add(x: Real, y: Real) -> Real:
    """``x + y``, exact or rounded to odd at 61 bits or more.

    An exact zero sum is +0, but for (-0) + (-0) (IEEE 754-2019, 6.3). Inf - Inf is NaN.
    """
    x_mantissa, x_exponent = _normalised(x)
    y_mantissa, y_exponent = _normalised(y)
    exponent = torch.maximum(x_exponent, y_exponent)
    total = torch.where(x.sign, -1, 1) * _to_odd(x_mantissa, exponent - x_exponent)
    total = total + torch.where(y.sign, -1, 1) * _to_odd(y_mantissa, exponent - y_exponent)
    sign = torch.where(total == 0, x.sign & y.sign, total < 0)
    nan = x.nan | y.nan | (x.inf & y.inf & (x.sign ^ y.sign))
    inf = (x.inf | y.inf) & ~nan
    sign = torch.where(inf, torch.where(x.inf, x.sign, y.sign), sign)
    both_zero = (x.mantissa == 0) & (y.mantissa == 0)
    return Real(sign, total.abs(), torch.where(both_zero, 0, exponent), inf, nan)


def _to_odd(mantissa: Tensor, distance: Tensor) -> Tensor:
    """``mantissa / 2^distance`` rounded to odd."""
    distance = distance.clamp(max=BITS)
    kept = mantissa >> distance
    return kept | (kept << distance != mantissa).to(torch.int64)


def encode(x: Real, fmt: Format, *, rounding: str = "rne", flush: bool = False, saturate: bool = False) -> Tensor:
    """The code of the number rounded to a float format.

    Parameters
    ----------
    x : Real
    fmt : Format
        A float. One without NaN and Inf always saturates, and a NaN gives +0.
    rounding : str
        ``rne`` or ``rtz``.
    flush : bool
        A number that, rounded with unbounded exponent, lies below the smallest normal gives a zero of its sign.
    saturate : bool
        Overflow and Inf give the largest finite value; else Inf (NaN where the format has no Inf). With ``rtz`` only
        Inf itself does so: a finite overflow gives the largest finite value.

    Returns
    -------
    int64 tensor
    """
    p = fmt.mantissa_width
    flush = flush and fmt.flushes
    length = bit_length(x.mantissa)
    leading = x.exponent + length - 1
    # The last place of the result: p bits below the leading bit, but not below the least subnormal.
    last = (leading if flush else leading.clamp(min=fmt.min_exponent)) - p
    drop = (last - x.exponent).clamp(min=-BITS, max=BITS + 1)
    units = torch.where(drop > 0, x.mantissa >> drop.clamp(min=0), x.mantissa << (-drop).clamp(min=0))
    if rounding == "rne":
        half = torch.where(drop > 0, torch.ones_like(drop) << (drop - 1).clamp(min=0), 0)
        below = torch.where(drop > 0, x.mantissa - (units << drop.clamp(min=0)), 0)
        units = units + ((below > half) | ((below == half) & (drop > 0) & (units & 1 == 1))).to(torch.int64)
    # units * 2^last is the rounded number. Codes of one sign are consecutive integers, binade after binade:
    # in the binade of exponent field E they are (E - 1) * 2^p + units, subnormals counting to the first.
    code = (last + p - fmt.min_exponent) * (1 << p) + units
    code = torch.where(x.mantissa == 0, 0, code)
    if flush:
        code = torch.where(code < 1 << p, 0, code)
    saturate = saturate or not fmt.has_nan
    infinite = fmt.max_finite if saturate else fmt.infinity if fmt.has_inf else fmt.canonical_nan
    code = torch.where(code > fmt.max_finite, fmt.max_finite if rounding == "rtz" else infinite, code)
    code = torch.where(x.inf, infinite, code)
    code = torch.where(x.nan, fmt.canonical_nan if fmt.has_nan else 0, code)
    # The one NaN has no sign, also where it stands for an overflow.
    unsigned = code == fmt.canonical_nan if fmt.has_nan else x.nan
    return code | torch.where(x.sign & ~unsigned, fmt.sign_bit, 0)


def encode_integer(value: Tensor, fmt: Format, *, saturate: bool) -> Tensor:
    """The code of an exact int64 number in an integer format, wrapped or saturated."""
    if saturate:
        low, high = (-(1 << (fmt.width - 1)), (1 << (fmt.width - 1)) - 1) if fmt.kind == "int" else (0, fmt.max_finite)
        value = value.clamp(low, high)
    return value & ((1 << fmt.width) - 1)


def to_float64(x: Real) -> Tensor:
    """The nearest float64 (exact up to 53 bits of mantissa and within its range)."""
    value = torch.ldexp(x.mantissa.to(torch.float64), x.exponent.to(torch.float64))
    value = torch.where(x.sign, -value, value)
    infinity = torch.full_like(value, torch.inf)
    value = torch.where(x.inf, torch.where(x.sign, -infinity, infinity), value)
    return torch.where(x.nan, torch.full_like(value, torch.nan), value)
