"""From NIR graphs to networks of real numbers. The file's content is not trusted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...golden.snn.real import RealLayer, RealNetwork
from ...hw.config import ConfigError
from ...hw.snn.config import MAX_LAYERS
from .graph import Node, network_of
from .names import MAX_NUMBERS, readable
from .semantics import SEMANTICS, neuron

NEAREST = {
    "Conv1d": "Conv2d with a kernel of one row", "I": "IF", "LI": "LIF, or an Affine that nothing follows",
    "CubaLI": "CubaLIF", "Scale": "Affine or Conv2d with the scale in its weights", "Delay": "an edge without delay",
    "Threshold": "IF with v_reset 0", "NIRGraph": "its nodes in the graph itself",
}  # fmt: skip
"""What to use in place of a node that is not supported."""
NEURONS = ("IF", "LIF", "CubaLIF")


def read_nir(path: str | Path, semantics: str = "nir", dt: float | None = None) -> RealNetwork:
    """The network of a NIR file.

    Parameters
    ----------
    path : path
    semantics : str
        Whose rules the neurons follow (:mod:`.semantics`); files do not say by what tool they were made.
    dt : float or None
        Seconds of a time step; by default the tool's.

    Raises
    ------
    ConfigError
        If the file is none, is too large, or holds what is not supported; one sentence that names the node.
    """
    import h5py
    import nir

    found = readable(path)
    try:
        with h5py.File(found, "r") as file:
            _bearable(file, str(path))
        graph = nir.read(found, type_check=False)
    except ConfigError:
        raise
    # The reader answers a damaged file with whatever it stumbles over.
    except Exception as error:
        raise ConfigError(f"model file must be a NIR graph, not {str(path)!r} ({error})") from None
    return from_nir(graph, semantics, dt, name=found.stem)


def from_nir(graph: Any, semantics: str = "nir", dt: float | None = None, name: str = "network") -> RealNetwork:
    """The network of a ``nir.NIRGraph``; as :func:`read_nir`."""
    usual = SEMANTICS.get(semantics)
    nodes, edges = _flat(graph, "")
    if len(nodes) > MAX_LAYERS:
        raise ConfigError(f"graph must have at most {MAX_LAYERS} nodes, not {len(nodes)}")
    ends = {kind: [key for key, node in nodes.items() if type(node).__name__ == kind] for kind in ("Input", "Output")}
    for kind, keys in ends.items():
        if len(keys) != 1:
            raise ConfigError(f"graph must have one node {kind}, not {len(keys)}")
    doors = {*ends["Input"], *ends["Output"]}
    made = {key: _node(key, node, semantics, dt) for key, node in nodes.items() if key not in doors}
    shape = tuple(int(n) for n in np.ravel(nodes[ends["Input"][0]].input_type["input"]))
    facts = {"semantics": semantics, "step_seconds": dt if dt is not None else usual}
    if not any(type(node).__name__ in ("LIF", "CubaLIF") for node in nodes.values()):
        facts["step_seconds"] = None
    return network_of(name, shape, made, edges, ends["Input"][0], ends["Output"][0], facts)


def _node(key: str, node: Any, semantics: str, dt: float | None) -> Node:
    kind = type(node).__name__
    if kind in NEURONS:
        return Node(key, kind, neuron=neuron(key, node, semantics, dt))
    match kind:
        case "Affine" | "Linear":
            weight = _tensor(key, "weight", node.weight)
            if weight.dim() != 2:
                raise ConfigError(f"weight of node {key} ({kind}) must be a matrix, not of shape {tuple(weight.shape)}")
            bias = _tensor(key, "bias", node.bias) if kind == "Affine" else None
            return Node(key, kind, RealLayer(key, "dense", (), weight, bias))
        case "Conv2d":
            if any(np.ravel(node.dilation) != 1):
                raise ConfigError(f"node {key} (Conv2d) must have dilation 1, not {np.ravel(node.dilation).tolist()}")
            weight, kernel = _tensor(key, "weight", node.weight), _pair(node.weight.shape[2:])
            padding = {"valid": 0, "same": [k // 2 for k in kernel]}.get(node.padding) \
                if isinstance(node.padding, str) else node.padding  # fmt: skip
            if isinstance(node.padding, str) and (padding is None or any(k % 2 == 0 for k in kernel)):
                raise ConfigError(f"node {key} (Conv2d) must have padding in numbers, not {node.padding!r} with kernel "
                                  f"{kernel}")  # fmt: skip
            return Node(key, kind, RealLayer(
                key, "conv2d", (), weight, _tensor(key, "bias", node.bias), None, kernel, _pair(node.stride),
                _pair(padding), int(node.groups),
            ))  # fmt: skip
        case "SumPool2d" | "AvgPool2d":
            pool = "sum_pool" if kind == "SumPool2d" else "average_pool"
            return Node(key, kind, RealLayer(key, pool, (), kernel=_pair(node.kernel_size), stride=_pair(node.stride),
                                             padding=_pair(node.padding)))  # fmt: skip
        case "Flatten":
            given = node.output_type["output"]
            # A file that does not say the shape may count the batch as dimension 0.
            dims = int(node.start_dim), int(node.end_dim)
            if len(given) != 1 if given is not None else dims not in ((0, -1), (1, -1)):
                raise ConfigError(f"node {key} (Flatten) must flatten all dimensions, not {node.start_dim} to "
                                  f"{node.end_dim}")  # fmt: skip
            return Node(key, kind, RealLayer(key, "flatten", ()))
    near = NEAREST.get(kind, f"one of {', '.join([*NEURONS, 'Affine, Linear, Conv2d, SumPool2d, AvgPool2d, Flatten'])}")
    raise ConfigError(f"node {key} ({kind}) is not supported, as no layer computes it; nearest: {near}")


def _flat(graph: Any, prefix: str, depth: int = 0) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Nodes and edges with those of graphs inside; their inputs and outputs are passed through."""
    if depth > 4:
        raise ConfigError("graphs must be nested at most 4 deep, not more")
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    inside: dict[str, tuple[str, str]] = {}
    for key, node in graph.nodes.items():
        if type(node).__name__ != "NIRGraph":
            nodes[prefix + key] = node
            continue
        below, links = _flat(node, f"{prefix}{key}.", depth + 1)
        doors = [[k for k, n in below.items() if type(n).__name__ == kind and k.startswith(f"{prefix}{key}.")]
                 for kind in ("Input", "Output")]  # fmt: skip
        if [len(d) for d in doors] != [1, 1]:
            raise ConfigError(f"node {prefix}{key} (NIRGraph) must have one node Input and one Output")
        inside[prefix + key] = doors[0][0], doors[1][0]
        nodes |= below
        edges += links
    for a, b in {(prefix + str(a), prefix + str(b)): None for a, b in graph.edges}:
        edges.append((inside[a][1] if a in inside else a, inside[b][0] if b in inside else b))
    for door in {door for pair in inside.values() for door in pair}:
        into, out = [a for a, b in edges if b == door], [b for a, b in edges if a == door]
        edges = [edge for edge in edges if door not in edge] + [(a, b) for a in into for b in out]
        del nodes[door]
    return nodes, edges


def _bearable(file: Any, path: str) -> None:
    """Refuses files of absurd size before a tensor is read, and links and storage outside the file."""
    import h5py

    count = 0

    def walk(group: Any, depth: int) -> Iterator[Any]:
        if depth > 16:
            raise ConfigError(f"model file must be nested at most 16 deep, not more ({path})")
        for key in group:
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise ConfigError(f"model file must hold what it names, not link to it: {key!r} ({path})")
            item = group[key]
            yield item
            if isinstance(item, h5py.Group):
                yield from walk(item, depth + 1)

    for fields, item in enumerate(walk(file, 0), 1):
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise ConfigError(f"model file must hold its numbers, not name other files ({path})")
            count += int(item.size or 0)
        if count > MAX_NUMBERS or fields > 64 * MAX_LAYERS:
            raise ConfigError(f"model must have at most {MAX_NUMBERS} numbers in {64 * MAX_LAYERS} fields, not more "
                              f"({path})")  # fmt: skip


def _tensor(key: str, what: str, value: Any) -> Tensor:
    array = np.asarray(value, np.float64)
    if not np.isfinite(array).all():
        raise ConfigError(f"{what} of node {key} must be finite, not {array[~np.isfinite(array)][0]}")
    return torch.from_numpy(array.copy())


def _pair(value: Any) -> tuple[int, int]:
    flat = [int(n) for n in np.ravel(value)]
    return (flat[0], flat[-1])
