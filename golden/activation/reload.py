"""What a reloadable activation unit answers: the segments that hold when a beat comes, beat after beat."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.activation.config import ActivationConfig
from . import Segments, signed, value


def tables(config: ActivationConfig, load: Tensor, swap: Tensor, slope: Tensor, bias: Tensor,
           knot: Tensor | None = None) -> list[tuple[int, Segments]]:  # fmt: skip
    """The tables that hold, each with the first beat that it answers.

    Parameters
    ----------
    config : ActivationConfig
        ``form=reload``.
    load, swap : tensor of shape (beats,)
        0 or 1: the beat brings the next segment of the spare table; it puts that table in place from the next beat on,
        if it is full, and empties it if not.
    slope, bias, knot : tensor of shape (beats,)
        Codes of a segment: slope, bias, first u (that of segment 0 is ignored). Without ``knot`` (knots of the config's
        address, or one segment) the breakpoints stay.

    Returns
    -------
    list of (int, Segments)
        The config's first, from beat 0 on.
    """
    count = len(config.slopes)
    slopes = signed(slope, config.slope_format.width, config.slope_format.signed).tolist()
    biases = signed(bias, config.bias_format.width, config.bias_format.signed).tolist()
    knots = None if knot is None else signed(knot, config.knot_width, config.first < 0).tolist()
    found: list[tuple[int, Segments]] = [(0, (config.breakpoints, config.slopes, config.biases))]
    spare: list[int] = []
    loads, swaps = load.tolist(), swap.tolist()
    for beat in torch.nonzero(load | swap).flatten().tolist():
        if loads[beat] and len(spare) < count:
            spare.append(beat)
        if swaps[beat]:
            if len(spare) == count:
                breakpoints = config.breakpoints if knots is None else [knots[at] for at in spare[1:]]
                lines = [slopes[at] for at in spare], [biases[at] for at in spare]
                found.append((beat + 1, (breakpoints, *lines)))
            spare = []
    return found


def reload(config: ActivationConfig, x: Tensor, load: Tensor, swap: Tensor, slope: Tensor, bias: Tensor,
           knot: Tensor | None = None) -> Tensor:  # fmt: skip
    """Codes of y, beat after beat from a reset on; parameters as of :func:`tables`."""
    fmt = config.input_format
    u = signed(x, fmt.width, fmt.signed).clamp(*config.codes)
    y = torch.empty_like(u)
    held = tables(config, load, swap, slope, bias, knot)
    ends = [begin for begin, _ in held[1:]] + [len(u)]
    for (begin, segments), end in zip(held, ends, strict=True):
        y[begin:end] = value(config, u[begin:end], segments)
    return y & ((1 << config.output_format.width) - 1)
