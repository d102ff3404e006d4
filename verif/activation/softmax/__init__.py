"""Evidence for the softmax: features, golden outputs, coverage (stimulus and claims in their rooms)."""

from __future__ import annotations

import numpy as np
import torch

from ....golden.activation import signed
from ....golden.activation.ptsoftmax import rows
from ....golden.activation.softmax import softmax, spread
from ....hw.activation.config.softmax import SoftmaxConfig
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
    "partly_off": "a row with numbers on and off",
    "empty": "a row with no number on",
    "one_number": "a row with one number on",
    "all_equal": "a row of several equal numbers",
    "later_largest": "the largest number comes after the row's first beat",
    "vanishes": "a number is on and its probability rounds to 0",
    "near_one": "a probability is above 0.9",
    "extremes": "a row has the lowest and the highest number",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> SoftmaxConfig:
    """The config that the artefact was made from."""
    return SoftmaxConfig(**artifact.manifest["config"])


def features(config: SoftmaxConfig) -> dict[str, str]:
    """The features that the unit can show."""
    off = set()
    if config.beats == 1:
        off |= {"short_after_long", "later_largest"}
    if config.elements == 1:
        off |= {"partly_off", "all_equal", "extremes", "vanishes"}
    return {key: text for key, text in FEATURES.items() if key not in off}


def expect(config: SoftmaxConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs: one for each beat of a whole row."""
    return {key: codes.numpy().astype(np.uint64) for key, codes in softmax(config, **tensors(inputs)).items()}


def describe(config: SoftmaxConfig, field: str, code: int) -> str:
    """A code as its value, ``0x18 (1.5)``."""
    fmt = {"x": config.input_format, "y": config.output_format}.get(field)
    if fmt is None:
        return str(int(code))
    number = signed(torch.tensor(int(code)), fmt.width, fmt.signed).item() / 2**fmt.fraction_bits
    return f"0x{int(code):x} ({number!r})"


def operations(config: SoftmaxConfig) -> dict[str, int]:
    """Operations per beat: for each number three products, a shift and an addition."""
    width, lanes = config.input_format.width, config.lanes
    return {f"multiply_{width}x{config.factor_bits + 1}": lanes, "multiply_16x10": lanes,
            f"multiply_{config.lowest + 1}x17": lanes, f"shift_{config.one + 1}": lanes,
            f"add_{config.sum_width}": lanes}  # fmt: skip


def exhaustive(config: SoftmaxConfig) -> None:
    """There are too many rows to run all."""


def coverage(config: SoftmaxConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    given = tensors(inputs)
    row, _ = rows(config, given["last"])
    number, present, end, whole = spread(config, given["on"], given["last"])
    count = len(end)
    flat = (count, config.lanes)
    number, on = number.reshape(flat).numpy(), present.reshape(flat).numpy()
    fmt, row = config.input_format, row.numpy()[:count]
    x = signed(given["x"], fmt.width)[:count].reshape(flat).numpy()
    y = outputs["y"][:count].reshape(flat).astype(np.int64)
    beats, last = np.bincount(row, minlength=whole), given["last"].numpy()[:count]

    def per_row(values: np.ndarray, operation: np.ufunc, start: int) -> np.ndarray:
        found = np.full(whole, start, np.int64)
        operation.at(found, number.reshape(-1), values.reshape(-1))
        return found

    taken = per_row(on.astype(np.int64), np.add, 0)
    largest = per_row(np.where(on, x, fmt.low - 1), np.maximum, fmt.low - 1)
    smallest = per_row(np.where(on, x, fmt.high + 1), np.minimum, fmt.high + 1)
    first = np.r_[True, np.diff(row) > 0]
    in_first = np.full(whole, fmt.low - 1)
    in_first[row[first]] = np.where(on, x, fmt.low - 1)[first].max(1)
    marked = np.bincount(row, last, minlength=whole)
    full = 1 << config.output_format.fraction_bits
    hits = {
        "single_beat": beats == 1, "longest": beats == config.beats, "cut": (beats == config.beats) & (marked == 0),
        "short_after_long": (beats[1:] == 1) & (beats[:-1] > 1),
        "partly_off": (taken > 0) & (taken < beats * config.lanes), "empty": taken == 0, "one_number": taken == 1,
        "all_equal": (taken > 1) & (largest == smallest), "later_largest": largest > in_first,
        "vanishes": on & (y == 0), "near_one": on & (y > 0.9 * full),
        "extremes": (largest == fmt.high) & (smallest == fmt.low),
    }  # fmt: skip
    return {key: int(hits[key].sum()) for key in features(config)}
