"""Stimulus of vector units on the network: x as users have them and as their corners are; tables that change."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ....hw.noc.config.nova import NovaConfig
from ...activation.stimulus import corners

Vectors = dict[str, np.ndarray]
KINDS = ("mixed", "uniform", "normal", "corners")


def stimulus(config: NovaConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Beats of codes, ``x`` of shape (count, lanes in all), ``table`` of shape (count,).

    Parameters
    ----------
    config : NovaConfig
    count : int
        Beats.
    seed : int
    kind : str
        ``uniform`` codes; ``normal``: N(0, 1) stretched to a quarter of the domain; ``corners``: codes at and before
        breakpoints, ends of the domain and of the format, zero; ``mixed``: a third of each. Tables change in runs of
        all lengths, one beat among them; one run in eight asks for a table that is not there.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind), 0x0C])
    kinds = KINDS[1:] if kind == "mixed" else (kind,)
    parts = [_codes(config, (count + i) // len(kinds), rng, one) for i, one in enumerate(kinds)]
    x = np.concatenate(parts)[rng.permutation(count)]
    return {"x": _code(x, config.input_format.width), "table": _runs(config, count, rng)}


def exhaustive(config: NovaConfig) -> Iterator[Vectors]:
    """Every code on every lane with every number of a table; neighbours have different codes."""
    size = 1 << config.input_format.width
    lanes = np.arange(config.width) * max(size // config.width | 1, 1)
    x = (np.arange(size)[:, None] + lanes) % size
    for table in range(1 << config.table_width):
        yield {"x": x.astype(np.uint64), "table": np.full(size, table, np.uint64)}


def _codes(config: NovaConfig, count: int, rng: np.random.Generator, kind: str) -> np.ndarray:
    fmt, shape = config.input_format, (count, config.width)
    if kind == "uniform":
        return rng.integers(fmt.low, fmt.high + 1, shape)
    if kind == "corners":
        found = np.unique(np.concatenate([corners(table) for table in config.tables]))
        return found[rng.integers(0, len(found), shape)]
    low, high = config.tables[0].codes
    spread = (low + high) / 2 + rng.standard_normal(shape) * (high - low + 1) / 8
    return np.clip(np.rint(spread), fmt.low, fmt.high).astype(np.int64)


def _runs(config: NovaConfig, count: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of tables, in runs of 1 to 32 beats or of one beat each."""
    tables = len(config.tables)
    found: list[int] = []
    while len(found) < count:
        beyond = rng.random() < 0.125
        number = int(rng.integers(tables, 1 << config.table_width) if beyond else rng.integers(0, tables))
        found += [number] * int(rng.choice([1, 1, 1, 2, 3, 8, 32]))
    return np.array(found[:count], np.uint64)


def _code(values: np.ndarray, width: int) -> np.ndarray:
    return (values.astype(np.int64) & ((1 << width) - 1)).astype(np.uint64)
