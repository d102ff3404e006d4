"""From a wish to a matrix-vector engine: presets, manifest fields, what ``show`` derives, layers of models on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...hw.mac.config.gemv import GemvConfig
from ...hw.mac.config.tiling import Tiling
from .llm_shapes import MODELS, Linear

PRESETS: dict[str, dict[str, Any]] = {
    "bf16": {"a": "bf16", "b": "bf16", "acc": "fp32"},
    "bf16_bf16": {"a": "bf16", "b": "bf16", "acc": "bf16"},
    "int4_bf16": {"a": "int4", "b": "bf16", "acc": "fp32"},
    "fp8": {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "fp32"},
    "fp8_x2": {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16", "lanes_a": 2, "lanes_b": 2, "units": 2},
    "int8": {"a": "int8", "b": "int8", "acc": "int32"},
    "four_modes": {
        "a": "bf16,fp8_e4m3,int4,fp4_e2m1", "b": "bf16,fp8_e4m3,bf16,bf16", "acc": "fp32", "units": 2,
    },
}  # fmt: skip
"""Config fields by preset name."""


def fields(config: GemvConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field; a field of several modes lists the format of each."""
    return {name: {"format": fmt, "shape": list(shape)} for name, (fmt, shape) in config.fields.items()}


def timing(config: GemvConfig) -> dict[str, int]:
    """Cycles from a beat to the sums that it completes, and initiation interval."""
    return {"latency_cycles": config.latency, "initiation_interval": 1}


def derive(config: GemvConfig) -> dict[str, Any]:
    """What follows from the config: multiplications per cycle, tile and memories, where the pipeline registers lie."""
    from ...hw.lib.pipeline import place
    from ...hw.mac.config.cuts import SPARE, cuts

    lanes_a, lanes_b = config.grid
    modes = enumerate(config.modes)
    return {
        "macs_per_cycle": {mode.name: config.units * mode.packing.lanes for mode in config.modes},
        "tile": {mode.name: [config.rows(k) * config.groups, config.depth] for k, mode in modes},
        "activation_bits": 2 * config.depth * lanes_b * config.width("b"),
        "sum_bits": config.groups * config.units * lanes_a * lanes_b * config.width("acc"),
        "weight_bits_per_beat": config.units * lanes_a * config.width("a"),
        "registers": place(cuts(config.mac), config.latency - 1, spare=SPARE),
    }


def formula(config: GemvConfig) -> str:
    """What the unit computes, in a few words: ``W x, bf16 * bf16 in fp32``."""
    modes = "; ".join(f"{mode.a.name} * {mode.b.name} in {mode.acc.name}" for mode in config.modes)
    return f"W x, {modes}"


@dataclass(frozen=True)
class LayerCost:
    """What one linear layer takes on an engine.

    Parameters
    ----------
    model, layer : str
    config : GemvConfig
    tiling : Tiling
    """

    model: str
    layer: Linear
    config: GemvConfig
    tiling: Tiling

    def row(self, clock_mhz: float) -> list[str]:
        """Cells of :data:`COLUMNS`."""
        tiling = self.tiling
        mode = self.config.modes[tiling.mode]
        return [
            self.model, self.layer.name, f"{mode.a.name} * {mode.b.name}", f"{tiling.m} x {tiling.k}",
            str(tiling.cycles), f"{float(100 * tiling.utilisation):.3f} %",
            f"{tiling.useful_macs / tiling.cycles:.2f} of {tiling.macs_per_beat}",
            f"{tiling.cycles / clock_mhz:.1f}",
        ]  # fmt: skip


COLUMNS = ("model", "layer", "mode", "rows x columns", "cycles", "utilisation", "MACs per cycle", "microseconds")


def layers(config: GemvConfig, modes: Iterable[int] | None = None,
           models: Sequence[str] | None = None) -> list[LayerCost]:  # fmt: skip
    """Every linear layer of a decoder block of the models, in the engine's modes (default: all), by the cycle model."""
    return [
        LayerCost(model.name, layer, config, Tiling(config, layer.rows, layer.columns, 1, mode))
        for model in MODELS
        if models is None or model.name in models
        for mode in (range(len(config.modes)) if modes is None else modes)
        for layer in model.linears
    ]


def table(configs: Iterable[GemvConfig], clock_mhz: float) -> str:
    """Markdown: a row a layer and mode for each engine, and the sum of a block."""
    text = []
    for config in configs:
        text.append(f"`{config.module_name}`: {config.units} multipliers, {clock_mhz:g} MHz\n")
        costs = layers(config)
        rows = [list(COLUMNS), ["---"] * len(COLUMNS)]
        for index, cost in enumerate(costs):
            rows.append(cost.row(clock_mhz))
            following = costs[index + 1] if index + 1 < len(costs) else None
            if following is None or (following.model, following.tiling.mode) != (cost.model, cost.tiling.mode):
                rows.append(_block(costs, cost, clock_mhz))
        text += [f"| {' | '.join(row)} |" for row in rows]
        text.append("")
    return "\n".join(text)


def _block(costs: Sequence[LayerCost], of: LayerCost, clock_mhz: float) -> list[str]:
    """The row of a whole block: all its layers, one after the other."""
    tilings = [c.tiling for c in costs if (c.model, c.tiling.mode) == (of.model, of.tiling.mode)]
    cycles, useful = sum(t.cycles for t in tilings), sum(t.useful_macs for t in tilings)
    most = of.tiling.macs_per_beat
    row = of.row(clock_mhz)
    return [row[0], "**block**", row[2], "", str(cycles), f"{100 * useful / (most * cycles):.3f} %",
            f"{useful / cycles:.2f} of {most}", f"{cycles / clock_mhz:.1f}"]  # fmt: skip
