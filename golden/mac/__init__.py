"""The mathematics of the multiply-accumulate unit: ``y = round(a * b + c)`` on integer codes."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.mac.config import MacConfig
from .. import exact


def mac(config: MacConfig, a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """``y = round(a * b + c)`` with one rounding, or ``round(round(a * b) + c)`` for ``product=rounded``.

    Parameters
    ----------
    config : MacConfig
        Only formats and numerics are read: results do not depend on latency, interface or multiplier.
    a, b, c : integer tensors
        Codes, of shapes that broadcast.

    Returns
    -------
    int64 tensor
        Codes of ``acc``, non-negative, of the broadcast shape.

    Source: IEEE 754-2019, 5.4.1 (fusedMultiplyAdd), 6.2 and 6.3; OCP 8-bit Floating Point v1.0 for FP8 overflow.
    """
    a, b, c = torch.broadcast_tensors(a, b, c)
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
    """The real-valued reference: ``a * b + c`` of the decoded numbers in float64, not rounded to ``acc``."""
    x, y, z = (exact.to_float64(exact.decode(code, fmt))
               for code, fmt in ((a, config.a_format), (b, config.b_format), (c, config.acc_format)))  # fmt: skip
    return x * y + z


def _signed(x: exact.Real) -> Tensor:
    """An integer as int64."""
    return torch.where(x.sign, -x.mantissa, x.mantissa)
