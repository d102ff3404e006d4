"""From a wish to a vector unit behind another engine's stream."""

from __future__ import annotations

from typing import Any

from ...hw.noc.config.overlay import OverlayConfig
from . import nova
from .nova import ASKED, SOLVED, certificate, imports

__all__ = ["ASKED", "PRESETS", "SOLVED", "certificate", "derive", "fields", "formula", "imports", "timing", "wish"]

PRESETS: dict[str, dict[str, Any]] = {
    "int32": {"functions": ["gelu", "sigmoid"], "form": "fold", "segments": 8, "routers": 2, "lanes": 2},
}
"""Config fields by preset name, from which the solver makes the rest."""


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a config, as :func:`.nova.wish`."""
    return nova.wish(fields, OverlayConfig)


def fields(config: OverlayConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    return {"data": {"format": f"int{config.word}", "shape": [config.width]},
            "mode": {"format": f"uint{config.mode_width}"}, "status": {"format": "uint1"}}  # fmt: skip


def timing(config: OverlayConfig) -> dict[str, int | None]:
    """Cycles after which nothing more comes out; where beats wait, they do so in more than one place."""
    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": 2 * config.latency + 8}


def derive(config: OverlayConfig) -> dict[str, Any]:
    """What follows from the config."""
    return {**nova.derive(config.nova), "latency_where_nothing_waits": config.latency + 1,
            "cycles_per_beat": config.cycles}  # fmt: skip


def formula(config: OverlayConfig) -> str:
    """What the unit computes, in a few words."""
    return f"{nova.formula(config)}, of int{config.word} / 2^{config.drop}, or passing by"
