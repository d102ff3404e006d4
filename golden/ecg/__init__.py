"""The mathematics of heartbeat classifiers: sums of counts that fire, steps of spikes, and the largest sum."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ...hw.ecg.config import EcgConfig
from ..ssf import counts

ROWS = 4096
"""Rows at a time, so that sums of all neurons at once fit in memory."""


class Answer(NamedTuple):
    """What a network says of each row, int64: class, confidence, and the last sums V ``(..., classes)``.

    In ``if`` the sums are 4 V, in quarters.
    """

    label: Tensor
    confidence: Tensor
    sums: Tensor


def ecg(config: EcgConfig, n: Tensor) -> Answer:
    """Class and confidence by the equations of :class:`~nervure.hw.ecg.config.EcgConfig`.

    Parameters
    ----------
    config : EcgConfig
        What is computed is read; elements, coding, storage and interface are not.
    n : integer tensor
        Counts of 0 to T, ``(..., inputs)``.
    """
    rows = n.reshape(-1, config.widths[0]).to(torch.int64)
    network = ssf if config.neuron == "ssf" else fire
    sums = torch.cat([network(config, part) for part in rows.split(ROWS)])
    label, confidence = decide(config, sums)
    shape = n.shape[:-1]
    return Answer(label.reshape(shape), confidence.reshape(shape), sums.reshape(*shape, -1))


def ssf(config: EcgConfig, n: Tensor) -> Tensor:
    """Last sums V of sum-spike-and-fire neurons for counts ``(rows, inputs)``."""
    for layer in range(config.num_layers):
        start = config.steps * torch.tensor(config.biases[layer])
        v = summed(config, layer, start.expand(len(n), -1), n, config.accumulator, 1)
        if layer == config.num_layers - 1:
            return v
        n = counts(4 * v, torch.tensor(config.thetas[layer]), config.steps)
    raise AssertionError("a config has a layer")


def fire(config: EcgConfig, n: Tensor) -> Tensor:
    """Last sums, in quarters, of integrate-and-fire neurons for counts ``(rows, inputs)``."""
    held = [torch.zeros(len(n), width, dtype=torch.int64) for width in config.widths[1:]]
    for step in range(1, config.steps + 1):
        s = spikes(n, step, config.steps)
        for layer in range(config.num_layers):
            start = clamped(held[layer] + 4 * torch.tensor(config.biases[layer]), config.accumulator + 2)
            u = summed(config, layer, start, s, config.accumulator + 2, 4)
            if layer < config.num_layers - 1:
                theta4 = torch.tensor(config.thetas[layer])
                s = (u >= theta4).to(torch.int64)
                u = u - theta4 * s
            held[layer] = u
    return held[-1]


def spikes(n: Tensor, step: int, steps: int) -> Tensor:
    """Spikes of counts in one of the steps 1 to T: ``floor(t n / T) - floor((t - 1) n / T)``, evenly spread."""
    return step * n // steps - (step - 1) * n // steps


def summed(config: EcgConfig, layer: int, start: Tensor, x: Tensor, width: int, scale: int) -> Tensor:
    """``start + scale * W x``; where the bounds do not rule saturation out, clamped after each input."""
    weights = scale * torch.tensor(config.weights[layer])
    if not config.saturates:
        return start + x @ weights.T
    v = clamped(start, width)
    for k in range(weights.shape[1]):
        v = clamped(v + x[:, k : k + 1] * weights[:, k], width)
    return v


def clamped(v: Tensor, width: int) -> Tensor:
    """Integers clamped to so many bits of two's complement."""
    return v.clamp(-(1 << (width - 1)), (1 << (width - 1)) - 1)


def decide(config: EcgConfig, sums: Tensor) -> tuple[Tensor, Tensor]:
    """The first of the largest sums, and by how much it exceeds the largest of the others (clamped), of each row."""
    # torch leaves open which of equal ones argmax takes.
    number = torch.arange(sums.shape[-1])
    label = torch.where(sums == sums.amax(-1, keepdim=True), number, sums.shape[-1]).amin(-1)
    two = sums.topk(2, -1).values
    lead = two[..., 0] - two[..., 1]
    if config.neuron == "if":
        lead = lead >> 2
    return label, lead.clamp(max=(1 << config.confidence_width) - 1)
