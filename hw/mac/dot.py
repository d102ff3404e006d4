"""The dot product with one rounding: element products, an exact tree of adders, one float lane."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, ValueLike, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..formats import FORMATS
from ..lib.block import place_block
from ..lib.handshake import Handshake, ports
from ..lib.multiplier import Product
from ..lib.pipeline import Pipeline, place
from .config.cuts import CUTS
from .config.dot import DotConfig
from .dot_product import ElementProduct, is_integer, is_table, product_shape
from .dot_sum import IntegerTotal, Root, ScaleProduct, SignedAdd
from .geometry import Factor, Geometry
from .lane import Numerics, addend_live, float_lane
from .unpack import INF, NAN, NONE, Operand


def levels(config: DotConfig) -> int:
    """Adders between a product and the root of the tree."""
    return (config.elements - 1).bit_length()


def cuts(config: DotConfig) -> list[tuple[str, int]]:
    """The places where registers can go, in order, each with the delay of the segment before it.

    Delays are those of :data:`~nervure.hw.mac.config.cuts.CUTS`, in its unit: stages that placement on ECP5 gave when
    each segment was one, relative to what it gave for the lane.
    """
    tree = [("input", 0), ("product", 4 if is_table(config) else 7)]
    tree += [(f"level{i + 1}", 3 if i else 4) for i in range(levels(config))]
    if config.acc_format.is_integer:
        return [*tree, ("result", 3)]
    tree.append(("block", 3))
    if config.scale == "nvfp4":
        # Beside the products the significands of the E4M3 scales are multiplied, and theirs with t's after that.
        tree[1:3] = [(tree[1][0], 5), (tree[2][0], 5)]
        tree.append(("scaled", 7))
    return [*tree, ("compared", 5), *CUTS]


def block_factor(config: DotConfig) -> Factor:
    """Where a block's scaled sum can lie, for the lane. It may be as small as one unit at any scale."""
    width, low, high = config.sum_width, config.lsb, config.lsb
    if (fmt := config.scale_format) is not None:
        # The weight of a scale's last bit, least and greatest, twice.
        low += 2 * (fmt.min_exponent - fmt.mantissa_width) if fmt.is_float else -2 * fmt.bias
        high += 2 * (fmt.max_exponent - fmt.mantissa_width if fmt.is_float else fmt.max_finite - fmt.bias)
    if config.scale == "nvfp4":
        assert fmt is not None
        t = FORMATS["fp32"]
        width += 2 * fmt.significand_width + t.significand_width
        low, high = low + t.min_exponent - t.mantissa_width, high + t.max_exponent - t.mantissa_width
    return Factor(width, low + width - 1, high + width - 1, width - 1)


class Dot(Component):
    """``y = round(scale * sum_k(a[k] * b[k]) + c)``, one result per clock cycle.

    Parameters
    ----------
    config : DotConfig

    Members
    -------
    i : In(stream of {a, b, [scale_a, scale_b, [t,]] c}) or In of the plain struct
        Codes; element k of a and b from bit ``k * width`` on.
    o : Out(stream of {y}) or Out({y})
        Result codes, ``config.latency`` cycles later.

    Latency: ``latency`` cycles in which the output is not stalled. Throughput: one block per cycle.

    A stall freezes every register, as in :class:`nervure.hw.mac.circuit.Mac`.

    Source: the formula is OCP Microscaling Formats v1.0, 6.1; the single rounding that of IEEE 754-2019, 5.4.1.
    """

    i: Any
    o: Any

    def __init__(self, config: DotConfig):
        self.config = config
        widths = {
            "a": config.a_element.format.width, "b": config.b_element.format.width,
            **{name: FORMATS[fmt].width for name, (fmt, count) in config.fields.items() if count is None},
        }  # fmt: skip
        result = data.StructLayout({"y": widths.pop("y")})
        operands = data.StructLayout({
            name: data.ArrayLayout(width, config.elements) if name in "ab" else width for name, width in widths.items()
        })  # fmt: skip
        super().__init__(ports(config.interface, operands, result))

    def elaborate(self, platform):
        m = Module()
        config = self.config
        handshake = Handshake(m, self)
        operands, result = handshake.operands, handshake.result
        pipe = Pipeline(m, place(cuts(config), config.latency, spare="product"), handshake.enable)

        live: dict[str, ValueLike] = {}
        for name, (_, count) in list(config.fields.items())[:-1]:
            live |= {name: operands[name]} if count is None else {f"{name}{k}": operands[name][k] for k in range(count)}
        live = pipe.cut("input", live)
        root, live = self._tree(m, pipe, self._products(m, live))
        datapath = self._integer if config.acc_format.is_integer else self._float
        m.d.comb += result.y.eq(datapath(m, pipe, root, live))
        handshake.finish(pipe.depth)
        return m

    def _products(self, m: Module, live: Mapping[str, ValueLike]) -> dict[str, ValueLike]:
        """Products ``m<k>`` with signs ``s<k>`` (of floats), and what is known of the block as a whole."""
        config = self.config
        out: dict[str, ValueLike] = {"c": live["c"]}
        products = []
        for k in range(config.elements):
            product = place_block(m, f"element{k}", ElementProduct(config))
            m.d.comb += [product.a.eq(live[f"a{k}"]), product.b.eq(live[f"b{k}"])]
            products.append(product)
            out[f"m{k}"] = product.m
            if not is_integer(config):
                out[f"s{k}"] = product.sign
        if config.acc_format.is_integer:
            return out
        out |= {"minus": Cat(product.sign for product in products).all(), **self._scales(m, live)}
        formats = (config.a_element.format, config.b_element.format)
        if not any(fmt.has_nan for fmt in formats):
            return out
        # Of infinite products all must agree in sign.
        infinite = {sign: Cat((p.special == INF) & (p.sign == sign) for p in products).any() for sign in (0, 1)}
        nan = Cat(p.special[1] for p in products).any() | (infinite[0] & infinite[1])
        special = Mux(nan, NAN, Mux(infinite[0] | infinite[1], INF, NONE))
        return {**out, "infinite_minus": infinite[1], "special": special}

    def _scales(self, m: Module, live: Mapping[str, ValueLike]) -> dict[str, ValueLike]:
        """The block's scale: weight ``e`` of its last bit, from the least on; ``nan``; and what else nvfp4 has."""
        if self.config.scale == "none":
            return {}
        if self.config.scale == "e8m0":
            scales = live["scale_a"], live["scale_b"]
            return {"e": scales[0] + scales[1], "scale_nan": scales[0].all() | scales[1].all()}
        fmt = self.config.scale_format
        a, b, t = (place_block(m, f"unpack_{name}", Operand(form, self.config.flush))
                   for name, form in (("scale_a", fmt), ("scale_b", fmt), ("t", FORMATS["fp32"])))  # fmt: skip
        q = place_block(m, "scale_product", ScaleProduct(len(a.significand)))
        m.d.comb += [operand.code.eq(live[name]) for operand, name in ((a, "scale_a"), (b, "scale_b"), (t, "t"))]
        m.d.comb += [q.a.eq(a.significand), q.b.eq(b.significand)]
        zero = a.zero | b.zero
        return {
            "q": q.p, "t": t.significand, "e": a.e + b.e + t.e, "scale_sign": a.sign ^ b.sign ^ t.sign,
            "scale_zero": zero | t.zero, "scale_inf": t.inf, "scale_nan": a.nan | b.nan | t.nan | (t.inf & zero),
        }  # fmt: skip

    def _tree(self, m: Module, pipe: Pipeline, live: dict[str, ValueLike]) -> tuple[Signal, dict[str, ValueLike]]:
        """The root of the adders' tree, and what is alive beside it; ``first`` is the sign that the root leaves out."""
        config = self.config
        live = pipe.cut("product", live)
        nodes = [(live.pop(f"m{k}"), live.pop(f"s{k}", Const(0, 1)), 1) for k in range(config.elements)]
        if config.scale == "nvfp4":
            factor = self._multiply(m, "scale_factor", live.pop("t"), live.pop("q"))
            live["factor"] = factor
        for level in range(levels(config)):
            above = []
            for k in range(0, len(nodes) - 1, 2):
                (x, sign_x, count_x), (y, sign_y, count_y) = nodes[k : k + 2]
                count = count_x + count_y
                add = place_block(m, f"add{level + 1}_{k // 2}", SignedAdd(x.shape(), y.shape(), self._shape(count)))
                m.d.comb += [add.x.eq(x), add.y.eq(y), add.subtract.eq(sign_x ^ sign_y)]
                above.append((add.total, sign_x, count))
            above += nodes[len(nodes) // 2 * 2 :]
            held = {**live, **{f"m{k}": node for k, (node, _, _) in enumerate(above)}}
            if not is_integer(config):
                held |= {f"s{k}": sign for k, (_, sign, _) in enumerate(above)}
            live = pipe.cut(f"level{level + 1}", held)
            nodes = [(live.pop(f"m{k}"), live.pop(f"s{k}", Const(0, 1)), above[k][2]) for k in range(len(above))]
        (root, sign, _), = nodes  # fmt: skip
        return root, {**live, "first": sign}

    def _shape(self, count: int) -> Shape:
        """Shape of a sum of ``count`` products, up to its sign."""
        if count == 1:
            return product_shape(self.config)
        return signed((count * self.config.largest_product).bit_length() + 1)

    def _multiply(self, m: Module, name: str, a: ValueLike, b: ValueLike) -> ValueLike:
        product = place_block(m, name, Product(len(a), len(b), self.config.multiplier))
        m.d.comb += [product.a.eq(a), product.b.eq(b)]
        return product.p

    def _integer(self, m: Module, pipe: Pipeline, root: Signal, live: Mapping[str, ValueLike]) -> ValueLike:
        config = self.config
        saturate = config.overflow == "saturate"
        total = place_block(m, "sum", IntegerTotal(root.shape(), config.acc_format.width, saturate))
        m.d.comb += [total.total.eq(root), total.c.eq(live["c"])]
        return pipe.cut("result", {"y": total.y})["y"]

    def _float(self, m: Module, pipe: Pipeline, total: Signal, live: dict[str, ValueLike]) -> ValueLike:
        config = self.config
        acc = config.acc_format
        root = place_block(m, "root", Root(total.shape(), config.sum_width))
        m.d.comb += [root.total.eq(total), root.first.eq(live["first"]), root.minus.eq(live["minus"])]
        special = live.get("special", Const(NONE, 2))
        sign = Mux(special == INF, live["infinite_minus"], root.sign) if "special" in live else root.sign
        held = {"c": live["c"], "p": root.p, "sign": sign, "zero": root.zero, "special": special}
        held |= {key: live[key] for key in ("e", "factor", "scale_sign", "scale_zero", "scale_inf", "scale_nan")
                 if key in live}  # fmt: skip
        held = pipe.cut("block", held)
        if config.scale == "nvfp4":
            # Elements without NaN and Inf: only the scale can have them.
            invalid = held["scale_nan"] | (held["scale_inf"] & held["zero"])
            held = pipe.cut("scaled", {
                "c": held["c"], "e": held["e"], "p": self._multiply(m, "scaled", held["factor"], held["p"]),
                "sign": held["sign"] ^ held["scale_sign"], "zero": held["zero"] | held["scale_zero"],
                "special": Mux(invalid, NAN, Mux(held["scale_inf"], INF, NONE)),
            })  # fmt: skip
        elif config.scale == "e8m0":
            held["special"] = Mux(held["scale_nan"], NAN, held["special"])
        factor = block_factor(config)
        c = place_block(m, "unpack_c", Operand(acc, config.flush))
        m.d.comb += c.code.eq(held["c"])
        e_p = Signal(signed(12))
        m.d.comb += e_p.eq(held.get("e", 0) + (factor.low - acc.min_exponent))
        numerics = Numerics(acc, config.rounding, config.flush, config.overflow == "saturate")
        return float_lane(m, pipe, numerics, Geometry(factor, acc), {
            "p": held["p"], "sign_p": held["sign"], "zero_p": held["zero"], "special_p": held["special"], "e_p": e_p,
            **addend_live(c),
        }, compared="compared")["y"]  # fmt: skip
