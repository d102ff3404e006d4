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
    last : tuple of int
        The last level's steps.

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

    def __init__(self, precision: int, rounding: str, last: tuple[int, ...]):
        self.rounding = rounding
        super().__init__({
            "leading": In(precision + 1 + sum(last)), "last": In(len(last)), "filled": In(1), "rest": In(1),
            "mantissa": Out(precision - 1), "increment": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        kept = len(self.mantissa) + 2
        lowest = len(self.leading) - kept
        rounded = Signal(kept)
        rest: Value = self.rest
        words = [self.leading[lowest - k : lowest - k + kept] for k in range(1 << len(self.last))]
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

    Parameters
    ----------
    fmt : Format
    rounding : str
        ``rne`` or ``rtz``.
    flush, saturate : bool
    field_width : int
        Bits of the exponent field.

    Members
    -------
    sign : In(1)
    field : In(field_width)
        Exponent field before rounding.
    mantissa, increment : In
        From :class:`Decide`.
    special : In(2)
        NONE, INF or NAN.
    y : Out(fmt.width)
    """

    sign: Signal
    field: Signal
    mantissa: Signal
    increment: Signal
    special: Signal
    y: Signal

    def __init__(self, fmt: Format, rounding: str, flush: bool, saturate: bool, field_width: int):
        self.fmt = fmt
        self.rounding = rounding
        self.flush = flush and fmt.flushes
        self.saturate = saturate
        super().__init__({
            "sign": In(1), "field": In(field_width), "mantissa": In(fmt.mantissa_width), "increment": In(1),
            "special": In(2), "y": Out(fmt.width),
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
        nan, special = self.special[1], self.special.any()
        too_large = Signal()
        if fmt.specials == "ieee":
            m.d.comb += too_large.eq(above | field.all())
        else:
            m.d.comb += too_large.eq(above | (coded[: fmt.width - 1] > fmt.max_finite))
        finite = fmt.max_finite
        infinite = finite if self.saturate else fmt.infinity if fmt.has_inf else fmt.canonical_nan
        overflow = finite if self.rounding == "rtz" else infinite
        zero = ~field.any() & ~above if self.flush else Const(0, 1)
        # Conditions in the order of their precedence, with the code that each forces. Bits that share their conditions
        # are chosen together: a choice between a constant and a sum is a register's synchronous set or reset.
        forced = [(nan, fmt.canonical_nan), (self.special[0], infinite), (too_large, overflow)]
        groups: dict[tuple[int, ...], list[int]] = {}
        for bit in range(fmt.width - 1):
            key = (*(value >> bit & 1 for _, value in forced), int(bit < mantissa_width))
            groups.setdefault(key, []).append(bit)
        for (*values, mantissa), bits in groups.items():
            first, last = bits[0], bits[-1] + 1
            assert last - first == len(bits)
            part: Value = coded[first:last]
            if len(set(values)) == 1:
                force = special | too_large | (zero if mantissa and not values[0] else 0)
                part = Mux(force, Const(-values[0], len(bits)), part)
                if mantissa and values[0] and self.flush:
                    part = Mux(zero & ~special, 0, part)
            else:
                if mantissa:
                    part = Mux(zero, 0, part)
                for (condition, _), value in zip(reversed(forced), reversed(values), strict=True):
                    part = Mux(condition, Const(-value, len(bits)), part)
            m.d.comb += self.y[first:last].eq(part)
        unsigned = nan
        if not fmt.has_inf and infinite == fmt.canonical_nan:
            unsigned = special | (too_large if overflow == fmt.canonical_nan else 0)
        m.d.comb += self.y[-1].eq(Mux(unsigned, 0, self.sign))
        return m
