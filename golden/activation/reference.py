"""The real functions behind the tables, in float64: what every certificate is measured against.

Sources: gelu, silu, softplus, mish as in torch's documentation; PTsoftplus and PTSiLU of SpikySpace, arXiv
2601.02411, which are *trained-in* functions and no approximations of softplus and SiLU.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Reference:
    """A real function of one variable.

    Parameters
    ----------
    call : callable
        From a float64 tensor to one of the same shape.
    formula : str
        What it computes, for people.
    trained_in : bool
        Whether networks are trained with it in place of the function whose name it resembles.
    """

    call: Callable[[Tensor], Tensor]
    formula: str
    trained_in: bool = False


_TURN = math.log2(1 / math.log(2))  # where the slope of 2^x is 1
_BEND = -1.791995


def _gelu(x: Tensor) -> Tensor:
    # erfc keeps its digits where 1 + erf would lose them.
    return x * torch.special.erfc(-x / math.sqrt(2)) / 2


def _softplus(x: Tensor) -> Tensor:
    return x.clamp(min=0) + torch.log1p(torch.exp(-x.abs()))


def _ptsoftplus(x: Tensor) -> Tensor:
    return torch.where(x < _TURN, torch.exp2(x.clamp(max=1)), x + (1 / math.log(2) - _TURN))


def _ptsilu(x: Tensor) -> Tensor:
    return torch.where(x < _BEND, -torch.exp2(x.clamp(max=0)), torch.exp2(-x.clamp(min=-2) - 1) + x - 0.228245)


FUNCTIONS: dict[str, Reference] = {
    "gelu": Reference(_gelu, "x Phi(x)"),
    "gelu_tanh": Reference(lambda x: x * torch.sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3)),
                           "x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))"),
    "silu": Reference(lambda x: x * torch.sigmoid(x), "x / (1 + e^-x)"),
    "sigmoid": Reference(torch.sigmoid, "1 / (1 + e^-x)"),
    "tanh": Reference(torch.tanh, "tanh(x)"),
    "softplus": Reference(_softplus, "ln(1 + e^x)"),
    "exp": Reference(torch.exp, "e^x"),
    "exp2": Reference(torch.exp2, "2^x"),
    "erf": Reference(torch.erf, "erf(x)"),
    "mish": Reference(lambda x: x * torch.tanh(_softplus(x)), "x tanh(ln(1 + e^x))"),
    "reciprocal": Reference(torch.reciprocal, "1 / x"),
    "rsqrt": Reference(torch.rsqrt, "1 / sqrt(x)"),
    "sqrt": Reference(torch.sqrt, "sqrt(x)"),
    "log": Reference(torch.log, "ln(x)"),
    "log2": Reference(torch.log2, "log2(x)"),
    "sin": Reference(torch.sin, "sin(x)"),
    "cos": Reference(torch.cos, "cos(x)"),
    "relu": Reference(lambda x: x.clamp(min=0), "max(x, 0)"),
    "elu": Reference(lambda x: torch.where(x > 0, x, torch.expm1(x.clamp(max=0))), "x > 0 ? x : e^x - 1"),
    "hardsigmoid": Reference(lambda x: (x / 6 + 0.5).clamp(0, 1), "min(max(x / 6 + 1/2, 0), 1)"),
    "hardswish": Reference(lambda x: x * (x / 6 + 0.5).clamp(0, 1), "x min(max(x / 6 + 1/2, 0), 1)"),
    "ptsoftplus": Reference(_ptsoftplus, "x < 0.528766 ? 2^x : x + 0.913929", True),
    "ptsilu": Reference(_ptsilu, "x < -1.791995 ? -2^x : 2^(-x-1) + x - 0.228245", True),
}  # fmt: skip
"""Functions by name."""


def reference(name: str) -> Reference | None:
    """The function of that name, if there is one."""
    return FUNCTIONS.get(name)
