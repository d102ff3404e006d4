"""Stimulus of the bit-shifting power norm: groups as layers have them, and as corners are."""

from __future__ import annotations

import numpy as np

from ....hw.activation.config.bspn import BspnConfig

Vectors = dict[str, np.ndarray]
KINDS = ("mixed", "uniform", "normal", "corners")


def stimulus(config: BspnConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Beats of groups; the last group may be cut off.

    Parameters
    ----------
    config : BspnConfig
    count : int
        Beats.
    seed : int
    kind : str
        ``uniform`` codes; ``normal``: N(0, s^2), s of each group, over all octaves; ``corners``: zeros, one number, all
        at the ends of the format, and means at and next to the thresholds of the scale; ``mixed``: each group one of
        these. What a group's last beat holds beyond it is noise.

    Returns
    -------
    dict of str to uint64 array
        ``x`` of shape (count,) or (count, lanes).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind), 0xB599])
    groups, places = -(-count // config.beats), config.beats * config.lanes
    fmt = config.input_format
    chosen = rng.integers(1, len(KINDS), groups) if kind == "mixed" else np.full(groups, KINDS.index(kind))
    shape = (groups, config.group)
    uniform = rng.integers(fmt.low, fmt.high + 1, shape)
    spread = 2.0 ** rng.uniform(-2, fmt.width - 1, (groups, 1))
    normal = np.rint(rng.standard_normal(shape) * spread).astype(np.int64)
    x = np.choose(chosen[:, None] - 1, [uniform, normal, _corners(config, shape, rng)])
    filled = rng.integers(fmt.low, fmt.high + 1, (groups, places))
    filled[:, : config.group] = np.clip(x, fmt.low, fmt.high)
    codes = (filled & ((1 << fmt.width) - 1)).reshape(-1, config.lanes)[:count].astype(np.uint64)
    return {"x": codes if config.lanes > 1 else codes[:, 0]}


def _corners(config: BspnConfig, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    groups, n = shape
    fmt = config.input_format
    zeros = np.zeros(shape, np.int64)
    one = np.where(rng.integers(0, n, (groups, 1)) == np.arange(n), rng.integers(fmt.low, fmt.high + 1, (groups, 1)), 0)
    ends = rng.choice([fmt.low, fmt.high], shape)
    few = rng.integers(-1, 2, shape)
    # A sum of magnitudes at a threshold or next to it, spread evenly.
    bounds = np.array(config.thresholds or (1,), np.int64)
    total = np.clip(bounds[rng.integers(0, len(bounds), groups)] + rng.integers(-1, 2, groups), 0, config.largest_sum)
    each, rest = np.divmod(total, n)
    magnitude = each[:, None] + (np.arange(n) < rest[:, None])
    near = np.where(rng.random(shape) < 0.5, -magnitude, magnitude)
    near = np.where(magnitude > fmt.high, -magnitude, near)
    return np.choose(rng.integers(0, 8, groups)[:, None], [zeros, one, ends, few, near, near, near, near])
