"""Counts that look like heartbeats, that drive neurons to their ends, and any others."""

from __future__ import annotations

import numpy as np

from ...hw.ecg.config import EcgConfig

Vectors = dict[str, np.ndarray]

KINDS = ("mixed", "uniform", "ends", "aimed", "beats")


def stimulus(config: EcgConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Codes of counts, ``(count, inputs)``.

    Parameters
    ----------
    config : EcgConfig
    count : int
        Heartbeats.
    seed : int
    kind : str
        ``uniform``: any codes. ``ends``: all counts 0 or all T, a share of them elsewhere (none in a part of the rows).
        ``aimed``: the counts that a neuron of the first layer likes best or least. ``beats``: a wave of three bumps
        from 0 to T with a little noise. ``mixed``: a quarter of each.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind != "mixed":
        return {"n": _GENERATORS[kind](config, count, rng)}
    parts = [_GENERATORS[part](config, (count + at) // 4, rng) for at, part in enumerate(_GENERATORS)]
    return {"n": np.concatenate(parts)[rng.permutation(count)]}


def _uniform(config: EcgConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 1 << config.count_width, (count, config.widths[0]), dtype=np.uint64)


def _changed(config: EcgConfig, n: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A share of the counts at other codes, in a part of the rows none."""
    few = rng.random(n.shape) < rng.choice([0.0, 0.02, 0.3], (len(n), 1))
    return np.where(few, _uniform(config, len(n), rng), n)


def _ends(config: EcgConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    n = np.where(rng.random((count, 1)) < 0.5, 0, config.steps).astype(np.uint64)
    return _changed(config, np.broadcast_to(n, (count, config.widths[0])), rng)


def _aimed(config: EcgConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    weights = np.array(config.weights[0])[rng.integers(0, config.widths[1], count)]
    liked = weights * rng.choice([-1, 1], (count, 1)) > 0
    return _changed(config, liked.astype(np.uint64) * np.uint64(config.steps), rng)


def _beats(config: EcgConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    at = np.arange(config.widths[0]) / max(config.widths[0], 2)
    wave = rng.normal(0, 0.03, (count, config.widths[0]))
    for middle, width, height in ((0.3, 0.05, 0.15), (0.5, 0.02, 1.0), (0.75, 0.06, 0.3)):
        place, size = rng.normal(middle, 0.03, (count, 1)), width * rng.uniform(0.7, 2.5, (count, 1))
        wave += rng.normal(height, 0.3, (count, 1)) * np.exp(-(((at - place) / size) ** 2))
    low, high = wave.min(-1, keepdims=True), wave.max(-1, keepdims=True)
    return np.round(config.steps * (wave - low) / np.maximum(high - low, 1e-9)).astype(np.uint64)


_GENERATORS = {"uniform": _uniform, "ends": _ends, "aimed": _aimed, "beats": _beats}
