"""Stimulus of units with rows: how long rows are, where they end, and which of their numbers take part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from ...golden.activation.ptsoftmax import rows


def row_ends(config: Any, count: int, rng: np.random.Generator) -> np.ndarray:
    """Which of so many beats have ``last``; the last of all has.

    A third of the rows has up to 3 beats, a third any length, a third is the longest row or one beat less; some of the
    longest ones have no ``last``.

    Parameters
    ----------
    config
        With ``beats`` of the longest row.
    """
    last, at, longest = np.zeros(count, bool), 0, config.beats
    while at < count:
        third = rng.integers(3)
        if third == 0:
            length = int(rng.integers(1, min(3, longest) + 1))
        elif third == 1:
            length = int(rng.integers(1, longest + 1))
        else:
            length = max(longest - int(rng.integers(2)), 1)
        at = min(at + length, count)
        last[at - 1] = length < longest or rng.random() < 0.5
    last[-1] = True
    return last


def presence(config: Any, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which numbers take part, (beats, lanes): in most rows all up to an end in the last beat, in some any, or none.

    Parameters
    ----------
    config
        With ``lanes``.
    row : array (beats,)
        Which row each beat is of.
    """
    count, shape = row[-1] + 1, (len(row), config.lanes)
    final = np.r_[np.diff(row) > 0, True][:, None]
    kept = rng.integers(1, config.lanes + 1, count)[row][:, None]
    whole = (np.arange(config.lanes) < kept) | ~final
    masked = rng.random(shape) < rng.random(count)[row][:, None]
    chance = rng.random(count)[row][:, None]
    return np.where(chance < 0.7, whole, np.where(chance < 0.97, masked, False))


def tensors(vectors: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """Codes as a golden model takes them."""
    return {key: torch.from_numpy(np.ascontiguousarray(codes).astype(np.int64)) for key, codes in vectors.items()}


def ends(config: Any, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """For each beat of a whole row, the beat that ends the row: only then all of them come out."""
    row, end = (part.numpy() for part in rows(config, torch.from_numpy(inputs["last"].astype(np.int64))))
    at = np.flatnonzero(end)
    return at[row[row < len(at)]]
