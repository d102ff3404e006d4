"""Stimulus of activation units: codes of x as users have them, and as their corners are; tables to reload."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...hw.activation.config import ActivationConfig
from .floats import corner_codes, near

Vectors = dict[str, np.ndarray]
KINDS = ("mixed", "uniform", "normal", "corners")


def stimulus(config: ActivationConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Codes of ``x``, and of what ``form=reload`` takes beside it.

    Parameters
    ----------
    config : ActivationConfig
    count : int
        Beats.
    seed : int
    kind : str
        ``uniform`` codes; ``normal``: N(0, 1) stretched to a quarter of the domain; ``corners``: codes at and before
        breakpoints, ends of the domain and of the format, zero (floats: the codes around these, between the grid's
        integers too, subnormals and specials); ``mixed``: a third of each.

    Returns
    -------
    dict of str to uint64 array of shape (count,)
    """
    rng = np.random.default_rng([seed, KINDS.index(kind), 0xAC7])
    kinds = KINDS[1:] if kind == "mixed" else (kind,)
    parts = [_codes(config, (count + i) // len(kinds), rng, one) for i, one in enumerate(kinds)]
    x = np.concatenate(parts)[rng.permutation(count)]
    found = {"x": _code(x, config.input_width)}
    return {**found, **_reloads(config, count, rng)} if config.form == "reload" else found


def exhaustive(config: ActivationConfig) -> Iterator[Vectors] | None:
    """Every code of x; None for a unit whose table changes."""
    if config.form == "reload":
        return None
    return iter([{"x": np.arange(1 << config.input_width, dtype=np.uint64)}])


def corners(config: ActivationConfig) -> np.ndarray:
    """Integers of x at which something begins or ends."""
    (low, high), fmt = config.codes, config.input_format
    edges = [low, high, fmt.low, fmt.high, 0, *config.breakpoints]
    edges += [-edge for edge in edges]
    near = {edge + step for edge in edges for step in (-1, 0, 1)}
    return np.array(sorted(x for x in near if fmt.low <= x <= fmt.high), np.int64)


TRIED_BITS = 6
"""Inputs this narrow have every code tried with every table."""


def codes_tried(config: ActivationConfig) -> np.ndarray:
    """Codes of x that are tried with every table that can be loaded: all, or some of every kind."""
    fmt = config.input_format
    if fmt.width <= TRIED_BITS:
        return np.arange(1 << fmt.width)
    mask = (1 << fmt.width) - 1
    some = {fmt.low, fmt.high, 0, 1, -1, config.first, config.last, 0x5555 & mask >> 1}
    some |= set(range(fmt.low, fmt.high, 1 << (fmt.width - 2)))
    return np.array(sorted({code & mask for code in some}))


def _codes(config: ActivationConfig, count: int, rng: np.random.Generator, kind: str) -> np.ndarray:
    """Integers of x; of a float, codes."""
    if config.float_input is not None:
        return _floats(config, count, rng, kind)
    fmt = config.input_format
    if kind == "uniform":
        return rng.integers(fmt.low, fmt.high + 1, count)
    if kind == "corners":
        found = corners(config)
        return found[rng.integers(0, len(found), count)]
    low, high = config.codes
    spread = (low + high) / 2 + rng.standard_normal(count) * (high - low + 1) / 8
    return np.clip(np.rint(spread), fmt.low, fmt.high).astype(np.int64)


def _floats(config: ActivationConfig, count: int, rng: np.random.Generator, kind: str) -> np.ndarray:
    """Codes of a float x."""
    if kind == "uniform":
        return rng.integers(0, 1 << config.input_width, count)
    if kind == "corners":
        found = corner_codes(config, corners(config))
        return found[rng.integers(0, len(found), count)]
    low, high = (end * float(config.input_format.lsb) for end in config.codes)
    return near(config, (low + high) / 2 + rng.standard_normal(count) * (high - low) / 8)


def _code(values: np.ndarray, width: int) -> np.ndarray:
    return (values.astype(np.int64) & ((1 << width) - 1)).astype(np.uint64)


def _reloads(config: ActivationConfig, count: int, rng: np.random.Generator) -> Vectors:
    """Loads in runs of about a table, swaps when they are done and sometimes early; knots of a table rise."""
    size = len(config.slopes)
    load, swap = np.zeros(count, np.int64), np.zeros(count, np.int64)
    order = np.zeros(count, np.int64)  # of each beat in its table
    table = np.zeros(count, np.int64)
    at = int(rng.integers(0, 4))
    tables = 0
    while at < count:
        dense = rng.choice([0.5, 1.0])
        wanted = size if rng.random() < 0.8 else int(rng.integers(0, size + 3))
        done = 0
        while at < count and done < wanted:
            if rng.random() < dense:
                load[at], order[at], table[at] = 1, done, tables
                done += 1
            at += 1
        # With the last segment, or some beats after it.
        wait = int(rng.choice([0, 1, 2, 9]))
        here = at - 1 + wait
        if 0 <= here < count:
            swap[here] = 1
        at = max(at, here + 1) + int(rng.choice([0, 0, 1, 12]))
        tables += 1
    slope, bias = config.slope_format, config.bias_format
    found = {"load": _code(load, 1), "swap": _code(swap, 1)}
    for name, fmt in (("slope", slope), ("bias", bias)):
        values = rng.integers(fmt.low, fmt.high + 1, count)
        # Gentle lines too, that do not saturate.
        values = np.where(rng.random(count) < 0.5, values >> rng.integers(0, fmt.width, count), values)
        found[name] = _code(values, fmt.width)
    if config.knots == "free" and size > 1:
        width = config.knot_width
        least = -(1 << (width - 1)) if config.first < 0 else 0
        rising = np.sort(rng.integers(least, least + (1 << width), (tables, size + 3)), axis=1)
        knot = np.where(load == 1, rising[table, np.minimum(order, size + 2)], rng.integers(0, 1 << width, count))
        found["knot"] = _code(knot, width)
    return found
