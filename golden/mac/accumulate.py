"""The mathematics of the accumulator: sums of products in interleaved partial sums, added pairwise at the end."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.mac.config.accumulate import AccumulateConfig
from .. import exact
from . import mac, mac_float64


def sums(clear: Tensor, last: Tensor) -> tuple[Tensor, Tensor]:
    """Where the sums of a stream of beats lie.

    A beat starts a sum if it is the first after reset, if the one before it had ``last``, or if it has ``clear``. A sum
    that is cut off by ``clear``, or by the end of the stream, has no result.

    Parameters
    ----------
    clear, last : integer or bool tensors of shape (beats,)

    Returns
    -------
    first, length : int64 tensors
        First beat, and number of beats, of each sum that has a result, in order.
    """
    ends = last.bool()
    starts = clear.bool().clone()
    starts[:1] = True
    starts[1:] |= ends[:-1]
    beats = torch.arange(len(ends))
    began = torch.cummax(torch.where(starts, beats, 0), 0).values
    return began[ends], (beats - began + 1)[ends]


def accumulate(config: AccumulateConfig, a: Tensor, b: Tensor, clear: Tensor, last: Tensor) -> Tensor:
    """One result for each sum, ``y[i, j]`` of the beats' ``a[i] * b[j]``.

    With k = ``config.partials`` and beats n = 0, 1, ... N - 1 of a sum, on each lane:

    1. every partial sum p_0 ... p_(k-1) starts at -0 (integers: 0);
    2. for n in order, ``p_(n mod k) = round(a_n * b_n + p_(n mod k))``: one rounding per beat, as
       :func:`nervure.golden.mac.mac` says;
    3. pairwise, ``p_i = round(p_i + p_(i+s))`` for s = 1, 2, 4, ... < k and i = 0, 2s, 4s, ... with i + s < k;
    4. y is p_0.

    -0 is neutral, x + (-0) = x for every x: the first beat of a partial sum gives ``round(a_n * b_n)`` with the
    product's sign of zero, and partial sums that no beat reached (N < k) change nothing. A sum is -0 only if all its
    products and partial sums are. Integers wrap or saturate at each step in that order.

    Parameters
    ----------
    config : AccumulateConfig
    a, b : integer tensors
        Codes, of shape (beats,), or (beats, lanes_a) and (beats, lanes_b) for a unit of several lanes.
    clear, last : integer tensors of shape (beats,)
        As in :func:`sums`.

    Returns
    -------
    int64 tensor
        Codes of ``acc``, of shape (sums,) or (sums, lanes_a, lanes_b).

    Source: IEEE 754-2019, 5.4.1 (fusedMultiplyAdd, addition), 6.3.
    """
    first, length = sums(clear, last)
    unit, k = config.mac, config.partials
    rows, columns = unit.grid
    lanes = (rows, columns) if rows * columns > 1 else ()
    p = torch.full((len(first), k, *lanes), config.neutral, dtype=torch.int64)
    for n in range(int(length.max()) if len(length) else 0):
        going = length > n
        beat = first[going] + n
        p[going, n % k] = mac(unit, a[beat], b[beat], p[going, n % k])
    for level in config.tree:
        for i, j in level:
            p[:, i] = add(config, p[:, i], p[:, j])
    return p[:, 0]


def add(config: AccumulateConfig, x: Tensor, y: Tensor) -> Tensor:
    """``round(x + y)`` of codes of ``acc``."""
    acc, saturate = config.acc_format, config.overflow == "saturate"
    left, right = (exact.decode(code, acc, config.flush) for code in (x, y))
    if acc.is_integer:
        total = sum(torch.where(part.sign, -part.mantissa, part.mantissa) for part in (left, right))
        assert isinstance(total, Tensor)
        return exact.encode_integer(total, acc, saturate=saturate)
    total = exact.add(left, right)
    return exact.encode(total, acc, rounding=config.rounding, flush=config.flush, saturate=saturate)


def accumulate_float64(config: AccumulateConfig, a: Tensor, b: Tensor, clear: Tensor, last: Tensor) -> Tensor:
    """The real-valued reference: each sum in float64, beat after beat, of one lane's codes (beats,)."""
    first, length = sums(clear, last)
    products = mac_float64(config.mac, a, b, torch.zeros_like(a))
    return torch.stack([products[s : s + n].sum() for s, n in zip(first.tolist(), length.tolist(), strict=True)])
