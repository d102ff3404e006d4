"""From nodes and edges to layers in order: sums, neurons, recurrent edges put where layers have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...golden.snn.real import RealLayer, RealNetwork, RealNeuron
from ...hw.config import ConfigError
from .names import Names


@dataclass(frozen=True)
class Node:
    """A node of a graph: a layer without neurons, or neurons."""

    key: str
    kind: str
    layer: RealLayer | None = None
    neuron: RealNeuron | None = None


def network_of(name: str, input_shape: tuple[int, ...], nodes: Mapping[str, Node], edges: Sequence[tuple[str, str]],
               first: str, last: str, facts: dict[str, Any]) -> RealNetwork:  # fmt: skip
    """The network of a graph whose edges lead from ``first`` to ``last``; several edges into a node add up.

    Neurons join the layer before them where that leads nowhere else. A dense layer from neurons back to themselves
    becomes the recurrent weights of the dense layer before them.

    Raises
    ------
    ConfigError
        If an edge names no node, a node is not on a way from input to output, or a cycle is no recurrent edge.
    """
    known = {*nodes, first, last}
    for edge in edges:
        if bad := [key for key in edge if key not in known]:
            raise ConfigError(f"edge {edge[0]} to {edge[1]} must join nodes of the graph, not {bad[0]}")
    into = {key: [a for a, b in edges if b == key] for key in known}
    out = {key: [b for a, b in edges if a == key] for key in known}
    back = _recurrent(nodes, into, out)
    for dense, neurons in back.items():
        into[neurons].remove(dense)
        out[neurons].remove(dense)
    order = _ordered(nodes, into, out, first, skip=set(back))
    names, called, layers = Names(), {first: "input"}, {}
    for key in order:
        node = nodes[key]
        if not into[key]:
            raise ConfigError(f"node {key} ({node.kind}) must have an edge into it")
        sources = [called[source] for source in into[key]]
        if len(sources) > 1 and not (node.layer is None and len(sources) == 1):
            made = names.of(f"{key}_sum", "add")
            layers[made] = RealLayer(made, "add", tuple(sources))
            sources = [made]
        if node.neuron is None:
            made = names.of(key, node.kind)
            assert node.layer is not None
            layers[made] = replace(node.layer, name=made, sources=(sources[0],))
        else:
            made = sources[0]
            before = into[key][0]
            alone = len(into[key]) > 1 or (made != "input" and out[before] == [key] and layers[made].neuron is None)
            if not alone:
                made = names.of(key, node.kind)
                layers[made] = RealLayer(made, "add", (sources[0],))
            layers[made] = layers[made].with_neuron(node.neuron)
            for dense in (d for d, neurons in back.items() if neurons == key):
                layers[made] = _returning(layers[made], nodes[dense])
        called[key] = made
    if len(into[last]) != 1:
        raise ConfigError(f"output must have one edge into it, not {len(into[last])}")
    final = called[into[last][0]]
    if unused := [key for key in order if not out[key]]:
        raise ConfigError(f"node {unused[0]} ({nodes[unused[0]].kind}) must lead to the output")
    # The layer that comes out stands last.
    rows = [layer for made, layer in layers.items() if made != final] + [layers[final]]
    return RealNetwork(name, input_shape, tuple(rows), facts)


def _recurrent(nodes: Mapping[str, Node], into: Mapping[str, list[str]],
               out: Mapping[str, list[str]]) -> dict[str, str]:  # fmt: skip
    """Dense nodes that lead from neurons straight back to the same ones, and these."""
    return {
        key: into[key][0] for key, node in nodes.items()
        if node.layer is not None and node.layer.kind == "dense" and len(into[key]) == 1 and out[key] == into[key]
        and into[key][0] in nodes and nodes[into[key][0]].neuron is not None
    }  # fmt: skip


def _returning(layer: RealLayer, dense: Node) -> RealLayer:
    """The dense layer with weights from its neurons back to them."""
    assert dense.layer is not None and dense.layer.weight is not None
    weight, bias = dense.layer.weight, dense.layer.bias
    if layer.kind != "dense" or layer.weight is None or weight.shape != (len(layer.weight),) * 2:
        raise ConfigError(f"node {dense.key} ({dense.kind}) must lead back to as many neurons behind an Affine or "
                          f"Linear, not {tuple(weight.shape)} behind {layer.name} ({layer.kind})")  # fmt: skip
    if bias is not None:
        bias = bias if layer.bias is None else bias + layer.bias
    return replace(layer, kind="recurrent", recurrent=weight, bias=layer.bias if bias is None else bias)


def _ordered(nodes: Mapping[str, Node], into: Mapping[str, list[str]], out: Mapping[str, list[str]], first: str,
             skip: set[str]) -> list[str]:  # fmt: skip
    """Nodes, each after those that lead to it."""
    waiting = {key: len(into[key]) for key in nodes if key not in skip}
    ready, order = [first, *(key for key, count in waiting.items() if not count)], []
    while ready:
        key = ready.pop(0)
        if key != first:
            order.append(key)
        for after in out[key]:
            if after in waiting:
                waiting[after] -= 1
                if not waiting[after]:
                    ready.append(after)
    if len(order) < len(waiting):
        rest = sorted(key for key in waiting if key not in order)
        raise ConfigError(f"graph must have no cycle but an Affine or Linear from neurons back to themselves, not "
                          f"through {', '.join(rest[:4])}")  # fmt: skip
    return order
