"""A top level for builds of the open boards: a serial pin's bits, multiplied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nervure.fpga_projects.boards import flow
from nervure.fpga_projects.boards.board import BOARDS

SOURCE = """module top(input CLOCK, input uart_rx, output uart_tx);
  reg [7:0] a;
  reg [15:0] p;
  always @(posedge CLOCK) begin a <= {a[6:0], uart_rx}; p <= a * p[7:0] + p + 1; end
  assign uart_tx = ^p;
endmodule
"""


def build(name: str, directory: Path, verilog: str = SOURCE, **options: Any) -> flow.Built:
    """The bitstream of the top level on that board, in a folder without the source."""
    board = BOARDS[name]
    source = directory.parent / f"{directory.name}.v"
    source.write_text(verilog.replace("CLOCK", board.clock))
    return flow.build(board, [source], "top", [board.clock, "uart_rx", "uart_tx"], directory, **options)


def files(directory: Path) -> set[str]:
    """Names of what lies there."""
    return {path.name for path in directory.iterdir()}
