"""How numbers stream through a network: tokens, windows, steps of the cores, and the buffers, all by arithmetic.

A map (channels, rows, columns) is a stream of rows x columns *tokens*, place after place, each with all channels. A
list of n numbers is one token, or, after a flatten, still the tokens of the map, which its reader knows.
"""

from __future__ import annotations

from bisect import bisect_right
from math import prod
from typing import NamedTuple

from ...fixed import signed_width
from . import Facts, SnnConfig
from .layer import WEIGHTED, WINDOWED, Layer
from .shape import SYNAPSES, Range, Shape, gathers, rounds_of

CROSSING = 4
"""Cycles that a token takes from one region of the device to another."""
PIPELINE = 7
"""Cycles from the last step of a window to where its token has left the buffer and its place is free again."""


class Plan(NamedTuple):
    """What the circuit of one layer needs to know.

    Parameters
    ----------
    grids : tuple of (int, int, int)
        (channels, rows, columns) of each source's tokens.
    grid : (int, int, int)
        Of its own tokens.
    kernel, stride, padding : (int, int)
        Of its windows; of a dense layer the kernel is all tokens of a frame, side by side.
    lanes, groups, synapses, chunks : int
        Channels at once, how often for a window; numbers of a lane's window at once, how often for a sum.
    depth : int
        Tokens of its output buffer: as many as its pipeline can hold, one that is taken meanwhile, and those that its
        reader's line buffer takes before the first window of a frame.
    gathers : bool
        Whether its window is every token of a frame.
    scanned : (int, int)
        Rows and columns that the line buffer walks, those of the padding included: a cycle each.
    """

    grids: tuple[Shape, ...]
    grid: Shape
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int]
    lanes: int
    groups: int
    synapses: int
    chunks: int
    depth: int
    gathers: bool
    scanned: tuple[int, int]

    @property
    def places(self) -> int:
        """Tokens of one time step."""
        return self.grid[1] * self.grid[2]

    @property
    def steps(self) -> int:
        """Cycles of one window."""
        return self.groups * self.chunks


def plans(config: SnnConfig) -> dict[str, Plan]:
    """The plan of every layer, by name."""
    found = {layer.name: _plan(layer, config.facts[layer.name]) for layer in config.layers}
    for name, readers in consumers(config).items():
        # While a reader works on the end of a frame, what it needs before its next frame's first window gathers here.
        ahead = [_last_taken(found[reader])[0] for reader in readers if not found[reader].gathers]
        if name != "input" and ahead:
            found[name] = found[name]._replace(depth=found[name].depth + max(ahead))
    return found


def _plan(layer: Layer, facts: Facts) -> Plan:
    kernel, stride, padding = (1, 1), (1, 1), (0, 0)
    if layer.kind in WINDOWED:
        kernel, stride, padding = layer.kernel, layer.stride, layer.padding
    lanes, synapses = facts.grid[0], 1
    if layer.kind in WEIGHTED:
        lanes, synapses = min(layer.omega, layer.channels), min(SYNAPSES * layer.kappa, facts.synapses)
    groups, chunks = rounds_of(layer, facts.synapses, layer.omega, layer.kappa)
    depth = -(-PIPELINE // (groups * chunks)) + 1
    return Plan(facts.grids, facts.grid, kernel, stride, padding, lanes, groups, synapses, chunks, depth,
                gathers(layer, facts.grids), facts.walk.scanned)  # fmt: skip


def ranges(config: SnnConfig) -> dict[str, Range]:
    """Least and greatest number that the input and every layer give."""
    return {"input": (0, config.highest_input), **{name: facts.values for name, facts in config.facts.items()}}


def bits_of(values: Range) -> tuple[int, bool]:
    """Wires of numbers of that range, and whether they have a sign."""
    low, high = values
    return (signed_width(low, high), True) if low < 0 else (max(1, high.bit_length()), False)


def consumers(config: SnnConfig) -> dict[str, list[str]]:
    """Readers of the input and of every layer; a layer that adds a source to itself reads it once."""
    found: dict[str, list[str]] = {"input": [], **{layer.name: [] for layer in config.layers}}
    for layer in config.layers:
        for source in dict.fromkeys(config.facts[layer.name].sources):
            found[source].append(layer.name)
    return found


def crosses(config: SnnConfig, source: str, layer: Layer) -> bool:
    """Whether what a layer reads from that source comes from another region; the input comes to where it is read."""
    regions = {other.name: other.region for other in config.layers}
    return regions.get(source, layer.region) != layer.region


def delays(config: SnnConfig) -> dict[str, int]:
    """Cycles that registers between regions add on the longest way from the input to each layer."""
    found = {"input": 0}
    for layer in config.layers:
        found[layer.name] = max(found[name] + CROSSING * crosses(config, name, layer)
                                for name in config.facts[layer.name].sources)  # fmt: skip
    return found


def beats(config: SnnConfig) -> int:
    """Tokens that come in for a frame."""
    return config.tokens * config.passes


def drain(config: SnnConfig) -> int:
    """Cycles after which nothing more comes out: every layer works on one frame after the other."""
    return sum(config.passes * (facts.cycles + sum(map(prod, (grid[1:] for grid in facts.grids)))) + 4 * PIPELINE + 8
               for facts in config.facts.values()) + sum(delays(config).values())  # fmt: skip


def slack(config: SnnConfig) -> dict[str, tuple[int, ...]]:
    """Of every ``add``, the tokens that wait at each of its sources while the others are on their way; at least 2.

    Along a chain of layers, the number of tokens that a layer must have taken before it gives its p-th is arithmetic:
    it needs all tokens up to the last real place of the p-th window. From the input, token p of a source is there when
    n(p) tokens of the input have come; while the slowest source waits for n of them, another one has given all q with
    n(q) <= n, of which p are used. Layers in between may hold some of these: what is found is enough. Where other
    sources pass more registers between regions, a token more for each cycle of that.
    """
    needed, late, found = needs(config), delays(config), {}
    for layer in config.layers:
        if layer.kind == "add":
            worst, each = needed[layer.name], []
            for source in config.facts[layer.name].sources:
                ahead = max(bisect_right(needed[source], n) - p for p, n in enumerate(worst))
                each.append(max(2, ahead + late[layer.name] - late[source] - CROSSING * crosses(config, source, layer)))
            found[layer.name] = tuple(each)
    return found


def needs(config: SnnConfig) -> dict[str, list[int]]:
    """For each token of the input and of every layer, how many tokens of the input must have come in this step."""
    found: dict[str, list[int]] = {"input": list(range(1, config.tokens + 1))}
    for layer in config.layers:
        plan = plans(config)[layer.name]
        of = [found[source] for source in config.facts[layer.name].sources]
        if layer.kind == "add":
            found[layer.name] = [max(row[-1] for row in of)] if plan.gathers else list(map(max, zip(*of, strict=True)))
        else:
            found[layer.name] = [of[0][at] for at in _last_taken(plan)]
    return found


def _last_taken(plan: Plan) -> list[int]:
    """For each token of a layer the last token of its source that it needs, or one before that it has to pass."""
    _, rows, columns = plan.grids[0]
    if plan.gathers:
        return [rows * columns - 1]
    (down, right), out = plan.kernel, []
    for place in range(plan.places):
        row = place // plan.grid[2] * plan.stride[0] - plan.padding[0] + down - 1
        column = place % plan.grid[2] * plan.stride[1] - plan.padding[1] + right - 1
        # Below the map everything has been taken; beside it the row has, before it the row above.
        out.append(rows * columns - 1 if row >= rows else max(0, row * columns + min(column, columns - 1)))
    return out
