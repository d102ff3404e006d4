"""What the integers must meet: the function on every code, its symmetry, and the gates that an error opens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hw.config import ConfigError
from ...hw.fixed import Fixed
from .stab import OPEN

Reals = NDArray[Any]
"""float64"""
Integers = NDArray[np.int64]

ALIKE = 1 / 64
"""How far, in steps of the output, a function may be from a symmetry that it is said to have. Errors are those of the
function itself in any case."""


@dataclass(frozen=True)
class Target:
    """A function on the codes ``first..last`` of a domain.

    Parameters
    ----------
    first : int
        Integer of the first code.
    values : float64 array
        The function on each code.
    output : Fixed
        Format of the results.
    """

    first: int
    values: Reals
    output: Fixed

    @property
    def last(self) -> int:
        """Integer of the last code."""
        return self.first + len(self.values) - 1

    @property
    def step(self) -> float:
        """One step of the output."""
        return float(self.output.lsb)

    @property
    def reals(self) -> Reals:
        """The function on each code of the domain."""
        return self.values

    def fields(self, input_format: Fixed) -> dict[str, Any]:
        """Domain and formats, as a config has them."""
        lsb = float(input_format.lsb)
        return {"domain": f"{self.first * lsb!r}:{self.last * lsb!r}", "input": input_format.name,
                "output": self.output.name}  # fmt: skip

    @property
    def named(self) -> str:
        """The output's name."""
        return self.output.name

    def after(self) -> Target:
        """The target whose gates are around what is rounded."""
        return self

    def sides(self, symmetry: str) -> tuple[int, list[tuple[int, Reals]]]:
        """The first u, and the function on the codes ``u`` and, where there is a symmetry, ``-u``; NaN beyond the
        domain."""
        if symmetry == "none":
            return self.first, [(1, self.values)]
        u = np.arange(max(self.first, -self.last, 0), max(self.last, -self.first) + 1)
        found = []
        for sign in (1, -1):
            at = sign * u - self.first
            there = (at >= 0) & (at < len(self.values))
            found.append((sign, np.where(there, self.values[np.clip(at, 0, len(self.values) - 1)], np.nan)))
        return int(u[0]), found

    def stored(self, symmetry: str, lsb: float, centre: float = 0.0) -> tuple[Reals, Reals]:
        """The least and the greatest of what the segments stand for at each u, over the codes that share it.

        ``lsb`` is what one code is worth; ``centre`` is f(x) + f(-x) of a point symmetry.
        """
        first, sides = self.sides(symmetry)
        meant = []
        for sign, values in sides:
            u = np.arange(first, first + len(values))
            if symmetry == "relu":
                values = values - np.maximum(sign * u, 0) * lsb
            elif symmetry == "odd" and sign < 0:
                values = np.where(u == 0, values, -values)
            elif symmetry == "point" and sign < 0:
                values = np.where(u == 0, values, centre - values)
            meant.append(values)
        return np.fmin.reduce(meant), np.fmax.reduce(meant)

    def symmetries(self, lsb: float) -> list[str]:
        """The symmetries that all codes show, the cheapest first."""
        if not self.first < 0 < self.last:
            return []
        found = []
        for kind in ("even", "odd", "relu", "point"):
            low, high = self.stored(kind, lsb, self.centre)
            at_zero = kind != "odd" or abs(self.values[-self.first]) <= ALIKE * self.step
            if at_zero and float((high - low).max()) <= ALIKE * self.step:
                found.append(kind)
        return found

    @property
    def centre(self) -> float:
        """f(x) + f(-x), were it the same everywhere."""
        return 2 * float(self.values[-self.first]) if self.first <= 0 <= self.last else 0.0

    def require(self, symmetry: str, lsb: float, function: str) -> str:
        """The symmetry asked for (``auto``: the cheapest there is), if all codes show it.

        Raises
        ------
        ConfigError
            If they do not; the sentence says where the function is farthest from it.
        """
        found = self.symmetries(lsb)
        if symmetry == "auto":
            if not found:
                raise ConfigError(f"form=fold requires a function that is even, odd, a point reflection or "
                                  f"max(x, 0) and an even part on its domain, not {function}")  # fmt: skip
            return found[0]
        if symmetry != "none" and symmetry not in found:
            if not self.first < 0 < self.last:
                raise ConfigError(f"symmetry={symmetry} requires a domain on both sides of 0, not codes "
                                  f"{self.first} to {self.last}")  # fmt: skip
            gap, at = self._unlike(symmetry, lsb)
            raise ConfigError(f"symmetry={symmetry} requires a function that has it, not {function} "
                              f"(off by {gap:.3g} at x = {at:g})")  # fmt: skip
        return symmetry

    def _unlike(self, symmetry: str, lsb: float) -> tuple[float, float]:
        """How far the function is from a symmetry, and where."""
        low, high = self.stored(symmetry, lsb, self.centre)
        gap = np.nan_to_num(high - low)
        at = int(gap.argmax())
        return float(gap[at]), at * lsb

    def scale(self, bits: int) -> tuple[float, int, tuple[int, int]]:
        """What one unit of the results is worth that errors are of, how many bits of the sum (of so many fraction
        bits) rounding to it drops, and its least and greatest number."""
        return self.step, bits - self.output.fraction_bits, (self.output.low, self.output.high)

    def allowed(self, values: Reals, error: float) -> Reals | float:
        """How far a result may be from its value for an error."""
        return error

    def gates(self, error: float, symmetry: str, slope_bits: int, input_bits: int,
              centre: int = 0) -> tuple[Integers, Integers] | None:  # fmt: skip
        """Least and greatest P(u) at which every code's result is within ``error``; None where no result is.

        In units of ``2^-(slope_bits + input_bits)``, as ``centre``. Rounding, saturation and symmetry are those of
        :class:`~nervure.hw.activation.config.ActivationConfig`.
        """
        first, sides = self.sides(symmetry)
        step, drop, (lowest, highest) = self.scale(slope_bits + input_bits)
        lows, highs = [], []
        for sign, values in sides:
            there = ~np.isnan(values)
            real = np.nan_to_num(values) / step
            e = self.allowed(np.nan_to_num(values), error) / step
            least = np.maximum(np.ceil(real - e), lowest)
            most = np.minimum(np.floor(real + e), highest)
            if bool(((least > most) & there).any()):
                return None
            least, most = least.astype(np.int64), most.astype(np.int64)
            if drop > 0:
                low, high = (least << drop) - (1 << (drop - 1)), (most + 1 << drop) - (1 << (drop - 1)) - 1
            else:
                low, high = -(-least >> -drop), most >> -drop
            low = np.where(least <= lowest, -OPEN, low)
            high = np.where(most >= highest, OPEN, high)
            u = np.arange(first, first + len(values))
            if symmetry == "relu":
                rise = np.maximum(sign * u, 0) << slope_bits
                low, high = np.where(low > -OPEN, low - rise, low), np.where(high < OPEN, high - rise, high)
            elif sign < 0 and symmetry in ("odd", "point"):
                low, high = np.where(u > 0, -high, low), np.where(u > 0, -low, high)
                if symmetry == "point":
                    low = np.where((u > 0) & (low > -OPEN), low + centre, low)
                    high = np.where((u > 0) & (high < OPEN), high + centre, high)
            lows.append(np.where(there, low, -OPEN))
            highs.append(np.where(there, high, OPEN))
        return np.maximum.reduce(lows), np.minimum.reduce(highs)

    def floor(self) -> tuple[float, int]:
        """The least error that numbers of the output can have, and the code where it is met."""
        exact = self.values / self.step
        nearest = np.clip(np.floor(exact + 0.5), self.output.low, self.output.high)
        off = np.abs(nearest - exact) * self.step
        return float(off.max()), self.first + int(off.argmax())


def integer_bits(largest: float, fraction_bits: int) -> int:
    """Integer bits, without the sign, of a format whose numbers reach to ``largest``."""
    bits = 0
    while (1 << bits) - 2.0**-fraction_bits < largest:
        bits += 1
    return bits
