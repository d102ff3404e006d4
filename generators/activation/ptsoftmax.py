"""From a wish to a power-of-two softmax: presets, manifest fields, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.activation.config.ptsoftmax import PtsoftmaxConfig

PRESETS: dict[str, dict[str, Any]] = {
    "attention": {"bits": 8, "lanes": 8, "length": 512},
    "attention_x1": {"bits": 8, "lanes": 1, "length": 128},
    "short": {"bits": 5, "lanes": 3, "length": 50},
    "fixed": {"bits": 8, "lanes": 4, "length": 64, "output": "uq1.15"},
}
"""Config fields by preset name."""


def fields(config: PtsoftmaxConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    shape = [config.lanes] if config.lanes > 1 else []
    formats = {"z": f"int{config.bits}", "on": "uint1", "k": f"uint{config.share_width}", "zero": "uint1",
               "p": config.output}  # fmt: skip
    ends = {name: {"format": "uint1", "shape": []} for name in ("last", "end")}
    return {**{name: {"format": fmt, "shape": shape} for name, fmt in formats.items()}, **ends}


def timing(config: PtsoftmaxConfig) -> dict[str, int | None]:
    """No latency or initiation interval that is the same for all beats; cycles after which nothing more comes out."""
    from ...hw.activation.ptsoftmax import LATENCY
    from ...hw.activation.rows import capacity

    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": LATENCY + 2 + capacity(config.beats)}


def derive(config: PtsoftmaxConfig) -> dict[str, Any]:
    """What follows from the config: cycles, widths, what a row may leave out."""
    from ...hw.activation.ptsoftmax import LATENCY
    from ...hw.activation.rows import capacity

    every = config.span == 1 << (config.bits - 1)
    return {
        "kind": "trained-in: networks are trained with it; it approximates no softmax",
        "beats_of_longest_row": config.beats,
        "cycles_from_last_to_first_shares": LATENCY,
        "cycles_per_row": "its beats",
        "sum_width": config.sum_width,
        "counts_always": "every score" if every else f"scores less than {config.span + 1} below the largest",
        "counts_never": "none" if every else f"scores {2 * config.span} or more below the largest",
        "largest_k": config.largest,
        "row_sum": "at least 0.75, less than 1.5",
        "ring_bits": (capacity(config.beats) + 1) * (config.lanes * (config.bits + 1) + 1),
    }


def formula(config: PtsoftmaxConfig) -> str:
    """What the unit computes, in a few words."""
    return f"2^(z - max z) / power of two nearest to the row's sum, rows of up to {config.length}"
