"""What a spiking network is: layers of integers, time steps, the code between layers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from math import prod
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from pydantic import Field, model_validator

from ...config import Config, ConfigError
from ...fixed import signed_width
from .layer import WEIGHTED, Layer
from .shape import Range, Shape, Walk, fan_in, grid_after, grid_of, rounds_of, shape_of, sums_of, walk_of

MAX_LAYERS, MAX_WEIGHTS, MAX_NEURONS, MAX_STEPS = 256, 1 << 24, 1 << 22, 1024


class Facts(NamedTuple):
    """What follows for one layer.

    Parameters
    ----------
    sources : tuple of str
    source_shape, shape : tuple of int
        Of the first source, and what comes out.
    sums : (int, int)
        Least and greatest sum y, bias not added.
    driven : (int, int)
        Least and greatest x that drives a neuron, or, without neurons, what comes out: bias added.
    values : (int, int)
        Least and greatest number that comes out.
    synapses : int
        Of one neuron.
    walk : Walk
        From window to window.
    cycles : int
        Of one time step: ``walk.cycles(ceil(synapses / (8 kappa)) * ceil(channels / omega))``.
    grids, grid : tuple
        (channels, rows, columns) of the tokens of each source, and of its own.
    """

    sources: tuple[str, ...]
    source_shape: Shape
    shape: Shape
    sums: Range
    driven: Range
    values: Range
    synapses: int
    walk: Walk
    cycles: int
    grids: tuple[Shape, ...]
    grid: Shape

    @property
    def sum_width(self) -> int:
        """Bits of a sum in two's complement."""
        return signed_width(min(0, *self.sums), max(0, *self.sums))


class SnnConfig(Config):
    """A network of :class:`.layer.Layer`, run for T = ``steps`` time steps from states of 0.

    With code=spikes every layer takes and gives one number a neuron in each step (0 or 1, or what its neurons say), and
    the output is the sum over the steps of what the last layer gives. Images of pixels are the same in every step.

    With code=counts (sum-spikes-and-fire) layers pass the numbers n of spikes of all T steps, 0..T, once:
    ``V = (sum of w * n << fraction) + T * bias`` and ``n' = clip(floor(V / theta), 0, T)``; each weight is read once.
    That is the law of neurons with max_spikes=T, compare=>=, reset=none and no leak, run for one step.

    Parameters
    ----------
    network : str
        What the network is called.
    input_shape : tuple of int
        (channels, rows, columns) or (numbers,).
    input : str
        ``pixels``: 0..255, the first layer multiplies. ``spikes``: 0 or 1. ``counts``: 0 to input_high.
    input_high : int
        Greatest number of input=counts, 1 to 255.
    steps : int
        T, 1 to 1024; with code=counts at most 255.
    code : str
        ``spikes`` or ``counts``.
    layers : tuple of Layer
        In an order in which every layer comes after its sources.
    output : str
        ``totals``: the sums over the steps. ``class``: the number of the greatest, the first of equal ones.
    semantics : str
        Rules of which tool the importer followed: ``nir``, ``sinabs``, ``snntorch``, ``norse``, or ``own``. For the
        record: the neurons say all.
    step_seconds : float or None
        Length of a time step by which the importer worked out leaks. For the record.
    gate : str
        How a spike of 0 or 1 meets its weight. ``reset``: a silent spike resets the weight's register. ``and``: logic
        before it, for comparison.
    interface : str
        ``stream``: the layers' buffers are a part of the unit.
    module, reset, reset_active
        As in :class:`nervure.hw.config.Config`.

    Sources: DeepFire2, arXiv 2305.05187; sum-spikes-and-fire, arXiv 2406.06543.
    """

    unit: ClassVar[str] = "snn"

    network: str = Field("network", min_length=1, max_length=64, description="name of the network")
    input_shape: tuple[int, ...] = Field((), description="channels, rows, columns, or numbers")
    input: Literal["pixels", "spikes", "counts"] = Field("spikes", description="what comes in")
    input_high: int = Field(1, ge=1, le=255, description="greatest number of input=counts")
    steps: int = Field(1, ge=1, le=MAX_STEPS, description="time steps T")
    code: Literal["spikes", "counts"] = Field("spikes", description="what layers pass")
    layers: tuple[Layer, ...] = Field((), description="in order")
    output: Literal["totals", "class"] = Field("totals", description="what comes out")
    semantics: Literal["own", "nir", "sinabs", "snntorch", "norse"] = Field("own", description="importer's rules")
    step_seconds: float | None = Field(None, gt=0, allow_inf_nan=False, description="importer's time step")
    gate: Literal["reset", "and"] = Field("reset", description="how a spike meets its weight")
    interface: Literal["stream"] = Field("stream", description="handshake")

    def __init__(self, **fields: Any) -> None:
        rows = fields.get("layers", ())
        if isinstance(rows, list | tuple):
            if len(rows) > MAX_LAYERS:
                raise ConfigError(f"layers must be at most {MAX_LAYERS}, not {len(rows)}")
            # Made here, a layer's own sentence is the one that is read.
            fields["layers"] = tuple(Layer(**row) if isinstance(row, Mapping) else row for row in rows)
        super().__init__(**fields)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(self.input_shape) not in (1, 3) or min(self.input_shape) < 1 or prod(self.input_shape) > MAX_NEURONS:
            raise ValueError(f"input_shape must be (channels, rows, columns) or (numbers,) of at most {MAX_NEURONS} "
                             f"numbers, not {self.input_shape}")  # fmt: skip
        if not self.layers:
            raise ValueError("layers must be at least one, not none")
        if self.input_high > 1 and self.input != "counts":
            raise ValueError(f"input_high={self.input_high} requires input=counts, not input={self.input}")
        if self.code == "counts" and self.steps > 255:
            raise ValueError(f"steps must be at most 255 with code=counts, not {self.steps}")
        if (found := sum(len(layer.weights) + len(layer.recurrent) for layer in self.layers)) > MAX_WEIGHTS:
            raise ValueError(f"weights must be at most {MAX_WEIGHTS} in all, not {found}")
        names = [layer.name for layer in self.layers]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"names of layers must be different, not twice {twice[0]}")
        for at, layer in enumerate(self.layers):
            for source in layer.sources:
                if source != "input" and source not in names[:at]:
                    raise ValueError(f"sources of layer {layer.name} must be input or layers before it, not {source}")
            self._coded(layer)
        taken = {source for facts in self.facts.values() for source in facts.sources}
        if idle := [name for name in names[:-1] if name not in taken]:
            raise ValueError(f"layer {idle[0]} must be a source of another layer, or the last one")
        if self.output == "class" and prod(self.shape) < 2:
            raise ValueError(f"output=class requires at least 2 outputs, not {prod(self.shape)}")
        return self

    def _coded(self, layer: Layer) -> None:
        law = layer.neuron
        if self.code == "spikes" or law is None:
            return
        wanted = {"max_spikes": self.steps, "compare": ">=", "reset": "none", "leak": "none", "current": "absent",
                  "levels": 0, "refractory": 0}  # fmt: skip
        for key, value in wanted.items():
            if (found := getattr(law, key)) != value:
                raise ValueError(f"code=counts requires {key}={value} of neurons, not {found} (layer {layer.name})")
        if layer.kind == "recurrent":
            raise ValueError(f"code=counts requires layers without recurrence, not layer {layer.name}")

    @cached_property
    def facts(self) -> dict[str, Facts]:
        """What follows for each layer, by name.

        Raises
        ------
        ValueError
            If shapes do not chain, or thresholds or biases are not as many as channels or neurons.
        """
        shapes: dict[str, Shape] = {"input": self.input_shape}
        ranges: dict[str, Range] = {"input": (0, self.highest_input)}
        grids: dict[str, Shape] = {"input": grid_of(self.input_shape)}
        found: dict[str, Facts] = {}
        before = "input"
        for layer in self.layers:
            sources = layer.sources or (before,)
            law = layer.neuron
            source_shape = shapes[sources[0]]
            shape = shape_of(layer, {name: shapes[name] for name in sources})
            if prod(shape) > MAX_NEURONS:
                raise ValueError(f"layer {layer.name} must have at most {MAX_NEURONS} neurons, not {prod(shape)}")
            fires = (0, law.highest) if law else (0, 0)
            sums = sums_of(layer, source_shape, {name: ranges[name] for name in sources}, fires)
            _each(layer.name, "bias", layer.bias, shape, empty=True)
            if law:
                _each(layer.name, "threshold", law.threshold, shape)
            times = self.steps if self.code == "counts" else 1
            left = law.fraction if law else 0
            low, high = (min(layer.bias), max(layer.bias)) if layer.bias else (0, 0)
            driven = (sums[0] << left) + low * times, (sums[1] << left) + high * times
            values = fires if law else driven
            if max(-driven[0], driven[1]) >= 1 << 47:
                raise ValueError(f"sums of layer {layer.name} must be less than 2^47, not {max(-driven[0], driven[1])}")
            shapes[layer.name], ranges[layer.name] = shape, values
            synapses, taken = fan_in(layer, source_shape), tuple(grids[name] for name in sources)
            walk, rounds = walk_of(layer, taken, shape), rounds_of(layer, synapses, layer.omega, layer.kappa)
            grids[layer.name] = grid = grid_after(layer, taken, shape)
            found[layer.name] = Facts(sources, source_shape, shape, sums, driven, values, synapses, walk,
                                      int(walk.cycles(prod(rounds))), taken, grid)  # fmt: skip
            before = layer.name
        return found

    @property
    def highest_input(self) -> int:
        """The greatest number that comes in."""
        return 255 if self.input == "pixels" else self.input_high

    @property
    def shape(self) -> Shape:
        """Of what comes out of the last layer."""
        return self.facts[self.layers[-1].name].shape

    @property
    def passes(self) -> int:
        """How often a frame goes through the layers: once for each time step, or once."""
        return 1 if self.code == "counts" else self.steps

    @property
    def total_range(self) -> Range:
        """Least and greatest total."""
        low, high = self.facts[self.layers[-1].name].values
        return low * self.passes, high * self.passes

    @property
    def cycles(self) -> int:
        """Cycles of a frame when nothing waits: those of the slowest layer, or a token of the input in each; all
        passes."""
        return self.passes * max(self.tokens, *(facts.cycles for facts in self.facts.values()))

    @property
    def tokens(self) -> int:
        """Places of the input."""
        return prod(self.input_shape[1:])

    @property
    def num_weights(self) -> int:
        """Weights of all layers."""
        return sum(len(layer.weights) + len(layer.recurrent) for layer in self.layers)

    @property
    def num_parameters(self) -> int:
        """Weights, biases and thresholds of all layers."""
        return self.num_weights + sum(len(layer.bias) + (len(layer.neuron.threshold) if layer.neuron else 0)
                                      for layer in self.layers)  # fmt: skip

    def to_toml(self) -> str:
        """TOML that :meth:`from_toml` reads back to an equal config; weights stand in it, a row a line."""
        from .stored import toml

        return toml(self)

    def derived_name(self) -> str:
        """``snn_NETWORK_DIGEST``: weights have no shorter name."""
        label = "".join(c if c.isalnum() and c.isascii() else "_" for c in self.network)[:32].strip("_") or "network"
        options = [value for key, usual in (("output", "totals"), ("gate", "reset"))
                   if (value := getattr(self, key)) != usual]  # fmt: skip
        return "_".join([f"snn_{label}", *options, *self.reset_words, self.digest[:8]])


def _each(layer: str, key: str, values: tuple[int, ...], shape: Shape, empty: bool = False) -> None:
    """Raises ValueError unless there is one number, one for each channel, or one for each neuron (or none)."""
    if len(values) not in {0 if empty else 1, shape[0], prod(shape)}:
        raise ValueError(f"{key} of layer {layer} must be {'none' if empty else 'one'}, {shape[0]} or {prod(shape)} "
                         f"numbers, not {len(values)}")  # fmt: skip


def spread(values: tuple[int, ...], shape: Shape) -> np.ndarray:
    """One number for each channel or neuron, or one, as int64 that broadcasts over the shape."""
    array = np.array(values, np.int64)
    if len(values) == prod(shape):
        return array.reshape(shape)
    return array.reshape(-1, *[1] * (len(shape) - 1))


__all__ = ["WEIGHTED", "Facts", "Layer", "SnnConfig", "spread"]
