"""The mathematics of activation units: what their integers compute, and the real functions behind them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...hw.activation.config import ActivationConfig


def signed(codes: Tensor, width: int, is_signed: bool = True) -> Tensor:
    """The integers that codes of that width stand for."""
    codes = codes.to(torch.int64) & ((1 << width) - 1)
    return codes - ((codes >> (width - 1) & 1) << width) if is_signed else codes


def activation(config: ActivationConfig, x: Tensor) -> Tensor:
    """Codes of y, by the equations of :class:`~nervure.hw.activation.config.ActivationConfig`.

    Parameters
    ----------
    config : ActivationConfig
        Its integers are read; latency and form are not, but for ``table``.
    x : integer tensor
        Codes of the input format.

    Returns
    -------
    int64 tensor
        Codes of the output format, in the shape of x.
    """
    fmt = config.input_format
    x = signed(x, fmt.width, fmt.signed).clamp(*config.codes)
    mask = (1 << config.output_format.width) - 1
    if config.form == "table":
        return torch.tensor(config.entries)[x - config.codes[0]] & mask
    return value(config, x) & mask


Segments = tuple[Sequence[int], Sequence[int], Sequence[int]]
"""Breakpoints, slopes and biases."""


def value(config: ActivationConfig, x: Tensor, segments: Segments | None = None) -> Tensor:
    """Output integers of input integers, by segments (those of the config, unless others are given)."""
    v = total(config, x, segments)
    drop = config.fraction_bits - config.output_format.fraction_bits
    rounded = v << -drop if drop <= 0 else (v + (1 << (drop - 1))) >> drop
    return rounded.clamp(config.output_format.low, config.output_format.high)


def total(config: ActivationConfig, x: Tensor, segments: Segments | None = None) -> Tensor:
    """The sums v that are rounded, in units of ``2^-F``."""
    breakpoints, slopes, biases = segments or (config.breakpoints, config.slopes, config.biases)
    u = x if config.symmetry == "none" else x.abs()
    k = torch.searchsorted(torch.tensor(breakpoints, dtype=torch.int64), u, right=True)
    shift = config.fraction_bits - config.bias_format.fraction_bits
    v = torch.tensor(slopes)[k] * u + (torch.tensor(biases)[k] << shift)
    if config.symmetry == "odd":
        v = torch.where(x < 0, -v, v)
    elif config.symmetry == "point":
        v = torch.where(x < 0, (config.centre << shift) - v, v)
    elif config.symmetry == "relu":
        v = v + (x.clamp(min=0) << config.slope_format.fraction_bits)
    return v
