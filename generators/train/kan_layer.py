"""A layer of a Kolmogorov-Arnold network: a learned function of one variable on every edge, and sums.

Source of the equation: KANELE, arXiv 2512.12850 (B-splines plus a base activation, as in arXiv 2404.19756).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

BASES = {"silu": functional.silu, "gelu": functional.gelu}


def b_splines(x: Tensor, low: float, high: float, intervals: int, order: int) -> Tensor:
    """Values of all B-splines on a uniform grid, by the recursion of Cox and de Boor.

    Parameters
    ----------
    x : Tensor
        Points, of any shape; beyond the grid they are taken for its ends.
    low, high : float
        Ends of the grid.
    intervals, order : int
        The grid has so many intervals; splines are piecewise polynomials of that degree. It is carried on beyond both
        ends by ``order`` intervals.

    Returns
    -------
    Tensor
        Shape ``(*x.shape, intervals + order)``; the last axis sums to 1.
    """
    step = (high - low) / intervals
    knots = low + step * torch.arange(-order, intervals + order + 1, dtype=x.dtype)
    x = x.clamp(low, high)[..., None]
    inside = (x >= knots[:-1]) & (x < knots[1:])
    # The last interval holds its right end, so that the splines sum to 1 there, too.
    inside[..., intervals + order - 1] |= x[..., 0] >= high
    inside[..., intervals + order :] = False
    values = inside.to(x.dtype)
    for k in range(1, order + 1):
        rising = (x - knots[: -(k + 1)]) / (k * step) * values[..., :-1]
        falling = (knots[k + 1 :] - x) / (k * step) * values[..., 1:]
        values = rising + falling
    return values


def curves(layer: Any, points: Tensor) -> Tensor:
    """Every edge's function of a layer with the attributes of :class:`KanLayer`, at some points.

    Parameters
    ----------
    layer : module
        ``base`` may also be a callable, and ``mask`` missing.
    points : Tensor
        Of shape ``(points,)``.

    Returns
    -------
    Tensor
        Shape ``(points, outputs, inputs)``; 0 where masked.
    """
    act = BASES[layer.base] if isinstance(layer.base, str) else layer.base
    values = act(points)[:, None, None] * layer.base_weight
    if layer.intervals:
        basis = b_splines(points, layer.low, layer.high, layer.intervals, layer.order)
        values = values + torch.einsum("ps,kjs->pkj", basis, layer.spline_weight)
    mask = getattr(layer, "mask", None)
    return values if mask is None else values * mask


class KanLayer(nn.Module):
    """``y_k = sum_j f_kj(x_j) + bias_k``, ``f_kj(x) = w_kj act(x) + sum_i c_kji B_i(x)``.

    The importer (:mod:`nervure.generators.importers.kan`) takes any module that has these attributes.

    Parameters
    ----------
    inputs, outputs : int
    low, high : float
        Ends of the grid, and of the inputs.
    intervals, order : int
        Of the splines; no intervals leave the base activation alone (all that an input of one bit needs).
    base : str
        ``silu`` or ``gelu``.
    generator : torch.Generator or None
        Draws the first weights.

    Attributes
    ----------
    base_weight : (outputs, inputs)
    spline_weight : (outputs, inputs, intervals + order)
    bias : (outputs,)
    mask : bool (outputs, inputs)
        Edges that live.
    """

    mask: Tensor

    def __init__(self, inputs: int, outputs: int, low: float = -2.0, high: float = 2.0, intervals: int = 6,
                 order: int = 3, base: str = "silu", generator: torch.Generator | None = None):  # fmt: skip
        super().__init__()
        if base not in BASES:
            raise ValueError(f"base must be one of {', '.join(BASES)}, not {base!r}")
        if not low < high:
            raise ValueError(f"low must be less than high, not {low} and {high}")
        self.low, self.high, self.intervals, self.order, self.base = low, high, intervals, order, base
        scale = (2 / inputs) ** 0.5
        self.base_weight = nn.Parameter(torch.randn(outputs, inputs, generator=generator) * scale)
        splines = intervals + order if intervals else 0
        self.spline_weight = nn.Parameter(torch.randn(outputs, inputs, splines, generator=generator) * 0.1 * scale)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("mask", torch.ones(outputs, inputs, dtype=torch.bool))

    def curves(self, points: Tensor) -> Tensor:
        """Every edge's function at some points, as :func:`curves`."""
        return curves(self, points)

    def forward(self, x: Tensor) -> Tensor:
        """The layer of real numbers, ``(rows, inputs)`` to ``(rows, outputs)``."""
        y = functional.linear(BASES[self.base](x), self.base_weight * self.mask, self.bias)
        if self.intervals:
            basis = b_splines(x, self.low, self.high, self.intervals, self.order)
            y = y + torch.einsum("njs,kjs->nk", basis, self.spline_weight * self.mask[..., None])
        return y
