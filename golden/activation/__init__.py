"""The mathematics of activation units: what their integers compute, and the real functions behind them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...hw.activation.config import ActivationConfig
from .numbers import above, held, inputs, operand, results, signed, to_float

__all__ = ["Segments", "above", "activation", "held", "inputs", "operand", "results", "signed", "total", "value"]


def activation(config: ActivationConfig, x: Tensor) -> Tensor:
    """Codes of y, by the equations of :class:`~nervure.hw.activation.config.ActivationConfig`.

    Parameters
    ----------
    config : ActivationConfig
        Its integers are read; latency and form are not, but for ``table``.
    x : integer tensor
        Codes of the input format (of a fixed-point one, integers do too).

    Returns
    -------
    int64 tensor
        Codes of the output format, in the shape of x.
    """
    mask = (1 << config.output_width) - 1
    if config.form == "table" and config.float_input is not None:
        return torch.tensor(config.entries)[x.to(torch.int64) & ((1 << config.input_width) - 1)] & mask
    numbers, nan = operand(config, x)
    numbers = held(config, numbers)
    if config.form == "table":
        return torch.tensor(config.entries)[numbers - config.codes[0]] & mask
    if config.float_output is None:
        return torch.where(nan, 0, value(config, numbers)) & mask
    no_number = config.float_output.canonical_nan if config.float_output.has_nan else 0
    y = torch.where(nan, no_number, to_float(config, total(config, numbers)))
    return torch.where(above(config, x), x, y)


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
