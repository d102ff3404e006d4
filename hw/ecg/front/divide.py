"""A divider of one bit a cycle: floor of a quotient that is known to fit."""

# Amaranth's annotations do not know `with m.If(...)`.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal


class Divide(Elaboratable):
    """``quotient = floor(numerator / denominator)`` for ``numerator < denominator 2^bits``, which no 0 fulfils.

    Long division: the rest, always less than the denominator, takes the numerator's next bit, and the quotient's bit
    says whether the denominator is subtracted. Asked in one cycle, ``done`` is high ``bits + 1`` cycles later, in the
    cycle in which ``quotient`` first holds the answer.

    Parameters
    ----------
    bits : int
        Bits of the quotient.
    width : int
        Bits of the denominator.

    Attributes
    ----------
    go, numerator, denominator : Signal
        In: start (while none is under way); ``width + bits`` bits; ``width`` bits, held until ``done``.
    done, quotient : Signal
        Out: the answer is there; it stays until the next start.
    """

    def __init__(self, bits: int, width: int):
        self.bits, self.width = bits, width
        self.go = Signal()
        self.done = Signal()
        self.numerator = Signal(width + bits)
        self.denominator = Signal(width)
        self.quotient = Signal(bits, reset_less=True)

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        rest, tried = Signal(self.width, name="rest", reset_less=True), Signal(self.width + 1)
        left, fits = Signal(range(self.bits + 1), name="left"), Signal()
        m.d.comb += [tried.eq(Cat(self.quotient[-1], rest)), fits.eq(tried >= self.denominator)]
        m.d.sync += self.done.eq(left == 1)
        with m.If(self.go):
            # The quotient's bits come in where the numerator's go out.
            m.d.sync += [rest.eq(self.numerator[self.bits :]), self.quotient.eq(self.numerator[: self.bits]),
                         left.eq(self.bits)]  # fmt: skip
        with m.Elif(left != 0):
            m.d.sync += [rest.eq(Mux(fits, tried - self.denominator, tried)), left.eq(left - 1),
                         self.quotient.eq(Cat(fits, self.quotient))]  # fmt: skip
        return m
