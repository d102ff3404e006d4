"""Stimulus of the accumulator: sums of all lengths, begun, dropped and ended in all ways."""

from __future__ import annotations

import numpy as np

from ....hw.formats import Format
from ....hw.mac.config.accumulate import AccumulateConfig
from ..stimulus import KINDS, Vectors
from ..stimulus import stimulus as operands

__all__ = ["KINDS", "Vectors", "stimulus"]

SPECIAL_SHARE = 0.1  # sums in which NaN and Inf are left: each of them ends all that the sum can show
CANCELLED_SHARE = 0.2  # sums of corner values whose second half takes the first half away again


def stimulus(config: AccumulateConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Beats of many sums, the last of which ends one.

    Lengths: a third up to the number k of partial sums, a third up to 3 k + 2, the rest longer, up to 24 k. One sum in
    four starts with ``clear``, one in eight is dropped by the ``clear`` of the next.

    Parameters
    ----------
    config : AccumulateConfig
    count : int
        Beats.
    seed : int
    kind : str
        What the operands of a sum are, as for the multiply-accumulate; for ``mixed`` each sum has its own kind.

    Returns
    -------
    dict of str to uint64 array
        ``a`` and ``b`` of shape (count,), or (count, lanes_a) and (count, lanes_b); ``clear`` and ``last`` of shape
        (count,).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind), 7])
    first, clear, last = _borders(config, count, rng)
    number = np.cumsum(first) - 1
    vectors = _operands(config, count, seed, kind, number, rng)
    _cancelled(config, vectors, number, rng)
    _tamed(config, vectors, number, rng)
    return {**vectors, "clear": clear.astype(np.uint64), "last": last.astype(np.uint64)}


def _borders(config: AccumulateConfig, count: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Where sums start, where ``clear`` and ``last`` are."""
    k = config.partials
    first, clear, last = (np.zeros(count, bool) for _ in range(3))
    at, dropped = 0, False
    while at < count:
        top = (k, 3 * k + 2, 24 * k)[rng.integers(3)] if at else 2
        length = min(int(rng.integers(1, top + 1)), count - at)
        first[at] = True
        clear[at] = dropped or rng.random() < 0.25
        at += length
        dropped = at < count and rng.random() < 0.125
        last[at - 1] = not dropped
    return first, clear, last


def _operands(config: AccumulateConfig, count: int, seed: int, kind: str, number: np.ndarray,
              rng: np.random.Generator) -> Vectors:  # fmt: skip
    """Operands of each sum, of one kind."""
    if kind != "mixed":
        drawn = operands(config.mac, count, seed, kind)
        return {name: drawn[name] for name in "ab"}
    kinds = [name for name in KINDS if name != "mixed"]
    of_sum = rng.integers(0, len(kinds), int(number[-1]) + 1)
    vectors: Vectors = {}
    for index, name in enumerate(kinds):
        drawn = operands(config.mac, count, seed, name)
        chosen = of_sum[number] == index
        for field in "ab":
            old = vectors.setdefault(field, drawn[field])
            vectors[field] = np.where(chosen.reshape(-1, *[1] * (old.ndim - 1)), drawn[field], old)
    return vectors


def _cancelled(config: AccumulateConfig, vectors: Vectors, number: np.ndarray, rng: np.random.Generator) -> None:
    """In some sums, each beat but the first k takes away what the one k beats before it added."""
    k, fmt = config.partials, config.a_format
    if not fmt.is_signed or len(number) <= k:
        return
    chosen = (rng.random(int(number[-1]) + 1) < CANCELLED_SHARE)[number]
    begins = np.maximum.accumulate(np.where(np.diff(number, prepend=-1) > 0, np.arange(len(number)), 0))
    turn = (np.arange(len(number)) - begins) // k
    beats = np.flatnonzero(chosen & (turn % 2 == 1))
    codes = vectors["a"][beats - k]
    mask = np.uint64((1 << fmt.width) - 1)
    negative = codes ^ np.uint64(fmt.sign_bit) if fmt.is_float else (~codes + np.uint64(1)) & mask
    vectors["a"] = vectors["a"].copy()
    vectors["a"][beats], vectors["b"] = negative, vectors["b"].copy()
    vectors["b"][beats] = vectors["b"][beats - k]


def _tamed(config: AccumulateConfig, vectors: Vectors, number: np.ndarray, rng: np.random.Generator) -> None:
    """Zeros in place of NaN and Inf, and of the largest quarter of the exponents, in most sums."""
    tame = (rng.random(int(number[-1]) + 1) >= SPECIAL_SHARE)[number]
    wild = (rng.random(int(number[-1]) + 1) < 0.25)[number]
    for name, fmt in (("a", config.a_format), ("b", config.b_format)):
        if not fmt.is_float or not fmt.has_nan:
            continue
        codes = vectors[name]
        magnitude = codes & np.uint64(fmt.sign_bit - 1)
        shape = (-1, *[1] * (codes.ndim - 1))
        beyond = (magnitude > _large(fmt)) & ~wild.reshape(shape) | (magnitude > fmt.max_finite)
        vectors[name] = np.where(beyond & tame.reshape(shape), codes & np.uint64(fmt.sign_bit), codes)


def _large(fmt: Format) -> int:
    """A code above which products soon overflow."""
    return ((3 << fmt.exponent_width) >> 2) << fmt.mantissa_width
