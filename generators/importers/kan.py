"""From a trained KAN in torch to tables of integers on its edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...hw.activation.config.kan import MAX_ENTRY_BITS
from ...hw.config import ConfigError
from ..train.kan_layer import curves


@dataclass(frozen=True)
class Numbers:
    """What a layer's integers stand for.

    Parameters
    ----------
    bits : int
        Of the input's code; code c stands for ``low + c * (high - low) / (2^bits - 1)`` of the module's grid.
    scale : float
        One step of a sum.
    table_bits : int
        Entries are clipped to signed integers of so many bits.
    error : float or None
        None: entries are ``clip(round(f(low + c * step) / scale))``. Else every edge gets the fewest bits, and the
        coarsest step ``2^shift * scale``, with which the tables into one neuron are off by at most this many steps of
        the sum together; edges that are that flat become constants. Whole steps need half a step for each edge.
    """

    bits: int
    scale: float
    table_bits: int = 8
    error: float | None = None


def scales(layers: Sequence[Any], bits: Sequence[int], shifts: Sequence[int], logit: float) -> list[float]:
    """Steps of the sums: those of the next layer's codes over ``2^shift``, and of the logits."""
    steps = [(layer.high - layer.low) / ((1 << b) - 1) for layer, b in zip(layers[1:], bits[1:], strict=True)]
    return [step / (1 << shift) for step, shift in zip(steps, shifts, strict=True)] + [logit]


def import_kan(layers: Sequence[Any], numbers: Sequence[Numbers], shifts: Sequence[int],
               network: str = "network") -> dict[str, Any]:  # fmt: skip
    """Fields of a :class:`~nervure.hw.activation.config.kan.KanConfig` with the tables of a torch KAN.

    Parameters
    ----------
    layers : sequence of modules
        Each with the attributes of :class:`nervure.generators.train.kan_layer.KanLayer`; ``mask`` and ``bias`` may be
        missing, ``base`` may be a callable.
    numbers : sequence of Numbers
        One for each layer.
    shifts : sequence of int
        Right shift after each layer but the last; a sum's step is the next code's over ``2^shift`` (:func:`scales`).
    network : str
        Name.

    Raises
    ------
    ConfigError
        If shapes do not fit, a weight is not finite, or an error is asked for that whole steps cannot keep.
    """
    if not layers or len(numbers) != len(layers) or len(shifts) != len(layers) - 1:
        raise ConfigError(f"layers must be as many as numbers, and one more than shifts, not {len(layers)}, "
                          f"{len(numbers)} and {len(shifts)}")  # fmt: skip
    widths = [layers[0].base_weight.shape[1]]
    edges: list[list[int]] = []
    offsets: list[list[int]] = []
    for index, (layer, number) in enumerate(zip(layers, numbers, strict=True)):
        _check(layer, index, widths[-1])
        widths.append(layer.base_weight.shape[0])
        with torch.no_grad():
            points = torch.linspace(layer.low, layer.high, 1 << number.bits)
            functions = (curves(layer, points) / number.scale).double().numpy()
            bias = getattr(layer, "bias", None)
            added = np.zeros(widths[-1]) if bias is None else (bias / number.scale).round().double().numpy()
        if index < len(layers) - 1:
            # Code 0 is the next layer's low; half a step rounds.
            added = added + round(-layers[index + 1].low / number.scale) + ((1 << shifts[index]) >> 1)
        mask = getattr(layer, "mask", None)
        live = np.ones(functions.shape[1:], bool) if mask is None else mask.numpy()
        for target in range(widths[-1]):
            rows, constant = _tables(functions[:, target], np.flatnonzero(live[target]), number)
            added[target] += constant
            edges += [[index, source, target, *row] for source, row in rows]
        offsets.append([int(value) for value in added])
    return {
        "network": network, "widths": widths, "bits": [number.bits for number in numbers],
        "edges": swept(edges, len(layers)), "offsets": offsets, "shifts": list(shifts),
    }  # fmt: skip


def _tables(functions: np.ndarray, sources: np.ndarray,
            number: Numbers) -> tuple[list[tuple[int, list[int]]], int]:  # fmt: skip
    """Rows (bits, shift, entries) of the edges into one neuron by source, and what is constant of them."""
    limit, rows, constant = 1 << (number.table_bits - 1), [], 0
    if number.error is None:
        for source in sources:
            entries = np.clip(np.round(functions[:, source]), -limit, limit - 1).astype(int)
            rows.append((int(source), [_bits(entries), 0, *entries.tolist()]))
        return [row for row in rows if len(set(row[1][2:])) > 1], sum(r[1][2] for r in rows if len(set(r[1][2:])) == 1)
    if number.error < (least := len(sources) / 2):
        raise ConfigError(f"error must be at least {least} steps, half of one for each edge into a neuron, not "
                          f"{number.error}")  # fmt: skip
    budget = number.error / max(1, len(sources))
    shift = min(15, int(np.floor(np.log2(2 * budget)))) if len(sources) else 0
    for source in sources:
        function = functions[:, source]
        middle = int(np.round((function.max() + function.min()) / 2))
        constant += middle
        if np.abs(function - middle).max() <= budget:
            continue
        entries = np.round((function - middle) / (1 << shift)).astype(int)
        entries = np.clip(entries, -(1 << (MAX_ENTRY_BITS - 1)), (1 << (MAX_ENTRY_BITS - 1)) - 1)
        if len(set(entries.tolist())) > 1:
            rows.append((int(source), [_bits(entries), shift, *entries.tolist()]))
        else:
            constant += int(entries[0]) << shift
    return rows, constant


def _bits(entries: np.ndarray) -> int:
    """Bits of the signed integers that hold all entries."""
    return 1 + max(int(entries.max()).bit_length() if entries.max() > 0 else 0,
                   (~int(entries.min())).bit_length() if entries.min() < 0 else 0)  # fmt: skip


def swept(edges: Sequence[Sequence[int]], layers: int) -> list[list[int]]:
    """The edges from which a path leads to the last layer."""
    kept: list[list[int]] = []
    wanted: set[int] | None = None
    for layer in reversed(range(layers)):
        here = [list(row) for row in edges if row[0] == layer and (wanted is None or row[2] in wanted)]
        wanted = {row[1] for row in here}
        kept = here + kept
    return kept


def _check(layer: Any, index: int, inputs: int) -> None:
    outputs = layer.base_weight.shape[0]
    splines = layer.intervals + layer.order if layer.intervals else 0
    wanted = {"base_weight": (outputs, inputs), "spline_weight": (outputs, inputs, splines), "bias": (outputs,),
              "mask": (outputs, inputs)}  # fmt: skip
    for name, shape in wanted.items():
        tensor = getattr(layer, name, None)
        if tensor is None and (name in ("bias", "mask") or not splines):
            continue
        if tensor is None or tuple(tensor.shape) != shape:
            found = None if tensor is None else tuple(tensor.shape)
            raise ConfigError(f"{name} of layer {index} must be of shape {shape}, not {found}")
        if not torch.isfinite(tensor.double()).all():
            bad = tensor.double().flatten()[~torch.isfinite(tensor.double().flatten())][0].item()
            raise ConfigError(f"{name} of layer {index} must be finite, not {bad}")
