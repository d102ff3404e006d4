"""What a multiply-accumulate unit is: formats and numerics (what), latency and multiplier (how)."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ...config import Config
from ...formats import FORMATS, Format, get_format

ACCUMULATORS = ("bf16", "fp16", "fp32", "fp8_e4m3", "fp8_e5m2", "int16", "int32")
OPERANDS = tuple(name for name, fmt in FORMATS.items() if fmt.kind != "scale")


class MacConfig(Config):
    """A correctly rounded multiply-accumulate, ``y = round(a * b + c)``.

    Parameters
    ----------
    a, b : str
        Operand formats: any float or integer of :data:`nervure.hw.formats.FORMATS`.
    acc : str
        Format of ``c`` and ``y``: bf16, fp16, fp32, fp8_e4m3, fp8_e5m2; int16, int32 for integer operands only.
    rounding : str
        ``rne`` (to nearest, ties to even) or ``rtz`` (towards zero; overflow then gives the largest finite value).
        Integer results are exact and not rounded.
    subnormals : str
        ``full``, or ``flush``: subnormal operands count as zeros of their sign, and a result that, rounded with
        unbounded exponent, lies below the smallest normal becomes a zero of its sign. Formats below 8 bits never flush.
    product : str
        ``fused`` (one rounding), or ``rounded``: the product is rounded to ``acc`` before ``c`` is added.
    overflow : str
        Floats: ``ieee`` (Inf; NaN for fp8_e4m3, which has no Inf) or ``saturate`` (the largest finite value of the
        result's sign, also where Inf operands make the result infinite). Integers: ``wrap`` or ``saturate``.
        Default: ``ieee`` for a float accumulator, ``wrap`` for an integer one.
    latency : int
        Clock cycles from operands to result, 2 to 8; the initiation interval is 1 at each.
    interface : str
        ``stream`` (valid and ready on both sides) or ``bare`` (the datapath alone: no valid, ready or reset).
    multiplier : str
        The block the significand product is made for: ``dsp48e2`` (26x17 unsigned), ``dsp58`` (26x23),
        ``mult18x18`` (18x18), ``sb_mac16`` (16x16), or ``lut`` (no block). Wider significands are tiled.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "mac"

    a: str = Field("bf16", description="format of operand a")
    b: str = Field("bf16", description="format of operand b")
    acc: str = Field("fp32", description="format of c and y")
    rounding: Literal["rne", "rtz"] = Field("rne", description="rounding of the result")
    subnormals: Literal["full", "flush"] = Field("full", description="treatment of subnormals")
    product: Literal["fused", "rounded"] = Field("fused", description="one rounding, or the product rounded first")
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(None, description="what an overflow gives")
    latency: int = Field(4, ge=2, le=8, description="cycles from operands to result")
    interface: Literal["stream", "bare"] = Field("stream", description="handshake or datapath alone")
    multiplier: Literal["dsp48e2", "dsp58", "mult18x18", "sb_mac16", "lut"] = Field(
        "dsp48e2", description="block that multiplies"
    )

    @field_validator("a", "b")
    @classmethod
    def _operand(cls, name: str, info: ValidationInfo) -> str:
        if get_format(name).kind == "scale":
            raise ValueError(f"{info.field_name} must be a float or an integer format, not {name} (a scale)")
        return name

    @field_validator("acc")
    @classmethod
    def _accumulator(cls, name: str) -> str:
        get_format(name)
        if name not in ACCUMULATORS:
            raise ValueError(f"acc must be one of {', '.join(ACCUMULATORS)}, not {name}")
        return name

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.acc_format.is_integer and not (self.a_format.is_integer and self.b_format.is_integer):
            operand = self.a if self.a_format.is_float else self.b
            raise ValueError(f"acc={self.acc} requires integer operands, not {operand}")
        allowed = ("wrap", "saturate") if self.acc_format.is_integer else ("ieee", "saturate")
        if self.overflow is None:
            object.__setattr__(self, "overflow", allowed[0])
        elif self.overflow not in allowed:
            raise ValueError(f"overflow must be {' or '.join(allowed)} for acc={self.acc}, not {self.overflow}")
        return self

    @property
    def a_format(self) -> Format:
        return FORMATS[self.a]

    @property
    def b_format(self) -> Format:
        return FORMATS[self.b]

    @property
    def acc_format(self) -> Format:
        return FORMATS[self.acc]

    @property
    def flush(self) -> bool:
        return self.subnormals == "flush"

    def derived_name(self) -> str:
        """``mac_A_B_ACC_lLATENCY`` and every option that is not at its default."""
        default_overflow = "wrap" if self.acc_format.is_integer else "ieee"
        defaults = {
            "rounding": "rne", "subnormals": "full", "product": "fused", "overflow": default_overflow,
            "interface": "stream", "multiplier": "dsp48e2",
        }  # fmt: skip
        options = [value for key, standard in defaults.items() if (value := getattr(self, key)) != standard]
        if self.reset != "sync":
            options.append(f"{self.reset}reset" if self.reset == "async" else "noreset")
        if self.reset_active == "low":
            options.append("resetlow")
        return "_".join([f"mac_{self.a}_{self.b}_{self.acc}_l{self.latency}", *options])
