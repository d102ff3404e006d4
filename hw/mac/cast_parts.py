"""Pieces of a cast: a significand moved to where the output keeps its bits, and rounding to integers and floats."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike
from amaranth.lib.wiring import Component, In, Out

from ..formats import Format
from ..lib.block import place_block
from ..lib.shift import leading_zeros, shift_left, shift_right_sticky
from .config.cast import CastConfig
from .round import Round
from .unpack import INF


def signed_range(low: int, high: int) -> range:
    """A range whose signals are signed and hold both ends."""
    return range(min(low, -1), max(high, 0) + 1)


class Fit(Component):
    """Moves a significand to a float's binade, and keeps its bits, a guard bit and whether anything is below.

    Parameters
    ----------
    width : int
        Bits of the significand; its leading bit need not be set.
    precision : int
        Bits of the output's significand.
    low, high : int
        Least and greatest ``t``.
    left : int
        Most leading zeros to be taken away: of a number with more, the bits that matter lie that low anyway.
    right : bool
        Numbers below the output's least binade become subnormal; else they keep their bits, and the exponent is 0 or
        less.

    Members
    -------
    significand : In(width)
    t : In(signed)
        Weight of the significand's top bit, relative to the output's least exponent.
    kept : Out(precision)
    guard, rest : Out(1)
    exponent : Out(signed)
        Exponent field before rounding; 0 for subnormals.
    """

    significand: Signal
    t: Signal
    kept: Signal
    guard: Signal
    rest: Signal
    exponent: Signal

    def __init__(self, width: int, precision: int, low: int, high: int, left: int, right: bool):
        self.left = min(left, width - 1)
        self.right = right and low < 0
        self.low = low
        super().__init__({
            "significand": In(width), "t": In(signed_range(low, high)), "kept": Out(precision), "guard": Out(1),
            "rest": Out(1), "exponent": Out(signed_range(low + 1, high + 1)),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        precision = len(self.kept)
        padding = max(precision + 1 - len(self.significand), 0)
        value: Value = Cat(Const(0, padding), self.significand) if padding else self.significand
        negative = self.t[-1] if self.low < 0 else Const(0, 1)
        after: Value = self.t
        if self.left:
            count, empty = leading_zeros(self.significand[-self.left :])
            zeros = Signal(range(self.left + 1))
            distance = Signal(range(self.left + 1))
            m.d.comb += [zeros.eq(Mux(empty, self.left, count)), distance.eq(zeros)]
            if self.low < self.left:
                # Not below the least binade: what then has no leading bit is subnormal.
                with m.If(negative):
                    m.d.comb += distance.eq(0)
                with m.Elif(self.t < zeros):
                    m.d.comb += distance.eq(self.t)
            value = shift_left(m, value, distance, "left")
            after = Signal.like(self.t, name="after")
            m.d.comb += after.eq(self.t - distance)
        top = value[-precision - 1 :]
        below = value[: -precision - 1].any() if len(value) > precision + 1 else Const(0, 1)
        lost: Value = Const(0, 1)
        hidden = value[-1]
        if self.right:
            amount = Signal(len(self.t))
            m.d.comb += amount.eq(Mux(negative, -self.t, 0))
            top, lost = shift_right_sticky(m, top, amount, "right")
        m.d.comb += [
            self.kept.eq(top[1:]), self.guard.eq(top[0]), self.rest.eq(below | lost),
            self.exponent.eq(Mux(negative, 0 if self.right else self.t + 1, after + hidden)),
        ]  # fmt: skip
        return m


class Point(Component):
    """Shifts a significand so that its integer part, a guard bit and whether anything is below can be read off.

    Parameters
    ----------
    width : int
        Bits of the significand.
    top : int
        Weight of the integer part's top bit; numbers that reach higher are ``beyond``.
    low, high : int
        Least and greatest weight of the significand's top bit.

    Members
    -------
    significand : In(width)
    e : In(signed)
        Weight of the significand's top bit.
    whole : Out(top + 1)
    guard, rest, beyond : Out(1)
    """

    significand: Signal
    e: Signal
    whole: Signal
    guard: Signal
    rest: Signal
    beyond: Signal

    def __init__(self, width: int, top: int, low: int, high: int):
        self.top = top
        self.reaches = high > top
        super().__init__({
            "significand": In(width), "e": In(signed_range(low, high)), "whole": Out(top + 1), "guard": Out(1),
            "rest": Out(1), "beyond": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        width, window = len(self.significand), self.top + 2
        if width > window:
            value, below = self.significand[width - window :], self.significand[: width - window].any()
        else:
            value, below = Cat(Const(0, window - width), self.significand), Const(0, 1)
        distance = Signal(range(-(1 << len(self.e)), (1 << len(self.e)) + self.top + 1))
        amount = Signal(len(distance) - 1)
        m.d.comb += [
            distance.eq(self.top - self.e), self.beyond.eq(distance[-1] if self.reaches else 0),
            amount.eq(distance),
        ]  # fmt: skip
        shifted, lost = shift_right_sticky(m, value, amount, "shifted")
        m.d.comb += [self.whole.eq(shifted[1:]), self.guard.eq(shifted[0]), self.rest.eq(below | lost)]
        return m


class RoundWhole(Component):
    """Rounds to a code of an integer format, saturated or wrapped.

    Parameters
    ----------
    width : int
        Bits of the integer part.
    fmt : Format
    rounding : str
    saturate : bool
        Else what is beyond is a multiple of ``2^fmt.width``; Inf saturates all the same.
    symmetric : bool
        The most negative code stays unused.

    Members
    -------
    whole : In(width)
    sign, guard, rest, beyond : In(1)
    special : In(2)
        NONE, INF or NAN.
    y : Out(fmt.width)
    """

    whole: Signal
    sign: Signal
    guard: Signal
    rest: Signal
    beyond: Signal
    special: Signal
    y: Signal

    def __init__(self, width: int, fmt: Format, rounding: str, saturate: bool, symmetric: bool = False):
        self.fmt = fmt
        self.rounding = rounding
        self.saturate = saturate
        self.symmetric = symmetric
        super().__init__({
            "whole": In(width), "sign": In(1), "guard": In(1), "rest": In(1), "beyond": In(1), "special": In(2),
            "y": Out(fmt.width),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        fmt = self.fmt
        magnitude = Signal(len(self.whole) + 1)
        up = self.guard & (self.rest | self.whole[0]) if self.rounding == "rne" else Const(0, 1)
        # -n = ~n + 1: the one is added at full width, so that the carry of the rounding is already in.
        m.d.comb += magnitude.eq(self.whole + up)
        plain = Signal(fmt.width)
        m.d.comb += plain.eq(Mux(self.sign, -magnitude, magnitude))
        if fmt.kind == "uint":
            lowest, highest = Const(0, fmt.width), Const(fmt.max_finite, fmt.width)
            over = self.beyond | self.sign | (magnitude > fmt.max_finite)
        else:
            least = fmt.max_finite + (not self.symmetric)
            lowest, highest = Const(-least & (2 * fmt.max_finite + 1), fmt.width), Const(fmt.max_finite, fmt.width)
            over = self.beyond | (magnitude > fmt.max_finite + (0 if self.symmetric else self.sign))
        limit = Mux(self.sign, lowest, highest)
        chosen = Mux(over, limit, plain) if self.saturate else Mux(self.beyond, 0, plain)
        m.d.comb += self.y.eq(Mux(self.special[1], 0, Mux(self.special == INF, limit, chosen)))
        return m


ROUNDED = ("sign", "exponent", "kept", "guard", "rest", "zero", "special")
"""What :func:`round_block` takes."""


def round_block(m: Module, name: str, fmt: Format, config: CastConfig, live: Mapping[str, ValueLike]) -> Signal:
    """Places the block that rounds to a float format; its result."""
    exponent: Signal = live["exponent"]
    done = place_block(m, name, Round(fmt, config.rounding, config.flush, config.saturate, len(exponent)))
    m.d.comb += done.significand.eq(live["kept"])
    m.d.comb += [getattr(done, key).eq(live[key]) for key in ROUNDED if key != "kept"]
    return done.y
