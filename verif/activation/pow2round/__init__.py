"""Evidence for the rounder to powers of two: features, stimulus, golden outputs, coverage."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from ....golden.activation import signed
from ....golden.activation.pow2round import bounds, pow2round
from ....hw.activation.config.pow2round import Pow2RoundConfig
from ...artifact import Artifact
from .claims import claims

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "exhaustive", "expect", "features",
           "operations", "stimulus"]  # fmt: skip

Vectors = dict[str, np.ndarray]
KINDS = ("mixed", "uniform", "logarithmic", "corners")
EXHAUSTED_BITS = 20

FEATURES: dict[str, str] = {
    "zero": "x is zero",
    "power_of_two": "|x| is a power of two",
    "up": "|x| is rounded up",
    "down": "|x| is rounded down",
    "tie": "|x| is 1.5 times a power of two",
    "least_up": "|x| is the least that is rounded up to its power of two",
    "most_down": "|x| is one step below that",
    "negative": "x is negative",
    "lowest": "x is the lowest number",
    "highest": "x is the highest number",
    "least": "|x| is one step",
}
"""Feature name to what it means; which apply depends on rounding and format (:func:`features`)."""


def config_of(artifact: Artifact) -> Pow2RoundConfig:
    """The config that the artefact was made from."""
    return Pow2RoundConfig(**artifact.manifest["config"])


def features(config: Pow2RoundConfig) -> dict[str, str]:
    """The features that rounding and format can show."""
    off = set() if config.input_format.signed else {"negative", "lowest"}
    if config.rounding != "arithmetic":
        off.add("tie")
    if config.rounding == "ceiling":
        off.add("down")
    if config.input_format.width < 3:
        off |= {"tie", "up", "down", "least_up", "most_down"}
    return {key: text for key, text in FEATURES.items() if key not in off}


def stimulus(config: Pow2RoundConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Codes of ``x``.

    Parameters
    ----------
    config : Pow2RoundConfig
    count : int
        Beats.
    seed : int
    kind : str
        ``uniform`` codes; ``logarithmic``: every octave as often as any other; ``corners``: next to powers of two and
        to the thresholds, and the ends of the format; ``mixed``: a third of each.

    Returns
    -------
    dict of str to uint64 array
        ``x`` of shape (count,) or (count, elements).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind), 0x9032])
    shape = (count, config.elements) if config.elements > 1 else (count,)
    width = config.input_format.width
    uniform = rng.integers(0, 1 << width, shape)
    reach = rng.integers(0, width + 1, shape)
    logarithmic = rng.integers(0, 1 << width, shape) >> reach
    table = np.array([0, 1, (1 << width) - 1, (1 << (width - 1)) - 1, 1 << (width - 1),
                      *(1 << np.arange(width)), *bounds(config.rounding, width)], np.int64)  # fmt: skip
    corners = table[rng.integers(0, len(table), shape)] + rng.integers(-1, 2, shape)
    negative = rng.random(shape) < (0.5 if config.input_format.signed else 0)
    logarithmic, corners = (np.where(negative, -x, x) for x in (logarithmic, corners))
    third = {"uniform": 0, "logarithmic": 1, "corners": 2}.get(kind)
    choice = rng.integers(0, 3, shape) if third is None else np.full(shape, third)
    x = np.choose(choice, [uniform, logarithmic, corners])
    return {"x": (x & ((1 << width) - 1)).astype(np.uint64)}


def exhaustive(config: Pow2RoundConfig) -> Iterator[Vectors] | None:
    """Every code, each in every place; None for more than 20 bits."""
    width = config.input_format.width
    if width > EXHAUSTED_BITS:
        return None
    codes = np.arange(1 << width, dtype=np.uint64)
    if config.elements > 1:
        codes = (codes[:, None] + np.arange(config.elements, dtype=np.uint64)) & codes[-1]
    return iter([{"x": codes}])


def expect(config: Pow2RoundConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    found = pow2round(config, torch.from_numpy(inputs["x"].astype(np.int64)))
    return {key: codes.numpy().astype(np.uint64) for key, codes in found.items()}


def describe(config: Pow2RoundConfig, field: str, code: int) -> str:
    """A code as its value, ``0x18000 (1.5)``."""
    fmt = config.input_format
    if field == "x":
        number = signed(torch.tensor(int(code)), fmt.width, fmt.signed).item() / 2**fmt.fraction_bits
        return f"0x{int(code):x} ({number!r})"
    if field == "e":
        return f"0x{int(code):x} ({signed(torch.tensor(int(code)), config.exponent_width).item()})"
    return str(int(code))


def operations(config: Pow2RoundConfig) -> dict[str, int]:
    """Operations per beat: one rounding per value."""
    return {"round_to_power": config.elements}


def coverage(config: Pow2RoundConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    fmt = config.input_format
    x = signed(torch.from_numpy(inputs["x"].astype(np.int64)), fmt.width, fmt.signed).numpy()
    m = np.abs(x)
    e = signed(torch.from_numpy(outputs["e"].astype(np.int64)), config.exponent_width).numpy() + fmt.fraction_bits
    power = np.left_shift(np.int64(1), np.where(m == 0, 0, e))
    table = np.array(bounds(config.rounding, fmt.width), np.int64)
    inner = table[1:] if config.rounding != "ceiling" else table
    hits = {
        "zero": m == 0,
        "power_of_two": (m > 0) & (m & (m - 1) == 0),
        "up": (m > 0) & (power > m),
        "down": (m > 0) & (power < m),
        "tie": (m > 0) & (m & (m - 1) != 0) & (m % 3 == 0) & ((m // 3) & (m // 3 - 1) == 0),
        "least_up": np.isin(m, inner),
        "most_down": np.isin(m, inner - 1),
        "negative": x < 0,
        "lowest": x == fmt.low,
        "highest": x == fmt.high,
        "least": m == 1,
    }
    return {key: int(hits[key].sum()) for key in features(config)}
