"""The sums of a layer in the emitted file against the integer products of its weights, for all numbers of a window.

The neuron cores are unrolled over the steps of a group of channels with the window open, from any state; what is asked
of is the sum three cycles after the group's last step, each register only as far back as it matters. So weights in the
memory, their order, which number meets which weight, products, tree and accumulator are all in the question, and that
no sum is cut off.
"""

from __future__ import annotations

import sys
from math import prod
from pathlib import Path

from ...hw.snn.config import SnnConfig
from ...hw.snn.config.layer import Layer
from ...hw.snn.config.plan import Plan, bits_of, plans, ranges
from .. import solvers
from ..aig import FALSE, TRUE
from ..artifact import Artifact
from ..netlist import Netlist
from ..numbers import Number, Numbers
from ..proofs import netlist_of
from ..prove import Verdict
from .resets import quiet

LATENCY = 3
"""Cycles from a step to the sum that it ends."""


class Unrolled:
    """Registers of a netlist at a time, each worked out when it is asked for.

    Parameters
    ----------
    net : Netlist
    given : list of dict
        For each cycle, literals of input nodes; an input that is not there is anything.
    always : dict
        Literals of input nodes in every cycle.
    """

    def __init__(self, net: Netlist, given: list[dict[int, int]], always: dict[int, int]):
        self.net, self.given, self.always = net, given, always
        self.data = {r.q >> 1: r.d for r in net.registers}
        self.known: dict[tuple[int, int], int] = {}

    def at(self, node: int, time: int) -> int:
        """A register's literal after so many cycles."""
        if time == 0:
            return 2 * node
        if (node, time) not in self.known:
            aig, literal = self.net.aig, self.data[node]
            feed = self.always | (self.given[time - 1] if time <= len(self.given) else {})
            for leaf in aig.support([literal]):
                if leaf in self.data:
                    feed[leaf] = self.at(leaf, time - 1)
                elif leaf not in feed:
                    feed[leaf] = aig.input()
            self.known[node, time] = aig.copy([literal], aig, feed)[0]
        return self.known[node, time]


def sums(directory: Path, layer: str) -> Verdict:
    """Every sum of every group of channels of a layer."""
    artifact = Artifact.load(directory)
    config = SnnConfig(**artifact.manifest["config"])
    plan, facts = plans(config)[layer], config.facts[layer]
    of = next(one for one in config.layers if one.name == layer)
    net = netlist_of(artifact, f"{artifact.module}__{layer}__sums", (), beyond=True)
    step = next((port for port in ("step", "read__addr") if port in net.inputs), None)
    if step is None or "window" not in net.inputs:
        return Verdict("unknown", "the file calls the ports of the neuron cores otherwise")
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 8 * (plan.chunks + LATENCY) + 1000))
    n = Numbers(net.aig)
    codes = [net.aig.input() for _ in net.inputs["window"]]
    window = _reachable(n, ranges(config)[facts.sources[0]], codes)
    numbers = _numbers(n, config, layer, window)
    size, count = facts.sum_width, 0
    always = quiet(artifact, net) | {x >> 1: y for x, y in zip(net.inputs["window"], window, strict=True)}
    for group in range(plan.groups):
        given = [_pins(net, {step: group * plan.chunks + chunk, "chunk": chunk}) for chunk in range(plan.chunks)]
        unrolled = Unrolled(net, given, always)
        for lane in range(plan.lanes):
            channel = group * plan.lanes + lane
            if channel >= of.channels:
                continue
            word = [unrolled.at(x >> 1, plan.chunks - 1 + LATENCY) if x > TRUE else x
                    for x in net.outputs["y"][lane * size : (lane + 1) * size]]  # fmt: skip
            wanted = _product(n, of, plan, channel, numbers)
            width = max(len(word), len(wanted))
            left, right = n.wide(word, width), n.wide(wanted, width)
            if not solvers.equivalent(net.aig, left, right, [x >> 1 for x in codes]):
                return _refuted(n, left, right, codes, f"sum of channel {channel} of layer {layer}")
            count += 1
    return Verdict("proved", f"abc cec, {count} sums of {facts.synapses} products each, windows open")


def _refuted(n: Numbers, left: Number, right: Number, window: list[int], what: str) -> Verdict:
    """A window for which a sum is wrong."""
    values = solvers.model(n.aig, [n.aig.differ(left, right)])
    if values is None:
        return Verdict("unknown", f"{what}: two solvers disagree")
    return Verdict("refuted", "abc cec, kissat", {"violated": what, "window": hex(solvers.word(values, window))})


def _reachable(n: Numbers, values: tuple[int, int], codes: list[int]) -> list[int]:
    """Any numbers that the source can give, of free codes: those beyond its range stand for its ends."""
    width, has_sign = bits_of(values)
    low, high = (n.constant(end) for end in values)
    found = []
    for at in range(0, len(codes), width):
        code = codes[at : at + width] if has_sign else n.unsigned(codes[at : at + width])
        code = n.where(n.less(high, code), high, n.where(n.less(code, low), low, code))
        found += code[:width]
    return found


def _pins(net: Netlist, values: dict[str, int]) -> dict[int, int]:
    """Literals of the ports that are there, for numbers."""
    return {x >> 1: TRUE if value >> bit & 1 else FALSE
            for port, value in values.items() for bit, x in enumerate(net.inputs.get(port, ()))}  # fmt: skip


def _numbers(n: Numbers, config: SnnConfig, layer: str, window: list[int]) -> list[Number]:
    """The numbers of a window: place after place, a place's channels side by side."""
    width, has_sign = bits_of(ranges(config)[config.facts[layer].sources[0]])
    words = [window[at : at + width] for at in range(0, len(window), width)]
    return words if has_sign else [n.unsigned(word) for word in words]


def _product(n: Numbers, layer: Layer, plan: Plan, channel: int, numbers: list[Number]) -> Number:
    """The sum of a channel, chunk after chunk, by the definition of its layer; numbers are of a window."""
    channels, rows, columns = plan.grids[0]
    if layer.kind == "dense":
        # Weights are of the list, in which a channel's places stand side by side.
        row = layer.matrix(channels * rows * columns)[channel].reshape(channels, rows * columns)
        terms = [(int(row[c, p]), numbers[p * channels + c]) for p in range(rows * columns) for c in range(channels)]
    else:
        row = layer.matrix(channels)[channel]
        each, places = len(row), prod(layer.kernel)
        first = channel // (layer.channels // layer.grouped(channels)) * each
        row = row.reshape(each, places)
        terms = [(int(row[c, p]), numbers[p * channels + first + c]) for p in range(places) for c in range(each)]
    total = n.constant(0)
    for at in range(0, len(terms), plan.synapses):
        level = [_times(n, weight, number) for weight, number in terms[at : at + plan.synapses]]
        while len(level) > 1:
            level = [n.plus(*level[k : k + 2]) if k + 1 < len(level) else level[k] for k in range(0, len(level), 2)]
        total = n.plus(total, level[0])
    return total


def _times(n: Numbers, weight: int, number: Number) -> Number:
    product = n.times(number, abs(weight))
    return product if weight >= 0 else n.minus(n.constant(0), product)
