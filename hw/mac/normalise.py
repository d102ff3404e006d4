"""Normalisation of a sum: its leading bit to the top, and the exponent field that it then has."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out

from .geometry import Geometry


def steps(window: int) -> list[tuple[int, ...]]:
    """Left shifts that the normaliser may add up, by levels: powers of two, two a level, of an odd number one alone.

    The first level inverts too: where it has all of four choices, that is one input more than a lookup table has, and
    it takes the level of one.
    """
    powers = [1 << k for k in reversed(range((window - 1).bit_length()))]
    first = len(powers) % 2 if window > 3 * powers[0] // 2 else 0
    return [tuple(powers[:1])] * first + [tuple(powers[k : k + 2]) for k in range(first, len(powers), 2)]


class Normalise(Component):
    """Shifts the sum's leading bit to the top, all but the last level of the shift; finds the exponent field.

    The sum of :class:`~nervure.hw.mac.add.Add` has three forms: a sum (as it is), a difference whose anchor is the
    larger (its complement is the magnitude's floor) and one whose anchor is the smaller (``filled``: the magnitude is
    one more than its floor, so ones are shifted in, and the one is left to the rounding).

    Parameters
    ----------
    geometry : Geometry
    flush : bool
        Results below the smallest normal are normalised too, and become zeros.

    Members
    -------
    total, subtract, sticky : In
        From :class:`~nervure.hw.mac.add.Add`.
    top : In
        Weight of the window's top bit relative to acc's least exponent, plus one.
    leading : Out
        The significand, the guard bit, and what the last level may shift up to them; one more bit is the rest.
    last : Out
        The last level's shift.
    field : Out
        Exponent field before rounding.
    filled, rest, zero, clear : Out(1)
        ``zero``: the sum is exactly zero. ``clear``: leading, field and filled count as zero.
    """

    total: Signal
    subtract: Signal
    sticky: Signal
    top: Signal
    leading: Signal
    last: Signal
    field: Signal
    filled: Signal
    rest: Signal
    zero: Signal
    clear: Signal

    def __init__(self, geometry: Geometry, flush: bool):
        self.geometry = geometry
        self.flush = flush
        self.steps = steps(geometry.window)
        last = self.steps[-1]
        super().__init__({
            "total": In(geometry.window), "subtract": In(1), "sticky": In(1), "top": In(geometry.top_range),
            "leading": Out(geometry.acc.significand_width + 1 + sum(last)), "last": Out(len(last)),
            "field": Out(geometry.top_range), "filled": Out(1), "rest": Out(1), "zero": Out(1), "clear": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        window = self.geometry.window
        below = self.total[-1]
        inverted = below & self.subtract
        filled = ~below & self.subtract
        current = Signal(window, name="magnitude")
        m.d.comb += current.eq(Cat(self.total[:-1] ^ inverted.replicate(window - 1), below & ~self.subtract))
        # What only rounds is taken from the floor of anchor - other in every form: filled ones count as zeros there.
        rest: Value = self.sticky
        amounts: list[Value] = []
        limit = _Limit(self.top, sum(map(len, self.steps)))
        for level, step in enumerate(self.steps):
            digit = Signal(len(step), name=f"digit{level}")
            # A block of zeros at the top for each step of the shift.
            block = step[-1]
            blocks = [current[max(len(current) - block * (k + 1), 0) : len(current) - block * k].any()
                      for k in range(min((1 << len(step)) - 1, (len(current) - 1) // block))]  # fmt: skip
            free = _zero_blocks(blocks, len(step))
            if self.flush:
                m.d.comb += digit.eq(free)
            else:
                limit.step(m, digit, free, f"limit{level}")
            amounts.insert(0, digit)
            if step is self.steps[-1]:
                break
            remaining = sum(map(sum, self.steps[level + 1 :]))
            keep = min(self.geometry.acc.significand_width + 1 + remaining, len(current))
            lowest = len(current) - keep
            shifted = [Cat(filled.replicate(min(block * k, len(current))), current[: max(len(current) - block * k, 0)])
                       for k in range(1 << len(step))]  # fmt: skip
            following = Signal(keep, name=f"level{level}")
            with m.Switch(digit):
                for k, word in enumerate(shifted):
                    with m.Case(k):
                        m.d.comb += following.eq(word[lowest:])
            # A bit is left below where the shift is too short for it.
            for k in range(1 << len(step)):
                bits = current[max(lowest - block * (k + 1), 0) : max(lowest - block * k, 0)]
                if len(bits):
                    rest = rest | ((bits ^ filled.replicate(len(bits))).any() & (digit <= k))
            current = following
        assert len(current) == len(self.leading)
        block = self.steps[-1][-1]
        candidates = Cat(current[-1 - k] for k in range(1 << len(self.steps[-1])))
        hidden = Signal()
        m.d.comb += hidden.eq(candidates.any() if self.flush else candidates.bit_select(amounts[0], 1))
        shift = Cat(*amounts)
        field = Signal(signed(len(self.field) + 2))
        width = len(self.field) + 1
        # top + ~shift + hidden, which is (top - 1) - shift + hidden; the hidden bit as the carry.
        complement = Cat(~shift, Const(-1, width - len(shift)))
        m.d.comb += [
            field.eq((Cat(1, self.top) + Cat(hidden, complement))[1 : 1 + width].as_signed()),
            # Where the shift is limited, the leading bit need not be at the top.
            self.zero.eq(~filled & ~(hidden if self.flush else current.any() | rest)),
            self.field.eq(field),
            self.clear.eq(self.zero | (field < 0) if self.flush else self.zero),
            self.leading.eq(current), self.last.eq(amounts[0]), self.filled.eq(filled), self.rest.eq(rest),
        ]  # fmt: skip
        return m


def _zero_blocks(blocks: list[Value], bits: int) -> Value:
    """How many of the blocks are empty before the first that is not; all ones at most."""
    count: Value = Const(len(blocks), bits)
    for k in reversed(range(len(blocks))):
        count = Mux(blocks[k], Const(k, bits), count)
    return count


class _Limit:
    """Keeps a shift, found digit by digit from the top, below or at a bound."""

    def __init__(self, top: Value, bits: int):
        # top is one more than the bound, so that the bound has to be made: no lookup is cheaper than this carry chain.
        bound = Signal(len(top), name="bound")
        self.bound = bound
        self.top = top
        self.bits = bits
        self.limited: Value = Const(0, 1)
        self.free: Value | None = None

    def step(self, m: Module, digit: Signal, wanted: Value, name: str) -> None:
        """One digit."""
        if self.free is None:
            m.d.comb += self.bound.eq(self.top - 1)
            self.free = self.bound[self.bits :].any()
        self.bits -= len(digit)
        bound = self.bound[self.bits : self.bits + len(digit)]
        want = Signal(len(digit), name=f"{name}_wanted")
        limited, free = Signal(name=f"{name}_limited"), Signal(name=f"{name}_free")
        m.d.comb += [
            want.eq(wanted),
            limited.eq(self.limited | (~self.free & (bound < want))),
            free.eq(self.free | (~self.limited & (bound > want))),
            digit.eq(Mux(self.limited | (~self.free & (bound < want)), bound, want)),
        ]
        self.limited, self.free = limited, free
