"""Evidence for a matrix-vector engine with a vector unit behind it: the engine's beats, and what comes of its sums."""

from __future__ import annotations

import numpy as np
import torch

from ....golden.mac.gemv_stream import sums
from ....golden.noc.overlay import gemv_overlay
from ....hw.noc.config.overlay import GemvOverlayConfig
from ...artifact import Artifact
from ...mac import gemv
from .. import overlay

__all__ = ["FEATURES", "KINDS", "config_of", "coverage", "describe", "ends", "exhaustive", "expect", "features",
           "operations", "stimulus"]  # fmt: skip

Vectors = dict[str, np.ndarray]
KINDS = gemv.KINDS
FEATURES: dict[str, str] = {**gemv.FEATURES, **{key: overlay.FEATURES[key] for key in
                            ("passes", "passes_once", "computed_once", "beyond", "held_low", "held_high",
                             "negative")}}  # fmt: skip
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> GemvOverlayConfig:
    """The config that the artefact was made from."""
    return GemvOverlayConfig(**artifact.manifest["config"])


def features(config: GemvOverlayConfig) -> dict[str, str]:
    """The features of the engine, and those of the overlay that its sums can show."""
    shown = {**gemv.features(config.gemv), **overlay.features(config)}
    return {key: text for key, text in FEATURES.items() if key in shown}


def stimulus(config: GemvOverlayConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Beats of the engine, each with a mode that is drawn."""
    rng = np.random.default_rng([seed, 0x0F])
    modes = rng.integers(0, len(config.tables) + 2, count, dtype=np.uint64)
    modes[rng.random(count) < 0.2] = 0
    return {**gemv.stimulus(config.gemv, count, seed, kind), "mode": modes}


def _engine(inputs: Vectors) -> Vectors:
    return {key: word for key, word in inputs.items() if key != "mode"}


def ends(config: GemvOverlayConfig, inputs: Vectors) -> np.ndarray:
    """The beats that complete sums."""
    return gemv.ends(config.gemv, _engine(inputs))


def expect(config: GemvOverlayConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs: one beat for each that completes sums."""
    given = {key: torch.from_numpy(np.ascontiguousarray(word).astype(np.int64)) for key, word in inputs.items()}
    return {key: word.numpy().astype(np.uint64) for key, word in gemv_overlay(config, **given).items()}


def describe(config: GemvOverlayConfig, field: str, code: int) -> str:
    """A word as its number."""
    of_engine = field not in ("data", "mode", "status")
    return gemv.describe(config.gemv, field, code) if of_engine else overlay.describe(config, field, code)


def operations(config: GemvOverlayConfig) -> dict[str, int]:
    """Arithmetic operations per beat of the engine."""
    return gemv.operations(config.gemv)


def exhaustive(config: GemvOverlayConfig) -> None:
    """There are too many products to run all."""


def coverage(config: GemvOverlayConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    done = (inputs["mac"] & inputs["last"]).astype(bool)
    given = {key: torch.from_numpy(word.astype(np.int64)) for key, word in _engine(inputs).items()}
    y = sums(config.gemv, given).numpy().astype(np.uint64)
    behind = {"data": y.reshape(-1, config.width), "mode": inputs["mode"][done]}
    hits = {**gemv.coverage(config.gemv, _engine(inputs), {"y": y}), **overlay.coverage(config, behind, outputs)}
    return {key: hits[key] for key in features(config)}
