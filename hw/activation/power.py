"""Which power of two a positive integer is rounded to: normalised, then one comparison of its significand."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from math import isqrt

from amaranth.hdl import Const, Module, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from ..lib.shift import leading_zeros, shift_left


class Normalise(Component):
    """``significand = value << zeros``, with its top bit set unless value is 0.

    Parameters
    ----------
    width : int
        Bits of the value.

    Members
    -------
    value : In(width)
    significand : Out(width)
    zeros : Out(width.bit_length())
    """

    value: Signal
    significand: Signal
    zeros: Signal

    def __init__(self, width: int):
        super().__init__({"value": In(width), "significand": Out(width), "zeros": Out(width.bit_length())})

    def elaborate(self, platform):
        m = Module()
        _normalise(m, self.value, self.significand, self.zeros)
        return m


class RoundUp(Component):
    """``e = width - 1 - zeros``, and one more from the rounding's threshold on; 0 where the significand is 0.

    Parameters
    ----------
    width : int
        Bits of the significand.
    rounding : str
        ``arithmetic``, ``geometric`` or ``ceiling``, as in
        :class:`~nervure.hw.activation.config.pow2round.Pow2RoundConfig`.

    Members
    -------
    significand : In(width)
    zeros : In(width.bit_length())
    e : Out(width.bit_length())
        0 to ``width``.
    zero : Out(1)
    """

    significand: Signal
    zeros: Signal
    e: Signal
    zero: Signal

    def __init__(self, width: int, rounding: str):
        self.rounding = rounding
        bits = width.bit_length()
        super().__init__({"significand": In(width), "zeros": In(bits), "e": Out(bits), "zero": Out(1)})

    def elaborate(self, platform):
        m = Module()
        _round(m, self.rounding, self.significand, self.zeros, self.e, self.zero)
        return m


class Power(Component):
    """Both at once: the exponent e of the power of two that value is rounded to.

    Parameters
    ----------
    width : int
        Bits of the value.
    rounding : str

    Members
    -------
    value : In(width)
    e : Out(width.bit_length())
        0 to ``width``; 0 where value is 0.
    zero : Out(1)
    """

    value: Signal
    e: Signal
    zero: Signal

    def __init__(self, width: int, rounding: str):
        self.rounding = rounding
        super().__init__({"value": In(width), "e": Out(width.bit_length()), "zero": Out(1)})

    def elaborate(self, platform):
        m = Module()
        significand = Signal(len(self.value))
        zeros = Signal(len(self.e))
        _normalise(m, self.value, significand, zeros)
        _round(m, self.rounding, significand, zeros, self.e, self.zero)
        return m


def _normalise(m: Module, value: Value, significand: Signal, zeros: Signal) -> None:
    count, _ = leading_zeros(value)
    shifted = shift_left(m, value, count, "shifted") if len(value) > 1 else value
    m.d.comb += [significand.eq(shifted), zeros.eq(count)]


def _round(m: Module, rounding: str, significand: Value, zeros: Value, e: Signal, zero: Signal) -> None:
    width = len(significand)
    if rounding == "arithmetic":
        up = significand[width - 2] if width > 1 else Const(0, 1)
    elif rounding == "ceiling":
        up = significand[: width - 1].any() if width > 1 else Const(0, 1)
    else:
        # s >= sqrt(2) 2^(width-1) of an integer s: from the next integer on, since the root is irrational.
        up = significand >= isqrt(1 << (2 * width - 1)) + 1
    m.d.comb += zero.eq(~significand[width - 1])
    with m.If(significand[width - 1]):
        m.d.comb += e.eq(width - 1 - zeros + up)
