"""Operand codes to signs, significands and exponents."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out

from ..formats import Format
from .geometry import Geometry, normalised

NONE, INF, NAN = 0, 1, 2
"""What overrides the sum: nothing, an infinity, a NaN (of which the lower bit is of no account)."""


class Operand(Component):
    """One code, taken apart. Significands are not normalised.

    ``value = (-1)^sign * significand * 2^(exponent - fraction bits)``, where the significand's top bit weighs
    ``2^exponent`` and exponents are held relative to the least one, ``exponent = least + e``.

    Parameters
    ----------
    fmt : Format
        Any float or integer.
    flush : bool
        Subnormals (of formats of 8 bits and more) are zeros.

    Members
    -------
    code : In(fmt.width)
    sign : Out(1)
    significand : Out(fmt.significand_width)
    raw : Out(fmt.significand_width)
        The significand where ``zero`` is low; where it is high, that of the subnormal that counts as zero.
    factor : Out(fmt.significand_width)
        The significand where ``zero`` is low; where it is high and subnormals flush, its top bit is set all the same.
        Of a format that is :func:`~nervure.hw.mac.geometry.normalised`, shifted so that its top bit always is set.
    exponent : Out(signed)
        That of ``factor``: ``field``, less the shift.
    e : Out(exponent_width or 1)
    field : Out(exponent_width or 1)
        ``e + 1`` (integers: 1) where ``zero`` is low.
    zero, inf, nan : Out(1)
    """

    code: Signal
    sign: Signal
    significand: Signal
    raw: Signal
    factor: Signal
    exponent: Signal
    e: Signal
    field: Signal
    zero: Signal
    inf: Signal
    nan: Signal

    def __init__(self, fmt: Format, flush: bool):
        self.fmt = fmt
        self.flush = flush and fmt.flushes
        self.normalised = normalised(fmt, flush)
        exponent = signed(fmt.exponent_width + 1) if self.normalised else max(fmt.exponent_width, 1)
        super().__init__({
            "code": In(fmt.width), "sign": Out(1), "significand": Out(fmt.significand_width),
            "raw": Out(fmt.significand_width), "factor": Out(fmt.significand_width),
            "exponent": Out(exponent), "e": Out(max(fmt.exponent_width, 1)),
            "field": Out(max(fmt.exponent_width, 1)), "zero": Out(1), "inf": Out(1), "nan": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        # What a format does not have is driven all the same: a block's outputs are ports.
        m.d.comb += [port.eq(0) for port in (self.sign, self.e, self.inf, self.nan)]
        if self.fmt.is_float:
            self._float(m)
        else:
            # An integer zero has sign 0, so that it counts as +0.
            sign = self.code[-1] if self.fmt.is_signed else 0
            m.d.comb += [
                self.sign.eq(sign),
                self.significand.eq((Mux(sign, ~self.code, self.code) + sign)[: self.fmt.width]),
                self.raw.eq(self.significand),
                self.factor.eq(self.significand),
                self.field.eq(1),
                self.exponent.eq(1),
                self.zero.eq(self.code == 0),
            ]
        return m

    def _float(self, m: Module) -> None:
        fmt = self.fmt
        mantissa = self.code[: fmt.mantissa_width]
        field = self.code[fmt.mantissa_width : -1]
        normal = Signal()
        m.d.comb += [
            normal.eq(field.any()),
            self.sign.eq(self.code[-1]),
            # max(field, 1) - 1 without a subtractor's borrow into the hidden bit: fields 0 and 1 share an exponent.
            self.e.eq(field - normal),
            self.raw.eq(Cat(mantissa, normal)),
            # A zero's exponent is of no account, so that flushing leaves the field as it is.
            self.field.eq(field if self.flush else field | ~normal),
        ]
        if self.flush:
            m.d.comb += [self.significand.eq(Mux(normal, Cat(mantissa, 1), 0)), self.zero.eq(~normal)]
        else:
            m.d.comb += [self.significand.eq(Cat(mantissa, normal)), self.zero.eq(~self.code[:-1].any())]
        if self.normalised:
            # By the highest bit that is set; the exponent of a subnormal is that of field 1, less the shift.
            shifted: Value = Const(0, len(mantissa))
            exponent: Value = Const(1 - len(mantissa), signed(len(self.exponent)))
            for shift in reversed(range(1, len(mantissa) + 1)):
                found = mantissa[len(mantissa) - shift]
                shifted = Mux(found, (mantissa << shift)[: len(mantissa)], shifted)
                exponent = Mux(found, Const(1 - shift, signed(len(self.exponent))), exponent)
            m.d.comb += [
                self.factor.eq(Cat(Mux(normal, mantissa, shifted), 1)),
                self.exponent.eq(Mux(normal, Cat(field, Const(0, 1)), exponent)),
            ]
        else:
            m.d.comb += [self.factor.eq(Cat(mantissa, 1 if self.flush else normal)), self.exponent.eq(self.field)]
        if fmt.specials == "ieee":
            m.d.comb += [self.inf.eq(field.all() & ~mantissa.any()), self.nan.eq(field.all() & mantissa.any())]
        elif fmt.specials == "nan":
            m.d.comb += self.nan.eq(self.code[:-1].all())


def product_specials(a: Operand, b: Operand) -> tuple[Value, Value]:
    """Whether a*b is infinite or NaN, whether it is NaN."""
    special_a, special_b = a.inf | a.nan, b.inf | b.nan
    return special_a | special_b, a.nan | b.nan | (special_a & b.zero) | (a.zero & special_b)


def distance(e_p: Value, field_c: Value) -> Value:
    """``v`` of :class:`Exponents`: where it is 0 or more, c anchors."""
    return field_c - (e_p + 3)


class Exponents(Component):
    """Which addend anchors the window, how far the other is shifted, and what the window's top bit weighs.

    With ``v = e_c - e_p - 2`` (e_p the weight of P's top bit): c anchors where v >= 0 or P is zero, and P is shifted
    right by v; else P anchors and c is shifted right by ``-v - 1``, which is ``~v``. So P is shifted only where it lies
    two binades or more below c's exponent. Since c's exponent is never below acc's least, neither is the window's top,
    and no result has to be shifted right to become subnormal.

    Parameters
    ----------
    geometry : Geometry
    given : bool
        ``v`` is an input too: it was subtracted a stage before.

    Members
    -------
    v : In(signed)
        Where it is given.
    e_p : In(signed)
        Relative to acc's least exponent.
    field_c : In(unsigned)
        ``e_c`` relative to acc's least exponent, plus one; any number where c is zero.
    zero_p : In(1)
    anchor_c : Out(1)
    shift : Out(geometry.shift_width)
        Where ``beyond`` is low.
    beyond : Out(1)
        The other addend lies below the window altogether.
    top : Out(unsigned)
        Weight of the window's top bit relative to acc's least exponent, plus one.
    """

    v: Signal
    e_p: Signal
    field_c: Signal
    zero_p: Signal
    anchor_c: Signal
    shift: Signal
    beyond: Signal
    top: Signal

    def __init__(self, geometry: Geometry, given: bool = False):
        self.geometry, self.given = geometry, given
        super().__init__({
            **({"v": In(geometry.distance_range)} if given else {}),
            "e_p": In(geometry.product_range), "field_c": In(geometry.acc.exponent_width), "zero_p": In(1),
            "anchor_c": Out(1), "shift": Out(geometry.shift_width), "beyond": Out(1), "top": Out(geometry.top_range),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        v = self.v if self.given else Signal(self.geometry.distance_range)
        kept = len(self.shift)
        if not self.given:
            m.d.comb += v.eq(distance(self.e_p, self.field_c))
        m.d.comb += [
            self.anchor_c.eq(~v[-1] | self.zero_p),
            self.shift.eq(v[:kept] ^ v[-1].replicate(kept)),
            self.beyond.eq((v[kept:-1] ^ v[-1].replicate(len(v) - 1 - kept)).any()),
            self.top.eq(Mux(self.anchor_c, self.field_c + 1, self.e_p + 3)),
        ]
        return m
