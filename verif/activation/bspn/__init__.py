"""Evidence for the bit-shifting power norm: features, golden outputs, coverage (stimulus and claims in their rooms)."""

from __future__ import annotations

import numpy as np
import torch

from ....golden.activation import signed
from ....golden.activation.bspn import bspn
from ....hw.activation.config.bspn import BspnConfig
from ...artifact import Artifact
from .claims import claims
from .stimulus import KINDS, Vectors, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus"]  # fmt: skip

FEATURES: dict[str, str] = {
    "zeros": "a group of zeros",
    "one_number": "a group with one number that is not zero",
    "at_threshold": "the mean is the largest of its scale",
    "above_threshold": "the mean is one step more than that",
    "lowest": "x is the lowest number",
    "negative": "a result is negative",
    "zero_result": "a result is zero, x is not",
    "bias_alone": "x is zero, a result is not",
    "unused": "a weight is zero and x is not",
    "beyond_group": "a beat holds what is not of its group",
    "smallest_scale": "the scale is the least that there is, the group not zeros",
    "greatest_scale": "the scale is the greatest that there is",
    "saturated": "a result is beyond the output's format",
    "too_small": "a result is below the output's step",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> BspnConfig:
    """The config that the artefact was made from."""
    return BspnConfig(**artifact.manifest["config"])


def features(config: BspnConfig) -> dict[str, str]:
    """The features that the unit can show."""
    off = set()
    if config.psi is not None or not config.thresholds:
        off |= {"at_threshold", "above_threshold", "smallest_scale", "greatest_scale"}
    if all(config.signs):
        off.add("unused")
    if not any(config.biases):
        off.add("bias_alone")
    if not any(sign == bias == 0 for sign, bias in zip(config.signs, config.biases, strict=True)):
        off.add("zero_result")  # a bias may take a product away, but need not
    if config.group == config.beats * config.lanes:
        off.add("beyond_group")
    low, high = config.results
    fmt = config.output_format
    if fmt is None or high + fmt.fraction_bits < fmt.width:
        off.add("saturated")
    if fmt is None or low + fmt.fraction_bits >= 0 or config.group == 1:
        off.add("too_small")
    return {key: text for key, text in FEATURES.items() if key not in off}


def ends(config: BspnConfig, inputs: Vectors) -> np.ndarray:
    """For each beat of a whole group, the group's last; each beat itself where psi is a constant."""
    beats = np.arange(len(inputs["x"]))
    if config.psi is not None:
        return beats
    kept = beats[: len(beats) // config.beats * config.beats]
    return kept // config.beats * config.beats + config.beats - 1


def expect(config: BspnConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    found = bspn(config, torch.from_numpy(inputs["x"].astype(np.int64)))
    return {key: codes.numpy().astype(np.uint64) for key, codes in found.items()}


def describe(config: BspnConfig, field: str, code: int) -> str:
    """A code as its value, ``0x18 (1.5)``."""
    if field == "e":
        return f"0x{int(code):x} ({signed(torch.tensor(int(code)), config.exponent_width).item()})"
    fmt = config.input_format if field == "x" else config.output_format if field == "y" else None
    if fmt is None:
        return str(int(code))
    return f"0x{int(code):x} ({signed(torch.tensor(int(code)), fmt.width).item() / 2**fmt.fraction_bits!r})"


def operations(config: BspnConfig) -> dict[str, int]:
    """Operations per beat: two additions and a shift for each number."""
    return {f"add_{config.largest_sum.bit_length()}": config.lanes, f"add_{config.magnitude_width + 1}": config.lanes,
            f"shift_{config.magnitude_width}": config.lanes}  # fmt: skip


def exhaustive(config: BspnConfig) -> None:
    """There are too many groups to run all."""


def coverage(config: BspnConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit in whole groups (zero where it was not)."""
    n, fmt, out = config.group, config.input_format, config.output_format
    beats = len(inputs["x"]) // config.beats * config.beats

    def groups(values: np.ndarray) -> np.ndarray:
        return values[:beats].reshape(-1, config.beats * config.lanes)[:, :n]

    x = groups(signed(torch.from_numpy(inputs["x"].astype(np.int64)), fmt.width).numpy())
    plain = config.model_copy(update={"output": "exponent"})
    found = {key: groups(codes.astype(np.int64)) for key, codes in expect(plain, inputs).items()}
    e = signed(torch.from_numpy(found["e"].copy()), config.exponent_width).numpy()
    zero, negative = found["zero"] == 1, found["sign"] == 1
    total, bounds = np.abs(x).sum(1), np.array(config.thresholds, np.int64)
    steps = np.searchsorted(bounds, total)
    place = e + out.fraction_bits if out else e
    top = out.width - 1 if out else 99
    hits = {
        "zeros": total == 0, "one_number": (x != 0).sum(1) == 1,
        "at_threshold": np.isin(total, bounds), "above_threshold": np.isin(total, bounds + 1),
        "lowest": x == fmt.low, "negative": negative, "zero_result": zero & (x != 0), "bias_alone": ~zero & (x == 0),
        "unused": (np.array(config.signs) == 0) & (x != 0), "beyond_group": np.ones(len(x), bool),
        "smallest_scale": (steps == 0) & (total > 0), "greatest_scale": steps == len(bounds),
        "saturated": ~zero & (place >= np.where(negative, top + 1, top)), "too_small": ~zero & (place < 0),
    }  # fmt: skip
    return {key: int(hits[key].sum()) for key in features(config)}
