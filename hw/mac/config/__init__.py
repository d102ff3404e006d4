"""What a multiply-accumulate unit is: formats and numerics (what), latency, lanes and multiplier (how)."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from ...config import Config
from ...formats import FORMATS, Format, get_format
from .cuts import cuts, ranks_of
from .modes import Mode, modes_of

ACCUMULATORS = ("bf16", "fp16", "fp32", "fp8_e4m3", "fp8_e5m2", "int16", "int32")
OPERANDS = tuple(name for name, fmt in FORMATS.items() if fmt.kind != "scale")
MAX_MODES = 16
NUMBER = re.compile(r"0*[1-9][0-9]{0,99}")
"""A positive integer in words (of at most a hundred digits: Python reads no more than some thousands)."""


class MacConfig(Config):
    """Correctly rounded multiply-accumulates, ``y[i, j] = round(a[i] * b[j] + c[i, j])``, in one or several modes.

    Parameters
    ----------
    a, b : str
        Operand formats: any float or integer of :data:`nervure.hw.formats.FORMATS`. A comma-separated list makes a unit
        of as many *modes*, switched by the field ``mode`` of each beat: ``a=bf16,int4 b=bf16,bf16``.
    acc : str
        Format of ``c`` and ``y``: bf16, fp16, fp32, fp8_e4m3, fp8_e5m2; int16, int32 for integer operands only. One for
        all modes, or a list.
    lanes_a, lanes_b : int or str
        Operands on each side: the unit computes all ``lanes_a * lanes_b`` products of one beat in one multiplier block
        (:mod:`.packing`). ``max``: the largest grid that the block holds. A list gives each mode its own.
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
        Clock cycles from operands to result, 2 to 8, in every mode; the initiation interval is 1 at each.
    ranks : str
        Where the registers stand: ``place:count`` joined by commas, the counts adding up to ``latency``, the last place
        ``result`` always with one. Places (see ``registers`` in the manifest): ``input``, ``unpacked``, ``product``;
        of floats then ``aligned``, ``sum``, ``shifted``, ``counted``, ``decided``. Default: the longest stage as
        short as it can be. ``result:4`` puts all four behind the sum, where least is alive.
    interface : str
        ``stream`` (valid and ready on both sides) or ``bare`` (the datapath alone: no valid, ready or reset).
    multiplier : str
        The block the significand product is made for: ``dsp48e2`` (26x17 unsigned), ``dsp58`` (26x23),
        ``mult18x18`` (18x18), ``sb_mac16`` (16x16), or ``lut`` (no block: a product of its own for each lane). Wider
        significands are tiled, with one lane.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "mac"

    a: str = Field("bf16", description="format of operand a, or one a mode")
    b: str = Field("bf16", description="format of operand b, or one a mode")
    acc: str = Field("fp32", description="format of c and y, or one a mode")
    lanes_a: int | str = Field(1, description="operands a of a beat: a number, max, or one a mode")
    lanes_b: int | str = Field(1, description="operands b of a beat: a number, max, or one a mode")
    rounding: Literal["rne", "rtz"] = Field("rne", description="rounding of the result")
    subnormals: Literal["full", "flush"] = Field("full", description="treatment of subnormals")
    product: Literal["fused", "rounded"] = Field("fused", description="one rounding, or the product rounded first")
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(None, description="what an overflow gives")
    latency: int = Field(4, ge=2, le=8, description="cycles from operands to result")
    ranks: str | None = Field(None, description="registers at each place, place:count; default: balanced")
    interface: Literal["stream", "bare"] = Field("stream", description="handshake or datapath alone")
    multiplier: Literal["dsp48e2", "dsp58", "mult18x18", "sb_mac16", "lut"] = Field(
        "dsp48e2", description="block that multiplies"
    )

    @field_validator("a", "b", "acc", "ranks", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return _joined(value)

    @field_validator("a", "b")
    @classmethod
    def _operand(cls, names: str, info: ValidationInfo) -> str:
        for name in names.split(","):
            if get_format(name).kind == "scale":
                raise ValueError(f"{info.field_name} must be a float or an integer format, not {name} (a scale)")
        return names

    @field_validator("acc")
    @classmethod
    def _accumulator(cls, names: str) -> str:
        for name in names.split(","):
            get_format(name)
            if name not in ACCUMULATORS:
                raise ValueError(f"acc must be one of {', '.join(ACCUMULATORS)}, not {name}")
        return names

    @field_validator("lanes_a", "lanes_b", mode="before")
    @classmethod
    def _lanes(cls, value: Any, info: ValidationInfo) -> int | str:
        value = _joined(value)
        parts = value.split(",") if isinstance(value, str) else [value]
        for part in parts:
            if part != "max" and (isinstance(part, bool) or not NUMBER.fullmatch(str(part))):
                raise ValueError(f"{info.field_name} must be a positive integer or max, not {part!r}")
        return int(value) if len(parts) == 1 and value != "max" else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        lists = [self.a.split(","), self.b.split(","), self.acc.split(",")]
        count = len(lists[0])
        if len(lists[1]) != count or len(lists[2]) not in (1, count):
            sizes = ", ".join(str(len(names)) for names in lists)
            raise ValueError(f"a, b and acc must list as many modes each (acc may be one for all), not {sizes}")
        if count > MAX_MODES:
            raise ValueError(f"a must list at most {MAX_MODES} modes, not {count}")
        rows = list(zip(lists[0], lists[1], lists[2] * (count if len(lists[2]) == 1 else 1), strict=True))
        for index, row in enumerate(rows):
            if row in rows[:index]:
                raise ValueError(f"a, b and acc must differ between modes, not {'*'.join(row[:2])}+{row[2]} twice")
            formats = [FORMATS[name] for name in row]
            if formats[2].is_integer and not (formats[0].is_integer and formats[1].is_integer):
                operand = row[0] if formats[0].is_float else row[1]
                raise ValueError(f"acc={row[2]} requires integer operands, not {operand}")
        for name in ("lanes_a", "lanes_b"):
            if (given := len(str(getattr(self, name)).split(","))) not in (1, count):
                raise ValueError(f"{name} must be one for all modes or one for each of {count}, not {given}")
        modes = self.modes
        kinds = {mode.acc.is_integer for mode in modes}
        allowed = [("wrap", "saturate") if integer else ("ieee", "saturate") for integer in sorted(kinds)]
        if self.overflow is None:
            if len(kinds) == 1:
                object.__setattr__(self, "overflow", allowed[0][0])
        elif any(self.overflow not in some for some in allowed):
            common = [value for value in allowed[0] if all(value in some for some in allowed)]
            raise ValueError(f"overflow must be {' or '.join(common)} for acc={self.acc}, not {self.overflow}")
        _ = self.placement
        return self

    @property
    def placement(self) -> dict[str, int] | None:
        """Registers at each place as ``ranks`` says; None where they are balanced."""
        return ranks_of(self.ranks, [name for name, _ in cuts(self)], self.latency) if self.ranks is not None else None

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes, in the order of the field ``mode``."""
        return modes_of(self.a, self.b, self.acc, str(self.lanes_a), str(self.lanes_b), self.multiplier)

    @property
    def grid(self) -> tuple[int, int]:
        """Lanes of the fields: the most that any mode has on each side."""
        return max(mode.lanes_a for mode in self.modes), max(mode.lanes_b for mode in self.modes)

    def lane(self, index: int = 0) -> MacConfig:
        """One lane of a mode as a unit of its own: the same numerics for a scalar ``a``, ``b`` and ``c``."""
        mode = self.modes[index]
        single = {"a": mode.a.name, "b": mode.b.name, "acc": mode.acc.name, "lanes_a": 1, "lanes_b": 1, "ranks": None}
        return MacConfig(**{**self.to_dict(), **single})

    def _only(self, name: str) -> Format:
        mode, *others = self.modes
        if others:
            raise ValueError(f"{name}_format requires a unit of one mode, not of {len(self.modes)}")
        return getattr(mode, name)

    @property
    def a_format(self) -> Format:
        return self._only("a")

    @property
    def b_format(self) -> Format:
        return self._only("b")

    @property
    def acc_format(self) -> Format:
        return self._only("acc")

    @property
    def flush(self) -> bool:
        return self.subnormals == "flush"

    def derived_name(self) -> str:
        """``mac_A_B_ACC[_ROWSxCOLUMNS]_lLATENCY`` (modes joined by ``or``) and every option that is no default."""
        integer = all(mode.acc.is_integer for mode in self.modes)
        defaults = {
            "rounding": "rne", "subnormals": "full", "product": "fused", "overflow": "wrap" if integer else "ieee",
            "interface": "stream", "multiplier": "dsp48e2",
        }  # fmt: skip
        options = [value for key, standard in defaults.items() if (value := getattr(self, key)) not in (standard, None)]
        if self.ranks:
            options.append("ranks_" + self.ranks.replace(":", "").replace(",", "_"))
        options += self.reset_words
        return "_".join(["mac", "_or_".join(mode.name for mode in self.modes), f"l{self.latency}", *options])


def _joined(value: Any) -> Any:
    """Lists, and text with spaces, in one form: comma-separated."""
    if isinstance(value, list | tuple):
        value = ",".join(map(str, value))
    return value.replace(" ", "") if isinstance(value, str) else value
