"""Files for a layout flow: constraints and configuration say what the unit is."""

from __future__ import annotations

import json

import pytest
from nervure.generators.emit import emit
from nervure.generators.flow.asic import write_asic
from nervure.hw.config import ConfigError

from .test_ecg import drawn


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    return emit(drawn(8, widths=(3, 2, 2), reset="async"), tmp_path_factory.mktemp("unit"))


def test_files_for_a_layout(unit, tmp_path):
    verilog, sdc, config = write_asic(unit, tmp_path / "asic", 4e6)
    assert verilog.read_bytes() == unit.verilog.read_bytes()
    said = json.loads(config.read_text())
    assert (said["DESIGN_NAME"], said["CLOCK_PORT"], said["CLOCK_PERIOD"]) == (unit.module, "clk", 250)
    assert said["VERILOG_FILES"] == [f"dir::{verilog.name}"] and said["PNR_SDC_FILE"] == f"dir::{sdc.name}"
    lines = sdc.read_text().splitlines()
    assert "create_clock -name core -period 250 [get_ports clk]" in lines
    assert "set_input_delay 50 -clock core $inputs" in lines and "set_false_path -from [get_ports rst]" in lines


def test_what_cannot_be_written_is_refused(unit, tmp_path):
    with pytest.raises(ConfigError, match="clock must be above 0 Hz, not 0"):
        write_asic(unit, tmp_path, 0)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="folder must be writable"):
        write_asic(unit, tmp_path / "file", 1e6)
