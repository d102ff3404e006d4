"""What a network does on real frames, counted from the golden model, and whether its spikes are few enough to pay."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import Tensor

from ...golden.snn import run, summed
from ...hw.snn.config import SnnConfig
from ...hw.snn.config.layer import WEIGHTED
from ..breakeven import break_even


@dataclass(frozen=True)
class Activity:
    """Counts of one layer, for a frame, on average over frames.

    Parameters
    ----------
    name : str
    synaptic_operations : float
        Weights that meet a number other than 0.
    most_operations : int
        Weights that are worked with in any case, all passes.
    weight_bits_read : int
        By cores that read each weight for each place and pass.
    membrane_accesses : int
        Reads and writes of the membranes that are kept between passes.
    spikes : float
        Spikes that leave the layer: counts count as many.
    spike_bits : int
        Wires times neurons times passes: what moves in a dense stream.
    rate : float or None
        Spikes for each neuron and time step; None of layers without neurons.
    """

    name: str
    synaptic_operations: float
    most_operations: int
    weight_bits_read: int
    membrane_accesses: int
    spikes: float
    spike_bits: int
    rate: float | None


def activity(config: SnnConfig, x: Tensor) -> list[Activity]:
    """Counts of every layer with weights, on frames x as :func:`nervure.golden.snn.run` takes them."""
    trace = run(config, x, keep=True)
    same = x.dim() == 1 + len(config.input_shape)
    values = {"input": x[:, None].expand(-1, config.passes, *x.shape[1:]) if same else x, **trace.values}
    found = []
    for layer in config.layers:
        if layer.kind not in WEIGHTED:
            continue
        facts, passes = config.facts[layer.name], config.passes
        taken = (values[facts.sources[0]] != 0).flatten(0, 1).to(torch.int64)
        ones = layer.model_copy(update={"weights": (1,) * len(layer.weights), "recurrent": ()})
        met = float(summed(ones, facts, [taken]).sum()) / len(x)
        out, neurons = values[layer.name], prod(facts.shape)
        if layer.kind == "recurrent":
            # What the last step gives meets no weight any more.
            met += float((out[:, :-1] != 0).sum()) * layer.channels / len(x)
        most = facts.synapses * neurons * passes
        law = layer.neuron
        spikes = float(out.sum()) / len(x) if law else 0.0
        found.append(Activity(
            layer.name, met, most, most * layer.weight_bits, 2 * neurons * passes if law and passes > 1 else 0, spikes,
            neurons * passes * law.spike_width if law else 0, spikes / (neurons * config.steps) if law else None,
        ))  # fmt: skip
    return found


def answer(config: SnnConfig, found: list[Activity]) -> str:
    """Whether the network is below its break-even, in a sentence."""
    with_neurons = [one for one in found if one.rate is not None]
    rate = float(np.average([one.rate or 0 for one in with_neurons],
                            weights=[one.spike_bits for one in with_neurons]))  # fmt: skip
    bits = max(layer.weight_bits for layer in config.layers if layer.name in {one.name for one in with_neurons[1:]}) \
        if len(with_neurons) > 1 else 8  # fmt: skip
    limit = break_even(config.steps, bits)
    below = "below" if rate < limit else "not below"
    return (f"{rate:.1%} of neurons' steps spike; break-even at T = {config.steps} and {bits}-bit weights is "
            f"{limit:.1%} (a reconstruction of arXiv 2409.08290): this network is {below} it")  # fmt: skip
