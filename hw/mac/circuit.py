"""The multiply-accumulate unit: streams and registers around its datapath."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from typing import Any

from amaranth.hdl import Module, Value
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..lib.handshake import Handshake, ports
from ..lib.pipeline import Pipeline
from .config import MacConfig
from .datapath import Datapath, ranks


class Mac(Component):
    """``y[i, j] = round(a[i] * b[j] + c[i, j])``, one beat per clock cycle.

    Parameters
    ----------
    config : MacConfig

    Members
    -------
    i : In(stream of {a, b, c}) or In({a, b, c})
        Operand codes; a stream for ``interface=stream``, the plain struct for ``bare``. A unit of several modes has
        ``mode`` before them (codes beyond the last mode count as the last); a unit of several lanes has arrays ``a``
        (lanes_a), ``b`` (lanes_b), ``c`` (lanes_a * lanes_b, row by row). A code that is narrower than its element
        lies in the low bits, and the bits above it are ignored.
    o : Out(stream of {y}) or Out({y})
        Result codes like ``c``, ``config.latency`` cycles later; those of lanes that the mode does not use are 0.

    Latency: ``latency`` cycles in which the output is not stalled. Throughput: one beat per cycle.

    A stall (``o.valid & ~o.ready``) freezes every register, so ``i.ready`` depends combinationally on ``o.ready``;
    ``valid`` never waits for ``ready``.

    Source: the datapath follows the idea of arXiv 2605.06052 (one integer product for all formats, several packed in
    one block); the single rounding is IEEE 754-2019 fusedMultiplyAdd, section 5.4.1.
    """

    i: Any
    o: Any

    def __init__(self, config: MacConfig):
        self.config = config
        modes, (rows, columns) = config.modes, config.grid
        single = rows * columns == 1
        widths = {side: max(getattr(mode, side).width for mode in modes) for side in ("a", "b", "acc")}

        def field(side: str, count: int) -> Any:
            return widths[side] if single else data.ArrayLayout(widths[side], count)

        fields = {"a": field("a", rows), "b": field("b", columns), "c": field("acc", rows * columns)}
        selector = {"mode": (len(modes) - 1).bit_length()} if len(modes) > 1 else {}
        operands = data.StructLayout({**selector, **fields})
        result = data.StructLayout({"y": field("acc", rows * columns)})
        super().__init__(ports(config.interface, operands, result))

    def elaborate(self, platform):
        m = Module()
        config = self.config
        handshake = Handshake(m, self)
        operands, result = handshake.operands, handshake.result
        pipe = Pipeline(m, ranks(config), handshake.enable)

        live = pipe.cut("input", {key: Value.cast(operands[key]) for key, _ in operands.shape()})
        m.d.comb += Value.cast(result.y).eq(Datapath(m, pipe, config, live).result())
        handshake.finish(pipe.depth)
        return m
