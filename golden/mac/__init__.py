"""The mathematics of the multiply-accumulate unit: ``y = round(a * b + c)`` on integer codes."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.mac.config import MacConfig
from .. import exact


def mac(config: MacConfig, a: Tensor, b: Tensor, c: Tensor, mode: Tensor | None = None) -> Tensor:
    """``y = round(a * b + c)`` with one rounding, or ``round(round(a * b) + c)`` for ``product=rounded``.

    Parameters
    ----------
    config : MacConfig
        Only formats, numerics and the numbers of lanes are read: results do not depend on latency, interface or
        multiplier.
    a, b, c : integer tensors
        Codes. For a unit of one lane: of shapes that broadcast. Else ``(..., lanes_a)``, ``(..., lanes_b)`` and
        ``(..., lanes_a, lanes_b)``; y has the shape of c. Bits above a mode's format are ignored.
    mode : integer tensor or None
        Of the shape ``...``: the mode of each beat, where the unit has several. Lanes that a mode does not use give 0;
        numbers beyond the last mode count as the last.

    Returns
    -------
    int64 tensor
        Codes of ``acc``, non-negative, of the broadcast shape.

    Source: IEEE 754-2019, 5.4.1 (fusedMultiplyAdd), 6.2 and 6.3; OCP 8-bit Floating Point v1.0 for FP8 overflow.
    """
    rows, columns = config.grid
    if rows * columns > 1:
        a, b = a[..., :, None], b[..., None, :]
    a, b, c = torch.broadcast_tensors(a, b, c)
    if len(config.modes) == 1:
        return _single(config.lane(), a, b, c)
    assert mode is not None, "a unit of several modes needs the mode of each beat"
    number = mode.clamp(max=len(config.modes) - 1)
    y = torch.zeros_like(c, dtype=torch.int64)
    for k, used in enumerate(config.modes):
        beats = number == k
        found = torch.zeros_like(y[beats])
        part = [x[beats] for x in (a, b, c)]
        if rows * columns > 1:
            corner = (..., slice(used.lanes_a), slice(used.lanes_b))
            found[corner] = _single(config.lane(k), *(x[corner] for x in part))
        else:
            found = _single(config.lane(k), *part)
        y[beats] = found
    return y


def _single(config: MacConfig, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    acc = config.acc_format
    saturate = config.overflow == "saturate"
    x, y, z = (exact.decode(code, fmt, config.flush)
               for code, fmt in ((a, config.a_format), (b, config.b_format), (c, acc)))  # fmt: skip
    product = exact.multiply(x, y)
    if acc.is_integer:
        total = _signed(product)
        if config.product == "rounded":
            total = _signed(exact.decode(exact.encode_integer(total, acc, saturate=saturate), acc))
        return exact.encode_integer(total + _signed(z), acc, saturate=saturate)
    options = {"rounding": config.rounding, "flush": config.flush, "saturate": saturate}
    if config.product == "rounded":
        product = exact.decode(exact.encode(product, acc, **options), acc, config.flush)
    return exact.encode(exact.add(product, z), acc, **options)


def mac_float64(config: MacConfig, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """The real-valued reference of one lane: ``a * b + c`` of the numbers in float64, not rounded to ``acc``."""
    x, y, z = (exact.to_float64(exact.decode(code, fmt))
               for code, fmt in ((a, config.a_format), (b, config.b_format), (c, config.acc_format)))  # fmt: skip
    return x * y + z


def _signed(x: exact.Real) -> Tensor:
    """An integer as int64."""
    return torch.where(x.sign, -x.mantissa, x.mantissa)
