"""What registers become, with blocks and multiplications left out: the wiring around them, in all states.

Blocks are shown by themselves, and a multiplication is taken for what it says; what is left is which words each of them
is fed with, and where its result goes. A claim states that as pairs of words, register by register.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .. import solvers
from ..aig import FALSE, TRUE
from ..artifact import Artifact
from ..netlist import Cut
from ..prove import Verdict
from . import memories
from .flat import Flat, Missing
from .memories import Pair
from .tables import block, never

TIMES = {True: "nervure_times_signed", False: "nervure_times"}
_BOX = """
(* blackbox *) module {name}(A, B, Y); parameter A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1;
input [A_WIDTH-1:0] A; input [B_WIDTH-1:0] B; output [Y_WIDTH-1:0] Y; endmodule
"""
BOXES = "".join(_BOX.format(name=name) for name in TIMES.values())
MAP = """
(* techmap_celltype = "$mul" *)
module multiply(A, B, Y);
parameter A_SIGNED = 0; parameter B_SIGNED = 0; parameter A_WIDTH = 1; parameter B_WIDTH = 1; parameter Y_WIDTH = 1;
parameter [A_WIDTH-1:0] _TECHMAP_CONSTMSK_A_ = 0; parameter [B_WIDTH-1:0] _TECHMAP_CONSTMSK_B_ = 0;
input [A_WIDTH-1:0] A; input [B_WIDTH-1:0] B; output [Y_WIDTH-1:0] Y;
// A product with a constant is sums of shifts.
wire _TECHMAP_FAIL_ = &_TECHMAP_CONSTMSK_A_ || &_TECHMAP_CONSTMSK_B_ || A_SIGNED != B_SIGNED;
generate if (A_SIGNED) begin
  nervure_times_signed #(.A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH))
    _TECHMAP_REPLACE_ (.A(A), .B(B), .Y(Y));
end else begin
  nervure_times #(.A_WIDTH(A_WIDTH), .B_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH))
    _TECHMAP_REPLACE_ (.A(A), .B(B), .Y(Y));
end endgenerate
endmodule
"""


class Wired(Flat):
    """The flat unit without its blocks and multiplications: their outputs may be anything.

    Parameters
    ----------
    directory : Path
    """

    def __init__(self, directory: Path):
        super().__init__(directory, False, "read_verilog boxes.v\n", "techmap -map times.v\n",
                         {"boxes.v": BOXES, "times.v": MAP})  # fmt: skip
        self._free: dict[str, list[int]] = {}
        self.ghosts: set[int] = set()

    def word(self, name: str) -> list[int]:
        """The registers of that name; a bit that nothing reads has none, and may be anything."""
        if name not in self._free:
            self._free[name] = [x if x > TRUE else self.aig.input() for x in super().word(name)]
            self.ghosts |= {x for x in self._free[name] if x >> 1 not in self.registers}
        return self._free[name]

    def fed(self, block: str, pin: str) -> list[int]:
        """What a block is given."""
        return self.aig.copy(self._block(block).inputs[pin], self.aig, self.quiet)

    def given(self, block: str, pin: str) -> list[int]:
        """What a block gives."""
        return self._block(block).outputs[pin]

    def _block(self, name: str) -> Cut:
        if name not in self.cuts:
            raise Missing(f"the Verilog must have the block {name}, and has not")
        return self.cuts[name]

    def product(self, x: Sequence[int], y: Sequence[int], signs: tuple[bool, bool]) -> list[int] | None:
        """The product of two words that the unit forms, modulo its width; None if it forms none."""
        for cut in self.net.cuts:
            if cut.module not in TIMES.values():
                continue
            a, b = cut.inputs["A"], cut.inputs["B"]
            signed = cut.module == TIMES[True]
            for p, q in ((a, b), (b, a)):
                if _says(p, x, signs[0], signed) and _says(q, y, signs[1], signed):
                    return cut.outputs["Y"]
        return None

    def wide(self, word: Sequence[int], width: int, signed: bool = False) -> list[int]:
        """A word with its sign, or zeros, carried on; or cut."""
        return [*word, *[word[-1] if signed else FALSE] * width][:width]

    def total(self, terms: Sequence[Sequence[int]], width: int, signed: bool = False) -> list[int]:
        """A sum modulo ``2^width``: neighbours are added first."""
        level = [self.wide(term, width, signed) for term in terms]
        while len(level) > 1:
            level = [self.aig.add(*level[k : k + 2]) if k + 1 < len(level) else level[k]
                     for k in range(0, len(level), 2)]  # fmt: skip
        return level[0]

    def times_constant(self, word: Sequence[int], factor: int, width: int) -> list[int]:
        """A word without sign times a number: a sum of the word moved by the number's ones."""
        terms = [[*[FALSE] * i, *word] for i in range(factor.bit_length()) if factor >> i & 1]
        return self.total(terms, width)

    def kept(self, name: str, enable: int, wanted: Sequence[int]) -> Pair:
        """A register takes a word, or holds what it has."""
        return taken(self, f"{name} takes what it should", self.word(name), enable, wanted)

    def same(self, pairs: Sequence[Pair]) -> Verdict:
        """Whether all pairs are equal in every state (abc; where it finds a difference, kissat)."""
        for text, x, y in pairs:
            if len(x) != len(y):
                return Verdict("refuted", "structure", {"violated": text, "where": f"{len(x)} bits, not {len(y)}"})
        apart = [(x, y) for _, left, right in pairs for x, y in zip(left, right, strict=True) if x != y]
        method = f"{len(pairs)} words in all states, {len(apart)} bits by abc cec, the others by structure"
        left, right = [x for x, _ in apart], [y for _, y in apart]
        if not apart or solvers.equivalent(self.aig, left, right, sorted(self.aig.support([*left, *right]))):
            return Verdict("proved", method)
        return self.never([(text, self.aig.differ(x, y)) for text, x, y in pairs])


def _says(word: Sequence[int], x: Sequence[int], x_signed: bool, signed: bool) -> bool:
    """Whether a multiplication's operand, read with a sign or without, is the number x."""
    if (x_signed and not signed) or len(word) < len(x) + (signed and not x_signed):
        return False
    return list(word) == [*x, *[x[-1] if x_signed else FALSE] * (len(word) - len(x))]


def taken(unit: Wired, text: str, word: Sequence[int], when: int, wanted: Sequence[int]) -> Pair:
    """Registers take a word when they should, or hold what they have; what has no register is left aside."""
    if len(word) != len(wanted):
        return text, word, wanted
    there = [(x, y) for x, y in zip(word, wanted, strict=True) if x not in unit.ghosts]
    now = [x for x, _ in there]
    return text, unit.after(now), unit.mux(when, [y for _, y in there], now)


def written(unit: Wired, memory: str, when: int, address: Sequence[int], word: Sequence[int]) -> list[Pair]:
    """A memory takes a word at an address, and nothing else; of a ring the row's end is the claim ``rows``'."""
    found = unit.memory(memory)
    end = found.data[-1:] if len(found.data) == len(word) + 1 else []
    return memories.written(memory, found, unit.aig, when, address, [*word, *end])


def shown(unit: Wired, memory: str, address: Sequence[int]) -> tuple[Pair, list[int]]:
    """A memory is read at an address, and what it gives."""
    found = unit.memory(memory)
    return (f"{memory} is read where it should be", found.at, address), found.found


def multiplied(unit: Wired, name: str, x: Sequence[int], y: Sequence[int], signs: tuple[bool, bool]) -> list[int]:
    """The product of two words, as wide as the registers of a name; :class:`Missing` if the unit forms none."""
    found, width = unit.product(x, y, signs), len(unit.word(name))
    if found is None or len(found) < width:
        raise Missing(f"{name} must take a product of {width} bits, and there is none")
    return found[:width]


def normal(directory: Path) -> Verdict:
    """The block ``normal`` moves every number's first one to the top, and counts the zeros above it."""
    net = block(Artifact.load(directory), "normal")
    aig, value, zeros = net.aig, net.inputs["value"], net.outputs["zeros"]
    width, found = len(value), net.outputs["significand"]
    wrong, above = [aig.land(aig.any(value) ^ 1, aig.any(found))], TRUE
    for count in range(width):
        here = aig.land(above, value[width - 1 - count])
        above = aig.land(above, value[width - 1 - count] ^ 1)
        counted = aig.all(bit ^ (1 - (count >> i & 1)) for i, bit in enumerate(zeros))
        moved = [*[FALSE] * count, *value][:width]
        wrong.append(aig.land(here, aig.lor(counted ^ 1, aig.differ(found, moved))))
    return never(aig, {"value": value}, wrong, f"{width} places of the first one")
