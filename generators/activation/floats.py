"""Targets with floats: the real numbers of float codes behind the integers of a grid, and sums rounded to a float.

Of a float input every code has a real number of its own, and the codes that come onto one integer of the grid share
its line: a gate must let all of them through. Of a float output the gates are around the sum, before the rounding:
half a unit in the last place of a large result would hide what the lines do everywhere else. An error that is asked
for counts the rounding too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ...golden import exact
from ...golden.activation import above, held, inputs, operand
from ...hw.activation.config import ActivationConfig
from ...hw.config import ConfigError
from ...hw.fixed import Fixed
from ...hw.formats import Format
from .stab import OPEN
from .target import ALIKE, Reals, Target


def half_unit(fmt: Format, numbers: Reals) -> Reals:
    """Half a unit in the last place of the binades in which numbers lie: the most that rounding there changes."""
    _, above = np.frexp(numbers)
    places = np.maximum(np.where(numbers == 0, fmt.min_exponent, above - 1), fmt.min_exponent)
    return np.ldexp(0.5, places - fmt.mantissa_width)


def nearest(fmt: Format, numbers: Reals) -> Any:
    """The codes of a float nearest to float64 numbers, int64."""
    fraction, exponent = np.frexp(np.abs(numbers))
    mantissa, exponent = (fraction * 2.0**53).astype(np.int64), exponent.astype(np.int64) - 53
    never = torch.zeros(len(numbers), dtype=torch.bool)
    real = exact.Real(torch.from_numpy(np.signbit(numbers)), torch.from_numpy(mantissa), torch.from_numpy(exponent),
                      never, never)  # fmt: skip
    return exact.encode(real, fmt, saturate=True).numpy()


@dataclass(frozen=True)
class Floats(Target):
    """A function on the integers of a domain where the input, the output or both are floats.

    Parameters
    ----------
    first, values, output
        As of :class:`~nervure.generators.activation.target.Target`: of the codes that share an integer the greatest
        value, NaN where there is none; of a float output, a format with its steps as fine as the input's.
    least : float64 array
        The least value.
    made : ActivationConfig
        Names the formats.
    x, truth : float64 arrays
        The number of each code of the domain, rising, and the function there.
    judged : float64 array
        The function on all codes that are judged: those above the domain too, if they give themselves.
    rounded : bool
        Whether gates count the rounding to a float.
    """

    least: Reals
    made: ActivationConfig
    x: Reals
    truth: Reals
    judged: Reals
    rounded: bool = False

    @property
    def reals(self) -> Reals:
        return self.judged

    @property
    def named(self) -> str:
        return self.made.output

    @property
    def fmt(self) -> Format | None:
        """The float output, if it is one."""
        return self.made.float_output

    def fields(self, input_format: Fixed) -> dict[str, Any]:
        return {key: getattr(self.made, key) for key in ("domain", "input", "output", "grid", "above")}

    @property
    def centre(self) -> float:
        return 2 * float(self.truth[self.x == 0][0]) if bool((self.x == 0).any()) else 0.0

    def sides(self, symmetry: str) -> tuple[int, list[tuple[int, Reals]]]:
        first, most = Target.sides(self, symmetry)
        _, least = Target.sides(replace(self, values=self.least), symmetry)
        return first, [*most, *least]

    def points(self, symmetry: str) -> tuple[Reals, Reals, Reals]:
        """The numbers that real segments are lines over, and the least and greatest of what they stand for there."""
        x, values = self.x, self.truth
        if symmetry != "none":
            x = np.abs(x)
            if symmetry == "relu":
                values = values - np.maximum(self.x, 0)
            elif symmetry in ("odd", "point"):
                centre = self.centre if symmetry == "point" else 0.0
                values = np.where(self.x < 0, centre - values, values)
        u, index = np.unique(x, return_inverse=True)
        low, high = np.full(len(u), np.inf), np.full(len(u), -np.inf)
        np.minimum.at(low, index, values)
        np.maximum.at(high, index, values)
        return u, low, high

    def symmetries(self, lsb: float) -> list[str]:
        if not self.x[0] < 0 < self.x[-1]:
            return []
        found = []
        for kind in ("even", "odd", "relu", "point"):
            _, low, high = self.points(kind)
            at_zero = kind != "odd" or abs(self.centre) <= 2 * ALIKE * self.step
            if at_zero and float((high - low).max()) <= ALIKE * self.step:
                found.append(kind)
        return found

    def _unlike(self, symmetry: str, lsb: float) -> tuple[float, float]:
        u, low, high = self.points(symmetry)
        at = int((high - low).argmax())
        return float(high[at] - low[at]), float(u[at])

    def scale(self, bits: int) -> tuple[float, int, tuple[int, int]]:
        return (2.0**-bits, 0, (-OPEN, OPEN)) if self.fmt else Target.scale(self, bits)

    def allowed(self, values: Reals, error: float) -> Reals | float:
        if self.fmt is None or not self.rounded:
            return error
        # Into the next binade rounding goes no farther than to its first number, unless the error is as wide as that.
        half, beyond = (half_unit(self.fmt, np.abs(values) + more) for more in (0.0, error))
        return error - np.where(error <= 2 * half, half, beyond)

    def after(self) -> Floats:
        """The target whose gates count the rounding."""
        return replace(self, rounded=True)

    def floor(self) -> tuple[float, int]:
        if self.fmt is None:
            exact_values = self.truth / self.step
            nearest_values = np.clip(np.floor(exact_values + 0.5), self.output.low, self.output.high)
            off = np.abs(nearest_values - exact_values) * self.step
        else:
            off = half_unit(self.fmt, np.abs(self.truth))
        worst = int(off.argmax())
        return float(off[worst]), int(inputs(self.made)[0][worst])


def target(made: ActivationConfig, codes: Reals, x: Reals, values: Reals) -> Floats:
    """The target of a wish whose input or output is a float, of all codes that are judged.

    Raises
    ------
    ConfigError
        If the sums can have no format.
    """
    low, high = made.codes
    inside = ~above(made, torch.from_numpy(codes)).numpy()
    u = held(made, operand(made, torch.from_numpy(codes[inside]))[0]).numpy() - low
    truth = values[inside]
    least, most = (np.full(high - low + 1, np.nan) for _ in range(2))
    np.fmin.at(least, u, truth)
    np.fmax.at(most, u, truth)
    output = made.output_format
    if made.float_output is not None:
        fraction = made.input_format.fraction_bits
        reach = int(np.ceil(np.abs(truth).max())).bit_length()
        if reach + fraction > 60:
            raise ConfigError(f"output must hold sums of at most {60 - fraction} integer bits, not {reach}")
        output = Fixed(True, reach, fraction)
    return Floats(low, most, output, least, made, x[inside], truth, values)


def table(made: ActivationConfig, codes: Reals, x: Reals, truth: Reals) -> list[int]:
    """The entries of a table whose input or output is a float; ``codes`` as :func:`~.inputs` gives them."""
    fmt, out = made.output_format, made.float_output
    if out is not None:
        found = nearest(out, truth)
    else:
        found = np.clip(np.floor(truth / float(fmt.lsb) + 0.5), fmt.low, fmt.high).astype(np.int64)
    if made.float_input is None:
        return found.tolist()
    numbers = exact.decode(torch.arange(1 << made.input_width), made.float_input)
    real = exact.to_float64(numbers).numpy()
    # Codes beyond the domain have the entries of its ends; both zeros have their own.
    entries = np.where(real > x[-1], found[-1], found[0])
    entries[codes] = found
    passing = above(made, torch.arange(len(real))).numpy()
    entries[passing] = np.flatnonzero(passing)
    no_number = out.canonical_nan if out is not None and out.has_nan else 0
    return np.where(np.isnan(real), no_number, entries).tolist()
