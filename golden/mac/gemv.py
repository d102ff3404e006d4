"""The mathematics of the matrix-vector engine: each sum is a chain of multiply-accumulates over the columns."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.mac.config.gemv import GemvConfig
from .. import exact
from . import mac


def gemv(config: GemvConfig, w: Tensor, x: Tensor, mode: int = 0) -> Tensor:
    """``Y = W X`` on codes: ``y[r, n] = s_K`` with ``s_0 = +0`` and ``s_k+1 = round(w[r, k] * x[k, n] + s_k)``.

    Parameters
    ----------
    config : GemvConfig
        Only formats and numerics are read: results do not depend on units, groups, depth, latency or multiplier.
    w : integer tensor (M, K)
        Codes of the weights. Bits above the format are ignored.
    x : integer tensor (K, N) or (K,)
        Codes of the activations.
    mode : int
        Which formats.

    Returns
    -------
    int64 tensor (M, N) or (M,)
        Codes of the mode's ``acc``, non-negative.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Source: the rounding of each step is that of :func:`nervure.golden.mac.mac`.
    """
    check_shapes(w, x)
    lane = config.mac.lane(mode)
    columns = x if x.ndim == 2 else x[:, None]
    y = torch.zeros((w.shape[0], columns.shape[1]), dtype=torch.int64)
    for k in range(w.shape[1]):
        y = mac(lane, w[:, k, None], columns[None, k], y)
    return y if x.ndim == 2 else y[:, 0]


def gemv_float64(config: GemvConfig, w: Tensor, x: Tensor, mode: int = 0) -> Tensor:
    """The real-valued reference: the product of the numbers in float64, of the shape of :func:`gemv`."""
    check_shapes(w, x)
    lane = config.mac.lane(mode)
    return exact.to_float64(exact.decode(w, lane.a_format, lane.flush)) @ exact.to_float64(
        exact.decode(x, lane.b_format, lane.flush)
    )


def check_shapes(w: Tensor, x: Tensor) -> None:
    """Refuses matrices that cannot be multiplied.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if w.ndim != 2 or x.ndim not in (1, 2) or w.shape[1] != x.shape[0] or not w.numel() or not x.numel():
        shapes = f"{tuple(w.shape)} and {tuple(x.shape)}"
        raise ValueError(f"w and x must have shapes (M, K) and (K, N) or (K,), not {shapes}")
