"""Evidence for the norms: features, golden outputs, coverage (stimulus and claims in their rooms)."""

from __future__ import annotations

import numpy as np
import torch

from ....golden.activation import signed
from ....golden.activation.norm import grouped, norm, normalised
from ....golden.activation.softmax import floor_log2
from ....hw.activation.config.norm import NormConfig
from ...artifact import Artifact
from .claims import claims
from .stimulus import KINDS, Vectors, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus"]  # fmt: skip

FEATURES: dict[str, str] = {
    "zeros": "a row of zeros",
    "all_equal": "a row of equal numbers that are not zero",
    "one_number": "a row with one number that is not zero",
    "one_step": "a row whose numbers differ by one step",
    "lowest": "x is the lowest number",
    "highest": "x is the highest number",
    "lower_octave": "the sum has an even exponent",
    "upper_octave": "the sum has an odd exponent",
    "negative": "a result is negative",
    "saturated": "a result is beyond the output's format",
    "beyond_row": "a beat holds what is not of its row",
    "zero_factor": "a factor is zero and x is not",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> NormConfig:
    """The config that the artefact was made from."""
    return NormConfig(**artifact.manifest["config"])


def features(config: NormConfig) -> dict[str, str]:
    """The features that the unit can show."""
    off = set()
    if config.elements == 1:
        off |= {"all_equal", "one_step"}
        if config.kind == "layer":
            off |= {"negative", "upper_octave", "lower_octave"}
    if config.elements == config.beats * config.lanes:
        off.add("beyond_row")
    if all(config.constants(k)[0] for k in range(config.elements)):
        off.add("zero_factor")
    # The largest result is the square root of N, near it for layer norm.
    fmt = config.output_format
    if max(config.elements - 2, 0) ** 0.5 <= -fmt.low * float(fmt.lsb) or config.scaled:
        off.add("saturated")
    return {key: text for key, text in FEATURES.items() if key not in off}


def ends(config: NormConfig, inputs: Vectors) -> np.ndarray:
    """For each beat of a whole row, the row's last: only then all of them come out."""
    beats = np.arange(len(inputs["x"]) // config.beats * config.beats)
    return beats // config.beats * config.beats + config.beats - 1


def expect(config: NormConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs: one for each beat of a whole row."""
    found = norm(config, torch.from_numpy(inputs["x"].astype(np.int64)))
    return {key: codes.numpy().astype(np.uint64) for key, codes in found.items()}


def describe(config: NormConfig, field: str, code: int) -> str:
    """A code as its value, ``0x18 (1.5)``."""
    fmt = config.input_format if field == "x" else config.output_format
    return f"0x{int(code):x} ({signed(torch.tensor(int(code)), fmt.width).item() / 2**fmt.fraction_bits!r})"


def operations(config: NormConfig) -> dict[str, int]:
    """Operations per beat: for each number a square, two products, two additions (three and three with constants)."""
    width, lanes = config.input_format.width, config.lanes
    found = {f"multiply_{width}x{width}": lanes, f"multiply_{config.centred_width}x17": lanes,
             f"add_{config.square_width}": lanes, f"add_{config.sum_width}": lanes}  # fmt: skip
    if config.scaled:
        found[f"multiply_{config.z_width}x{config.gamma_format.width}"] = lanes
    return found


def exhaustive(config: NormConfig) -> None:
    """There are too many rows to run all."""


def coverage(config: NormConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit in whole rows (zero where it was not)."""
    fmt, out = config.input_format, config.output_format
    rows = grouped(config, torch.from_numpy(inputs["x"].astype(np.int64)))
    x, z = rows.numpy(), normalised(config, rows).numpy()
    s = rows.sum(1) if config.kind == "layer" else torch.zeros(len(rows), dtype=torch.int64)
    octave = floor_log2((config.elements * (rows * rows).sum(1) - s * s << 2 * config.fine) + config.added).numpy() & 1
    spread = x.max(1) - x.min(1) if len(x) else np.zeros(0)
    factors = np.array([config.constants(k)[0] for k in range(config.elements)])
    high, low = (end << (config.places - out.fraction_bits) for end in (out.high, out.low))
    hits = {
        "zeros": ~x.any(1), "all_equal": (spread == 0) & x.any(1), "one_number": (x != 0).sum(1) == 1,
        "one_step": spread == 1, "lowest": x == fmt.low, "highest": x == fmt.high,
        "lower_octave": octave == 0, "upper_octave": octave == 1, "negative": z < 0,
        "saturated": (z > high) | (z < low), "beyond_row": np.ones(len(x), bool),
        "zero_factor": (factors == 0) & (x != 0),
    }  # fmt: skip
    return {key: int(hits[key].sum()) for key in features(config)}
