"""Evidence for KANs: features, stimulus, golden outputs, coverage (claims in their own room)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from ....golden.activation.kan import kan, layers
from ....hw.activation.config.kan import KanConfig
from ....hw.activation.config.sums import span
from ...artifact import Artifact
from .claims import claims

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "exhaustive", "expect", "features",
           "operations", "stimulus"]  # fmt: skip

Vectors = dict[str, np.ndarray]

KINDS = ("mixed", "uniform", "sparse", "aimed")
EXHAUSTIVE_BITS = 20

FEATURES: dict[str, str] = {
    "clamped_low": "a sum between layers is below the least code",
    "clamped_high": "a sum between layers is above the greatest code",
    "lowest_input": "all inputs that matter have code 0",
    "highest_input": "all inputs that matter have their greatest code",
    "negative_logit": "a logit is negative",
    "positive_logit": "a logit is positive",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> KanConfig:
    """The config that the artefact was made from."""
    return KanConfig(**artifact.manifest["config"])


def features(config: KanConfig) -> dict[str, str]:
    """The features that this config can show: the sums of the first layer reach all of their range, deeper ones may
    not."""
    wanted = {"lowest_input", "highest_input"}
    ends = [span(config.leaves(0, k)) for k in config.used[1]]
    if config.num_layers > 1:
        shift, top = config.shifts[0], (1 << config.bits[1]) - 1
        if any(low >> shift < 0 for low, _ in ends):
            wanted.add("clamped_low")
        if any(high >> shift > top for _, high in ends):
            wanted.add("clamped_high")
    elif config.output == "logits":
        wanted |= {"negative_logit"} if any(low < 0 for low, _ in ends) else set()
        wanted |= {"positive_logit"} if any(high > 0 for _, high in ends) else set()
    return {key: FEATURES[key] for key in FEATURES if key in wanted}


def stimulus(config: KanConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Codes of the inputs.

    Parameters
    ----------
    config : KanConfig
    count : int
        Rows.
    seed : int
    kind : str
        ``uniform`` codes; ``sparse``: most inputs at 0, or at their greatest code, a share of them elsewhere, another
        share in each row; ``aimed``: every edge into one neuron of the first layer at its least or its greatest entry,
        a few inputs changed; ``mixed``: a third of each.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind != "mixed":
        return {"x": _GENERATORS[kind](config, count, rng)}
    thirds = enumerate(("aimed", "sparse", "uniform"))
    parts = [_GENERATORS[third](config, (count + i) // 3, rng) for i, third in thirds]
    return {"x": np.concatenate(parts)[rng.permutation(count)]}


def _uniform(config: KanConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 1 << config.bits[0], (count, config.widths[0]), dtype=np.uint64)


def _sparse(config: KanConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    rest = np.where(rng.random((count, 1)) < 0.7, 0, (1 << config.bits[0]) - 1).astype(np.uint64)
    share = rng.choice([0.0, 0.02, 0.1, 0.2, 0.4], (count, 1))
    return np.where(rng.random((count, config.widths[0])) < share, _uniform(config, count, rng), rest)


def _aimed(config: KanConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    x = _uniform(config, count, rng)
    targets = rng.choice(config.used[1], count)
    high = rng.random(count) < 0.5
    for target in config.used[1]:
        rows = np.flatnonzero(targets == target)
        for edge in config.into(0, target):
            ends = np.array([np.argmin(edge.entries), np.argmax(edge.entries)], np.uint64)
            x[rows, edge.source] = ends[high[rows].astype(int)]
    few = rng.random((count, config.widths[0])) < rng.choice([0.0, 0.02, 0.2], (count, 1))
    return np.where(few, _uniform(config, count, rng), x)


_GENERATORS = {"uniform": _uniform, "sparse": _sparse, "aimed": _aimed}


def _codes(inputs: Vectors) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(inputs["x"]).astype(np.int64))


def expect(config: KanConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    y = kan(config, _codes(inputs)).numpy()
    if config.output == "argmax":
        return {"y": y.astype(np.uint64)}
    return {"y": y.astype(np.uint64) & np.uint64((1 << config.logit_width) - 1)}


def describe(config: KanConfig, field: str, code: int) -> str:
    """A code as its value: ``0x3f (-1)``."""
    value = int(code)
    if field == "y" and config.output == "logits" and value >> (config.logit_width - 1):
        value -= 1 << config.logit_width
    return f"0x{int(code):x} ({value})"


def operations(config: KanConfig) -> dict[str, int]:
    """Per beat: tables looked up (after joining), additions, clamps, comparisons."""
    counts = [[len(config.leaves(layer, k)) for k in config.used[layer + 1]] for layer in range(config.num_layers)]
    found = {"table": sum(map(sum, counts)), "add": sum(n - 1 for row in counts for n in row),
             "clamp": sum(map(len, counts[:-1])),
             "compare": config.widths[-1] - 1 if config.output == "argmax" else 0}  # fmt: skip
    return {name: count for name, count in found.items() if count}


def exhaustive(config: KanConfig) -> Iterator[Vectors] | None:
    """Every row of codes of the inputs that matter; None where they have more than 20 bits."""
    places, bits = config.used[0], config.bits[0]
    if len(places) * bits > EXHAUSTIVE_BITS:
        return None

    def chunks() -> Iterator[Vectors]:
        for start in range(0, 1 << (len(places) * bits), 1 << 14):
            words = np.arange(start, min(start + (1 << 14), 1 << (len(places) * bits)), dtype=np.uint64)
            x = np.zeros((len(words), config.widths[0]), np.uint64)
            for i, place in enumerate(places):
                x[:, place] = words >> np.uint64(i * bits) & np.uint64((1 << bits) - 1)
            yield {"x": x}

    return chunks()


def coverage(config: KanConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    top = (1 << config.bits[0]) - 1
    x = _codes(inputs)
    hits = dict.fromkeys(FEATURES, 0)
    for part in x.split(2048):
        sums = layers(config, part)
        seen = part[:, list(config.used[0])]
        row = {"lowest_input": (seen == 0).all(-1), "highest_input": (seen == top).all(-1),
               "negative_logit": (sums[-1] < 0).any(-1), "positive_logit": (sums[-1] > 0).any(-1)}  # fmt: skip
        for layer, total in enumerate(sums[:-1]):
            code = total[:, list(config.used[layer + 1])] >> config.shifts[layer]
            row["clamped_low"] = row.get("clamped_low", False) | (code < 0).any(-1)
            row["clamped_high"] = row.get("clamped_high", False) | (code >> config.bits[layer + 1] > 0).any(-1)
        for key, hit in row.items():
            hits[key] += int(hit.sum())
    return {key: hits[key] for key in features(config)}
