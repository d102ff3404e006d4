"""The mathematics of a vector unit behind another engine, and behind the matrix-vector engine."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.noc.config.overlay import GemvOverlayConfig, OverlayConfig
from ..activation import signed
from ..mac.gemv_stream import sums
from .nova import nova


def overlay(config: OverlayConfig, data: Tensor, mode: Tensor) -> dict[str, Tensor]:
    """Words of data and status, by the equations of :class:`~nervure.hw.noc.config.overlay.OverlayConfig`.

    Parameters
    ----------
    data : integer tensor, shape (beats, routers * lanes)
        Words of the engine's numbers.
    mode : integer tensor, shape (beats,)

    Returns
    -------
    dict of int64 tensor
        ``data`` in the shape of data, ``status`` in that of mode.
    """
    fmt, count = config.input_format, len(config.tables)
    v = signed(data, config.word)
    # floor(v / 2^drop + 1/2), in two steps, since v + half may not fit 64 bits.
    x = v if config.drop == 0 else ((v >> (config.drop - 1)) + 1) >> 1
    codes = x.clamp(fmt.low, fmt.high) & ((1 << fmt.width) - 1)
    found = nova(config, codes, (mode.clamp(max=count) - 1).clamp(min=0))
    out = config.output_format
    y = signed(found["y"], out.width, out.signed)
    if config.word < 64:
        y = y & ((1 << config.word) - 1)
    return {"data": torch.where(mode[:, None] == 0, data, y), "status": (mode > count).to(torch.int64)}


def gemv_overlay(config: GemvOverlayConfig, **beats: Tensor) -> dict[str, Tensor]:
    """What comes of the beats of a matrix-vector engine with an overlay behind it.

    Parameters
    ----------
    beats : integer tensors
        Fields of the engine's beats (:func:`nervure.golden.mac.gemv_stream.beats`), and ``mode``.

    Returns
    -------
    dict of int64 tensor
        As of :func:`overlay`, for each beat that completes sums.
    """
    mode = beats.pop("mode")
    done = sums(config.gemv, beats).reshape(-1, config.width)
    return overlay(config, done, mode[(beats["mac"] * beats["last"]).bool()])
