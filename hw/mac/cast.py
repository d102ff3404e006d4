"""The cast: lanes that convert one value each, or a block quantiser; registers where the latency wants them."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, ValueLike
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..formats import FORMATS
from ..lib.block import place_block
from ..lib.handshake import Handshake, ports
from ..lib.pipeline import Pipeline, place
from . import quantise, quantise_tensor
from .cast_parts import ROUNDED, Fit, Point, RoundWhole, round_block
from .config.cast import CastConfig
from .unpack import INF, NAN, NONE, Operand

_SCALAR_CUTS = [("input", 0), ("unpacked", 2), ("aligned", 6), ("result", 4)]
SPARE = "aligned"
"""The cut that takes the registers left over."""


def cuts(config: CastConfig) -> list[tuple[str, int]]:
    """The places where registers can go, in order, each with the delay of the segment before it."""
    if config.block is None:
        return _SCALAR_CUTS
    return quantise_tensor.CUTS if config.tensor_scaled else quantise.CUTS


class Cast(Component):
    """``y = round(x)``, one beat of ``elements`` values per clock cycle.

    Parameters
    ----------
    config : CastConfig

    Members
    -------
    i : In(stream of {x}) or In({x}); {x, t} for nvfp4
        Codes; a stream for ``interface=stream``, the plain struct for ``bare``.
    o : Out(stream of {y}) or Out({y}); {y, scale} for block formats
        Result codes, ``config.latency`` cycles later.

    Latency: ``latency`` cycles in which the output is not stalled. Throughput: one beat per cycle.

    A stall (``o.valid & ~o.ready``) freezes every register, so ``i.ready`` depends combinationally on ``o.ready``;
    ``valid`` never waits for ``ready``.

    Source: IEEE 754-2019, 5.4.2 and 5.8; OCP Microscaling v1.0, 6.3.
    """

    i: Any
    o: Any

    def __init__(self, config: CastConfig):
        self.config = config
        source, target = config.input_format.width, config.output_format.width
        several = config.count > 1 or config.block is not None
        operands: dict[str, Any] = {"x": data.ArrayLayout(source, config.count) if several else source}
        results: dict[str, Any] = {"y": data.ArrayLayout(target, config.count) if several else target}
        if config.block is not None:
            results["scale"] = FORMATS[config.block.scale].width
        if config.tensor_scaled:
            operands["t"] = 32
        super().__init__(ports(config.interface, data.StructLayout(operands), data.StructLayout(results)))

    def elaborate(self, platform):
        m = Module()
        config = self.config
        handshake = Handshake(m, self)
        operands, result = handshake.operands, handshake.result
        pipe = Pipeline(m, place(cuts(config), config.latency, spare=SPARE), handshake.enable)

        width = config.input_format.width
        x = Signal(width * config.count, name="codes")
        m.d.comb += x.eq(operands.x.as_value() if hasattr(operands.x, "as_value") else operands.x)
        words = {f"x{k}": x[k * width : (k + 1) * width] for k in range(config.count)}
        if config.tensor_scaled:
            words["t"] = operands.t
        live = pipe.cut("input", words)
        if config.block is None:
            done = self._values(m, pipe, live)
        elif config.tensor_scaled:
            done = quantise_tensor.tensor_scaled(m, pipe, config, live)
        else:
            done = quantise.shared_exponent(m, pipe, config, live)
        m.d.comb += result.y.eq(Cat(done[f"y{k}"] for k in range(config.count)))
        if config.block is not None:
            m.d.comb += result.scale.eq(done["scale"])
        handshake.finish(pipe.depth)
        return m

    def _values(self, m: Module, pipe: Pipeline, live: Mapping[str, Signal]) -> dict[str, Signal]:
        config = self.config
        source = config.input_format
        lanes = [str(k) if config.count > 1 else "" for k in range(config.count)]
        stage: dict[str, ValueLike] = {}
        for k, lane in enumerate(lanes):
            operand = place_block(m, f"unpack{lane}", Operand(source, config.flush))
            m.d.comb += operand.code.eq(live[f"x{k}"])
            stage |= {
                f"significand{k}": operand.significand, f"sign{k}": operand.sign, f"e{k}": operand.e,
                f"zero{k}": operand.zero, f"special{k}": Mux(operand.nan, NAN, Mux(operand.inf, INF, NONE)),
            }  # fmt: skip
        live = pipe.cut("unpacked", stage)
        align, finish = (self._point, self._whole) if config.output_format.is_integer else (self._fit, self._rounded)
        stage = {}
        for k, lane in enumerate(lanes):
            kept = ("sign", "zero", "special")
            aligned = align(m, lane, live[f"significand{k}"], live[f"e{k}"])
            stage |= {f"{key}{k}": value for key, value in aligned.items()}
            stage |= {f"{key}{k}": live[f"{key}{k}"] for key in kept}
        live = pipe.cut("aligned", stage)
        return pipe.cut("result", {f"y{k}": finish(m, lane, live, k) for k, lane in enumerate(lanes)})

    def _weights(self) -> tuple[int, int]:
        """Weight of an input significand's top bit, least and greatest; specials count, they are overridden."""
        source = self.config.input_format
        if source.is_integer:
            return source.significand_width - 1, source.significand_width - 1
        return source.min_exponent, source.min_exponent + (1 << source.exponent_width) - 2

    def _fit(self, m: Module, lane: str, significand: Signal, e: Signal) -> dict[str, ValueLike]:
        source, target, flush = self.config.input_format, self.config.output_format, self.config.flush
        low, high = (weight - target.min_exponent for weight in self._weights())
        # An integer, or a subnormal that is a normal number of the output, has its leading bit anywhere.
        loose = source.is_integer or (source.mantissa_width and not (flush and source.flushes))
        left = (source.significand_width - 1 if source.is_integer else low) if loose and low > 0 else 0
        fit = place_block(m, f"fit{lane}", Fit(source.significand_width, target.significand_width, low, high, left,
                                               right=not (flush and target.flushes)))  # fmt: skip
        m.d.comb += [fit.significand.eq(significand), fit.t.eq(e + low)]
        return {"kept": fit.kept, "guard": fit.guard, "rest": fit.rest, "exponent": fit.exponent}

    def _rounded(self, m: Module, lane: str, live: Mapping[str, Signal], k: int) -> ValueLike:
        config = self.config
        return round_block(m, f"round{lane}", config.output_format, config, {key: live[f"{key}{k}"] for key in ROUNDED})

    def _point(self, m: Module, lane: str, significand: Signal, e: Signal) -> dict[str, ValueLike]:
        config = self.config
        source, target = config.input_format, config.output_format
        low, high = self._weights()
        if source.is_integer:
            top = high
        else:
            # To wrap, the integer's last bits are wanted wherever the significand lies.
            top = min(source.max_exponent, target.width - 1 + (0 if config.saturate else source.significand_width - 1))
        point = place_block(m, f"point{lane}", Point(source.significand_width, max(top, 0), low, high))
        m.d.comb += [point.significand.eq(significand), point.e.eq(e + low)]
        return {"whole": point.whole, "guard": point.guard, "rest": point.rest, "beyond": point.beyond}

    def _whole(self, m: Module, lane: str, live: Mapping[str, Signal], k: int) -> ValueLike:
        config = self.config
        done = place_block(m, f"round{lane}", RoundWhole(
            len(live[f"whole{k}"]), config.output_format, config.rounding, config.saturate
        ))  # fmt: skip
        m.d.comb += [getattr(done, key).eq(live[f"{key}{k}"])
                     for key in ("whole", "sign", "guard", "rest", "beyond", "special")]  # fmt: skip
        return done.y
