"""The least error that so many segments can have, of real numbers (the limit) and of the integer datapath.

An error opens a gate at every u (:meth:`~.target.Target.gates`); the fewest lines through all gates are found greedily
(:mod:`.stab`), and the least error at which they are few enough by bisection. Whatever integers a greedy run leaves,
no other integers of these formats, wherever they change, keep to a smaller error, but for the last
:data:`TOLERANCE` of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from ...hw.activation.config import MAX_SEGMENTS
from ...hw.config import ConfigError
from ...hw.fixed import Fixed
from .cells import addresses, every, stops
from .floats import Floats
from .joined import joined
from .lines import Lines, measure
from .stab import REAL, Grid, Numbers, Segment, greedy, separate
from .target import Reals, Target, integer_bits

TOLERANCE = 5e-5
"""Of the bisections, relative."""
SLOPE_WIDTH = 16
"""Bits of a slope whose format is not given, unless it needs more integer bits."""
GUARD = 3
"""Fraction bits of a bias whose format is not given, beyond the output's."""

Found = TypeVar("Found")


def smallest(
    attempt: Callable[[float], Found | None], start: float, least: float = 0.0, fine: float = 1e-12
) -> tuple[float, Found]:
    """The least number, from ``least`` up, at which the attempt succeeds, and what it made there.

    The attempt fails below some number and succeeds above; ``start`` is a guess of it, ``fine``
    what nobody asks for less of.
    """
    low, high, best = least, start, attempt(start)
    while best is None:
        if high > 1e30:
            raise ConfigError("slope and bias must be formats that can follow the function, not these")
        low, high = high, high + 2 * max(high - least, start / 16)
        best = attempt(high)
    step = (high - low) / 16
    while low == least and high - step > least and step > TOLERANCE * high:  # a good guess lies close above
        made = attempt(high - step)
        if made is None:
            low = high - step
        else:
            high, best, step = high - step, made, 2 * step
    while high - low > max(TOLERANCE * high, fine):
        middle = (low + high) / 2
        made = attempt(middle)
        if made is None:
            low = middle
        else:
            high, best = middle, made
    return high, best


def limit(low: Reals, high: Reals, count: int, ends: Numbers | None = None, first: int = 0,
          at: Reals | None = None) -> tuple[float, list[Segment]]:  # fmt: skip
    """The least error of ``count`` real segments, and these.

    Parameters
    ----------
    low, high : float64 arrays
        Least and greatest of what one u stands for (the same, but where codes share it).
    ends : array of int or None
        Where segments may begin, and the number of u as the last; None: anywhere.
    first : int
        The first u.
    at : array or None
        Every u, rising; None: one after the other from the first on.
    """
    u = np.arange(first, first + len(low), dtype=np.float64) if at is None else at
    ends = np.arange(len(low) + 1) if ends is None else ends
    guesses: list[int] = []
    least = float((high - low).max()) / 2
    spread = float(high.max() - low.min())
    if spread <= 2 * least:
        return least, [Segment(0, len(low), 0.0, float(high.max() + low.min()) / 2)]
    return smallest(
        lambda e: greedy(u, high - e, low + e, ends, REAL, count, guesses), least + spread / (2 * count * count), least
    )


class Solver:
    """Makes integer segments for one target.

    Parameters
    ----------
    target : Target
    input_format : Fixed
    symmetry : str
        Of the target, which has it.
    slope, bias : Fixed or None
        Formats; None: chosen.
    continuous : bool
        Whether segments are to meet (:mod:`.joined`).
    apart : bool
        Whether each cell of an address has its own segment.
    """

    def __init__(self, target: Target, input_format: Fixed, symmetry: str, slope: Fixed | None, bias: Fixed | None,
                 continuous: bool = False, apart: bool = False):  # fmt: skip
        self.target, self.input, self.symmetry = target, input_format, symmetry
        self.slope, self.bias, self.continuous, self.apart = slope, bias, continuous, apart
        self.lsb = float(input_format.lsb)
        self.first = target.sides(symmetry)[0]
        low, high = target.stored(symmetry, self.lsb, target.centre)
        self.last = self.first + len(low) - 1
        # Of a float some integers have no code.
        self.there = np.flatnonzero(~np.isnan(low))
        self.low, self.high = low[self.there], high[self.there]
        self.u = (self.first + self.there).astype(np.float64)

    def limit(self, count: int) -> float:
        """The least error of so many real segments that begin anywhere."""
        if isinstance(self.target, Floats):
            u, low, high = self.target.points(self.symmetry)
            return limit(low, high, count, at=u)[0]
        return limit(self.low, self.high, count, first=self.first)[0]

    def ends(self, stops: Numbers) -> Numbers:
        """Places where segments may begin, as indices into the integers that have codes."""
        return np.unique(np.searchsorted(self.there, stops))

    def formats(self, segments: list[Segment]) -> tuple[Fixed, Fixed]:
        """Formats of slope and bias that hold these real segments."""
        steepest = max(abs(segment.slope) for segment in segments) / self.lsb
        most = max(abs(segment.bias) for segment in segments)
        slope = self.slope
        if slope is None:
            bits = integer_bits(steepest, SLOPE_WIDTH - 1)
            slope = Fixed(True, bits, max(SLOPE_WIDTH - 1 - bits, 0))
        bias = self.bias
        if bias is None:
            bits = integer_bits(most + 2 * self.target.step, 0)
            fraction = min(slope.fraction_bits + self.input.fraction_bits, self.target.output.fraction_bits + GUARD)
            bias = Fixed(True, bits, max(min(fraction, 31 - bits), 0))
        if bias.fraction_bits > slope.fraction_bits + self.input.fraction_bits:
            raise ConfigError(f"bias must have at most the fraction bits of slope and input, {slope.fraction_bits} and "
                              f"{self.input.fraction_bits}, not {bias.fraction_bits}")  # fmt: skip
        if slope.width > 32 or bias.width > 32:
            raise ConfigError(f"function must need slopes and biases of at most 32 bits, not slopes up to "
                              f"{steepest:.3g} and biases up to {most:.3g}")  # fmt: skip
        return slope, bias

    def attempt(self, error: float, slope: Fixed, bias: Fixed, ends: Numbers, count: int,
                guesses: list[int], target: Target | None = None) -> list[Segment] | None:  # fmt: skip
        """At most ``count`` integer segments that keep to the error, if there are."""
        shift = slope.fraction_bits + self.input.fraction_bits - bias.fraction_bits
        centre = self.centre(bias) << shift
        bits = slope.fraction_bits, self.input.fraction_bits
        gates = (target or self.target).gates(error, self.symmetry, *bits, centre)
        if gates is None or bool((gates[0] > gates[1]).any()):
            return None
        grid = Grid((slope.low, slope.high), (bias.low, bias.high), shift)
        u = np.arange(self.first, self.last + 1)
        if self.continuous:
            drop = slope.fraction_bits + self.input.fraction_bits - self.target.output.fraction_bits
            return joined(u, *gates, 1 << max(drop, 0), grid, count)
        if self.apart:
            return separate(u, *gates, ends, grid)
        return greedy(u, *gates, ends, grid, count, guesses)

    def _end(self, index: int) -> int:
        """An index into all integers, of one into those that have codes."""
        return int(self.there[index]) if index < len(self.there) else self.last - self.first + 1

    def centre(self, bias: Fixed) -> int:
        """f(x) + f(-x) of a point symmetry, in steps of the bias."""
        return round(self.target.centre / float(bias.lsb)) if self.symmetry == "point" else 0

    def best(self, count: int, knots: str, around: float | None = None) -> Lines:
        """The integer segments of least error: ``count`` at most, or in at most so many cells.

        ``around`` is a guess of the error.

        Raises
        ------
        ConfigError
            If no address has so few cells.
        """
        tried = [()] if knots == "free" else list(addresses(knots, self.first, self.last, self.input.width, count))
        if not tried:
            raise ConfigError(f"segments must be more for knots={knots} on this domain, not {count}")
        places = [self.ends(stops(knots, way, self.first, self.last)) for way in tried]
        ways = [(*limit(self.low, self.high, count, ends, at=self.u), way)
                for ends, way in zip(places, tried, strict=True)]  # fmt: skip
        real, segments, way = min(ways, key=lambda item: item[0])
        slope, bias = self.formats(segments)
        ends, guesses = stops(knots, way, self.first, self.last), [self._end(segment.end) for segment in segments]
        if knots != "free":
            guesses = []
        # No line need be at the function where results are rounded: less than the limit by half a step is possible.
        _, found = smallest(
            lambda e: self.attempt(e, slope, bias, ends, count, guesses),
            around or real + self.target.step / 2, fine=self.target.step * 1e-6,
        )  # fmt: skip
        return Lines(self.symmetry, slope, bias, self.centre(bias), way, self.first, found)

    def fewest(self, error: float, knots: str) -> tuple[int, Lines]:
        """The fewest segments (cells) that keep to the error, and the best of so many.

        Raises
        ------
        ConfigError
            If none do; the sentence says what can be kept to.
        """
        floor, code = self.target.floor()
        if error < floor:
            raise ConfigError(f"max_error must be at least {floor:.4g}, the floor of output={self.target.named} "
                              f"(at code {code}), not {error:g}")  # fmt: skip
        if knots == "free":
            real = max(error - self.target.step / 2, error / 4, float((self.high - self.low).max()) / 2)
            u, ends = self.u, np.arange(self.last - self.first + 2)
            segments = greedy(u, self.high - real, self.low + real, self.ends(ends), REAL, len(u)) or []
            slope, bias = self.formats(segments)
            found = self.attempt(error, slope, bias, ends, MAX_SEGMENTS, [], self.target.after())
            if found is not None:
                return len(found), self._better(Lines(
                    self.symmetry, slope, bias, self.centre(bias), (), self.first, found
                ), len(found), knots, error)  # fmt: skip
        else:
            ways = every(knots, self.first, self.last, self.input.width, MAX_SEGMENTS)
            real = error + self.target.step / 2
            for cells, way in ways:
                ends = stops(knots, way, self.first, self.last)
                segments = greedy(self.u, self.high - real, self.low + real, self.ends(ends), REAL, cells)
                if segments is not None:
                    slope, bias = self.formats(segments)
                    found = self.attempt(error, slope, bias, ends, cells, [], self.target.after())
                    if found is not None:
                        lines = Lines(self.symmetry, slope, bias, self.centre(bias), way, self.first, found)
                        return cells, self._better(lines, cells, knots, error)
        lines = self.best(MAX_SEGMENTS, knots)
        best = measure(self.target, lines, self.input)[0]
        if best <= error:  # of a float, whose gates leave more to the rounding than it may take
            return len(lines.segments), lines
        raise ConfigError(f"max_error must be at least {best:.4g}, the floor of {MAX_SEGMENTS} segments in these "
                          f"formats, not {error:g}")  # fmt: skip

    def _better(self, lines: Lines, count: int, knots: str, error: float) -> Lines:
        """The lines of least error of so many segments, if formats chosen for these do as well as those."""
        best = self.best(count, knots, error)
        return best if measure(self.target, best, self.input)[0] <= error else lines
