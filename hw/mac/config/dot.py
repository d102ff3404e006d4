"""What a dot product with one rounding is: element formats, block scales and numerics (what), latency (how)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ...config import Config
from ...formats import FORMATS, Format, get_format
from ...lookup import unknown

ACCUMULATORS = ("fp32", "bf16", "fp16", "int32", "int16")
MXINT8 = "mxint8"
ELEMENTS = (*(name for name, fmt in FORMATS.items() if fmt.kind != "scale" and fmt.width <= 8), MXINT8)
SCALES = {"none": None, "e8m0": "e8m0", "nvfp4": "fp8_e4m3"}
"""Format of an operand's block scale, by the value of ``scale``."""


@dataclass(frozen=True)
class Element:
    """How the codes of an operand's elements stand for multiples of one power of two.

    Attributes
    ----------
    name : str
        As the user says it: a name of :data:`nervure.hw.formats.FORMATS`, or ``mxint8``.
    format : Format
        What takes a code apart; int8 for mxint8.
    lsb : int
        Every finite element is an integer times ``2^lsb``.
    largest : int
        Largest magnitude of that integer.
    """

    name: str
    format: Format
    lsb: int
    largest: int

    @classmethod
    def of(cls, name: str) -> Element:
        """The element format of that name."""
        if name == MXINT8:
            # OCP MX v1.0, 5.3.4: an implicit scale of 2^-6.
            return cls(name, FORMATS["int8"], -6, 128)
        fmt = FORMATS[name]
        if fmt.is_integer:
            return cls(name, fmt, 0, 1 << (fmt.width - 1) if fmt.is_signed else fmt.max_finite)
        fraction = fmt.max_finite & ((1 << fmt.mantissa_width) - 1)
        largest = ((1 << fmt.mantissa_width) + fraction) << (fmt.max_exponent - fmt.min_exponent)
        return cls(name, fmt, fmt.min_exponent - fmt.mantissa_width, largest)


class DotConfig(Config):
    """A dot product with one rounding, ``y = round(scale * sum_k(a[k] * b[k]) + c)``.

    The sum is exact, and so is all that is done with the scales and with ``c``; only the result is rounded. ``scale``
    is 1, ``2^(scale_a + scale_b)`` (E8M0 codes less their bias), or ``scale_a * scale_b * t``.

    Parameters
    ----------
    a, b : str
        Element formats: floats and integers of at most 8 bits of :data:`nervure.hw.formats.FORMATS`, and ``mxint8``,
        the int8 of OCP MX, which is ``code / 64``.
    elements : int
        Products per block, 1 to 64.
    scale : str
        ``none``; ``e8m0``: one E8M0 scale per operand and block (its code FF makes the result NaN); ``nvfp4``: one E4M3
        scale per operand and block, of either sign, and one fp32 factor ``t`` (the product of the tensor scales).
    acc : str
        Format of ``c`` and ``y``: fp32, bf16, fp16; int32, int16 for integer elements without a scale only.
    rounding : str
        ``rne`` or ``rtz``, as in MacConfig.
    subnormals : str
        ``full`` or ``flush``, as in MacConfig; E4M3 scales and ``t`` are operands.
    overflow : str
        ``ieee`` or ``saturate`` for floats, ``wrap`` or ``saturate`` for integers, as in MacConfig.
    latency : int
        Clock cycles from operands to result, 2 to 12; the initiation interval is 1 at each.
    interface : str
        ``stream`` or ``bare``, as in MacConfig.
    multiplier : str
        The block that multiplies the sum by the scales of ``nvfp4``, as in MacConfig. Products of elements are narrow
        and made of logic.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "dot"

    a: str = Field("fp8_e4m3", description="format of the elements of a")
    b: str = Field("fp8_e4m3", description="format of the elements of b")
    elements: int = Field(32, ge=1, le=64, description="products per block")
    scale: Literal["none", "e8m0", "nvfp4"] = Field("none", description="block scales")
    acc: str = Field("fp32", description="format of c and y")
    rounding: Literal["rne", "rtz"] = Field("rne", description="rounding of the result")
    subnormals: Literal["full", "flush"] = Field("full", description="treatment of subnormals")
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(None, description="what an overflow gives")
    latency: int = Field(8, ge=2, le=12, description="cycles from operands to result")
    interface: Literal["stream", "bare"] = Field("stream", description="handshake or datapath alone")
    multiplier: Literal["dsp48e2", "dsp58", "mult18x18", "sb_mac16", "lut"] = Field(
        "dsp48e2", description="block that multiplies by the scales of nvfp4"
    )

    @field_validator("a", "b")
    @classmethod
    def _element(cls, name: str, info: ValidationInfo) -> str:
        if name in ELEMENTS:
            return name
        if name not in FORMATS:
            raise ValueError(unknown("format", name, ELEMENTS))
        raise ValueError(f"{info.field_name} must be an element format of at most 8 bits, not {name}")

    @field_validator("acc")
    @classmethod
    def _accumulator(cls, name: str) -> str:
        get_format(name)
        if name not in ACCUMULATORS:
            raise ValueError(f"acc must be one of {', '.join(ACCUMULATORS)}, not {name}")
        return name

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for operand in (self.a, self.b):
            if operand == MXINT8 and self.scale != "e8m0":
                raise ValueError(f"{MXINT8} requires scale=e8m0, not {self.scale}")
            if self.scale == "nvfp4" and operand != "fp4_e2m1":
                raise ValueError(f"scale=nvfp4 requires fp4_e2m1 elements, not {operand}")
            if self.acc_format.is_integer and not Element.of(operand).format.is_integer:
                raise ValueError(f"acc={self.acc} requires integer elements, not {operand}")
        if self.acc_format.is_integer:
            if self.scale != "none":
                raise ValueError(f"acc={self.acc} requires scale=none, not {self.scale}")
            if (needed := self.integer_bits) > self.acc_format.width:
                raise ValueError(
                    f"acc must hold the exact sum of a block, which needs {needed} bits, not {self.acc} "
                    f"({self.elements} products {self.a} * {self.b})"
                )
        allowed = ("wrap", "saturate") if self.acc_format.is_integer else ("ieee", "saturate")
        if self.overflow is None:
            object.__setattr__(self, "overflow", allowed[0])
        elif self.overflow not in allowed:
            raise ValueError(f"overflow must be {' or '.join(allowed)} for acc={self.acc}, not {self.overflow}")
        return self

    @property
    def a_element(self) -> Element:
        return Element.of(self.a)

    @property
    def b_element(self) -> Element:
        return Element.of(self.b)

    @property
    def acc_format(self) -> Format:
        return FORMATS[self.acc]

    @property
    def scale_format(self) -> Format | None:
        """Format of ``scale_a`` and ``scale_b``."""
        name = SCALES[self.scale]
        return FORMATS[name] if name else None

    @property
    def flush(self) -> bool:
        return self.subnormals == "flush"

    @property
    def lsb(self) -> int:
        """Every sum of a block, before its scale, is an integer times ``2^lsb``."""
        return self.a_element.lsb + self.b_element.lsb

    @property
    def largest_product(self) -> int:
        """Largest magnitude of a product of two elements, in units of ``2^lsb``."""
        return self.a_element.largest * self.b_element.largest

    @property
    def sum_width(self) -> int:
        """Bits of the magnitude of a block's sum."""
        return (self.elements * self.largest_product).bit_length()

    @property
    def integer_bits(self) -> int:
        """Bits of two's complement that hold every sum of a block of integers."""
        ends = []
        for element in (self.a_element, self.b_element):
            fmt = element.format
            ends.append((-element.largest, fmt.max_finite) if fmt.is_signed else (0, element.largest))
        products = [x * y for x in ends[0] for y in ends[1]]
        low, high = min(products) * self.elements, max(products) * self.elements
        return 1 + max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0)

    @property
    def fields(self) -> dict[str, tuple[str, int | None]]:
        """Format and number of elements (None: a scalar) of each payload field, ``y`` last."""
        found: dict[str, tuple[str, int | None]] = {"a": (self.a, self.elements), "b": (self.b, self.elements)}
        if name := SCALES[self.scale]:
            found |= {"scale_a": (name, None), "scale_b": (name, None)}
        if self.scale == "nvfp4":
            found["t"] = ("fp32", None)
        return {**found, "c": (self.acc, None), "y": (self.acc, None)}

    def derived_name(self) -> str:
        """``dot_A_B_ACC_xELEMENTS_lLATENCY`` and every option that is not at its default."""
        default_overflow = "wrap" if self.acc_format.is_integer else "ieee"
        defaults = {
            "scale": "none", "rounding": "rne", "subnormals": "full", "overflow": default_overflow,
            "interface": "stream", "multiplier": "dsp48e2",
        }  # fmt: skip
        options = [value for key, standard in defaults.items() if (value := getattr(self, key)) != standard]
        options += self.reset_words
        return "_".join([f"dot_{self.a}_{self.b}_{self.acc}_x{self.elements}_l{self.latency}", *options])
