"""A Kolmogorov-Arnold network as a pipeline: joint tables, trees of adders, clamps, layer after layer."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Const, Module, Signal, ValueLike, signed
from amaranth.lib import data
from amaranth.lib.wiring import Component

from ..lib.handshake import Handshake, ports
from ..lib.pipeline import Pipeline
from .config.kan import KanConfig
from .sums import Candidate, Node, add_pairs, clamp, larger, table


class Kan(Component):
    """The network of :class:`~nervure.hw.activation.config.kan.KanConfig`, one row of inputs per cycle.

    Parameters
    ----------
    config : KanConfig

    Members
    -------
    i : In(stream of {x}) or In of the plain struct
        Codes of the inputs.
    o : Out(stream of {y}) or Out({y})
        Logits in two's complement, or the number of the largest.

    Latency: ``config.latency`` cycles in which the output is not stalled; with a register after every step this is,
    summed over layers, the levels of adders (at least 1 in the last layer) plus 1 for the clamp between layers, and
    the levels of comparisons. Throughput: one row per cycle.

    No multiplier and no memory block: a joint table is one function of its address per bit. A stall freezes every
    register, as in :class:`nervure.hw.mac.circuit.Mac`.
    """

    i: Any
    o: Any

    def __init__(self, config: KanConfig):
        self.config = config
        if config.output == "argmax":
            result: Any = config.class_width
        else:
            result = data.ArrayLayout(signed(config.logit_width), config.widths[-1])
        operands = data.StructLayout({"x": data.ArrayLayout(config.bits[0], config.widths[0])})
        super().__init__(ports(config.interface, operands, data.StructLayout({"y": result})))

    def elaborate(self, platform):
        m = Module()
        config = self.config
        handshake = Handshake(m, self)
        pipe = Pipeline(m, {name: int(there) for name, there in config.steps}, handshake.enable)
        codes: dict[int, Any] = {j: handshake.operands.x[j] for j in config.used[0]}
        for layer in range(config.num_layers):
            nodes = self._sums(m, pipe, layer, codes)
            if layer < config.num_layers - 1:
                found = {str(k): clamp(m, node, config.shifts[layer], config.bits[layer + 1], f"layer{layer}_code_{k}")
                         for k, node in nodes.items()}  # fmt: skip
                codes = {int(k): code for k, code in pipe.cut(f"layer{layer}_code", found, "reg_").items()}
        if config.output == "argmax":
            m.d.comb += handshake.result.y.eq(self._largest(m, pipe, nodes))
        else:
            m.d.comb += [handshake.result.y[k].eq(node.value) for k, node in nodes.items()]
        handshake.finish(pipe.depth)
        return m

    def _sums(self, m: Module, pipe: Pipeline, layer: int, codes: Mapping[int, ValueLike]) -> dict[int, Node]:
        """The sums of a layer's neurons, as far as something depends on them."""
        nodes = {
            k: [table(m, leaf, codes, f"layer{layer}_table_{k}_{i}")
                for i, leaf in enumerate(self.config.leaves(layer, k))]
            for k in self.config.used[layer + 1]
        }  # fmt: skip
        for step in [name for name, _ in self.config.steps if name.startswith(f"layer{layer}_sum")]:
            nodes = {k: add_pairs(m, row, f"{step}_{k}") for k, row in nodes.items()}
            held = pipe.cut(step, {f"{k}_{i}": node.value for k, row in nodes.items() for i, node in enumerate(row)
                                   if node.low < node.high}, "reg_")  # fmt: skip
            nodes = {k: [Node(held.get(f"{k}_{i}", node.value), node.low, node.high) for i, node in enumerate(row)]
                     for k, row in nodes.items()}  # fmt: skip
        return {k: row[0] for k, row in nodes.items()}

    def _largest(self, m: Module, pipe: Pipeline, nodes: Mapping[int, Node]) -> ValueLike:
        width = self.config.class_width
        left = []
        for k, node in nodes.items():
            value = Signal(signed(self.config.logit_width), name=f"logit_{k}")
            m.d.comb += value.eq(node.value)
            left.append(Candidate(value, Const(k, width)))
        for step in [name for name, _ in self.config.steps if name.startswith("largest")]:
            left = larger(m, left, width, step)
            held = pipe.cut(step, {f"{i}_{key}": getattr(c, key) for i, c in enumerate(left)
                                   for key in ("value", "place")}, "reg_")  # fmt: skip
            left = [Candidate(held[f"{i}_value"], held[f"{i}_place"]) for i in range(len(left))]
        return left[0].place
