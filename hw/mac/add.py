"""Alignment and addition of a product and an addend, exact but for what only rounds."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from ..lib.shift import shift_right_sticky
from .geometry import Geometry


def _left_aligned(value: Value, width: int) -> Value:
    return Cat(Const(0, width - len(value)), value)


class Align(Component):
    """Puts the anchor at the window's top and shifts the other addend right, so that one shifter serves both.

    Parameters
    ----------
    geometry : Geometry

    Members
    -------
    p, c : In
        Product and c's significand.
    anchor_c, shift : In
        From :class:`~nervure.hw.mac.unpack.Exponents`.
    anchor, other : Out(window)
    sticky : Out(1)
        Bits of ``other`` were lost below the window.
    """

    p: Signal
    c: Signal
    anchor_c: Signal
    shift: Signal
    anchor: Signal
    other: Signal
    sticky: Signal

    def __init__(self, geometry: Geometry, shift_width: int):
        self.geometry = geometry
        window = geometry.window
        super().__init__({
            "p": In(geometry.factor.width), "c": In(geometry.acc.significand_width), "anchor_c": In(1),
            "shift": In(shift_width), "anchor": Out(window), "other": Out(window), "sticky": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        window = self.geometry.window
        moved = Signal(window - 2)
        m.d.comb += moved.eq(
            Mux(self.anchor_c, _left_aligned(self.p, window - 2), _left_aligned(self.c, window - 2))
        )
        shifted, sticky = shift_right_sticky(m, moved, self.shift, "shifted")
        m.d.comb += [
            self.anchor.eq(
                Mux(self.anchor_c, _left_aligned(self.c, window - 1), _left_aligned(self.p, window - 2))
            ),
            self.other.eq(shifted),
            self.sticky.eq(sticky),
        ]
        return m


class Add(Component):
    """``anchor + other`` or ``anchor - other``, two's complement.

    With lost bits (``sticky``) the sum is the floor of the exact one, whose fraction then lies between 0 and 1.

    Parameters
    ----------
    width : int
        Bits of the window.

    Members
    -------
    anchor, other : In(width)
    subtract, sticky : In(1)
    total : Out(width)
    negative : Out(1)
    """

    anchor: Signal
    other: Signal
    subtract: Signal
    sticky: Signal
    total: Signal
    negative: Signal

    def __init__(self, width: int):
        super().__init__({
            "anchor": In(width), "other": In(width), "subtract": In(1), "sticky": In(1),
            "total": Out(width), "negative": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        width = len(self.total)
        inverted = Signal(width + 1)
        m.d.comb += [
            inverted.eq(Cat(Mux(self.subtract, ~self.other, self.other), self.subtract)),
            # Minus a fraction that was cut off: the floor is one lower, so the +1 of the complement is left out.
            Cat(self.total, self.negative).eq(self.anchor + inverted + (self.subtract & ~self.sticky)),
        ]
        return m
