"""The NVFP4 quantiser: a scale that is a short quotient, elements that are found by comparison."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Signal, ValueLike
from amaranth.lib.wiring import Component, In, Out

from ..formats import FORMATS, Format
from ..lib.block import place_block
from ..lib.pipeline import Pipeline
from ..lib.shift import leading_zeros, shift_left
from .cast_parts import Fit, signed_range
from .config.cast import CastConfig
from .quantise import Largest
from .round import Round
from .unpack import NONE, Operand

CUTS = [("input", 0), ("largest", 14), ("normalised", 8), ("quotient", 16), ("scaled", 7), ("aligned", 8),
        ("result", 8)]  # fmt: skip
"""Places for registers."""

_SCALE, _TENSOR, _ELEMENT = FORMATS["fp8_e4m3"], FORMATS["fp32"], FORMATS["fp4_e2m1"]
QUOTIENT_BITS = 7
"""Bits of the quotient: four of the scale and one to round by, below at most two zeros."""

# Four times the midpoints between e2m1's numbers, and whether a tie goes up; four times its numbers.
_NEAREST = [(1, False), (3, True), (5, False), (7, True), (10, False), (14, True), (20, False)]
_BELOW = [(k, True) for k in (2, 4, 6, 8, 12, 16, 24)]


class Normal(Component):
    """A positive number with its leading bit on top.

    Parameters
    ----------
    fmt : Format
    flush : bool

    Members
    -------
    code : In(fmt.width)
    significand : Out(fmt.significand_width)
    exponent : Out(signed)
        Of the top bit.
    zero, special, sign : Out(1)
        Special is Inf or NaN.
    """

    code: Signal
    significand: Signal
    exponent: Signal
    zero: Signal
    special: Signal
    sign: Signal

    def __init__(self, fmt: Format, flush: bool):
        self.fmt = fmt
        self.flush = flush
        super().__init__({
            "code": In(fmt.width), "significand": Out(fmt.significand_width),
            "exponent": Out(signed_range(*_exponents(fmt))), "zero": Out(1), "special": Out(1), "sign": Out(1),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        m.submodules.operand = operand = Operand(self.fmt, self.flush)
        m.d.comb += [
            operand.code.eq(self.code), self.zero.eq(operand.zero), self.special.eq(operand.inf | operand.nan),
            self.sign.eq(operand.sign),
        ]  # fmt: skip
        if self.flush:
            m.d.comb += [self.significand.eq(operand.significand), self.exponent.eq(operand.e + self.fmt.min_exponent)]
        else:
            count, _ = leading_zeros(operand.significand)
            m.d.comb += [
                self.significand.eq(shift_left(m, operand.significand, count, "shifted")),
                self.exponent.eq(operand.e - count + self.fmt.min_exponent),
            ]
        return m


def _exponents(fmt: Format) -> tuple[int, int]:
    # A zero's count may be all ones, more than its width: nothing depends on the exponent then.
    return fmt.min_exponent - (1 << fmt.mantissa_width.bit_length()), fmt.max_exponent + 1


class Quotient(Component):
    """``floor(2^6 * 2a / 3t)`` of two significands with set top bits, and whether anything is left.

    A step of restoring division per bit. ``2a / 3t`` lies in (1/3, 4/3), so that at most two leading bits are 0.

    Parameters
    ----------
    width : int
        Bits of a; t has 24.

    Members
    -------
    a : In(width)
    t : In(24)
    q : Out(8)
        The quotient above, whether anything is left as its lowest bit.
    """

    a: Signal
    t: Signal
    q: Signal

    def __init__(self, width: int):
        super().__init__({"a": In(width), "t": In(_TENSOR.significand_width), "q": Out(QUOTIENT_BITS + 1)})

    def elaborate(self, platform):
        m = Module()
        width = len(self.t)
        divisor = Signal(width + 2)
        left = Signal(width + 3, name="left0")
        m.d.comb += [divisor.eq(self.t + (self.t << 1)), left.eq(self.a << (width - len(self.a) + 1))]
        bits = []
        for step in range(QUOTIENT_BITS):
            difference = Signal(width + 4, name=f"difference{step}")
            following = Signal(width + 3, name=f"left{step + 1}")
            fits = ~difference[-1]
            m.d.comb += [difference.eq(left - divisor), following.eq(Mux(fits, difference, left) << 1)]
            bits.append(fits)
            left = following
        m.d.comb += self.q.eq(Cat(left.any(), *reversed(bits)))
        return m


class Unit(Component):
    """``scale * t``, what the elements count, with its leading bit on top.

    Members
    -------
    scale : In(8)
    t : In(24)
    exponent_t : In(signed)
    product : Out(28)
    exponent : Out(signed)
        Of the top bit.
    """

    scale: Signal
    t: Signal
    exponent_t: Signal
    product: Signal
    exponent: Signal

    def __init__(self) -> None:
        low, high = _exponents(_TENSOR)
        super().__init__({
            "scale": In(8), "t": In(_TENSOR.significand_width), "exponent_t": In(signed_range(low, high)),
            "product": Out(UNIT_BITS), "exponent": Out(signed_range(low - 16, high + 16)),
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        m.submodules.operand = operand = Operand(_SCALE, False)
        m.d.comb += operand.code.eq(self.scale)
        # The four bits are normalised before they are multiplied: one zero is then left to be shifted out.
        count, _ = leading_zeros(operand.significand)
        significand = shift_left(m, operand.significand, count, "shifted")
        product = Signal(UNIT_BITS)
        m.d.comb += [
            product.eq(significand * self.t),
            self.product.eq(Mux(product[-1], product, product << 1)),
            self.exponent.eq(self.exponent_t + operand.e - count + product[-1] + _SCALE.min_exponent),
        ]
        return m


UNIT_BITS = _SCALE.significand_width + _TENSOR.significand_width


class Nearest(Component):
    """The element of e2m1 nearest to ``|x| / unit``: x against the midpoints, each times the unit.

    Parameters
    ----------
    width : int
        Bits of x's significand.
    reach : int
        Greatest shift for which a significand's last bit does not saturate.
    rounding : str
        ``rtz`` compares with e2m1's own numbers instead.

    Members
    -------
    significand : In(width)
    shift : In(signed)
        Exponent of x's top bit less that of the unit, plus 2.
    unit : In(28)
    code : Out(3)
    """

    significand: Signal
    shift: Signal
    unit: Signal
    code: Signal

    def __init__(self, width: int, reach: int, rounding: str, shift: range):
        self.reach = reach
        self.thresholds = _NEAREST if rounding == "rne" else _BELOW
        super().__init__({
            "significand": In(width), "shift": In(shift), "unit": In(UNIT_BITS), "code": Out(_ELEMENT.width - 1)
        })  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        width = len(self.significand)
        amount = Signal(range(self.reach + 1))
        far = Signal()
        m.d.comb += [far.eq(self.shift > self.reach), amount.eq(self.shift)]
        shifted = shift_left(m, Cat(self.significand, Const(0, self.reach)), amount, "shifted")
        # In units of a quarter: four times |x| over the unit is x / 2^(28 - 1) times 2^shift.
        x = Signal(UNIT_BITS + 5)
        beyond = Signal()
        m.d.comb += [
            x.eq(shifted << (UNIT_BITS - width)),
            beyond.eq(far | (shifted[width + 5 :].any() if len(shifted) > width + 5 else 0)),
        ]
        passed = []
        for k, tie in self.thresholds:
            threshold = Signal(UNIT_BITS + 5, name=f"threshold{k}")
            m.d.comb += threshold.eq(self.unit * k)
            passed.append(beyond | (x >= threshold if tie else x > threshold))
        # The thresholds are in order: a code is the number of those passed, found from the middle outwards.
        p = [None, *passed]
        code = Cat(
            Mux(p[4], Mux(p[6], p[7], p[5]), Mux(p[2], p[3], p[1])), Mux(p[4], p[6], p[2]), p[4]
        )  # fmt: skip
        m.d.comb += self.code.eq(Mux((self.shift < 0) | ~self.significand.any(), 0, code))
        return m


def tensor_scaled(m: Module, pipe: Pipeline, config: CastConfig, live: Mapping[str, Signal]) -> dict[str, Signal]:
    """The quantiser from codes ``x0`` ... and ``t`` to ``y0`` ... and ``scale``."""
    source = config.input_format
    lanes = range(config.count)
    key = source.width - 1
    largest = place_block(m, "largest", Largest(config.count, key))
    m.d.comb += largest.x.eq(Cat(live[f"x{k}"][:key] for k in lanes))
    live = pipe.cut("largest", {**live, "largest": largest.y})

    a = place_block(m, "normal_x", Normal(source, config.flush))
    t = place_block(m, "normal_t", Normal(_TENSOR, config.flush))
    m.d.comb += [a.code.eq(live["largest"]), t.code.eq(live["t"])]
    words = {f"x{k}": live[f"x{k}"] for k in lanes}
    live = pipe.cut("normalised", {
        **words, "a": a.significand, "e_a": a.exponent, "empty": a.zero, "t": t.significand, "e_t": t.exponent,
        "special": a.special | t.special | t.sign | t.zero,
    })  # fmt: skip

    quotient = place_block(m, "quotient", Quotient(source.significand_width))
    m.d.comb += [quotient.a.eq(live["a"]), quotient.t.eq(live["t"])]
    low_a, high_a = _exponents(source)
    low_t, high_t = _exponents(_TENSOR)
    # a / 6t is the quotient times 2^(e_a - e_t - 2); relative to the scale's least exponent.
    offset = -2 - _SCALE.min_exponent
    low, high = low_a - high_t + offset, high_a - low_t + offset
    e = Signal(signed_range(low, high))
    m.d.comb += e.eq(live["e_a"] - live["e_t"] + offset)
    words = {key: live[key] for key in (*(f"x{k}" for k in lanes), "t", "e_t", "empty", "special")}
    live = pipe.cut("quotient", {**words, "q": quotient.q, "e": e})

    fit = place_block(m, "fit_scale", Fit(QUOTIENT_BITS + 1, _SCALE.significand_width, low, high, 2, right=True))
    m.d.comb += [fit.significand.eq(live["q"]), fit.t.eq(live["e"])]
    rounding = place_block(m, "round_scale", Round(_SCALE, "rne", False, True, len(fit.exponent)))
    m.d.comb += [
        rounding.sign.eq(0), rounding.exponent.eq(fit.exponent), rounding.significand.eq(fit.kept),
        rounding.guard.eq(fit.guard), rounding.rest.eq(fit.rest), rounding.zero.eq(0), rounding.special.eq(NONE),
    ]  # fmt: skip
    # Not zero, unless all values are: else a block would vanish.
    code = Mux(live["empty"], 0, Mux(rounding.y == 0, 1, rounding.y))
    words = {key: live[key] for key in (*(f"x{k}" for k in lanes), "t", "e_t", "special")}
    live = pipe.cut("scaled", {**words, "scale": Mux(live["special"], _SCALE.canonical_nan, code)})

    unit = place_block(m, "unit", Unit())
    m.d.comb += [unit.scale.eq(live["scale"]), unit.t.eq(live["t"]), unit.exponent_t.eq(live["e_t"])]
    words = {key: live[key] for key in (*(f"x{k}" for k in lanes), "scale", "special")}
    live = pipe.cut("aligned", {**words, "unit": unit.product, "e": unit.exponent})

    stage: dict[str, ValueLike] = {"scale": live["scale"]}
    # A subnormal's set bits lie lower than its top bit.
    reach = 5 if config.flush else source.significand_width + 5
    shifts = signed_range(source.min_exponent - high_t - 20, source.max_exponent - low_t + 20)
    for k in lanes:
        operand = place_block(m, f"unpack{k}", Operand(source, config.flush))
        nearest = place_block(m, f"nearest{k}", Nearest(source.significand_width, reach, config.rounding, shifts))
        m.d.comb += [
            operand.code.eq(live[f"x{k}"]), nearest.significand.eq(operand.significand),
            nearest.shift.eq(operand.e - live["e"] + (source.min_exponent + 2)), nearest.unit.eq(live["unit"]),
        ]  # fmt: skip
        stage[f"y{k}"] = Mux(live["special"], 0, Cat(nearest.code, operand.sign))
    return pipe.cut("result", stage)
