"""From a wish to a softmax on the network: tables and bound of the softmax, timing, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.noc.config.softmax import NocSoftmaxConfig
from ..activation import softmax
from ..activation.softmax import ASKED, SOLVED, certificate, fields
from ..activation.uniform import wished

__all__ = ["ASKED", "PRESETS", "SOLVED", "certificate", "derive", "fields", "formula", "timing", "wish"]

PRESETS: dict[str, dict[str, Any]] = {
    "attention": {"routers": 4, "lanes": 8, "length": 512},
    "digits": {"routers": 2, "lanes": 8, "length": 8, "pairs": 16},
    "ring": {"routers": 3, "lanes": 6, "length": 50, "topology": "ring", "exp_segments": 8, "pairs": 2},
}  # fmt: skip
"""Config fields by preset name, from which the solver makes the rest."""


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a config (:func:`..activation.uniform.wished`)."""
    return wished(NocSoftmaxConfig, fields, SOLVED, softmax.solved)


def timing(config: NocSoftmaxConfig) -> dict[str, int | None]:
    """No latency or initiation interval that is the same for all beats; cycles after which nothing more comes out."""
    from ...hw.noc.softmax import drain

    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": drain(config)}


def derive(config: NocSoftmaxConfig) -> dict[str, Any]:
    """What follows from the config: flits, cycles, the way, the bound."""
    from ...hw.noc.softmax import latency

    found = softmax.derive(config)
    return {
        "flits": config.flits, "line_registers": config.depth, "beats_of_longest_row": config.beats,
        "cycles_from_last_to_first_probability": f"{latency(config, 1)} for a row of one beat",
        "cycles_per_beat": config.flits, **{key: found[key] for key in ("sum_width", "exp_width", "bound")},
    }  # fmt: skip


def formula(config: NocSoftmaxConfig) -> str:
    """What the unit computes, in a few words."""
    return f"{softmax.formula(config)}, on {config.routers} x {config.lanes // config.routers} lanes"
