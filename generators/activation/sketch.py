"""The segments as a table of text: where each begins, its line, and how far from the function it is."""

from __future__ import annotations

import numpy as np

from ...golden.activation import above, held, inputs, operand
from ...hw.activation.config import ActivationConfig
from .functions import imports, resolve
from .lines import errors
from .target import Reals


def known(config: ActivationConfig) -> Reals | None:
    """The function on every code of the domain, if it is one of those known by name."""
    from ...golden.activation.reference import FUNCTIONS

    if imports(config.function) or config.function not in FUNCTIONS:
        return None
    return resolve(config.function)(inputs(config)[1].numpy())


def picture(config: ActivationConfig) -> str | None:
    """One line a segment: first u and x, slope and bias as numbers, the largest error (functions known by name)."""
    if config.form == "table":
        return None
    lsb, slope_lsb = float(config.input_format.lsb), float(config.slope_format.lsb)
    values = known(config)
    worst = [""] * len(config.slopes)
    if values is not None:
        codes = inputs(config)[0]
        inside = ~above(config, codes)
        x = held(config, operand(config, codes[inside])[0]).numpy()
        u = x if config.symmetry == "none" else np.abs(x)
        k = np.searchsorted(config.breakpoints, u, side="right")
        off = np.abs(errors(config, values)[inside.numpy()])
        worst = [f"{off[k == n].max():.3g}" if (k == n).any() else "" for n in range(len(config.slopes))]
    name = "x" if config.symmetry == "none" else "|x|"
    lines = [f"{'k':>3}  {'from u':>7}  {f'from {name}':>10}  {'slope':>10}  {'bias':>11}  {'error':>9}"]
    for n, first in enumerate((config.first, *config.breakpoints)):
        m, b = config.slopes[n] * slope_lsb, config.biases[n] * float(config.bias_format.lsb)
        lines.append(f"{n:>3}  {first:>7}  {first * lsb:>10.5g}  {m:>10.6f}  {b:>11.6f}  {worst[n]:>9}")
    return "\n".join(lines)
