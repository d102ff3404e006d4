"""The datapath of the multiply-accumulate unit: operands packed into one multiplication, a lane for each product."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike

from ..formats import Format
from ..lib.block import place_block
from ..lib.multiplier import Product
from ..lib.pipeline import Pipeline, place
from .apart import Apart
from .config import MacConfig
from .config.cuts import MULTIPLY_CUTS, SPARE, cuts
from .geometry import Factor, Geometry
from .integer import IntegerSum
from .lane import Numerics, addend_live, factor_live, float_lane
from .unpack import INF, NAN, NONE, Operand


def ranks(config: MacConfig) -> dict[str, int]:
    """Registers at each place: where the config says, or so that the longest stage is as short as it can be."""
    return config.placement or place(cuts(config), config.latency, spare=SPARE)


def combined(factors: Sequence[Factor]) -> Factor:
    """What holds of the products of several modes, each left-aligned in the width of the widest."""
    return Factor(max(f.width for f in factors), min(f.low for f in factors), max(f.high for f in factors),
                  max(f.zeros for f in factors))  # fmt: skip


class Datapath:
    """The multiplier and the lanes of one unit, put into ``m``: from operand codes to result codes.

    Parameters
    ----------
    m : Module
        Takes blocks and registers.
    pipe : Pipeline
        With registers at the places that :func:`~nervure.hw.mac.config.cuts.cuts` names.
    config : MacConfig
    live : mapping
        ``mode`` (if there are several), ``a``, ``b``, ``c``: elements side by side, behind the cut ``input``.
    """

    def __init__(self, m: Module, pipe: Pipeline, config: MacConfig, live: Mapping[str, Signal]):
        self.m, self.pipe, self.config, self.modes = m, pipe, config, config.modes
        self.rows, self.columns = config.grid
        self.single = self.rows * self.columns == 1
        self.live = live
        self.operands: dict[tuple[str, str], Operand] = {}
        accs = {mode.acc.name: mode.acc for mode in self.modes}
        self.accs = list(accs.values())

    def result(self) -> ValueLike:
        """The codes of all lanes, row by row."""
        lanes = [(i, j) for i in range(self.rows) for j in range(self.columns)]
        selector = self.live.get("mode", Const(0, 1))
        stage: dict[str, ValueLike] = {"mode": selector} if len(self.modes) > 1 else {}
        stage |= {"a": self._packed(selector, 0), "b": self._packed(selector, 1)}
        held = self.pipe.cut("unpacked", stage)
        selector = held.get("mode", Const(0, 1))
        # What each lane has to know beside its product is unpacked once a lane and accumulator.
        sums = {(lane, acc.name): self._sources(lane, acc, self.live.get("mode", Const(0, 1)))
                for lane in lanes for acc in self.accs if self._users(lane, acc)}  # fmt: skip
        product = place_block(self.m, "product", self._product(len(held["a"]), len(held["b"])))
        self.m.d.comb += [product.a.eq(held["a"]), product.b.eq(held["b"])]
        codes = []
        for lane in lanes:
            width = self._width("acc")
            parts = [self._sum(lane, acc, sums[lane, acc.name], product.p, selector)
                     for acc in self.accs if self._users(lane, acc)]  # fmt: skip
            code = Signal(width, name="y" if self.single else f"y_{lane[0]}_{lane[1]}")
            # Sums of other accumulators than the mode's are zero.
            self.m.d.comb += code.eq(reduce(or_, parts, Const(0, width)))
            codes.append(code)
        return Cat(*codes)

    def _width(self, side: str) -> int:
        return max(getattr(mode, side).width for mode in self.modes)

    def _users(self, lane: tuple[int, int], acc: Format) -> list[int]:
        """Modes that use a lane with that accumulator."""
        return [k for k, mode in enumerate(self.modes)
                if mode.acc is acc and lane[0] < mode.lanes_a and lane[1] < mode.lanes_b]  # fmt: skip

    def _is(self, selector: Value, modes: Sequence[int]) -> Value:
        """Whether the mode is one of these; codes beyond the last are the last."""
        last = len(self.modes) - 1
        if len(modes) == len(self.modes):
            return Const(1, 1)
        tests = [selector == k if k < last else selector >= last for k in modes]
        return reduce(or_, tests, Const(0, 1))

    def _chosen(self, selector: Value, values: Mapping[int, ValueLike], absent: ValueLike | None = None) -> ValueLike:
        """The value of the mode; ``absent`` in the modes that have none."""
        kinds: dict[int, tuple[Value, list[int]]] = {}
        for k, value in values.items():
            cast = Value.cast(value)
            kinds.setdefault(id(value), (cast, []))[1].append(k)
        found = list(kinds.values())
        if len(values) == len(self.modes) or absent is None:
            (chosen, _), rest = found[-1], found[:-1]
        else:
            chosen, rest = Value.cast(absent), found
        for value, modes in reversed(rest):
            chosen = Mux(self._is(selector, modes), value, chosen)
        return chosen

    def _operand(self, name: str, fmt: Format, code: Value) -> Operand:
        key = (name, fmt.name)
        if key not in self.operands:
            several = sum(1 for mode in {(m.a.name, m.b.name, m.acc.name) for m in self.modes}) > 1
            block = f"unpack_{name}_{fmt.name}" if several else f"unpack_{name}"
            operand = place_block(self.m, block, Operand(fmt, self.config.flush))
            self.m.d.comb += operand.code.eq(code[: fmt.width])
            self.operands[key] = operand
        return self.operands[key]

    def _factor(self, side: str, index: int, fmt: Format) -> Operand:
        width = self._width(side)
        code = self.live[side][index * width : (index + 1) * width]
        return self._operand(side if self.single else f"{side}{index}", fmt, code)

    def _packed(self, selector: Value, side: int) -> ValueLike:
        """The significands of the mode's operands, where its packing has them."""
        name = "ab"[side]
        words = {}
        for k, mode in enumerate(self.modes):
            word = 0
            places = (mode.packing.a, mode.packing.b)[side]
            for index, place_at in enumerate(places):
                significand = self._factor(name, index, getattr(mode, name)).factor
                word = word | (significand << place_at)
            extent = max(places) + (mode.packing.width_a, mode.packing.width_b)[side]
            words[k] = Signal(extent, name=f"packed_{name}_{k}")
            self.m.d.comb += words[k].eq(word)
        return self._chosen(selector, words)

    def _product(self, width_a: int, width_b: int) -> Product | Apart:
        if self.config.multiplier == "lut" and not self.single:
            widest = [max(getattr(mode.packing, f"width_{side}") for mode in self.modes) for side in "ab"]
            return Apart(self.rows, self.columns, *widest)
        return Product(width_a, width_b, self.config.multiplier)

    def _sources(self, lane: tuple[int, int], acc: Format, selector: Value) -> dict[str, Signal]:
        """What is known of a lane's product and addend before the multiplication, up to the cut ``unpacked``."""
        i, j = lane
        prefix = self._prefix(lane, acc)
        width = self._width("acc")
        users = self._users(lane, acc)
        at = (i * self.columns + j) * width
        code = self.live["c"][at : at + width][: acc.width]
        used = self._is(selector, users)
        if len(users) < len(self.modes):
            code = Mux(used, code, 0)
        pairs = {k: (self._factor("a", i, self.modes[k].a), self._factor("b", j, self.modes[k].b)) for k in users}
        if acc.is_integer:
            signs = {k: a.sign ^ b.sign for k, (a, b) in pairs.items()}
            return self.pipe.cut("unpacked", {"sign": self._chosen(selector, signs, 0), "c": code}, prefix)
        c = self._operand(f"{prefix}c", acc, code)
        known = {k: factor_live(*pair, acc) for k, pair in pairs.items()}
        idle = {key: Const(1, 1) if key == "zero_p" else Const(0, 1) for key in next(iter(known.values()))}
        product = {key: self._chosen(selector, {k: values[key] for k, values in known.items()}, absent)
                   for key, absent in idle.items()}  # fmt: skip
        return self.pipe.cut("unpacked", {**product, **addend_live(c)}, prefix)

    def _mode_factor(self, k: int) -> Factor:
        mode = self.modes[k]
        return Factor.of_operands(mode.a, mode.b, mode.acc, self.config.flush)

    def _prefix(self, lane: tuple[int, int], acc: Format) -> str:
        name = "" if self.single else f"lane{lane[0]}{lane[1]}_"
        return name if len(self.accs) == 1 else f"{name}{acc.name}_"

    def _window(self, lane: tuple[int, int], k: int, product: Value, width: int) -> Value:
        """A mode's product of a lane, left-aligned in so many bits."""
        packing = self.modes[k].packing
        start = packing.at(*lane)
        above = packing.width_a + packing.width_b - packing.window
        below = width - packing.window - above
        # Bits below the window are zeros wherever no other product of the mode lies: then they are taken as they are,
        # and modes whose windows end together share their wires.
        others = [packing.at(i, j) for i in range(packing.lanes_a) for j in range(packing.lanes_b)]
        taken = {bit for at in others for bit in range(at, at + packing.window)}
        bits = [product[bit] if bit >= 0 and bit not in taken else Const(0, 1) for bit in range(start - below, start)]
        return Cat(*bits, product[start : start + packing.window], Const(0, above))

    def _sum(self, lane: tuple[int, int], acc: Format, live: Mapping[str, Signal], product: Value,
             selector: Value) -> ValueLike:  # fmt: skip
        users = self._users(lane, acc)
        prefix = self._prefix(lane, acc)
        if acc.is_integer:
            width = max(self.modes[k].packing.window for k in users)
            raw = {k: product[self.modes[k].packing.at(*lane) :][: self.modes[k].packing.window] for k in users}
            p = Signal(width, name=f"{prefix}p")
            self.m.d.comb += p.eq(self._chosen(selector, raw, 0))
            return self._integer(acc, prefix, {**live, "p": p})
        factors = {k: self._mode_factor(k) for k in users}
        factor = combined(list(factors.values()))
        windows = {k: self._window(lane, k, product, factor.width) for k in users}
        p = Signal(factor.width, name=f"{prefix}p")
        self.m.d.comb += p.eq(self._chosen(selector, windows, 0))
        return self._float(acc, prefix, factor, {**live, "p": p})

    def _integer(self, acc: Format, prefix: str, live: Mapping[str, ValueLike]) -> ValueLike:
        lane_config = self.config
        held = self.pipe.cut("product", live, prefix)
        total = place_block(self.m, f"{prefix}sum", IntegerSum(
            len(held["p"]), acc.width, saturate=lane_config.overflow == "saturate",
            round_product=lane_config.product == "rounded",
        ))  # fmt: skip
        self.m.d.comb += [total.p.eq(held["p"]), total.sign.eq(held["sign"]), total.c.eq(held["c"])]
        y = {"y": total.y}
        # Beside float sums the result waits for them.
        for name, _ in cuts(self.config)[len(MULTIPLY_CUTS) :]:
            y = self.pipe.cut(name, y, prefix)
        return y["y"]

    def _float(self, acc: Format, prefix: str, factor: Factor, live: Mapping[str, ValueLike]) -> ValueLike:
        config, m, pipe = self.config, self.m, self.pipe
        numerics = Numerics(acc, config.rounding, config.flush, config.overflow == "saturate")
        geometry = Geometry(factor, acc)
        if config.product == "fused":
            return float_lane(m, pipe, numerics, geometry, live, prefix=prefix)["y"]

        # The product rounded by the same adder, as the sum of it and a zero of its own sign.
        zero = {"c": Const(0, acc.significand_width), "sign_c": live["sign_p"], "field_c": Const(1, 1),
                "special_c": Const(NONE, 2)}  # fmt: skip
        addend = {key: live[key] for key in ("c", "sign_c", "field_c", "special_c")}
        live = float_lane(m, pipe, numerics, geometry, {**live, **zero}, carry=addend, prefix=f"{prefix}product_",
                          stage="product_")  # fmt: skip
        rounded = self._operand(f"{prefix}rounded_product", acc, live["y"])
        live = {
            **live, "p": rounded.significand, "sign_p": rounded.sign, "e_p": rounded.e, "zero_p": rounded.zero,
            "special_p": Mux(rounded.nan, NAN, Mux(rounded.inf, INF, NONE)),
        }  # fmt: skip
        second = Geometry(Factor.of_rounded(acc), acc)
        return float_lane(m, pipe, numerics, second, live, prefix=prefix, compared=None)["y"]
