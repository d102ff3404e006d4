"""Blocks of the bit-shifting power norm: sum of magnitudes, scale, weighted shift, and the rounded result."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import Component, In, Out

from ..lib.block import place_block
from .config.bspn import BspnConfig
from .power import RoundUp
from .rows import add_all


def weight_bits(config: BspnConfig) -> int:
    """Bits of a weight's shift."""
    low, high = config.weights
    return (high - low).bit_length()


class Magnitudes(Component):
    """The sum of a beat's ``|x|``; in a group's final beat without what lies beyond the group.

    Members
    -------
    words : In(width * lanes)
    closing : In(1)
    total : Out
    """

    words: Signal
    closing: Signal
    total: Signal

    def __init__(self, config: BspnConfig):
        self.config = config
        largest = min(config.lanes, config.group) * -config.input_format.low
        super().__init__({"words": In(config.input_format.width * config.lanes), "closing": In(1),
                          "total": Out(largest.bit_length())})  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        config = self.config
        width, sizes = config.input_format.width, []
        left = config.group - (config.beats - 1) * config.lanes
        for k in range(config.lanes):
            x = self.words[k * width :][:width]
            size = Signal(width, name=f"size{k}")
            m.d.comb += size.eq(Mux(x[-1], -x, x))
            sizes.append(size if k < left else Mux(self.closing, 0, size))
        m.d.comb += self.total.eq(add_all(sizes))
        return m


class Scale(Component):
    """How many powers of two a group's scale is below the greatest: one for each threshold that the sum keeps to.

    Members
    -------
    total : In
        Sum of a group's ``|x|``.
    steps : Out
    """

    total: Signal
    steps: Signal

    def __init__(self, config: BspnConfig):
        self.config = config
        count = max(len(config.thresholds), 1)
        super().__init__({"total": In(config.largest_sum.bit_length()), "steps": Out(count.bit_length())})

    def elaborate(self, platform):
        m = Module()
        kept = Signal(max(len(self.config.thresholds), 1), name="kept")
        m.d.comb += kept.eq(Cat(*(self.total <= bound for bound in self.config.thresholds)))
        m.d.comb += self.steps.eq(add_all(list(kept)))
        return m


class Shift(Component):
    """``|x| 2^(f - F - k + e)`` and whether it is to be subtracted; the bias goes with it.

    Members
    -------
    x : In
    below : In
        How many powers of two the scale is below the greatest.
    weight : In
        Shift, negative, used, bias.
    product : Out(magnitude_width)
    minus : Out(1)
    bias : Out
    """

    x: Signal
    below: Signal
    weight: Signal
    product: Signal
    minus: Signal
    bias: Signal

    def __init__(self, config: BspnConfig):
        self.config = config
        bias = config.bias_format.width
        below = max(len(config.thresholds), 1).bit_length()
        super().__init__({
            "x": In(config.input_format.width), "below": In(below), "weight": In(weight_bits(config) + 2 + bias),
            "product": Out(config.magnitude_width), "minus": Out(1), "bias": Out(bias),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        config = self.config
        bits = weight_bits(config)
        shift, (negative, used) = self.weight[:bits], self.weight[bits : bits + 2]
        fmt = config.input_format
        start = config.fraction_bits - fmt.fraction_bits - config.scales[1] + config.weights[0]
        width, size = config.magnitude_width, Signal(fmt.width)
        m.d.comb += size.eq(Mux(used, Mux(self.x[-1], -self.x, self.x), 0))
        placed = Signal(width, name="placed")
        m.d.comb += placed.eq(size << start)
        # Where x is not 0 the product fits, and with it the amount; where it is 0, any amount will do.
        amount = Signal(max((width - 1).bit_length(), 1), name="amount")
        m.d.comb += amount.eq(self.below + shift if bits else self.below)
        m.d.comb += [
            self.product.eq(placed << amount),
            self.minus.eq(self.x[-1] ^ negative),
            self.bias.eq(self.weight[bits + 2 :]),
        ]
        return m


class Result(Component):
    """``sgn(y) 2^round(log2|y|)`` of a normalised ``|y|``.

    Members
    -------
    significand : In(magnitude_width)
    zeros : In
    negative : In(1)
    e, sign, zero : Out
        Or ``y``, where the config has a fixed-point output.
    """

    significand: Signal
    zeros: Signal
    negative: Signal

    def __init__(self, config: BspnConfig):
        self.config = config
        width, fmt = config.magnitude_width, config.output_format
        members = {"significand": In(width), "zeros": In(width.bit_length()), "negative": In(1)}
        shown = {"y": Out(fmt.width)} if fmt else {"e": Out(config.exponent_width), "sign": Out(1), "zero": Out(1)}
        super().__init__({**members, **shown})

    def elaborate(self, platform):
        m = Module()
        config = self.config
        power = place_block(m, "round", RoundUp(config.magnitude_width, "geometric"))
        m.d.comb += [power.significand.eq(self.significand), power.zeros.eq(self.zeros)]
        if (fmt := config.output_format) is None:
            m.d.comb += [self.e.eq(Mux(power.zero, 0, power.e - config.fraction_bits)),
                         self.sign.eq(self.negative), self.zero.eq(power.zero)]  # fmt: skip
            return m
        # 2^e has the place e + F - f, if the format has it.
        offset, top = config.fraction_bits - fmt.fraction_bits, fmt.width - 1
        beyond = Signal()
        bits = [(power.e == at + offset) & ~power.zero if at + offset >= 0 else Const(0, 1) for at in range(top)]
        size = Signal(fmt.width, name="amount")
        m.d.comb += [
            beyond.eq(~power.zero & (power.e >= top + offset if top + offset > 0 else Const(1, 1))),
            size.eq(Mux(beyond, Mux(self.negative, 1 << top, fmt.high), Cat(*bits))),
            self.y.eq(Mux(self.negative, -size, size)),
        ]
        return m
