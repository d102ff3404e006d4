"""Rounding of a normalised significand to a code."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Signal, signed
from amaranth.lib.wiring import Component, In, Out

from ..formats import Format
from .unpack import INF


class Round(Component):
    """Rounds to a code of ``fmt``; overflow, underflow and special values included.

    Parameters
    ----------
    fmt : Format
    rounding : str
        ``rne`` or ``rtz``.
    flush, saturate : bool
    exponent_width : int
        Bits of the signed exponent.

    Members
    -------
    sign : In(1)
    exponent : In(signed)
        Biased exponent field; 0 for subnormals.
    significand : In(p)
    guard, rest, zero : In(1)
    special : In(2)
        NONE, INF or NAN.
    y : Out(fmt.width)
    """

    sign: Signal
    exponent: Signal
    significand: Signal
    guard: Signal
    rest: Signal
    zero: Signal
    special: Signal
    y: Signal

    def __init__(self, fmt: Format, rounding: str, flush: bool, saturate: bool, exponent_width: int):
        self.fmt = fmt
        self.rounding = rounding
        self.flush = flush and fmt.flushes
        self.saturate = saturate
        super().__init__({
            "sign": In(1), "exponent": In(signed(exponent_width)), "significand": In(fmt.significand_width),
            "guard": In(1), "rest": In(1), "zero": In(1), "special": In(2), "y": Out(fmt.width),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        fmt = self.fmt
        increment = Signal()
        if self.rounding == "rne":
            m.d.comb += increment.eq(self.guard & (self.rest | self.significand[0]))
        # Exponent and mantissa are one number: a carry out of the mantissa raises the exponent and leaves zeros, and
        # the largest subnormal becomes the smallest normal, both as they should.
        coded = Signal(signed(len(self.exponent) + fmt.mantissa_width + 1))
        m.d.comb += coded.eq(Cat(self.significand[:-1], self.exponent).as_signed() + increment)
        least = 1 << fmt.mantissa_width if self.flush else 0
        magnitude = Signal(fmt.width - 1)
        with m.If(self.zero | (coded < least)):
            m.d.comb += magnitude.eq(0)
        with m.Else():
            m.d.comb += magnitude.eq(coded)
        sign = Signal()
        m.d.comb += sign.eq(self.sign)

        # An infinite result: Inf where there is one, else NaN; the largest finite value if it saturates.
        nan = Signal()
        # The NaN bit wins over the Inf bit.
        m.d.comb += nan.eq(self.special[1])
        too_large = Signal()
        m.d.comb += too_large.eq(coded > fmt.max_finite)
        finite = Const(fmt.max_finite, fmt.width - 1)
        infinite = finite if self.saturate else Const(fmt.infinity if fmt.has_inf else fmt.canonical_nan, fmt.width - 1)
        overflow = finite if self.rounding == "rtz" else infinite
        with m.If(~self.zero & too_large):
            m.d.comb += magnitude.eq(overflow)
            if overflow.value == fmt.canonical_nan:
                m.d.comb += sign.eq(0)
        with m.If(self.special == INF):
            m.d.comb += magnitude.eq(infinite)
            if infinite.value == fmt.canonical_nan:
                m.d.comb += sign.eq(0)
            else:
                m.d.comb += sign.eq(self.sign)
        with m.If(nan):
            m.d.comb += [magnitude.eq(fmt.canonical_nan), sign.eq(0)]
        m.d.comb += self.y.eq(Cat(magnitude, sign))
        return m
