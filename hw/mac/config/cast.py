"""What a cast is: input and output format, numerics (what), latency and interface (how)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ...config import Config
from ...formats import FORMATS, Format
from ...lookup import unknown

SCALARS = tuple(name for name, fmt in FORMATS.items() if fmt.kind != "scale")
QUANTISED = ("fp32", "bf16", "fp16")
"""Inputs that can be quantised in blocks."""


@dataclass(frozen=True)
class BlockFormat:
    """A block of elements that share a scale.

    Parameters
    ----------
    element, scale : str
        Their formats.
    length : int
        Elements of a block.
    point : int
        Fraction bits of an integer element: its value is ``code / 2^point``.
    emax : int
        Exponent of the largest element (OCP Microscaling v1.0, 5.3), for the choice of a power of two as scale.
    """

    element: str
    scale: str
    length: int
    point: int = 0
    emax: int = 0


BLOCKS = {
    **{f"mx{name.removesuffix('_e2m1')}": BlockFormat(name, "e8m0", 32, emax=FORMATS[name].max_exponent)
       for name in ("fp8_e4m3", "fp8_e5m2", "fp6_e3m2", "fp6_e2m3", "fp4_e2m1")},
    "mxint8": BlockFormat("int8", "e8m0", 32, point=6),
    "nvfp4": BlockFormat("fp4_e2m1", "fp8_e4m3", 16),
}  # fmt: skip


class CastConfig(Config):
    """A correctly rounded conversion, ``y = round(x)``, of values or into blocks with a shared scale.

    Zeros keep their sign where the output is a float; an integer has one zero. A NaN becomes the output's canonical
    NaN, and zero where it has none (integers, formats below 8 bits).

    Blocks (OCP Microscaling v1.0, 6.3): ``scale = 2^(floor(log2(max|x|)) - emax)``, not below 2^-127, which is also
    the scale of a block of zeros; ``y = round(x / scale)``, saturated. ``mxint8`` elements are ``code / 64`` with
    codes -127 to 127, symmetric. ``nvfp4`` takes a tensor scale ``t`` (fp32) beside each block: ``scale = rne(max|x| /
    (6 * t))`` in fp8_e4m3, saturated, at least its smallest positive number unless all x are zeros, and ``y =
    round(x / (scale * t))``. A block with NaN or Inf, or with a ``t`` that is not a positive number, has the scale NaN
    and element codes 0.

    Parameters
    ----------
    input : str
        Format of ``x``: any float or integer of :data:`nervure.hw.formats.FORMATS`; fp32, bf16 or fp16 for blocks.
    output : str
        Format of ``y``: any float or integer, or a block format: mxfp8_e4m3, mxfp8_e5m2, mxfp6_e3m2, mxfp6_e2m3,
        mxfp4, mxint8 (32 elements, scale in e8m0), nvfp4 (16 elements, scale in fp8_e4m3).
    rounding : str
        ``rne`` (to nearest, ties to even) or ``rtz`` (towards zero; overflow then gives the largest finite value).
        Scales do not depend on it.
    subnormals : str
        ``full``, or ``flush``: subnormal inputs count as zeros of their sign, and a result that, rounded with unbounded
        exponent, lies below the smallest normal becomes a zero of its sign. Formats below 8 bits, and scales, never
        flush.
    overflow : str
        Floats: ``ieee`` (Inf; NaN for fp8_e4m3, which has no Inf; the default) or ``saturate`` (the largest finite
        value of the sign, also for Inf). Integers: ``saturate`` (the default) or ``wrap`` (the rounded integer modulo
        2^width; Inf saturates all the same). Formats without Inf and NaN, and blocks: ``saturate``.
    elements : int
        Values a beat, 1 to 64 (default 1); a block format has its own number.
    latency : int
        Clock cycles from input to result, 1 to 8; the initiation interval is 1 at each.
    interface : str
        ``stream`` (valid and ready on both sides) or ``bare`` (the datapath alone: no valid, ready or reset).
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "cast"

    input: str = Field("fp32", description="format of x")
    output: str = Field("bf16", description="format of y, or a block format")
    rounding: Literal["rne", "rtz"] = Field("rne", description="rounding of the result")
    subnormals: Literal["full", "flush"] = Field("full", description="treatment of subnormals")
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(None, description="what an overflow gives")
    elements: int | None = Field(None, ge=1, le=64, description="values a beat (a block format has its own number)")
    latency: int = Field(2, ge=1, le=8, description="cycles from input to result")
    interface: Literal["stream", "bare"] = Field("stream", description="handshake or datapath alone")

    @field_validator("input", "output")
    @classmethod
    def _format(cls, name: str, info: ValidationInfo) -> str:
        known = [*SCALARS, *(BLOCKS if info.field_name == "output" else ())]
        if name in FORMATS and name not in known:
            raise ValueError(f"{info.field_name} must be a float or an integer format, not {name} (a scale)")
        if name in BLOCKS and name not in known:
            raise ValueError(f"{info.field_name} must be a float or an integer format, not {name} (a block format)")
        if name not in known:
            raise ValueError(unknown("format", name, known))
        return name

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.block and self.input not in QUANTISED:
            raise ValueError(f"output={self.output} requires input fp32, bf16 or fp16, not {self.input}")
        length = self.block.length if self.block else 1
        if self.elements is None:
            object.__setattr__(self, "elements", length)
        elif self.block and self.elements != length:
            raise ValueError(f"elements must be {length} for output={self.output}, not {self.elements}")
        allowed = self.overflows
        if self.overflow is None:
            object.__setattr__(self, "overflow", allowed[0])
        elif self.overflow not in allowed:
            raise ValueError(f"overflow must be {' or '.join(allowed)} for output={self.output}, not {self.overflow}")
        return self

    @property
    def overflows(self) -> tuple[str, ...]:
        """What ``overflow`` can be for this output, the default first."""
        if self.block or (self.output_format.is_float and not self.output_format.has_nan):
            return ("saturate",)
        return ("saturate", "wrap") if self.output_format.is_integer else ("ieee", "saturate")

    @property
    def block(self) -> BlockFormat | None:
        """The block format, where the output is one."""
        return BLOCKS.get(self.output)

    @property
    def tensor_scaled(self) -> bool:
        """Whether blocks come with a tensor scale ``t``."""
        return self.output == "nvfp4"

    @property
    def count(self) -> int:
        """Values a beat."""
        return self.elements or 1

    @property
    def input_format(self) -> Format:
        return FORMATS[self.input]

    @property
    def output_format(self) -> Format:
        """Format of a value or an element of y."""
        return FORMATS[self.block.element if self.block else self.output]

    @property
    def flush(self) -> bool:
        return self.subnormals == "flush"

    @property
    def saturate(self) -> bool:
        return self.overflow == "saturate"

    def derived_name(self) -> str:
        """``cast_INPUT_OUTPUT_lLATENCY`` and every option that is not at its default."""
        defaults = {"rounding": "rne", "subnormals": "full", "overflow": self.overflows[0], "interface": "stream"}
        options = [value for key, standard in defaults.items() if (value := getattr(self, key)) != standard]
        if self.block is None and self.count != 1:
            options.append(f"x{self.elements}")
        return "_".join([f"cast_{self.input}_{self.output}_l{self.latency}", *options, *self.reset_words])
