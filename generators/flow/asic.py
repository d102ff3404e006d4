"""What a flow from Verilog to layout needs beside the Verilog: constraints (SDC) and a LibreLane configuration.

The configuration is for LibreLane's flow ``Classic`` and sky130A (OpenLane 2 takes the same names). It is checked
against LibreLane's own variables, not run: that needs its tools and the PDK.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ...hw.config import ConfigError
from ...verif.artifact import Artifact
from .gates import GATED

SHARE = 0.2
"""Share of the period that is left to what is outside, at inputs and at outputs."""


def constraints(artifact: Artifact, period: float) -> str:
    """SDC of a unit with one clock, of so many ns."""
    if artifact.manifest.get("clocks"):
        raise ConfigError(f"clock must be the only one, and {artifact.module} has another")
    reset = f"set_false_path -from [get_ports {artifact.reset['port']}]\n" if (
        artifact.reset and artifact.reset["kind"] == "async") else ""  # fmt: skip
    return (
        f"# {artifact.module}: one clock, {SHARE:.0%} of its period for what is outside.\n"
        f"create_clock -name core -period {period:g} [get_ports {artifact.clock}]\n"
        "set_clock_uncertainty 0.25 [get_clocks core]\n"
        "set inputs [remove_from_collection [all_inputs] [get_ports "
        f"{artifact.clock}]]\n"
        f"set_input_delay {SHARE * period:g} -clock core $inputs\n"
        f"set_output_delay {SHARE * period:g} -clock core [all_outputs]\n"
        f"set_load 0.03 [all_outputs]\n{reset}"
    )


def librelane(artifact: Artifact, period: float) -> dict[str, Any]:
    """LibreLane's configuration of a unit: files beside it, clock, gated clocks, a loose floor plan."""
    name = artifact.module
    return {
        "meta": {"version": 2, "flow": "Classic"},
        "DESIGN_NAME": name, "VERILOG_FILES": [f"dir::{artifact.verilog.name}"],
        "CLOCK_PORT": artifact.clock, "CLOCK_PERIOD": period,
        "PNR_SDC_FILE": f"dir::{name}.sdc", "SIGNOFF_SDC_FILE": f"dir::{name}.sdc",
        "SYNTH_CLOCKGATE_MIN_WIDTH": GATED, "FP_CORE_UTIL": 45, "PL_TARGET_DENSITY_PCT": 55,
    }  # fmt: skip


def write_asic(artifact: Artifact, folder: str | Path, clock: float) -> list[Path]:
    """Writes Verilog, SDC and ``config.json`` for a clock of so many Hz into a folder; gives the files.

    Raises
    ------
    ConfigError
        If the clock is not above 0, the unit has two, or the folder cannot be written.
    """
    if not clock > 0:
        raise ConfigError(f"clock must be above 0 Hz, not {clock}")
    folder, period = Path(folder), round(1e9 / clock, 6)
    files = {f"{artifact.module}.sdc": constraints(artifact, period),
             "config.json": json.dumps(librelane(artifact, period), indent=2) + "\n"}  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(artifact.verilog, folder / artifact.verilog.name)
        for name, text in files.items():
            (folder / name).write_text(text)
    except OSError as error:
        raise ConfigError(f"folder must be writable, not {str(folder)!r} ({error.strerror})") from None
    return [folder / name for name in (artifact.verilog.name, *files)]
