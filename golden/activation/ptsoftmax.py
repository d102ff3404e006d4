"""The mathematics of the power-of-two softmax: exact sums of powers of two, digit by digit."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...hw.activation.config.ptsoftmax import PtsoftmaxConfig
from . import signed


def rows(config: Any, last: Tensor) -> tuple[Tensor, Tensor]:
    """Which row each beat is of, and which beats end one.

    A row ends with a beat that has ``last``, or with the last beat that a row can have.

    Parameters
    ----------
    config
        Of a unit with rows: ``beats`` of the longest one.
    last : integer tensor (beats,)

    Returns
    -------
    row, end : int64 and bool tensors (beats,)
    """
    asked = last.bool()
    beats = torch.arange(len(asked))
    after = torch.zeros_like(beats)
    after[1:] = torch.where(asked[:-1], beats[1:], 0)
    place = (beats - torch.cummax(after, 0).values) % config.beats
    end = asked | (place == config.beats - 1)
    row = torch.zeros_like(beats)
    row[1:] = torch.cumsum(end[:-1], 0)
    return row, end


def ptsoftmax(config: PtsoftmaxConfig, z: Tensor, on: Tensor, last: Tensor) -> dict[str, Tensor]:
    """The shares of every whole row, as :class:`~nervure.hw.activation.config.ptsoftmax.PtsoftmaxConfig` defines them.

    Parameters
    ----------
    config : PtsoftmaxConfig
    z, on : integer tensors (beats,) or (beats, lanes)
        Codes of the scores; which take part.
    last : integer tensor (beats,)

    Returns
    -------
    dict of str to int64 tensor
        ``k`` and ``zero``, or ``p``, of the shape of z, and ``end``, set where a row ends: of the beats of whole rows.

    Source: Sorbet, arXiv 2409.15298 (PTsoftmax).
    """
    row, end = rows(config, last)
    whole = int(end.sum())
    kept = row < whole
    number = row[kept].reshape(-1, *[1] * (z.ndim - 1)).expand_as(z[kept])
    score = signed(z, config.bits)[kept]
    present = on[kept].bool()
    lowest = -(1 << (config.bits - 1))
    largest = torch.full((whole,), lowest)
    largest.scatter_reduce_(0, number.reshape(-1), torch.where(present, score, lowest).reshape(-1), "amax")
    window = torch.div(largest, config.span, rounding_mode="floor")
    present &= torch.div(score, config.span, rounding_mode="floor") >= window[number] - 1
    # The sum in steps of 2^base, the lowest score that counts: first how many scores have each power, then digits.
    base = (window - 1) * config.span
    power = (score - base[number])[present]
    counts = torch.zeros((whole, config.sum_width + 1), dtype=torch.int64)
    counts.index_put_((number[present], power), torch.ones_like(power), accumulate=True)
    for at in range(config.sum_width):
        counts[:, at + 1] += counts[:, at] >> 1
        counts[:, at] &= 1
    k = (base + nearest(counts))[number] - score
    found = {"end": end[kept].to(torch.int64)}
    k = torch.where(present, k, 0)
    if (fmt := config.output_format) is None:
        return {"k": k, "zero": (~present).to(torch.int64), **found}
    p = torch.ones_like(k) << (fmt.fraction_bits - k).clamp(min=0)
    p = torch.where(present & (k <= fmt.fraction_bits), p.clamp(max=fmt.high), 0)
    return {"p": p, **found}


def nearest(digits: Tensor) -> Tensor:
    """``log2`` of the power of two nearest to positive numbers, ties up: the top digit's place and the one below it.

    Parameters
    ----------
    digits : integer tensor (numbers, places)
        Binary digits, the lowest first. 0 is given 0.
    """
    places = torch.arange(digits.shape[1])
    top = torch.where(digits == 1, places, 0).amax(1)
    below = digits.gather(1, (top - 1).clamp(min=0)[:, None])[:, 0]
    return top + torch.where(top > 0, below, 0)
