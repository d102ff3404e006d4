"""Memories left out of a flat netlist: what they are fed with and where, while what they give may be anything.

A memory of one port that writes at the clock and one that reads at once is taken for what it says: where ``enable`` is
set its entry at ``to`` becomes ``data``, each other entry stays, and ``found`` is the entry at ``at`` before that. All
other memories, and those with places that no entry has, are registers and gates, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..aig import FALSE, TRUE, Aig
from ..netlist import Cut

BOX = "nervure_memory"
FILES = {
    "memory_box.v": f"""
(* blackbox *) module {BOX}(clock, enable, to, data, at, found); parameter ABITS = 1, WIDTH = 1;
input clock; input [WIDTH-1:0] enable; input [ABITS-1:0] to; input [WIDTH-1:0] data; input [ABITS-1:0] at;
output [WIDTH-1:0] found; endmodule
""",
    "memory_map.v": f"""
(* techmap_celltype = "$mem_v2" *)
module memory(RD_CLK, RD_EN, RD_ARST, RD_SRST, RD_ADDR, RD_DATA, WR_CLK, WR_EN, WR_ADDR, WR_DATA);
parameter MEMID = ""; parameter SIZE = 1; parameter OFFSET = 0; parameter ABITS = 1; parameter WIDTH = 1;
parameter INIT = 1'bx; parameter RD_PORTS = 1; parameter RD_CLK_ENABLE = 0; parameter RD_CLK_POLARITY = 0;
parameter RD_TRANSPARENCY_MASK = 0; parameter RD_COLLISION_X_MASK = 0; parameter RD_WIDE_CONTINUATION = 0;
parameter RD_CE_OVER_SRST = 0; parameter RD_ARST_VALUE = 0; parameter RD_SRST_VALUE = 0; parameter RD_INIT_VALUE = 0;
parameter WR_PORTS = 1; parameter WR_CLK_ENABLE = 1; parameter WR_CLK_POLARITY = 1; parameter WR_PRIORITY_MASK = 0;
parameter WR_WIDE_CONTINUATION = 0;
input [RD_PORTS-1:0] RD_CLK, RD_EN, RD_ARST, RD_SRST; input [RD_PORTS*ABITS-1:0] RD_ADDR;
output [RD_PORTS*WIDTH-1:0] RD_DATA; input [WR_PORTS-1:0] WR_CLK; input [WR_PORTS*WIDTH-1:0] WR_EN, WR_DATA;
input [WR_PORTS*ABITS-1:0] WR_ADDR;
wire _TECHMAP_FAIL_ = RD_PORTS != 1 || WR_PORTS != 1 || RD_CLK_ENABLE != 0 || WR_CLK_ENABLE != 1
  || WR_CLK_POLARITY != 1 || OFFSET != 0 || SIZE != 1 << ABITS || RD_COLLISION_X_MASK != 0;
{BOX} #(.ABITS(ABITS), .WIDTH(WIDTH)) _TECHMAP_REPLACE_
  (.clock(WR_CLK), .enable(WR_EN), .to(WR_ADDR), .data(WR_DATA), .at(RD_ADDR), .found(RD_DATA));
endmodule
""",
}
BEFORE = "read_verilog memory_box.v\n"
AFTER = "opt_expr\nmemory_collect\nmemory_share -nosat\ntechmap -map memory_map.v\n"
"""Yosys commands that leave memories out, before the flat module is made and after: a write bit by bit is one write."""


@dataclass(frozen=True)
class Memory:
    """What one memory is fed with, and gives.

    Parameters
    ----------
    enable, data, found : list of int
        Literals, one for each bit of an entry.
    to, at : list of int
        Where is written, and where is read.
    """

    enable: list[int]
    to: list[int]
    data: list[int]
    at: list[int]
    found: list[int]


def memory(aig: Aig, cut: Cut, clock: int, quiet: dict[int, int]) -> Memory:
    """A memory that was left out, on the graph, without reset.

    Raises
    ------
    ValueError
        If another clock writes it.
    """
    if cut.inputs["clock"] != [clock]:
        raise ValueError(f"{cut.name} must be written at the port's clock, not another")
    fed = {pin: aig.copy(cut.inputs[pin], aig, quiet) for pin in ("enable", "to", "data", "at")}
    return Memory(**fed, found=cut.outputs["found"])


Pair = tuple[str, Sequence[int], Sequence[int]]
"""A sentence, and two words that must be equal in every state."""


def written(name: str, found: Memory, aig: Aig, when: int, address: Sequence[int], word: Sequence[int]) -> list[Pair]:
    """A memory takes a word at an address; bits of an entry that nothing reads are left aside."""
    if len(address) != len(found.to) or len(word) != len(found.data):
        return [(f"{name} has {len(word)} bits at {1 << len(address)} places", [TRUE], [FALSE])]
    return [
        (f"{name} is written when it should", found.enable, [when] * len(word)),
        # What is written where nothing is may be anything.
        (f"{name} is written where it should", [aig.land(when, bit) for bit in found.to],
         [aig.land(when, bit) for bit in address]),
        (f"{name} takes what it should", [aig.land(when, bit) for bit in found.data],
         [aig.land(when, bit) for bit in word]),
    ]  # fmt: skip
