"""The rounder to powers of two: magnitude, normalisation and one comparison, for each value of a beat."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from typing import Any

from amaranth.hdl import Cat, Module, Mux, Signal, Value, ValueLike
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..lib.block import place_block
from ..lib.handshake import Handshake, ports
from ..lib.pipeline import Pipeline, place
from .config.pow2round import CUTS, SPARE, Pow2RoundConfig
from .power import Normalise, RoundUp


class Pow2Round(Component):
    """``sgn(x) 2^e`` near x, one beat of ``elements`` values per clock cycle.

    Parameters
    ----------
    config : Pow2RoundConfig

    Members
    -------
    i : In(stream of {x}) or In({x})
        Codes; a stream for ``interface=stream``, the plain struct for ``bare``.
    o : Out(stream of {e, [sign,] zero}) or Out of the plain struct
        Exponents in two's complement, ``config.latency`` cycles later; ``sign`` for signed inputs alone.

    Latency: ``latency`` cycles in which the output is not stalled. Throughput: one beat per cycle.

    A stall (``o.valid & ~o.ready``) freezes every register, so ``i.ready`` depends combinationally on ``o.ready``;
    ``valid`` never waits for ``ready``.

    Source: Sorbet (arXiv 2409.15298), whose layers are trained with these rounders.
    """

    i: Any
    o: Any

    def __init__(self, config: Pow2RoundConfig):
        self.config = config

        def field(width: int) -> Any:
            return data.ArrayLayout(width, config.elements) if config.elements > 1 else width

        results = {"e": field(config.exponent_width), "zero": field(1)}
        if config.input_format.signed:
            results["sign"] = field(1)
        super().__init__(ports(config.interface, data.StructLayout({"x": field(config.input_format.width)}),
                               data.StructLayout(results)))  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        config = self.config
        fmt, count, width = config.input_format, range(config.elements), config.magnitude_width
        handshake = Handshake(m, self)
        pipe = Pipeline(m, place(CUTS, config.latency, spare=SPARE), handshake.enable)
        codes = Signal(fmt.width * config.elements, name="codes")
        m.d.comb += codes.eq(Value.cast(handshake.operands.x))
        live = pipe.cut("input", {f"x{k}": codes[k * fmt.width :][: fmt.width] for k in count})

        stage: dict[str, ValueLike] = {}
        for k in count:
            x, magnitude = live[f"x{k}"], Signal(width, name=f"absolute{k}")
            # The lowest code is its own negative, and as an unsigned number its own magnitude.
            m.d.comb += magnitude.eq(Mux(x[-1], -x, x) if fmt.signed else x)
            stage |= {f"magnitude{k}": magnitude, **({f"sign{k}": x[-1]} if fmt.signed else {})}
        live = pipe.cut("magnitude", stage)

        stage = {f"sign{k}": live[f"sign{k}"] for k in count if fmt.signed}
        for k in count:
            normal = place_block(m, f"normalise{k}", Normalise(width))
            m.d.comb += normal.value.eq(live[f"magnitude{k}"])
            stage |= {f"significand{k}": normal.significand, f"zeros{k}": normal.zeros}
        live = pipe.cut("normal", stage)

        stage = {f"sign{k}": live[f"sign{k}"] for k in count if fmt.signed}
        for k in count:
            done = place_block(m, f"round{k}", RoundUp(width, config.rounding))
            m.d.comb += [done.significand.eq(live[f"significand{k}"]), done.zeros.eq(live[f"zeros{k}"])]
            e = Signal(config.exponent_width, name=f"exponent{k}")
            m.d.comb += e.eq(Mux(done.zero, 0, done.e - fmt.fraction_bits))
            stage |= {f"e{k}": e, f"zero{k}": done.zero}
        live = pipe.cut("result", stage)
        for name in ("e", "zero", *(("sign",) if fmt.signed else ())):
            m.d.comb += Value.cast(handshake.result[name]).eq(Cat(live[f"{name}{k}"] for k in count))
        handshake.finish(pipe.depth)
        return m
