"""Evidence for layers of dendrite branches: features, stimulus, golden outputs, coverage (claims in their own room)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from ....golden.activation.dtnn import address, dtnn, total
from ....hw.activation.config.dtnn import DtnnConfig
from ....hw.activation.config.sums import span
from ...artifact import Artifact
from .claims import claims

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "exhaustive", "expect", "features",
           "operations", "stimulus"]  # fmt: skip

Vectors = dict[str, np.ndarray]

KINDS = ("mixed", "uniform", "ends", "aimed")
EXHAUSTIVE_BITS = 20

FEATURES: dict[str, str] = {
    "lowest_input": "all inputs have code 0",
    "highest_input": "all inputs have their greatest code",
    "least_sum": "an output's sum is the least that its tables can make",
    "greatest_sum": "an output's sum is the greatest that its tables can make",
    "clamped_low": "a sum is below the least code",
    "clamped_high": "a sum is above the greatest code",
    "last_branch": "the last branch's address is its greatest",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> DtnnConfig:
    """The config that the artefact was made from."""
    return DtnnConfig(**artifact.manifest["config"])


def features(config: DtnnConfig) -> dict[str, str]:
    """The features that this config can show; through two levels of tables not every sum can be reached."""
    wanted = {"lowest_input", "highest_input", "last_branch"}
    if config.join == "adders":
        wanted |= {"least_sum", "greatest_sum"}
        if config.output_bits is not None:
            ends = [span(config.leaves(k)) for k in range(config.outputs)]
            wanted |= {"clamped_low"} if any(low < 0 for low, _ in ends) else set()
            wanted |= {"clamped_high"} if any(h >> config.shift >> config.output_bits > 0 for _, h in ends) else set()
    return {key: FEATURES[key] for key in FEATURES if key in wanted}


def stimulus(config: DtnnConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Codes of the inputs.

    Parameters
    ----------
    config : DtnnConfig
    count : int
        Rows.
    seed : int
    kind : str
        ``uniform`` codes; ``ends``: all inputs at one of their ends, a share of them elsewhere (none in a part of the
        rows); ``aimed``: every branch of one output at its least or its greatest entry, a few inputs changed in a part
        of the rows; ``mixed``: a third of each.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind != "mixed":
        return {"x": _GENERATORS[kind](config, count, rng)}
    parts = [_GENERATORS[third](config, (count + i) // 3, rng) for i, third in enumerate(("aimed", "ends", "uniform"))]
    return {"x": np.concatenate(parts)[rng.permutation(count)]}


def _uniform(config: DtnnConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 1 << config.bits, (count, config.inputs), dtype=np.uint64)


def _changed(config: DtnnConfig, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A share of the inputs at other codes, in a part of the rows none."""
    few = rng.random(x.shape) < rng.choice([0.0, 0.02, 0.3], (len(x), 1))
    return np.where(few, _uniform(config, len(x), rng), x)


def _ends(config: DtnnConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    end = np.where(rng.random((count, 1)) < 0.5, 0, (1 << config.bits) - 1).astype(np.uint64)
    return _changed(config, np.broadcast_to(end, (count, config.inputs)), rng)


def _aimed(config: DtnnConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    x = _uniform(config, count, rng)
    targets, high = rng.integers(0, config.outputs, count), (rng.random(count) < 0.5).astype(int)
    for output, branch, *entries in config.branches:
        rows = np.flatnonzero(targets == output)
        at = np.array([np.argmin(entries), np.argmax(entries)], np.uint64)[high[rows]]
        for i, place in enumerate(config.groups[branch]):
            x[rows, place] = at >> np.uint64(i * config.bits) & np.uint64((1 << config.bits) - 1)
    return _changed(config, x, rng)


_GENERATORS = {"uniform": _uniform, "ends": _ends, "aimed": _aimed}


def _codes(inputs: Vectors) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(inputs["x"]).astype(np.int64))


def expect(config: DtnnConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    width = config.output_bits or config.sum_width
    parts = [dtnn(config, part) for part in _codes(inputs).split(1 << 14)]
    return {"y": torch.cat(parts).numpy().astype(np.uint64) & np.uint64((1 << width) - 1)}


def describe(config: DtnnConfig, field: str, code: int) -> str:
    """A code as its value: ``0x3f (-1)``."""
    value = int(code)
    if field == "y" and config.output_bits is None and value >> (config.sum_width - 1):
        value -= 1 << config.sum_width
    return f"0x{int(code):x} ({value})"


def operations(config: DtnnConfig) -> dict[str, int]:
    """Per beat: tables looked up, additions, clamps."""
    adds = sum(len(config.leaves(k)) - 1 for k in range(config.outputs))
    found = {"table": len(config.branches) + len(config.joins), "add": adds,
             "clamp": config.outputs if config.output_bits is not None else 0}  # fmt: skip
    return {name: count for name, count in found.items() if count}


def exhaustive(config: DtnnConfig) -> Iterator[Vectors] | None:
    """Every row of codes; None where they have more than 20 bits."""
    bits = config.bits
    if config.inputs * bits > EXHAUSTIVE_BITS:
        return None

    def chunks() -> Iterator[Vectors]:
        for start in range(0, 1 << (config.inputs * bits), 1 << 14):
            words = np.arange(start, min(start + (1 << 14), 1 << (config.inputs * bits)), dtype=np.uint64)
            codes = [words >> np.uint64(j * bits) & np.uint64((1 << bits) - 1) for j in range(config.inputs)]
            yield {"x": np.stack(codes, -1)}

    return chunks()


def coverage(config: DtnnConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    top = (1 << config.bits) - 1
    ends = torch.tensor([span(config.leaves(k)) for k in range(config.outputs)])
    hits = dict.fromkeys(FEATURES, 0)
    for x in _codes(inputs).split(1 << 14):
        sums = total(config, x)
        last = address(x, config.groups[-1], config.bits)
        row = {
            "lowest_input": (x == 0).all(-1), "highest_input": (x == top).all(-1),
            "least_sum": (sums == ends[:, 0]).any(-1), "greatest_sum": (sums == ends[:, 1]).any(-1),
            "clamped_low": (sums < 0).any(-1),
            "clamped_high": (sums >> config.shift >> (config.output_bits or 62) > 0).any(-1),
            "last_branch": last == (1 << config.bits * len(config.groups[-1])) - 1,
        }  # fmt: skip
        for key, hit in row.items():
            hits[key] += int(hit.sum())
    return {key: hits[key] for key in features(config)}
