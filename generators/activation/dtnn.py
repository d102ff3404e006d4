"""From a wish to a layer of dendrite branches: the shipped layer, manifest fields, what a layer will cost."""

from __future__ import annotations

from typing import Any

from ...hw.activation.config.dtnn import DtnnConfig
from ...hw.config import ConfigError
from ..shipped import Networks, is_whole
from .kan import NETWORKS, bits_of, table_luts

PRESETS: dict[str, dict[str, Any]] = {
    "digits": {"network": "digits"},
    "digits_tables": {"network": "digits", "join": "tables", "middle": 3, "fan": 2},
    "digits_codes": {"network": "digits", "output_bits": 8, "shift": 1},
}
"""Config fields by preset name; the layer is integer weights that come with the library."""

SHAPE = ("bits", "group", "join", "middle", "fan")
SOLVED = ("branches", "joins", "offsets", "inputs", "outputs")
"""What the wish fills in; a file's are dropped where a setting asks for another layer, or other branches."""
ASKED = dict.fromkeys(("network", *SHAPE), False)
LAYERS = Networks(NETWORKS.folder / "linear")
shipped = LAYERS.shipped
"""Integer weights ``(outputs, inputs)`` and bias of a shipped layer, and bits of its inputs, by name."""


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with the tables of the shipped layer that they name; fields that hold branches stay as they are.

    Raises
    ------
    ConfigError
        If there is no such layer, or its tables cannot be made so, or a part of a layer is given without branches.
    """
    if is_whole(fields, "branches", SOLVED, "layer"):
        return fields
    import torch
    from torch import nn

    from ..importers.linear import import_linear

    name = fields.get("network", "digits")
    found = shipped(name)
    weight = torch.tensor(found["weights"], dtype=torch.float64)
    linear = nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
    linear.weight.data, linear.bias.data = weight, torch.tensor(found["bias"], dtype=torch.float64)
    if (bits := fields.get("bits", found["bits"])) != found["bits"]:
        raise ConfigError(f"bits must be {found['bits']} for network={name}, not {bits}")
    asked = {"group": 3, "join": "adders", "middle": 4, "fan": 2} | {k: fields[k] for k in SHAPE if k in fields}
    if asked["join"] not in ("adders", "tables"):
        raise ConfigError(f"join must be adders or tables, not {asked['join']!r}")
    made, _ = import_linear(linear, network=name, **{**asked, "bits": bits})
    return {**made, **fields}


def fields(config: DtnnConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    y = f"int{config.sum_width}" if config.output_bits is None else f"uint{config.output_bits}"
    return {"x": {"format": f"uint{config.bits}", "shape": [config.inputs]},
            "y": {"format": y, "shape": [config.outputs]}}  # fmt: skip


def timing(config: DtnnConfig) -> dict[str, int]:
    """Latency and initiation interval in cycles."""
    return {"latency_cycles": config.latency, "initiation_interval": 1}


def derive(config: DtnnConfig) -> dict[str, Any]:
    """What follows from the config: tables, steps, the estimated cost."""
    return {
        "tables": len(config.branches) + len(config.joins),
        "sum_bits": config.sum_width,
        "registers": [name for name, there in config.steps if there],
        "latency_cycles": config.latency,
        "estimate": estimate(config),
    }


def estimate(config: DtnnConfig) -> dict[str, int]:
    """LUT6 before synthesis, counted as for KANs."""
    luts = 0
    for k in range(config.outputs):
        if config.join == "tables":
            first = [config.branch(k, i) for i in range(len(config.groups))]
            luts += sum(table_luts(leaf, False) for leaf in first if leaf)
        leaves = config.leaves(k)
        luts += sum(table_luts(leaf, index % 2 == 1) for index, leaf in enumerate(leaves))
        spans = [leaf.range for leaf in leaves]
        while len(spans) > 1:
            pairs = [(a[0] + b[0], a[1] + b[1]) for a, b in zip(spans[::2], spans[1::2], strict=False)]
            luts += sum(bits_of(*pair) for pair in pairs)
            spans = pairs + (spans[-1:] if len(spans) % 2 else [])
        luts += (config.output_bits + 1) if config.output_bits is not None else 0
    return {"lut6": luts}


def formula(config: DtnnConfig) -> str:
    """What the unit computes, in a few words."""
    joined = "tables of tables" if config.join == "tables" else "sums of tables"
    return f"{config.outputs} {joined} of {config.group} inputs of {config.bits} bits, {config.inputs} inputs"
