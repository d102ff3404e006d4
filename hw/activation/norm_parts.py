"""Blocks of the norms: squares, a centred number, the rounding of its product, and the result."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import Component, In, Out

from .config.cells import VALUE_BITS
from .config.norm import NormConfig

ROOT_WIDTH = VALUE_BITS + 1
"""Bits of the table's value."""


def signed_sum(terms: Sequence[Value]) -> Value:
    """The sum of numbers with sign, by a balanced tree of adders."""
    level = list(terms)
    while len(level) > 1:
        level = [level[k] + level[k + 1] if k + 1 < len(level) else level[k] for k in range(0, len(level), 2)]
    return level[0]


def scale_bits(config: NormConfig) -> int:
    """Bits of h."""
    return (config.total_width - 1).bit_length() - 1


class Squares(Component):
    """The squares of a beat's numbers.

    Members
    -------
    words : In(width * lanes)
    squares : Out((2 * width - 1) * lanes)
    """

    words: Signal
    squares: Signal

    def __init__(self, config: NormConfig):
        self.config = config
        width, lanes = config.input_format.width, config.lanes
        super().__init__({"words": In(width * lanes), "squares": Out((2 * width - 1) * lanes)})

    def elaborate(self, platform):
        m = Module()
        width, found = self.config.input_format.width, []
        for k in range(self.config.lanes):
            x = self.words[k * width :][:width].as_signed()
            found.append((x * x)[: 2 * width - 1])
        m.d.comb += self.squares.eq(Cat(*found))
        return m


class Centre(Component):
    """``c = N x - sum``.

    Members
    -------
    x : In
    sum : In
        Of the layer norm alone.
    c : Out
    """

    x: Signal
    sum: Signal
    c: Signal

    def __init__(self, config: NormConfig):
        self.config = config
        width = config.sum_width if config.kind == "layer" else 0
        super().__init__({"x": In(config.input_format.width), "sum": In(width), "c": Out(config.centred_width)})

    def elaborate(self, platform):
        m = Module()
        product = self.x.as_signed() * self.config.elements
        m.d.comb += self.c.eq(product - self.sum.as_signed() if self.config.kind == "layer" else product)
        return m


class Round(Component):
    """``z = floor(v 2^(P + J) / 2^(h + B) + 1/2)``.

    Members
    -------
    v : In
        The product c r.
    h : In
    z : Out
    """

    v: Signal
    h: Signal
    z: Signal

    def __init__(self, config: NormConfig):
        self.config = config
        super().__init__({"v": In(config.centred_width + ROOT_WIDTH), "h": In(scale_bits(config)),
                          "z": Out(config.z_width)})  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        config = self.config
        # The bit below the result stays for the rounding. What is dropped for every h is wires; where less than h is
        # dropped, the number is moved to the left before: every h of a T that there is takes that away again.
        always = VALUE_BITS + config.lead - config.places - config.fine - 1
        lead = config.lead + max(-always, 0)
        wide = Signal(signed(len(self.v) + lead), name="wide")
        m.d.comb += wide.eq(self.v.as_signed() << lead)
        start = wide >> max(always, 0)
        moved = Signal(signed(len(start)), name="moved")
        m.d.comb += moved.eq(start >> self.h)
        m.d.comb += self.z.eq((moved + 1) >> 1)
        return m


class Result(Component):
    """The result's code: z, or its product with gamma and beta, rounded; held to the format's numbers.

    Members
    -------
    z : In
        Without constants.
    p, beta : In
        With constants: the product z gamma, and beta.
    y : Out
    """

    z: Signal
    p: Signal
    beta: Signal
    y: Signal

    def __init__(self, config: NormConfig):
        self.config = config
        given = ({"p": In(config.z_width + config.gamma_format.width), "beta": In(config.beta_format.width)}
                 if config.scaled else {"z": In(config.z_width)})  # fmt: skip
        super().__init__({**given, "y": Out(config.output_format.width)})

    def elaborate(self, platform):
        m = Module()
        config, fmt = self.config, self.config.output_format
        if config.scaled:
            fraction = config.places + config.gamma_format.fraction_bits
            drop = fraction - fmt.fraction_bits
            beta = self.beta.as_signed() << (fraction - config.beta_format.fraction_bits)
            whole = (self.p.as_signed() + beta + (1 << (drop - 1))) >> drop
        else:
            whole = self.z.as_signed()
        number = Signal(signed(max(len(whole), fmt.width + 1)), name="number")
        m.d.comb += [number.eq(whole),
                     self.y.eq(Mux(number < fmt.low, fmt.low, Mux(number > fmt.high, fmt.high, number)))]  # fmt: skip
        return m
