"""From a wish to a heartbeat classifier: shipped networks, or a file of integers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ...hw.config import ConfigError
from ...hw.ecg.config import EcgConfig
from ...hw.ecg.config.schedule import latency, overhead, passes, weight_cycles
from ...hw.ecg.config.tables import Fits, load_words, most_cycles, room, word_pieces
from ..importers.ecg import Imported, read_network
from ..shipped import Networks

DEFAULT = "rr12k"
"""The shipped network that is taken where none is asked for."""

PRESETS: dict[str, dict[str, Any]] = {
    "beats": {"network": DEFAULT, "coding": "bitmap"},
    "beats_dense": {"network": DEFAULT},
    "wave16k": {"network": "wave16k", "coding": "bitmap"},
    "rr4k": {"network": "rr4k", "pes": 1},
    "inter": {"network": "inter"},
    "loaded": {"network": DEFAULT, "storage": "loaded"},
    "hdc64": {"network": "hdc64"},
    "hdc128": {"network": "hdc128"},
    "hdc256": {"network": "hdc256"},
    "smallest": {
        "network": "smallest", "steps": 3, "widths": [2, 2, 2], "weights": [[[1, -2], [-3, 3]], [[2, -1], [-4, 3]]],
        "biases": [[1, -2], [3, -1]], "thetas": [[20, 9]], "weight_bits": [3, 3], "accumulator": 8, "pes": 2,
    },
}  # fmt: skip
"""Config fields by preset name; a ``network`` is one of :func:`networks`, but the smallest, which is not trained: its
circuit is proved for all weights."""

INTEGERS = SOLVED = ("steps", "widths", "weights", "biases", "thetas", "weight_bits", "weight_kinds", "bias_bits",
                     "theta_bits")  # fmt: skip
"""What a shipped network says; a file's are dropped where a setting asks for another network."""
ASKED = {"network": False}

STALL = "a class that is not taken keeps the unit from the next beat, and from nothing else"
"""What the Verilog's header says of a stall."""

NETWORKS = Networks(Path(__file__).parent / "networks")
"""Integers of the trained networks, package data made by scripts/train_ecg.py."""

networks = NETWORKS.names


@cache
def shipped(name: str) -> Imported:
    """A shipped network's integers, what its inputs are, and its classes.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    return read_network(NETWORKS.path(name))


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with the integers of the shipped network that they name (the default one, where they name none).

    Fields that hold weights stay as they are. ``steps`` may differ from what the network was trained for: its integers
    are then those of the same network.

    Raises
    ------
    ConfigError
        If there is no such network, or a part of one is given without weights.
    """
    if "weights" in fields:
        return fields
    if parts := [key for key in INTEGERS if key in fields and key != "steps"]:
        raise ConfigError(f"{parts[0]} requires weights: a network's integers are given together or not at all")
    return {**shipped(fields.get("network", DEFAULT)).fields, **fields}


def config_of(name: str = DEFAULT, **fields: Any) -> EcgConfig:
    """The config of a shipped network."""
    return EcgConfig(**wish({"network": name, **fields}))


def read_words(core: EcgConfig, path: str | Path) -> list[tuple[int, int]]:
    """Addresses and words that load the network of a JSON file into a core with ``storage = loaded``, in their order.

    Raises
    ------
    ConfigError
        In one sentence: as :func:`~nervure.generators.importers.ecg.read_network`, or if the network does not fit.
    """
    return load_words(core, fitted(core, read_network(path).fields))


def fitted(core: EcgConfig, network: dict[str, Any]) -> EcgConfig:
    """The config of a network's fields with all that a core decides beside its room."""
    return EcgConfig(**{**{key: getattr(core, key) for key in WALKED}, **network})


WALKED = ("accumulator", "neuron", "pes", "coding")
"""What a core decides of how a loaded network is computed."""


def fields(config: EcgConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    loads = {}
    if config.storage == "loaded":
        pieces, width = word_pieces(config)
        loads = {"load": {"format": "uint1"}, "address": {"format": f"uint{room(config).address_bits}"},
                 "word": {"format": f"uint{width}", "shape": [pieces]}}  # fmt: skip
    return {"n": {"format": f"uint{config.count_width}", "shape": [config.widths[0]]}, **loads,
            "label": {"format": f"uint{config.class_width}", "shape": []},
            "confidence": {"format": f"uint{config.confidence_width}", "shape": []}}  # fmt: skip


def timing(config: EcgConfig) -> dict[str, Any]:
    """Cycles from a beat to its class, and from a beat to the next.

    Of a loaded core, whose network decides these, the cycles after which nothing more comes out, and the map of its
    load port: ``load_map``, with where an address has the place, the element and what it is of, and the fields of the
    words of ``neurons`` and ``weights`` with their bits, from the lowest up.
    """
    if config.storage == "loaded":
        return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": most_cycles(config),
                "load_map": _map(room(config))}  # fmt: skip
    cycles = latency(config)
    return {"latency_cycles": cycles, "initiation_interval": cycles + 1}


def _map(fits: Fits) -> dict[str, Any]:
    return {
        "address": {"place": fits.index_bits, "element": fits.element_bits, "kind": 2},
        "kinds": {"0": "registers: layers, then width less one of inputs and of each layer", "1": "neurons",
                  "2": "weights"},
        "neurons": {"depth": fits.neurons, "fields": fits.neuron},
        "weights": {"depth": fits.weights, "fields": fits.weight},
        "layers": fits.layers, "elements": fits.elements,
    }  # fmt: skip


def derive(config: EcgConfig) -> dict[str, Any]:
    """What follows from the config: weights, bits, cycles and what they are made of, what accumulators need."""
    busiest = weight_cycles(config)
    reads = config.all_weights if config.coding == "dense" else config.nonzero
    return {
        "weights_read": passes(config) * sum(reads), "weights_per_element": passes(config) * sum(reads) / config.pes,
        "stored_bits": config.bits,
        "cycles_per_beat": latency(config), "cycles_of_layers": list(busiest),
        "cycles_without_weights": overhead(config),
        "accumulator_bits_needed": config.needed, "can_saturate": config.saturates,
    }  # fmt: skip


def formula(config: EcgConfig) -> str:
    """What the unit computes, in a few words."""
    shape = "-".join(map(str, config.widths))
    law = ("n' = clip(floor(4 (sum w n + T b) / theta4), 0, T)" if config.neuron == "ssf" else
           "in each step U += 4 (sum w s + b), s = [U >= theta4], U -= theta4 s")  # fmt: skip
    return f"{law}, layers {shape}, T = {config.steps}, largest last sum"
