"""A function inside a unit as lines over equal cells: the address is the top bits of the number, the rest is wires.

Units that need ``2^-f``, a reciprocal or a reciprocal square root hold one line for each of 2 to 64 cells of a
normalised number. What each computes are the equations of :class:`~nervure.hw.activation.config.ActivationConfig`
with uniform knots.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import ActivationConfig
from .address import starts

SLOPE, BIAS = "q0.15", "q1.18"
"""Formats of the lines: all slopes are within -1 and 1."""
VALUE_BITS = 16
"""Fraction bits of the values."""
MAX_CELLS = 64


def check_count(name: str, count: int) -> None:
    """Refuses a count that is no power of two from 2 to 64.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if not 2 <= count <= MAX_CELLS or count & (count - 1):
        raise ValueError(f"{name} must be a power of two from 2 to {MAX_CELLS}, not {count}")


def check_cells(name: str, count: int, slopes: Sequence[int], biases: Sequence[int]) -> None:
    """Refuses lines that are not one for each cell; ``name`` stands before the fields' names.

    Raises
    ------
    ValueError
        In one sentence.
    """
    for key, values in (("slopes", slopes), ("biases", biases)):
        if len(values) != count:
            raise ValueError(f"{name}{key} must be {count}, one for each segment, not {len(values)}")


def table(function: str, integer_bits: int, fraction_bits: int, slopes: Sequence[int],
          biases: Sequence[int]) -> ActivationConfig:  # fmt: skip
    """The lines as an activation over all numbers of ``uq(integer_bits).(fraction_bits)``, to ``uq1.16``.

    Raises
    ------
    ValueError
        If a slope or bias is no number of its format.
    """
    width = integer_bits + fraction_bits
    cell = width - (len(slopes) - 1).bit_length()
    fields: dict[str, Any] = {
        "function": function, "domain": f"0:{1 << integer_bits}", "input": f"uq{integer_bits}.{fraction_bits}",
        "output": f"uq1.{VALUE_BITS}", "knots": "uniform", "address": (cell,), "slope": SLOPE, "bias": BIAS,
        "breakpoints": starts("uniform", (cell,), 0, (1 << width) - 1), "slopes": slopes, "biases": biases,
    }  # fmt: skip
    return ActivationConfig(**fields)


def check_values(name: str, lines: ActivationConfig) -> None:
    """Refuses lines that leave the numbers from 1/4 to just below 2.

    Raises
    ------
    ValueError
        In one sentence.
    """
    shift, edges = lines.fraction_bits - lines.bias_format.fraction_bits, [0, *lines.breakpoints, lines.last + 1]
    for k, (slope, bias) in enumerate(zip(lines.slopes, lines.biases, strict=True)):
        for u in (edges[k], edges[k + 1] - 1):
            value = (slope * u + (bias << shift)) / 2.0**lines.fraction_bits
            if not 0.25 <= value < 2 - 2.0**-VALUE_BITS:
                raise ValueError(f"{name}slopes and {name}biases must give values from 1/4 to 2, not {value:g}")
