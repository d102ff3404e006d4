"""Alignment and addition of a product and an addend, exact but for what only rounds."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from ..lib.shift import shift_right_sticky
from .geometry import Geometry


def _placed(value: Value, top: int, width: int) -> Value:
    """The value with its top bit at index ``top`` of so many bits."""
    return Cat(Const(0, top + 1 - len(value)), value, Const(0, width - 1 - top))


class Align(Component):
    """Shifts what is not the anchor right, so that one shifter serves both addends.

    Parameters
    ----------
    geometry : Geometry

    Members
    -------
    p, c : In
        Product and c's significand.
    anchor_c, shift : In
        From :class:`~nervure.hw.mac.unpack.Exponents`.
    other : Out(window - 1)
    sticky : Out(1)
        Bits of ``other`` were lost below the window.
    """

    p: Signal
    c: Signal
    anchor_c: Signal
    shift: Signal
    other: Signal
    sticky: Signal

    def __init__(self, geometry: Geometry):
        self.geometry = geometry
        super().__init__({
            "p": In(geometry.factor.width), "c": In(geometry.acc.significand_width), "anchor_c": In(1),
            "shift": In(geometry.shift_width), "other": Out(geometry.window - 1), "sticky": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        width = len(self.other)
        # Below c two binades higher, P's bits beyond c's precision only round.
        precision = len(self.c)
        kept = self.p[-precision:]
        below = self.p[:-precision].any() if len(self.p) > precision else Const(0, 1)
        moved = Signal(width)
        m.d.comb += moved.eq(Mux(self.anchor_c, _placed(kept, width - 3, width), _placed(self.c, width - 1, width)))
        shifted, lost = shift_right_sticky(m, moved, self.shift, "shifted")
        m.d.comb += [self.other.eq(shifted), self.sticky.eq(lost | (self.anchor_c & below))]
        return m


class Add(Component):
    """``other + anchor`` or ``other - anchor - 1``, two's complement, where fractions of ``other`` are lost: plus one.

    So of a difference, the complement of ``total`` is the floor of ``anchor - other``.

    Parameters
    ----------
    geometry : Geometry

    Members
    -------
    p, c : In
        Product and c's significand.
    anchor_c : In(1)
    other : In(window - 1)
    subtract, sticky : In(1)
    total : Out(window)
        Its top bit is the carry of a sum; of a difference, it is high where the anchor is the larger or equal.
    """

    p: Signal
    c: Signal
    anchor_c: Signal
    other: Signal
    subtract: Signal
    sticky: Signal
    total: Signal

    def __init__(self, geometry: Geometry):
        super().__init__({
            "p": In(geometry.factor.width), "c": In(geometry.acc.significand_width), "anchor_c": In(1),
            "other": In(geometry.window - 1), "subtract": In(1), "sticky": In(1), "total": Out(geometry.window),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        width = len(self.other)
        anchor = Signal(width)
        m.d.comb += anchor.eq(Mux(self.anchor_c, _placed(self.c, width - 1, width), _placed(self.p, width - 2, width)))
        # ``other`` first, as the carry cell's own operand: then the anchor's choice and inversion are one function with
        # the sum's.
        inverted = Cat(anchor, Const(0, 1)) ^ self.subtract.replicate(width + 1)
        carry = self.subtract & self.sticky
        total = Signal(width + 2)
        m.d.comb += [total.eq(Cat(carry, self.other) + Cat(carry, inverted)), self.total.eq(total[1:])]
        return m
