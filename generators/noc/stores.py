"""From a wish to a vector unit with tables in memories, in one of three places."""

from __future__ import annotations

from typing import Any

from ...hw.noc.config.stores import StoresConfig
from . import nova
from .nova import ASKED, SOLVED, certificate, fields, imports

__all__ = ["ASKED", "PRESETS", "SOLVED", "certificate", "derive", "fields", "formula", "imports", "timing", "wish"]

_TWO: dict[str, Any] = {"functions": ["exp", "gelu"], "routers": 2, "lanes": 4}

PRESETS: dict[str, dict[str, Any]] = {
    "lane": {**_TWO, "organisation": "lane", "segments": 16},
    "core": {**_TWO, "organisation": "core", "segments": 16},
    "line": {**_TWO, "organisation": "line", "segments": 16, "pairs": 8, "interval": 2},
    "line_fold": {**_TWO, "organisation": "line", "form": "auto", "segments": 8, "pairs": 8},
}
"""Config fields by preset name, from which the solver makes the rest."""


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a config, as :func:`.nova.wish`."""
    return nova.wish(fields, StoresConfig)


def timing(config: StoresConfig) -> dict[str, Any]:
    """Cycles from a beat to the next, and after which nothing more comes out, memories filled before."""
    return {"latency_cycles": None, "initiation_interval": config.cycles,
            "drain_cycles": config.words + config.latency + config.cycles}  # fmt: skip


def stored_bits(config: StoresConfig) -> int:
    """Bits of tables in all memories, without what fills them up to a power of two."""
    from ...hw.activation.segments import shape_of
    from ...hw.noc.words import words

    made = words(config)
    pair = shape_of(*made.slope).width + shape_of(*made.constant).width
    copies = {"line": 1, "core": config.routers, "lane": config.width}[config.organisation]
    return copies * pair * sum(map(len, config.slopes))


def derive(config: StoresConfig) -> dict[str, Any]:
    """What follows from the config: flits, the way, and bits that are stored."""
    return {"flits": config.flits, "line_registers": config.depth, "stored_bits": stored_bits(config),
            "cycles_of_filling": config.words}  # fmt: skip


def formula(config: StoresConfig) -> str:
    """What the unit computes, in a few words."""
    where = {"line": "one memory on the line", "core": "a memory at every router", "lane": "a memory at every lane"}
    return f"{nova.formula(config)}, {where[config.organisation]}"
