"""Evidence for vector units behind another engine: features, golden outputs, coverage, stimulus."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ....golden.noc.overlay import overlay
from ....hw.noc.config.overlay import OverlayConfig
from ...artifact import Artifact
from .. import nova

__all__ = ["FEATURES", "KINDS", "config_of", "coverage", "describe", "exhaustive", "expect", "features", "operations",
           "stimulus"]  # fmt: skip

Vectors = dict[str, np.ndarray]
KINDS = nova.KINDS
FEATURES: dict[str, str] = {
    "passes": "a beat passes by",
    "passes_once": "a beat passes by between two that do not",
    "computed_once": "a beat does not pass by between two that do",
    "beyond": "a mode that is not there",
    "held_low": "a number below the input's format",
    "held_high": "a number above the input's format",
    "tie": "a number halfway between two steps",
    "negative": "a number below zero, not passing by",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> OverlayConfig:
    """The config that the artefact was made from."""
    return OverlayConfig(**artifact.manifest["config"])


def features(config: OverlayConfig) -> dict[str, str]:
    """The features that some input of this config shows."""
    fmt, off = config.input_format, set()
    highest = (1 << (config.word - 1)) >> config.drop
    if highest <= fmt.high:
        off.add("held_high")
    if -highest >= fmt.low:
        off.add("held_low")
    if config.drop == 0:
        off.add("tie")
    return {key: text for key, text in FEATURES.items() if key not in off}


def stimulus(config: OverlayConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Beats of integers: the codes of :func:`..nova.stimulus` with bits below them, some beyond the input's format, and
    modes in runs."""
    rng = np.random.default_rng([seed, KINDS.index(kind), 0x0E])
    found, fmt = nova.stimulus(config, count, seed, kind), config.input_format
    x = found["x"].astype(np.int64)
    x = np.where(fmt.signed & (x >> (fmt.width - 1) > 0), x - (1 << fmt.width), x)
    below = rng.integers(0, 1 << min(config.drop, 32), x.shape)
    low, high = -(1 << (config.word - 1)), (1 << (config.word - 1)) - 1
    # In Python's integers, since 64 bits may not hold a code and what is below it.
    below = np.where(rng.random(x.shape) < 0.1, 1 << config.drop >> 1, below)
    data = np.clip((x.astype(object) << config.drop) + below, low, high)
    far = rng.random(x.shape) < 0.1
    wild = rng.integers(low, high, x.shape, dtype=np.int64, endpoint=True).astype(object)
    words = np.where(far, wild, data) % (1 << config.word)
    mode = np.minimum(found["table"].astype(np.int64) + 1, (1 << config.mode_width) - 1) * (rng.random(count) > 0.3)
    return {"data": words.astype(np.uint64), "mode": mode.astype(np.uint64)}


def _tensors(inputs: Vectors) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(np.ascontiguousarray(codes).view(np.int64)) for key, codes in inputs.items()}


def expect(config: OverlayConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    return {key: word.numpy().view(np.uint64) for key, word in overlay(config, **_tensors(inputs)).items()}


def describe(config: OverlayConfig, field: str, code: Any) -> str:
    """A word as its number."""
    if field != "data":
        return str(int(code))
    number = int(code) - (int(code) >> (config.word - 1) << config.word)
    return f"0x{int(code):x} ({number})"


def operations(config: OverlayConfig) -> dict[str, int]:
    """Arithmetic operations per beat: those of the vector unit, and a rounding of each number."""
    return {**nova.operations(config), f"add_{config.word}": config.width}


def exhaustive(config: OverlayConfig) -> None:
    """There are too many integers to run all."""


def coverage(config: OverlayConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    fmt, half = config.input_format, 1 << config.drop >> 1
    v = inputs["data"].astype(object)
    v = v - (v >> (config.word - 1) << config.word)
    x, by = (v + half) >> config.drop, inputs["mode"] == 0
    mine = ~by[:, None]
    hits = {
        "passes": by, "passes_once": by[1:-1] & ~by[:-2] & ~by[2:], "computed_once": ~by[1:-1] & by[:-2] & by[2:],
        "beyond": inputs["mode"] > len(config.tables),
        "held_low": mine & (x < fmt.low), "held_high": mine & (x > fmt.high),
        "tie": mine & ((v & ((1 << config.drop) - 1)) == half), "negative": mine & (v < 0),
    }  # fmt: skip
    return {key: int(np.count_nonzero(hits[key])) for key in features(config)}
