"""A small hand-written pipeline of which every part is known, its beats, and places to break it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from nervure.verif.artifact import Artifact
from nervure.verif.cocotb_run import CocotbResult

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
    """A field of the manifest, of unsigned integers."""
    return {"field": name, "port": port, "offset": offset, "width": width, "shape": shape, "format": f"uint{width}"}


def make(directory: Path, *, reset: str = "sync", active: str = "high", interface: str = "stream", module: str = "toy",
         fault: dict[str, str] | None = None, manifest: dict[str, object] | None = None) -> Artifact:  # fmt: skip
    """Writes the pipeline, or the one without handshake, and its manifest, each with what replaces some of it."""
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


def names(result: CocotbResult) -> list[str]:
    """Names of the tests that ran."""
    return [name for name, _, _ in result.tests]


def failed(result: CocotbResult) -> dict[str, str]:
    """What the tests that failed say."""
    return {name: message for name, passed, message in result.tests if not passed}
