"""From a wish to a classifier of raw electrocardiograms: a shipped network says what its inputs are."""

from __future__ import annotations

from typing import Any

from ...hw.config import ConfigError
from ...hw.ecg.config.front import POSITION
from ...hw.ecg.config.stream import EcgStreamConfig
from . import ASKED, DEFAULT, SOLVED, front, shipped
from . import derive as derive_core
from . import fields as core_fields
from . import formula as core_formula
from . import wish as wish_core

__all__ = ["ASKED", "PRESETS", "SOLVED", "STALL", "derive", "fields", "formula", "timing", "wish"]

PRESETS: dict[str, dict[str, Any]] = {
    "rr12k": {"network": "rr12k", "coding": "bitmap"},
    "rr4k": {"network": "rr4k", "coding": "bitmap", "pes": 1},
    "wave16k": {"network": "wave16k", "coding": "bitmap"},
    "inter": {"network": "inter"},
}
"""Config fields by preset name; a ``network`` is a shipped one."""

STALL = "an answer that is not taken keeps the core from the next beat, and that beat the front end from samples"
"""What the Verilog's header says of a stall."""

INPUTS = ("before", "after", "stride", "rr")
"""What a shipped network says of its inputs, beside T."""


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields with the integers and the inputs of the shipped network that they name (the default one, without a name).

    Raises
    ------
    ConfigError
        If there is no such network, or it does not say what its inputs are.
    """
    if "weights" in fields:
        return fields
    name = fields.get("network", DEFAULT)
    inputs = shipped(name).front
    if inputs is None:
        raise ConfigError(f"network must be one that says what its inputs are, not {name}")
    return {**{key: getattr(inputs, key) for key in INPUTS}, **wish_core({"network": name, **fields})}


def fields(config: EcgStreamConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    found = {**front.fields(config), **core_fields(config)}
    return {key: found[key] for key in ("x", "last", "label", "confidence")} | {
        "position": {"format": f"uint{POSITION}"}}  # fmt: skip


def timing(config: EcgStreamConfig) -> dict[str, int | None]:
    """No latency that is the same for all samples; cycles after which nothing more comes out."""
    from ...hw.ecg.stream import drain

    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": drain(config)}


def derive(config: EcgStreamConfig) -> dict[str, Any]:
    """What follows from the config, of both parts."""
    return {**front.derive(config), **derive_core(config)}


def formula(config: EcgStreamConfig) -> str:
    """What the unit computes, in a few words."""
    return f"{front.formula(config)}; {core_formula(config)}"
