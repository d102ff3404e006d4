"""Unsigned products, tiled over the multiplier blocks of a device."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Signal
from amaranth.lib.wiring import Component, In, Out

from .block import place_block
from .tiles import tiles


class Multiplier(Component):
    """One block: ``p = a * b``, unsigned and combinational. Synthesis in flat mode takes exactly this as a black box.

    Parameters
    ----------
    width_a, width_b : int
        Bits of the operands.

    Members
    -------
    a : In(width_a)
    b : In(width_b)
    p : Out(width_a + width_b)
    """

    a: Signal
    b: Signal
    p: Signal

    def __init__(self, width_a: int, width_b: int):
        super().__init__({"a": In(width_a), "b": In(width_b), "p": Out(width_a + width_b)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.p.eq(self.a * self.b)
        return m


class Product(Component):
    """``p = a * b`` unsigned, of any width, tiled over blocks.

    Parameters
    ----------
    width_a, width_b : int
        Bits of the operands.
    block : str
        A key of :data:`BLOCKS`, or ``lut`` for one product without a block.

    Members
    -------
    a : In(width_a)
    b : In(width_b)
    p : Out(width_a + width_b)
    """

    a: Signal
    b: Signal
    p: Signal

    def __init__(self, width_a: int, width_b: int, block: str):
        self.block = block
        super().__init__({"a": In(width_a), "b": In(width_b), "p": Out(width_a + width_b)})

    def elaborate(self, platform):
        m = Module()
        total = Const(0)
        grid = tiles(len(self.a), len(self.b), self.block)
        for index, (lsb_a, width_a, lsb_b, width_b) in enumerate(grid):
            name = "multiplier" if len(grid) == 1 else f"tile{index}__multiplier"
            tile = place_block(m, name, Multiplier(width_a, width_b))
            part = Signal(len(tile.p), name=f"part{index}")
            m.d.comb += [
                tile.a.eq(self.a[lsb_a : lsb_a + width_a]),
                tile.b.eq(self.b[lsb_b : lsb_b + width_b]),
                part.eq(tile.p),
            ]
            total = total + Cat(Const(0, lsb_a + lsb_b), part)
        m.d.comb += self.p.eq(total)
        return m
