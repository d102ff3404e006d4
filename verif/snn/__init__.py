"""Evidence for spiking networks: features, golden outputs, coverage (stimulus in its own room)."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

import numpy as np
import torch

from ...golden.snn import run
from ...hw.snn.config import SnnConfig
from ...hw.snn.config.layer import WEIGHTED
from ...hw.snn.config.plan import beats, bits_of, needs, plans
from ..artifact import Artifact
from .claims import claims
from .stimulus import KINDS, Vectors, frames_of, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus"]  # fmt: skip

FEATURES: dict[str, str] = {
    "lowest_input": "all numbers of a frame are 0",
    "highest_input": "all numbers of a frame are the greatest",
    "beyond": "a number is above input_high, and counts as that",
    "resting": "a neuron of the first layer with neurons gives nothing in all steps",
    "firing": "a neuron of the first layer with neurons gives something",
    "full": "a neuron of the first layer with neurons gives the most it can in a step",
    "back_to_back": "a frame follows another: no state is left over",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> SnnConfig:
    """The config that the artefact was made from."""
    return SnnConfig(**artifact.manifest["config"])


def features(config: SnnConfig) -> dict[str, str]:
    """The features that this config can show; whether a neuron reaches its ends is the weights' affair, and is asked
    only of a neuron whose bounds say that it can."""
    high = config.highest_input
    off = {"beyond"} if high & (high + 1) == 0 else set()
    first = next((layer for layer in config.layers if layer.neuron), None)
    if first is None:
        return {key: text for key, text in FEATURES.items() if key not in {*off, "resting", "firing", "full"}}
    law, (low, top) = first.neuron, config.facts[first.name].driven
    assert law is not None
    if low >= min(law.threshold) or law.leak != "none" or law.current != "absent":
        off.add("resting")
    if top < max(law.threshold) or config.passes > 1 or law.compare == ">":
        off |= {"firing", "full"}
    if top < law.max_spikes * max(law.threshold) or law.levels:
        off.add("full")
    return {key: text for key, text in FEATURES.items() if key not in off}


def expect(config: SnnConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs of each whole frame: its class, or its totals place after place."""
    trace = run(config, torch.from_numpy(frames_of(config, inputs)))
    if config.output == "class":
        return {"y": trace.classes.numpy().astype(np.uint64)}
    channels, rows, columns = plans(config)[config.layers[-1].name].grid
    totals = trace.totals.reshape(-1, channels, rows * columns).transpose(1, 2).reshape(-1, channels).numpy()
    width, _ = bits_of(config.total_range)
    return {"y": totals.astype(np.uint64) & np.uint64((1 << width) - 1)}


def ends(config: SnnConfig, inputs: Vectors) -> np.ndarray:
    """For each beat that comes out the one that completes it: of a frame, or of what a place needs in the last step."""
    each = beats(config)
    starts = np.arange(0, len(inputs["x"]) // each * each, each)
    if config.output == "class":
        return starts + each - 1
    needed = np.array(needs(config)[config.layers[-1].name]) + each - each // config.passes - 1
    return (starts[:, None] + needed).ravel()


def describe(config: SnnConfig, field: str, code: int) -> str:
    """A code as its value."""
    return str(int(code))


def operations(config: SnnConfig) -> dict[str, int]:
    """Per beat that comes in: synapses added up, neurons that compare (a frame's, shared out)."""
    synapses = neurons = 0
    for layer in config.layers:
        facts = config.facts[layer.name]
        synapses += facts.synapses * prod(facts.shape) if layer.kind in WEIGHTED else 0
        neurons += prod(facts.shape) if layer.neuron else 0
    each = beats(config)
    return {"multiply_add": -(-synapses * config.passes // each), "compare": -(-neurons * config.passes // each)}


def exhaustive(config: SnnConfig) -> Iterator[Vectors] | None:
    """None: a frame has too many bits."""
    return None


def coverage(config: SnnConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not), in frames."""
    frames = frames_of(config, inputs)
    flat, high = frames.reshape(len(frames), -1), config.highest_input
    row = {"lowest_input": (flat == 0).all(1), "highest_input": (flat == high).all(1),
           "beyond": (inputs["x"] > high).any(-1), "back_to_back": np.arange(len(frames)) > 0}  # fmt: skip
    if first := next((layer for layer in config.layers if layer.neuron), None):
        assert first.neuron is not None
        values = run(config, torch.from_numpy(frames), keep=(first.name,)).values[first.name].flatten(1).numpy()
        row |= {"resting": (values == 0).any(1), "firing": (values > 0).any(1),
                "full": (values == first.neuron.highest).any(1)}  # fmt: skip
    return {key: int(row[key].sum()) for key in features(config)}
