"""The sums of a layer: weights from a memory times the numbers of a window, and pools."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportIndexIssue=false

from typing import Any

import numpy as np
from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import Component, In, Out

from .config.layer import Layer
from .config.plan import Plan


class WeightedSums(Component):
    """Neuron cores: ``lanes`` channels at once add up ``synapses`` numbers times weights a cycle, ``chunks`` cycles.

    DeepFire2's way: a weight comes out of its memory into a register that a silent spike resets, so that their AND is
    the register's reset and costs no LUT; behind it lies the tree of adders. Numbers of more than one bit are
    multiplied.

    Parameters
    ----------
    layer : Layer
    plan : Plan
    number_width : int
        Bits of a number that comes in.
    number_signed : bool
    sum_width : int
    gate : str
        ``reset`` or ``and``, of spikes.

    Members
    -------
    window : In
        Numbers, place after place, a place's channels side by side; behind them a recurrent layer's own spikes.
    step, chunk : In
        Step of the window, group * chunks + chunk.
    y : Out
        A sum of ``sum_width`` bits for each lane, 3 cycles after its last chunk's step.

    A window's steps come one after the other; between windows anything may stand.
    """

    window: Any
    step: Any
    chunk: Any
    y: Any

    def __init__(self, layer: Layer, plan: Plan, number_width: int, number_signed: bool, sum_width: int,
                 gate: str = "reset"):  # fmt: skip
        self.gate = gate
        self.layer, self.plan, self.sum_width = layer, plan, sum_width
        self.number_width, self.number_signed = number_width, number_signed
        places = plan.kernel[0] * plan.kernel[1] if not plan.gathers else plan.grids[0][1] * plan.grids[0][2]
        self.numbers = places * plan.grids[0][0] + len(layer.recurrent) // max(layer.channels, 1)
        super().__init__({"window": In(self.numbers * number_width), "step": In(range(max(plan.steps, 2))),
                          "chunk": In(range(max(plan.chunks, 2))), "y": Out(sum_width * plan.lanes)})  # fmt: skip

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        plan = self.plan
        taken, weights = wiring(self.layer, plan)
        bits = self.layer.weight_bits
        words = [_packed(row, bits) for row in weights.reshape(plan.steps, -1)]
        m.submodules.weights = memory = Memory(shape=bits * plan.lanes * plan.synapses, depth=plan.steps, init=words)
        read = memory.read_port()
        first = Signal(name="first")
        first_after = Signal(name="first_after")
        m.d.comb += read.addr.eq(self.step)
        m.d.sync += [first.eq(self.chunk == 0), first_after.eq(first)]
        shared: dict[bytes, list[Value]] = {}
        for lane in range(plan.lanes):
            table = taken[:, lane]
            if (key := table.tobytes()) not in shared:
                shared[key] = self._chosen(m, table, f"lane{lane}")
            products = []
            for j, number in enumerate(shared[key]):
                at = (lane * plan.synapses + j) * bits
                weight = read.data[at : at + bits].as_signed()
                products.append(self._product(m, weight, number, f"product_{lane}_{j}"))
            total = _tree(products)
            y = Signal(signed(self.sum_width), name=f"sum_{lane}")
            m.d.sync += y.eq(total if plan.chunks == 1 else Mux(first_after, 0, y) + total)
            m.d.comb += self.y[lane * self.sum_width : (lane + 1) * self.sum_width].eq(y)
        return m

    def _chosen(self, m: Module, table: np.ndarray, name: str) -> list[Value]:
        """The numbers of this step for a lane, a register each."""
        width, chunks, out = self.number_width, self.plan.chunks, []
        for j in range(table.shape[1]):
            column, at = table[:, j], self.step
            # What all groups take alike is chosen by the chunk alone.
            if (column.reshape(-1, chunks) == column[:chunks]).all():
                column, at = column[:chunks], self.chunk
            choices = [self.window[k * width : (k + 1) * width] if k >= 0 else Const(0, width) for k in column]
            number = Signal(signed(width) if self.number_signed else width, name=f"{name}_number{j}")
            m.d.sync += number.eq(choices[0] if len(choices) == 1 else Cat(*choices).word_select(at, width))
            out.append(number)
        return out

    def _product(self, m: Module, weight: Value, number: Value, name: str) -> Value:
        if self.number_width == 1 and not self.number_signed:
            product = Signal(signed(self.layer.weight_bits), name=name)
            if self.gate == "and":
                m.d.sync += product.eq(weight & number.replicate(len(weight)))
                return product
            # Written as a reset, it is mapped to the register's reset; `weight & spike` would take a LUT a bit.
            m.d.sync += product.eq(weight)
            with m.If(~number):
                m.d.sync += product.eq(0)
            return product
        product = Signal(signed(len(weight) + len(number)), name=name)
        m.d.sync += product.eq(weight * number)
        return product


def wiring(layer: Layer, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """For each step, lane and synapse the place of its number in the window (-1: none), and its weight.

    Returns
    -------
    (taken, weights) : int64 arrays ``(steps, lanes, synapses)``
    """
    channels, rows, columns = plan.grids[0]
    outs = layer.channels
    if layer.kind in ("dense", "recurrent"):
        # The list is the map's numbers row-major; the window has a place's channels side by side.
        order = np.arange(channels * rows * columns).reshape(channels, rows * columns).T.reshape(-1)
        own = np.array(layer.recurrent, np.int64).reshape(outs, -1) if layer.recurrent else np.zeros((outs, 0), int)
        matrix = np.concatenate([layer.matrix(channels * rows * columns)[:, order], own], 1)
        at = np.broadcast_to(np.arange(matrix.shape[1]), matrix.shape)
    else:
        each = layer.matrix(channels)
        group = np.arange(outs) // (outs // layer.grouped(channels)) * each.shape[1]
        places = np.arange(layer.kernel[0] * layer.kernel[1])
        at = places[None, :, None] * channels + (group[:, None] + np.arange(each.shape[1]))[:, None, :]
        at, matrix = at.reshape(outs, -1), each.reshape(outs, each.shape[1], -1).transpose(0, 2, 1).reshape(outs, -1)
    full = (plan.groups * plan.lanes, plan.chunks * plan.synapses)
    taken, weights = np.full(full, -1, np.int64), np.zeros(full, np.int64)
    taken[:outs, : at.shape[1]], weights[:outs, : at.shape[1]] = at, matrix
    # Lanes past the last channel take what lane 0 takes: their weights are 0.
    taken[outs:] = taken[0]
    shape = (plan.groups, plan.lanes, plan.chunks, plan.synapses)
    return tuple(np.ascontiguousarray(array.reshape(shape).transpose(0, 2, 1, 3).reshape(plan.steps, plan.lanes, -1))
                 for array in (taken, weights))  # pyright: ignore[reportReturnType]  # fmt: skip


def pooled(m: Module, kind: str, numbers: list[Value]) -> Value:
    """What a pool (or an add, or nothing but neurons) makes of a channel's numbers."""
    if kind != "max_pool":
        total = _tree(numbers)
        return total // len(numbers) if kind == "average_pool" else total
    while len(numbers) > 1:
        pairs = [Mux(a > b, a, b) for a, b in zip(numbers[::2], numbers[1::2], strict=False)]
        numbers = pairs + ([numbers[-1]] if len(numbers) % 2 else [])
    return numbers[0]


def _tree(terms: list[Value]) -> Value:
    while len(terms) > 1:
        sums = [a + b for a, b in zip(terms[::2], terms[1::2], strict=False)]
        terms = sums + ([terms[-1]] if len(terms) % 2 else [])
    return terms[0]


def _packed(values: np.ndarray, bits: int) -> int:
    return sum((int(value) & ((1 << bits) - 1)) << (k * bits) for k, value in enumerate(values))
