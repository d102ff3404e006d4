"""The cocotb engine on units of which every part is known: all interfaces, waves, builds, and bad vectors."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from nervure.verif import cocotb_run, junit, tools
from nervure.verif.artifact import Artifact
from nervure.verif.cocotb_run import run_cocotb
from nervure.verif.testbench import vectors

from .pipeline import COUNT, EXPECTED, INPUTS, RNG, failed, field, make, names


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
