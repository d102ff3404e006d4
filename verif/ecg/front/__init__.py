"""Evidence for the front end of heartbeat classifiers: features, golden outputs, coverage."""

from __future__ import annotations

import numpy as np
import torch

from ....golden.ecg.front import Rows, rows
from ....golden.ecg.peaks import peaks
from ....hw.ecg.config.front import EcgFrontConfig
from ....hw.ecg.config.peaks import PeaksConfig
from ...artifact import Artifact
from .claims import claims
from .stimulus import KINDS, LONG, Vectors, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus"]  # fmt: skip

FLAT = 64
"""So many equal samples are called a flat line."""

PORTS = ("module", "reset", "reset_active")
"""Fields of a detector's config that say nothing of what it finds."""

FEATURES: dict[str, str] = {
    "lowest": "a sample is 0",
    "highest": "a sample is the greatest",
    "flat_line": f"{FLAT} equal samples",
    "rail": f"{FLAT} samples at one of the ends of the converter",
    "short_record": "a record ends before a beat is looked for",
    "no_beat": "a longer record has no beat",
    "beat_without_row": "a beat's window leaves the record",
    "forgotten": "a beat is found by search-back when the memory no longer has its window",
    "early": "a row's beat comes earlier than usual",
    "late": "a row's beat comes later than usual",
    "near": "windows of two rows overlap",
    "two_at_once": "two rows are complete with the same sample: one beat is found by search-back",
    "flat_window": "all samples of a row's window are equal",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> EcgFrontConfig:
    """The config that the artefact was made from."""
    return EcgFrontConfig(**artifact.manifest["config"])


def features(config: EcgFrontConfig) -> dict[str, str]:
    """The features that this config shows: intervals where it counts them, flat windows where these are short."""
    off = set()
    if not config.rr or config.steps < 7:
        off |= {"early", "late"}
    if len(config.offsets) > 3:
        off.add("flat_window")
    if config.before + config.after <= max(120, config.refractory):
        off.add("near")
    # So many samples after the one with which a beat is found its window ends, where it is highest in the last sample.
    rest = config.after - (config.settle + config.delay + 1)
    first = config.learn - config.settle - config.window - config.delay  # no beat is before that sample
    if rest <= 2 * config.low + config.slope and config.before <= first + config.window:
        # Impossible for rest <= 0 and before <= first; up to these it would have to be highest where its energy ends or
        # begins, from which filters keep it.
        off.add("beat_without_row")
    # Without rr each window must be whole when the second beat is found, and the first one still in the memory:
    # impossible for rest > window and memory <= away. Near these, and where a beat outlasts the window or peaks are
    # judged in a row, it is possible, but the stimulus does not reach it.
    away = config.before + config.refractory + config.settle + config.delay
    near = rest > max(0, config.window - 24) or config.memory <= away + config.window
    if not config.rr and (near or config.window < 32 or config.settle < 16):
        off.add("two_at_once")
    detector = {key: field.default for key, field in PeaksConfig.model_fields.items() if key not in PORTS}
    if config.memory > LONG or any(getattr(config, key) != usual for key, usual in detector.items()):
        off.add("forgotten")  # the small beat's energy must fit the threshold's fall: told of the usual detector alone
    return {key: text for key, text in FEATURES.items() if key not in off}


def _rows(config: EcgFrontConfig, inputs: Vectors) -> Rows:
    x, last = (torch.from_numpy(np.ascontiguousarray(inputs[key]).astype(np.int64)) for key in ("x", "last"))
    return rows(config, x, last)


def ends(config: EcgFrontConfig, inputs: Vectors) -> np.ndarray:
    """For each row the sample that completes it."""
    return _rows(config, inputs).at.numpy()


def expect(config: EcgFrontConfig, inputs: Vectors) -> Vectors:
    """The golden model's rows."""
    found = _rows(config, inputs)
    return {"n": found.n.numpy().astype(np.uint64), "position": found.position.numpy().astype(np.uint64)}


def describe(config: EcgFrontConfig, field: str, code: int) -> str:
    """A code as its value."""
    return str(int(code))


def operations(config: EcgFrontConfig) -> dict[str, int]:
    """Per sample: additions of the filters, and two products (a constant's, and the slope's square)."""
    return {"add": 11, "multiply": 2}


def exhaustive(config: EcgFrontConfig) -> None:
    """There are too many records to run all."""


def coverage(config: EcgFrontConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    x, found = inputs["x"].astype(np.int64), _rows(config, inputs)
    parts = [part for part in np.split(x, np.flatnonzero(inputs["last"]) + 1) if len(part)]
    longer = [part for part in parts if len(part) > config.learn]
    beats = [(np.array(peaks(config, torch.from_numpy(part)), np.int64), len(part)) for part in longer]
    outside = sum(((at < config.before) | (at + config.after > length)).sum() for at, length in beats)
    same = np.concatenate([[0], np.cumsum(np.diff(x) == 0)])
    run = np.flatnonzero(same[FLAT - 1 :] - same[: len(same) - FLAT + 1] == FLAT - 1)
    n, position, at = (part.numpy() for part in found)
    half, around = (config.steps + 1) >> 1, n[:, -4] if config.rr else np.zeros(0)
    next_to = np.diff(position)
    hits = {
        "lowest": (x == 0).sum(), "highest": (x == (1 << config.adc_bits) - 1).sum(), "flat_line": len(run),
        "rail": np.isin(x[run], [0, (1 << config.adc_bits) - 1]).sum(), "short_record": len(parts) - len(longer),
        "no_beat": sum(not len(at) for at, _ in beats), "beat_without_row": outside,
        "forgotten": sum(len(at) for at, _ in beats) - len(n) - outside, "early": (around < half - 1).sum(),
        "late": (around > half + 1).sum(), "near": ((next_to > 0) & (next_to < config.before + config.after)).sum(),
        "two_at_once": (np.diff(at) == 0).sum(),
        "flat_window": (n[:, : len(config.offsets)] == 0).all(-1).sum(),
    }  # fmt: skip
    return {key: int(hits[key]) for key in features(config)}
