"""From a wish to a KAN: shipped networks, manifest fields, what a network will cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...hw.activation.config.kan import KanConfig
from ...hw.activation.config.sums import Leaf
from ...hw.fixed import signed_width
from ..shipped import Networks, is_whole

PRESETS: dict[str, dict[str, Any]] = {
    "digits": {"network": "digits"},
    "digits_argmax": {"network": "digits", "output": "argmax"},
    "mnist": {"network": "mnist"},
    "mnist_argmax": {"network": "mnist", "output": "argmax"},
}
"""Config fields by preset name; a ``network`` is one of :func:`networks`."""

INTEGERS = SOLVED = ("widths", "bits", "edges", "offsets", "shifts")
"""What a shipped network says; a file's are dropped where a setting asks for another network."""
ASKED = {"network": False}

NETWORKS = Networks(Path(__file__).parent / "networks")
"""Integers of the trained networks, package data made by scripts/train_kan.py."""

networks = NETWORKS.names
shipped = NETWORKS.shipped


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with the integers of the shipped network that they name; fields that hold edges stay as they are.

    Raises
    ------
    ConfigError
        If there is no such network, or a part of one is given without edges.
    """
    if is_whole(fields, "edges", INTEGERS):
        return fields
    name = fields.get("network", KanConfig.model_fields["network"].default)
    found = shipped(name)
    return {**{key: found[key] for key in INTEGERS}, **fields, "network": name}


def fields(config: KanConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    classes = config.output == "argmax"
    return {
        "x": {"format": f"uint{config.bits[0]}", "shape": [config.widths[0]]},
        "y": {"format": f"uint{config.class_width}", "shape": []} if classes
             else {"format": f"int{config.logit_width}", "shape": [config.widths[-1]]},
    }  # fmt: skip


def timing(config: KanConfig) -> dict[str, int]:
    """Latency and initiation interval in cycles."""
    return {"latency_cycles": config.latency, "initiation_interval": 1}


def derive(config: KanConfig) -> dict[str, Any]:
    """What follows from the config: edges and tables of each layer, steps, the estimated cost."""
    return {
        "edges": [sum(edge.layer == layer for edge in config.rows) for layer in range(config.num_layers)],
        "tables": [sum(len(config.leaves(layer, k)) for k in config.used[layer + 1])
                   for layer in range(config.num_layers)],
        "adder_levels": [config.levels(layer) for layer in range(config.num_layers)],
        "registers": [name for name, there in config.steps if there],
        "logit_bits": config.logit_width,
        "latency_cycles": config.latency,
        "estimate": estimate(config),
    }  # fmt: skip


def estimate(config: KanConfig) -> dict[str, int]:
    """LUT6 and flip-flops before synthesis.

    A table of a address bits takes ``width * max(1, 2^(a - 6))`` LUTs; where it is the second operand of an adder and a
    is at most 5 it fits into the adder's own. An adder takes its width, a clamp its code's bits and the two
    comparisons, a comparison its width and what it chooses.
    """
    luts, registers = 0, 0
    there = dict(config.steps)
    for layer in range(config.num_layers):
        last = layer == config.num_layers - 1
        waiting = 0
        for k in config.used[layer + 1]:
            leaves = config.leaves(layer, k)
            nodes = [(*leaf.range, table_luts(leaf, index % 2 == 1)) for index, leaf in enumerate(leaves)]
            luts += sum(cost for _, _, cost in nodes)
            spans = [(low, high) for low, high, _ in nodes]
            for level in range(max(config.levels(layer), last)):
                pairs = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(spans[::2], spans[1::2], strict=False)]
                luts += sum(bits_of(*pair) for pair in pairs)
                spans = pairs + (spans[-1:] if len(spans) % 2 else [])
                if there.get(f"layer{layer}_sum{level + 1}"):
                    registers += sum(bits_of(*pair) for pair in spans if pair[0] < pair[1])
            high = spans[0][1]
            if not last:
                luts += config.bits[layer + 1] + (2 if (high >> config.shifts[layer]) >> config.bits[layer + 1] else 0)
                waiting += config.bits[layer + 1]
        registers += waiting
    if config.output == "argmax":
        count, width = config.widths[-1], config.logit_width
        for level in range((count - 1).bit_length()):
            luts += count // 2 * (width + (width + 1) // 2 + config.class_width)
            count -= count // 2
            registers += count * (width + config.class_width) * there[f"largest{level + 1}"]
    return {"lut6": luts, "flip_flops": registers + (config.latency if config.interface == "stream" else 0)}


def table_luts(leaf: Leaf, second: bool) -> int:
    """LUT6 of a joint table; none of its own where it fits into its adder's."""
    low, high = leaf.range
    address = leaf.bits * len(leaf.places)
    if low == high or (second and address <= 5):
        return 0
    return bits_of(low, high) * max(1, 1 << max(0, address - 6))


def bits_of(low: int, high: int) -> int:
    """Bits of a number of low..high, without a sign where none is negative."""
    return signed_width(low, high) if low < 0 else max(1, high.bit_length())


def formula(config: KanConfig) -> str:
    """What the unit computes, in a few words."""
    widths = "-".join(map(str, config.widths))
    return f"{'argmax of a' if config.output == 'argmax' else 'a'} KAN {widths} with {len(config.edges)} live edges"
