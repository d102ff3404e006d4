"""From torch modules and snnTorch's to networks of real numbers: a chain, batch norm folded into the weights before it.

Modules come as objects (:func:`from_modules`), or as a file that holds tensors, numbers and words alone
(:func:`portable`, saved by ``torch.save`` and read with weights only: no code of the file runs).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ...golden.snn.real import RealLayer, RealNetwork, RealNeuron
from ...hw.config import ConfigError
from ...hw.snn.config import MAX_LAYERS
from .names import MAX_NUMBERS, Names, readable

NEAREST = {
    "Conv1d": "Conv2d with a kernel of one row", "ReLU": "QuantReLU by counts: pass calibration images",
    "Sigmoid": "snntorch.Leaky", "Tanh": "snntorch.Leaky", "RLeaky": "a NIR graph with a recurrent edge",
    "RSynaptic": "a NIR graph with a recurrent edge", "LSTM": "a NIR graph with a recurrent CubaLIF",
    "LayerNorm": "BatchNorm2d", "AdaptiveAvgPool2d": "AvgPool2d with a kernel",
}  # fmt: skip
PASSED = ("Dropout", "Dropout2d", "Identity")


def from_modules(model: nn.Module, input_shape: tuple[int, ...], name: str = "network",
                 calibration: Tensor | None = None, steps: int = 1) -> RealNetwork:  # fmt: skip
    """The network of a Sequential (which may hold others) of torch and snnTorch modules.

    Conv2d, Linear, BatchNorm, Flatten, MaxPool2d, AvgPool2d, Dropout (passed over), snntorch.Leaky and
    snntorch.Synaptic. A ReLU becomes counts of ``steps`` steps (code=counts): its greatest number on the calibration
    images, but for one in a thousand, is worth T spikes, and half a spike rounds.

    Parameters
    ----------
    model : module
    input_shape : tuple of int
    name : str
    calibration : Tensor or None
        Images ``(images, *input_shape)``, 0..1; for ReLU.
    steps : int
        T; for ReLU.

    Raises
    ------
    ConfigError
        If a module is not supported; the sentence names it, the reason and the nearest form.
    """
    layers: list[RealLayer] = []
    names = Names()
    x = None if calibration is None else calibration.double()
    semantics = "own"
    counting = False
    for key, module in _chain(model, ""):
        kind = type(module).__name__
        if kind in PASSED:
            continue
        if kind in ("BatchNorm1d", "BatchNorm2d"):
            if not layers or layers[-1].weight is None or layers[-1].neuron is not None:
                raise ConfigError(f"module {key} ({kind}) must follow a Conv2d or Linear, into which it is folded")
            layers[-1] = folded(layers[-1], module)
        elif kind in ("Leaky", "Synaptic"):
            semantics = "snntorch"
            law = _snntorch(key, module)
            if not layers or layers[-1].neuron is not None:
                layers.append(RealLayer(names.of(key, kind), "add", ()))
            layers[-1] = replace(layers[-1], neuron=law)
        elif kind == "ReLU":
            if x is None:
                raise ConfigError(f"module {key} (ReLU) is not supported without numbers to scale it; nearest: "
                                  f"{NEAREST['ReLU']}")  # fmt: skip
            if not layers or layers[-1].neuron is not None:
                raise ConfigError(f"module {key} (ReLU) must follow a Conv2d, Linear or BatchNorm")
            x = x.clamp(min=0)
            flat = x.flatten()
            limit = float(flat.kthvalue(max(1, math.floor(len(flat) * 0.999))).values) or 1.0
            layers[-1] = _counting(layers[-1], limit, steps)
            # The layers after take counts of 0..T, one of which stands for limit / T.
            layers.append(RealLayer("", "scale", (), weight=torch.tensor(limit / steps, dtype=torch.float64)))
            counting = True
            continue
        else:
            layers.append(_layer(key, kind, module, names.of(key or kind, kind)))
        if x is not None and kind not in ("Leaky", "Synaptic"):
            with torch.no_grad():
                x = module.double().eval()(x)
    rows = list(_scaled(layers))
    if counting:
        # A bias counts T times.
        rows = [replace(layer, bias=layer.bias / steps) if layer.neuron is None and layer.bias is not None else layer
                for layer in rows]  # fmt: skip
    return RealNetwork(name, tuple(input_shape), tuple(rows), {"semantics": semantics})


def folded(layer: RealLayer, norm: Any) -> RealLayer:
    """The layer with a batch norm in its weights and bias: ``gamma (y - mean) / sqrt(var + eps) + beta``."""
    assert layer.weight is not None
    if norm.running_mean is None:
        raise ConfigError(f"batch norm after layer {layer.name} must have running statistics, not none")
    factor = 1 / (norm.running_var.detach().double() + norm.eps).sqrt()
    shift = torch.zeros_like(factor)
    if norm.affine:
        factor, shift = factor * norm.weight.detach().double(), norm.bias.detach().double()
    bias = layer.bias if layer.bias is not None else torch.zeros_like(factor)
    return replace(layer, weight=layer.weight * factor.reshape(-1, *[1] * (layer.weight.dim() - 1)),
                   bias=(bias - norm.running_mean.detach().double()) * factor + shift)  # fmt: skip


def _counting(layer: RealLayer, limit: float, steps: int) -> RealLayer:
    """Neurons that give ``clip(floor(T y / limit + 1/2), 0, T)``; the network adds a bias T times."""
    theta = limit / steps
    bias = layer.bias if layer.bias is not None else torch.zeros(1, dtype=torch.float64)
    law = RealNeuron(torch.tensor(theta, dtype=torch.float64), ">=", "none", max_spikes=steps)
    count = len(layer.weight) if layer.weight is not None else 1
    return replace(layer, bias=((bias + theta / 2) / steps).expand(count).clone(), neuron=law)


def _scaled(layers: list[RealLayer]) -> Iterator[RealLayer]:
    """Layers without the marks of scale, these being in the next weights."""
    scale, before = 1.0, "input"
    for layer in layers:
        if layer.kind == "scale":
            assert layer.weight is not None
            scale = float(layer.weight)
            continue
        made = replace(layer, sources=(before,))
        if layer.weight is not None:
            made, scale = replace(made, weight=layer.weight * scale), 1.0
        before = made.name
        yield made


def _layer(key: str, kind: str, module: Any, name: str) -> RealLayer:
    where = f"module {key} ({kind})"
    if kind in ("Conv2d", "Linear"):
        weight = module.weight.detach().double()
        bias = None if module.bias is None else module.bias.detach().double()
        for what, tensor in (("weight", weight), ("bias", bias)):
            if tensor is not None and not torch.isfinite(tensor).all():
                raise ConfigError(f"{what} of {where} must be finite, not {tensor[~torch.isfinite(tensor)][0].item()}")
        if kind == "Linear":
            return RealLayer(name, "dense", (), weight, bias)
        if _pair(module.dilation) != (1, 1) or module.padding_mode != "zeros" or isinstance(module.padding, str):
            raise ConfigError(f"{where} must have dilation 1 and zero padding in numbers, not {module.dilation}, "
                              f"{module.padding_mode} and {module.padding}")  # fmt: skip
        return RealLayer(name, "conv2d", (), weight, bias, None, _pair(module.kernel_size), _pair(module.stride),
                         _pair(module.padding), module.groups)  # fmt: skip
    if kind in ("MaxPool2d", "AvgPool2d"):
        plain = not module.ceil_mode and _pair(getattr(module, "dilation", 1)) == (1, 1)
        if not plain or getattr(module, "divisor_override", None) or not getattr(module, "count_include_pad", True):
            raise ConfigError(f"{where} must have dilation 1, no ceil_mode and its usual divisor")
        return RealLayer(name, "max_pool" if kind == "MaxPool2d" else "average_pool", (),
                         kernel=_pair(module.kernel_size), stride=_pair(module.stride),
                         padding=_pair(module.padding))  # fmt: skip
    if kind == "Flatten":
        if module.start_dim != 1 or module.end_dim != -1:
            raise ConfigError(f"{where} must flatten dimensions 1 to -1, not {module.start_dim} to {module.end_dim}")
        return RealLayer(name, "flatten", ())
    near = NEAREST.get(kind, "Conv2d, Linear, BatchNorm, Flatten, MaxPool2d, AvgPool2d, snntorch.Leaky or Synaptic")
    raise ConfigError(f"{where} is not supported, as no layer computes it; nearest: {near}")


def _snntorch(key: str, module: Any) -> RealNeuron:
    """The law of a snntorch Leaky or Synaptic."""
    kind = type(module).__name__
    where = f"module {key} ({kind})"
    if module.inhibition or module.state_quant or float(module.graded_spikes_factor) != 1:
        raise ConfigError(f"{where} is not supported with inhibition, state_quant or graded spikes; nearest: "
                          "without them")  # fmt: skip
    theta = torch.as_tensor(module.threshold).detach().double()
    if not torch.isfinite(theta).all() or (theta <= 0).any():
        raise ConfigError(f"threshold of {where} must be more than 0, not {float(theta.min())}")
    mode = ("subtract", "value", "none")[int(module.reset_mechanism_val)]
    if kind == "Synaptic" and mode == "value":
        raise ConfigError(f"{where} is not supported with reset zero, which empties the current; nearest: subtract")
    delay = bool(module.reset_delay) and mode != "none"
    beta = _spread(torch.as_tensor(module.beta).detach().double().clamp(0, 1))
    alpha = _spread(torch.as_tensor(module.alpha).detach().double().clamp(0, 1)) if kind == "Synaptic" else None
    return RealNeuron(_spread(theta), ">", mode, reset_delay=delay, rearm=mode == "subtract" and not delay, beta=beta,
                      alpha=alpha)  # fmt: skip


def _spread(values: Tensor) -> Tensor:
    return values.reshape(()) if values.numel() == 1 else values


def _chain(module: nn.Module, prefix: str, depth: int = 0) -> Iterator[tuple[str, nn.Module]]:
    """The modules of nested Sequentials, in order."""
    if not isinstance(module, nn.Sequential):
        if list(module.children()):
            name = type(module).__name__
            raise ConfigError(f"module {prefix or name} ({name}) must be a Sequential, as the order of others' parts "
                              "is not known; nearest: nn.Sequential")  # fmt: skip
        yield prefix, module
        return
    if depth > 16:
        raise ConfigError("modules must be nested at most 16 deep, not more")
    for key, child in module.named_children():
        yield from _chain(child, f"{prefix}.{key}" if prefix else key, depth + 1)


def _pair(value: Any) -> tuple[int, int]:
    return (int(value), int(value)) if isinstance(value, int) else (int(value[0]), int(value[1]))


def portable(network: RealNetwork) -> dict[str, Any]:
    """The network as tensors, numbers, words, lists and dicts: what ``torch.save`` writes and weights only reads."""
    layers = []
    for layer in network.layers:
        row = {f.name: getattr(layer, f.name) for f in fields(RealLayer)}
        if layer.neuron is not None:
            row["neuron"] = {f.name: getattr(layer.neuron, f.name) for f in fields(RealNeuron)}
        layers.append(row)
    return {"nervure": 1, "name": network.name, "input_shape": list(network.input_shape), "layers": layers,
            "facts": dict(network.facts)}  # fmt: skip


def read_torch(path: str | Path) -> RealNetwork:
    """The network of a file made of :func:`portable` by ``torch.save``; read with weights only.

    Raises
    ------
    ConfigError
        If it is none.
    """
    found = readable(path)
    try:
        data = torch.load(found, map_location="cpu", weights_only=True)
    # The reader answers a damaged or a harmful file with whatever it stumbles over.
    except Exception as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ConfigError(f"model file must be tensors, numbers and words by torch.save, not {str(path)!r} "
                          f"({text})") from None  # fmt: skip
    if not isinstance(data, dict) or data.get("nervure") != 1 or not isinstance(data.get("layers"), list):
        raise ConfigError(f"model file must hold portable(from_modules(model)), not weights without layers ({path})")
    if len(data["layers"]) > MAX_LAYERS:
        raise ConfigError(f"model must have at most {MAX_LAYERS} layers, not {len(data['layers'])} ({path})")
    try:
        names = Names()
        called = {row["name"]: names.of(str(row["name"]), str(row["kind"])) for row in data["layers"]}
        called["input"] = "input"
        layers = [RealLayer(**row | {
            "name": called[row["name"]], "sources": tuple(called[name] for name in row["sources"]),
            "neuron": RealNeuron(**row["neuron"]) if row.get("neuron") else None,
        }) for row in data["layers"]]  # fmt: skip
        numbers = sum(layer.weight.numel() for layer in layers if layer.weight is not None)
        if numbers > MAX_NUMBERS:
            raise ConfigError(f"model must have at most {MAX_NUMBERS} weights, not {numbers} ({path})")
        return RealNetwork(str(data["name"]), tuple(data["input_shape"]), tuple(layers),
                           {"semantics": data["facts"].get("semantics", "own")})
    except (TypeError, KeyError, AttributeError) as error:
        raise ConfigError(f"model file must hold portable(from_modules(model)), not {str(path)!r} ({error})") from None
