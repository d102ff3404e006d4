"""What a rounder to powers of two is: rounding and input format (what), latency and interface (how)."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from ...config import Config
from ...fixed import Fixed, parse_fixed, signed_width

ROUNDINGS = ("arithmetic", "geometric", "ceiling")
CUTS = [("input", 0), ("magnitude", 3), ("normal", 6), ("result", 4)]
"""The places where registers can go, in order, each with the delay of the segment before it."""
SPARE = "normal"
"""The cut that takes the registers left over."""


class Pow2RoundConfig(Config):
    """Powers of two near numbers: ``x`` to ``sgn(x) 2^e``, for layers that were trained with such rounding.

    With ``2^j <= |x| < 2^(j+1)``, e is j or j + 1: j + 1 from a threshold on, which is, exactly,

    - arithmetic: ``|x| >= 1.5 * 2^j``: the nearest power of two, ties up;
    - geometric: ``|x| >= sqrt(2) * 2^j``: ``2^round(log2|x|)``; no number with finitely many digits is a tie;
    - ceiling: ``|x| > 2^j``: ``2^ceil(log2|x|)``.

    x = 0 has ``zero`` set and e = 0.

    Parameters
    ----------
    rounding : str
        ``arithmetic``, ``geometric`` or ``ceiling``.
    input : str
        Fixed-point format of x, 2 to 32 bits, with or without sign.
    elements : int
        Values a beat, 1 to 64.
    latency : int
        Clock cycles from input to result, 1 to 8; the initiation interval is 1 at each.
    interface : str
        ``stream`` (valid and ready on both sides) or ``bare``.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "pow2round"

    rounding: Literal["arithmetic", "geometric", "ceiling"] = Field("geometric", description="which power of two")
    input: str = Field("q15.16", description="format of x")
    elements: int = Field(1, ge=1, le=64, description="values a beat")
    latency: int = Field(2, ge=1, le=8, description="cycles from input to result")
    interface: Literal["stream", "bare"] = Field("stream", description="handshake or datapath alone")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        parse_fixed(self.input, "input")
        return self

    @property
    def input_format(self) -> Fixed:
        return parse_fixed(self.input)

    @property
    def magnitude_width(self) -> int:
        """Bits of ``|x|``: of a signed format as many as of x, since the lowest number is a power of two."""
        return self.input_format.width

    @property
    def exponents(self) -> tuple[int, int]:
        """The lowest and the highest e."""
        fmt = self.input_format
        top = fmt.width - 1 if fmt.signed else fmt.width
        return -fmt.fraction_bits, top - fmt.fraction_bits

    @property
    def exponent_width(self) -> int:
        """Bits of e in two's complement."""
        return signed_width(*self.exponents)

    def derived_name(self) -> str:
        """``pow2round_ROUNDING_INPUT_lLATENCY`` and every option that is not at its default."""
        options = [self.interface] if self.interface != "stream" else []
        if self.elements != 1:
            options.append(f"x{self.elements}")
        return "_".join([f"pow2round_{self.rounding}_{self.input_format.identifier}_l{self.latency}", *options,
                         *self.reset_words])  # fmt: skip
