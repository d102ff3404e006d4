"""The cocotb bench as a stranger gets it: a unit, its vectors and a Makefile, without nervure."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from nervure.verif import bench, junit, tools
from nervure.verif.artifact import Artifact
from nervure.verif.cocotb_run import run_cocotb
from nervure.verif.testbench import export_testbench

from .pipeline import EXPECTED, INPUTS, make


def export(directory: Path, **options: object) -> Artifact:
    artifact = make(directory, **options)  # type: ignore[arg-type]
    files = export_testbench(artifact, directory, INPUTS, EXPECTED, {"add_8": 2})
    assert [path.name for path in files] == ["test_toy.py", "toy_vectors.txt", "Makefile"]
    assert [path.name for path in directory.glob("*.json")] == ["toy.json"]
    return artifact


def run_make(directory: Path, *arguments: str, path: list[str]) -> subprocess.CompletedProcess[str]:
    """``make`` as a stranger runs it: no nervure to import, no environment but PATH."""
    env = {"PATH": os.pathsep.join([*path, os.environ["PATH"]]), "HOME": str(directory), "MAKEFLAGS": "-j2"}
    return subprocess.run(["make", *arguments], cwd=directory, env=env, text=True, capture_output=True)


@pytest.fixture
def icarus_path(tmp_path):
    for name, command in zip(("iverilog", "vvp"), tools.icarus(), strict=True):
        tools.shim(tmp_path / "bin" / name, command)
    return [str(tmp_path / "bin"), str(Path(sys.executable).parent)]


def test_exported_bench_stands_alone_under_verilator(tmp_path):
    export(tmp_path)
    quick = "BUILD_ARGS=OPT_GLOBAL=-O0 OPT_FAST=-O0"
    done = run_make(tmp_path, quick, path=[str(Path(sys.executable).parent)])
    assert done.returncode == 0, done.stdout + done.stderr
    assert [(c.name, c.failure) for c in junit.read(tmp_path / "results.xml")] == [
        ("back_to_back", None), ("random_stalls", None), ("reset_in_midstream", None),
    ]  # fmt: skip
    assert Artifact.load(tmp_path).module == "toy"


def test_exported_bench_stands_alone_under_icarus(tmp_path, icarus_path):
    export(tmp_path / "toy", reset="async", active="low")
    done = run_make(tmp_path / "toy", "SIM=icarus", "NERVURE_RESULT=counts.txt", path=icarus_path)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = json.loads((tmp_path / "toy" / "counts.txt").read_text())["tests"]
    same = run_cocotb(Artifact.load(tmp_path / "toy"), INPUTS, EXPECTED, operations={"add_8": 2}, simulator="icarus")
    assert sum(c["cycles"] for c in counts.values()) == same.cycles  # the same seed gives the same run


def test_exported_bench_fails_on_a_wrong_circuit(tmp_path, icarus_path):
    export(tmp_path / "toy", fault={"i_a[7:0] +": "(i_a[7:0] & 8'hfd) +"})
    done = run_make(tmp_path / "toy", "SIM=icarus", path=icarus_path)
    assert done.returncode != 0 and "beats differ; beat" in done.stdout


def test_exported_bench_needs_cocotb_and_the_standard_library_only():
    imports = re.findall(r"^(?:from|import) (\w+)", (Path(bench.__file__)).read_text(), re.MULTILINE)
    assert set(imports) - set(sys.stdlib_module_names) == {"cocotb"}
