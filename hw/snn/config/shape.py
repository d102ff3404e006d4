"""What follows from layers one after the other: shapes, the least and greatest numbers, cycles."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .layer import WEIGHTED, WINDOWED, Layer

Shape = tuple[int, ...]
Range = tuple[int, int]
SYNAPSES = 8
"""Spikes and weights that a neuron core takes in a cycle."""


def shape_of(layer: Layer, sources: Mapping[str, Shape]) -> Shape:
    """The shape that a layer gives, for its sources' shapes by name.

    Raises
    ------
    ValueError
        If shapes do not chain; names both layers and shapes.
    """
    name, shape = next(iter(sources.items()))

    def wrong(wants: str) -> ValueError:
        return ValueError(f"layer {layer.name} ({layer.kind}) must take {wants}, but {name} gives shape {shape}")

    match layer.kind:
        case "flatten":
            return (prod(shape),)
        case "add":
            for other, found in sources.items():
                if found != shape:
                    raise ValueError(f"layer {layer.name} (add) must take sources of one shape, but {name} gives shape "
                                     f"{shape} and {other} {found}")  # fmt: skip
            return shape
        case "dense" | "recurrent":
            inputs, rest = divmod(len(layer.weights), layer.channels)
            if rest:
                raise ValueError(f"weights of layer {layer.name} must be a multiple of its {layer.channels} channels, "
                                 f"not {len(layer.weights)}")  # fmt: skip
            if shape != (inputs,):
                raise wrong(f"shape ({inputs},)")
            if layer.kind == "recurrent" and len(layer.recurrent) != layer.channels**2:
                raise ValueError(f"recurrent of layer {layer.name} must be {layer.channels**2} weights, not "
                                 f"{len(layer.recurrent)}")  # fmt: skip
            return (layer.channels,)
    if len(shape) != 3:
        raise wrong("a shape (channels, rows, columns)")
    channels = shape[0]
    if layer.kind in WEIGHTED:
        groups = layer.grouped(channels)
        each = layer.channels * prod(layer.kernel)
        if channels % groups or layer.channels % groups or len(layer.weights) != each * (channels // groups):
            wants = len(layer.weights) / each * layer.groups
            raise wrong(f"{wants:g} channels in {layer.groups} groups" if layer.kind == "conv2d" else
                        f"channels that divide its {layer.channels}, {len(layer.weights)} weights of kernel "
                        f"{layer.kernel}")  # fmt: skip
        channels = layer.channels
    sides = tuple((n + 2 * p - k) // s + 1 for n, k, s, p in
                  zip(shape[1:], layer.kernel, layer.stride, layer.padding, strict=True))  # fmt: skip
    if min(sides) < 1:
        raise wrong(f"at least {layer.kernel[0] - 2 * layer.padding[0]} rows and "
                    f"{layer.kernel[1] - 2 * layer.padding[1]} columns")  # fmt: skip
    return (channels, *sides)


def sums_of(layer: Layer, shape: Shape, sources: Mapping[str, Range], spikes: Range) -> Range:
    """Least and greatest y, without bias, for the sources' ranges and, of a recurrent layer, its own spikes'."""
    ranges = list(sources.values())
    if layer.kind == "add":
        return sum(low for low, _ in ranges), sum(high for _, high in ranges)
    low, high = ranges[0]
    if layer.kind in WEIGHTED:
        rows = layer.matrix(shape[0]).reshape(layer.channels, -1)
        ends = [(rows, low, high)]
        if layer.kind == "recurrent":
            ends.append((np.array(layer.recurrent, np.int64).reshape(layer.channels, -1), *spikes))
        least = sum(np.minimum(w * a, w * b).sum(1) for w, a, b in ends)
        most = sum(np.maximum(w * a, w * b).sum(1) for w, a, b in ends)
        # Places in the padding give 0: the sum over a part of the window may be more than that over all of it.
        if layer.kind in WINDOWED and any(layer.padding):
            least = np.minimum(rows * low, rows * high).clip(max=0).sum(1)
            most = np.maximum(rows * low, rows * high).clip(min=0).sum(1)
        return int(np.min(least)), int(np.max(most))
    if layer.kind == "sum_pool":
        count = prod(layer.kernel)
        return min(0, low * count) if any(layer.padding) else low * count, max(0, high * count)
    return (min(low, 0), max(high, 0)) if layer.kind == "average_pool" else (low, high)


class Walk(NamedTuple):
    """How a layer's line buffer goes from window to window of a time step: a token a cycle, padding included.

    Parameters
    ----------
    rows, columns : int
        Windows.
    within, down, over : int
        Tokens from a window to the next of its row, to the first of the next row, to the first of the next step.
    scanned : (int, int)
        Rows and columns of the tokens, those of the padding included.
    """

    rows: int
    columns: int
    within: int
    down: int
    over: int
    scanned: tuple[int, int]

    def cycles(self, steps: Any) -> Any:
        """Cycles of one time step, sources always ready, for cores that take so many for a window (or an array).

        ``rows (columns - 1) max(steps, within) + (rows - 1) max(steps, down) + max(steps, over)``: with cores that take
        longer than any walk it is ``rows columns steps``.
        """
        steps = np.asarray(steps)
        row = (self.columns - 1) * np.maximum(steps, self.within)
        return self.rows * row + (self.rows - 1) * np.maximum(steps, self.down) + np.maximum(steps, self.over)


def grid_of(shape: Shape) -> Shape:
    """(channels, rows, columns) of a map, or of a list of numbers in one token."""
    return shape if len(shape) == 3 else (shape[0], 1, 1)


def gathers(layer: Layer, grids: tuple[Shape, ...]) -> bool:
    """Whether a layer's window is all tokens of a step, for its sources' (channels, rows, columns)."""
    return layer.kind in ("dense", "recurrent") or (layer.kind == "add" and len(set(grids)) > 1)


def grid_after(layer: Layer, grids: tuple[Shape, ...], shape: Shape) -> Shape:
    """(channels, rows, columns) of a layer's tokens: a flatten's are still those of its map."""
    return grid_of(shape) if gathers(layer, grids) or layer.kind in WINDOWED else grids[0]


def walk_of(layer: Layer, grids: tuple[Shape, ...], shape: Shape) -> Walk:
    """The walk over the first source's tokens."""
    _, *sides = grids[0]
    if gathers(layer, grids):
        return Walk(1, 1, 1, 1, prod(sides), (1, prod(sides)))
    _, rows, columns = grid_after(layer, grids, shape)
    usual = ((1, 1), (1, 1), (0, 0))
    kernel, stride, padding = (layer.kernel, layer.stride, layer.padding) if layer.kind in WINDOWED else usual
    each = zip(sides, (rows, columns), kernel, stride, padding, strict=True)
    down, right = (max(n + p, (out - 1) * s + k) for n, out, k, s, p in each)
    row = (columns - 1) * stride[1]
    return Walk(rows, columns, stride[1], right * stride[0] - row,
                down * right - (rows - 1) * stride[0] * right - row, (down, right))  # fmt: skip


def rounds_of(layer: Layer, synapses: int, omega: Any, kappa: Any) -> tuple[Any, Any]:
    """How often the cores go over a window's channels and over its synapses (ints or arrays): ``ceil(channels /
    omega)`` and ``ceil(synapses / (8 kappa))``; 1 for layers without weights."""
    if layer.kind not in WEIGHTED:
        return 1, 1
    return -(-layer.channels // omega), -(-synapses // (SYNAPSES * kappa))


def fan_in(layer: Layer, source: Shape) -> int:
    """Synapses of one neuron."""
    return (len(layer.weights) + len(layer.recurrent)) // layer.channels if layer.channels else prod(source[:1])
