"""The emitted files: the same bytes each time, a manifest that a stranger can drive from, no X under Icarus."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess

import pytest
from nervure.generators.emit import emit
from nervure.hw.config import ConfigError
from nervure.hw.mac.config import MacConfig
from nervure.hw.mac.config.cast import CastConfig
from nervure.verif import mac as bench
from nervure.verif.artifact import Artifact
from nervure.verif.tools import icarus, yosys


def test_same_config_same_bytes(tmp_path):
    first, second = (emit(MacConfig(), tmp_path / name) for name in ("one", "two"))
    for path in sorted(first.directory.iterdir()):
        assert path.read_bytes() == (second.directory / path.name).read_bytes()
    assert sorted(path.suffix for path in first.directory.iterdir()) == [".core", ".json", ".v"]


def test_manifest(tmp_path):
    config = MacConfig(a="fp8_e4m3", b="int8", acc="bf16", latency=5, reset="async", reset_active="low")
    artifact = emit(config, tmp_path)
    manifest = json.loads((tmp_path / f"{config.module_name}.json").read_text())
    assert manifest == artifact.manifest == Artifact.load(tmp_path).manifest
    assert manifest["schema"] == 1
    assert manifest["unit"] == "mac"
    assert manifest["digest"] == config.digest
    assert manifest["clock"] == "clk"
    assert manifest["reset"] == {"port": "rst_n", "kind": "async", "active": "low"}
    assert (manifest["latency_cycles"], manifest["initiation_interval"]) == (5, 1)
    i, o = manifest["streams"]
    assert (i["name"], i["direction"], i["valid"], i["ready"]) == ("i", "in", "i_valid", "i_ready")
    assert (o["name"], o["direction"], o["valid"], o["ready"]) == ("o", "out", "o_valid", "o_ready")
    assert [(p["field"], p["port"], p["offset"], p["width"], p["shape"], p["format"]) for p in i["payload"]] == [
        ("a", "i_a", 0, 8, [], "fp8_e4m3"), ("b", "i_b", 0, 8, [], "int8"), ("c", "i_c", 0, 16, [], "bf16")]
    assert [p["field"] for p in o["payload"]] == ["y"]
    for entry in manifest["files"]:
        assert hashlib.sha256((tmp_path / entry["path"]).read_bytes()).hexdigest() == entry["sha256"]
    assert set(manifest["versions"]) == {"nervure", "amaranth", "pyosys"}
    assert MacConfig(**manifest["config"]) == config


def test_a_changed_file_is_not_what_was_generated(tmp_path):
    artifact = emit(MacConfig(), tmp_path)
    artifact.verilog.write_text(artifact.verilog.read_text() + "\n")
    sentence = r"^\w+\.v must be the file that the manifest was made with, not a changed one$"
    with pytest.raises(ValueError, match=sentence):
        Artifact.load(tmp_path)


def test_verilog_reads_like_verilog(tmp_path):
    artifact = emit(MacConfig(), tmp_path)
    text = artifact.verilog.read_text()
    ports = "clk, rst, i_valid, i_ready, i_a, i_b, i_c, o_valid, o_ready, o_y"
    assert f"module mac_bf16_bf16_fp32_l4({ports});" in text
    assert "config digest 6bad0f0b9287c69d" in text
    assert "latency = 4" in text
    assert "\\" not in text, "no escaped identifiers"
    assert "always @*" not in text, "such blocks stay X at time zero in Icarus"
    assert "1'hx" not in text
    # Registers are in the top only, and the multiplier is a block with nothing but a product in it.
    top, *blocks = re.split(r"^endmodule$", text, flags=re.M)
    assert "posedge" in top
    assert not any("posedge" in block for block in blocks)
    multiplier = next(block for block in blocks if "__multiplier(a, b, p)" in block)
    assert len(re.findall(r"assign", multiplier)) == 1
    assert "assign p = a * b;" in multiplier


def test_a_port_of_no_bits_is_no_port(tmp_path):
    # The rounding of a format without mantissa: `input [-1:0]` would be two bits.
    text = emit(CastConfig(input="fp8_e5m2", output="fp4_e3m0"), tmp_path).verilog.read_text()
    assert "__round__pack(sign, field, increment, special, zero, y);" in text
    assert "[-1:0]" not in text


def test_bare_is_the_datapath_alone(tmp_path):
    artifact = emit(MacConfig(interface="bare", reset="async"), tmp_path)
    assert artifact.reset is None
    assert artifact.stream("in").valid is artifact.stream("out").ready is None
    header = re.search(r"module \w+\((.*?)\);", artifact.verilog.read_text()).group(1)
    assert header == "clk, i_a, i_b, i_c, o_y"


@pytest.mark.parametrize("fields", [{}, {"reset": "none"}, {"reset": "async", "reset_active": "low"}], ids=str)
def test_no_output_is_x_after_reset_in_icarus(tmp_path, fields):
    config = MacConfig(**fields)
    artifact = emit(config, tmp_path / "unit")
    vectors = bench.stimulus(config, 64, 3)
    want = bench.expect(config, vectors)["y"]
    reset = artifact.reset
    active = 1 if config.reset_active == "high" else 0
    lines = "\n".join(
        f"    feed(16'h{a:04x}, 16'h{b:04x}, 32'h{c:08x});"
        for a, b, c in zip(*(vectors[k] for k in "abc"), strict=True)
    )
    (tmp_path / "tb.v").write_text(f"""
module tb;
  reg clk = 0, rst = {active}, i_valid = 0, o_ready = 1; reg [15:0] i_a, i_b; reg [31:0] i_c;
  wire i_ready, o_valid; wire [31:0] o_y; reg seen = 0;
  {config.module_name} dut(.clk(clk), {f".{reset['port']}(rst)," if reset else ""} .i_valid(i_valid), .i_ready(i_ready),
    .i_a(i_a), .i_b(i_b), .i_c(i_c), .o_valid(o_valid), .o_ready(o_ready), .o_y(o_y));
  always #5 clk = ~clk;
  always @(posedge clk) if (seen) begin
    if (^{{o_valid, i_ready}} === 1'bx || (o_valid && ^o_y === 1'bx)) $display("X");
    if (o_valid && o_ready) $display("%h", o_y);
  end
  task feed(input [15:0] a, input [15:0] b, input [31:0] c);
    begin i_a = a; i_b = b; i_c = c; i_valid = 1; @(negedge clk); i_valid = 0; end
  endtask
  initial begin
    @(negedge clk); @(negedge clk); rst = {1 - active}; seen = 1; @(negedge clk);
{lines}
    repeat (8) @(negedge clk);
    $finish;
  end
endmodule""")
    compile_, simulate = icarus()
    program = str(tmp_path / "tb.vvp")
    sources = ["tb.v", str(artifact.verilog)]
    subprocess.run([*compile_, "-g2005", "-Wall", "-o", program, *sources], cwd=tmp_path, check=True)
    printed = subprocess.run([*simulate, program], check=True, capture_output=True, text=True).stdout.split()
    assert [int(word, 16) for word in printed] == want.tolist(), "an X would print as x and fail here"


def test_yosys_reads_what_was_written(tmp_path):
    artifact = emit(MacConfig(), tmp_path)
    yosys(f"read_verilog {artifact.verilog}\nhierarchy -check -top {artifact.module}\nproc\ncheck -assert")


@pytest.mark.parametrize("below", ["a_file/sub", "/proc/nervure"])
def test_unwritable_directory(tmp_path, below):
    (tmp_path / "a_file").write_text("")
    with pytest.raises(ConfigError, match=r"^output directory must be writable, not '.*' \(.*\)$"):
        emit(MacConfig(), tmp_path / below)


def test_one_unit_per_directory(tmp_path):
    emit(MacConfig(), tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(ConfigError, match=r"^output directory must hold one unit, not also mac_bf16_bf16_fp32_l4.json"):
        emit(MacConfig(latency=5), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == before, "nothing is left half-written"


def test_own_module_name(tmp_path):
    artifact = emit(MacConfig(module="my_mac"), tmp_path)
    assert "module my_mac(" in artifact.verilog.read_text()
    assert artifact.verilog.name == "my_mac.v"
