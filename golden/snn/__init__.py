"""The mathematics of spiking networks of integers: every layer, every step, exactly."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional

from ...hw.snn.config import Facts, SnnConfig, spread
from ...hw.snn.config.layer import Layer
from ..ssf import counts
from .neuron import State, held, step

FRAMES = 32
"""Frames at a time: their states stay in the caches."""


@dataclass
class Trace:
    """What a network did.

    Parameters
    ----------
    totals : int64 tensor
        ``(frames, *shape)``: sums over the steps of what the last layer gave.
    classes : int64 tensor
        ``(frames,)``: the number of the greatest total, the first of equal ones.
    values : dict
        For each layer that was asked for what it gave, ``(frames, passes, *shape)``.
    """

    totals: Tensor
    classes: Tensor
    values: dict[str, Tensor] = field(default_factory=dict)


def snn(config: SnnConfig, x: Tensor) -> Tensor:
    """Totals ``(frames, *shape)``, or classes ``(frames,)``, as the config's output says; x as for :func:`run`."""
    trace = run(config, x)
    return trace.classes if config.output == "class" else trace.totals


def predict(config: SnnConfig, x: Tensor) -> Tensor:
    """The class of each frame, int64 ``(frames,)``; x as for :func:`run`."""
    return run(config, x).classes


def run(config: SnnConfig, x: Tensor, keep: tuple[str, ...] | bool = False) -> Trace:
    """The network on frames, by the equations of :class:`~nervure.hw.snn.config.SnnConfig` and its layers.

    Parameters
    ----------
    config : SnnConfig
        What is computed is read; omega, kappa and regions are not.
    x : integer tensor
        ``(frames, *input_shape)``, the same in each step, or ``(frames, steps, *input_shape)``.
    keep : names or bool
        Layers whose numbers are kept in ``values``; True keeps all.
    """
    names = tuple(layer.name for layer in config.layers)
    kept = names if keep is True else keep or ()
    parts = [_run(config, part, kept) for part in x.split(FRAMES)]
    totals = torch.cat([part[0] for part in parts])
    flat = totals.flatten(1)
    # torch leaves open which of equal ones argmax takes.
    largest = flat == flat.amax(1, keepdim=True)
    classes = torch.where(largest, torch.arange(flat.shape[1]), flat.shape[1]).amin(1)
    return Trace(totals, classes, {name: torch.cat([part[1][name] for part in parts]) for name in kept})


def _run(config: SnnConfig, x: Tensor, kept: tuple[str, ...]) -> tuple[Tensor, dict[str, Tensor]]:
    x = x.to(torch.int64)
    same = x.dim() == 1 + len(config.input_shape)
    states = {layer.name: State.zeros((len(x), *config.facts[layer.name].shape)) for layer in config.layers}
    last = {layer.name: torch.zeros((len(x), layer.channels), dtype=torch.int64)
            for layer in config.layers if layer.kind == "recurrent"}  # fmt: skip
    found: dict[str, list[Tensor]] = {name: [] for name in kept}
    total = torch.zeros((len(x), *config.shape), dtype=torch.int64)
    for t in range(config.passes):
        values = {"input": x if same else x[:, t]}
        for layer in config.layers:
            facts = config.facts[layer.name]
            y = summed(layer, facts, [values[source] for source in facts.sources], last.get(layer.name))
            times = config.steps if config.code == "counts" else 1
            bias = torch.from_numpy(spread(layer.bias, facts.shape)) * times if layer.bias else 0
            law = layer.neuron
            if law is None:
                out = y + bias
            else:
                theta = torch.from_numpy(spread(law.threshold, facts.shape))
                drive = (y << law.fraction) + bias
                if config.code == "counts":
                    out = counts(held(drive, law.membrane_width, law.overflow), theta, config.steps)
                else:
                    out, states[layer.name] = step(law, theta, states[layer.name], drive)
            values[layer.name] = out
            if layer.name in last:
                last[layer.name] = out
        for name in kept:
            found[name].append(values[name])
        total += values[config.layers[-1].name]
    return total, {name: torch.stack(rows, 1) for name, rows in found.items()}


def summed(layer: Layer, facts: Facts, sources: list[Tensor], spikes: Tensor | None = None) -> Tensor:
    """y of a layer (:class:`~nervure.hw.snn.config.layer.Layer`), int64 ``(frames, *shape)``.

    Products and sums are taken in floats that hold every one of them exactly: float32 while none reaches 2^24, else
    float64 (the config keeps sums below 2^47).
    """
    a = sources[0]
    if layer.kind == "add":
        return torch.stack(sources).sum(0)
    if layer.kind == "flatten":
        return a.flatten(1)
    if layer.kind == "max_pool":
        # Padded by hand, since torch's pool takes at most half the kernel.
        (down, right), least = layer.padding, float("-inf")
        padded = functional.pad(a.double(), (right, right, down, down), value=least)
        return functional.max_pool2d(padded, layer.kernel, layer.stride).to(torch.int64)
    groups = layer.grouped(facts.source_shape[0])
    if layer.kind in ("sum_pool", "average_pool"):
        groups, weights = a.shape[1], torch.ones((a.shape[1], 1, *layer.kernel), dtype=torch.int64)
    else:
        weights = torch.from_numpy(layer.matrix(facts.source_shape[0]))
    reach = int(a.abs().max()) * int(weights.abs().flatten(1).sum(1).max()) if a.numel() else 0
    kind = torch.float32 if reach < 1 << 24 else torch.float64
    if layer.kind in ("dense", "recurrent"):
        y = (a.to(kind) @ weights.T.to(kind)).to(torch.int64)
        if spikes is None:
            return y
        back = torch.tensor(layer.recurrent).reshape(layer.channels, -1)
        return y + (spikes.double() @ back.T.double()).to(torch.int64)
    y = functional.conv2d(a.to(kind), weights.to(kind), None, layer.stride, layer.padding, 1, groups).to(torch.int64)
    if layer.kind == "average_pool":
        y = y.div(layer.kernel[0] * layer.kernel[1], rounding_mode="floor")
    return y
