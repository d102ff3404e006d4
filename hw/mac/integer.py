"""The integer accumulation: exact, then wrapped or saturated."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out


def saturated(value: Value, width: int) -> Value:
    """A signed value clamped to ``width`` bits of two's complement."""
    if len(value) <= width:
        return value
    fits = (value[width - 1 :] == 0) | value[width - 1 :].all()
    lowest, highest = Const(1 << (width - 1), width), Const((1 << (width - 1)) - 1, width)
    return Mux(fits, value[:width], Mux(value[-1], lowest, highest))


class IntegerSum(Component):
    """``y = c ± p`` in two's complement.

    Parameters
    ----------
    product_width : int
        Bits of the unsigned product.
    width : int
        Bits of c and y.
    saturate : bool
        Clamp the exact sum instead of wrapping it.
    round_product : bool
        Clamp the product to ``width`` bits first (with wrapping, that changes nothing).

    Members
    -------
    p : In(product_width)
    sign : In(1)
        The product is negative.
    c, y : In(width), Out(width)
    """

    p: Signal
    sign: Signal
    c: Signal
    y: Signal

    def __init__(self, product_width: int, width: int, *, saturate: bool, round_product: bool):
        self.saturate = saturate
        self.round_product = round_product
        super().__init__({"p": In(product_width), "sign": In(1), "c": In(width), "y": Out(width)})

    def elaborate(self, platform):
        m = Module()
        width = len(self.y)
        if self.saturate and self.round_product:
            product = Signal(signed(len(self.p) + 1))
            m.d.comb += product.eq(Mux(self.sign, -self.p, self.p))
            exact = saturated(product, width).as_signed() + self.c.as_signed()
            m.d.comb += self.y.eq(saturated(exact, width))
            return m
        total = Signal(signed(max(len(self.p) + 1, width) + 1))
        # -p = ~p + 1, the one as the carry into the same adder.
        addend = Signal(signed(len(self.p) + 1))
        m.d.comb += [
            addend.eq(Cat(Mux(self.sign, ~self.p, self.p), self.sign)),
            total.eq(self.c.as_signed() + addend + self.sign),
            self.y.eq(saturated(total, width) if self.saturate else total),
        ]
        return m
