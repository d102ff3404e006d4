"""The multiply-accumulate unit: a chain of combinational blocks, registers where the latency wants them."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, ValueLike, signed
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..lib.block import place_block
from ..lib.multiplier import Product
from ..lib.pipeline import Pipeline, place
from .add import Add, Align
from .config import MacConfig
from .geometry import Factor, Geometry
from .integer import IntegerSum
from .round import Magnitude, Normalise, Round
from .unpack import INF, NAN, NONE, Exponents, Operand, product_specials

# Delay of the segment before each cut, in units of about one LUT level with its routing: a carry chain counts as two.
_SUM_CUTS = [("aligned", 6), ("sum", 4), ("counted", 6), ("normalised", 4), ("result", 4)]
_MULTIPLY_CUTS = [("input", 0), ("unpacked", 2), ("product", 6)]


def cuts(config: MacConfig) -> list[tuple[str, int]]:
    """The places where registers can go, in order, each with the delay of the segment before it."""
    if config.acc_format.is_integer:
        return [*_MULTIPLY_CUTS, ("result", 5)]
    if config.product == "rounded":
        # The exponents of the second sum are compared after the product is rounded, not beside the multiplication.
        second = [(name, delay + 5 if name == "aligned" else delay) for name, delay in _SUM_CUTS]
        return [*_MULTIPLY_CUTS, *((f"product_{name}", delay) for name, delay in _SUM_CUTS), *second]
    return [*_MULTIPLY_CUTS, *_SUM_CUTS]


class Mac(Component):
    """``y = round(a * b + c)``, one result per clock cycle.

    Parameters
    ----------
    config : MacConfig

    Members
    -------
    i : In(stream of {a, b, c}) or In({a, b, c})
        Operand codes; a stream for ``interface=stream``, the plain struct for ``bare``.
    o : Out(stream of {y}) or Out({y})
        Result codes, ``config.latency`` cycles later.

    Latency: ``latency`` cycles in which the output is not stalled. Throughput: one result per cycle.

    A stall (``o.valid & ~o.ready``) freezes every register, so ``i.ready`` depends combinationally on ``o.ready``;
    ``valid`` never waits for ``ready``.

    Source: the datapath follows the idea of arXiv 2605.06052 (one integer product for all formats); the single rounding
    is IEEE 754-2019 fusedMultiplyAdd, section 5.4.1.
    """

    i: Any
    o: Any

    def __init__(self, config: MacConfig):
        self.config = config
        acc = config.acc_format.width
        operands = data.StructLayout({"a": config.a_format.width, "b": config.b_format.width, "c": acc})
        result = data.StructLayout({"y": acc})
        if config.interface == "stream":
            super().__init__({"i": In(stream.Signature(operands)), "o": Out(stream.Signature(result))})
        else:
            super().__init__({"i": In(operands), "o": Out(result)})

    def elaborate(self, platform):
        m = Module()
        config = self.config
        enable = None
        operands, result = self.i, self.o
        if config.interface == "stream":
            enable = Signal()
            m.d.comb += [enable.eq(~self.o.valid | self.o.ready), self.i.ready.eq(enable)]
            operands, result = self.i.payload, self.o.payload
        ranks = place(cuts(config), config.latency, spare="product")
        pipe = Pipeline(m, ranks, enable)

        live = pipe.cut("input", {"a": operands.a, "b": operands.b, "c": operands.c})
        datapath = self._integer if config.acc_format.is_integer else self._float
        m.d.comb += result.y.eq(datapath(m, pipe, live))

        if config.interface == "stream":
            valid = self.i.valid
            for rank in range(pipe.depth):
                following = Signal(name=f"valid_{rank + 1}")
                with m.If(enable):
                    m.d.sync += following.eq(valid)
                valid = following
            m.d.comb += self.o.valid.eq(valid)
        return m

    def _operand(self, m: Module, name: str, code: ValueLike) -> Operand:
        fmt = self.config.acc_format if name in ("c", "rounded_product") else getattr(self.config, f"{name}_format")
        operand = place_block(m, f"unpack_{name}", Operand(fmt, self.config.flush))
        m.d.comb += operand.code.eq(code)
        return operand

    def _multiply(self, m: Module, a: ValueLike, b: ValueLike) -> ValueLike:
        product = place_block(m, "product", Product(len(a), len(b), self.config.multiplier))
        m.d.comb += [product.a.eq(a), product.b.eq(b)]
        return product.p

    def _integer(self, m: Module, pipe: Pipeline, live: Mapping[str, Signal]) -> ValueLike:
        a, b = self._operand(m, "a", live["a"]), self._operand(m, "b", live["b"])
        live = pipe.cut("unpacked", {"a": a.significand, "b": b.significand, "sign": a.sign ^ b.sign, "c": live["c"]})
        product = self._multiply(m, live["a"], live["b"])
        live = pipe.cut("product", {"p": product, "sign": live["sign"], "c": live["c"]})
        total = place_block(m, "sum", IntegerSum(
            len(live["p"]), self.config.acc_format.width, saturate=self.config.overflow == "saturate",
            round_product=self.config.product == "rounded",
        ))  # fmt: skip
        m.d.comb += [total.p.eq(live["p"]), total.sign.eq(live["sign"]), total.c.eq(live["c"])]
        return pipe.cut("result", {"y": total.y})["y"]

    def _float(self, m: Module, pipe: Pipeline, live: Mapping[str, Signal]) -> ValueLike:
        config = self.config
        acc = config.acc_format
        a, b, c = (self._operand(m, name, live[name]) for name in "abc")
        factor = Factor.of_operands(config.a_format, config.b_format, acc, config.flush)
        infinite, invalid = product_specials(a, b)
        # Exponents from here on are relative to acc's least; a.e and b.e are relative to their own formats'.
        e_p = Signal(signed(max(len(a.e), len(b.e), 8) + 3))
        m.d.comb += e_p.eq(a.e + b.e + (factor.low - acc.min_exponent))
        live = pipe.cut("unpacked", {
            "a": a.significand, "b": b.significand, "sign_p": a.sign ^ b.sign, "e_p": e_p, "zero_p": a.zero | b.zero,
            "special_p": Mux(invalid, NAN, Mux(infinite, INF, NONE)), **_addend(c),
        })  # fmt: skip
        p = self._multiply(m, live["a"], live["b"])
        if config.product == "fused":
            return self._sum(m, pipe, "", Geometry(factor, acc), {**live, "p": p}, {})["y"]

        # The product rounded by the same adder, as the sum of it and a zero of its own sign.
        zero = {"c": Const(0, acc.significand_width), "sign_c": live["sign_p"], "e_c": Const(0, 1),
                "special_c": Const(NONE, 2)}  # fmt: skip
        addend = {key: live[key] for key in _addend(c)}
        live = self._sum(m, pipe, "product_", Geometry(factor, acc), {**live, "p": p, **zero}, addend)
        rounded = self._operand(m, "rounded_product", live["y"])
        live = {
            **live, "p": rounded.significand, "sign_p": rounded.sign, "e_p": rounded.e, "zero_p": rounded.zero,
            "special_p": Mux(rounded.nan, NAN, Mux(rounded.inf, INF, NONE)),
        }  # fmt: skip
        return self._sum(m, pipe, "", Geometry(Factor.of_rounded(acc), acc), live, {})["y"]

    def _sum(self, m: Module, pipe: Pipeline, prefix: str, geometry: Geometry, live: Mapping[str, ValueLike],
             carry: Mapping[str, ValueLike]) -> dict[str, Signal]:  # fmt: skip
        """Rounds ``p + c``; ``carry`` is delayed along with it."""
        config = self.config
        acc = config.acc_format
        exponents = place_block(m, f"{prefix}exponents", Exponents(geometry))
        subtract, special, sign = Signal(name=f"{prefix}subtract"), Signal(2, name=f"{prefix}special"), Signal()
        m.d.comb += [
            exponents.e_p.eq(live["e_p"]), exponents.e_c.eq(live["e_c"]), exponents.zero_p.eq(live["zero_p"]),
            subtract.eq(live["sign_p"] ^ live["sign_c"]),
            # NaN wins; infinities of opposite signs are invalid.
            special.eq(Mux(subtract & (live["special_p"] == INF) & (live["special_c"] == INF), NAN,
                           live["special_p"] | live["special_c"])),
            # The sign of the anchor, or of what is infinite.
            sign.eq(Mux(Mux(special == NONE, exponents.anchor_c, live["special_c"] == INF),
                        live["sign_c"], live["sign_p"])),
        ]  # fmt: skip
        # A product that is rounded on its own shares its cut with the multiplier.
        stage = {
            "p": live["p"], "c": live["c"], "anchor_c": exponents.anchor_c, "shift": exponents.shift,
            "top": exponents.top, "subtract": subtract, "special": special, "sign": sign, **_prefixed(carry),
        }  # fmt: skip
        if prefix or config.product == "fused":
            stage = pipe.cut("product", stage)

        align = place_block(m, f"{prefix}align", Align(geometry, len(exponents.shift)))
        m.d.comb += [align.p.eq(stage["p"]), align.c.eq(stage["c"]), align.anchor_c.eq(stage["anchor_c"]),
                     align.shift.eq(stage["shift"])]  # fmt: skip
        kept = ["top", "special", "sign", *_prefixed(carry)]
        stage = pipe.cut(f"{prefix}aligned", {
            "anchor": align.anchor, "other": align.other, "sticky": align.sticky, "subtract": stage["subtract"],
            **{key: stage[key] for key in kept},
        })  # fmt: skip

        add = place_block(m, f"{prefix}add", Add(geometry.window))
        m.d.comb += [add.anchor.eq(stage["anchor"]), add.other.eq(stage["other"]),
                     add.subtract.eq(stage["subtract"]), add.sticky.eq(stage["sticky"])]  # fmt: skip
        kept.append("sticky")
        stage = pipe.cut(f"{prefix}sum", {
            **{key: stage[key] for key in kept}, "total": add.total, "negative": add.negative,
            "sign": stage["sign"] ^ (add.negative & (stage["special"] == NONE)),
            # Equal signs keep theirs; x - x is +0 in both rounding directions.
            "zero_sign": stage["sign"] & ~stage["subtract"],
        })  # fmt: skip

        magnitude = place_block(m, f"{prefix}measure", Magnitude(geometry, config.flush and acc.flushes))
        m.d.comb += [magnitude.total.eq(stage["total"]), magnitude.negative.eq(stage["negative"]),
                     magnitude.sticky.eq(stage["sticky"]), magnitude.top.eq(stage["top"])]  # fmt: skip
        kept.remove("top")
        stage = pipe.cut(f"{prefix}counted", {
            **{key: stage[key] for key in kept}, "magnitude": magnitude.magnitude, "shift": magnitude.shift,
            "exponent": magnitude.exponent, "zero": magnitude.zero,
            "sign": Mux(magnitude.zero & (stage["special"] == NONE), stage["zero_sign"], stage["sign"]),
        })  # fmt: skip

        normalise = place_block(m, f"{prefix}normalise", Normalise(geometry))
        m.d.comb += [normalise.magnitude.eq(stage["magnitude"]), normalise.shift.eq(stage["shift"]),
                     normalise.sticky.eq(stage["sticky"])]  # fmt: skip
        kept.remove("sticky")
        stage = pipe.cut(f"{prefix}normalised", {
            **{key: stage[key] for key in kept}, "exponent": stage["exponent"], "zero": stage["zero"],
            "significand": normalise.significand, "guard": normalise.guard, "rest": normalise.rest,
        })  # fmt: skip

        rounding = place_block(m, f"{prefix}round", Round(
            acc, config.rounding, config.flush, config.overflow == "saturate", len(magnitude.exponent)
        ))  # fmt: skip
        m.d.comb += [getattr(rounding, key).eq(stage[key])
                     for key in ("sign", "exponent", "significand", "guard", "rest", "zero", "special")]  # fmt: skip
        done = pipe.cut(f"{prefix}result", {"y": rounding.y, **{key: stage[key] for key in _prefixed(carry)}})
        return {"y": done["y"], **{key: done[f"late_{key}"] for key in carry}}


def _addend(c: Operand) -> dict[str, ValueLike]:
    return {"c": c.significand, "sign_c": c.sign, "e_c": c.e, "special_c": Mux(c.nan, NAN, Mux(c.inf, INF, NONE))}


def _prefixed(carry: Mapping[str, ValueLike]) -> dict[str, ValueLike]:
    return {f"late_{key}": value for key, value in carry.items()}
