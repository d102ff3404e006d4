"""The nets of an emitted file: every named bit once, with the instance that drives it.

A wire that runs through ports and assignments has many names and is one net. Its driver is a register, logic, or an
input port of the unit; it belongs to the module instance in which the driver lies.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from . import tools
from .artifact import Artifact

INPUTS = "inputs"
TOP = "top"
WORD = 64

# Cells of Yosys that keep a state; memories are counted by what is read and written, not by toggles.
_REGISTER = re.compile(r"\$(_?)[as]?l?dff\w*|\$dlatch\w*|\$adlatch\w*|\$sr|\$ff")

_WORD = re.compile(r"(\w+)\[(\d+)\]")

InstancePath = tuple[str, ...]  # names of instances below the unit
Bit = tuple[InstancePath, Any]  # a bit's id in an instance; constants are bits of the unit


@dataclass(frozen=True)
class Port:
    """A port of the unit's module."""

    name: str
    direction: str
    width: int


@dataclass(frozen=True)
class Segment:
    """Adjacent bits of one signal.

    Parameters
    ----------
    signal : str
        Hierarchical Verilog reference below the unit, e.g. ``product.p``.
    first, last : int or None
        Verilog indices, in the direction of the signal's declaration; None for a signal of one bit.
    """

    signal: str
    first: int | None
    last: int | None

    @property
    def width(self) -> int:
        return 1 if self.first is None or self.last is None else abs(self.first - self.last) + 1

    @property
    def reference(self) -> str:
        """Verilog, e.g. ``product.p[7:4]``."""
        if self.first is None:
            return self.signal
        return f"{self.signal}[{self.first}]" if self.width == 1 else f"{self.signal}[{self.first}:{self.last}]"

    def pieces(self, limit: int) -> Iterator[Segment]:
        """The same bits in segments of at most that width."""
        if self.first is None or self.last is None or self.width <= limit:
            yield self
            return
        step = 1 if self.last > self.first else -1
        for start in range(0, self.width, limit):
            end = min(start + limit, self.width) - 1
            yield Segment(self.signal, self.first + step * start, self.first + step * end)


@dataclass(frozen=True)
class NetGroup:
    """All nets that one module instance drives, of one sort.

    Parameters
    ----------
    name : str
        Path of the instance below the unit, ``top`` for the unit itself, ``inputs`` for what its ports bring in.
    register : bool
        Whether flip-flops drive them.
    segments : tuple of Segment
        Where they can be seen.
    """

    name: str
    register: bool
    segments: tuple[Segment, ...]

    @property
    def bits(self) -> int:
        return sum(segment.width for segment in self.segments)


@dataclass(frozen=True)
class Nets:
    """A unit's ports, in order, and its nets by driver."""

    ports: tuple[Port, ...]
    groups: tuple[NetGroup, ...]

    def probe(self, module: str, top: str, port: str) -> tuple[str, list[int]]:
        """A module ``top`` around the unit with its ports and one more, an array of words that shows all nets.

        Returns
        -------
        str
            SystemVerilog.
        list of int
            The number of words up to the end of each group: no word holds nets of two.
        """
        lines = [f"module {top}("]
        for p in self.ports:
            lines.append(f"  {p.direction} {f'[{p.width - 1}:0] ' if p.width > 1 else ''}{p.name},")
        groups = [_words(group.segments) for group in self.groups]
        ends = list(accumulate(map(len, groups)))
        lines.append(f"  output [{WORD - 1}:0] {port} [0:{ends[-1] - 1}]\n);")
        lines.append(f"  {module} {port}_unit({', '.join(f'.{p.name}({p.name})' for p in self.ports)});")
        for number, word in enumerate(word for group in groups for word in group):
            shown = ", ".join(f"{port}_unit.{segment.reference}" for segment in word)
            lines.append(f"  assign {port}[{number}] = {{{shown}}};")
        return "\n".join([*lines, "endmodule"]) + "\n", ends


def elaborated(artifact: Artifact, proc: str = "proc") -> dict[str, Any]:
    """Modules of the emitted file in Yosys' JSON, as elaborated and before any optimisation.

    Raises
    ------
    ToolMissing, ToolFailed
        If Yosys is not there, or cannot read the file.
    """
    with tempfile.TemporaryDirectory(prefix="nervure-nets-") as folder:
        (Path(folder) / "design.v").write_bytes(artifact.verilog.read_bytes())
        script = f"read_verilog design.v\nhierarchy -check -top {artifact.module}\n{proc}\nwrite_json net.json"
        tools.yosys(script, cwd=Path(folder))
        return json.loads((Path(folder) / "net.json").read_text())["modules"]


def read_nets(artifact: Artifact) -> Nets:
    """Ports and nets of the emitted file, as elaborated and before any optimisation; without clock and reset nets.

    Raises
    ------
    ToolMissing, ToolFailed
        If Yosys is not there, or cannot read the file.
    """
    modules = elaborated(artifact)
    ports = tuple(
        Port(name, port["direction"], len(port["bits"])) for name, port in modules[artifact.module]["ports"].items()
    )
    silent = {artifact.clock} | ({artifact.reset["port"]} if artifact.reset else set())
    escaped = set(re.findall(r"\\(\S+) ", artifact.verilog.read_text()))
    groups = _Design(modules, artifact.module, escaped).groups(silent)
    return Nets(ports, tuple(groups))


class _Design:
    """Nets as sets of equal bits over all instances (union-find), each with its driver."""

    def __init__(self, modules: dict[str, Any], top: str, escaped: set[str]):
        self.modules = modules
        self.top = top
        self.escaped = escaped  # names that the file itself escapes
        self.parent: dict[Bit, Bit] = {}
        self.driver: dict[Bit, tuple[str, bool]] = {}  # representative -> (group name, is a register)
        self.instances = list(self._walk((), top))
        drivers: list[tuple[Bit, str, bool]] = []
        for path, module in self.instances:
            for name, cell in module["cells"].items():
                if cell["type"] in modules:
                    self._connect(path, name, cell)
                    continue
                register = _REGISTER.fullmatch(cell["type"]) is not None
                for port, bits in cell["connections"].items():
                    if cell["port_directions"].get(port) == "output":
                        drivers += [(self._bit(path, bit), _group(path), register) for bit in bits]
        for port in modules[top]["ports"].values():
            if port["direction"] == "input":
                drivers += [(self._bit((), bit), INPUTS, False) for bit in port["bits"]]
        for bit, group, register in drivers:
            self.driver[self._find(bit)] = (group, register)

    def groups(self, silent: set[str]) -> list[NetGroup]:
        """Every driven, named net once, seen by a name in its driver's own instance where there is one."""
        ports = self.modules[self.top]["ports"]
        seen = {self._find(self._bit((), bit)) for port in silent for bit in ports[port]["bits"]}
        seen |= {self._find(((), value)) for value in "01xz"}
        found: dict[tuple[str, bool], list[Segment]] = {}
        for own in (True, False):
            for path, module in self.instances:
                for name, net in module["netnames"].items():
                    if net["hide_name"]:
                        continue
                    self._see(path, name, net, own, seen, found)
        return [NetGroup(name, register, tuple(segments)) for (name, register), segments in found.items()]

    def _see(self, path: InstancePath, name: str, net: dict[str, Any], own: bool, seen: set[Bit],
             found: dict[tuple[str, bool], list[Segment]]) -> None:  # fmt: skip
        # Escaped identifiers: a later Verilog's keyword may be a plain name here.
        signal = ".".join(f"\\{part} " for part in (*path, name))
        if (word := _WORD.fullmatch(name)) and name not in self.escaped:
            # A word of a memory that Yosys has taken for a register.
            signal = ".".join(f"\\{part} " for part in (*path, word[1])) + f"[{word[2]}]"
        width, offset = len(net["bits"]), net.get("offset", 0)
        chosen: list[tuple[tuple[str, bool], int]] = []  # driver and position of each bit that is new here
        for position, bit in enumerate(net["bits"]):
            net_bit = self._find(self._bit(path, bit))
            driver = self.driver.get(net_bit)
            if net_bit not in seen and driver is not None and (not own or driver[0] in (_group(path), INPUTS)):
                seen.add(net_bit)
                chosen.append((driver, position))
        while chosen:
            driver, low = chosen[0]
            # Neighbouring bits of the same driver are seen together.
            run = next((k for k, entry in enumerate(chosen) if entry != (driver, low + k)), len(chosen))
            high = low + run - 1
            del chosen[:run]
            if width == 1:
                segment = Segment(signal, None, None)
            elif net.get("upto"):
                segment = Segment(signal, offset + width - 1 - high, offset + width - 1 - low)
            else:
                segment = Segment(signal, offset + high, offset + low)
            found.setdefault(driver, []).append(segment)

    def _walk(self, path: InstancePath, name: str) -> Iterator[tuple[InstancePath, dict[str, Any]]]:
        module = self.modules[name]
        yield path, module
        for cell_name, cell in module["cells"].items():
            if cell["type"] in self.modules:
                yield from self._walk((*path, cell_name), cell["type"])

    def _connect(self, path: InstancePath, name: str, cell: dict[str, Any]) -> None:
        inside = (*path, name)
        ports = self.modules[cell["type"]]["ports"]
        for port, bits in cell["connections"].items():
            for inner, outer in zip(ports[port]["bits"], bits, strict=False):
                self.parent[self._find(self._bit(inside, inner))] = self._find(self._bit(path, outer))

    @staticmethod
    def _bit(path: InstancePath, bit: int | str) -> Bit:
        return (path, bit) if isinstance(bit, int) else ((), bit)

    def _find(self, bit: Bit) -> Bit:
        root = bit
        while (above := self.parent.get(root, root)) != root:
            root = above
        while bit != root:
            self.parent[bit], bit = root, self.parent.get(bit, bit)
        return root


def _words(segments: tuple[Segment, ...]) -> list[list[Segment]]:
    """Segments in words; a wider one is cut."""
    words: list[list[Segment]] = [[]]
    room = WORD
    for segment in (piece for whole in segments for piece in whole.pieces(WORD)):
        if segment.width > room:
            words.append([])
            room = WORD
        words[-1].append(segment)
        room -= segment.width
    return words


def _group(path: InstancePath) -> str:
    return ".".join(path) or TOP
