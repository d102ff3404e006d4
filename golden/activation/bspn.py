"""The mathematics of the bit-shifting power norm, on integers: nothing is rounded but the result."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.activation.config.bspn import BspnConfig
from . import signed
from .pow2round import exponent


def bspn(config: BspnConfig, x: Tensor) -> dict[str, Tensor]:
    """The results of every whole group, as :class:`~nervure.hw.activation.config.bspn.BspnConfig` defines them.

    With k = ceil(log2(psi + eps)), F and f the fraction bits of x and of y, the integer of y is
    ``s x 2^(f - F - k + e) + b 2^(f - Fb)``, s and e being sign and exponent of the weight.

    Parameters
    ----------
    config : BspnConfig
        Its formats and constants are read.
    x : integer tensor (beats,) or (beats, lanes)
        Codes of the input format; a group is ``config.beats`` beats.

    Returns
    -------
    dict of str to int64 tensor
        ``e`` (two's complement), ``sign`` and ``zero``, or ``y``, of the shape of x: of the beats of groups that are
        whole, or of all beats where psi is a constant.

    Source: Sorbet, arXiv 2409.15298 (BSPN).
    """
    fmt, places = config.input_format, config.beats * config.lanes
    numbers = signed(x, fmt.width).reshape(len(x), -1)
    beats = len(x) if config.psi is not None else len(x) // config.beats * config.beats
    padded = torch.zeros((-(-beats // config.beats) * config.beats, config.lanes), dtype=torch.int64)
    padded[:beats] = numbers[:beats]
    groups = padded.reshape(-1, places)[:, : config.group]
    least, greatest = config.scales
    k = torch.full((len(groups),), greatest)
    if config.psi is None:
        bounds = torch.tensor(config.thresholds, dtype=torch.int64)
        k = least + torch.searchsorted(bounds, groups.abs().sum(1), right=False)
    e, s, b = (torch.tensor(values) for values in (config.exponents, config.signs, config.biases))
    shift = config.fraction_bits - fmt.fraction_bits - k[:, None] + e
    # Of a weight 0 the exponent means nothing.
    product = torch.where((s == 0) | (groups == 0), 0, groups * s << torch.where(s == 0, 0, shift).clamp(max=62))
    y = torch.zeros_like(padded).reshape(-1, places)
    y[:, : config.group] = product + (b << config.fraction_bits - config.bias_format.fraction_bits)
    y = y.reshape(-1, config.lanes)[:beats].reshape(beats, *x.shape[1:])
    power = exponent(y.abs(), "geometric", config.magnitude_width)
    zero, negative = y == 0, y < 0
    if (out := config.output_format) is None:
        codes = torch.where(zero, 0, power - config.fraction_bits) & ((1 << config.exponent_width) - 1)
        return {"e": codes, "sign": negative.to(torch.int64), "zero": zero.to(torch.int64)}
    place = power - config.fraction_bits + out.fraction_bits
    size = torch.where(zero | (place < 0), 0, torch.ones_like(y) << place.clamp(0, 40))
    return {"y": torch.where(negative, -size, size).clamp(out.low, out.high) & ((1 << out.width) - 1)}
