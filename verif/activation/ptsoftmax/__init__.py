"""Evidence for the power-of-two softmax: features, golden outputs, coverage (stimulus and claims in their rooms)."""

from __future__ import annotations

import numpy as np
import torch

from ....golden.activation import signed
from ....golden.activation.ptsoftmax import ptsoftmax, rows
from ....hw.activation.config.ptsoftmax import PtsoftmaxConfig
from ...artifact import Artifact
from ..lengths import ends, tensors
from .claims import claims
from .stimulus import KINDS, Vectors, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus"]  # fmt: skip

FEATURES: dict[str, str] = {
    "single_beat": "a row of one beat",
    "longest": "a row of as many beats as rows can have",
    "cut": "a row that ends without last",
    "short_after_long": "a row of one beat after one of several",
    "partly_off": "a row with scores on and off",
    "empty": "a row with no score on",
    "one_score": "a row with one score on",
    "all_equal": "a row of several equal scores",
    "rounded_up": "the sum is rounded up",
    "rounded_down": "the sum is rounded down, and is no power of two",
    "tie": "the sum is 1.5 times a power of two",
    "power_of_two": "the sum of several scores is a power of two",
    "left_out": "a score is on and too far below the largest",
    "farthest": "a score that counts is two windows less one below the largest",
    "lowest": "a score is the lowest number",
    "highest": "a score is the highest number",
    "too_small": "a share is below the output's step",
    "whole": "a share is 1",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> PtsoftmaxConfig:
    """The config that the artefact was made from."""
    return PtsoftmaxConfig(**artifact.manifest["config"])


def features(config: PtsoftmaxConfig) -> dict[str, str]:
    """The features that the unit can show."""
    off = set()
    if config.beats == 1:
        off.add("short_after_long")
    if config.elements == 1:
        off |= {"partly_off", "all_equal", "rounded_up", "rounded_down", "tie", "power_of_two", "left_out", "farthest"}
    if config.span == 1 << (config.bits - 1):
        off.add("left_out")
    fmt = config.output_format
    if fmt is None or fmt.fraction_bits >= config.largest:
        off.add("too_small")
    if config.elements < 3 or config.span < 2:
        off |= {"rounded_up", "rounded_down"} if config.elements < 3 else set()
    return {key: text for key, text in FEATURES.items() if key not in off}


def expect(config: PtsoftmaxConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs: one for each beat of a whole row."""
    return {key: codes.numpy().astype(np.uint64) for key, codes in ptsoftmax(config, **tensors(inputs)).items()}


def describe(config: PtsoftmaxConfig, field: str, code: int) -> str:
    """A code as its value, ``0x5 (2^-5)``."""
    if field == "z":
        return f"0x{int(code):x} ({signed(torch.tensor(int(code)), config.bits).item()})"
    if field == "k":
        return f"0x{int(code):x} (2^-{int(code)})"
    if field == "p" and (fmt := config.output_format) is not None:
        return f"0x{int(code):x} ({int(code) / 2**fmt.fraction_bits!r})"
    return str(int(code))


def operations(config: PtsoftmaxConfig) -> dict[str, int]:
    """Operations per beat: an addition to the sum and a subtraction per score."""
    return {f"add_{config.sum_width}": config.lanes, f"subtract_{config.share_width}": config.lanes}


def exhaustive(config: PtsoftmaxConfig) -> None:
    """There are too many rows to run all."""


def coverage(config: PtsoftmaxConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    given = tensors(inputs)
    row, end = (part.numpy() for part in rows(config, given["last"]))
    whole = int(end.sum())
    kept = row < whole
    z, on = (part.reshape(len(row), -1).numpy()[kept] for part in (signed(given["z"], config.bits), given["on"]))
    row, last, on = row[kept], given["last"].numpy()[kept], on.astype(bool)
    shares = ptsoftmax(config.model_copy(update={"output": "exponent"}), **tensors(inputs))
    zero = shares["zero"].reshape(len(row), -1).numpy().astype(bool)
    k = np.where(zero, 0, shares["k"].reshape(len(row), -1).numpy())
    beats = np.bincount(row, minlength=whole)

    def per_row(values: np.ndarray, operation: np.ufunc, start: float) -> np.ndarray:
        found = np.full(whole, start, values.dtype)
        operation.at(found, row, operation.reduce(values, axis=1))
        return found

    lowest, highest = -(1 << (config.bits - 1)), (1 << (config.bits - 1)) - 1
    present = per_row(on.astype(np.int64), np.add, 0)
    counted = per_row((~zero).astype(np.int64), np.add, 0)
    largest = per_row(np.where(on, z, lowest), np.maximum, lowest)
    smallest = per_row(np.where(on, z, highest), np.minimum, highest)
    # Shares of at most 2^-52 of the whole do not change what is asked of their sum.
    total = per_row(np.where(zero, 0, 0.5 ** np.minimum(k, 60)), np.add, 0)
    total = np.where(per_row(k, np.maximum, 0) > 52, 0, total)
    hits = {
        "single_beat": beats == 1, "longest": beats == config.beats,
        "cut": (beats == config.beats) & (per_row(last[:, None], np.add, 0) == 0),
        "short_after_long": (beats[1:] == 1) & (beats[:-1] > 1),
        "partly_off": (present > 0) & (present < beats * config.lanes), "empty": present == 0,
        "one_score": present == 1, "all_equal": (present > 1) & (largest == smallest),
        "rounded_up": (total > 0) & (total < 1), "rounded_down": total > 1, "tie": total == 0.75,
        "power_of_two": (total == 1) & (counted > 1), "left_out": on & zero,
        "farthest": ~zero & (z == largest[row][:, None] - 2 * config.span + 1),
        "lowest": on & (z == lowest), "highest": on & (z == highest), "whole": ~zero & (k == 0),
        "too_small": ~zero & (k > (config.output_format.fraction_bits if config.output_format else 0)),
    }  # fmt: skip
    return {key: int(hits[key].sum()) for key in features(config)}
