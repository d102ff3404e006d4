"""Stimulus of the softmax: rows of all lengths, of numbers as attention has them and as corners are."""

from __future__ import annotations

import numpy as np
import torch

from ....golden.activation.ptsoftmax import rows
from ....hw.activation.config.softmax import SoftmaxConfig
from ..lengths import presence, row_ends

Vectors = dict[str, np.ndarray]
KINDS = ("mixed", "uniform", "attention", "corners")


def stimulus(config: SoftmaxConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Beats of many rows, the last of which ends one; lengths and presence as :mod:`..lengths` says.

    Parameters
    ----------
    config : SoftmaxConfig
    count : int
        Beats.
    seed : int
    kind : str
        ``uniform`` codes; ``attention``: N(m, s^2), m and s of each row; ``corners``: all equal, one far above the
        others, extremes, rising by about a power of two, falling, and numbers just where powers vanish; ``mixed``: each
        row one of these.

    Returns
    -------
    dict of str to uint64 array
        ``x`` and ``on`` of shape (count,) or (count, lanes), ``last`` of shape (count,).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind), 0x50F8])
    last = row_ends(config, count, rng)
    row = rows(config, torch.from_numpy(last.astype(np.int64)))[0].numpy()
    rows_in_all = row[-1] + 1
    of_row = rng.integers(1, len(KINDS), rows_in_all) if kind == "mixed" else np.full(rows_in_all, KINDS.index(kind))
    fmt = config.input_format
    made = np.stack([numbers(config, row, rng) for numbers in (_uniform, _attention, _corners)])
    x = np.take_along_axis(made, (of_row[row] - 1)[None, :, None], 0)[0]
    on = presence(config, row, rng)
    flat = (slice(None), 0) if config.lanes == 1 else slice(None)
    codes = np.clip(x, fmt.low, fmt.high) & ((1 << fmt.width) - 1)
    return {"x": codes[flat].astype(np.uint64), "on": on[flat].astype(np.uint64), "last": last.astype(np.uint64)}


def _uniform(config: SoftmaxConfig, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    fmt = config.input_format
    return rng.integers(fmt.low, fmt.high + 1, (len(row), config.lanes))


def _attention(config: SoftmaxConfig, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    count, one = row[-1] + 1, 1 << config.input_format.fraction_bits
    spread = rng.uniform(0.05, 6, count)[row][:, None] * one
    middle = rng.uniform(config.input_format.low / 2, config.input_format.high / 2, count)[row][:, None]
    return np.rint(rng.standard_normal((len(row), config.lanes)) * spread + middle).astype(np.int64)


def _corners(config: SoftmaxConfig, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    count, lanes, fmt = row[-1] + 1, config.lanes, config.input_format
    one = 1 << fmt.fraction_bits
    start = np.r_[0, np.flatnonzero(np.diff(row)) + 1][row]
    place = (np.arange(len(row)) - start)[:, None] * lanes + np.arange(lanes)
    top = rng.integers(fmt.low, fmt.high + 1, count)[row][:, None]
    kind = rng.integers(0, 6, count)[row][:, None]
    equal = np.broadcast_to(top, place.shape)
    one_hot = np.where(place == rng.integers(0, 2 * lanes, count)[row][:, None], fmt.high, fmt.low)
    extremes = rng.choice([fmt.low, fmt.high], place.shape)
    rising = fmt.low + place * max(one * 7 // 10, 1)
    falling = top - place * max(one // 3, 1)
    # Powers around 2^-A, the least that count.
    vanish = fmt.high - rng.integers(max(int(config.one * 0.6 * one), 1), int((config.one + 2) * 0.7 * one) + 2,
                                     place.shape) * (place > 0)  # fmt: skip
    return np.choose(kind, [equal, one_hot, extremes, rising, falling, vanish])
