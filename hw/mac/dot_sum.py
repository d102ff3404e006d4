"""The exact sum of a block: a tree of adders that puts signs off, and what is made of its root."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal
from amaranth.lib.wiring import Component, In, Out

from .integer import saturated


class SignedAdd(Component):
    """``total = x + y``, or ``x - y``.

    A subtree's sum is known up to the sign of its first product: ``(-1)^s * total``. Two of them make
    ``(-1)^s_x * (x ± y)``, so that no operand is ever negated on its own: the inversion of y lies in the adder's LUTs.

    Parameters
    ----------
    x, y : Shape
    total : Shape
        Wide enough for the exact sum.

    Members
    -------
    x, y : In
    subtract : In(1)
    total : Out
    """

    x: Signal
    y: Signal
    subtract: Signal
    total: Signal

    def __init__(self, x: Shape, y: Shape, total: Shape):
        super().__init__({"x": In(x), "y": In(y), "subtract": In(1), "total": Out(total)})

    def elaborate(self, platform):
        m = Module()
        width = len(self.total)
        x, y = Signal(width), Signal(width)
        m.d.comb += [x.eq(self.x), y.eq(self.y)]
        # x + (y ^ s) + s, written as the difference x - ~(y ^ s) - ~s: Yosys puts the minuend on the carry cells'
        # direct input, so that the inversion of y needs no LUT of its own. The borrow enters by one more bit below.
        kept = ~(y ^ self.subtract.replicate(width))
        m.d.comb += self.total.eq((Cat(Const(0, 1), x) - Cat(~self.subtract, kept))[1:])
        return m


class Root(Component):
    """Sign and magnitude of the tree's root.

    Parameters
    ----------
    total : Shape
    width : int
        Bits of the magnitude.

    Members
    -------
    total : In
    first : In(1)
        The root is the sum with its sign inverted.
    minus : In(1)
        All products have sign 1: the sum is negative, or -0.
    p : Out(width)
    sign, zero : Out(1)
    """

    total: Signal
    first: Signal
    minus: Signal
    p: Signal
    sign: Signal
    zero: Signal

    def __init__(self, total: Shape, width: int):
        super().__init__({
            "total": In(total), "first": In(1), "minus": In(1), "p": Out(width), "sign": Out(1), "zero": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        # One product of floats is a magnitude, and has no sign bit.
        negative = self.total[-1] if self.total.shape().signed else Const(0, 1)
        inverted = (self.total ^ negative.replicate(len(self.total)))[: len(self.p)]
        m.d.comb += [
            self.p.eq(inverted + negative),
            self.zero.eq(self.total == 0),
            self.sign.eq(Mux(self.zero, self.minus, negative ^ self.first)),
        ]
        return m


class IntegerTotal(Component):
    """``y = total + c``, wrapped or saturated.

    Parameters
    ----------
    total : Shape
    width : int
        Bits of c and y.
    saturate : bool

    Members
    -------
    total : In
    c, y : In(width), Out(width)
    """

    total: Signal
    c: Signal
    y: Signal

    def __init__(self, total: Shape, width: int, saturate: bool):
        self.saturate = saturate
        super().__init__({"total": In(total), "c": In(width), "y": Out(width)})

    def elaborate(self, platform):
        m = Module()
        width = len(self.y)
        exact = Signal(Shape(max(len(self.total), width) + 1, signed=True))
        m.d.comb += [
            exact.eq(self.total + self.c.as_signed()),
            self.y.eq(saturated(exact, width) if self.saturate else exact),
        ]
        return m


class ScaleProduct(Component):
    """Product of two scales' significands; narrow, so made of LUTs.

    Parameters
    ----------
    width : int
        Bits of a significand.

    Members
    -------
    a, b : In(width)
    p : Out(2 * width)
    """

    a: Signal
    b: Signal
    p: Signal

    def __init__(self, width: int):
        super().__init__({"a": In(width), "b": In(width), "p": Out(2 * width)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.p.eq(self.a * self.b)
        return m
