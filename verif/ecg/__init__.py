"""Evidence for heartbeat classifiers: features, golden outputs, coverage (stimulus in its own room)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from ...golden.ecg import ecg
from ...hw.ecg.config import EcgConfig
from ...hw.ecg.config.schedule import passes
from ..artifact import Artifact
from . import loading
from . import stimulus as beats
from .claims import claims
from .stimulus import KINDS, Vectors

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus"]  # fmt: skip

EXHAUSTIVE_BITS = 12

FEATURES: dict[str, str] = {
    "lowest_input": "all counts are 0",
    "highest_input": "all counts are T",
    "beyond": "a code is above T, and counts as T",
    "resting": "a neuron of the first layer gives 0, its sum below one theta",
    "full": "a neuron of the first layer gives T, its sum T thetas or more",
    "least_sum": "a sum of the first layer is the least that it can be",
    "greatest_sum": "a sum of the first layer is the greatest that it can be",
    **loading.FEATURES,
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> EcgConfig:
    """The config that the artefact was made from."""
    return EcgConfig(**artifact.manifest["config"])


def features(config: EcgConfig) -> dict[str, str]:
    """The features that this config can show; a first layer's bounds are met, since its counts are free."""
    if config.storage == "loaded":
        return loading.features(config)
    off = set(loading.FEATURES)
    if config.steps == (1 << config.count_width) - 1:
        off.add("beyond")
    ends = list(zip(config.bounds[0], config.thetas[0] if config.thetas else (), strict=False))
    if not any(4 * low < theta4 for (low, _), theta4 in ends):
        off.add("resting")
    if not any(4 * high >= config.steps * theta4 for (_, high), theta4 in ends) or config.saturates:
        off.add("full")
    if config.saturates:
        off |= {"resting", "least_sum", "greatest_sum"}
    if config.neuron == "if":
        off |= {"resting", "full", "least_sum", "greatest_sum"}  # sums of whole counts, which it has none of
    return {key: text for key, text in FEATURES.items() if key not in off}


def _counts(config: EcgConfig, inputs: Vectors) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(inputs["n"]).astype(np.int64)).clamp(max=config.steps)


def stimulus(config: EcgConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Codes of counts, ``(count, inputs)``, or with words among them: :mod:`.stimulus`, :mod:`.loading`."""
    if config.storage == "loaded":
        return loading.stimulus(config, count, seed, kind)
    return beats.stimulus(config, count, seed, kind)


def ends(config: EcgConfig, inputs: Vectors) -> np.ndarray | None:
    """For each answer the beat that it is of; None where every beat has one."""
    return loading.ends(inputs) if config.storage == "loaded" else None


def expect(config: EcgConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    if config.storage == "loaded":
        return loading.expect(config, inputs)
    found = ecg(config, _counts(config, inputs))
    return {"label": found.label.numpy().astype(np.uint64), "confidence": found.confidence.numpy().astype(np.uint64)}


def describe(config: EcgConfig, field: str, code: int) -> str:
    """A code as its value."""
    return str(int(code))


def operations(config: EcgConfig) -> dict[str, int]:
    """Per beat: weights multiplied and added (those read; in ``if`` in each step), bits of counts (spikes) compared."""
    weights, times = sum(config.all_weights if config.coding == "dense" else config.nonzero), passes(config)
    return {"multiply_add": times * weights, "compare": times * config.moved_width * sum(config.widths[1:-1])}


def exhaustive(config: EcgConfig) -> Iterator[Vectors] | None:
    """Every row of codes; None where they have more than 12 bits, or where a network is loaded."""
    width, inputs = config.count_width, config.widths[0]
    if width * inputs > EXHAUSTIVE_BITS or config.storage == "loaded":
        return None
    words = np.arange(1 << (width * inputs), dtype=np.uint64)
    codes = [words >> np.uint64(k * width) & np.uint64((1 << width) - 1) for k in range(inputs)]
    return iter([{"n": np.stack(codes, -1)}])


def coverage(config: EcgConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    if config.storage == "loaded":
        return loading.coverage(config, inputs)
    n = _counts(config, inputs)
    v = n @ torch.tensor(config.weights[0]).T + config.steps * torch.tensor(config.biases[0])
    low, high = torch.tensor(config.bounds[0]).unbind(-1)
    theta4 = torch.tensor(config.thetas[0]) if config.thetas else torch.ones(len(low), dtype=torch.int64)
    row = {
        "lowest_input": (n == 0).all(-1), "highest_input": (n == config.steps).all(-1),
        "beyond": torch.from_numpy((inputs["n"] > config.steps).any(-1)),
        "resting": (4 * v < theta4).any(-1), "full": (4 * v >= config.steps * theta4).any(-1),
        "least_sum": (v == low).any(-1), "greatest_sum": (v == high).any(-1),
    }  # fmt: skip
    return {key: int(row[key].sum()) for key in features(config)}
