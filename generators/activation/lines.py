"""Integer segments as a solver finds them, and their error by the golden model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...golden.activation import above, activation, held, inputs, operand, results, total
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
    """y - f(x) on every code that is judged, ``values`` being f there, by rising x."""
    return results(config, activation(config, inputs(config)[0])).numpy() - values


def before(config: ActivationConfig, values: Reals) -> Reals:
    """The sum before it is rounded, less f(x), on every code of the domain."""
    codes = inputs(config)[0]
    x = held(config, operand(config, codes)[0])
    off = np.ldexp(total(config, x).numpy().astype(np.float64), -config.fraction_bits) - values
    return off[~above(config, codes).numpy()]


def integers(lines: Lines) -> dict[str, Any]:
    """The config's fields of these lines."""
    return {
        "symmetry": lines.symmetry, "slope": lines.slope.name, "bias": lines.bias.name, "centre": lines.centre,
        "address": lines.address, "breakpoints": [lines.first + segment.start for segment in lines.segments[1:]],
        "slopes": [segment.slope for segment in lines.segments], "biases": [segment.bias for segment in lines.segments],
    }  # fmt: skip


def made(target: Target, lines: Lines, input_format: Fixed) -> ActivationConfig:
    """A config of these lines."""
    knots = ("free", "uniform", "pow2")[len(lines.address)]
    return ActivationConfig(**target.fields(input_format), knots=knots, **integers(lines))


def measure(target: Target, lines: Lines, input_format: Fixed) -> tuple[float, int]:
    """The largest error of these lines over every code, and the code where, by the golden model."""
    return largest(made(target, lines, input_format), target.reals)


def largest(config: ActivationConfig, values: Reals) -> tuple[float, int]:
    """The largest error over every code, and the code where."""
    off = np.abs(errors(config, values))
    worst = int(off.argmax())
    return float(off[worst]), int(inputs(config)[0][worst])
