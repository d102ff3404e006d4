"""Protocol: the cocotb bench on a generated module, under the environment's Verilator or under Icarus Verilog.

:mod:`.bench` drives and compares; here are the build (cached by content), the run and the report.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from cocotb_tools import config as cocotb
from find_libpython import find_libpython

from . import cache, tools
from . import junit as reports
from .artifact import Artifact, FieldPlace
from .testbench import vectors

BENCH = "nervure.verif.bench"
VERILATE = (
    "--cc", "--vpi", "--no-timing", "--prefix", "Vtop", "--Mdir", ".", "--timescale", "1ns/1ps", "-Wno-lint",
    "-Wno-fatal",
)  # fmt: skip
COMPILE = ("-Os", "-std=c++17", "-DVERILATOR=1", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TIMING=0")
TRACES = ("vcd", "fst", "saif")
RUNTIME = ["verilated.cpp", "verilated_dpi.cpp", "verilated_vpi.cpp", "verilated_threads.cpp"]
FST_LIBRARIES = ["-llz4", "-lz"]
NO_FST = "waves are VCD, because FST needs lz4.h and zlib.h (Debian: apt-get install liblz4-dev zlib1g-dev)"

# cocotb's runner reads and changes the process's environment, logs to it and may end it, so that it runs in a child.
CHILD = """import json, sys
from cocotb_tools.runner import get_runner
runner = get_runner(sys.argv[1])
for call, arguments in json.loads(sys.argv[2]).items():
    getattr(runner, call)(**arguments)
"""


@dataclass(frozen=True)
class CocotbResult:
    """How the bench ended.

    Parameters
    ----------
    passed : bool
        Whether every test passed.
    tests : tuple of (name, passed, message)
        The tests that the module's interface allows.
    mismatches : int
        Beats that came out with a wrong payload, over all tests.
    first_mismatch : dict or None
        ``test``, ``beat``, and the codes of every field in ``inputs``, ``expected`` and ``actual`` (None: X).
    cycles : int
        Clock cycles outside reset, over all tests.
    seconds : float
        Time in the tests, without build and start.
    counts : dict
        ``beats, cycles, idle_cycles, stalled_cycles, input_toggles, output_toggles`` and operations, over all tests.
    latency_cycles : int or None
        The measured latency, where it was the same for every beat.
    wave_file : Path or None
        The waves that were asked for.
    note : str
        Why the waves are VCD, where they are.
    log : str
        What the simulator printed.
    """

    passed: bool
    tests: tuple[tuple[str, bool, str], ...]
    mismatches: int
    first_mismatch: dict[str, Any] | None
    cycles: int
    seconds: float
    counts: dict[str, int]
    latency_cycles: int | None
    wave_file: Path | None
    note: str
    log: str = field(repr=False)


def run_cocotb(artifact: Artifact, inputs: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], *,
               seed: int = 0, waves: Path | None = None, junit: Path | None = None,
               operations: Mapping[str, int] | None = None, simulator: str = "verilator",
               ends: np.ndarray | None = None) -> CocotbResult:  # fmt: skip
    """Runs the bench on a module.

    Parameters
    ----------
    artifact : Artifact
        The generated module.
    inputs, expected : dict of arrays
        Codes of every field that goes in, and those that must come out; shape ``(beats, *shape of the field)``.
    seed : int
        Chooses gaps, noise and moments of reset and, under Verilator, what registers without initial value start with.
    waves : Path or None
        File for waves; its suffix becomes ``.fst``, or ``.vcd`` where the libraries for FST are missing.
    junit : Path or None
        File for a JUnit report.
    operations : dict or None
        Operations of one beat, for the counts.
    simulator : str
        ``verilator``, or ``icarus`` (four-state: it also finds outputs that are X).
    ends : integer array or None
        Which beats that go in complete one that comes out, as for :func:`nervure.verif.testbench.vectors`.

    Raises
    ------
    ValueError
        If the vectors do not fit the module.
    ToolMissing, ToolFailed
        If a tool is not there, or breaks before there is a report.
    """
    if simulator not in ("verilator", "icarus"):
        raise ValueError(f"simulator must be verilator or icarus, not {simulator}")
    table = vectors(artifact, inputs, expected, operations, ends)
    wave_file, note = None, ""
    if waves is not None:
        fst = simulator == "icarus" or _fst_works()  # Icarus brings its own
        wave_file, note = Path(waves).absolute().with_suffix(".fst" if fst else ".vcd"), "" if fst else NO_FST
        wave_file.parent.mkdir(parents=True, exist_ok=True)
        wave_file.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="nervure-") as name:
        work = Path(name)
        (work / "vectors.txt").write_text(table)
        (work / "manifest.json").write_text(json.dumps(artifact.manifest))
        cases, log = _simulate(artifact, simulator, seed, work, wave_file)
        counted = json.loads((work / "result.json").read_text()) if (work / "result.json").is_file() else {}
    if junit is not None:
        reports.write(junit, cases)
    counts: dict[str, int] = {}
    for of_test in counted.get("tests", {}).values():
        counts |= {key: counts.get(key, 0) + count for key, count in of_test.items()}
    tests = tuple((case.name, case.failure is None, case.failure or "") for case in cases)
    return CocotbResult(
        all(passed for _, passed, _ in tests), tests, counted.get("mismatches", 0),
        _codes(artifact, inputs, expected, counted.get("first_mismatch"), ends), counts.get("cycles", 0),
        sum(case.seconds for case in cases), counts, counted.get("latency_cycles"), wave_file, note, log,
    )  # fmt: skip


def _codes(artifact: Artifact, inputs: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray],
           found: tuple[str, int, dict[str, int | None]] | None, ends: np.ndarray | None = None,
           ) -> dict[str, Any] | None:  # fmt: skip
    """The first mismatch in the fields' codes."""
    if found is None:
        return None
    test, beat, ports = found

    def code(place: FieldPlace) -> Any:
        if (value := ports[place.port]) is None:
            return None
        elements = [value >> place.offset + k * place.width & (1 << place.width) - 1 for k in range(place.count)]
        return np.reshape(np.array(elements, object), place.shape).tolist()

    sides = {"in": inputs, "out": expected}
    at = {"in": beat if ends is None else int(ends[beat]), "out": beat}
    given = {side: {p.field: np.asarray(sides[side][p.field])[at[side]].tolist() for p in stream.payload}
             for side in sides for stream in artifact.streams if stream.direction == side}  # fmt: skip
    places = [p for stream in artifact.streams for p in stream.payload if p.port in ports]
    actual = {p.field: code(p) for p in places}
    return {"test": test, "beat": beat, "inputs": given["in"], "expected": given["out"], "actual": actual}


def _simulate(artifact: Artifact, simulator: str, seed: int, work: Path, wave_file: Path | None,
              ) -> tuple[list[reports.Case], str]:  # fmt: skip
    """Builds, and runs the bench in ``work``; the tests and what the simulator printed."""
    if not (os.environ.get("LIBPYTHON_LOC") or find_libpython()):
        package = f"libpython{sys.version_info.major}.{sys.version_info.minor}"
        raise tools.ToolMissing(f"{package}.so is missing; cocotb needs it (Debian: apt-get install {package})")
    env = dict(os.environ)
    for name in ("WAVES", "GUI", "PYTEST_CURRENT_TEST", "COCOTB_TEST_FILTER", "COCOTB_TESTCASE"):
        env.pop(name, None)  # cocotb's runner listens to them
    env |= {"NERVURE_MANIFEST": str(work / "manifest.json"), "NERVURE_VECTORS": str(work / "vectors.txt"),
            "NERVURE_RESULT": str(work / "result.json"), "COCOTB_REWRITE_ASSERTION_FILES": ""}  # fmt: skip
    results, log_file = work / "results.xml", work / "log"
    common = {"hdl_toplevel": artifact.module, "build_dir": str(work), "waves": wave_file is not None}
    test = {**common, "hdl_toplevel_lang": "verilog", "test_module": BENCH, "seed": seed, "test_dir": str(work),
            "results_xml": str(results), "log_file": str(log_file)}  # fmt: skip
    if simulator == "verilator":
        test["build_dir"] = str(_model(artifact, wave_file.suffix[1:] if wave_file else ""))
        test["test_args"] = ["--trace-file", str(wave_file)] if wave_file else []
        test["plusargs"] = ["+verilator+rand+reset+2", f"+verilator+seed+{seed % (2**31 - 1) + 1}"]
        calls = {"test": test}
    else:
        for name, command in zip(("iverilog", "vvp"), tools.icarus(), strict=True):
            tools.shim(work / "bin" / name, command)
        env["PATH"] = os.pathsep.join([str(work / "bin"), env.get("PATH", "")])
        test["plusargs"] = [f"+dumpfile_path={wave_file}"] if wave_file else []
        sources = [str(artifact.verilog.absolute())]
        calls = {"build": {**common, "sources": sources, "timescale": ["1ns", "1ps"]}, "test": test}
    broken = None
    try:
        tools.run([sys.executable, "-c", CHILD, simulator, json.dumps(calls)], cwd=work, env=env)
    except tools.ToolFailed as error:
        broken = error  # which may only say that a test failed: see the report
    log = log_file.read_text(errors="replace") if log_file.is_file() else str(broken)
    suite = f"{artifact.module}.{simulator}"
    cases = [replace(case, suite=suite, output=log if case.failure else "")
             for case in (reports.read(results) if results.is_file() else [])]  # fmt: skip
    if not cases or (broken and all(case.failure is None for case in cases)):
        tail = "\n".join(log.strip().splitlines()[-12:])
        raise tools.ToolFailed(f"{simulator} broke: {tail}")
    return cases, log


def _model(artifact: Artifact, trace: str) -> Path:
    """Directory of the Verilator model of a module, with traces as ``vcd``, ``fst`` or none."""
    command, env = tools.verilator()
    compiler, module, text = tools.compiler(), artifact.module, artifact.verilog.read_bytes()
    root = tools.verilator_root() / "include"
    flags = [*COMPILE, f"-I{root}", f"-I{root / 'vltstd'}"]
    traces = [f"-DVM_TRACE={int(bool(trace))}", *(f"-DVM_TRACE_{kind.upper()}={int(kind == trace)}" for kind in TRACES)]
    libraries = [f"-L{cocotb.libs_dir}", f"-Wl,-rpath,{cocotb.libs_dir}", "-lcocotbvpi_verilator", "-pthread"]
    libraries += FST_LIBRARIES if trace == "fst" else []
    versions = [platform.machine(), version("cocotb"), tools.run([*command, "--version"], env=env),
                tools.run([compiler, "--version"])]  # fmt: skip
    # The bench sees the ports alone, so that Verilator is free with all the rest.
    pins = [artifact.clock, (artifact.reset or {}).get("port")]
    pins += [clock["port"] for clock in artifact.manifest.get("clocks", [])]
    for stream in artifact.streams:
        pins += [stream.valid, stream.ready, *artifact.port_widths(stream)]
    public = "".join(f'public_flat_rw -module "{module}" -var "{pin}"\n' for pin in pins if pin)

    def compile_object(name: str) -> Path:
        """One of Verilator's run-time objects, which take longer to compile than a model and are the same for all."""
        arguments = [*flags, "-c", str(root / name), "-o", "run.o"]

        def make(directory: Path) -> None:
            tools.run([compiler, *arguments], cwd=directory)

        return cache.build("cocotb-runtime", [*versions, *arguments], make) / "run.o"

    def make(directory: Path) -> None:
        with ThreadPoolExecutor() as pool:
            objects = list(pool.map(compile_object, [*RUNTIME, *([f"verilated_{trace}_c.cpp"] if trace else [])]))
        work = directory / "model"
        work.mkdir()
        (work / f"{module}.v").write_bytes(text)
        (work / "public.vlt").write_text(f"`verilator_config\n{public}")
        tools.run([*command, *VERILATE, *([f"--trace-{trace}"] if trace else []), "--top-module", module, "public.vlt",
                   f"{module}.v"], cwd=work, env=env)  # fmt: skip
        sources = [*sorted(work.glob("V*.cpp")), cocotb.share_dir / "lib" / "verilator" / "verilator.cpp"]
        (work / "all.cc").write_text("".join(f'#include "{source}"\n' for source in sources))
        tools.run([compiler, *flags, *traces, "-I.", "all.cc", *map(str, objects), "-o", f"../{module}", *libraries],
                  cwd=work)  # fmt: skip
        shutil.rmtree(work)

    return cache.build("cocotb", [*versions, *flags, *traces, *libraries, *VERILATE, public, module, text], make)


def _fst_works() -> bool:
    """Whether the libraries that FST waves need can be compiled with."""
    source = "#include <lz4.h>\n#include <zlib.h>\nint main() { return !LZ4_versionNumber() + !zlibVersion(); }\n"
    command = [tools.compiler(), "-x", "c++", "-", "-o", os.devnull, *FST_LIBRARIES]
    try:
        tools.run(command, stdin=source)
    except tools.ToolFailed:
        return False
    return True
