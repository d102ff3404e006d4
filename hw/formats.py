"""The one table of number formats.

A format says how a code (a bit pattern of ``width`` bits) stands for a number. For a float with exponent field ``E``,
mantissa field ``M`` (``mantissa_width`` bits) and sign ``s``::

    value = (-1)^s * 2^(max(E, 1) - bias) * ((E > 0) + M / 2^mantissa_width)

Everything else (widths, limits, special codes) is derived from the rows of :data:`FORMATS`; adding a format is adding
a row.

Sources: IEEE 754-2019 (fp16, fp32), OCP 8-bit Floating Point v1.0 (e4m3, e5m2), OCP Microscaling v1.0 (fp6, e2m1,
e8m0); e1m2 and e3m0 are the formats of arXiv 2605.06052.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .lookup import find

Kind = Literal["float", "int", "uint", "scale"]
Specials = Literal["ieee", "nan", "none"]


@dataclass(frozen=True)
class Format:
    """One number format.

    Parameters
    ----------
    name : str
        Field-standard name, e.g. ``fp8_e4m3``.
    kind : str
        ``float``, ``int`` (two's complement), ``uint``, or ``scale`` (a power of two without sign).
    width : int
        Bits of a code.
    exponent_width : int
        Bits of the exponent field (0 for integers).
    mantissa_width : int
        Bits of the mantissa field (0 for integers).
    bias : int
        Exponent bias.
    specials : str
        ``ieee``: the top exponent holds Inf and NaN. ``nan``: only the all-ones code (either sign) is NaN, there is no
        Inf. ``none``: every code is a finite number.
    """

    name: str
    kind: Kind
    width: int
    exponent_width: int = 0
    mantissa_width: int = 0
    bias: int = 0
    specials: Specials = "none"

    @property
    def is_float(self) -> bool:
        return self.kind == "float"

    @property
    def is_integer(self) -> bool:
        return self.kind in ("int", "uint")

    @property
    def is_signed(self) -> bool:
        return self.kind in ("float", "int")

    @property
    def significand_width(self) -> int:
        """Bits of the unsigned significand: hidden bit and mantissa, or an integer's magnitude (8 for int8: 128)."""
        return self.mantissa_width + 1 if self.is_float else self.width

    @property
    def max_significand(self) -> int:
        """The largest significand: all ones, but for the magnitude of a signed integer, which is a power of two."""
        return 1 << (self.width - 1) if self.kind == "int" else (1 << self.significand_width) - 1

    @property
    def has_inf(self) -> bool:
        return self.specials == "ieee"

    @property
    def has_nan(self) -> bool:
        return self.specials != "none"

    @property
    def min_exponent(self) -> int:
        """Exponent of the hidden bit of the smallest normal number (and of every subnormal)."""
        return 1 - self.bias

    @property
    def max_exponent_field(self) -> int:
        """Largest exponent field that holds finite numbers."""
        return (1 << self.exponent_width) - (2 if self.specials == "ieee" else 1)

    @property
    def max_exponent(self) -> int:
        """Exponent of the hidden bit of the largest finite number (integers: of the magnitude's top bit)."""
        return self.max_exponent_field - self.bias if self.is_float else self.significand_width - 1

    @property
    def max_finite(self) -> int:
        """Code (without sign) of the largest finite number."""
        if self.kind == "uint":
            return (1 << self.width) - 1
        if self.kind == "int":
            return (1 << (self.width - 1)) - 1
        if self.kind == "scale":
            return (1 << self.width) - 2
        if self.specials == "ieee":
            return (self.max_exponent_field << self.mantissa_width) | ((1 << self.mantissa_width) - 1)
        return (1 << (self.width - 1)) - (2 if self.specials == "nan" else 1)

    @property
    def infinity(self) -> int:
        """Code of +Inf."""
        if not self.has_inf:
            raise ValueError(f"{self.name} has no infinity")
        return ((1 << self.exponent_width) - 1) << self.mantissa_width

    @property
    def canonical_nan(self) -> int:
        """The one NaN code that circuits and golden models put out: sign clear, quiet."""
        if not self.has_nan:
            raise ValueError(f"{self.name} has no NaN")
        if self.specials == "nan":
            return (1 << (self.exponent_width + self.mantissa_width)) - 1 if self.is_float else (1 << self.width) - 1
        return self.infinity | (1 << (self.mantissa_width - 1))

    @property
    def sign_bit(self) -> int:
        """Mask of the sign bit of a float."""
        return 1 << (self.width - 1)

    @property
    def flushes(self) -> bool:
        """Whether ``subnormals=flush`` applies: subnormals of formats below 8 bits are always values."""
        return self.is_float and self.width >= 8


def _ieee(name: str, exponent_width: int, mantissa_width: int, specials: Specials = "ieee", bias: int | None = None):
    bias = (1 << (exponent_width - 1)) - 1 if bias is None else bias
    return Format(name, "float", 1 + exponent_width + mantissa_width, exponent_width, mantissa_width, bias, specials)


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        *(Format(f"int{n}", "int", n) for n in range(2, 9)),
        *(Format(f"uint{n}", "uint", n) for n in range(2, 9)),
        Format("int16", "int", 16),
        Format("int32", "int", 32),
        _ieee("bf16", 8, 7),
        _ieee("fp16", 5, 10),
        _ieee("fp32", 8, 23),
        _ieee("fp8_e4m3", 4, 3, "nan"),
        _ieee("fp8_e5m2", 5, 2),
        _ieee("fp6_e3m2", 3, 2, "none"),
        _ieee("fp6_e2m3", 2, 3, "none"),
        _ieee("fp4_e2m1", 2, 1, "none"),
        _ieee("fp4_e1m2", 1, 2, "none", bias=1),
        _ieee("fp4_e3m0", 3, 0, "none"),
        Format("e8m0", "scale", 8, 8, 0, 127, "nan"),
    )
}


def get_format(name: str) -> Format:
    """The format of that name.

    Raises
    ------
    ValueError
        If there is none; the sentence suggests the nearest.
    """
    return find("format", name, FORMATS)
