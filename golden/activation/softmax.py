"""The integers of the softmax, stated on whole rows, and the real function beside them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ...hw.activation.config import ActivationConfig
from ...hw.activation.config.cells import VALUE_BITS
from ...hw.activation.config.softmax import PLACES, STEPS, SoftmaxConfig
from . import signed, value
from .ptsoftmax import rows


def spread(config: Any, on: Tensor, last: Tensor) -> tuple[Tensor, Tensor, Tensor, int]:
    """Of the beats of whole rows: which row each number is of, which take part, where rows end, and how many there are.

    Parameters
    ----------
    config
        Of a unit with rows: ``beats`` of the longest one.
    on : integer tensor (beats,) or (beats, lanes)
    last : integer tensor (beats,)
    """
    row, end = rows(config, last)
    whole = int(end.sum())
    kept = row < whole
    present = on[kept].bool()
    number = row[kept].reshape(-1, *[1] * (on.ndim - 1)).expand_as(present)
    return number, present, end[kept], whole


def floor_log2(values: Tensor) -> Tensor:
    """The place of the top bit of positive integers; 0 of 0."""
    found, left = torch.zeros_like(values), values.clone()
    for step in (32, 16, 8, 4, 2, 1):
        more = left >> step > 0
        found += torch.where(more, step, 0)
        left = torch.where(more, left >> step, left)
    return found


def table(lines: ActivationConfig, u: Tensor) -> Tensor:
    """Values of a table, in steps of ``2^-16``."""
    return value(lines, u)


def exponents(config: SoftmaxConfig, d: Tensor) -> tuple[Tensor, Tensor]:
    """n and m of distances d."""
    product, drop = d * config.factor, config.drop
    t = (product + (1 << drop >> 1)) >> drop
    return t >> STEPS, table(config.exp_table, t & ((1 << STEPS) - 1)) << (config.one - VALUE_BITS)


def _shifted(m: Tensor, steps: Tensor) -> Tensor:
    return m >> steps.clamp(max=62)


def _sums(config: SoftmaxConfig, n: Tensor, m: Tensor, present: Tensor, end: Tensor) -> tuple[Tensor, Tensor]:
    """b and S of each row, beat after beat, online."""
    none = 1 << 40  # no beat's least n is that
    n, m, present = (part.reshape(len(end), -1) for part in (n, m, present))
    n = torch.where(present, n, none)
    least = n.amin(1)
    beats = torch.where(present, _shifted(m, (n - least[:, None]).clamp(max=62)), 0).sum(1)
    begins = torch.cat([torch.tensor([0]), torch.nonzero(end)[:-1, 0] + 1])
    lengths = torch.nonzero(end)[:, 0] + 1 - begins
    b, s = torch.full((len(begins),), none), torch.zeros(len(begins), dtype=torch.int64)
    for at in range(int(lengths.max()) if len(lengths) else 0):
        there = torch.nonzero(lengths > at)[:, 0]
        beat = begins[there] + at
        base = torch.minimum(b[there], least[beat])
        s[there] = _shifted(s[there], b[there] - base) + _shifted(beats[beat], least[beat] - base)
        b[there] = base
    return b, s


def softmax(config: SoftmaxConfig, x: Tensor, on: Tensor, last: Tensor) -> dict[str, Tensor]:
    """The probabilities of every whole row, as :class:`~nervure.hw.activation.config.softmax.SoftmaxConfig` says.

    Parameters
    ----------
    config : SoftmaxConfig
    x, on : integer tensors (beats,) or (beats, lanes)
        Codes; which take part.
    last : integer tensor (beats,)

    Returns
    -------
    dict of str to int64 tensor
        ``y`` of the shape of x, and ``end``, of the beats of whole rows.
    """
    number, present, end, whole = spread(config, on, last)
    fmt, out = config.input_format, config.output_format
    x = signed(x, fmt.width)[: len(end)]
    found = {"end": end.to(torch.int64)}
    if config.online:
        n, m = exponents(config, fmt.high - x)
        base, total = _sums(config, n, m, present, end)
        e = torch.where(present, _shifted(m, (n - base[number]).clamp(min=0)), 0)
    else:
        largest = torch.full((whole,), fmt.low)
        largest.scatter_reduce_(0, number.reshape(-1), torch.where(present, x, fmt.low).reshape(-1), "amax")
        n, m = exponents(config, (largest[number] - x).clamp(min=0))
        e = torch.where(present, _shifted(m, n), 0)
        total = torch.zeros(whole, dtype=torch.int64).index_add_(0, number.reshape(-1), e.reshape(-1))
    k = floor_log2(total).clamp(min=config.lowest)
    g = ((total << PLACES) >> k) & ((1 << PLACES) - 1)
    r = table(config.sum_table, g)
    scaled = (e >> (k - config.lowest)[number]) * r[number]
    drop = config.lowest + VALUE_BITS - out.fraction_bits
    return {"y": ((scaled + (1 << (drop - 1))) >> drop).clamp(max=out.high), **found}


def real(config: SoftmaxConfig, x: Tensor, on: Tensor, last: Tensor) -> Tensor:
    """``torch.softmax`` of the same rows in float64: 0 where ``on`` is not set."""
    number, present, end, whole = spread(config, on, last)
    fmt = config.input_format
    numbers = signed(x, fmt.width)[: len(end)].to(torch.float64) * float(fmt.lsb)
    largest = torch.full((whole,), -torch.inf, dtype=torch.float64)
    flat = number.reshape(-1)
    largest.scatter_reduce_(0, flat, torch.where(present, numbers, -torch.inf).reshape(-1), "amax")
    e = torch.where(present, (numbers - largest[number]).exp(), 0.0)
    total = torch.zeros(whole, dtype=torch.float64).index_add_(0, flat, e.reshape(-1))
    return torch.where(present, e / total[number], 0.0)
