"""Exact integers over a graph: every sum is as wide as it needs, so that nothing is ever cut off unsaid."""

from __future__ import annotations

from collections.abc import Sequence

from .aig import FALSE, TRUE, Aig

Number = list[int]
"""Literals of a number in two's complement, the lowest first; the last is the sign."""


class Numbers:
    """Arithmetic on :data:`Number` as in mathematics.

    Parameters
    ----------
    aig : Aig
    """

    def __init__(self, aig: Aig):
        self.aig = aig

    def constant(self, value: int) -> Number:
        """An integer."""
        return [TRUE if value >> k & 1 else FALSE for k in range(value.bit_length() + 1)]

    def unsigned(self, word: Sequence[int]) -> Number:
        """A word of a port without a sign."""
        return [*word, FALSE]

    def wide(self, x: Number, width: int) -> Number:
        """The same number in more bits."""
        return [*x, *[x[-1]] * (width - len(x))]

    def plus(self, x: Number, y: Number) -> Number:
        """``x + y``."""
        width = max(len(x), len(y)) + 1
        return self.aig.add(self.wide(x, width), self.wide(y, width))

    def minus(self, x: Number, y: Number) -> Number:
        """``x - y``."""
        return self.plus(self.plus(x, [bit ^ 1 for bit in self.wide(y, len(y) + 1)]), self.constant(1))

    def times(self, x: Number, factor: int) -> Number:
        """``x * factor`` for a factor that is not negative."""
        total = self.constant(0)
        for k in range(factor.bit_length()):
            if factor >> k & 1:
                total = self.plus(total, [FALSE] * k + x)
        return total

    def product(self, x: Number, count: Sequence[int]) -> Number:
        """``x`` times a word without a sign."""
        total = self.constant(0)
        for k, bit in enumerate(count):
            total = self.plus(total, [FALSE] * k + [self.aig.land(bit, y) for y in x])
        return total

    def down(self, x: Number, shift: int) -> Number:
        """``floor(x / 2^shift)``."""
        return x[shift:] if shift < len(x) else [x[-1]]

    def less(self, x: Number, y: Number) -> int:
        """Whether ``x < y``."""
        return self.minus(x, y)[-1]

    def where(self, condition: int, x: Number, y: Number) -> Number:
        """``x`` where the condition holds, else ``y``."""
        width = max(len(x), len(y))
        return [self.aig.mux(condition, i, j) for i, j in zip(self.wide(x, width), self.wide(y, width), strict=True)]

    def clamped(self, x: Number, width: int) -> Number:
        """The nearest number of so many bits."""
        low, high = self.constant(-(1 << (width - 1))), self.constant((1 << (width - 1)) - 1)
        return self.where(self.less(x, low), low, self.where(self.less(high, x), high, x))

    def wrapped(self, x: Number, width: int) -> Number:
        """Modulo 2^width, as a number of so many bits."""
        return self.wide(x, width)[:width]

    def count(self, conditions: Sequence[int]) -> Number:
        """How many of them hold."""
        total = self.constant(0)
        for condition in conditions:
            total = self.plus(total, [condition, FALSE])[: len(conditions).bit_length() + 1]
        return total

    def differ(self, x: Number, y: Number) -> int:
        """Whether ``x != y``."""
        width = max(len(x), len(y))
        return self.aig.differ(self.wide(x, width), self.wide(y, width))
