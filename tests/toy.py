"""A small hand-written unit, ``y = a * b + c`` modulo 2^32 in two cycles, whose every net is known."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from nervure.verif.artifact import Artifact

# `result` and `o_y` are other names of y_2, `product.p` and `product_0` of the multiplier's p: each net counts once.
# `packed` is a keyword of later Verilogs.
VERILOG = """
module toy(input clk, {ports}input [{high}:0] i_a, input [{high}:0] i_b, input [31:0] i_c, output [31:0] o_y);
  reg [15:0] product_1;
  reg [31:0] c_1, y_2;
  wire [15:0] product_0;
  wire [31:0] sum_1, result;
  {control}
  assign result = y_2;
  assign o_y = result;
  toy__product product (.a(i_a), .b(i_b), .p(product_0));
  toy__sum sum (.p(product_1), .c(c_1), .\\packed (sum_1));
  always @(posedge clk) if (enable) begin
    product_1 <= product_0;
    c_1 <= i_c;
    y_2 <= sum_1;
  end
endmodule
module toy__product(input [{high}:0] a, input [{high}:0] b, output [15:0] p);
  toy__product__multiplier multiplier (.a(a), .b(b), .p(p));
endmodule
module toy__product__multiplier(input [{high}:0] a, input [{high}:0] b, output [15:0] p);
  assign p = a * b;
endmodule
module toy__sum(input [15:0] p, input [31:0] c, output [31:0] \\packed );
  assign \\packed = c + p;
endmodule
"""
STREAM = """reg [1:0] valid;
  wire enable = o_ready | ~valid[1];
  assign i_ready = enable;
  assign o_valid = valid[1];
  always @(posedge clk) if (rst) valid <= 0; else if (enable) valid <= {valid[0], i_valid};"""


def toy(directory: Path, *, interface: str = "stream", multiplier: str = "dsp48e2", width: int = 8) -> Artifact:
    """Writes the unit and its manifest; operands have ``width`` bits (at most 8)."""
    stream = interface == "stream"
    text = VERILOG.format(
        ports="input rst, input i_valid, output i_ready, output o_valid, input o_ready, " if stream else "",
        control=STREAM if stream else "wire enable = 1'b1;",
        high=width - 1,
    )

    def side(name: str, direction: str, fields: dict[str, int]) -> dict:
        payload = [{"field": f, "port": f"{name}_{f}", "offset": 0, "width": w, "shape": [], "format": f"uint{w}"}
                   for f, w in fields.items()]  # fmt: skip
        valid, ready = (f"{name}_valid", f"{name}_ready") if stream else (None, None)
        return {"name": name, "direction": direction, "valid": valid, "ready": ready, "payload": payload}

    manifest = {
        "schema": 1, "unit": "toy", "module": "toy", "config": {"multiplier": multiplier}, "digest": "0" * 16,
        "clock": "clk", "reset": {"port": "rst", "kind": "sync", "active": "high"} if stream else None,
        "latency_cycles": 2, "initiation_interval": 1,
        "streams": [side("i", "in", {"a": width, "b": width, "c": 32}), side("o", "out", {"y": 32})],
        "files": [{"path": "toy.v", "sha256": hashlib.sha256(text.encode()).hexdigest()}], "versions": {},
    }  # fmt: skip
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "toy.v").write_text(text)
    (directory / "toy.json").write_text(json.dumps(manifest))
    return Artifact.load(directory)
