"""Normalisation and the one rounding."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, signed
from amaranth.lib.wiring import Component, In, Out

from ..formats import Format
from ..lib.shift import leading_zeros, shift_left
from .geometry import Geometry
from .unpack import INF


class Magnitude(Component):
    """Absolute value of the sum, how far it is to be shifted left, and the exponent it then has.

    Parameters
    ----------
    geometry : Geometry
    flush : bool
        Results below the smallest normal are normalised too (they become zeros after rounding).

    Members
    -------
    total, negative, sticky : In
        From :class:`~nervure.hw.mac.add.Add`.
    top : In
        Weight of the window's top bit relative to acc's least exponent.
    magnitude : Out(window)
    shift : Out
    exponent : Out(signed)
        Biased exponent field before rounding; 0 for subnormals (0 or less for results that flush).
    zero : Out(1)
    """

    total: Signal
    negative: Signal
    sticky: Signal
    top: Signal
    magnitude: Signal
    shift: Signal
    exponent: Signal
    zero: Signal

    def __init__(self, geometry: Geometry, flush: bool):
        self.geometry = geometry
        self.flush = flush
        window = geometry.window
        top = geometry.top_range
        super().__init__({
            "total": In(window), "negative": In(1), "sticky": In(1), "top": In(top),
            "magnitude": Out(window), "shift": Out(range(window)), "exponent": Out(range(-window, top[-1] + 2)),
            "zero": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        # Of a negative sum with a fraction f in (0, 1), the magnitude is ~total + (1 - f): no +1.
        m.d.comb += self.magnitude.eq(
            Mux(self.negative, ~self.total, self.total) + (self.negative & ~self.sticky)
        )
        count, empty = leading_zeros(self.magnitude)
        distance = Signal(signed(len(self.exponent)))
        m.d.comb += [self.zero.eq(empty & ~self.sticky), distance.eq(self.top - count)]
        if self.flush:
            m.d.comb += [self.shift.eq(count), self.exponent.eq(distance + 1)]
        else:
            # A subnormal's top bit stays where acc's least exponent puts it; it has exponent field 0.
            subnormal = Signal()
            m.d.comb += [
                subnormal.eq((distance < 0) | empty),
                self.shift.eq(Mux(distance < 0, self.top, count)),
                self.exponent.eq(Mux(subnormal, 0, distance + 1)),
            ]
        return m


class Normalise(Component):
    """Shifts the leading bit to the top, and keeps significand, guard bit and whether anything is below.

    Parameters
    ----------
    geometry : Geometry

    Members
    -------
    magnitude, shift, sticky : In
    significand : Out(p)
    guard, rest : Out(1)
    """

    magnitude: Signal
    shift: Signal
    sticky: Signal
    significand: Signal
    guard: Signal
    rest: Signal

    def __init__(self, geometry: Geometry):
        self.precision = geometry.acc.significand_width
        super().__init__({
            "magnitude": In(geometry.window), "shift": In(range(geometry.window)), "sticky": In(1),
            "significand": Out(self.precision), "guard": Out(1), "rest": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        shifted = shift_left(m, self.magnitude, self.shift, "shifted")
        m.d.comb += [
            self.significand.eq(shifted[-self.precision :]),
            self.guard.eq(shifted[-self.precision - 1]),
            self.rest.eq(shifted[: -self.precision - 1].any() | self.sticky),
        ]
        return m


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
