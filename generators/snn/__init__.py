"""From a wish to a spiking network: shipped networks, manifest fields, what follows from a config."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...hw.config import ConfigError
from ...hw.snn.config import SnnConfig
from ...hw.snn.config.plan import beats, bits_of, drain, plans
from ..shipped import Networks, is_whole

NETWORKS = Networks(Path(__file__).parent / "networks")
"""Integers of the trained networks, package data made by scripts/train_mnist.py."""

networks = NETWORKS.names
shipped = NETWORKS.shipped

PAIR: dict[str, Any] = {
    "network": "pair", "input_shape": (1, 3, 2), "input": "spikes", "steps": 2, "code": "spikes", "output": "class",
    "layers": (
        {"name": "conv", "kind": "conv2d", "channels": 1, "kernel": (2, 2), "weights": (5, -3, 8, 2),
         "neuron": {"threshold": 6, "leak": "shift", "leak_shift": 2, "membrane_width": 12}},
        {"name": "flat", "kind": "flatten"},
        {"name": "dense", "kind": "dense", "channels": 2, "weights": (1, -2, 3, 4),
         "neuron": {"threshold": 2, "membrane_width": 12}},
    ),
}  # fmt: skip
"""Two layers, so small that every state of their handshakes can be followed."""

PRESETS: dict[str, dict[str, Any]] = {**{name: {"network": name} for name in networks()}, "pair": PAIR}
"""Config fields by preset name; a ``network`` is one of :func:`networks`."""

FOLDINGS: dict[str, dict[str, dict[str, int]]] = {
    name: {"conv1": {"omega": 16}, "conv2": {"omega": 32, "kappa": 2}, "dense3": {"omega": 8}}
    for name in ("mnist", "mnist_t1")
}
"""How shipped networks are folded that would be slow with one channel at a time, by layer."""

SOLVED = ("input_shape", "input", "steps", "code", "layers")
"""What a shipped network says; a file's are dropped where a setting asks for another network."""
ASKED = {"network": False}


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with the integers of the shipped network that they name; fields that hold layers stay as they are.

    Raises
    ------
    ConfigError
        If there is no such network, or a part of one is given without layers.
    """
    if is_whole(fields, "layers", SOLVED):
        return fields
    name = fields.get("network", "digits")
    found = dict(shipped(name))
    found["layers"] = [layer | FOLDINGS.get(name, {}).get(layer["name"], {}) for layer in found["layers"]]
    return {**{key: value for key, value in found.items() if key != "trained"}, **fields}


def fields(config: SnnConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field: the channels of a place, and the class or the totals of a place."""
    number, _ = bits_of((0, config.highest_input))
    width, has_sign = bits_of(config.total_range)
    count, channels = int(np.prod(config.shape)), plans(config)[config.layers[-1].name].grid[0]
    return {
        "x": {"format": f"uint{number}", "shape": [config.input_shape[0]]},
        "y": {"format": f"uint{max(1, (count - 1).bit_length())}", "shape": []} if config.output == "class"
             else {"format": f"{'int' if has_sign else 'uint'}{width}", "shape": [channels]},
    }  # fmt: skip


def timing(config: SnnConfig) -> dict[str, int | None]:
    """No latency of a beat, since a frame is many; cycles of a frame by the closed form, and after which nothing more
    comes out."""
    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": drain(config),
            "cycles_per_frame": config.cycles, "beats_per_frame": beats(config)}  # fmt: skip


def derive(config: SnnConfig) -> dict[str, Any]:
    """What follows from the config: shapes, synapses, cycles of each layer by the closed form, the slowest."""
    by = {
        name: {"shape": list(facts.shape), "synapses": facts.synapses, "sum_bits": facts.sum_width,
               "cycles": facts.cycles}
        for name, facts in config.facts.items()
    }  # fmt: skip
    return {"layers": by, "parameters": config.num_parameters, "cycles_per_frame": config.cycles,
            "synaptic_operations": operations(config)}  # fmt: skip


def operations(config: SnnConfig) -> int:
    """Synapses of all neurons, times passes: what an event-blind machine adds up for a frame."""
    total = 0
    for layer in config.layers:
        facts = config.facts[layer.name]
        total += facts.synapses * int(np.prod(facts.shape)) if layer.weights else 0
    return total * config.passes


def formula(config: SnnConfig) -> str:
    """What the unit computes, in a few words."""
    kinds = "-".join(layer.kind for layer in config.layers)
    how = "counts of" if config.code == "counts" else "spikes in"
    return f"a spiking network {kinds}, {how} {config.steps} step{'s' if config.steps > 1 else ''}"


def predict(artifact: str | Path | SnnConfig, x: np.ndarray) -> np.ndarray:
    """Classes of frames, int64 ``(frames,)``, by the golden model of a compiled folder, its network.toml, or a config.

    Parameters
    ----------
    artifact : path or SnnConfig
    x : integer array
        ``(frames, *input_shape)``, the same in each step, or ``(frames, steps, *input_shape)``.

    Raises
    ------
    ConfigError
        If the file is none, or the frames are not of the network's shape or range.
    """
    import torch

    from ...golden.snn import predict as golden

    config = artifact
    if not isinstance(config, SnnConfig):
        path = Path(config)
        config = SnnConfig.from_toml(path / "network.toml" if path.is_dir() else path)
    x, shape = np.asarray(x), config.input_shape
    if x.shape[1:] != shape and x.shape[1:] != (config.steps, *shape):
        raise ConfigError(f"frames must be of shape (frames, {shape}) or (frames, {config.steps}, {shape}), not "
                          f"{x.shape}")  # fmt: skip
    if config.code == "counts" and x.shape[1:] != shape:
        raise ConfigError(f"frames must be counts of shape (frames, {shape}) with code=counts, not {x.shape}")
    if x.dtype.kind not in "iub" or (x.size and (x.min() < 0 or x.max() > config.highest_input)):
        raise ConfigError(f"frames must be integers of 0 to {config.highest_input}, not {x.dtype} of {x.min()} to "
                          f"{x.max()}")  # fmt: skip
    return golden(config, torch.from_numpy(x.astype(np.int64))).numpy()
