"""The mathematics of the R-peak detector: filters, energies, peaks judged in order. Stated on whole records, causal."""

from __future__ import annotations

from bisect import bisect_left

import torch
from torch import Tensor
from torch.nn.functional import max_pool1d

from ...hw.ecg.config.peaks import MOST_ENERGY, PeaksConfig


def _sums(x: Tensor, count: int) -> Tensor:
    """Sum of each sample and so many less one before it; before the first stands the first."""
    padded = torch.cat([x[:1].expand(count), x])
    total = padded.cumsum(0)
    return total[count:] - total[:-count]


def _delayed(x: Tensor, count: int) -> Tensor:
    return torch.cat([x[:1].expand(count), x])[: len(x)]


def filtered(config: PeaksConfig, samples: Tensor) -> tuple[Tensor, Tensor]:
    """The band-passed wave b and the energies y of a record, int64, a number a sample."""
    x = samples.to(torch.int64)
    m = _sums(_sums(x, config.low), config.low)
    width = 2 * config.wide + 1
    b = (_delayed(m, config.wide) * width - _sums(m, width)) >> config.shift
    d = b - _delayed(b, config.slope)
    e = ((d * d) >> 6).clamp(max=MOST_ENERGY)
    # Before the first sample nothing has energy, as the padding by the first one (0) has it.
    return b, _sums(e, config.window)


def peaks(config: PeaksConfig, samples: Tensor) -> list[int]:
    """Sample numbers of the R peaks of a record, in order, by the equations of PeaksConfig."""
    return [peak for peak, _ in judged(config, samples)]


def judged(config: PeaksConfig, samples: Tensor) -> list[tuple[int, int]]:
    """R peaks of a record in order, each with the sample at which it is known.

    A peak known at sample n depends on samples up to n alone: all is causal.
    """
    if len(samples) <= config.learn:
        return []
    b, y = filtered(config, samples)
    found: list[tuple[int, int]] = []
    size, values = b.abs(), y.tolist()
    first = values[: config.learn]
    signal, noise = max(first) // 3, sum(first) // (8 * config.learn)
    last, mean, kept, kept_at = -config.refractory, 288, 0, -1

    def beat(at: int, now: int) -> None:
        nonlocal last, mean, kept
        if found:
            mean += (min(at - last, 2 * mean) - mean) >> 3
        start = max(0, at - config.window)
        found.append((max(0, start + int(size[start : at + 1].argmax()) - config.delay), now))
        last, kept = at, 0

    for at in settled(y, config.settle):
        if at + config.settle < config.learn or at - last < config.refractory:
            continue
        value = values[at]
        if kept and at - last > mean + (mean >> 1) + (mean >> 3):
            if 2 * kept > noise + ((signal - noise) >> 2) and kept_at - last >= config.refractory:
                signal += (min(kept, 4 * signal) - signal) >> 2
                beat(kept_at, at + config.settle)
            else:
                signal -= signal >> 4
        if at - last < config.refractory:
            continue
        threshold = noise + ((signal - noise) >> 2)
        if at - last < config.tall and found:
            threshold *= 2
        if value > threshold:
            signal += (min(value, 4 * signal) - signal) >> 3
            beat(at, at + config.settle)
        else:
            noise += (value - noise) >> 3
            if value > kept:
                kept, kept_at = value, at
    return found


def settled(y: Tensor, settle: int) -> list[int]:
    """Peaks of y: after each, for so many samples, none is greater; the next is looked for after these."""
    wave = torch.cat([y.to(torch.float64), torch.full((settle,), torch.inf, dtype=torch.float64)])
    after = max_pool1d(wave[None], settle, 1)[0][1 : len(y) + 1]
    at = torch.nonzero(y >= after).flatten().tolist()
    found, index = [], 0
    while index < len(at):
        found.append(at[index])
        index = bisect_left(at, at[index] + settle + 1)
    return found
