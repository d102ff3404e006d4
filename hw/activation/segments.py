"""The parts of a piecewise-linear unit: address, lines held as constants, multiply-add, rounding."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned

from ..fixed import Fixed
from .config import ActivationConfig
from .entries import Range, octaves


def shape_of(low: int, high: int) -> Shape:
    """The narrowest shape of a range of integers."""
    return signed(max(high, ~low).bit_length() + 1) if low < 0 else unsigned(max(high.bit_length(), 1))


def select(address: Value, words: Sequence[int | None], shape: Shape) -> Value:
    """The word of that address, as choices by one bit each; equal halves are one, and None is whatever costs least."""

    def tree(words: Sequence[int | None]) -> Value:
        known = {word for word in words if word is not None}
        if len(known) <= 1:
            return Const(known.pop() if known else 0, shape)
        half = len(words) >> 1
        pairs = list(zip(words[:half], words[half:], strict=True))
        if all(zero is None or one is None or zero == one for zero, one in pairs):
            return tree([one if zero is None else zero for zero, one in pairs])
        return Mux(address[half.bit_length() - 1], tree(words[half:]), tree(words[:half]))

    return tree(words)


def knot_of(config: ActivationConfig, index: int) -> int | None:
    """The knot that a search asks about at an index; None where the answer does not matter.

    Indices beyond the last segment ask about its knot again: whoever passes it comes to the last index of all, which
    selects the same segment.
    """
    count, lowest = len(config.slopes), index & (index - 1)  # the segments that are left begin with the lowest
    if lowest >= count - 1:
        return None
    return config.breakpoints[min(index, count - 1) - 1]


def asked(config: ActivationConfig, level: int) -> list[int | None]:
    """Knots of a level of the search, by the index bits above it."""
    bits = (len(config.slopes) - 1).bit_length()
    return [knot_of(config, (2 * prefix + 1) << level) for prefix in range(1 << (bits - 1 - level))]


def leading_one(config: ActivationConfig, u: Value) -> Value:
    """Index of a power-of-two cell: bits below the leading one, octave, sign (where u may be negative)."""
    e, m = config.address
    negative = config.first < 0
    size = (u ^ u[-1].replicate(len(u)))[:-1] if negative else u
    width = octaves(config).bit_length()
    # The last octave that has a one is the number's. Below the first, no bits of the number are wanted; where all their
    # values select the same, those of the first are there already.
    index = Cat(Const(0, m) if config.form == "reload" else _bits(size, e - m, e), Const(0, width))
    for octave in range(1, octaves(config) + 1):
        at = e + octave - 1
        found = Cat(_bits(size, at - m, at), Const(octave, width))
        index = Mux(size[at] if at < len(size) else Const(0, 1), found, index)
    return Cat(index, u[-1]) if negative else index


def _bits(value: Value, low: int, high: int) -> Value:
    """Bits low..high-1, zeros where the value has none."""
    there = value[min(low, len(value)) : min(high, len(value))]
    return Cat(there, Const(0, high - low - len(there)))


def rows(m: Module, slope: Value, operand: Value) -> Value:
    """The product as a sum of rows, one for each bit of the operand: a LUT and a carry for each bit of a row."""
    wide = Signal(signed(len(slope) + (not slope.shape().signed)), name="multiplicand")
    m.d.comb += wide.eq(slope)

    def gated(bit: Value) -> Value:
        return (wide.as_unsigned() & bit.replicate(len(wide))).as_signed()

    total, done = gated(operand[0]), []
    for i in range(1, len(operand)):
        row = Signal(signed(len(wide) + 1), name=f"row{i}")
        # The sign's row counts against the others.
        against = operand.shape().signed and i == len(operand) - 1
        m.d.comb += row.eq((total >> 1) - gated(operand[i]) if against else (total >> 1) + gated(operand[i]))
        done.append(total[0])
        total = row
    return Cat(*done, total).as_signed()


def rounded(m: Module, total: Value, span: Range, shift: int, fmt: Fixed) -> Value:
    """The sum without ``shift`` bits, held to the format's numbers where its range is wider.

    The half was added before, so that what is cut off is rounded, ties up.
    """
    low, high = (end >> shift if shift >= 0 else end << -shift for end in span)
    shape = shape_of(min(low, -1), high)
    whole = Signal(shape, name="whole")
    m.d.comb += whole.eq(total >> shift if shift >= 0 else total << -shift)
    code = Signal(fmt.width, name="code")
    m.d.comb += code.eq(whole)
    held: Value = code
    if low < fmt.low:
        below = whole[-1] & ~whole[fmt.width - 1 : -1].all() if fmt.signed else whole[-1]
        held = Mux(below, Const(fmt.low, fmt.width), held)
    if high > fmt.high:
        held = Mux(~whole[-1] & whole[fmt.width - fmt.signed : -1].any(), Const(fmt.high, fmt.width), held)
    return held
