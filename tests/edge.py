"""A unit behind AXI in the simulator: vectors of its bench as beat images, cocotbext-axi around the emitted edge."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from nervure.generators.edge.axi import emit_axi
from nervure.generators.edge.ipxact import bus_ports
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.verif import cocotb_run, junit, tools
from nervure.verif.artifact import Artifact
from nervure.verif.image import to_bytes


def pins(data_width: int) -> list[dict[str, Any]]:
    """The edge's ports as streams of a manifest, so that the simulator's build makes them public."""
    rows = []
    for bus, ports in bus_ports(data_width).items():
        payload = [{"field": f"{bus}_{signal}", "port": f"{bus}_{signal}", "offset": 0, "width": width, "shape": [],
                    "format": "bits"} for signal, (_, width) in ports.items()]  # fmt: skip
        rows.append({"name": bus, "direction": "in", "valid": None, "ready": None, "payload": payload})
    return rows


def simulate(directory: Path, data_width: int, images: dict[str, np.ndarray], everything: bool) -> dict[str, Any]:
    """Runs the tests of ``edge_bench`` on the edge in a unit's folder; what ``back_to_back`` measured.

    Raises
    ------
    AssertionError
        If a test failed.
    """
    folder = directory / "axi"
    (found,) = folder.glob("*.json")
    edge = json.loads(found.read_text())
    with tempfile.TemporaryDirectory(prefix="nervure-") as name:
        work = Path(name)
        source = work / f"{edge['module']}.v"
        source.write_text("".join((folder / f"{edge[key]}.v").read_text() for key in ("unit_module", "module")))
        manifest = {"module": edge["module"], "unit": edge["unit"], "clock": "aclk", "latency_cycles": None,
                    "reset": {"port": "aresetn", "kind": "sync", "active": "low"},
                    "streams": pins(data_width)}  # fmt: skip
        built = cocotb_run._model(Artifact(work, manifest), "")
        np.savez(work / "images.npz", **images)
        calls = {"test": {"hdl_toplevel": edge["module"], "build_dir": str(built), "hdl_toplevel_lang": "verilog",
                          "test_module": "edge_bench", "seed": 1, "test_dir": str(work),
                          "results_xml": str(work / "results.xml"), "log_file": str(work / "log"),
                          "plusargs": ["+verilator+rand+reset+2", "+verilator+seed+7"]}}  # fmt: skip
        env = {key: value for key, value in os.environ.items() if not key.startswith(("COCOTB", "PYTEST"))}
        env |= {"EDGE": str(found), "IMAGES": str(work / "images.npz"), "RESULT": str(work / "result.json"),
                "ALL": str(int(everything)), "PYTHONPATH": str(Path(__file__).parent),
                "COCOTB_REWRITE_ASSERTION_FILES": ""}  # fmt: skip
        with suppress(tools.ToolFailed):  # the report says which test failed
            tools.run([sys.executable, "-c", cocotb_run.CHILD, "verilator", json.dumps(calls)], cwd=work, env=env)
        log = (work / "log").read_text() if (work / "log").is_file() else ""
        cases = junit.read(work / "results.xml") if (work / "results.xml").is_file() else []
        failed = {case.name: case.failure for case in cases if case.failure is not None}
        assert cases and not failed, f"{failed}\n{log[-6000:]}"
        return json.loads((work / "result.json").read_text())


def edged(unit: str, preset: str, data_width: int, directory: Path, count: int, everything: bool = False,
          **fields: Any) -> tuple[Artifact, dict[str, Any]]:  # fmt: skip
    """Emits a unit with its edge and holds it against its golden model; the artefact and what was measured."""
    found = get_unit(unit)
    config = found.make(found.presets[preset] | fields)
    bench = found.load("bench")
    inputs = bench.stimulus(config, count, 1)
    expected = bench.expect(config, inputs)
    artifact = emit(config, directory)
    emit_axi(artifact, data_width)
    ends = bench.ends(config, inputs) if hasattr(bench, "ends") else None
    ends = np.arange(count) if ends is None else ends
    assert len(ends), "some beats must complete a result"
    images = {"ends": ends, "i": to_bytes(artifact.stream("in"), inputs),
              "o": to_bytes(artifact.stream("out"), expected)}  # fmt: skip
    return artifact, simulate(directory, data_width, images, everything)
