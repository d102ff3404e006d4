"""Expected areas: what chosen units cost, kept in JSON, so that a change that makes a circuit larger is seen.

A file ``<unit>.json`` holds ``{tool, units: {MODULE: {config, areas: {"TARGET MODE": {lut, ff, dsp}}}}}``, where config
has the fields that are not at their defaults. It is made by ``scripts/update_baselines.py`` and read by a test.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...hw.config import Config
from ...verif.tools import yosys_version
from ..emit import emit
from ..mac.comparison import PUBLISHED
from ..registry import get_unit
from .synth import synth

COUNTS = ("lut", "ff", "dsp")
LIBERTIES = {"sg13g2": "sg13g2_stdcell_typ_1p20V_25C.lib", "sky130hd": "sky130hd_tt.lib"}
"""Cell libraries that are watched, by the name of their file in a folder that the user has (they are not shipped)."""
TOLERANCE = 0.02  # naming alone moves LUTs by about that much

Areas = dict[str, dict[str, Any]]  # counts by flow; null where the target has none

ENTRIES: dict[str, list[tuple[dict[str, Any], tuple[str, ...]]]] = {
    "mac": [
        ({"interface": "bare"}, ("xcup flat", "ecp5 flat", "sg13g2 default")),
        ({"acc": "bf16", "interface": "bare"}, ("xcup flat", "sky130hd default")),
        (
            {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16", "interface": "bare"},
            ("xcup flat", "ecp5 flat", "sg13g2 default"),
        ),
        ({"a": "int8", "b": "int8", "acc": "int32", "interface": "bare"}, ("ice40 flat", "lut6 flat")),
    ],
}
"""By unit: config fields, and the flows (target and mode) in which they are watched."""

_FLOWS = ("xcup flat", "ecp5 flat", "sg13g2 default")

LONG: dict[str, list[tuple[dict[str, Any], tuple[str, ...]]]] = {
    "mac": [
        ({"interface": "bare", "subnormals": subnormals, **row.fields}, ("xcup flat",))
        for row in PUBLISHED for subnormals in ("flush", "full")
    ],
    "dot": [
        ({"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "fp32", "elements": 32, "scale": "e8m0"}, _FLOWS),
        ({"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "bf16", "elements": 8}, _FLOWS),
    ],
    "cast": [
        ({"input": "fp32", "output": "fp8_e4m3"}, _FLOWS),
        ({"input": "bf16", "output": "mxfp4", "latency": 4}, ("xcup flat", "ecp5 flat")),
    ],
    "accumulate": [({"a": "bf16", "b": "bf16", "acc": "bf16"}, _FLOWS)],
    "gemv": [({"a": "bf16", "b": "bf16", "acc": "bf16"}, ("xcup flat", "ecp5 flat"))],
    "activation": [
        ({"function": "gelu", "form": "fold", "segments": 16}, _FLOWS),
        ({"function": "tanh", "output": "q1.14", "knots": "uniform", "segments": 32}, _FLOWS),
    ],
    "pow2round": [({}, _FLOWS)],
    "ptsoftmax": [({"bits": 5, "lanes": 3, "length": 50}, ("xcup flat", "ecp5 flat"))],
    "bspn": [({"input": "q3.4", "group": 8, "lanes": 2}, ("xcup flat", "ecp5 flat"))],
    "softmax": [({"lanes": 2, "length": 32}, _FLOWS)],
    "norm": [({"lanes": 2, "elements": 24}, _FLOWS)],
    "kan": [({"network": "digits"}, ("xcup flat", "ecp5 flat"))],
    "dtnn": [({"network": "digits"}, ("xcup flat", "ecp5 flat"))],
    "nova": [({"routers": 4, "lanes": 4, "segments": 8}, _FLOWS)],
    "noc_softmax": [({"routers": 2, "lanes": 2, "length": 8}, _FLOWS)],
    "noc_norm": [({"routers": 2, "lanes": 2}, _FLOWS)],
    "ecg": [({"network": "rr4k", "pes": 1}, _FLOWS), ({"network": "rr4k", "storage": "loaded"}, ("xcup flat",))],
    "ecg_front": [({}, _FLOWS)],
    "snn": [({"network": "digits"}, _FLOWS)],
}  # fmt: skip
"""As :data:`ENTRIES`, watched by the long trials."""


def units(name: str, table: str = "ENTRIES") -> dict[str, tuple[Config, tuple[str, ...]]]:
    """The watched configs of a unit and their flows, by module name; ``table`` is ``ENTRIES`` or ``LONG``."""
    unit = get_unit(name)
    made = [(unit.make(fields), flows) for fields, flows in globals()[table].get(name, ())]
    return {config.module_name: (config, flows) for config, flows in made}


def needs_library(flow: str) -> bool:
    """Whether the flow maps to a cell library that the user must have."""
    return flow.split()[0] in LIBERTIES


def measure(config: Config, flows: tuple[str, ...], libraries: Path | None = None) -> Areas:
    """What a config costs now, by flow.

    Parameters
    ----------
    config : Config
    flows : tuple of str
        Target (or a key of :data:`LIBERTIES`) and mode.
    libraries : Path or None
        Folder of the cell libraries.
    """
    areas: Areas = {}
    with tempfile.TemporaryDirectory(prefix="nervure-baseline-") as folder:
        artifact = emit(config, folder)
        for flow in flows:
            target, mode = flow.split()
            keys = COUNTS
            if needs_library(flow):
                if libraries is None:
                    raise ValueError(f"flow {flow!r} requires a folder of cell libraries")
                target, keys = f"liberty:{libraries / LIBERTIES[target]}", ("area", "cells", "ff")
            report = synth(artifact, target, mode=mode)
            areas[flow] = {key: getattr(report, key) for key in keys}
    return areas


def drift(expected: Areas, measured: Areas, tolerance: float = TOLERANCE) -> list[str]:
    """A sentence for every count that left its tolerance, and for every flow that has no expectation."""
    sentences = []
    for flow, counts in measured.items():
        if flow not in expected:
            sentences.append(f"{flow} must have an expected area; run scripts/update_baselines.py")
            continue
        for key, now in counts.items():
            before = expected[flow][key]
            drifted = before is not now if None in (before, now) else abs(now - before) > tolerance * before
            if drifted:
                sentences.append(f"{key} ({flow}) must be within {tolerance:.0%} of {before}, not {now}")
    return sentences


def load(directory: Path, name: str) -> dict[str, Any]:
    """The expected areas of a unit's configs, by module name.

    Raises
    ------
    ValueError
        If they were made with another Yosys: counts of different tools do not compare.
    """
    content = json.loads((directory / f"{name}.json").read_text())
    if content["tool"] != f"yosys {yosys_version()}":
        raise ValueError(f"baselines must be made with yosys {yosys_version()}, not {content['tool']}")
    return content["units"]


def update(directory: Path, say: Callable[[str], None], libraries: Path | None = None,
           names: Sequence[str] = ()) -> None:  # fmt: skip
    """Measures all entries, or those of some units, and rewrites the files; says what changed.

    Without a folder of cell libraries, what was measured with them is kept.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name in names or dict.fromkeys([*ENTRIES, *LONG]):
        path = directory / f"{name}.json"
        old = json.loads(path.read_text())["units"] if path.exists() else {}
        new = {}
        watched = units(name, "LONG")
        for module, (config, flows) in units(name).items():
            watched[module] = (config, tuple(dict.fromkeys([*flows, *watched.get(module, (config, ()))[1]])))
        for module, (config, flows) in watched.items():
            kept = old.get(module, {}).get("areas", {})
            wanted = tuple(flow for flow in flows if libraries or not needs_library(flow))
            areas = {flow: kept[flow] for flow in flows if flow in kept and flow not in wanted}
            areas |= measure(config, wanted, libraries)
            # What a wish was solved to is in the module's name.
            solved = getattr(get_unit(name).load("generator"), "SOLVED", ())
            defaults = {key: field.default for key, field in type(config).model_fields.items() if key not in solved}
            given = config.to_dict()
            fields = {key: given[key] for key, usual in defaults.items() if given.get(key, usual) != usual}
            new[module] = {"config": fields, "areas": areas}
            for flow, counts in areas.items():
                before = kept.get(flow)
                say(f"{module} {flow}: {counts}" + (f" (was {before})" if before not in (None, counts) else ""))
        path.write_text(json.dumps({"tool": f"yosys {yosys_version()}", "units": new}, indent=2) + "\n")
