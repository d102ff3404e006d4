"""What an accumulator is: formats and numerics of a multiply-accumulate that adds to sums of its own."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ...config import Config
from ...formats import Format
from . import NUMBER, MacConfig

_SHARED = ("a", "b", "acc", "lanes_a", "lanes_b", "rounding", "subnormals", "overflow", "latency", "multiplier")


@lru_cache(maxsize=1024)
def _mac(*values: Any) -> MacConfig:
    return MacConfig(**dict(zip(_SHARED, values, strict=True)))


class AccumulateConfig(Config):
    """Sums of products kept inside, ``y[i, j] = sum_n a_n[i] * b_n[j]``: one beat of operands per cycle, one y per sum.

    A sum is the beats up to one with ``last``; that one's successor starts the next sum, and so does a beat with
    ``clear``, which drops what was begun. Beat n of a sum is added to partial sum ``n mod latency``; after ``last`` the
    partial sums are added pairwise. Order and roundings exactly: :func:`nervure.golden.mac.accumulate.accumulate`.

    Parameters
    ----------
    a, b : str
        Operand formats, one each, as in MacConfig.
    acc : str
        Format of the partial sums and of ``y``, as in MacConfig.
    lanes_a, lanes_b : int or str
        Operands on each side, or ``max``, as in MacConfig; each of the ``lanes_a * lanes_b`` products has sums of its
        own.
    rounding : str
        ``rne`` or ``rtz``: of each multiply-add, and of each addition of partial sums.
    subnormals : str
        ``full`` or ``flush``, as in MacConfig.
    overflow : str
        ``ieee`` or ``saturate`` for floats, ``wrap`` or ``saturate`` for integers, as in MacConfig: at each addition.
    latency : int
        Clock cycles of the loop from operands to partial sum, 2 to 8, and with it the number of interleaved partial
        sums: so many additions are under way at once. Results depend on it (but for integers that wrap).
    multiplier : str
        The block that the significand product is made for, as in MacConfig.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "accumulate"

    a: str = Field("bf16", description="format of operand a")
    b: str = Field("bf16", description="format of operand b")
    acc: str = Field("fp32", description="format of partial sums and y")
    lanes_a: int | str = Field(1, description="operands a of a beat: a number or max")
    lanes_b: int | str = Field(1, description="operands b of a beat: a number or max")
    rounding: Literal["rne", "rtz"] = Field("rne", description="rounding of every addition")
    subnormals: Literal["full", "flush"] = Field("full", description="treatment of subnormals")
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(None, description="what an overflow gives")
    latency: int = Field(4, ge=2, le=8, description="cycles of the loop, and number of partial sums")
    multiplier: Literal["dsp48e2", "dsp58", "mult18x18", "sb_mac16", "lut"] = Field(
        "dsp48e2", description="block that multiplies"
    )

    @field_validator("a", "b", "acc", "lanes_a", "lanes_b", mode="before")
    @classmethod
    def _one(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, list | tuple) or (isinstance(value, str) and "," in value):
            raise ValueError(f"{info.field_name} must be one value, not several modes ({value})")
        return int(value) if isinstance(value, str) and NUMBER.fullmatch(value) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        # What a multiply-accumulate refuses is refused in its words.
        object.__setattr__(self, "overflow", self.mac.overflow)
        return self

    @property
    def mac(self) -> MacConfig:
        """The multiply-accumulate in the loop."""
        return _mac(*(getattr(self, name) for name in _SHARED))

    @property
    def partials(self) -> int:
        """Interleaved partial sums."""
        return self.latency

    @property
    def grid(self) -> tuple[int, int]:
        """Lanes on each side."""
        return self.mac.grid

    @property
    def a_format(self) -> Format:
        return self.mac.a_format

    @property
    def b_format(self) -> Format:
        return self.mac.b_format

    @property
    def acc_format(self) -> Format:
        return self.mac.acc_format

    @property
    def flush(self) -> bool:
        return self.subnormals == "flush"

    @property
    def neutral(self) -> int:
        """The code at which sums start: -0, to which adding x gives x, zeros' signs included; 0 for integers."""
        return 0 if self.acc_format.is_integer else self.acc_format.sign_bit

    @property
    def tree(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """The additions of partial sums, level by level: each pair (i, j) is ``p[i] = p[i] + p[j]``."""
        k, levels, step = self.partials, [], 1
        while step < k:
            levels.append(tuple((i, i + step) for i in range(0, k - step, 2 * step)))
            step *= 2
        return tuple(levels)

    def derived_name(self) -> str:
        """``accumulate_A_B_ACC[_ROWSxCOLUMNS]_lLATENCY`` and every option that is no default."""
        defaults = {"rounding": "rne", "subnormals": "full", "multiplier": "dsp48e2",
                    "overflow": "wrap" if self.acc_format.is_integer else "ieee"}  # fmt: skip
        options = [value for key, standard in defaults.items() if (value := getattr(self, key)) != standard]
        return "_".join(["accumulate", self.mac.modes[0].name, f"l{self.latency}", *options, *self.reset_words])
