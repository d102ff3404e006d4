"""Rounding of a normalised significand to a code: whether it is rounded up, and the code as everywhere."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Const, Module, Signal, signed
from amaranth.lib.wiring import Component, In, Out

from ..formats import Format
from ..lib.block import place_block
from .pack import Pack


class Round(Component):
    """Rounds to a code of ``fmt`` by :class:`~nervure.hw.mac.pack.Pack`.

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
        Biased exponent field; 0 for subnormals. Negative only where subnormals flush.
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
        # Not less bits than the code's field, which the top of a code that only a carry reaches needs.
        width = max(len(self.exponent) - 1, fmt.exponent_width)
        pack = place_block(m, "pack", Pack(fmt, self.rounding, self.flush, self.saturate, width, has_zero=True))
        # The significand's last bit, not the code's: with one digit a tie above the subnormals goes up.
        up = self.guard & (self.rest | self.significand[0]) if self.rounding == "rne" else Const(0, 1)
        m.d.comb += [
            pack.sign.eq(self.sign), pack.special.eq(self.special), pack.field.eq(self.exponent[:-1]),
            pack.mantissa.eq(self.significand[:-1]), pack.increment.eq(up),
            # A field below 0 does not become 1 by rounding up: the result is flushed, as that of field 0 is.
            pack.zero.eq(self.zero | (self.exponent[-1] if self.flush else 0)), self.y.eq(pack.y),
        ]  # fmt: skip
        return m
