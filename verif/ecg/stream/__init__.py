"""Evidence for classifiers of raw electrocardiograms: stimulus and features of the front end, answers of both."""

from __future__ import annotations

import numpy as np
import torch

from ....golden.ecg.stream import Beats, stream
from ....hw.ecg.config.stream import EcgStreamConfig
from ...artifact import Artifact
from ...prove import Claim
from .. import front
from ..front.claims import of_front
from ..front.stimulus import KINDS, Vectors, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus"]  # fmt: skip

FEATURES: dict[str, str] = {**front.FEATURES, "classes": "a beat is of another class than the one before it"}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""

describe, exhaustive = front.describe, front.exhaustive


def config_of(artifact: Artifact) -> EcgStreamConfig:
    """The config that the artefact was made from."""
    return EcgStreamConfig(**artifact.manifest["config"])


def features(config: EcgStreamConfig) -> dict[str, str]:
    """The features that this config can show."""
    return {**front.features(config), "classes": FEATURES["classes"]}


def _beats(config: EcgStreamConfig, inputs: Vectors) -> Beats:
    return stream(config, *(torch.from_numpy(inputs[key].astype(np.int64)) for key in ("x", "last")))


def ends(config: EcgStreamConfig, inputs: Vectors) -> np.ndarray:
    """For each beat the sample that completes it."""
    return _beats(config, inputs).at.numpy()


def expect(config: EcgStreamConfig, inputs: Vectors) -> Vectors:
    """The golden model's answers."""
    found = _beats(config, inputs)
    return {key: getattr(found, key).numpy().astype(np.uint64) for key in ("label", "confidence", "position")}


def operations(config: EcgStreamConfig) -> dict[str, int]:
    """Per sample: those of the filters (the core's are per beat, and are in its own unit's)."""
    return front.operations(config)


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of the front end inside; the core's are those of the unit ``ecg`` of the same network."""
    return of_front(artifact, config_of(artifact), "__front")


def coverage(config: EcgStreamConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    hits = front.coverage(config, inputs, outputs)
    return {**hits, "classes": int((np.diff(expect(config, inputs)["label"].astype(np.int64)) != 0).sum())}
