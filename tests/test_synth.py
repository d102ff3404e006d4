"""Synthesis: what is counted on each target, what flat mode does, liberty files, and expected areas."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from nervure.generators.flow import baselines
from nervure.generators.flow.depth import longest_path
from nervure.generators.flow.synth import synth
from nervure.generators.flow.targets import TARGETS
from nervure.verif import tools

from .toy import toy

BASELINES = Path(__file__).parent / "baselines"
KEYS = ["target", "mode", "lut", "luts", "ff", "carry", "dsp", "bram", "uram", "mux", "depth", "cells", "area", "tool"]

GATES = """
library (small) {
  /* cell (NOT_THIS_ONE) { area : 1; } */
  cell (INV) { area : 1.5; pin (A) { direction : input; } pin (Y) { direction : output; function : "!A"; } }
  cell ("NAND2") {
    area : 2.25;
    pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "!(A & B)"; }
  }
  cell (BUF) { area : 2; pin (A) { direction : input; } pin (Y) { direction : output; function : "A"; } }
  cell (NOR2) {
    area : 2.5;
    pin (A) { direction : input; } pin (B) { direction : input; }
    pin (Y) { direction : output; function : "!(A | B)"; }
  }
}
"""
FLOPS = """
library (small_seq) {
  cell (DFF) {
    area : 7;
    ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }
    pin (D) { direction : input; } pin (CK) { direction : input; clock : true; }
    pin (Q) { direction : output; function : "IQ"; }
  }
}
"""


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    return toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def lut_unit(tmp_path_factory):
    return toy(tmp_path_factory.mktemp("lut"), multiplier="lut")


@pytest.fixture
def scripts(monkeypatch):
    """The Yosys scripts that run."""
    seen: list[str] = []
    real = tools.yosys
    monkeypatch.setattr(tools, "yosys", lambda script, **more: (seen.append(script), real(script, **more))[1])
    return seen


def test_xcup_flat_is_the_flow_of_the_published_figures(unit, scripts):
    report = synth(unit, "xcup", mode="flat")
    lines = scripts[0].splitlines()
    assert "synth_xilinx -family xcup -top toy -flatten -noiopad -noclkbuf -nodsp -nosrl" in lines
    assert [line for line in lines if line.startswith("blackbox")] == ["blackbox toy__product__multiplier"]
    assert list(report.to_dict()) == KEYS
    assert (report.target, report.mode, report.dsp, report.ff) == ("xcup", "flat", 1, 82)
    # A 32-bit addition of which 16 bits have one operand, and the enable.
    assert (report.lut, report.carry, report.depth) == (17, 8, 9)
    assert report.lut == sum(report.luts.values()) and list(report.luts) == list("123456")
    assert (report.bram, report.uram, report.mux, report.area) == (0, 0, 0, None)
    assert report.cells == 17 + 8 + 82 + 1
    assert report.tool == f"yosys {tools.yosys_version()}"


def test_xcup_default_puts_a_small_product_into_a_block_too(tmp_path):
    report = synth(toy(tmp_path, width=3), "xcup")
    assert (report.mode, report.dsp, report.by_type["DSP48E2"]) == ("default", 1, 1)
    assert report.lut <= 20


def test_without_blocks_the_product_is_lookup_tables(lut_unit):
    for mode in ("default", "flat"):
        assert synth(lut_unit, "ice40", mode=mode).dsp == 0
        assert synth(lut_unit, "ecp5", mode=mode).dsp == 0
    assert TARGETS["xcup"].no_blocks == " -nodsp"


@pytest.mark.parametrize(("target", "block"), [("ecp5", "MULT18X18D"), ("ice40", "SB_MAC16")])
def test_lattice_targets(unit, target, block):
    default, flat = synth(unit, target), synth(unit, target, mode="flat")
    assert default.dsp == default.by_type[block] == 1
    assert flat.dsp == flat.by_type["toy__product__multiplier"] == 1
    for report in (default, flat):
        assert report.luts == {str(n): report.lut if n == 4 else None for n in range(1, 7)}
        assert report.carry >= 16 and report.bram == 0 and report.uram is None
    assert flat.ff == 82
    assert (flat.mux is None) == (target == "ice40")


def test_generic_targets_have_no_blocks(unit):
    lut6, gates = synth(unit, "lut6"), synth(unit, "gates")
    assert lut6.lut == sum(lut6.luts[str(n)] for n in range(2, 7)) > 100
    assert lut6.luts["1"] is None and lut6.ff == 82
    assert gates.lut is None and set(gates.luts.values()) == {None}
    assert gates.ff == 82 and gates.by_type["$_DFF_P_"] == 82  # enables and resets are gates
    assert gates.cells > gates.mux > 70
    for report in (lut6, gates):
        assert (report.dsp, report.bram, report.uram, report.carry, report.area) == (None,) * 5
        assert synth(unit, report.target, mode="flat").dsp == 1


def liberty(folder, *texts):
    paths = []
    for number, text in enumerate(texts):
        paths.append(folder / f"with space {number}.lib")
        paths[-1].write_text(text)
    return paths


@pytest.mark.parametrize("order", [1, -1])
def test_liberty_of_several_files_in_any_order(tmp_path, unit, order):
    files = liberty(tmp_path, GATES, FLOPS)[::order]
    report = synth(unit, f"liberty:{files[0]},{files[1]}")
    assert set(report.by_type) - {"BUF"} == {"INV", "NAND2", "NOR2", "DFF"}
    assert report.ff == report.by_type["DFF"] == 82
    areas = {"INV": 1.5, "BUF": 2, "NAND2": 2.25, "NOR2": 2.5, "DFF": 7}
    assert report.area == pytest.approx(sum(areas[kind] * number for kind, number in report.by_type.items()))
    assert report.cells == sum(report.by_type.values()) and report.depth > 20
    assert (report.lut, report.dsp, report.carry, report.bram, report.mux) == (None,) * 5
    assert report.target == f"liberty:{files[0]},{files[1]}"


def test_liberty_of_one_packed_file_given_apart(tmp_path, unit):
    path = tmp_path / "all.lib.gz"
    text = GATES.rstrip().removesuffix("}") + FLOPS.split("{", 1)[1]
    path.write_bytes(gzip.compress(text.encode()))
    report = synth(unit, "liberty", mode="flat", liberty=path)
    assert report.dsp == report.by_type["toy__product__multiplier"] == 1
    assert report.area < synth(unit, "liberty", liberty=[path]).area


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("xcpu", "unknown target 'xcpu'; did you mean xcup?"),
        ("liberty", "target liberty must be given its files as liberty:FILE[,FILE...], not alone"),
        ("liberty:no.lib", "liberty must be a file that can be read, not 'no.lib' (No such file or directory)"),
        ("xcup:some.lib", "liberty files require target liberty:FILE, not xcup"),
    ],
)
def test_targets_that_are_none(unit, target, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        synth(unit, target)


def test_modes_that_are_none(unit):
    with pytest.raises(ValueError, match=r"^unknown mode 'flatt'; did you mean flat\?$"):
        synth(unit, "xcup", mode="flatt")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("module toy; endmodule", "liberty must be a file with a library (...) group, not '{path}'"),
        ("library (empty) { }", "liberty must have at least one cell, not none ({path})"),
        (FLOPS, "liberty must have at least 3 cells with a function, not 0 ({path})"),
        (GATES, "liberty files must have a cell for $_DFFE_PP_, $_SDFFE_PP0P_, not none"),
    ],
)
def test_liberty_files_that_do_not_serve(tmp_path, unit, text, sentence):
    (path,) = liberty(tmp_path, text)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence.format(path=path))}$"):
        synth(unit, f"liberty:{path}")


def test_counts_of_special_cells():
    xcup = TARGETS["xcup"]
    assert xcup.count("bram", {"RAMB18E2": 3, "RAMB36E2": 1}) == 2.5
    assert xcup.sites({"SRL16E": 2, "RAM64M8": 1, "LUT6": 5}) == 10
    assert xcup.count("mux", {"MUXF7": 2, "MUXF8": 1, "LUT6": 5}) == 3
    assert TARGETS["ecp5"].count("bram", {"DP16KD": 2}) == 2
    assert TARGETS["ice40"].count("ff", {"SB_DFFER": 2, "SB_DFF": 1, "SB_LUT4": 7}) == 3


def cell(kind, inputs, outputs):
    return {"type": kind, "port_directions": {"i": "input", "o": "output"},
            "connections": {"i": inputs, "o": outputs}}  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "depth"),
    [
        ([], 0),
        ([cell("ff", [2], [3])], 0),
        ([cell("lut", [2, 3], [4]), cell("lut", [4, "1"], [5]), cell("ff", [5], [6]), cell("lut", [6], [7])], 2),
        ([cell("lut", [9], [3]), cell("ff", [3], [9])], 1),
        ([cell("lut", [2], [3]), cell("inv", [3], [4]), cell("lut", [4], [5])], 2),
        ([cell("lut", [2], [3]), cell("lut", [3], [2])], None),
    ],
)
def test_longest_path(cells, depth):
    module = {"cells": dict(enumerate(cells))}
    found = longest_path(module, lambda c: c["type"] == "ff", lambda c: int(c["type"] == "lut"))
    assert found == depth


WATCHED = [(unit, module) for unit in baselines.ENTRIES for module in baselines.units(unit)]


@pytest.mark.parametrize(("unit_name", "module"), WATCHED, ids=[module for _, module in WATCHED])
def test_areas_have_not_drifted(unit_name, module):
    config, flows = baselines.units(unit_name)[module]
    flows = tuple(flow for flow in flows if not baselines.needs_library(flow))
    expected = baselines.load(BASELINES, unit_name).get(module, {}).get("areas", {})
    assert baselines.drift(expected, baselines.measure(config, flows)) == []


def test_drift_is_told():
    expected = {"xcup flat": {"lut": 100, "ff": 50, "dsp": 1}}
    assert baselines.drift(expected, {"xcup flat": {"lut": 102, "ff": 49, "dsp": 1}}) == []
    assert baselines.drift(expected, {"xcup flat": {"lut": 103, "ff": 50, "dsp": 2}}) == [
        "lut (xcup flat) must be within 2% of 100, not 103",
        "dsp (xcup flat) must be within 2% of 1, not 2",
    ]
    assert baselines.drift(expected, {"xcup flat": {"lut": 90, "ff": 50, "dsp": None}}) == [
        "lut (xcup flat) must be within 2% of 100, not 90",
        "dsp (xcup flat) must be within 2% of 1, not None",
    ]
    assert baselines.drift({}, {"gates default": {"lut": 1}}) == [
        "gates default must have an expected area; run scripts/update_baselines.py"
    ]


def test_update_writes_what_the_test_reads(tmp_path, monkeypatch):
    fields = {"a": "int4", "b": "int4", "acc": "int16", "interface": "bare"}
    monkeypatch.setattr(baselines, "ENTRIES", {"mac": [(fields, ("lut6 flat",))]})
    monkeypatch.setattr(baselines, "LONG", {})
    said: list[str] = []
    baselines.update(tmp_path, said.append)
    ((module, (config, _)),) = baselines.units("mac").items()
    entry = baselines.load(tmp_path, "mac")[module]
    assert type(config)(**entry["config"]) == config
    assert set(entry["areas"]["lut6 flat"]) == {"lut", "ff", "dsp"}
    assert said == [f"{module} lut6 flat: {entry['areas']['lut6 flat']}"]
    (tmp_path / "mac.json").write_text((tmp_path / "mac.json").read_text().replace("yosys ", "yosys 9."))
    with pytest.raises(ValueError, match=r"^baselines must be made with yosys [\d.]+, not yosys 9\."):
        baselines.load(tmp_path, "mac")
