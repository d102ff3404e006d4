"""The activation unit: a table, or segments behind an address; registers where the latency wants them."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from typing import Any

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..lib.handshake import Handshake, ports
from ..lib.pipeline import Pipeline, place
from .config import ActivationConfig
from .config.cuts import cuts, spare
from .entries import cells, entries, held, signs, span, spans
from .floats import on_grid, to_float
from .reload import Tables
from .segments import asked, leading_one, rounded, rows, select, shape_of
from .table import Table

FLAGS = ("below", "above", "nan", "passes", "code")
"""What overrides the value of a line, and with what."""


class Activation(Component):
    """``y = f(x)`` as :class:`~nervure.hw.activation.config.ActivationConfig` says, one value per clock cycle.

    Parameters
    ----------
    config : ActivationConfig

    Members
    -------
    i : In(stream of {x}) or In({x}); with ``form=reload`` {x, load, swap, [knot,] slope, bias}
        ``load``: the beat brings the next segment, 0 to N - 1, of the spare table: its slope, its bias, and the first u
        of it (``knot``, free knots of several segments alone; that of segment 0 is ignored); what comes after the last
        is ignored. ``swap``: from the next beat on the spare table takes the other's place, if all N segments were
        loaded since the last swap or reset (this beat included); if not, those that were are forgotten. A beat's own x
        is answered by the table before. The knots of a table must not fall.
    o : Out(stream of {y}) or Out({y})
        Codes, ``config.latency`` cycles later.

    Latency: ``latency`` cycles in which the output is not stalled. Throughput: one beat per cycle.

    A stall (``o.valid & ~o.ready``) freezes every register, as in :class:`nervure.hw.mac.circuit.Mac`. A reset empties
    the unit, forgets loaded tables, and makes the config's table hold.
    """

    i: Any
    o: Any

    def __init__(self, config: ActivationConfig):
        self.config = config
        operands: dict[str, Any] = {"x": config.input_width}
        if config.form == "reload":
            operands |= {"load": 1, "swap": 1}
            if config.knots == "free" and len(config.slopes) > 1:
                operands["knot"] = config.knot_width
            operands |= {"slope": config.slope_format.width, "bias": config.bias_format.width}
        result = data.StructLayout({"y": config.output_width})
        super().__init__(ports(config.interface, data.StructLayout(operands), result))

    def elaborate(self, platform):
        m = Module()
        config = self.config
        handshake = Handshake(m, self)
        pipe = Pipeline(m, place(cuts(config), config.latency, spare=spare(config)), handshake.enable)
        is_signed = config.input_format.signed and config.float_input is None
        x = Signal(signed(config.input_width) if is_signed else config.input_width)
        m.d.comb += x.eq(handshake.operands.x)
        if config.form == "table":
            y = Table(m, config).read(pipe, x)
        else:
            valid = self.i.valid if handshake.enable is not None else Const(1, 1)
            y = self._segments(m, pipe, x, handshake, valid)
        m.d.comb += handshake.result.y.eq(y)
        handshake.finish(pipe.depth)
        return m

    def _segments(self, m: Module, pipe: Pipeline, x: Signal, handshake: Handshake, valid: Value) -> Value:
        config = self.config
        tables = Tables(m, config, handshake.enable) if config.form == "reload" else None
        tag = tables.enter(handshake.operands, valid) if tables else {}
        live = pipe.cut("input", {"x": x, **tag})
        tag = list(tag)
        if config.float_input is not None:
            live = on_grid(m, pipe, config, live["x"])
        live = self._folded(m, pipe, live, tag)
        flags = [key for key in ("negative", *FLAGS) if key in live]
        kept = {key: live[key] for key in ["u", *flags, *tag]}
        index: Value = Const(0, 0)
        if config.knots == "free":
            for level in reversed(range((len(config.slopes) - 1).bit_length())):
                if tables:
                    knot, there = tables.knot(level, kept, index)
                else:
                    knot, there = select(index, asked(config, level), kept["u"].shape()), Const(1, 1)
                index = Cat((kept["u"] >= knot) & there, index)
                kept = pipe.cut(f"level{level}", {**kept, "index": index})
                index = kept.pop("index")
        elif config.knots == "pow2":
            kept = pipe.cut("cell", {**kept, "index": leading_one(config, kept["u"])})
            index = kept.pop("index")
        else:
            (s,) = config.address
            index = kept["u"][s:][: (len(cells(config)) - 1).bit_length()]
        return self._value(m, pipe, kept, index, tables)

    def _folded(self, m: Module, pipe: Pipeline, live: Any, tag: list[str]) -> dict[str, Signal]:
        """u and the sign of x; where x leaves the domain, it is held to it, or said to have left it."""
        config = self.config
        (low, high), fmt = config.codes, config.input_format
        x = live["x"]
        below = x < low if low > fmt.low else None
        above = x > high if high < fmt.high else None
        stage: dict[str, Value] = {key: live[key] for key in (*tag, "nan", "passes", "code") if key in live}
        if tag:
            inside = Signal.like(x, name="inside")
            m.d.comb += inside.eq(x)
            for beyond, end in ((below, low), (above, high)):
                if beyond is not None:
                    with m.If(beyond):
                        m.d.comb += inside.eq(end)
            x = inside
        else:
            stage |= {key: value for key, value in (("below", below), ("above", above)) if value is not None}
        if config.symmetry != "none":
            negative = x[-1]
            size = ((x ^ negative.replicate(len(x))) + negative)[: config.last.bit_length()]
            stage |= {"u": size, **({"negative": negative} if signs(config) else {})}
        else:
            stage["u"] = x
        return pipe.cut("folded", stage) if "folded" in pipe.ranks else stage

    def _value(self, m: Module, pipe: Pipeline, live: Any, index: Value, tables: Tables | None) -> Value:
        """Line, multiply-add, rounding."""
        config = self.config
        operand, negative = live["u"], live.get("negative")
        flags = {key: live[key] for key in FLAGS if key in live}
        if tables:
            slope, constant = tables.line(live, index, negative)
            ranges = spans(config)
            shift = config.fraction_bits - config.output_format.fraction_bits
        else:
            made = entries(config)
            ranges = span(made.slopes), span(made.constants), made.total
            address = Cat(index, negative) if signs(config) else index
            slope, constant = (select(address, words, shape_of(*ends)) for words, ends in
                               ((made.slopes, ranges[0]), (made.constants, ranges[1])))  # fmt: skip
            shift = made.shift
            if config.knots == "uniform":
                operand = operand[: config.address[0]]
        # Names and widths of their own: synthesis sees the product that the ranges need.
        line = {"slope": Signal(shape_of(*ranges[0]), name="slope"),
                "constant": Signal(shape_of(*ranges[1]), name="constant")}  # fmt: skip
        m.d.comb += [line["slope"].eq(slope), line["constant"].eq(constant)]
        live = pipe.cut("line", {**line, "operand": operand, **flags})
        flags = {key: live[key] for key in flags}
        operands = live["slope"], live["operand"]
        product = rows(m, *operands) if config.multiplier == "lut" else operands[0] * operands[1]
        live = pipe.cut("product", {"product": product, "constant": live["constant"], **flags})
        total = Signal(shape_of(*ranges[2]), name="total")
        m.d.comb += total.eq(live["product"] + live["constant"])
        ends = [(live[key], held(config, end)) for key, end in zip(("below", "above"), config.codes, strict=True)
                if key in flags]  # fmt: skip
        if config.float_output is not None:
            kept = {key: live[key] for key in ("nan", "passes", "code") if key in live}
            return to_float(m, pipe, config, total, ranges[2], ends, kept)
        y = rounded(m, total, ranges[2], shift, config.output_format)
        for flag, end in ends:
            y = Mux(flag, Const(end, config.output_format.width), y)
        if "nan" in flags:
            y = Mux(live["nan"], 0, y)
        return pipe.cut("result", {"y": y})["y"]
