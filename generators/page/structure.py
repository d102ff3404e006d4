"""What a unit consists of, read from its emitted Verilog: instances, memories, ports, and what feeds what.

Only the unit's own level is read. From an instance's outputs, wires are followed through the unit's own logic to the
next instances, and the registers on the way are counted: the fewest, where there are several ways. Wires of the
handshake (``valid`` and ``ready``) are not followed.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ...verif.artifact import Artifact
from ...verif.nets import elaborated

_REGISTER = re.compile(r"\$[as]?l?dff\w*")
_MEMORY = re.compile(r"\$mem(rd|wr|init)\w*")
_HANDSHAKE = re.compile(r".*(ready|valid)")
# With more than so many, those whose names differ in numbers alone are one node.
MOST_NODES, MOST_MEMORIES = 26, 4


@dataclass(frozen=True)
class Node:
    """A port, an instance, a memory, or several whose names differ in numbers alone.

    Parameters
    ----------
    kind : str
        ``in``, ``out``, ``block`` or ``memory``.
    note : str
        Its size, in a few words.
    count : int
        How many it stands for.
    """

    kind: Literal["in", "out", "block", "memory"]
    note: str
    count: int = 1


@dataclass(frozen=True)
class Structure:
    """What a unit consists of.

    Parameters
    ----------
    nodes : dict of str to Node
    edges : dict of (str, str) to int
        The fewest registers between a node and one that it feeds.
    registers, cells : int
        Bits of registers and cells of logic that are the unit's own, in no node.
    """

    nodes: dict[str, Node]
    edges: dict[tuple[str, str], int]
    registers: int
    cells: int


def read_structure(artifact: Artifact) -> Structure:
    """The structure of the unit's own level.

    Raises
    ------
    ToolMissing, ToolFailed
        If Yosys is not there, or cannot read the file.
    """
    return _Unit(elaborated(artifact, "proc -norom"), artifact).structure()


class _Unit:
    """The unit's module as a graph of cells."""

    def __init__(self, modules: dict[str, Any], artifact: Artifact):
        self.modules, self.top = modules, modules[artifact.module]
        silent = {artifact.clock, *(c["port"] for c in artifact.manifest.get("clocks", []))}
        silent |= {artifact.reset["port"]} if artifact.reset else set()
        silent |= {port for stream in artifact.streams for port in (stream.valid, stream.ready) if port}
        self.ports = {name: port for name, port in self.top["ports"].items() if name not in silent}
        self.takers: dict[int, list[str]] = {}  # bit -> names of cells and ports that it enters
        self.nodes: dict[str, Node] = {}
        self.of: dict[str, str] = {}  # cell or port -> its node
        sizes: dict[str, list[int]] = {}
        instances = [name for name, cell in self.top["cells"].items() if cell["type"] in modules]
        merged = len(instances) + len(self.ports) > MOST_NODES
        for name, cell in self.top["cells"].items():
            if cell["type"] in modules:
                node = _family(name) if merged else name
                sizes.setdefault(node, []).append(self._cells(cell["type"]))
            elif _MEMORY.fullmatch(cell["type"]):
                node = self._memory(cell["parameters"]["MEMID"].lstrip("\\"))
            else:
                node = ""
            self.of[name] = node
            for port, bits in cell["connections"].items():
                if cell["port_directions"][port] == "input":
                    self._enter(name, bits)
        for node, cells in sizes.items():
            few, many = min(cells), max(cells)
            size = f"{few} to {many} cells" if few < many else f"{few} cell{'s' * (few != 1)}"
            self.nodes[node] = Node("block", size, len(cells))
        self._memories()
        for name, port in self.ports.items():
            kind = "in" if port["direction"] == "input" else "out"
            self.nodes[name], self.of[name] = Node(kind, _bits(len(port["bits"]))), name
            if kind == "out":
                self._enter(name, port["bits"])

    def _enter(self, name: str, bits: Iterable[Any]) -> None:
        for bit in bits:
            if isinstance(bit, int):
                self.takers.setdefault(bit, []).append(name)

    def _memory(self, name: str) -> str:
        """The node of a memory."""
        node = f"memory {name}"
        return _family(node) if len(self.top["memories"]) > MOST_MEMORIES else node

    def _memories(self) -> None:
        """Nodes of memories: how many each stands for, and the size of the largest."""
        found: dict[str, list[tuple[int, int]]] = {}
        for name, memory in self.top.get("memories", {}).items():
            found.setdefault(self._memory(name), []).append((memory["size"], memory["width"]))
        for node, sizes in found.items():
            depth, width = max(sizes)
            self.nodes[node] = Node("memory", f"{depth} x {width} bits", len(sizes))

    def _cells(self, module: str) -> int:
        """Cells of a module as elaborated, with those of its instances."""
        types = Counter(cell["type"] for cell in self.modules[module]["cells"].values())
        return sum(n * (self._cells(kind) if kind in self.modules else 1) for kind, n in types.items())

    def structure(self) -> Structure:
        """The graph of nodes."""
        edges: dict[tuple[str, str], int] = {}
        for name, port in self.ports.items():
            if port["direction"] == "input":
                self._follow(name, port["bits"], edges)
        for name, cell in self.top["cells"].items():
            if self.of[name]:
                outputs = (port for port, way in cell["port_directions"].items() if way == "output")
                bits = [b for port in outputs if not _HANDSHAKE.fullmatch(port) for b in cell["connections"][port]]
                self._follow(self.of[name], bits, edges)
        own = [cell for name, cell in self.top["cells"].items() if not self.of[name]]
        registers = [cell for cell in own if _REGISTER.fullmatch(cell["type"])]
        bits = sum(len(cell["connections"]["Q"]) for cell in registers)
        return Structure(self.nodes, edges, bits, len(own) - len(registers))

    def _follow(self, source: str, bits: Iterable[Any], edges: dict[tuple[str, str], int]) -> None:
        """Adds what these bits reach: a search by the fewest registers."""
        best: dict[str, int] = {}
        waiting = deque((taker, 0) for bit in bits for taker in self.takers.get(bit, ()))
        while waiting:
            name, registers = waiting.popleft()
            if best.get(name, registers + 1) <= registers:
                continue
            best[name] = registers
            if node := self.of[name]:
                if node != source:
                    edges[source, node] = min(edges.get((source, node), registers), registers)
                continue
            cell = self.top["cells"][name]
            later = _REGISTER.fullmatch(cell["type"]) is not None
            for port, way in cell["port_directions"].items():
                for bit in cell["connections"][port] if way == "output" else ():
                    for taker in self.takers.get(bit, ()):
                        # Those without a register in between come first.
                        (waiting.append if later else waiting.appendleft)((taker, registers + later))


def _family(name: str) -> str:
    """The name without the numbers of its parts, but for those of formats: ``lane*_unpack_bf16``."""
    return re.sub(r"(?<![a-z\d])(?!(?:bf|fp|u?int)\d)([a-z]+)\d+(?![a-z\d])", r"\1*", name)


def _bits(count: int) -> str:
    return "1 bit" if count == 1 else f"{count} bits"
