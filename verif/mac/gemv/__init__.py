"""Evidence for the matrix-vector engine: features, stimulus, golden outputs and coverage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from ....golden import exact
from ....golden.mac.gemv_stream import SWAP, TILE, beats, sums
from ....hw.mac.config.gemv import GemvConfig
from ...artifact import Artifact
from ..stimulus import KINDS, Vectors
from ..stimulus import stimulus as lane_stimulus
from .claims import claims

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus", "worked"]  # fmt: skip

FEATURES: dict[str, str] = {
    "load_alone": "a beat brings activations only",
    "load_beside": "a beat brings activations of the next chunk while it multiplies",
    "idle": "a beat that does neither, between columns of few groups",
    "swap": "the halves of the buffer change places after a multiplication",
    "held": "a tile uses the activations of the one before it",
    "buffer_full": "all columns of a half are used",
    "all_groups": "all groups take turns",
    "one_column": "a sum of one product",
    "chain": "a sum that goes on over a change of halves",
    "waiting": "sums of one tile go out while the next tile is begun",
    "switched": "the mode changes",
    "special": "a sum is NaN or infinite",
    "zero": "a sum is zero",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""

LONGEST = 40  # columns of a matrix drawn


def config_of(artifact: Artifact) -> GemvConfig:
    """The config that the artefact was made from."""
    return GemvConfig(**artifact.manifest["config"])


def features(config: GemvConfig) -> dict[str, str]:
    """The features that an engine can show."""
    absent = set()
    if len(config.modes) == 1:
        absent.add("switched")
    if all(mode.acc.is_integer for mode in config.modes):
        absent.add("special")
    if config.depth > LONGEST:
        absent |= {"buffer_full", "chain"}
    return {key: text for key, text in FEATURES.items() if key not in absent}


def stimulus(config: GemvConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Beats of small matrix products, one after the other, each with its size and mode drawn.

    Parameters
    ----------
    config : GemvConfig
    count : int
        Beats; the last product may be cut off, the first is a small one.
    seed : int
    kind : str
        What the codes are, as for the unit ``mac``.

    Returns
    -------
    dict of str to uint64 array
        Each field, of shape (count, *shape of the field). Weights, activations and flags that do not count are noise.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    parts: list[dict[str, torch.Tensor]] = []
    total = 0
    while total < count:
        mode = int(rng.integers(len(config.modes)))
        m, k, n = _size(config, mode, rng, small=not parts)
        w, x = _codes(config, mode, (m, k), (k, n), rng, kind)
        parts.append(beats(config, w, x, mode))
        total += len(parts[-1]["mac"])
    found = {name: torch.cat([part[name] for part in parts])[:count].numpy().astype(np.uint64) for name in parts[0]}
    return _noisy(config, found, rng)


def _size(config: GemvConfig, mode: int, rng: np.random.Generator, small: bool) -> tuple[int, int, int]:
    """Rows, columns and vectors: mostly some tiles, often the smallest there can be, or exactly full ones."""
    rows = config.rows(mode)
    k = (1, min(config.depth, LONGEST), int(rng.integers(1, LONGEST)))[rng.choice(3, p=[0.15, 0.1, 0.75])]
    groups = (1, config.groups, int(rng.integers(1, 2 * config.groups + 2)))[rng.choice(3, p=[0.2, 0.2, 0.6])]
    if rng.random() < 0.2:
        # Another tile of the same activations.
        k, groups = min(k, config.depth), config.groups + 1
    if small:
        k = groups = 2
    less = int(rng.integers(0, rows)) if rng.random() < 0.5 else 0
    return max(1, groups * rows - less), k, int(rng.integers(1, 2 * config.modes[mode].lanes_b + 1))


def _codes(config: GemvConfig, mode: int, w: tuple[int, int], x: tuple[int, int], rng: np.random.Generator,
           kind: str) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    """Codes of weights and activations. Where the kind has specials, most matrices do without."""
    if kind == "mixed":
        kind = str(rng.choice(["normal", "llm", "uniform", "corners"], p=[0.4, 0.4, 0.1, 0.1]))
    seed, count = int(rng.integers(1 << 30)), max(w[0] * w[1], x[0] * x[1])
    drawn = lane_stimulus(config.mac.lane(mode), count, seed, kind)
    a, b = (torch.from_numpy(drawn[name].astype(np.int64)) for name in "ab")
    return a[: w[0] * w[1]].reshape(w), b[: x[0] * x[1]].reshape(x)


def _noisy(config: GemvConfig, found: Vectors, rng: np.random.Generator) -> Vectors:
    """Noise in what has no meaning: weights and flags of beats without ``mac``, activations without ``load``, the bits
    above a weight's format, and the lanes of weights that a mode does not use."""
    mode = found.get("mode", np.zeros(len(found["mac"]), np.uint64))
    noise = {name: rng.integers(0, 1 << config.width(side), found[name].shape, dtype=np.uint64)
             for name, side in (("w", "a"), ("x", "b"))}  # fmt: skip
    kept = {name: np.zeros_like(found[name]) for name in noise}
    kept["x"][found["load"] == 1] = np.uint64((1 << config.width("b")) - 1)
    for k, used in enumerate(config.modes):
        kept["w"][(mode == k) & (found["mac"] == 1), :, : used.lanes_a] = np.uint64((1 << used.a.width) - 1)
    for name, codes in noise.items():
        found[name] = (found[name] & kept[name]) | (codes & ~kept[name])
    off = found["mac"] == 0
    for name in ("first", "last"):
        found[name] = np.where(off, rng.integers(0, 2, len(off), dtype=np.uint64), found[name])
    return found


def _tensors(inputs: Vectors) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(np.ascontiguousarray(codes).astype(np.int64)) for key, codes in inputs.items()}


def expect(config: GemvConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs: as many beats as have ``mac`` and ``last``."""
    return {"y": sums(config, _tensors(inputs)).numpy().astype(np.uint64)}


def ends(config: GemvConfig, inputs: Vectors) -> np.ndarray:
    """Numbers of the beats that complete sums."""
    return np.flatnonzero((inputs["mac"] == 1) & (inputs["last"] == 1))


def worked(config: GemvConfig, inputs: Vectors) -> int:
    """How many beats multiply."""
    return int(inputs["mac"].sum())


def exhaustive(config: GemvConfig) -> Iterator[Vectors] | None:
    """None: no engine has few enough inputs."""
    return None


def describe(config: GemvConfig, field: str, code: Any) -> Any:
    """A code as its value, ``0x3f80 (1.0)``; the code alone where its format depends on the mode."""
    if np.ndim(code):
        return [describe(config, field, one) for one in code]
    side = {"w": "a", "x": "b", "y": "acc"}.get(field)
    formats = {getattr(mode, side) for mode in config.modes} if side else set()
    if len(formats) != 1:
        return hex(code) if side else str(int(code))
    fmt = formats.pop()
    number = exact.to_float64(exact.decode(torch.tensor(int(code)), fmt)).item()
    return f"0x{int(code):0{(fmt.width + 3) // 4}x} ({int(number) if fmt.is_integer else repr(number)})"


def operations(config: GemvConfig) -> dict[str, int]:
    """Multiplications and additions of a beat with weights, in the mode that has most."""
    mode = max(config.modes, key=lambda mode: mode.packing.lanes)
    count = config.units * mode.packing.lanes
    return {f"multiply_{mode.a.significand_width}x{mode.b.significand_width}": count, f"add_{mode.acc.name}": count}


def coverage(config: GemvConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    flags = ("load", "mac", "first", "last", "after")
    load, mac, first, last, after = (inputs[name].astype(np.int64) for name in flags)
    starts, adds = mac * first, mac * (1 - first)
    column, group = _places(after)
    hits: dict[str, Any] = {
        "load_alone": load * (1 - mac),
        "load_beside": load * mac,
        "idle": (1 - load) * (1 - mac),
        "swap": mac * (after == SWAP),
        "held": mac * (after == TILE),
        "buffer_full": mac * (column == config.depth - 1),
        "all_groups": mac * (group == config.groups - 1),
        "one_column": starts * last,
        "chain": adds * (column == 0),
        "waiting": mac[:-1] * last[:-1] * starts[1:] * (1 - last[1:]) if len(mac) > 1 else 0,
        "switched": (inputs["mode"][1:] != inputs["mode"][:-1]) if "mode" in inputs else 0,
    }  # fmt: skip
    modes = np.minimum(inputs["mode"], len(config.modes) - 1) if "mode" in inputs else np.zeros(len(mac), np.uint64)
    hits |= _values(config, outputs["y"], modes[ends(config, inputs)])
    return {key: int(np.sum(hits[key])) for key in features(config)}


def _places(after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Column and group of each beat."""
    column, group = np.zeros_like(after), np.zeros_like(after)
    for n, then in enumerate(after[:-1].tolist()):
        group[n + 1] = 0 if then else group[n] + 1
        column[n + 1] = (column[n], column[n] + 1, 0, 0)[then]
    return column, group


def _values(config: GemvConfig, y: np.ndarray, modes: np.ndarray) -> dict[str, int]:
    special = zero = 0
    for k, mode in enumerate(config.modes):
        codes = y[modes == k][:, :, : mode.lanes_a, : mode.lanes_b]
        number = exact.decode(torch.from_numpy(np.ascontiguousarray(codes).astype(np.int64)), mode.acc)
        special += int((number.nan | number.inf).sum())
        zero += int((number.zero & ~number.nan & ~number.inf).sum())
    return {"special": special, "zero": zero}
