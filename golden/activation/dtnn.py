"""The mathematics of dendrite branches: tables of a few inputs, summed, or tables of tables."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...hw.activation.config.dtnn import DtnnConfig


def dtnn(config: DtnnConfig, x: Tensor) -> Tensor:
    """Sums, or codes, by the equations of :class:`~nervure.hw.activation.config.dtnn.DtnnConfig`.

    Parameters
    ----------
    config : DtnnConfig
        What is computed is read; where registers are is not.
    x : integer tensor
        Codes of the inputs, ``(..., inputs)``.

    Returns
    -------
    int64 tensor
        Sums or codes, ``(..., outputs)``.
    """
    sums = total(config, x.to(torch.int64))
    if config.output_bits is None:
        return sums
    return (sums >> config.shift).clamp(0, (1 << config.output_bits) - 1)


def total(config: DtnnConfig, x: Tensor) -> Tensor:
    """The sums before the clamp."""
    at = torch.stack([address(x, inputs, config.bits) for inputs in config.groups], -1)
    out = torch.tensor(config.offsets).expand(*x.shape[:-1], -1).clone()
    if config.join == "adders":
        for output, branch, *entries in config.branches:
            out[..., output] += torch.tensor(entries)[at[..., branch]]
        return out
    codes = torch.zeros(*x.shape[:-1], config.outputs, len(config.groups), dtype=torch.int64)
    for output, branch, *entries in config.branches:
        codes[..., output, branch] = torch.tensor(entries)[at[..., branch]]
    for output, number, *entries in config.joins:
        out[..., output] += torch.tensor(entries)[address(codes[..., output, :], config.fans[number], config.middle)]
    return out


def address(codes: Tensor, places: Sequence[int], bits: int) -> Tensor:
    """The codes of some places side by side, the first in the lowest bits."""
    return sum((codes[..., place] << i * bits for i, place in enumerate(places)), torch.tensor(0))
