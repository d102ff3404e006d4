"""The multiply-accumulate unit: a chain of combinational blocks, registers where the latency wants them."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, ValueLike
from amaranth.lib import data, stream
from amaranth.lib.wiring import Component, In, Out

from ..lib.block import place_block
from ..lib.multiplier import Product
from ..lib.pipeline import Pipeline, place
from .config import MacConfig
from .geometry import Factor, Geometry
from .integer import IntegerSum
from .lane import CUTS, Numerics, addend_live, factor_live, float_lane
from .unpack import INF, NAN, NONE, Operand

# Delay of the segment before each cut, in units of about one LUT level with its routing: a carry chain counts as two.
_MULTIPLY_CUTS = [("input", 0), ("unpacked", 2), ("product", 6)]


def cuts(config: MacConfig) -> list[tuple[str, int]]:
    """The places where registers can go, in order, each with the delay of the segment before it."""
    if config.acc_format.is_integer:
        return [*_MULTIPLY_CUTS, ("result", 5)]
    if config.product == "rounded":
        # The exponents of the second sum are compared after the product is rounded, not beside the multiplication.
        second = [(name, delay + 5 if name == "aligned" else delay) for name, delay in CUTS]
        return [*_MULTIPLY_CUTS, *((f"product_{name}", delay) for name, delay in CUTS), *second]
    return [*_MULTIPLY_CUTS, *CUTS]


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
        numerics = Numerics(acc, config.rounding, config.flush, config.overflow == "saturate")
        a, b, c = (self._operand(m, name, live[name]) for name in "abc")
        factor = Factor.of_operands(config.a_format, config.b_format, acc, config.flush)
        live = pipe.cut("unpacked", {
            "a": a.significand, "b": b.significand, **factor_live(a, b, factor, acc), **addend_live(c),
        })  # fmt: skip
        p = self._multiply(m, live["a"], live["b"])
        geometry = Geometry(factor, acc)
        if config.product == "fused":
            return float_lane(m, pipe, numerics, geometry, {**live, "p": p})["y"]

        # The product rounded by the same adder, as the sum of it and a zero of its own sign.
        zero = {"c": Const(0, acc.significand_width), "sign_c": live["sign_p"], "e_c": Const(0, 1),
                "special_c": Const(NONE, 2)}  # fmt: skip
        addend = {key: live[key] for key in addend_live(c)}
        live = float_lane(m, pipe, numerics, geometry, {**live, "p": p, **zero}, carry=addend, prefix="product_",
                          stage="product_")  # fmt: skip
        rounded = self._operand(m, "rounded_product", live["y"])
        live = {
            **live, "p": rounded.significand, "sign_p": rounded.sign, "e_p": rounded.e, "zero_p": rounded.zero,
            "special_p": Mux(rounded.nan, NAN, Mux(rounded.inf, INF, NONE)),
        }  # fmt: skip
        return float_lane(m, pipe, numerics, Geometry(Factor.of_rounded(acc), acc), live, compared=None)["y"]
