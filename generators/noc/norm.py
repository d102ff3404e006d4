"""From a wish to a norm on the network: table and bound of the norm, timing, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.noc.config.norm import NocNormConfig
from ..activation import norm
from ..activation.norm import ASKED, SOLVED, certificate, fields
from ..activation.uniform import wished

__all__ = ["ASKED", "PRESETS", "SOLVED", "certificate", "derive", "fields", "formula", "timing", "wish"]

PRESETS: dict[str, dict[str, Any]] = {
    "digits": {"input": "q5.10", "elements": 32, "lanes": 8, "routers": 4},
    "rms": {"kind": "rms", "elements": 50, "lanes": 6, "routers": 3, "topology": "ring", "output": "q5.10"},
}  # fmt: skip
"""Config fields by preset name, from which the solver makes the rest."""


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a config (:func:`..activation.uniform.wished`)."""
    return wished(NocNormConfig, fields, SOLVED, norm.solved)


def timing(config: NocNormConfig) -> dict[str, int | None]:
    """No latency or initiation interval that is the same for all beats; cycles after which nothing more comes out."""
    from ...hw.noc.norm import drain

    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": drain(config)}


def derive(config: NocNormConfig) -> dict[str, Any]:
    """What follows from the config: cycles, the way, widths, the bound."""
    from ...hw.noc.norm import latency

    found = norm.derive(config)
    return {**found, "line_registers": config.depth, "cycles_from_last_to_first_result": latency(config)}


def formula(config: NocNormConfig) -> str:
    """What the unit computes, in a few words."""
    return f"{norm.formula(config)}, on {config.routers} x {config.lanes // config.routers} lanes"
