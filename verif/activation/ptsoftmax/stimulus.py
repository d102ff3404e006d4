"""Stimulus of the power-of-two softmax: rows of all lengths, of scores as attention has them and as corners are."""

from __future__ import annotations

import numpy as np
import torch

from ....golden.activation.ptsoftmax import rows
from ....hw.activation.config.ptsoftmax import PtsoftmaxConfig
from ..lengths import presence, row_ends

Vectors = dict[str, np.ndarray]
KINDS = ("mixed", "uniform", "attention", "corners")


def stimulus(config: PtsoftmaxConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Beats of many rows, the last of which ends one.

    Lengths: a third up to 3 beats, a third anything, a third the longest row or one beat less, some of these without
    ``last``. In most rows all scores are on up to an end within the last beat; in some anything is, or nothing.

    Parameters
    ----------
    config : PtsoftmaxConfig
    count : int
        Beats.
    seed : int
    kind : str
        ``uniform`` scores; ``attention``: the ceiling of N(m, s^2), m and s of each row; ``corners``: all equal, sums
        that are ties or one less, rising, and scores at the edges of the window; ``mixed``: each row one of these.

    Returns
    -------
    dict of str to uint64 array
        ``z`` and ``on`` of shape (count,) or (count, lanes), ``last`` of shape (count,).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind), 0x50F7])
    last = row_ends(config, count, rng)
    row = rows(config, torch.from_numpy(last.astype(np.int64)))[0].numpy()
    of_row = rng.integers(1, len(KINDS), row[-1] + 1) if kind == "mixed" else np.full(row[-1] + 1, KINDS.index(kind))
    low, high = -(1 << (config.bits - 1)), (1 << (config.bits - 1)) - 1
    made = np.stack([scores(config, row, low, high, rng) for scores in (_uniform, _attention, _corners)])
    z = np.take_along_axis(made, (of_row[row] - 1)[None, :, None], 0)[0]
    on = presence(config, row, rng)
    flat = (slice(None), 0) if config.lanes == 1 else slice(None)
    codes = np.clip(z, low, high) & ((1 << config.bits) - 1)
    return {"z": codes[flat].astype(np.uint64), "on": on[flat].astype(np.uint64), "last": last.astype(np.uint64)}


def _uniform(config: PtsoftmaxConfig, row: np.ndarray, low: int, high: int, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(low, high + 1, (len(row), config.lanes))


def _attention(config: PtsoftmaxConfig, row: np.ndarray, low: int, high: int, rng: np.random.Generator) -> np.ndarray:
    count = row[-1] + 1
    spread = rng.uniform(0.3, config.span, count)[row][:, None]
    middle = rng.uniform(low / 2, high / 2, count)[row][:, None]
    return np.ceil(rng.standard_normal((len(row), config.lanes)) * spread + middle).astype(np.int64)


def _corners(config: PtsoftmaxConfig, row: np.ndarray, low: int, high: int, rng: np.random.Generator) -> np.ndarray:
    count, lanes, span = row[-1] + 1, config.lanes, config.span
    start = np.r_[0, np.flatnonzero(np.diff(row)) + 1][row]
    place = (np.arange(len(row)) - start)[:, None] * lanes + np.arange(lanes)
    top = rng.integers(low, high + 1, count)[row][:, None]
    kind = rng.integers(0, 6, count)[row][:, None]
    falling = top - place  # 1 + 1/2 + 1/4 ...: one step below a power of two
    tie = top - (place > 0) - np.clip(place - 2, 0, 2)  # 1 + 1/2, then less
    edges = (top | span - 1) - rng.choice([0, 1, span - 1, span, span + 1, 2 * span - 1, 2 * span], place.shape)
    rising = low + place * (1 + (row % 5)[:, None]) // 2
    far = np.where(place == rng.integers(0, 2 * lanes, count)[row][:, None], top, low)
    return np.choose(kind, [np.broadcast_to(top, place.shape), falling, tie, edges, rising, far])
