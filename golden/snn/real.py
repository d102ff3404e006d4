"""Spiking networks of real numbers, step by step: what integers are made from and compared with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class RealNeuron:
    """A neuron's law in real numbers; every number may be a tensor that broadcasts over the layer's shape.

    With x what the synapses give (bias in it)::

        i  = alpha * i + x          where there is a current; else what drives is x
        u  = beta * v + gain * (i, new or old) + rest
        s  = how many k of 1..max_spikes have u > k * threshold (or >=); of max_spikes = 0 all
        v  = u - s * threshold, or reset_value where s > 0, or u; a delay does that before the next step's leak
             (value), or takes s * threshold off after it (subtract)

    ``rearm`` is that of :class:`~nervure.hw.snn.config.neuron.Neuron`.

    Parameters
    ----------
    threshold : Tensor
    compare, reset : str
    reset_value : Tensor
    reset_delay, rearm : bool
    max_spikes : int
    floor : bool
        No step leaves the membrane below minus the threshold.
    beta : Tensor
        Share of the membrane that stays in a step.
    gain, rest : Tensor
    alpha : Tensor or None
        Share of the current that stays; None without a current.
    order : str
        ``new`` or ``old``.
    """

    threshold: Tensor
    compare: str = ">"
    reset: str = "value"
    reset_value: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    reset_delay: bool = False
    rearm: bool = False
    max_spikes: int = 1
    floor: bool = False
    beta: Tensor = field(default_factory=lambda: torch.ones((), dtype=torch.float64))
    gain: Tensor = field(default_factory=lambda: torch.ones((), dtype=torch.float64))
    rest: Tensor = field(default_factory=lambda: torch.zeros((), dtype=torch.float64))
    alpha: Tensor | None = None
    order: str = "new"


@dataclass(frozen=True)
class RealLayer:
    """A layer as :class:`~nervure.hw.snn.config.layer.Layer`, with weights of real numbers.

    ``average_pool`` is the mean, not rounded. ``weight`` has the shape (channels, channels in / groups, down, right) or
    (channels, numbers); ``bias`` one number a channel, or None.
    """

    name: str
    kind: str
    sources: tuple[str, ...]
    weight: Tensor | None = None
    bias: Tensor | None = None
    recurrent: Tensor | None = None
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    groups: int = 1
    neuron: RealNeuron | None = None

    def with_neuron(self, neuron: RealNeuron) -> RealLayer:
        """The layer, ending in these neurons."""
        return replace(self, neuron=neuron)


@dataclass(frozen=True)
class RealNetwork:
    """Layers in order, each after its sources; ``facts`` is what an importer has to say for the record."""

    name: str
    input_shape: tuple[int, ...]
    layers: tuple[RealLayer, ...]
    facts: dict[str, Any] = field(default_factory=dict)


def run_real(network: RealNetwork, x: Tensor, steps: int, code: str = "spikes",
             keep: bool = False) -> tuple[Tensor, dict[str, Tensor]]:  # fmt: skip
    """Totals ``(frames, *shape)`` in float64, and, where kept, what each layer gave ``(frames, steps, *shape)``.

    Parameters
    ----------
    network : RealNetwork
    x : Tensor
        ``(frames, *input_shape)``, the same in each step, or ``(frames, steps, *input_shape)``.
    steps : int
    code : str
        ``counts``: one pass, in which layers give the counts of all steps; biases count ``steps`` times.
    keep : bool
    """
    x = x.double()
    same = x.dim() == 1 + len(network.input_shape)
    states: dict[str, tuple[Tensor, Tensor, Tensor]] = {}
    found: dict[str, list[Tensor]] = {layer.name: [] for layer in network.layers}
    total: Tensor | None = None
    for t in range(1 if code == "counts" else steps):
        values = {"input": x if same else x[:, t]}
        for layer in network.layers:
            y = _summed(layer, [values[source] for source in layer.sources])
            if layer.recurrent is not None:
                back = found[layer.name][-1] if found[layer.name] else torch.zeros_like(y)
                y = y + back @ layer.recurrent.double().T
            if layer.bias is not None:
                times = steps if code == "counts" else 1
                y = y + times * layer.bias.double().reshape(-1, *[1] * (y.dim() - 2))
            if layer.neuron is not None:
                zeros = torch.zeros_like(y)
                y, states[layer.name] = step_real(layer.neuron, states.get(layer.name, (zeros, zeros, zeros)), y)
            values[layer.name] = y
            if keep or layer.recurrent is not None:
                found[layer.name].append(y)
        last = values[network.layers[-1].name]
        total = last if total is None else total + last
    assert total is not None
    return total, {name: torch.stack(rows, 1) for name, rows in found.items() if keep}


def step_real(law: RealNeuron, state: tuple[Tensor, Tensor, Tensor],
              x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:  # fmt: skip
    """Spikes and state (membrane, current, reset that waits) after one step."""
    v, i, waiting = state
    drive = x
    if law.alpha is not None:
        new = law.alpha * i + x
        drive, i = new if law.order == "new" else i, new
    start = torch.where(waiting > 0, law.reset_value, v) if law.reset_delay and law.reset == "value" else v
    u = law.beta * start + law.gain * drive + law.rest
    if law.reset_delay and law.reset == "subtract":
        u = u - waiting * law.threshold
    seen = u
    if law.rearm:
        seen = u - law.threshold * (v > law.threshold if law.compare == ">" else v >= law.threshold)
    ratio = seen / law.threshold
    # A quotient may round up to a whole number; the comparison itself does not.
    if law.max_spikes == 1:
        spikes = (seen > law.threshold if law.compare == ">" else seen >= law.threshold).double()
    else:
        spikes = (ratio.ceil() - 1 if law.compare == ">" else ratio.floor()).clamp(0, law.max_spikes or None)
    if law.reset == "none" or law.reset_delay:
        after = u
    elif law.reset == "subtract":
        after = u - spikes * law.threshold
    else:
        after = torch.where(spikes > 0, law.reset_value, u)
    if law.floor:
        after = after.maximum(-law.threshold)
    return spikes, (after, i, spikes if law.reset_delay else waiting)


def shapes(network: RealNetwork) -> dict[str, tuple[int, ...]]:
    """The shape that each layer gives, by running one frame of zeros through the layers without their neurons."""
    values = {"input": torch.zeros((1, *network.input_shape), dtype=torch.float64)}
    for layer in network.layers:
        values[layer.name] = _summed(layer, [values[source] for source in layer.sources])
    return {name: tuple(value.shape[1:]) for name, value in values.items()}


def _summed(layer: RealLayer, sources: list[Tensor]) -> Tensor:
    a = sources[0]
    match layer.kind:
        case "add":
            return torch.stack(sources).sum(0)
        case "flatten":
            return a.flatten(1)
        case "max_pool":
            return functional.max_pool2d(a, layer.kernel, layer.stride, layer.padding)
        case "average_pool":
            return functional.avg_pool2d(a, layer.kernel, layer.stride, layer.padding)
        case "sum_pool":
            mean = functional.avg_pool2d(a, layer.kernel, layer.stride, layer.padding)
            return mean * prod(layer.kernel)
    assert layer.weight is not None
    if layer.kind in ("dense", "recurrent"):
        return functional.linear(a, layer.weight.double())
    return functional.conv2d(a, layer.weight.double(), None, layer.stride, layer.padding, 1, layer.groups)
