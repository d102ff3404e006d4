"""Every derived width of a floating-point accumulation, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from ..formats import Format

NORMALISED_BITS = 3
"""Formats of no more mantissa bits have their subnormal operands normalised."""


@dataclass(frozen=True)
class Factor:
    """What alignment has to know of a product: its width, where it can lie, how many leading zeros it can have.

    Attributes
    ----------
    width : int
        Bits of the product P.
    low, high : int
        Least and greatest weight (power of two) of P's top bit.
    zeros : int
        Most leading zeros of a non-zero P that is near enough to a result's leading bit to matter.
    """

    width: int
    low: int
    high: int
    zeros: int

    @classmethod
    def of_operands(cls, a: Format, b: Format, acc: Format, flush: bool) -> Factor:
        """The product of two operands' significands (none is normalised beforehand)."""
        width = a.significand_width + b.significand_width
        zeros = 0
        for least_a, top_a in _classes(a, flush):
            for least_b, top_b in _classes(b, flush):
                # P two binades or more below every number of acc only rounds: its leading bit is not looked for.
                if top_a + top_b + 1 >= acc.min_exponent - 1:
                    zeros = max(zeros, width - (least_a * least_b).bit_length())
        return cls(width, _lowest(a, flush) + _lowest(b, flush) + 1, a.max_exponent + b.max_exponent + 1, zeros)

    @classmethod
    def of_rounded(cls, acc: Format) -> Factor:
        """A product that was rounded to ``acc``. Where it is subnormal, c's last bit lies on its last bit or above."""
        return cls(acc.significand_width, acc.min_exponent, acc.max_exponent, 0)


def normalised(fmt: Format, flush: bool) -> bool:
    """Whether subnormal operands are normalised before the multiplication.

    Where they are few it costs little, is done once for all lanes that share the operand, and spares each of these the
    leading zeros.
    """
    return fmt.is_float and 0 < fmt.mantissa_width <= NORMALISED_BITS and not (flush and fmt.flushes)


def _classes(fmt: Format, flush: bool) -> list[tuple[int, int]]:
    """(least non-zero factor, greatest exponent) of normal and subnormal operands, and of integers."""
    if fmt.is_integer:
        return [(1, fmt.significand_width - 1)]
    normal = (1 << fmt.mantissa_width, fmt.max_exponent)
    if fmt.mantissa_width == 0 or (flush and fmt.flushes) or normalised(fmt, flush):
        return [normal]
    return [normal, (1, fmt.min_exponent)]


def _lowest(fmt: Format, flush: bool) -> int:
    if fmt.is_integer:
        return fmt.significand_width - 1
    return fmt.min_exponent - (fmt.mantissa_width if normalised(fmt, flush) else 0)


def field_weight(a: Format, b: Format) -> int:
    """Weight of the product's top bit where the sum of its operands' exponents (fields, of integers 1) is 0."""
    return sum(fmt.significand_width - 1 if fmt.is_integer else fmt.min_exponent for fmt in (a, b)) - 1


@dataclass(frozen=True)
class Geometry:
    """Widths of the adder that computes ``±P·2^ep ± c``.

    The window has ``window`` bits; its top bit (index ``window - 1``) is the carry. Below it lies c's leading bit where
    c is the anchor, and one further below P's top bit where P is. What is shifted out below the window only rounds.
    """

    factor: Factor
    acc: Format

    @property
    def window(self) -> int:
        """Bits of the window.

        - P as the anchor keeps all its bits below two bits of headroom: ``width + 2``.
        - c may lose bits below the window only where |P| >= 2^(p+1) in units of the window's last bit: then the result
          has its p bits and a guard bit inside even if the subtraction takes a binade. P's leading bit is at least at
          index ``window - 3 - zeros``, hence ``zeros + p + 4``.
        - c as the anchor, at most one binade lost, one guard bit: ``p + 3``.
        """
        p = self.acc.significand_width
        return max(self.factor.width + 2, self.factor.zeros + p + 4)

    @property
    def product_range(self) -> range:
        """Weight of P's top bit, relative to acc's least exponent."""
        least = self.acc.min_exponent
        return range(self.factor.low - least, self.factor.high - least + 1)

    @property
    def addend_range(self) -> range:
        """Exponent of c, relative to acc's least."""
        return range(0, self.acc.max_exponent - self.acc.min_exponent + 1)

    @property
    def shift_width(self) -> int:
        """Bits of the alignment shift: from ``window - 1`` on nothing of the other addend is left."""
        return (self.window - 1).bit_length()

    @property
    def distance_range(self) -> range:
        """Range of v = (exponent of c) - (weight of P's top bit) - 2, and at least that of a shift with its sign.

        A zero may have c's exponent one lower than the least (its field is 0).
        """
        least = self.addend_range[0] - self.product_range[-1] - 3
        most = self.addend_range[-1] - self.product_range[0] - 2
        reach = 1 << self.shift_width
        return range(min(least, -reach), max(most, reach - 1) + 1)

    @property
    def top_range(self) -> range:
        """Range of the weight of the window's top bit, relative to acc's least exponent, plus one."""
        return range(0, max(self.product_range[-1] + 3, self.addend_range[-1] + 2) + 1)


Level = tuple[int, int]
"""A level of a shift: it shifts by a multiple of the first number, and has so many choices."""

_FREE = ((3, 3, 2), (3, 2, 4), (3, 3, 4))
"""Choices of the levels of a shift without a limit, by trial those that map to the fewest LUTs: three words and a digit
of two bits are the inputs of a LUT of five, which the mapper takes to be as small as one of three."""


def levels(window: int, limited: bool) -> list[Level]:
    """Left shifts that the normaliser may add up, the longest first.

    Those of a shift that has a limit are digits of a binary number, two bits a level, of an odd number one alone.
    """
    if not limited and 16 < window <= max(map(prod, _FREE)):
        choices = next(choices for choices in _FREE if prod(choices) >= window)
    else:
        pairs, odd = divmod((window - 1).bit_length(), 2)
        choices = (4,) * pairs
        if odd:
            # The first level inverts too: where it has all of four choices, that is one input more than a lookup table
            # has, and it takes the level of one.
            at = 0 if 4 * window > 3 << (2 * pairs + 1) else max(pairs - 1, 0)
            choices = (*choices[:at], 2, *choices[at:])
    return [(prod(choices[k + 1 :]), count) for k, count in enumerate(choices)]


def size(level: Level) -> int:
    """Bits of a level's digit."""
    return (level[1] - 1).bit_length()
