"""The law of a spiking neuron, in integers."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from ...config import ConfigError, _sentence
from .numbers import integers

MAX_MEMBRANE, MAX_SPIKES = 48, 255


class Part(BaseModel):
    """A part of a config: frozen, without unknown keys, wrong in one sentence.

    Raises
    ------
    ConfigError
        When a field is unknown or out of its range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    unit: ClassVar[str]

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ValidationError as error:
            raise ConfigError(_sentence(type(self), error)) from None  # pyright: ignore[reportArgumentType]

    @field_validator("*", mode="before")
    @classmethod
    def _truth_is_no_number(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation is int:
            raise ValueError(f"{info.field_name} must be an integer, not {str(value).lower()}")
        return value


class Neuron(Part):
    """How a neuron turns what it gets into spikes.

    State is the membrane v, and with a synaptic current i, the reset r that waits, and the steps l of silence left;
    all start at 0. In every time step, x being what the synapses give in units of the membrane::

        i  = O_i(L_i(i) + x)              where there is a current; else what drives the membrane is x
        d  = i, new, or as it was before the step (current_order)
        u  = O(L(v') + d - r * theta)     reset=subtract with a delay; v' = v
        u  = O(L(v') + d)                 else; with reset=value and a delay v' = reset_value where r > 0, else v
        s  = Q(u)                         0 while l > 0; then also v stays as it is, and i does not
        v  = u - s * theta                reset=subtract, at once
        v  = reset_value where s > 0      reset=value, at once
        v  = u                            reset=none, or the reset has a delay (then r = s)
        v  = max(v, -theta)               floor=threshold
        l  = refractory where s > 0, else max(l - 1, 0)

    L is the leak: ``L(v) = v``, ``v - (v >> leak_shift)``, or ``(leak_multiplier * v) >> leak_shift``, shifts rounding
    down. O is the membrane's width: clamped to its ends (saturate), or modulo 2^width (wrap); sums before it are exact.

    Q counts spikes: ``s`` is how many k of 1..max_spikes have ``u > k * theta`` (or >=). With ``levels`` K > 0
    (ShiftLIF) it rounds ``u / theta`` to one of 0, 2^-K, ..., 1/2, 1 and gives that number times 2^K, that is 0, 1, 2,
    4, ..., 2^K; then what is subtracted is ``s * theta / 2^K``. The level 2^-j is reached where ``u > c * theta`` (or
    >=) with

        c = 2^-j                           rounding=floor
        c = halfway from the level below   rounding=nearest (below 2^-K lies 0)
        c = 2^(-j - 1/2)                   rounding=log

    With ``rearm`` a membrane that after a reset is still over theta has to rise by another theta:
    ``s = Q(u - theta)`` where the membrane v kept from the step before is ``v > theta`` (or >=).

    Parameters
    ----------
    threshold : tuple of int
        theta, in units of the membrane: one, or one for each channel, or one for each neuron. At least 1.
    compare : str
        ``>`` or ``>=``.
    reset : str
        ``subtract``, ``value`` or ``none``.
    reset_value : int
        For reset=value.
    reset_delay : bool
        The reset acts at the next step.
    rearm : bool
        As said; what snnTorch does with reset_delay=False.
    floor : str
        ``none``, or ``threshold``: no step leaves the membrane below minus the threshold (as sinabs has it).
    refractory : int
        Steps of silence after a spike, 0 to 255.
    max_spikes : int
        Most spikes of a step, 1 to 255.
    levels : int
        K of ShiftLIF, 1 to 6; 0 for whole spikes.
    rounding : str
        ``floor``, ``nearest`` or ``log``, for ShiftLIF.
    leak : str
        ``none``, ``shift`` or ``multiplier``.
    leak_shift : int
        1 to 16.
    leak_multiplier : int
        0 to 2^leak_shift.
    current : str
        Leak of the synaptic current: ``absent`` (there is no current), ``none``, ``shift`` or ``multiplier``.
    current_shift, current_multiplier : int
        As those of the leak.
    current_width : int
        Bits of the current, 4 to 48.
    current_order : str
        ``new`` or ``old``: which current drives the membrane.
    fraction : int
        The membrane's unit is 2^-fraction of the weights', 0 to 16.
    membrane_width : int
        Bits of the membrane in two's complement, 4 to 48.
    overflow : str
        ``saturate`` or ``wrap``, of membrane and current.

    Sources: the table of neuron rules of NIR (Pedersen et al. 2024), snnTorch, sinabs and norse; ShiftLIF, arXiv
    2605.01866.
    """

    unit: ClassVar[str] = "neuron"

    threshold: tuple[int, ...] = Field(description="membrane at which it fires")
    compare: Literal[">", ">="] = Field(">=", description="whether the threshold itself fires")
    reset: Literal["subtract", "value", "none"] = Field("subtract", description="what a spike does to the membrane")
    reset_value: int = Field(0, description="membrane after a spike with reset=value")
    reset_delay: bool = Field(False, description="the reset acts at the next step")
    rearm: bool = Field(False, description="a membrane left over the threshold must rise by another")
    floor: Literal["none", "threshold"] = Field("none", description="least membrane that a step leaves")
    refractory: int = Field(0, ge=0, le=255, description="steps of silence after a spike")
    max_spikes: int = Field(1, ge=1, le=MAX_SPIKES, description="most spikes of a step")
    levels: int = Field(0, ge=0, le=6, description="K of ShiftLIF; 0: whole spikes")
    rounding: Literal["floor", "nearest", "log"] = Field("floor", description="to which level ShiftLIF rounds")
    leak: Literal["none", "shift", "multiplier"] = Field("none", description="leak of the membrane")
    leak_shift: int = Field(1, ge=1, le=16, description="right shift of the leak")
    leak_multiplier: int = Field(1, ge=0, description="numerator of the leak's factor")
    current: Literal["absent", "none", "shift", "multiplier"] = Field("absent", description="leak of the current")
    current_shift: int = Field(1, ge=1, le=16, description="right shift of the current's leak")
    current_multiplier: int = Field(1, ge=0, description="numerator of the current's factor")
    current_width: int = Field(24, ge=4, le=MAX_MEMBRANE, description="bits of the current")
    current_order: Literal["new", "old"] = Field("new", description="which current drives the membrane")
    fraction: int = Field(0, ge=0, le=16, description="fraction bits of the membrane")
    membrane_width: int = Field(24, ge=4, le=MAX_MEMBRANE, description="bits of the membrane")
    overflow: Literal["saturate", "wrap"] = Field("saturate", description="what a sum beyond the membrane becomes")

    @field_validator("threshold", mode="before")
    @classmethod
    def _integers(cls, value: Any) -> tuple[int, ...]:
        return integers("threshold", value)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        high = (1 << (self.membrane_width - 1)) - 1
        if not self.threshold:
            raise ValueError("threshold must be at least one number, not none")
        if (least := min(self.threshold)) < 1:
            raise ValueError(f"threshold must be at least 1, not {least}")
        if (most := max(self.threshold)) > high:
            raise ValueError(f"threshold must fit a membrane of {self.membrane_width} bits, not {most}")
        if not -high - 1 <= self.reset_value <= high:
            raise ValueError(f"reset_value must fit a membrane of {self.membrane_width} bits, not {self.reset_value}")
        for name in ("leak", "current"):
            top, factor = 1 << getattr(self, f"{name}_shift"), getattr(self, f"{name}_multiplier")
            if getattr(self, name) == "multiplier" and factor > top:
                raise ValueError(f"{name}_multiplier must be at most 2^{name}_shift = {top}, not {factor}")
        if self.levels and self.max_spikes > 1:
            raise ValueError(f"levels={self.levels} requires max_spikes=1, not {self.max_spikes}")
        if self.levels and (bad := [t for t in self.threshold if t % (1 << self.levels)]):
            raise ValueError(f"levels={self.levels} requires thresholds that are multiples of {1 << self.levels}, not "
                             f"{bad[0]}")  # fmt: skip
        if self.levels and self.rounding == "log" and most >= 1 << 24:
            raise ValueError(f"rounding=log requires thresholds below 2^24, not {most}")
        if self.reset_delay and (self.refractory or self.rearm or self.reset == "none"):
            raise ValueError("reset_delay=true requires a reset, refractory=0 and rearm=false")
        if self.rearm and (self.reset != "subtract" or self.max_spikes > 1 or self.levels or self.refractory):
            raise ValueError("rearm=true requires reset=subtract, max_spikes=1, levels=0 and refractory=0")
        return self

    @property
    def kind(self) -> str:
        """``if``, ``lif``, ``cubalif`` or ``shiftlif``: what such a neuron is called."""
        if self.current != "absent":
            return "cubalif"
        return "shiftlif" if self.levels else "if" if self.leak == "none" else "lif"

    @property
    def highest(self) -> int:
        """The greatest number that one step gives."""
        return 1 << self.levels if self.levels else self.max_spikes

    @property
    def spike_width(self) -> int:
        """Wires of what one step gives; of ShiftLIF the number of the level."""
        return (self.levels + 1 if self.levels else self.max_spikes).bit_length()
