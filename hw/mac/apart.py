"""Products without a multiplier block: one for each pair of operands, side by side."""

# Amaranth's annotations do not know that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib.wiring import Component, In, Out

from ..lib.block import place_block
from ..lib.multiplier import Multiplier


class Apart(Component):
    """All ``a[i] * b[j]`` of a grid, unsigned.

    Parameters
    ----------
    rows, columns : int
    width_a, width_b : int
        Bits of one operand.

    Members
    -------
    a : In(rows * width_a), b : In(columns * width_b)
        Operands side by side, the first in the low bits.
    p : Out(rows * columns * (width_a + width_b))
        Products row by row.
    """

    a: Signal
    b: Signal
    p: Signal

    def __init__(self, rows: int, columns: int, width_a: int, width_b: int):
        self.rows, self.columns, self.width_a, self.width_b = rows, columns, width_a, width_b
        window = width_a + width_b
        super().__init__({"a": In(rows * width_a), "b": In(columns * width_b), "p": Out(rows * columns * window)})

    def elaborate(self, platform):
        m = Module()
        products = []
        for i in range(self.rows):
            for j in range(self.columns):
                block = place_block(m, f"lane{i}{j}__multiplier", Multiplier(self.width_a, self.width_b))
                m.d.comb += [
                    block.a.eq(self.a[i * self.width_a : (i + 1) * self.width_a]),
                    block.b.eq(self.b[j * self.width_b : (j + 1) * self.width_b]),
                ]
                products.append(block.p)
        m.d.comb += self.p.eq(Cat(*products))
        return m
