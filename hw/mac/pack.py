"""The last step of a normalisation, the one rounding, and the code."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from ..formats import Format
from ..lib.shift import choice


class Decide(Component):
    """The last level of the normalisation, and whether the significand is rounded up.

    Parameters
    ----------
    precision : int
        Bits of the significand.
    rounding : str
        ``rne`` or ``rtz``.
    choices : int
        Those of the last level, which shifts by less.

    Members
    -------
    leading, last, filled, rest : In
        From :class:`~nervure.hw.mac.normalise.Normalise`.
    mantissa : Out(precision - 1)
        The significand below its top bit.
    increment : Out(1)
    """

    leading: Signal
    last: Signal
    filled: Signal
    rest: Signal
    mantissa: Signal
    increment: Signal

    def __init__(self, precision: int, rounding: str, choices: int):
        self.choices = choices
        self.rounding = rounding
        super().__init__({
            "leading": In(precision + choices), "last": In((choices - 1).bit_length()), "filled": In(1), "rest": In(1),
            "mantissa": Out(precision - 1), "increment": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        kept = len(self.mantissa) + 2
        lowest = len(self.leading) - kept
        rounded = Signal(kept)
        rest: Value = self.rest
        words = [self.leading[lowest - k : lowest - k + kept] for k in range(self.choices)]
        m.d.comb += rounded.eq(choice(self.last, words))
        for k in range(lowest):
            rest = rest | ((self.leading[k] ^ self.filled) & (self.last < lowest - k))
        guard, odd = rounded[0], rounded[1]
        below = Signal()
        m.d.comb += [below.eq(rest), self.mantissa.eq(rounded[1:-1])]
        # Where ones are filled in, the magnitude is one more than the floor: the complement of what -magnitude takes.
        if self.rounding == "rne":
            m.d.comb += self.increment.eq(Mux(self.filled, guard | (~below & odd), guard & (below | odd)))
        else:
            m.d.comb += self.increment.eq(self.filled & guard & ~below)
        return m


class Pack(Component):
    """The rounded code, overflow, underflow and special values included.

    Formats without NaN saturate, and give +0 for NaN.

    Parameters
    ----------
    fmt : Format
    rounding : str
        ``rne`` or ``rtz``.
    flush, saturate : bool
    field_width : int
        Bits of the exponent field.
    has_zero : bool
        With the member ``zero``.
    special_large : bool
        Where ``special`` is not NONE, ``field`` is that of a number too large.

    Members
    -------
    sign : In(1)
    field : In(field_width)
        Exponent field before rounding.
    mantissa, increment : In
        From :class:`Decide`.
    special : In(2)
        NONE, INF or NAN.
    zero : In(1)
        The number is zero, whatever field, mantissa and increment are.
    y : Out(fmt.width)
    """

    sign: Signal
    field: Signal
    mantissa: Signal
    increment: Signal
    special: Signal
    zero: Signal
    y: Signal

    def __init__(self, fmt: Format, rounding: str, flush: bool, saturate: bool, field_width: int,
                 has_zero: bool = False, special_large: bool = False):  # fmt: skip
        self.fmt = fmt
        self.rounding = rounding
        self.flush = flush and fmt.flushes
        self.saturate = saturate
        self.has_zero = has_zero
        self.special_large = special_large
        super().__init__({
            "sign": In(1), "field": In(field_width), "mantissa": In(fmt.mantissa_width), "increment": In(1),
            "special": In(2), **({"zero": In(1)} if has_zero else {}), "y": Out(fmt.width),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        fmt = self.fmt
        # Exponent and mantissa are one number: a carry out of the mantissa raises the exponent and leaves zeros, and
        # the largest subnormal becomes the smallest normal, both as they should.
        mantissa_width = fmt.mantissa_width
        coded = Signal(mantissa_width + len(self.field) + 1)
        m.d.comb += coded.eq(Cat(self.mantissa, self.field) + self.increment)
        above = coded[fmt.width - 1 :].any()
        field = coded[mantissa_width : fmt.width - 1]
        nan, special = self.special[1], self.special.any() if not self.special_large else Const(0, 1)
        too_large = Signal()
        beyond = above | (field.all() if fmt.specials == "ieee" else coded[: fmt.width - 1] > fmt.max_finite)
        m.d.comb += too_large.eq(beyond & ~self.zero if self.has_zero else beyond)
        finite = fmt.max_finite
        no_number = fmt.canonical_nan if fmt.has_nan else 0
        saturate = self.saturate or not fmt.has_nan
        infinite = finite if saturate else fmt.infinity if fmt.has_inf else no_number
        overflow = finite if self.rounding == "rtz" else infinite
        # A result that is flushed has no field that would have to be cleared.
        flushed = ~field.any() & ~above if self.flush else Const(0, 1)
        clears = {0: self.zero, 1: self.zero | flushed} if self.has_zero else {0: None, 1: flushed}
        # Conditions in the order of their precedence, with the code that each forces. Bits that share their conditions
        # are chosen together: a choice between a constant and a sum is a register's synchronous set or reset.
        forced = [(nan, no_number), (self.special[0], infinite), (too_large, overflow)]
        if self.special_large:
            # Where an infinity is as an overflow, that it is too large is enough.
            forced = [(condition, value) for condition, value in forced if condition is too_large or value != overflow]
        groups: dict[tuple[int, ...], list[int]] = {}
        for bit in range(fmt.width - 1):
            key = (*(value >> bit & 1 for _, value in forced), int(bit < mantissa_width))
            groups.setdefault(key, []).append(bit)
        for (*values, mantissa), bits in groups.items():
            first, last = bits[0], bits[-1] + 1
            assert last - first == len(bits)
            part: Value = coded[first:last]
            clear = clears[mantissa]
            if len(set(values)) == 1:
                force = special | too_large | (clear if clear is not None and not values[0] else 0)
                part = Mux(force, Const(-values[0], len(bits)), part)
                if clear is not None and values[0] and (self.flush or self.has_zero):
                    part = Mux(clear & ~special, 0, part)
            else:
                if clear is not None:
                    part = Mux(clear, 0, part)
                for (condition, _), value in zip(reversed(forced), reversed(values), strict=True):
                    part = Mux(condition, Const(-value, len(bits)), part)
            m.d.comb += self.y[first:last].eq(part)
        unsigned = nan
        if not fmt.has_inf and infinite == no_number:
            unsigned = self.special.any() | (too_large if overflow == no_number else 0)
        m.d.comb += self.y[-1].eq(Mux(unsigned, 0, self.sign))
        return m
