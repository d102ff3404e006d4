"""From a wish to an accumulator: presets, manifest fields, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.mac.config.accumulate import AccumulateConfig

PRESETS: dict[str, dict[str, Any]] = {
    "bf16": {"a": "bf16", "b": "bf16", "acc": "bf16"},
    "bf16_x2": {"a": "bf16", "b": "bf16", "acc": "bf16", "lanes_a": 2},
    "bf16_fp32": {"a": "bf16", "b": "bf16", "acc": "fp32"},
    "fp16": {"a": "fp16", "b": "fp16", "acc": "fp16"},
    "fp16_fp32": {"a": "fp16", "b": "fp16", "acc": "fp32"},
    "fp8": {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16"},
    "fp8_x4": {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16", "lanes_a": "max", "lanes_b": "max"},
    "fp4_x9": {"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "bf16", "lanes_a": "max", "lanes_b": "max"},
    "int4_bf16": {"a": "int4", "b": "bf16", "acc": "bf16"},
    "int8": {"a": "int8", "b": "int8", "acc": "int32"},
}
"""Config fields by preset name."""


def fields(config: AccumulateConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    rows, columns = config.grid
    single = rows * columns == 1
    shapes = {"a": [rows], "b": [columns], "y": [rows, columns]}
    formats = {"a": config.a, "b": config.b, "y": config.acc}
    found = {name: {"format": fmt, "shape": [] if single else shapes[name]} for name, fmt in formats.items()}
    return {**found, "clear": {"format": "uint1", "shape": []}, "last": {"format": "uint1", "shape": []}}


def timing(config: AccumulateConfig) -> dict[str, int | None]:
    """No latency or initiation interval that is the same for all beats; cycles after which nothing more comes out."""
    from ...hw.mac.accumulate import reduction_cycles

    # At most k + 1 sums are inside: one in the bank, one in each rank of the ring.
    sums = config.partials + 1
    return {
        "latency_cycles": None, "initiation_interval": None,
        "drain_cycles": config.latency + sums * (reduction_cycles(config) + 2),
    }  # fmt: skip


def derive(config: AccumulateConfig) -> dict[str, Any]:
    """What follows from the config: lanes, the order of the sum, its cycles, where the pipeline registers lie."""
    from ...hw.lib.pipeline import place
    from ...hw.mac import accumulate_sum
    from ...hw.mac.accumulate import reduction_cycles
    from ...hw.mac.datapath import ranks

    rows, columns = config.grid
    cycles = reduction_cycles(config)
    return {
        "lanes": rows * columns,
        "partial_sums": config.partials,
        "tree": [[f"p{i} + p{j}" for i, j in level] for level in config.tree],
        "cycles_from_last_to_y": config.latency + cycles + 1,
        "shortest_sum_without_stall": config.partials + cycles + 1,
        "registers": ranks(config.mac),
        "adder_registers": place(accumulate_sum.cuts(config), config.latency, spare=accumulate_sum.SPARE),
    }


def formula(config: AccumulateConfig) -> str:
    """What the unit computes, in a few words: ``sum of bf16 * bf16 in fp32``."""
    return f"sum of {config.a} * {config.b} in {config.acc}"
