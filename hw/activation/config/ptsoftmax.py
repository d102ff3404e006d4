"""What a power-of-two softmax is: scores, rows, window and output."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from ...config import Config
from ...fixed import Fixed, parse_fixed
from .rows import Rows

MAX_WINDOW = 64


class PtsoftmaxConfig(Rows, Config):
    """Shares of a row's integer scores, all powers of two: a function that networks are trained with, no softmax.

    With the integers z of a row (after ceil), those with ``on`` set::

        e = 2^(z - max z)      S = sum e      P = the power of two nearest to S, ties (1.5 * 2^k) up      p = e / P

    so that the shares of a row add up to at least 0.75 and less than 1.5. The sum is exact; what is far below the
    largest score is left out of the row as if it were not on: with ``G = window``, all z with
    ``floor(z / G) < floor(max z / G) - 1``. A score less than G + 1 below the largest one always counts, and one 2 G
    or more below it never does; where ``window = 2^(bits-1)`` none is.

    Parameters
    ----------
    bits : int
        Bits of a score in two's complement, 2 to 16.
    window : int or None
        A power of two, 1 to 64 and at most ``2^(bits-1)`` (default: 16, or that); the sum has
        ``2 * window + log2(elements)`` bits.
    lanes : int
        Scores a beat, 1 to 64. Those beyond a row's end, and masked ones, have ``on`` = 0.
    length : int
        Scores of the longest row, 1 to 4096, taken up to whole beats. A row ends with ``last``, or there.
    output : str
        ``exponent``: k of each share ``p = 2^-k``, and whether it is zero. Or a fixed-point format: p as its code,
        0 where p is below its step, and the highest code where p = 1 is beyond.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "ptsoftmax"

    bits: int = Field(8, ge=2, le=16, description="bits of a score")
    window: int | None = Field(None, ge=1, le=MAX_WINDOW, description="scores that far below the largest one count")
    lanes: int = Field(8, ge=1, le=64, description="scores a beat")
    length: int = Field(512, ge=1, le=4096, description="scores of the longest row")
    output: str = Field("exponent", description="exponent, or a fixed-point format")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        most = 1 << (self.bits - 1)
        if self.window is None:
            object.__setattr__(self, "window", min(16, most))
        if self.span & (self.span - 1):
            raise ValueError(f"window must be a power of two, not {self.window}")
        if self.span > most:
            raise ValueError(f"window must be at most {most} for bits={self.bits}, not {self.window}")
        if self.output != "exponent":
            parse_fixed(self.output, "output")
        return self

    @property
    def span(self) -> int:
        """The window, G."""
        return self.window or 1

    @property
    def half_width(self) -> int:
        """Bits of the sum of a row's shares in one window: each is below ``2^window``."""
        return self.span - 1 + self.elements.bit_length()

    @property
    def sum_width(self) -> int:
        """Bits of S: ``2^window`` times the sum of the upper window, and that of the lower one."""
        return self.span + self.half_width

    @property
    def largest(self) -> int:
        """The largest k: one score at the bottom of the lower window, all others at the top of the upper one."""
        n = self.elements
        total = (n - 1 << 2 * self.span - 1) + 1
        top = total.bit_length() - 1
        return top + (total >> (top - 1) & 1 if top else 0)

    @property
    def share_width(self) -> int:
        """Bits of k."""
        return max(self.largest.bit_length(), 1)

    @property
    def output_format(self) -> Fixed | None:
        """The fixed-point format of the shares, where they have one."""
        return None if self.output == "exponent" else parse_fixed(self.output)

    def derived_name(self) -> str:
        """``ptsoftmax_zBITS_wWINDOW_xLANES_nLENGTH`` and every option that is not at its default."""
        options = [self.output_format.identifier] if self.output_format else []
        return "_".join([f"ptsoftmax_z{self.bits}_w{self.window}_x{self.lanes}_n{self.length}", *options,
                         *self.reset_words])  # fmt: skip
