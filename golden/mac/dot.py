"""The mathematics of the dot product: ``y = round(scale * sum_k(a[k] * b[k]) + c)`` on integer codes."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.formats import FORMATS
from ...hw.mac.config.dot import DotConfig, Element
from .. import exact

LIMB = 31
"""A block's sum is ``high * 2^LIMB + low``: a product lies in ``high`` where its exponent allows it."""
EXACT = 1 << 61
"""Sums below this are one int64."""


def dot(config: DotConfig, a: Tensor, b: Tensor, c: Tensor, scale_a: Tensor | None = None,
        scale_b: Tensor | None = None, t: Tensor | None = None) -> Tensor:  # fmt: skip
    """``y = round(scale * sum_k(a[k] * b[k]) + c)``, everything exact but the one rounding.

    ``scale`` is 1, or ``scale_a * scale_b``, or ``scale_a * scale_b * t``. NaNs, infinities and signs of zeros are
    those of the formula with IEEE 754's operations: Inf * 0 and Inf - Inf are NaN; a block's sum that is zero is -0
    only if all its products are -0 (6.3, for more than two addends), a product has the sign of its factors' signs, an
    exact ``scale * sum + c`` of zero is -0 only if both addends are -0.

    Parameters
    ----------
    config : DotConfig
        Only formats and numerics are read.
    a, b : integer tensors
        Codes of the elements, of shape ``(..., elements)``.
    c, scale_a, scale_b, t : integer tensors
        Codes, of shape ``(...)``; scales as ``config.scale`` wants them.

    Returns
    -------
    int64 tensor
        Codes of ``acc``, non-negative, of shape ``(...)``.

    Source: OCP Microscaling Formats v1.0, 6.1 (dot product of blocks) and 5 (scales, elements); IEEE 754-2019, 6.
    """
    total, high, low = block_sum(config, a, b)
    acc = config.acc_format
    saturate = config.overflow == "saturate"
    if acc.is_integer:
        addend = exact.decode(c, acc)
        number = (high << LIMB) + low + torch.where(addend.sign, -addend.mantissa, addend.mantissa)
        return exact.encode_integer(number, acc, saturate=saturate)
    addend = exact.decode(c, acc, config.flush)
    factor = scale(config, total.sign, scale_a, scale_b, t)
    scaled = exact.multiply(factor, total)
    result = exact.add(scaled, addend)
    wide = (high.abs() >= EXACT >> LIMB) & ~result.nan & ~result.inf
    if wide.any():
        result = _patched(result, wide, _wide_sums(wide, high, low, scaled, addend))
    return exact.encode(result, acc, rounding=config.rounding, flush=config.flush, saturate=saturate)


def scale(config: DotConfig, like: Tensor, scale_a: Tensor | None, scale_b: Tensor | None,
          t: Tensor | None) -> exact.Real:  # fmt: skip
    """The factor of a block: 1 of the shape of ``like``, or the product of its scales."""
    fmt = config.scale_format
    if fmt is None:
        one = torch.ones(like.shape, dtype=torch.int64)
        never = torch.zeros(like.shape, dtype=torch.bool)
        return exact.Real(never, one, one - 1, never, never)
    if scale_a is None or scale_b is None or (config.scale == "nvfp4" and t is None):
        raise ValueError(f"scale={config.scale} requires scale_a, scale_b{' and t' if config.scale == 'nvfp4' else ''}")
    factor = exact.multiply(exact.decode(scale_a, fmt, config.flush), exact.decode(scale_b, fmt, config.flush))
    return factor if t is None else exact.multiply(factor, exact.decode(t, FORMATS["fp32"], config.flush))


def block_sum(config: DotConfig, a: Tensor, b: Tensor) -> tuple[exact.Real, Tensor, Tensor]:
    """The exact sum of a block's products.

    Returns
    -------
    total : Real
        The sum; where it is ``2^61`` units or more, only its sign, Inf and NaN count.
    high, low : int64 tensors
        The sum is ``(high * 2^LIMB + low) * 2^lsb``, ``0 <= low < 2^LIMB``.
    """
    x, y = (decode_element(code, element, config.flush)
            for code, element in ((a, config.a_element), (b, config.b_element)))  # fmt: skip
    product = exact.multiply(x, y)
    units = torch.where(product.sign, -product.mantissa, product.mantissa)
    place = torch.where(product.mantissa == 0, 0, product.exponent - config.lsb)
    upper = place >= LIMB
    high = torch.where(upper, units << (place - LIMB).clamp(min=0), 0).sum(-1)
    low = torch.where(upper, 0, units << place.clamp(max=LIMB)).sum(-1)
    high, low = high + (low >> LIMB), low & ((1 << LIMB) - 1)
    plus, minus = ((product.inf & (product.sign == negative)).any(-1) for negative in (False, True))
    nan = product.nan.any(-1) | (plus & minus)
    inf = (plus | minus) & ~nan
    exact_sum = high.abs() < EXACT >> LIMB
    value = torch.where(exact_sum, (high << LIMB) + low, torch.where(high < 0, -EXACT, EXACT))
    sign = torch.where(value == 0, product.sign.all(-1), value < 0)
    sign = torch.where(inf, minus, sign)
    return exact.Real(sign, value.abs(), torch.full_like(value, config.lsb), inf, nan), high, low


def decode_element(code: Tensor, element: Element, flush: bool) -> exact.Real:
    """The numbers that elements' codes stand for (OCP MX v1.0, 5.3; mxint8 is code / 64)."""
    number = exact.decode(code, element.format, flush)
    if element.format.is_integer:
        return exact.Real(number.sign, number.mantissa, number.exponent + element.lsb, number.inf, number.nan)
    return number


def _wide_sums(rows: Tensor, high: Tensor, low: Tensor, scaled: exact.Real,
               c: exact.Real) -> tuple[list[int], list[int]]:  # fmt: skip
    """``scale * sum + c`` of sums that are wider than int64, in Python's integers: signed mantissas, exponents.

    Elements so wide have scales that are powers of two.
    """
    columns = (high, low, scaled.exponent, torch.where(c.sign, -c.mantissa, c.mantissa), c.exponent)
    mantissas, exponents = [], []
    for upper, lower, exponent, addend, c_exponent in zip(*(column[rows].tolist() for column in columns), strict=True):
        total = (upper << LIMB) + lower
        distance = c_exponent - exponent if addend else 0
        # Far above or below, only that it is there matters: 200 bits are more than both numbers have together.
        if distance > 200:
            total, addend, exponent = (total > 0) - (total < 0), addend << 200, c_exponent - 200
        elif distance < -200:
            total, addend, exponent = total << 200, (addend > 0) - (addend < 0), exponent - 200
        elif distance >= 0:
            addend <<= distance
        else:
            total, exponent = total << -distance, c_exponent
        number = total + addend
        drop = max(0, abs(number).bit_length() - exact.BITS)
        kept = abs(number) >> drop
        kept |= kept << drop != abs(number)  # rounded to odd
        mantissas.append(-kept if number < 0 else kept)
        exponents.append(exponent + drop)
    return mantissas, exponents


def _patched(result: exact.Real, rows: Tensor, found: tuple[list[int], list[int]]) -> exact.Real:
    """The result with other numbers in some rows; an exact zero there is +0 (its addends are not zero)."""
    sign, mantissa, exponent = result.sign.clone(), result.mantissa.clone(), result.exponent.clone()
    numbers = torch.tensor(found[0], dtype=torch.int64)
    sign[rows], mantissa[rows] = numbers < 0, numbers.abs()
    exponent[rows] = torch.tensor(found[1], dtype=torch.int64)
    return exact.Real(sign, mantissa, exponent, result.inf, result.nan)


def dot_float64(config: DotConfig, a: Tensor, b: Tensor, c: Tensor, scale_a: Tensor | None = None,
                scale_b: Tensor | None = None, t: Tensor | None = None) -> Tensor:  # fmt: skip
    """The real-valued reference: the formula on the decoded numbers in float64, not rounded to ``acc``."""
    x, y = (exact.to_float64(decode_element(code, element, False))
            for code, element in ((a, config.a_element), (b, config.b_element)))  # fmt: skip
    total = (x * y).sum(-1)
    factor = exact.to_float64(scale(config, total, scale_a, scale_b, t))
    return factor * total + exact.to_float64(exact.decode(c, config.acc_format))
