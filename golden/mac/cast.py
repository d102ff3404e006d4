"""The mathematics of the cast: a number rounded to another format, or a block of numbers to a scale and elements."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ...hw.formats import FORMATS
from ...hw.mac.config.cast import BlockFormat, CastConfig
from .. import exact
from ..exact import Real

QUOTIENT_BITS = 38
"""Places that a quotient of significands (24 bits over 28) is worked out to, before what is left rounds it to odd."""


def cast(config: CastConfig, x: Tensor, t: Tensor | None = None) -> dict[str, Tensor]:
    """Codes of ``y = round(x)``; for a block format of ``scale`` and ``y = round(x / scale)`` too.

    Parameters
    ----------
    config : CastConfig
        Only formats and numerics are read.
    x : integer tensor
        Codes of the input format; for a block format the last axis is the block.
    t : integer tensor or None
        nvfp4 alone: fp32 codes of the tensor scale of each block.

    Returns
    -------
    dict of str to int64 tensor
        ``y`` in the shape of x, and for block formats ``scale`` without the last axis.

    Source: IEEE 754-2019, 5.4.2 (convertFormat) and 5.8 (conversion to integer, here saturated or wrapped); OCP
    Microscaling v1.0, 6.3.
    """
    number = exact.decode(x, config.input_format, config.flush)
    block = config.block
    if block is None:
        return {"y": _rounded(config, number)}
    if config.tensor_scaled:
        if t is None:
            raise ValueError("t must be given for nvfp4")
        return _tensor_scaled(config, number, exact.decode(t, FORMATS["fp32"], config.flush))
    return _shared_exponent(config, block, number)


def _rounded(config: CastConfig, x: Real, symmetric: bool = False) -> Tensor:
    """The code of the output format nearest to each number."""
    fmt = config.output_format
    if fmt.is_float:
        return exact.encode(x, fmt, rounding=config.rounding, flush=config.flush, saturate=config.saturate)
    low, high = (-(1 << (fmt.width - 1)), (1 << (fmt.width - 1)) - 1) if fmt.kind == "int" else (0, fmt.max_finite)
    if symmetric:
        low = -high
    whole, beyond = to_integer(x, config.rounding)
    if config.saturate:
        whole = torch.where(beyond, torch.where(x.sign, low, high), whole.clamp(low, high))
    whole = torch.where(x.inf, torch.where(x.sign, low, high), whole)
    return torch.where(x.nan, 0, whole) & ((1 << fmt.width) - 1)


def to_integer(x: Real, rounding: str) -> tuple[Tensor, Tensor]:
    """Finite numbers rounded to integers, modulo 2^64, and whether one is 2^62 or more in magnitude."""
    length = exact.bit_length(x.mantissa)
    beyond = (x.mantissa != 0) & (x.exponent + length > 62)
    left = x.exponent.clamp(min=0)
    # An integer that ends in 63 zeros is a zero modulo any width.
    whole = torch.where(left < 63, x.mantissa << left.clamp(max=62), 0)
    drop = (-x.exponent).clamp(min=0, max=62)
    kept = x.mantissa >> drop
    if rounding == "rne":
        rest, half = x.mantissa - (kept << drop), (torch.ones_like(drop) << drop) >> 1
        kept = kept + ((drop > 0) & ((rest > half) | ((rest == half) & (kept & 1 == 1)))).to(torch.int64)
    whole = torch.where(x.exponent >= 0, whole, kept)
    return torch.where(x.sign, -whole, whole), beyond


def _shared_exponent(config: CastConfig, block: BlockFormat, x: Real) -> dict[str, Tensor]:
    """Microscaling: the scale is a power of two."""
    scale_format = FORMATS[block.scale]
    special = (x.inf | x.nan).any(-1)
    largest = exact.to_float64(x).abs().nan_to_num(0, 0, 0).amax(-1)
    # max|x| is in [0.5, 1) * 2^above; fp32 and narrower are exact in float64, their subnormals too.
    _, above = torch.frexp(largest)
    shared = (above.to(torch.int64) - 1 - block.emax).clamp(-scale_format.bias, scale_format.bias)
    shared = torch.where(largest == 0, -scale_format.bias, shared)
    element = replace(x, exponent=x.exponent - shared[..., None] + block.point)
    y = _rounded(config, element, symmetric=True)
    return {
        "y": torch.where(special[..., None], 0, y),
        "scale": torch.where(special, scale_format.canonical_nan, shared + scale_format.bias),
    }


def _tensor_scaled(config: CastConfig, x: Real, t: Real) -> dict[str, Tensor]:
    """NVFP4: the scale is a number of its own, of which with t the elements are multiples."""
    fmt = FORMATS["fp8_e4m3"]
    wrong = (x.inf | x.nan).any(-1) | t.inf | t.nan | t.sign | t.zero
    finite = replace(x, mantissa=torch.where(x.inf | x.nan, 0, x.mantissa))
    largest = exact.to_float64(finite).abs()
    at = largest.argmax(-1, keepdim=True)
    mantissa, exponent = (part.gather(-1, at).squeeze(-1) for part in (finite.mantissa, finite.exponent))
    never = torch.zeros_like(wrong)
    top = Real(never, mantissa, exponent, never, never)
    safe = replace(t, mantissa=t.mantissa.clamp(min=1))
    scale = exact.encode(_quotient(top, replace(safe, mantissa=6 * safe.mantissa)), fmt, saturate=True)
    scale = torch.where(top.mantissa == 0, 0, scale.clamp(min=1))
    unit = exact.multiply(exact.decode(scale, fmt), safe)
    mantissa, exponent = unit.mantissa.clamp(min=1)[..., None], unit.exponent[..., None]
    y = _rounded(config, _quotient(finite, Real(never, mantissa, exponent, never, never)))
    return {"y": torch.where(wrong[..., None], 0, y), "scale": torch.where(wrong, fmt.canonical_nan, scale)}


def _quotient(x: Real, y: Real) -> Real:
    """``x / y`` of finite numbers with y positive, rounded to odd at ten bits or more: enough for four bits or two."""
    wide = x.mantissa << QUOTIENT_BITS
    whole = torch.div(wide, y.mantissa, rounding_mode="floor")
    odd = whole | (whole * y.mantissa != wide).to(torch.int64)
    return replace(x, mantissa=odd, exponent=x.exponent - y.exponent - QUOTIENT_BITS)
