"""From real numbers to integers: weights of few bits, and all scales in thresholds and biases."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...golden.snn.real import RealLayer, RealNetwork, RealNeuron
from ...hw.config import ConfigError
from ...hw.fixed import signed_width
from ...hw.snn.config import Facts, SnnConfig
from ...hw.snn.config.layer import WEIGHTED

FINE = 4096
"""Thresholds get fraction bits until the least of them is so large, or there are 8."""
LEAK_BITS = 12
WIDEST = 32


@dataclass(frozen=True)
class Options:
    """How integers are made.

    Parameters
    ----------
    bits : int
        Of weights, 4 to 8.
    scales : str
        ``channel``: each channel has its own step. ``layer``: one for the layer; so it is in any case where neurons are
        reset to a value other than 0, and of layers without neurons, whose numbers are compared or added.
    steps : int
        T.
    code : str
        ``spikes`` or ``counts``.
    input : str
        ``pixels`` (the network's input of 1.0 is 255), ``spikes`` or ``counts``.
    input_high : int
        Of counts.
    output : str
        ``totals`` or ``class``.
    max_spikes : int
        For neurons that may fire any number of times in a step.
    membrane_width : int or None
        By default as many bits as no sum of T steps passes, at most 32.
    """

    bits: int = 8
    scales: str = "channel"
    steps: int = 1
    code: str = "spikes"
    input: str = "spikes"
    input_high: int = 1
    output: str = "totals"
    max_spikes: int = 15
    membrane_width: int | None = None


def quantise(network: RealNetwork, options: Options | None = None) -> SnnConfig:
    """The network in integers.

    A channel's weights w become ``round(w / e)``, e their greatest magnitude over ``2^(bits-1) - 1``. A membrane of one
    unit then stands for ``e * gain * 2^-fraction``, and thresholds, biases and rests are divided by that; nothing is
    rescaled when the network runs. Means of pools become sums, and their divisors go into the next weights' e. Leaks
    become multiples of 2^-12.

    Raises
    ------
    ConfigError
        If shapes do not chain, a number is not finite, or a law needs what neurons of integers do not have: leaks that
        differ inside a layer, or values of a reset that do.
    """
    asked = options or Options()
    if not 4 <= asked.bits <= 8:
        raise ConfigError(f"bits must be 4 to 8, not {asked.bits}")
    if asked.scales not in ("channel", "layer"):
        raise ConfigError(f"scales must be channel or layer, not {asked.scales!r}")
    facts = chained(network, asked).facts
    units: dict[str, float] = {"input": 1 / 255 if asked.input == "pixels" else 1.0}
    joint = _joint(network, asked, units)
    rows: list[dict[str, Any]] = []
    for layer in network.layers:
        row, unit = _layer(layer, facts[layer.name], units, asked, joint.get(layer.name))
        units[layer.name] = unit
        rows.append(row)
    made = SnnConfig(**_head(network, asked), layers=rows)
    if asked.membrane_width is None:
        rows = [_held(row, made.facts[row["name"]], asked) for row in rows]
        made = SnnConfig(**_head(network, asked), layers=rows)
    return made


def chained(network: RealNetwork, options: Options | None = None) -> SnnConfig:
    """The network with weights of 0 and no neurons: its shapes, or the sentence about those that do not chain."""
    rows = []
    for layer in network.layers:
        row = _plain(layer)
        for key in ("weight", "recurrent"):
            if (tensor := getattr(layer, key)) is not None:
                row["weights" if key == "weight" else key] = np.zeros(tensor.numel(), np.int64)
        if layer.kind in WEIGHTED:
            row["kind"] = "dense" if layer.kind == "recurrent" else layer.kind
            row.pop("recurrent", None)
        rows.append(row)
    return SnnConfig(**_head(network, options or Options()) | {"code": "spikes", "output": "totals"}, layers=rows)


def _head(network: RealNetwork, asked: Options) -> dict[str, Any]:
    said = {"network": network.name[:64] or "network", "input_shape": network.input_shape, "input": asked.input,
            "input_high": asked.input_high, "steps": asked.steps, "code": asked.code,
            "output": asked.output}  # fmt: skip
    return said | {key: value for key, value in network.facts.items() if value is not None}


def _plain(layer: RealLayer) -> dict[str, Any]:
    """What integers do not change."""
    row: dict[str, Any] = {"name": layer.name, "kind": layer.kind, "sources": layer.sources}
    if layer.weight is not None:
        row["channels"] = len(layer.weight)
    if layer.kind in ("conv2d", "depthwise", "sum_pool", "average_pool", "max_pool"):
        row |= {"kernel": layer.kernel, "stride": layer.stride, "padding": layer.padding, "groups": layer.groups}
    return row


def _layer(layer: RealLayer, facts: Facts, units: Mapping[str, float], asked: Options,
           joint: float | None) -> tuple[dict[str, Any], float]:  # fmt: skip
    """A layer's fields, and the number that one stands for of what comes out."""
    row = _plain(layer)
    unit = units[layer.sources[0]]
    if other := [name for name in layer.sources if not math.isclose(units[name], unit, rel_tol=1e-9)]:
        raise ConfigError(f"layer {layer.name} (add) must take sources of one unit, but one of {layer.sources[0]} "
                          f"stands for {unit:g} and one of {other[0]} for {units[other[0]]:g}; nearest: a 1x1 "
                          "convolution in the shortcut, or neurons before the sum")  # fmt: skip
    if layer.kind == "average_pool":
        row["kind"] = "sum_pool"
        unit /= layer.kernel[0] * layer.kernel[1]
    scale = torch.full((facts.shape[0],), unit, dtype=torch.float64)
    if layer.weight is not None:
        scale = _scales(layer, asked, joint / unit if joint else None) * unit
        shaped = (scale / unit).reshape(-1, *[1] * (layer.weight.dim() - 1))
        row |= {"weights": (layer.weight / shaped).round().long().numpy(), "weight_bits": asked.bits}
        if layer.recurrent is not None:
            # What comes back are the layer's own spikes, of unit 1.
            row["recurrent"] = _clipped((layer.recurrent / scale[:, None]).round(), asked.bits)
    law = layer.neuron
    bias = torch.zeros(1, dtype=torch.float64) if layer.bias is None else layer.bias.double()
    if law is None:
        if bias.any():
            row["bias"] = (bias / scale).round().long().numpy()
        return row, float(scale[0])
    fields, driven = _neuron(layer, law, scale, bias, facts, asked)
    row |= {"neuron": fields, "bias": _few(driven, facts.shape) if driven.any() else ()}
    return row, 1.0


def _neuron(layer: RealLayer, law: RealNeuron, scale: Tensor, bias: Tensor, facts: Facts,
            asked: Options) -> tuple[dict[str, Any], Tensor]:  # fmt: skip
    """Fields of the neuron's law, and the bias in units of the membrane."""
    column = (-1, *[1] * (len(facts.shape) - 1))
    for key in ("threshold", "gain", "beta", "rest", "reset_value", "alpha"):
        tensor = getattr(law, key)
        if tensor is None:
            continue
        if not bool(torch.isfinite(tensor).all()):
            raise ConfigError(f"{key} of layer {layer.name} must be finite, not {float(tensor.max())}")
        if key in ("threshold", "gain") and not bool((tensor > 0).all()):
            raise ConfigError(f"{key} of layer {layer.name} must be more than 0, not {float(tensor.min()):g}")
    unit = scale.reshape(column) * law.gain
    theta = (law.threshold / unit).broadcast_to(facts.shape)
    fraction = next((f for f in range(9) if float(theta.min()) * (1 << f) >= FINE), 8)
    fine = 1 << fraction
    beta, reset = _one(layer, "beta", law.beta), law.reset
    value = 0
    if reset == "value":
        values = (law.reset_value / unit * fine).broadcast_to(facts.shape)
        value = round(_one(layer, "reset_value", values))
    thresholds = (theta * fine).round().clamp(min=1)
    if asked.max_spikes < 1:
        raise ConfigError(f"max_spikes must be at least 1, not {asked.max_spikes}")
    fields: dict[str, Any] = {
        "threshold": _few(thresholds, facts.shape, single=True),
        "compare": law.compare, "reset": reset, "reset_value": value,
        "reset_delay": law.reset_delay, "rearm": law.rearm, "max_spikes": law.max_spikes or asked.max_spikes,
        "floor": "threshold" if law.floor else "none",
        "fraction": fraction, "membrane_width": asked.membrane_width or WIDEST, **_leak("leak", beta),
    }  # fmt: skip
    if law.alpha is not None:
        left = _leak("current", _one(layer, "alpha", law.alpha))
        fields |= {"current": "none", **left, "current_order": law.order, "current_width": fields["membrane_width"]}
    if law.alpha is not None and law.rest.any():
        raise ConfigError(f"rest of layer {layer.name} must be 0 with a synaptic current, not {float(law.rest.max()):g}"
                          "; nearest: a bias of the layer before")  # fmt: skip
    driven = (bias.reshape(column) / scale.reshape(column) + law.rest / unit) * fine
    return fields, driven.broadcast_to(facts.shape).round()


def _scales(layer: RealLayer, asked: Options, joint: float | None) -> Tensor:
    """The step of each channel's weights."""
    assert layer.weight is not None
    top = (1 << (asked.bits - 1)) - 1
    for key in ("weight", "bias", "recurrent"):
        tensor = getattr(layer, key)
        if tensor is not None and not torch.isfinite(tensor).all():
            bad = tensor[~torch.isfinite(tensor)][0].item()
            raise ConfigError(f"{key} of layer {layer.name} must be finite, not {bad}")
    reach = layer.weight.double().abs().flatten(1).amax(1)
    if layer.recurrent is not None:
        reach = torch.maximum(reach, layer.recurrent.double().abs().amax(1))
    law = layer.neuron
    if law is None or asked.scales == "layer" or (law.reset == "value" and bool((law.reset_value != 0).any())):
        reach = reach.amax().expand(len(reach))
    # A channel without weights has any step: that of the layer's largest.
    reach = torch.where(reach > 0, reach, reach.amax().clamp(min=1e-30))
    return torch.full_like(reach, joint) if joint else reach / top


def _joint(network: RealNetwork, asked: Options, units: Mapping[str, float]) -> dict[str, float]:
    """One step for the layers without neurons whose numbers one layer adds up."""
    by, found = {layer.name: layer for layer in network.layers}, {}
    top = (1 << (asked.bits - 1)) - 1
    for layer in network.layers:
        before = [by.get(name) for name in layer.sources]
        parts = [one for one in before if one is not None and one.weight is not None and one.neuron is None]
        if layer.kind == "add" and len(parts) == len(before) > 1:
            # Spikes come into them all, unless they are the first.
            reach = max(float(one.weight.abs().max()) * units.get(one.sources[0], 1.0)
                        for one in parts if one.weight is not None)  # fmt: skip
            found |= {one.name: reach / top for one in parts}
    return found


def _leak(name: str, beta: float) -> dict[str, Any]:
    """The fields of a leak that leaves a share beta of the membrane."""
    if not 0 <= beta <= 1:
        raise ConfigError(f"{'beta' if name == 'leak' else 'alpha'} must be 0 to 1, not {beta:g}")
    part = round(beta * (1 << LEAK_BITS))
    if part == 1 << LEAK_BITS:
        return {name: "none"}
    return {name: "multiplier", f"{name}_multiplier": part, f"{name}_shift": LEAK_BITS}


def _held(row: dict[str, Any], facts: Facts, asked: Options) -> dict[str, Any]:
    """The row with a membrane that no sum of all steps passes, as far as :data:`WIDEST` goes."""
    if "neuron" not in row:
        return row
    law, passes = row["neuron"], 1 if asked.code == "counts" else asked.steps
    most = max(int(np.max(law["threshold"])), abs(law["reset_value"]))
    low, high = (min(-most, facts.driven[0] * passes - most), max(most, facts.driven[1] * passes + most))
    if law.get("current", "absent") != "absent":
        low, high = low * passes, high * passes
    width = min(WIDEST, max(4, signed_width(low, high)))
    law = law | {"membrane_width": width}
    return row | {"neuron": law | ({"current_width": width} if "current" in law else {})}


def _one(layer: RealLayer, key: str, values: Tensor) -> float:
    """The number that all of a layer's neurons share."""
    least, most = float(values.min()), float(values.max())
    if not math.isclose(least, most, rel_tol=1e-6, abs_tol=1e-12):
        raise ConfigError(f"{key} of layer {layer.name} must be one number for all its neurons, not {least:g} to "
                          f"{most:g}; nearest: neurons in layers of their own")  # fmt: skip
    return least


def _few(values: Tensor, shape: tuple[int, ...], single: bool = False) -> np.ndarray:
    """Integers, as few as say it: one (of thresholds), one a channel, or one a neuron."""
    flat = values.broadcast_to(shape).reshape(shape[0], -1).long()
    if bool((flat == flat[:, :1]).all()):
        flat = flat[:, :1]
    if single and bool((flat == flat[:1, :1]).all()):
        flat = flat[:1, :1]
    return flat.flatten().numpy()


def _clipped(values: Tensor, bits: int) -> np.ndarray:
    top = (1 << (bits - 1)) - 1
    return values.clamp(-top, top).long().numpy()
