"""Normalisation of a sum: its leading bit to the top, and the exponent field that it then has."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out

from ..lib.shift import choice
from .geometry import Geometry, Level, levels, size


def widths(geometry: Geometry, limited: bool) -> list[int]:
    """Bits that enter each level of the shift: what can still come to be significand, guard, or the bit below."""
    shifts = levels(geometry.window, limited)
    found = [geometry.window]
    for level in range(1, len(shifts)):
        remaining = sum(block * (choices - 1) for block, choices in shifts[level:])
        found.append(min(geometry.acc.significand_width + 1 + remaining, found[-1]))
    return found


class _Shift:
    """The state of a shift that is found digit by digit, from the top.

    Parameters
    ----------
    current : Value
        The word so far.
    filled : Value
        What is shifted in.
    rest : Value
        Something was lost below the word.
    bits : int
        Bits of the shift that are still to come.
    limit : tuple of Value or None
        Where the shift has a bound: whether it already is the bound so far (no more than zeros may follow what is left
        of the bound), whether it is already below, and the bound's bits that are still to come.
    """

    def __init__(self, current: Value, filled: Value, rest: Value, bits: int, limit: tuple[Value, Value, Value] | None):
        self.current, self.filled, self.rest, self.bits, self.limit = current, filled, rest, bits, limit

    def digit(self, m: Module, level: Level, name: str) -> Signal:
        """The next digit: zeros at the top in blocks of the level, at most what the bound allows."""
        current, (block, choices) = self.current, level
        blocks = [current[max(len(current) - block * (k + 1), 0) : len(current) - block * k].any()
                  for k in range(min(choices - 1, (len(current) - 1) // block))]  # fmt: skip
        size = (choices - 1).bit_length()
        found, want = Signal(size, name=f"digit{name}"), Signal(size, name=f"wanted{name}")
        m.d.comb += want.eq(_zero_blocks(blocks, size))
        self.bits -= size
        if self.limit is None:
            m.d.comb += found.eq(want)
            return found
        limited, free, whole = self.limit
        bound, below = whole[self.bits :][:size], whole[: self.bits]
        now_limited, now_free = Signal(name=f"limited{name}"), Signal(name=f"free{name}")
        m.d.comb += [
            now_limited.eq(limited | (~free & (bound < want))),
            now_free.eq(free | (~limited & (bound > want))),
            found.eq(Mux(limited | (~free & (bound < want)), bound, want)),
        ]
        self.limit = (now_limited, now_free, below)
        return found

    def shift(self, m: Module, level: Level, digit: Signal, keep: int, name: str) -> None:
        """Shifts by a digit, and keeps so many bits at the top."""
        current, filled, (block, choices) = self.current, self.filled, level
        lowest = len(current) - keep
        # More blocks of zeros than :meth:`digit` looks for are not found.
        choices = min(choices, (len(current) - 1) // block + 1)
        shifted = [Cat(filled.replicate(min(block * k, len(current))), current[: max(len(current) - block * k, 0)])
                   for k in range(choices)]  # fmt: skip
        following = Signal(keep, name=f"level{name}")
        m.d.comb += following.eq(choice(digit, [word[lowest:] for word in shifted]))
        # A bit is left below where the shift is too short for it.
        for k in range(choices):
            bits = current[max(lowest - block * (k + 1), 0) : max(lowest - block * k, 0)]
            if len(bits):
                self.rest = self.rest | ((bits ^ filled.replicate(len(bits))).any() & (digit <= k))
        self.current = following


class Scan(Component):
    """The sum's magnitude, or its floor, and the first level of its shift.

    The sum of :class:`~nervure.hw.mac.add.Add` has three forms: a sum (as it is), a difference whose anchor is the
    larger (its complement is the magnitude's floor) and one whose anchor is the smaller (``filled``: the magnitude is
    one more than its floor, so ones are shifted in, and the one is left to the rounding).

    Parameters
    ----------
    geometry : Geometry
    flush : bool
        Results below the smallest normal are normalised too, and become zeros; else the shift has a bound.
    given : bool
        ``top`` is the bound already, which is one less: it was subtracted a stage before.

    Members
    -------
    total, subtract, sticky : In
        From :class:`~nervure.hw.mac.add.Add`.
    top : In
        Weight of the window's top bit relative to acc's least exponent, plus one.
    current : Out
        What enters the second level.
    digit : Out
        The first level's shift.
    bound : Out
        What the shift may still add.
    filled, rest, limited, free : Out(1)
        State of the shift.
    """

    total: Signal
    subtract: Signal
    sticky: Signal
    top: Signal
    current: Signal
    digit: Signal
    bound: Signal
    filled: Signal
    rest: Signal
    limited: Signal
    free: Signal

    def __init__(self, geometry: Geometry, flush: bool, given: bool = False):
        self.flush, self.given = flush, given
        self.levels = levels(geometry.window, not flush)
        self.bits = sum(size(level) for level in self.levels)
        super().__init__({
            "total": In(geometry.window), "subtract": In(1), "sticky": In(1), "top": In(geometry.top_range),
            "current": Out(widths(geometry, not flush)[1]), "digit": Out(size(self.levels[0])),
            "bound": Out(self.bits - size(self.levels[0])), "filled": Out(1), "rest": Out(1), "limited": Out(1),
            "free": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        window = len(self.total)
        below = self.total[-1]
        inverted = below & self.subtract
        magnitude = Signal(window)
        m.d.comb += [
            self.filled.eq(~below & self.subtract),
            magnitude.eq(Cat(self.total[:-1] ^ inverted.replicate(window - 1), below & ~self.subtract)),
        ]
        limit = None
        if not self.flush:
            bound = Signal(max(len(self.top), self.bits + 1))
            m.d.comb += bound.eq(self.top if self.given else self.top - 1)
            limit = (Const(0, 1), bound[self.bits :].any(), bound[: self.bits])
        # What only rounds is taken from the floor of anchor - other in every form: filled ones count as zeros there.
        state = _Shift(magnitude, self.filled, self.sticky, self.bits, limit)
        m.d.comb += self.digit.eq(state.digit(m, self.levels[0], "0"))
        state.shift(m, self.levels[0], self.digit, len(self.current), "0")
        m.d.comb += [self.current.eq(state.current), self.rest.eq(state.rest)]
        limited, free, left = state.limit or (Const(0, 1), Const(1, 1), Const(0, len(self.bound)))
        m.d.comb += [self.limited.eq(limited), self.free.eq(free), self.bound.eq(left)]
        return m


class Normalise(Component):
    """Shifts the sum's leading bit to the top, all but the last level of the shift; finds the exponent field.

    Parameters
    ----------
    geometry : Geometry
    flush : bool
        As for :class:`Scan`.

    Members
    -------
    current, digit, bound, filled, rest, limited, free : In
        From :class:`Scan`.
    top : In
        Weight of the window's top bit relative to acc's least exponent, plus one.
    leading : Out
        The significand, the guard bit, and what the last level may shift up to them; one more bit is the rest.
    last : Out
        The last level's shift.
    field : Out
        Exponent field before rounding.
    below, zero, clear : Out(1)
        ``below``: something is below ``leading``. ``zero``: the sum is exactly zero. ``clear``: leading, field and
        filled count as zero.
    """

    current: Signal
    digit: Signal
    bound: Signal
    filled: Signal
    rest: Signal
    limited: Signal
    free: Signal
    top: Signal
    leading: Signal
    last: Signal
    field: Signal
    below: Signal
    zero: Signal
    clear: Signal

    def __init__(self, geometry: Geometry, flush: bool):
        self.flush = flush
        self.levels = levels(geometry.window, not flush)
        self.widths = widths(geometry, not flush)
        last = self.levels[-1][1]
        bits = sum(size(level) for level in self.levels[1:])
        super().__init__({
            "current": In(self.widths[1]), "digit": In(size(self.levels[0])), "bound": In(bits), "filled": In(1),
            "rest": In(1), "limited": In(1), "free": In(1), "top": In(geometry.top_range),
            "leading": Out(geometry.acc.significand_width + last), "last": Out(size(self.levels[-1])),
            "field": Out(geometry.top_range), "below": Out(1), "zero": Out(1), "clear": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        limit = None if self.flush else (self.limited, self.free, self.bound)
        state = _Shift(self.current, self.filled, self.rest, len(self.bound), limit)
        amounts: list[Value] = [self.digit]
        for number, level in enumerate(self.levels[1:], 1):
            digit = state.digit(m, level, str(number))
            amounts.insert(0, digit)
            if number < len(self.levels) - 1:
                state.shift(m, level, digit, self.widths[number + 1], str(number))
        current = state.current
        candidates = Cat(current[-1 - k] for k in range(self.levels[-1][1]))
        hidden = Signal()
        m.d.comb += hidden.eq(candidates.any() if self.flush else candidates.bit_select(amounts[0], 1))
        shift = _amount(self.levels[::-1], amounts)
        field = Signal(signed(len(self.field) + 2))
        width = len(self.field) + 1
        # top + ~shift + hidden, which is (top - 1) - shift + hidden; the hidden bit as the carry.
        above = max(0, width - len(shift))
        complement = Cat(~shift, Const((1 << above) - 1, above))
        m.d.comb += [
            field.eq((Cat(1, self.top) + Cat(hidden, complement))[1 : 1 + width].as_signed()),
            # Where the shift is limited, the leading bit need not be at the top.
            self.zero.eq(~self.filled & ~(hidden if self.flush else current.any() | state.rest)),
            self.field.eq(field),
            self.clear.eq(self.zero | (field < 0) if self.flush else self.zero),
            self.leading.eq(current), self.last.eq(amounts[0]), self.below.eq(state.rest),
        ]  # fmt: skip
        return m


def _amount(shifts: list[Level], digits: list[Value]) -> Value:
    """The shift that digits add up to, the lowest first, without an adder."""
    below: list[Value] = []
    digit, count = digits[0], shifts[0][1]
    for (_, choices), upper in zip(shifts[1:], digits[1:], strict=True):
        if count == 1 << len(digit):
            below.append(digit)
            digit, count = upper, choices
            continue
        # Together with the next, as a table.
        width = (count * choices - 1).bit_length()
        table: Value = Const(0, width)
        for k in range(1, count * choices):
            table = Mux((upper == k // count) & (digit == k % count), Const(k, width), table)
        digit, count = table, count * choices
    return Cat(*below, digit)


def _zero_blocks(blocks: list[Value], bits: int) -> Value:
    """How many of the blocks are empty before the first that is not; all ones at most."""
    count: Value = Const(len(blocks), bits)
    for k in reversed(range(len(blocks))):
        count = Mux(blocks[k], Const(k, bits), count)
    return count
