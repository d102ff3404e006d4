"""From a wish to a matrix-vector engine with a vector unit behind it."""

from __future__ import annotations

from typing import Any

from ...hw.noc.config.overlay import GemvOverlayConfig
from ..mac import gemv
from . import nova, overlay
from .nova import ASKED, SOLVED, certificate, imports

__all__ = ["ASKED", "PRESETS", "SOLVED", "certificate", "derive", "fields", "formula", "imports", "timing", "wish"]

PRESETS: dict[str, dict[str, Any]] = {
    "int8": {"functions": ["gelu", "sigmoid"], "form": "fold", "segments": 8, "routers": 2, "lanes": 2, "drop": 0},
}
"""Config fields by preset name, from which the solver makes the rest."""


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a config, as :func:`.nova.wish`."""
    return nova.wish(fields, GemvOverlayConfig)


def fields(config: GemvOverlayConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    return {**gemv.fields(config.gemv), **overlay.fields(config)}


def timing(config: GemvOverlayConfig) -> dict[str, int | None]:
    """Cycles after which nothing more comes out; not every beat gives one."""
    behind = overlay.timing(config)["drain_cycles"] or 0
    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": behind + config.engine_latency}


def derive(config: GemvOverlayConfig) -> dict[str, Any]:
    """What follows from the config: of the engine, and of what is behind it."""
    return {"engine": gemv.derive(config.gemv), "overlay": overlay.derive(config)}


def formula(config: GemvOverlayConfig) -> str:
    """What the unit computes, in a few words."""
    return f"{gemv.formula(config.gemv)}; {overlay.formula(config)}"
