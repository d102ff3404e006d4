"""The integers of layer norm and RMS norm, stated on whole rows, and the real functions beside them."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.activation.config.cells import VALUE_BITS
from ...hw.activation.config.norm import PLACES, NormConfig
from . import signed, value
from .softmax import floor_log2


def grouped(config: NormConfig, x: Tensor) -> Tensor:
    """The numbers of whole rows, (rows, elements), as integers."""
    beats = len(x) // config.beats * config.beats
    numbers = signed(x[:beats], config.input_format.width).reshape(-1, config.beats * config.lanes)
    return numbers[:, : config.elements]


def normalised(config: NormConfig, x: Tensor) -> Tensor:
    """z of whole rows.

    Parameters
    ----------
    x : int64 tensor (rows, elements)
    """
    n = config.elements
    s = x.sum(1, keepdim=True) if config.kind == "layer" else torch.zeros(len(x), 1, dtype=torch.int64)
    total = (n * (x * x).sum(1, keepdim=True) - s * s << 2 * config.fine) + config.added
    k = floor_log2(total)
    mantissa = torch.where(k >= PLACES, total >> (k - PLACES).clamp(min=0), total << (PLACES - k).clamp(min=0))
    u = mantissa - (1 << PLACES) + ((k & 1) << PLACES)
    product = ((n * x - s) * value(config.root_table, u)) << config.lead
    drop = (k >> 1) + VALUE_BITS + config.lead - config.places - config.fine
    return (product + (1 << (drop - 1))) >> drop


def norm(config: NormConfig, x: Tensor) -> dict[str, Tensor]:
    """The codes of every whole row, as :class:`~nervure.hw.activation.config.norm.NormConfig` says.

    Parameters
    ----------
    config : NormConfig
    x : integer tensor (beats,) or (beats, lanes)
        Codes.

    Returns
    -------
    dict of str to int64 tensor
        ``y`` of the shape of x, of the beats of whole rows; zeros beyond a row's numbers.
    """
    y, out = normalised(config, grouped(config, x)), config.output_format
    if config.scaled:
        gamma, beta = (torch.tensor(part) for part in zip(*map(config.constants, range(config.elements)), strict=True))
        fraction = config.places + config.gamma_format.fraction_bits
        drop = fraction - out.fraction_bits
        y = (y * gamma + (beta << (fraction - config.beta_format.fraction_bits)) + (1 << (drop - 1))) >> drop
    y = y.clamp(out.low, out.high) & ((1 << out.width) - 1)
    padded = torch.zeros(len(y), config.beats * config.lanes, dtype=torch.int64)
    padded[:, : config.elements] = y
    return {"y": padded.reshape(-1, *x.shape[1:])}


def real(config: NormConfig, x: Tensor) -> Tensor:
    """The real function of whole rows in float64, before gamma and beta.

    Parameters
    ----------
    x : int64 tensor (rows, elements)
    """
    numbers = x.to(torch.float64) * float(config.input_format.lsb)
    if config.kind == "layer":
        numbers = numbers - numbers.mean(1, keepdim=True)
    return numbers / (numbers.square().mean(1, keepdim=True) + config.eps).sqrt()
