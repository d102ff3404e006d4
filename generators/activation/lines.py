"""Integer segments as a solver finds them, and their error by the golden model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...golden.activation import activation, signed
from ...hw.activation.config import ActivationConfig
from ...hw.fixed import Fixed
from .stab import Segment
from .target import Reals, Target


@dataclass(frozen=True)
class Lines:
    """What a solver found: formats, and the integers of :class:`~nervure.hw.activation.config.ActivationConfig`."""

    symmetry: str
    slope: Fixed
    bias: Fixed
    centre: int
    address: tuple[int, ...]
    first: int
    segments: list[Segment]


def errors(config: ActivationConfig, values: Reals) -> Reals:
    """y - f(x) on every code of the domain, ``values`` being f there."""
    low, high = config.codes
    fmt = config.output_format
    results = signed(activation(config, torch.arange(low, high + 1)), fmt.width, fmt.signed)
    return results.numpy() * float(fmt.lsb) - values


def integers(lines: Lines) -> dict[str, Any]:
    """The config's fields of these lines."""
    return {
        "symmetry": lines.symmetry, "slope": lines.slope.name, "bias": lines.bias.name, "centre": lines.centre,
        "address": lines.address, "breakpoints": [lines.first + segment.start for segment in lines.segments[1:]],
        "slopes": [segment.slope for segment in lines.segments], "biases": [segment.bias for segment in lines.segments],
    }  # fmt: skip


def measure(target: Target, lines: Lines, input_format: Fixed) -> tuple[float, int]:
    """The largest error of these lines over every code, and the code where, by the golden model."""
    lsb = float(input_format.lsb)
    config = ActivationConfig(
        domain=f"{target.first * lsb!r}:{target.last * lsb!r}", input=input_format.name, output=target.output.name,
        knots=("free", "uniform", "pow2")[len(lines.address)], **integers(lines),
    )  # fmt: skip
    return largest(config, target.values)


def largest(config: ActivationConfig, values: Reals) -> tuple[float, int]:
    """The largest error over every code, and the code where."""
    off = np.abs(errors(config, values))
    return float(off.max()), config.codes[0] + int(off.argmax())
