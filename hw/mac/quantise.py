"""Block quantisers: elements in narrow formats and the scale that they share."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike
from amaranth.lib.wiring import Component, In, Out

from ..formats import FORMATS, Format
from ..lib.block import place_block
from ..lib.pipeline import Pipeline
from ..lib.shift import leading_zeros
from .cast_parts import Fit, Point, RoundWhole, round_block
from .config.cast import BlockFormat, CastConfig
from .unpack import NAN, NONE, Operand

CUTS = [("input", 0), ("largest", 12), ("scaled", 3), ("aligned", 7), ("result", 4)]
"""Places for registers of a quantiser whose scale is a power of two."""


class Largest(Component):
    """The largest of some unsigned numbers, by a tree of comparisons.

    Parameters
    ----------
    count, width : int

    Members
    -------
    x : In(count * width)
        The numbers, the first one lowest.
    y : Out(width)
    """

    x: Signal
    y: Signal

    def __init__(self, count: int, width: int):
        self.count = count
        super().__init__({"x": In(count * width), "y": Out(width)})

    def elaborate(self, platform):
        m = Module()
        width = len(self.y)
        level: list[Value] = [self.x[k * width : (k + 1) * width] for k in range(self.count)]
        while len(level) > 1:
            above = []
            for left, right in zip(level[::2], level[1::2], strict=True):
                larger = Signal(width)
                m.d.comb += larger.eq(Mux(left < right, right, left))
                above.append(larger)
            level = above
        m.d.comb += self.y.eq(level[0])
        return m


class SharedExponent(Component):
    """The scale of a block in e8m0: the largest value's exponent less that of the largest element.

    Parameters
    ----------
    source : Format
        Format of the values.
    block : BlockFormat
    flush : bool
        Subnormal values are zeros.

    Members
    -------
    largest : In
        Exponent field of the largest value where source has e8m0's exponents, else its code without sign.
    code : Out(8)
    special : Out(1)
        The block holds NaN or Inf: the largest exponent field says so.
    """

    largest: Signal
    code: Signal
    special: Signal

    def __init__(self, source: Format, block: BlockFormat, flush: bool):
        self.source = source
        self.block = block
        self.flush = flush
        super().__init__({"largest": In(key_width(source)), "code": Out(8), "special": Out(1)})

    def elaborate(self, platform):
        m = Module()
        scale, emax = FORMATS[self.block.scale], self.block.emax
        field = self.largest[-self.source.exponent_width :]
        code = Signal(8)
        if self.source.bias == scale.bias:
            # A subnormal lies below 2^-126, so that its scale is at the lower limit: field 0 says enough.
            m.d.comb += code.eq(Mux(field > emax, field - emax, 0))
        else:
            mantissa = self.largest[: -self.source.exponent_width]
            base = scale.bias - emax
            count, empty = leading_zeros(mantissa)
            m.d.comb += code.eq(field + (base - self.source.bias))
            with m.If(~field.any()):
                m.d.comb += code.eq((base + self.source.min_exponent - 1) - count)
                with m.If(empty | int(self.flush)):
                    m.d.comb += code.eq(0)
        m.d.comb += [self.special.eq(field.all()), self.code.eq(Mux(self.special, scale.canonical_nan, code))]
        return m


def key_width(source: Format) -> int:
    """Bits of what the scale depends on: where e8m0 reaches no lower, the exponent field alone."""
    return source.exponent_width if source.bias == FORMATS["e8m0"].bias else source.width - 1


def shared_exponent(m: Module, pipe: Pipeline, config: CastConfig, live: Mapping[str, Signal]) -> dict[str, Signal]:
    """The microscaling quantiser from codes ``x0`` ... to ``y0`` ... and ``scale``."""
    source, block = config.input_format, config.block
    lanes = range(config.count)
    key = key_width(source)
    largest = place_block(m, "largest", Largest(config.count, key))
    m.d.comb += largest.x.eq(Cat(live[f"x{k}"][source.width - 1 - key : source.width - 1] for k in lanes))
    live = pipe.cut("largest", {**live, "largest": largest.y})

    scale = place_block(m, "scale", SharedExponent(source, block, config.flush))
    m.d.comb += scale.largest.eq(live["largest"])
    stage: dict[str, ValueLike] = {"scale": scale.code, "special": scale.special}
    stage |= {f"x{k}": live[f"x{k}"] for k in lanes}
    live = pipe.cut("scaled", stage)

    stage = {"scale": live["scale"]}
    for k in lanes:
        stage |= {f"{name}{k}": value for name, value in _aligned(m, k, config, live).items()}
    live = pipe.cut("aligned", stage)

    stage = {"scale": live["scale"]}
    for k in lanes:
        lane = {name.removesuffix(str(k)): live[name] for name in live if name in {f"{n}{k}" for n in _CARRIED}}
        stage[f"y{k}"] = _finished(m, k, config, lane)
    return pipe.cut("result", stage)


_CARRIED = ("sign", "exponent", "kept", "guard", "rest", "zero", "special", "whole")


def _aligned(m: Module, k: int, config: CastConfig, live: Mapping[str, Signal]) -> dict[str, ValueLike]:
    """One value over the scale, moved to where the element format keeps its bits."""
    source, target, block = config.input_format, config.output_format, config.block
    assert block is not None
    operand = place_block(m, f"unpack{k}", Operand(source, config.flush))
    m.d.comb += operand.code.eq(live[f"x{k}"])
    special = live["special"]
    loose = not config.flush
    # Weight of the significand's top bit over the scale, less the element's least exponent (or plus its point).
    zero = source.min_exponent + FORMATS["e8m0"].bias - (target.min_exponent if target.is_float else -block.point)
    low, high = zero - 254, zero + (1 << source.exponent_width) - 2
    # The largest value's leading bit is at emax. A subnormal's hidden bit may lie higher: it is not set.
    least = 0
    if source.exponent_width < 8:
        least = FORMATS["e8m0"].bias - block.emax + source.min_exponent - source.mantissa_width
    reach = zero - least
    common = {"sign": operand.sign & ~special}
    if target.is_integer:
        top = max(block.point, reach) if loose else block.point
        point = place_block(m, f"point{k}", Point(source.significand_width, top, low, top))
        m.d.comb += [point.significand.eq(operand.significand), point.e.eq(operand.e - live["scale"] + zero)]
        return {**common, "whole": point.whole, "guard": point.guard, "rest": point.rest,
                "special": Mux(special, NAN, NONE)}  # fmt: skip
    left, right = max(reach, 0) if loose else 0, not (config.flush and target.flushes)
    widths = source.significand_width, target.significand_width
    fit = place_block(m, f"fit{k}", Fit(*widths, low, high, left, right=right))
    m.d.comb += [fit.significand.eq(operand.significand), fit.t.eq(operand.e - live["scale"] + zero)]
    return {**common, "kept": fit.kept, "guard": fit.guard, "rest": fit.rest, "exponent": fit.exponent,
            "zero": operand.zero | special}  # fmt: skip


def _finished(m: Module, k: int, config: CastConfig, live: Mapping[str, ValueLike]) -> Value:
    if config.output_format.is_integer:
        done = place_block(m, f"round{k}", RoundWhole(len(live["whole"]), config.output_format, config.rounding,
                                                      True, symmetric=True))  # fmt: skip
        m.d.comb += [done.beyond.eq(0), *(getattr(done, key).eq(live[key])
                                          for key in ("whole", "sign", "guard", "rest", "special"))]  # fmt: skip
        return done.y
    return round_block(m, f"round{k}", config.output_format, config, {**live, "special": Const(NONE, 2)})
