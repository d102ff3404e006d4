"""Blocks of the softmax: exponent of two, shifted power, and the probability of a product."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out

from .config.cells import VALUE_BITS
from .config.softmax import STEPS, SoftmaxConfig
from .rows import add_all

POWER_WIDTH = VALUE_BITS + 1
"""Bits of a table's value."""


def places(config: SoftmaxConfig) -> int:
    """Bits of n."""
    return config.exponent_width - STEPS


class Distance(Component):
    """How far a number is below another, which is not below it.

    Members
    -------
    top, x : In(bits of the input)
        From 0 on.
    d : Out(bits of the input)
    """

    top: Signal
    x: Signal
    d: Signal

    def __init__(self, config: SoftmaxConfig):
        width = config.input_format.width
        super().__init__({"top": In(width), "x": In(width), "d": Out(width)})

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.d.eq(self.top - self.x)
        return m


class Exponent(Component):
    """A distance times log2(e), rounded: whole part and fraction.

    Members
    -------
    d : In(bits of the input)
    n, f : Out
    """

    d: Signal
    n: Signal
    f: Signal

    def __init__(self, config: SoftmaxConfig):
        self.config = config
        super().__init__({"d": In(config.input_format.width), "n": Out(places(config)), "f": Out(STEPS)})

    def elaborate(self, platform):
        m = Module()
        drop = self.config.drop
        t = Signal(self.config.exponent_width)
        m.d.comb += [t.eq((self.d * self.config.factor + (1 << (drop - 1))) >> drop),
                     self.f.eq(t[:STEPS]), self.n.eq(t[STEPS:])]  # fmt: skip
        return m


class Power(Component):
    """A table's value, shifted: ``e = (E 2^(A - B)) >> steps``, 0 where ``on`` is not set.

    Members
    -------
    value : In(17)
    steps : In
    on : In(1)
    e : Out(A + 1)
    """

    value: Signal
    steps: Signal
    on: Signal
    e: Signal

    def __init__(self, config: SoftmaxConfig, steps: int):
        self.config = config
        super().__init__({"value": In(POWER_WIDTH), "steps": In(steps), "on": In(1), "e": Out(config.one + 1)})

    def elaborate(self, platform):
        m = Module()
        width = len(self.e)
        used = min(len(self.steps), width.bit_length())
        beyond = Signal()
        m.d.comb += beyond.eq(self.steps[used:].any() | ~self.on)
        wide = Signal(width, name="wide")
        m.d.comb += wide.eq(self.value << (self.config.one - VALUE_BITS))
        m.d.comb += self.e.eq(Mux(beyond, 0, wide >> self.steps[:used]))
        return m


class Total(Component):
    """The sum of a beat's powers.

    Parameters
    ----------
    width, lanes : int
        Bits of a power; powers a beat.

    Members
    -------
    words : In(width * lanes)
    total : Out
    """

    words: Signal
    total: Signal

    def __init__(self, width: int, lanes: int):
        self.width = width
        super().__init__({"words": In(width * lanes), "total": Out(width + (lanes - 1).bit_length())})

    def elaborate(self, platform):
        m = Module()
        starts = range(0, len(self.words), self.width)
        m.d.comb += self.total.eq(add_all([self.words[at:][: self.width] for at in starts]))
        return m


class Probability(Component):
    """A product rounded to the output, held to its highest code.

    Members
    -------
    product : In
    y : Out
    """

    product: Signal
    y: Signal

    def __init__(self, config: SoftmaxConfig):
        self.config = config
        super().__init__({"product": In(config.lowest + 1 + POWER_WIDTH), "y": Out(config.output_format.width)})

    def elaborate(self, platform):
        m = Module()
        config, fmt = self.config, self.config.output_format
        drop = config.lowest + VALUE_BITS - fmt.fraction_bits
        whole = Signal(len(self.product) + 1 - drop, name="whole")
        m.d.comb += [whole.eq((self.product + (1 << (drop - 1))) >> drop),
                     self.y.eq(Mux(whole > fmt.high, fmt.high, whole))]  # fmt: skip
        return m


class Move(Component):
    """A row's sum and a beat's, each beside its own least n, beside the lesser of these.

    Members
    -------
    row, beat : In
    row_base, beat_base : In(bits of n)
    sum, base : Out
    """

    row: Signal
    beat: Signal
    row_base: Signal
    beat_base: Signal
    sum: Signal
    base: Signal

    def __init__(self, config: SoftmaxConfig):
        count, width = places(config), config.sum_width
        beat = config.one + 1 + (config.lanes - 1).bit_length()
        super().__init__({"row": In(width), "row_base": In(count), "beat": In(beat), "beat_base": In(count),
                          "sum": Out(width), "base": Out(count)})  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        less = Signal(name="beat_is_less")
        steps = Signal(len(self.base), name="steps")
        moved = Signal(len(self.sum), name="moved")
        used = min(len(steps), len(moved).bit_length())
        m.d.comb += [
            less.eq(self.beat_base < self.row_base),
            self.base.eq(Mux(less, self.beat_base, self.row_base)),
            steps.eq(Mux(less, self.row_base - self.beat_base, self.beat_base - self.row_base)),
            moved.eq(Mux(steps[used:].any(), 0, Mux(less, self.row, self.beat) >> steps[:used])),
            self.sum.eq(moved + Mux(less, self.beat, self.row)),
        ]
        return m
