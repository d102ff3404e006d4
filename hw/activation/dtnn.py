"""A layer of dendrite branches as a pipeline: tables, a tree of adders or tables again, a clamp."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false

from typing import Any

from amaranth.hdl import Cat, Const, Module, Value, ValueLike, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..lib.handshake import Handshake, ports
from ..lib.pipeline import Pipeline
from .config.dtnn import DtnnConfig
from .sums import Node, add_pairs, clamp, table


class Dtnn(Component):
    """The layer of :class:`~nervure.hw.activation.config.dtnn.DtnnConfig`, one row of inputs per cycle.

    Parameters
    ----------
    config : DtnnConfig

    Members
    -------
    i : In(stream of {x}) or In of the plain struct
        Codes of the inputs.
    o : Out(stream of {y}) or Out({y})
        Sums in two's complement, or codes.

    Latency: ``config.latency`` cycles in which the output is not stalled; with a register after every step one for the
    first level of two, one for each level of adders (at least 1 if there is nothing else), one for the clamp.
    Throughput: one row per cycle. A stall freezes every register.
    """

    i: Any
    o: Any

    def __init__(self, config: DtnnConfig):
        self.config = config
        width = signed(config.sum_width) if config.output_bits is None else config.output_bits
        operands = data.StructLayout({"x": data.ArrayLayout(config.bits, config.inputs)})
        results = data.StructLayout({"y": data.ArrayLayout(width, config.outputs)})
        super().__init__(ports(config.interface, operands, results))

    def elaborate(self, platform):
        m = Module()
        config = self.config
        handshake = Handshake(m, self)
        pipe = Pipeline(m, {name: int(there) for name, there in config.steps}, handshake.enable)
        codes: list[dict[int, ValueLike]] = [dict(enumerate(handshake.operands.x))] * config.outputs
        if config.join == "tables":
            codes = self._branches(m, pipe, codes[0])
        nodes = [
            [table(m, leaf, codes[k], f"table_{k}_{i}") for i, leaf in enumerate(config.leaves(k))]
            for k in range(config.outputs)
        ]
        for step in [name for name, _ in config.steps if name.startswith("sum")]:
            nodes = [add_pairs(m, row, f"{step}_{k}") for k, row in enumerate(nodes)]
            held = pipe.cut(step, {f"{k}_{i}": node.value for k, row in enumerate(nodes) for i, node in enumerate(row)
                                   if node.low < node.high}, "reg_")  # fmt: skip
            nodes = [[Node(held.get(f"{k}_{i}", node.value), node.low, node.high) for i, node in enumerate(row)]
                     for k, row in enumerate(nodes)]  # fmt: skip
        values: list[Any] = [row[0].value for row in nodes]
        if config.output_bits is not None:
            found = {str(k): clamp(m, row[0], config.shift, config.output_bits, f"code_{k}")
                     for k, row in enumerate(nodes)}  # fmt: skip
            values = list(pipe.cut("clamp", found, "reg_").values())
        m.d.comb += [handshake.result.y[k].eq(value) for k, value in enumerate(values)]
        handshake.finish(pipe.depth)
        return m

    def _branches(self, m: Module, pipe: Pipeline, inputs: dict[int, ValueLike]) -> list[dict[int, ValueLike]]:
        """Codes that the first level of two gives, by output and branch."""
        config = self.config
        found: dict[tuple[int, int], Node] = {}
        for k in range(config.outputs):
            for i in range(len(config.groups)):
                leaf = config.branch(k, i)
                found[k, i] = table(m, leaf, inputs, f"branch_{k}_{i}") if leaf else Node(Const(0, 1), 0, 0)
        held = pipe.cut("branches", {f"{k}_{i}": node.value for (k, i), node in found.items() if node.low < node.high},
                        "reg_")  # fmt: skip
        # Narrow codes fill the address of the next table to its whole width.
        return [
            {i: _wide(held.get(f"{k}_{i}", found[k, i].value), config.middle) for i in range(len(config.groups))}
            for k in range(config.outputs)
        ]


def _wide(value: ValueLike, width: int) -> ValueLike:
    """The value with zeros above it."""
    value = Value.cast(value)
    return Cat(value, Const(0, width - len(value))) if len(value) < width else value[:width]
