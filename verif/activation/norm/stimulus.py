"""Stimulus of the norms: rows with many means and spreads, and corners."""

from __future__ import annotations

import numpy as np

from ....hw.activation.config.norm import NormConfig

Vectors = dict[str, np.ndarray]
KINDS = ("mixed", "uniform", "normal", "corners")


def stimulus(config: NormConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Beats of rows, whole but for the last one.

    Parameters
    ----------
    config : NormConfig
    count : int
        Beats.
    seed : int
    kind : str
        ``uniform`` codes; ``normal``: N(m, s^2), s of each row from a code's step up to the whole range; ``corners``:
        zeros, all equal, one number alone, one step apart, lowest and highest, all lowest; ``mixed``: each row one of
        these.

    Returns
    -------
    dict of str to uint64 array
        ``x`` of shape (count,) or (count, lanes). What a row's last beat holds beyond the row is anything.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind), 0x402])
    fmt, width = config.input_format, config.beats * config.lanes
    rows = -(-count // config.beats)
    shape = (rows, width)
    spread = np.exp(rng.uniform(np.log(0.3), np.log(fmt.high), rows))[:, None]
    middle = rng.uniform(fmt.low, fmt.high, rows)[:, None] * rng.choice([0, 0.1, 1], rows)[:, None]
    normal = np.rint(rng.standard_normal(shape) * spread + middle).astype(np.int64)
    level = rng.integers(fmt.low, fmt.high + 1, (rows, 1))
    alone = np.arange(width) == rng.integers(0, config.elements, (rows, 1))
    corners = np.choose(rng.integers(0, 7, (rows, 1)), [
        np.zeros(shape, np.int64), np.broadcast_to(level, shape), np.where(alone, level, 0), level + alone,
        rng.choice([fmt.low, fmt.high], shape), np.where(alone, fmt.low, fmt.high), np.full(shape, fmt.low),
    ])  # fmt: skip
    made = np.stack([rng.integers(fmt.low, fmt.high + 1, shape), normal, corners])
    of_row = rng.integers(1, len(KINDS), rows) if kind == "mixed" else np.full(rows, KINDS.index(kind))
    x = np.take_along_axis(made, (of_row - 1)[None, :, None], 0)[0]
    beyond = np.arange(width) >= config.elements
    x = np.where(beyond, rng.integers(fmt.low, fmt.high + 1, shape), x)
    codes = (np.clip(x, fmt.low, fmt.high) & ((1 << fmt.width) - 1)).reshape(-1, config.lanes)[:count]
    return {"x": (codes[:, 0] if config.lanes == 1 else codes).astype(np.uint64)}
