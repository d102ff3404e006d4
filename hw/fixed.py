"""Fixed-point formats: ``q3.12`` has a sign, 3 integer and 12 fraction bits; ``uq0.16`` has no sign.

A code is an integer in two's complement (or unsigned), and stands for ``code / 2^fraction_bits``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

_NAME = re.compile(r"(u?)q(\d{1,3})\.(\d{1,3})")
MAX_WIDTH = 32


@dataclass(frozen=True)
class Fixed:
    """One fixed-point format.

    Parameters
    ----------
    signed : bool
    integer_bits, fraction_bits : int
        Without the sign.
    """

    signed: bool
    integer_bits: int
    fraction_bits: int

    @property
    def name(self) -> str:
        return f"{'' if self.signed else 'u'}q{self.integer_bits}.{self.fraction_bits}"

    @property
    def identifier(self) -> str:
        """The name as part of a module's: ``q15_16``."""
        return self.name.replace(".", "_")

    @property
    def width(self) -> int:
        """Bits of a code."""
        return self.integer_bits + self.fraction_bits + self.signed

    @property
    def low(self) -> int:
        """The lowest number's integer."""
        return -(1 << (self.width - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """The highest number's integer."""
        return (1 << (self.width - self.signed)) - 1

    @property
    def lsb(self) -> Fraction:
        """The number that 1 stands for."""
        return Fraction(1, 1 << self.fraction_bits)


def parse_fixed(name: str, field: str = "format") -> Fixed:
    """The format of that name.

    Raises
    ------
    ValueError
        If the name is none, or the width is 0 or over 32 bits; the sentence starts with ``field``.
    """
    found = _NAME.fullmatch(name)
    if not found:
        raise ValueError(f"{field} must be a fixed-point format such as q3.12 or uq0.16, not {name!r}")
    made = Fixed(not found[1], int(found[2]), int(found[3]))
    if not 2 <= made.width <= MAX_WIDTH:
        raise ValueError(f"{field} must have 2 to {MAX_WIDTH} bits, not {made.width} ({name})")
    return made


def signed_width(low: int, high: int) -> int:
    """Bits of two's complement that hold low to high, at least 1."""
    return 1 + max((-low - 1).bit_length() if low < 0 else 0, high.bit_length() if high > 0 else 0)
