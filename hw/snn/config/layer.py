"""One layer of a spiking network: what it adds up, and the neurons that it ends in."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np
from pydantic import Field, field_validator, model_validator

from ...config import _IDENTIFIER, _VERILOG_KEYWORDS, ConfigError
from .neuron import Neuron, Part
from .numbers import integers

MAX_CHANNELS, MAX_KERNEL = 4096, 15
Kind = Literal["conv2d", "depthwise", "dense", "recurrent", "sum_pool", "average_pool", "max_pool", "flatten", "add"]
WEIGHTED = ("conv2d", "depthwise", "dense", "recurrent")
WINDOWED = ("conv2d", "depthwise", "sum_pool", "average_pool", "max_pool")


class Layer(Part):
    """A layer: with a the numbers that it takes, in every time step

        conv2d        y[o, p] = sum over c, q of w[o, c, q] * a[c, p * stride - padding + q], c in the group of o
        depthwise     conv2d with as many groups as channels that come in
        dense         y[o] = sum over j of w[o, j] * a[j]
        recurrent     y[o] = sum over j of w[o, j] * a[j] + sum over k of r[o, k] * s[k], s its spikes a step before
        sum_pool      y[c, p] = sum over q of a[c, p * stride - padding + q]
        average_pool  y = sum_pool's, divided by the places of the kernel, rounded down
        max_pool      y = the greatest of the window; places in the padding do not count
        flatten       y = a, row-major: channel, row, column
        add           y = sum of the sources' numbers, which have one shape

    and out comes ``Q`` of neurons driven by ``x = (y << fraction) + bias`` (:class:`.neuron.Neuron`), or, of a layer
    without neurons, ``y + bias``. Padding stands for 0.

    Parameters
    ----------
    name : str
        A Verilog identifier; ``input`` is the network's own.
    kind : str
        As above.
    sources : tuple of str
        Layers that it takes numbers from; by default the one before.
    channels : int
        Channels or neurons that come out of conv2d, depthwise, dense and recurrent; 0 for the others.
    kernel, stride, padding : tuple of int
        Down and right. Kernels are 1 to 15; the stride is 1 to 15; padding is less than the kernel.
    groups : int
        Of conv2d.
    weights : tuple of int
        Row-major: (channels, channels in / groups, down, right) or (channels, numbers in).
    recurrent : tuple of int
        Row-major, (channels, channels): from a neuron's spikes back to all.
    weight_bits : int
        Weights are signed integers of so many bits, 2 to 8.
    bias : tuple of int
        None, one for each channel, or one for each neuron; in units of the membrane.
    neuron : Neuron or None
    omega : int
        Channels that are worked out at once.
    kappa : int
        Parts of the input side that are worked out at once.
    region : int
        Part of the device (SLR) that the layer is in, 0 to 15. What comes from a layer in another one passes a register
        on either side.
    """

    unit: ClassVar[str] = "layer"

    name: str = Field(description="name of the layer, an identifier")
    kind: Kind = Field(description="what it adds up")
    sources: tuple[str, ...] = Field((), description="layers that it takes numbers from")
    channels: int = Field(0, ge=0, le=MAX_CHANNELS, description="channels that come out")
    kernel: tuple[int, int] = Field((1, 1), description="down and right")
    stride: tuple[int, int] = Field((1, 1), description="down and right")
    padding: tuple[int, int] = Field((0, 0), description="down and right")
    groups: int = Field(1, ge=1, le=MAX_CHANNELS, description="groups of a conv2d")
    weights: tuple[int, ...] = Field((), description="row-major")
    recurrent: tuple[int, ...] = Field((), description="row-major, from spikes to neurons")
    weight_bits: int = Field(8, ge=2, le=8, description="bits of a weight")
    bias: tuple[int, ...] = Field((), description="for each channel or neuron, in units of the membrane")
    neuron: Neuron | None = Field(None, description="law of the neurons")
    omega: int = Field(1, ge=1, le=MAX_CHANNELS, description="channels at once")
    kappa: int = Field(1, ge=1, le=256, description="parts of the input side at once")
    region: int = Field(0, ge=0, le=15, description="part of the device")

    def __init__(self, **fields: Any) -> None:
        try:
            super().__init__(**fields)
        except ConfigError as error:
            raise ConfigError(f"layer {fields.get('name', '?')}: {error}") from None

    @field_validator("weights", "recurrent", "bias", mode="before")
    @classmethod
    def _integers(cls, value: Any, info: Any) -> tuple[int, ...]:
        return integers(info.field_name, value)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not _IDENTIFIER.fullmatch(self.name) or self.name in _VERILOG_KEYWORDS or self.name == "input":
            raise ValueError(f"name must be a Verilog identifier other than input, not {self.name!r}")
        weighted = self.kind in WEIGHTED
        for key, wanted in (("channels", weighted), ("weights", weighted), ("recurrent", self.kind == "recurrent")):
            if bool(getattr(self, key)) != wanted:
                raise ValueError(f"{key} must {'be given' if wanted else 'not be given'} for kind={self.kind}")
        low, high = -(1 << (self.weight_bits - 1)), (1 << (self.weight_bits - 1)) - 1
        for key in ("weights", "recurrent"):
            if (row := getattr(self, key)) and (min(row) < low or max(row) > high):
                bad = next(w for w in row if not low <= w <= high)
                raise ValueError(f"{key} must be integers of {self.weight_bits} bits ({low} to {high}), not {bad}")
        if bad := [b for b in self.bias if abs(b) >= 1 << 40]:
            raise ValueError(f"bias must be integers of 40 bits, not {bad[0]}")
        usual = ((1, 1), (1, 1), (0, 0))
        if self.kind not in WINDOWED and (self.kernel, self.stride, self.padding) != usual:
            raise ValueError(f"kernel, stride and padding must not be given for kind={self.kind}")
        for k, s, p in zip(self.kernel, self.stride, self.padding, strict=True):
            if not (1 <= k <= MAX_KERNEL and 1 <= s <= MAX_KERNEL and 0 <= p < k):
                raise ValueError(f"kernel and stride must be 1 to {MAX_KERNEL} and padding less than the kernel, not "
                                 f"{k}, {s} and {p}")  # fmt: skip
        if self.groups > 1 and self.kind != "conv2d":
            raise ValueError(f"groups={self.groups} requires kind=conv2d, not {self.kind}")
        if self.channels % self.groups:
            raise ValueError(f"channels must be a multiple of groups={self.groups}, not {self.channels}")
        if self.kind == "recurrent" and self.neuron is None:
            raise ValueError("kind=recurrent requires a neuron")
        if len(self.sources) > 1 and self.kind != "add":
            raise ValueError(f"sources must be one for kind={self.kind}, not {len(self.sources)}")
        return self

    def matrix(self, channels_in: int) -> np.ndarray:
        """Weights as int64: ``(channels, channels_in / groups, down, right)``, or ``(channels, channels_in)``."""
        flat = np.array(self.weights, np.int64)
        if self.kind in ("conv2d", "depthwise"):
            return flat.reshape(self.channels, channels_in // self.grouped(channels_in), *self.kernel)
        return flat.reshape(self.channels, channels_in)

    def grouped(self, channels_in: int) -> int:
        """Groups, given how many channels come in."""
        return channels_in if self.kind == "depthwise" else self.groups


KINDS: tuple[str, ...] = get_args(Kind)
