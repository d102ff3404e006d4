"""The mathematics of rounding to powers of two: exact comparisons of integers, never a float's logarithm."""

from __future__ import annotations

from functools import lru_cache
from math import isqrt

import torch
from torch import Tensor

from ...hw.activation.config.pow2round import Pow2RoundConfig
from . import signed


@lru_cache(maxsize=256)
def bounds(rounding: str, width: int) -> tuple[int, ...]:
    """The least integer that is rounded to ``2^j`` or more, for j = 1 ... ``width``.

    Between ``2^(j-1)`` and ``2^j`` these are the least m with, in integers,

    - arithmetic: ``2 m >= 3 * 2^(j-1)``;
    - geometric: ``m^2 >= 2^(2j-1)``, since ``sqrt(2) * 2^(j-1)`` squared is ``2^(2j-1)``;
    - ceiling: ``m > 2^(j-1)``.
    """
    steps = range(1, width + 1)
    if rounding == "arithmetic":
        return tuple(-(-3 * (1 << (j - 1)) // 2) for j in steps)
    if rounding == "geometric":
        return tuple(isqrt((1 << (2 * j - 1)) - 1) + 1 for j in steps)
    return tuple((1 << (j - 1)) + 1 for j in steps)


def exponent(magnitude: Tensor, rounding: str, width: int) -> Tensor:
    """Exponents of the powers of two that positive integers below ``2^width`` (width <= 62) are rounded to.

    0 is given 0.
    """
    table = torch.tensor(bounds(rounding, width), dtype=torch.int64)
    return torch.searchsorted(table, magnitude.to(torch.int64).contiguous(), right=True)


def pow2round(config: Pow2RoundConfig, x: Tensor) -> dict[str, Tensor]:
    """``sgn(x) 2^e`` near each x.

    Parameters
    ----------
    config : Pow2RoundConfig
        Its rounding and format are read.
    x : integer tensor
        Codes of the input format, any shape.

    Returns
    -------
    dict of str to int64 tensor
        ``e`` as codes of ``exponent_width`` bits, ``zero``, and for signed formats ``sign``, in the shape of x.

    Source: Sorbet, arXiv 2409.15298.
    """
    fmt = config.input_format
    number = signed(x, fmt.width, fmt.signed)
    zero = number == 0
    e = exponent(number.abs(), config.rounding, config.magnitude_width) - fmt.fraction_bits
    found = {"e": torch.where(zero, 0, e) & ((1 << config.exponent_width) - 1), "zero": zero.to(torch.int64)}
    return {**found, "sign": (number < 0).to(torch.int64)} if fmt.signed else found
