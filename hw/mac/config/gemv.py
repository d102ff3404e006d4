"""What a matrix-vector engine is: the multiply-accumulate units it holds (what), their number and its buffers (how)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from ...config import Config
from . import MacConfig
from . import _joined as joined
from .modes import Mode

MOST_UNITS = 1024
MOST_GROUPS = 256
MOST_COLUMNS = 4096
AFTER = ("group", "column", "tile", "swap")
"""The codes of the field ``after``, 0 to 3: what follows a beat."""


_SHARED = ("a", "b", "acc", "lanes_a", "lanes_b", "rounding", "subnormals", "overflow", "multiplier")


@lru_cache(maxsize=256)
def _mac(latency: int, *shared: Any) -> MacConfig:
    return MacConfig(**dict(zip(_SHARED, shared, strict=True)), latency=latency - 1, interface="bare")


class GemvConfig(Config):
    """A matrix-vector engine, ``y = W x``: weights stream by, activations are held, each row of W has its own sum.

    Every beat multiplies ``units * lanes_a`` weights of one column of W with the activations of that column, on
    ``units`` multipliers, and adds them to the sums of one *group* of as many rows. Groups take turns, so that a sum is
    back from the pipelined adder when its next product comes. ``y[r] = round(W[r, K-1] * x[K-1] + ... round(W[r, 1] *
    x[1] + round(W[r, 0] * x[0] + 0)))``: one rounding per multiplication, columns in order.

    Parameters
    ----------
    a, b, acc : str
        Formats of weights, activations and sums, or a list of *modes*, as in MacConfig; a beat says its mode.
    lanes_a, lanes_b : int or str
        Weights that share a multiplier, and activation vectors that share a weight, as in MacConfig: W meets
        ``lanes_b`` vectors at a time.
    units : int
        Multipliers, 1 to 1024.
    groups : int
        Groups of rows that take turns, ``latency`` to 256: a tile has up to ``units * lanes_a * groups`` rows.
    depth : int
        Columns in each half of the activation buffer, a power of two of 2 to 4096.
    rounding, subnormals, overflow, multiplier
        As in MacConfig.
    latency : int
        Clock cycles from a beat to its sums, 3 to 9, in every mode: one more than that of the units. The initiation
        interval is 1 at each.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.
    """

    unit: ClassVar[str] = "gemv"

    a: str = Field("bf16", description="format of the weights, or one a mode")
    b: str = Field("bf16", description="format of the activations, or one a mode")
    acc: str = Field("fp32", description="format of the sums, or one a mode")
    lanes_a: int | str = Field("max", description="weights to a multiplier: a number, max, or one a mode")
    lanes_b: int | str = Field(1, description="activation vectors: a number, max, or one a mode")
    units: int = Field(4, ge=1, le=MOST_UNITS, description="multipliers")
    groups: int = Field(16, ge=1, le=MOST_GROUPS, description="groups of rows that take turns")
    depth: int = Field(16, ge=2, le=MOST_COLUMNS, description="columns in each half of the activation buffer")
    rounding: Literal["rne", "rtz"] = Field("rne", description="rounding of the sums")
    subnormals: Literal["full", "flush"] = Field("full", description="treatment of subnormals")
    overflow: Literal["ieee", "saturate", "wrap"] | None = Field(None, description="what an overflow gives")
    latency: int = Field(5, ge=3, le=9, description="cycles from a beat to its sums")
    multiplier: Literal["dsp48e2", "dsp58", "mult18x18", "sb_mac16", "lut"] = Field(
        "dsp48e2", description="block that multiplies"
    )

    @field_validator("a", "b", "acc", "lanes_a", "lanes_b", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return joined(value)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.depth & (self.depth - 1):
            raise ValueError(f"depth must be a power of two, not {self.depth}")
        if self.groups < self.latency:
            raise ValueError(f"groups must be at least latency ({self.latency}), not {self.groups}")
        # The embedded config checks what it shares with this one.
        object.__setattr__(self, "overflow", self.mac.overflow)
        return self

    @property
    def mac(self) -> MacConfig:
        """The multiply-accumulate unit of which the engine holds ``units``."""
        return _mac(self.latency, *(getattr(self, key) for key in _SHARED))

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes, in the order of the field ``mode``."""
        return self.mac.modes

    @property
    def mode_width(self) -> int:
        """Bits of the field ``mode``; 0 where there is none."""
        return (len(self.modes) - 1).bit_length()

    @property
    def grid(self) -> tuple[int, int]:
        """Weights to a multiplier and activation vectors, the most of any mode: the shape of the fields."""
        return self.mac.grid

    def width(self, side: str) -> int:
        """Bits of an element of ``a``, ``b`` or ``acc``: the most of any mode."""
        return max(getattr(mode, side).width for mode in self.modes)

    def rows(self, mode: int = 0) -> int:
        """Rows of a group: weights in a beat of that mode."""
        return self.units * self.modes[mode].lanes_a

    @property
    def fields(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Format and shape of each field of the streams, ``y`` last."""
        lanes_a, lanes_b = self.grid
        selector = {"mode": (f"uint{self.mode_width}", ())} if self.mode_width else {}
        flags = {name: ("uint1", ()) for name in ("load", "mac", "first", "last")}
        return {
            **selector, **flags, "after": ("uint2", ()), "x": (self.b, (lanes_b,)),
            "w": (self.a, (self.units, lanes_a)), "y": (self.acc, (self.units, lanes_a, lanes_b)),
        }  # fmt: skip

    def derived_name(self) -> str:
        """``gemv_MODES_uUNITS_gGROUPS_dDEPTH_lLATENCY`` (modes joined by ``or``) and options that are no defaults."""
        integer = all(mode.acc.is_integer for mode in self.modes)
        defaults = {"rounding": "rne", "subnormals": "full", "overflow": "wrap" if integer else "ieee",
                    "multiplier": "dsp48e2"}  # fmt: skip
        options = [value for key, standard in defaults.items() if (value := getattr(self, key)) not in (standard, None)]
        modes = "_or_".join(mode.name for mode in self.modes)
        options += self.reset_words
        return "_".join([f"gemv_{modes}_u{self.units}_g{self.groups}_d{self.depth}_l{self.latency}", *options])
