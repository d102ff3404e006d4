"""The mathematics of a classifier's inputs: windows to counts, intervals to counts, streams of samples to rows."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from ...hw.ecg.config.front import LONGEST, USUAL, EcgFrontConfig, FrontConfig
from .peaks import judged


class Rows(NamedTuple):
    """Heartbeats of a stream.

    Parameters
    ----------
    n : int64 tensor
        Counts, ``(beats, inputs)``.
    position : int64 tensor
        Each beat's R peak, a number of a sample in its record.
    at : int64 tensor
        Number of the sample in the stream with which the row is complete.
    """

    n: Tensor
    position: Tensor
    at: Tensor


def counts(config: FrontConfig, windows: Tensor) -> Tensor:
    """Samples of windows ``(..., samples)`` to counts of 0 to T, each window by its own least and greatest sample.

    The equation is that of :class:`~nervure.hw.ecg.config.front.FrontConfig`; int64 in, int64 out.
    """
    x = windows.to(torch.int64)
    low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
    span = high - low
    found = torch.div(2 * config.steps * (x - low) + span, (2 * span).clamp(min=1), rounding_mode="floor")
    return torch.where(span > 0, found, 0)


def intervals(config: FrontConfig, peaks: list[int]) -> Tensor:
    """Counts made of the intervals between one record's R peaks, ``(beats, 4)``, int64.

    Parameters
    ----------
    config : FrontConfig
    peaks : list of int
        Sample numbers of all R peaks of the record, in order.
    """
    steps, bits = config.steps, config.count_width
    half, mean, rows = (steps + 1) >> 1, 8 * USUAL, []

    def around(value: int) -> int:
        return min(steps, max(0, half + (value >> (8 - bits))))

    for beat, peak in enumerate(peaks):
        m = mean >> 3
        p = min(LONGEST, peak - peaks[beat - 1]) if beat else m
        q = min(LONGEST, peaks[beat + 1] - peak) if beat + 1 < len(peaks) else m
        rows.append((around(p - m), around(q - m), around(q - p), min(steps, p >> (9 - bits))))
        if beat:
            mean += p - (mean >> 3)
    return torch.tensor(rows, dtype=torch.int64).reshape(-1, 4)


def inputs(config: FrontConfig, samples: Tensor, peaks: list[int]) -> tuple[Tensor, list[int]]:
    """Inputs of all beats of a record whose windows lie inside it.

    Parameters
    ----------
    config : FrontConfig
    samples : integer tensor
        The record, ``(samples,)``.
    peaks : list of int
        Sample numbers of all R peaks, in order.

    Returns
    -------
    int64 tensor, list of int
        Counts ``(beats, inputs)``, and the numbers of these beats among the peaks.
    """
    kept = [k for k, peak in enumerate(peaks) if config.before <= peak <= len(samples) - config.after]
    where = torch.tensor([peaks[k] for k in kept], dtype=torch.int64)[:, None] + torch.tensor(config.offsets)
    found = counts(config, samples[where]) if kept else torch.zeros(0, len(config.offsets), dtype=torch.int64)
    if config.rr:
        found = torch.cat([found, intervals(config, peaks)[kept]], 1)
    return found, kept


def rows(config: EcgFrontConfig, x: Tensor, last: Tensor) -> Rows:
    """All rows of a stream of samples, by the equations of EcgFrontConfig.

    Parameters
    ----------
    config : EcgFrontConfig
    x, last : integer tensors
        Samples ``(samples,)``, and 1 where one ends a record. After the last such sample stands a record that goes on.
    """
    bounds = [0, *(torch.nonzero(last).flatten() + 1).tolist(), len(x)]
    parts = [_rows(config, x[start:stop].to(torch.int64), start, stop < len(x) or bool(last[-1]))
             for start, stop in pairwise(bounds) if start < stop]  # fmt: skip
    empty = Rows(torch.zeros(0, config.inputs, dtype=torch.int64), *[torch.zeros(0, dtype=torch.int64)] * 2)
    return Rows(*(torch.cat(found) for found in zip(empty, *parts, strict=True)))


def _rows(config: EcgFrontConfig, x: Tensor, start: int, ended: bool) -> Rows:
    """Rows of one record, which starts at that sample of the stream, and may go on after these samples."""
    found = judged(config, x)
    table, whole = inputs(config, x, [peak for peak, _ in found])
    n, position, at = [], [], []
    for counted, k in zip(table, whole, strict=True):
        peak, known = found[k]
        complete = max(known, peak + config.after - 1)
        if config.rr:
            if k + 1 == len(found) and not ended:
                continue
            complete = found[k + 1][1] if k + 1 < len(found) else len(x) - 1
        if peak - config.before > known - config.memory:
            n.append(counted)
            position.append(peak)
            at.append(start + complete)
    return Rows(torch.stack(n) if n else table[:0], torch.tensor(position, dtype=torch.int64),
                torch.tensor(at, dtype=torch.int64))  # fmt: skip
