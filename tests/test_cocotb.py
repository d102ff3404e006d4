"""The cocotb engine: a small pipeline of which every part is known, and the faults it must not have."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from nervure.verif import bench, cocotb_run, junit, tools
from nervure.verif.artifact import Artifact
from nervure.verif.cocotb_run import CocotbResult, run_cocotb
from nervure.verif.testbench import export_testbench, vectors

COUNT = 300
RNG = np.random.default_rng(1)
INPUTS = {"a": RNG.integers(0, 256, (COUNT, 2), np.uint64), "b": RNG.integers(0, 16, COUNT, np.uint64)}
EXPECTED = {"y": (INPUTS["a"].sum(1) + INPUTS["b"]) & np.uint64(0xFFF)}

# y = a[0] + a[1] + b through three ranks. A fault is a text that replaces another one.
PIPELINE = """
module {module}(input clk,{reset_port} input i_valid, output i_ready, input [15:0] i_a, input [7:0] i_rest,
                output o_valid, input o_ready, output [15:0] o_y);
  reg v1 = 0, v2 = 0, v3 = 0;
  reg [11:0] d1 = 0, d2 = 0, d3 = 0;
  wire en3 = o_ready | ~v3, en2 = en3 | ~v2, en1 = en2 | ~v1;
  assign i_ready = en1, o_valid = v3, o_y = {{d3, 4'b0}};
  always @(posedge clk{edge}) begin
    if (en3) begin v3 <= v2; d3 <= d2; end
    if (en2) begin v2 <= v1; d2 <= d1; end
    if (en1) begin v1 <= i_valid; d1 <= i_a[7:0] + i_a[15:8] + i_rest[7:4]; end
    if ({reset}) begin v1 <= 0; v2 <= 0; v3 <= 0; end
  end
endmodule
"""
BARE = """
module {module}(input clk, input [15:0] i_a, input [7:0] i_rest, output [15:0] o_y);
  reg [11:0] d1 = 0, d2 = 0, d3 = 0;
  assign o_y = {{d3, 4'b0}};
  always @(posedge clk) begin
    d1 <= i_a[7:0] + i_a[15:8] + i_rest[7:4]; d2 <= d1; d3 <= d2;
  end
endmodule
"""


def field(name: str, port: str, offset: int, width: int, shape: list[int]) -> dict[str, object]:
    return {"field": name, "port": port, "offset": offset, "width": width, "shape": shape, "format": f"uint{width}"}


def make(directory: Path, *, reset: str = "sync", active: str = "high", interface: str = "stream", module: str = "toy",
         fault: dict[str, str] | None = None, manifest: dict[str, object] | None = None) -> Artifact:  # fmt: skip
    stream = interface == "stream"
    if not stream:
        reset = "none"
    pin = "rst" if active == "high" else "rst_n"
    level = pin if active == "high" else f"~{pin}"
    edge = f" or {'posedge' if active == 'high' else 'negedge'} {pin}" if reset == "async" else ""
    text = (PIPELINE if stream else BARE).format(
        module=module, edge=edge, reset="0" if reset == "none" else level,
        reset_port="" if reset == "none" else f" input {pin},",
    )  # fmt: skip
    if reset == "async":
        clear = text.index(f"    if ({level})")
        start, end = text.index("    if (en3)"), text.index("  end\nendmodule")
        text = f"{text[:start]}{text[clear:end].rstrip()} else begin\n{text[start:clear]}    end\n{text[end:]}"
    for old, new in (fault or {}).items():
        assert old in text
        text = text.replace(old, new)
    directory.mkdir(exist_ok=True)
    (directory / f"{module}.v").write_text(text)
    sides = [
        {"name": "i", "direction": "in", "valid": "i_valid", "ready": "i_ready",
         "payload": [field("a", "i_a", 0, 8, [2]), field("b", "i_rest", 4, 4, [])]},
        {"name": "o", "direction": "out", "valid": "o_valid", "ready": "o_ready",
         "payload": [field("y", "o_y", 4, 12, [])]},
    ]  # fmt: skip
    if not stream:
        sides = [side | {"valid": None, "ready": None} for side in sides]
    digest = hashlib.sha256(text.encode()).hexdigest()
    (directory / f"{module}.json").write_text(json.dumps({
        "schema": 1, "unit": "toy", "module": module, "config": {}, "digest": "", "clock": "clk",
        "reset": None if reset == "none" else {"port": pin, "kind": reset, "active": active},
        "latency_cycles": 3, "initiation_interval": 1, "streams": sides,
        "files": [{"path": f"{module}.v", "sha256": digest}], "versions": {},
    } | (manifest or {})))  # fmt: skip
    return Artifact.load(directory)


def make_other(directory: Path, text: str, widths: dict[str, tuple[int, list[int]]], **manifest: object) -> Artifact:
    """A bare unit ``other`` whose fields are ports of their own: ``x`` goes in, all others come out."""
    places = {name: field(name, name, 0, width, shape) for name, (width, shape) in widths.items()}
    ends = {"valid": None, "ready": None}
    sides = [{"name": "i", "direction": "in", **ends, "payload": [places.pop("x")]},
             {"name": "o", "direction": "out", **ends, "payload": list(places.values())}]  # fmt: skip
    (directory / "other.v").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    (directory / "other.json").write_text(json.dumps({
        "unit": "other", "module": "other", "clock": "clk", "reset": None, "latency_cycles": 1,
        "initiation_interval": 1, "streams": sides, "files": [{"path": "other.v", "sha256": digest}],
    } | manifest))  # fmt: skip
    return Artifact.load(directory)


def names(result: CocotbResult) -> list[str]:
    return [name for name, _, _ in result.tests]


def failed(result: CocotbResult) -> dict[str, str]:
    return {name: message for name, passed, message in result.tests if not passed}


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_right_pipeline(tmp_path, simulator):
    report = tmp_path / "reports" / "toy.xml"
    result = run_cocotb(make(tmp_path / "toy"), INPUTS, EXPECTED, seed=5, junit=report, simulator=simulator,
                        operations={"add_8": 2})  # fmt: skip
    assert failed(result) == {} and result.passed
    assert names(result) == ["back_to_back", "random_stalls", "reset_in_midstream"]
    assert result.latency_cycles == 3 and result.mismatches == 0 and result.first_mismatch is None
    counts = result.counts
    assert counts["cycles"] == result.cycles == counts["beats"] + counts["idle_cycles"] + counts["stalled_cycles"]
    assert counts["beats"] >= 2 * COUNT and counts["add_8"] == 2 * counts["beats"]
    assert counts["idle_cycles"] > 0 and counts["stalled_cycles"] > 0
    assert 0 < counts["output_toggles"] < 12 * counts["beats"] and 0 < counts["input_toggles"] < 20 * counts["beats"]
    assert [(case.suite, case.name, case.failure) for case in junit.read(report)] == [
        (f"toy.{simulator}", name, None) for name in names(result)
    ]
    assert sorted(path.name for path in (tmp_path / "toy").iterdir()) == ["toy.json", "toy.v"]


def test_toggles_of_a_known_sequence(tmp_path):
    artifact = make(tmp_path, interface="bare")
    inputs = {"a": np.array([[0, 1], [0, 3], [0, 0]]), "b": np.array([0, 15, 15])}
    result = run_cocotb(artifact, inputs, {"y": np.array([1, 18, 15])}, simulator="icarus")
    assert result.passed and names(result) == ["back_to_back"]
    assert result.counts["beats"] == 3
    assert result.counts["input_toggles"] == 1 + (1 + 4) + 2
    assert result.counts["output_toggles"] == 1 + 3 + 4


@pytest.mark.parametrize(
    ("options", "tests"),
    [
        ({"active": "low"}, ["back_to_back", "random_stalls", "reset_in_midstream"]),
        ({"reset": "async"}, ["back_to_back", "random_stalls", "reset_in_midstream"]),
        ({"reset": "none"}, ["back_to_back", "random_stalls"]),
        ({"interface": "bare"}, ["back_to_back"]),
        ({"manifest": {"latency_cycles": None, "initiation_interval": None}},
         ["back_to_back", "random_stalls", "reset_in_midstream"]),
    ],
)  # fmt: skip
def test_interfaces_and_resets(tmp_path, options, tests):
    result = run_cocotb(make(tmp_path, **options), INPUTS, EXPECTED, simulator="icarus")
    assert failed(result) == {} and names(result) == tests and result.latency_cycles == 3


def test_async_reset_under_verilator(tmp_path):
    result = run_cocotb(make(tmp_path, reset="async", active="low"), INPUTS, EXPECTED)
    assert failed(result) == {} and names(result) == ["back_to_back", "random_stalls", "reset_in_midstream"]


def test_seed_chooses_the_traffic(tmp_path):
    artifact = make(tmp_path)
    counts = [run_cocotb(artifact, INPUTS, EXPECTED, seed=seed, simulator="icarus").counts for seed in (1, 1, 2)]
    assert counts[0] == counts[1] != counts[2]


def test_wrong_sum_is_caught(tmp_path):
    artifact = make(tmp_path, fault={"i_a[7:0] +": "(i_a[7:0] & 8'hfd) +"})
    result = run_cocotb(artifact, INPUTS, EXPECTED, junit=tmp_path / "report.xml")
    beat = int(np.flatnonzero(INPUTS["a"][:, 0] & np.uint64(2))[0])
    assert not result.passed and set(failed(result)) == set(names(result))
    a, b, y = INPUTS["a"][beat].tolist(), int(INPUTS["b"][beat]), int(EXPECTED["y"][beat])
    assert result.first_mismatch == {
        "test": "back_to_back", "beat": beat, "inputs": {"a": a, "b": b}, "expected": {"y": y}, "actual": {"y": y - 2},
    }  # fmt: skip
    wrong = int(np.count_nonzero(INPUTS["a"][:, 0] & np.uint64(2)))
    assert result.mismatches > 2 * wrong  # twice in the tests that play all beats, and some in the third
    ports = f"o_y={y << 4:x} expected, o_y={(y - 2) << 4:x} found for i_a={a[0] | a[1] << 8:x} i_rest={b << 4:x}"
    assert failed(result)["back_to_back"] == f"{wrong} beats differ; beat {beat}: {ports}"
    (first, *_) = junit.read(tmp_path / "report.xml")
    assert first.failure == failed(result)["back_to_back"] and "back_to_back" in first.output


STALLS, RESETS = "random_stalls", "reset_in_midstream"
LAST = f"16'h{int(INPUTS['a'][-1] @ np.array([1, 256], np.uint64)):x}"
LOAD = "begin v3 <= v2; d3 <= d2; end"
FAULTS = {
    "a beat is dropped under stall": (STALLS, {"en1 = en2 | ~v1": "en1 = 1"}, {}, "beats differ; .* not "),
    "a beat is repeated under stall": (STALLS, {"v1 <= i_valid;": "v1 <= i_valid | v1 & ~o_ready;"}, {}, "one more"),
    "the payload changes while it waits": (
        STALLS, {LOAD: "v3 <= v2; d3 <= d2;"}, {}, "o_y must hold beat 0 while it waits, and changed"),
    "valid falls while it waits": (
        STALLS, {LOAD: f"{LOAD} else v3 <= 0;"}, {}, "o_valid must stay until o_ready, and fell"),
    "valid waits for ready": (
        STALLS, {"o_valid = v3": "o_valid = v3 & o_ready"}, {}, "o_valid must not wait for o_ready, and does"),
    "ready never comes": ("back_to_back", {"en1 = en2 | ~v1": "en1 = 0"}, {}, "300 beats must come out, not 0 "),
    "the last beat never comes": (
        "back_to_back", {"v1 <= i_valid;": f"v1 <= i_valid & i_a != {LAST};"}, {}, "300 beats must come out, not "),
    "latency is longer": (
        "back_to_back", {}, {"manifest": {"latency_cycles": 2}}, r"latency must be 2 cycles, not \[3\]"),
    "latency is shorter": (
        "back_to_back", {}, {"manifest": {"latency_cycles": 4}}, r"latency must be 4 cycles, not \[3\]"),
    "latency of a bare unit is longer": (
        "back_to_back", {}, {"interface": "bare", "manifest": {"latency_cycles": 2}}, "beats differ; beat 0: "),
    "initiation interval is shorter": (
        "back_to_back", {}, {"manifest": {"initiation_interval": 2}}, r"interval must be 2 cycles, not \[1\]"),
    "reset forgets a rank": (RESETS, {"v1 <= 0; v2 <= 0; v3": "v1 <= 0; v3"}, {}, ""),
    "reset is synchronous": (
        RESETS, {}, {"manifest": {"reset": {"port": "rst", "kind": "async", "active": "high"}}}, ""),
    "noise gets in": (STALLS, {"begin v1 <= i_valid; d1 <=": "v1 <= i_valid; begin d1 <="}, {}, "beats differ; beat "),
    "a beat that nobody sent": (
        "back_to_back", {"v3 = 0": "v3 = 1"}, {"reset": "none"}, "o_y must give 0 beats so far, not one more"),
    "X after reset": (
        "back_to_back", {"d2 = 0, d3 = 0": "d2 = 0, d3", "d3 <= d2": "if (v2) d3 <= d2"}, {},
        "o_y must be 0 or 1 after reset, not X"),
    "X for a beat": (
        "back_to_back", {"o_y = {d3": "o_y = {d3[0] ? 12'bx : d3"}, {}, "beats differ; beat .* o_y=X found for i_a="),
    "X as handshake": (
        STALLS, {"o_valid = v3": "o_valid = v3 & ~o_ready & i_valid ? 1'bx : v3"}, {}, "o_valid must be 0 or 1, not X"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(tmp_path, name):
    test, fault, options, message = FAULTS[name]
    result = run_cocotb(make(tmp_path, fault=fault, **options), INPUTS, EXPECTED, simulator="icarus")
    assert not result.passed
    assert re.search(message, failed(result)[test]), failed(result)
    if test != "back_to_back":
        assert "back_to_back" not in failed(result)  # it takes the test that is made for it


def test_dropped_beat_is_caught_under_verilator(tmp_path):
    result = run_cocotb(make(tmp_path, fault=FAULTS["a beat is dropped under stall"][1]), INPUTS, EXPECTED)
    assert "random_stalls" in failed(result) and "back_to_back" not in failed(result)


def test_wide_ports_and_shapes(tmp_path):
    widths = {"x": (33, [2, 3]), "y": (33, [2, 3]), "z": (1, [])}
    text = ("module other(input clk, input [197:0] x, output reg [197:0] y = 0, output reg z = 0);\n"
            "  always @(posedge clk) begin y <= ~x; z <= ^x; end\nendmodule\n")  # fmt: skip
    x = RNG.integers(0, 2**33, (50, 2, 3), np.uint64)
    y = x ^ np.uint64(2**33 - 1)
    z = np.array([sum(int(code).bit_count() for code in beat.flat) & 1 for beat in x])
    assert run_cocotb(make_other(tmp_path, text, widths), {"x": x}, {"y": y, "z": z}).passed
    y[7, 1, 2] ^= 1
    result = run_cocotb(make_other(tmp_path, text, widths), {"x": x}, {"y": y, "z": z})
    assert result.mismatches == 1 and result.first_mismatch is not None and result.first_mismatch["beat"] == 7
    actual, expected = (result.first_mismatch[side]["y"] for side in ("actual", "expected"))
    assert actual[0] == expected[0] and actual[1][:2] == expected[1][:2] and actual[1][2] == expected[1][2] ^ 1


def test_no_clock(tmp_path):
    text = "module other(input [7:0] x, output [7:0] y);\n  assign y = ~x;\nendmodule\n"
    artifact = make_other(tmp_path, text, {"x": (8, []), "y": (8, [])}, clock=None, latency_cycles=0)
    codes = np.arange(256)
    result = run_cocotb(artifact, {"x": codes}, {"y": 255 - codes}, simulator="icarus")
    assert failed(result) == {} and result.latency_cycles == 0


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_waves(tmp_path, simulator):
    result = run_cocotb(make(tmp_path / "toy"), INPUTS, EXPECTED, waves=tmp_path / "w" / "toy", simulator=simulator)
    assert result.passed and result.wave_file is not None and result.wave_file.stat().st_size > 1000
    if result.wave_file.suffix == ".vcd":
        assert "liblz4-dev" in result.note and "$enddefinitions" in result.wave_file.read_text()[:10000]
    else:
        assert result.wave_file.suffix == ".fst" and result.note == ""


def test_model_is_built_once(tmp_path, monkeypatch):
    artifact = make(tmp_path)
    run_cocotb(artifact, INPUTS, EXPECTED)
    called, run = [], tools.run

    def note(command, **options):
        called.append(command)
        return run(command, **options)

    monkeypatch.setattr(tools, "run", note)
    run_cocotb(artifact, INPUTS, EXPECTED)
    assert [command[1] for command in called if command[-1] != "--version"] == ["-c"]  # the simulation itself


def test_simulator_that_breaks(tmp_path):
    for simulator in ("verilator", "icarus"):
        with pytest.raises(tools.ToolFailed):
            run_cocotb(make(tmp_path, fault={"endmodule": ""}), INPUTS, EXPECTED, simulator=simulator)
    early = make(tmp_path, fault={"  assign": "  initial #100 $finish;\n  assign"})
    result = run_cocotb(early, INPUTS, EXPECTED, simulator="icarus")
    assert not result.passed, result.tests


def test_missing_libpython_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(cocotb_run, "find_libpython", lambda: None)
    monkeypatch.delenv("LIBPYTHON_LOC", raising=False)
    with pytest.raises(tools.ToolMissing, match=r"^libpython3\.\d+\.so is missing; cocotb needs it "):
        run_cocotb(make(tmp_path), INPUTS, EXPECTED)


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


@pytest.mark.parametrize(
    ("inputs", "expected", "message"),
    [
        ({"a": INPUTS["a"]}, EXPECTED, "inputs must have field b, not a"),
        (INPUTS, {}, "expected must have field y, not nothing"),
        (INPUTS | {"a": INPUTS["b"]}, EXPECTED, "codes of a must have shape (beats, 2), not (300,)"),
        (INPUTS | {"b": INPUTS["b"] + np.uint64(8)}, EXPECTED, "codes of b must be 0 to 15, not 8 to 23"),
        (INPUTS, {"y": np.full(COUNT, -1)}, "codes of y must be 0 to 4095, not -1 to -1"),
        (INPUTS, {"y": EXPECTED["y"][1:]},
         "all fields must have the same number of beats, at least 1, not a 300, b 300, y 299"),
        ({k: v[:0] for k, v in INPUTS.items()}, {"y": EXPECTED["y"][:0]},
         "all fields must have the same number of beats, at least 1, not a 0, b 0, y 0"),
    ],
)  # fmt: skip
def test_vectors_that_do_not_fit(tmp_path, inputs, expected, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        vectors(make(tmp_path), inputs, expected)


def test_unknown_simulator(tmp_path):
    with pytest.raises(ValueError, match=r"^simulator must be verilator or icarus, not spice$"):
        run_cocotb(make(tmp_path), INPUTS, EXPECTED, simulator="spice")


def test_junit_reports_are_merged(tmp_path):
    first = [junit.Case("b", "one", 0.5), junit.Case("a", "two", 1.0, "wrong <1>\nat \x00 beat 3", "said\x1b[0m")]
    junit.write(tmp_path / "1.xml", first)
    junit.write(tmp_path / "2.xml", [junit.Case("b", "three")])
    cases = junit.merge([tmp_path / "1.xml", tmp_path / "2.xml"], tmp_path / "all" / "merged.xml")
    assert sorted((c.suite, c.name, c.failure) for c in cases) == [
        ("a", "two", "wrong <1>"), ("b", "one", None), ("b", "three", None),
    ]  # fmt: skip
    root = ElementTree.parse(tmp_path / "all" / "merged.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("time")) == ("3", "1", "1.500")
    assert [suite.get("name") for suite in root] == ["a", "b"]
    assert junit.read(tmp_path / "1.xml")[0].output == "said?[0m"
    (tmp_path / "2.xml").write_text("<testsuites>")
    with pytest.raises(ValueError, match="must be a JUnit report, not "):
        junit.read(tmp_path / "2.xml")
