"""What a liberty file says of energy: capacitances, internal power tables and leakage of the cells that are asked for.

Energies of tables are in the library's capacitance unit times V^2, as liberty has it. All results are in SI units.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from .liberty import Liberty

_TOKEN = re.compile(r'"[^"]*"|/\*.*?\*/|[\w.+\-*!&|^\'\[\]]+|[(){};:,]', re.DOTALL)
_CELLS = re.compile(r'\bcell\s*\(\s*"?([^"\s)]+)"?\s*\)\s*\{')
_GATES = re.compile(r'\bcell\s*\(\s*"?([^"\s)]+)"?\s*\)|clock_gating_integrated_cell\s*:\s*"?(\w+)')
_UNITS = {"f": 1e-15, "p": 1e-12, "n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0}


@dataclass
class Group:
    """A group of a liberty file: its kind, arguments, simple attributes, and the groups in it."""

    kind: str
    arguments: list[str]
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    def of(self, kind: str) -> list[Group]:
        """The groups in it that are of a kind."""
        return [group for group in self.groups if group.kind == kind]


@dataclass(frozen=True)
class Table:
    """Energy of one edge, by the input's slew (s) and the output's load (F), between the points given, in J."""

    slews: np.ndarray
    loads: np.ndarray
    energies: np.ndarray

    def at(self, slew: float, load: float) -> float:
        """The energy, linear between points; beyond the table's ends what the end says."""
        by_load = [np.interp(load, self.loads, row) for row in self.energies]
        return float(np.interp(slew, self.slews, by_load))


@dataclass(frozen=True)
class Pin:
    """A pin: its direction, its load (F), and the tables of its own internal power, an arc an entry.

    An arc is a related pin and a condition; each has the tables of both edges, all supplies' in one list.
    """

    name: str
    direction: str
    capacitance: float
    clock: bool
    arcs: tuple[tuple[tuple[Table, ...], tuple[Table, ...]], ...]

    def toggle(self, slew: float, load: float = 0.0) -> float:
        """Internal energy of a toggle, J: the mean of both edges and of all arcs."""
        if not self.arcs:
            return 0.0
        both = [sum(table.at(slew, load) for edge in arc for table in edge) / 2 for arc in self.arcs]
        return sum(both) / len(both)


@dataclass(frozen=True)
class CellPower:
    """A cell: supply (V), leakage (W, mean of its states), area, pins; of a clock gate which pins do what."""

    name: str
    volts: float
    leakage: float
    area: float
    pins: dict[str, Pin]
    gate: dict[str, str]


def read_cells(libraries: list[Liberty], names: Iterable[str]) -> dict[str, CellPower]:
    """Energy of the cells of these names.

    Raises
    ------
    ValueError
        If a cell is in none of the libraries, or a library lacks its units.
    """
    found, wanted = {}, set(names)
    for library in libraries:
        starts = {m[1]: m for m in _CELLS.finditer(library.text)}
        if not wanted & set(starts):
            continue
        head = library.text[: min(m.start() for m in starts.values())]
        units = _units(head, str(library.path))
        for name in wanted & set(starts):
            match = starts[name]
            found[name] = _cell(_parse(_TOKEN.findall(_body(library.text, match.end()))), name, units)
    if missing := sorted(wanted - set(found)):
        raise ValueError(f"liberty must have the cell {missing[0]}, and no file has")
    return found


def clock_gate(libraries: list[Liberty]) -> CellPower | None:
    """The smallest clock gate for rising edges of the libraries, if there is one."""
    found = []
    for library in libraries:
        kinds = _GATES.findall(library.text)
        names = [before for (before, _), (_, kind) in pairwise(kinds) if before and "posedge" in kind]
        found += read_cells([library], names).values()
    return min((cell for cell in found if "enable" in cell.gate), key=lambda cell: cell.area, default=None)


def _body(text: str, start: int) -> str:
    """The text up to the brace that closes the one before ``start``."""
    depth = 1
    for brace in re.compile("[{}]").finditer(text, start):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            return text[start : brace.start()]
    return text[start:]


def _parse(tokens: list[str]) -> Group:
    """The attributes and groups of a body."""
    top = Group("cell", [])
    stack, at = [top], 0
    tokens = [token for token in tokens if not token.startswith("/*")]
    while at < len(tokens):
        token = tokens[at]
        if token == "}":
            stack.pop()
            at += 1
        elif at + 1 < len(tokens) and tokens[at + 1] == ":":
            # Some files leave the semicolon out: then the value is over where another attribute or group begins.
            end = next(k for k in range(at + 3, len(tokens)) if tokens[k] in ";}" or tokens[k + 1] in ":(")
            stack[-1].values[token] = " ".join(tokens[at + 2 : end]).strip('"')
            at = end + (tokens[end] == ";")
        elif at + 1 < len(tokens) and tokens[at + 1] == "(":
            end = next(k for k in range(at + 2, len(tokens)) if tokens[k] == ")")
            arguments = [word.strip('"') for word in tokens[at + 2 : end] if word != ","]
            at = end + 1
            if at < len(tokens) and tokens[at] == "{":
                group = Group(token, arguments)
                stack[-1].groups.append(group)
                stack.append(group)
                at += 1
            else:
                stack[-1].lists[token] = arguments
        else:
            at += 1
    return top


def _units(head: str, path: str) -> dict[str, float]:
    """Factors to SI of a library's head, and its supply."""
    load = re.search(r"capacitive_load_unit\s*\(\s*([\d.]+)\s*,\s*\"?([fpn])f\"?\s*\)", head, re.I)
    time = re.search(r'time_unit\s*:\s*"?([\d.]+)\s*([fpnu])s', head)
    leak = re.search(r'leakage_power_unit\s*:\s*"?([\d.]+)\s*([fpnum]?)W', head)
    volts = re.search(r"nom_voltage\s*:\s*\"?([\d.]+)", head) or re.search(r"\bvoltage\s*:\s*\"?([\d.]+)", head)
    if load is None or time is None or leak is None or volts is None:
        raise ValueError(f"liberty must state its units of load, time and leakage and its voltage, and {path} does not")
    return {"load": float(load[1]) * _UNITS[load[2].lower()], "time": float(time[1]) * _UNITS[time[2]],
            "leak": float(leak[1]) * _UNITS[leak[2]], "volts": float(volts[1])}  # fmt: skip


def _numbers(words: list[str]) -> np.ndarray:
    return np.array([float(v) for word in words for v in re.split(r"[,\s\\]+", word) if v])


def _table(group: Group, units: dict[str, float]) -> Table:
    """A power table of an input (slews alone) or an output (slews, loads)."""
    slews = _numbers(group.lists["index_1"]) * units["time"] if "index_1" in group.lists else np.zeros(1)
    loads = _numbers(group.lists["index_2"]) * units["load"] if "index_2" in group.lists else np.zeros(1)
    energies = _numbers(group.lists["values"]).reshape(len(slews), len(loads))
    return Table(slews, loads, energies * units["load"])


def _cell(group: Group, name: str, units: dict[str, float]) -> CellPower:
    leaks: dict[str, float] = {}
    for leak in group.of("leakage_power"):
        when = leak.values.get("when", "")
        leaks[when] = leaks.get(when, 0.0) + float(leak.values["value"])
    states = [value for when, value in leaks.items() if when] or list(leaks.values())
    told = group.values.get("cell_leakage_power")
    leakage = float(told) if told is not None else sum(states) / max(1, len(states))
    pins = {pin.arguments[0]: _pin(pin, units) for pin in group.of("pin")}
    roles = {key: pin.arguments[0] for pin in group.of("pin") for key in ("clock", "enable", "test", "out")
             if pin.values.get(f"clock_gate_{key}_pin") == "true"}  # fmt: skip
    return CellPower(name, units["volts"], leakage * units["leak"], float(group.values.get("area", 0)), pins, roles)


def _pin(group: Group, units: dict[str, float]) -> Pin:
    # Tables of several supplies belong to one arc.
    arcs: dict[tuple[str, ...], tuple[list[Table], list[Table]]] = {}
    for power in group.of("internal_power"):
        key = tuple(power.values.get(word, "") for word in ("related_pin", "when"))
        rise, fall = arcs.setdefault(key, ([], []))
        both = [_table(table, units) for table in power.of("power")]
        rise += both + [_table(table, units) for table in power.of("rise_power")]
        fall += both + [_table(table, units) for table in power.of("fall_power")]
    values: dict[str, Any] = group.values
    return Pin(group.arguments[0], values.get("direction", ""), float(values.get("capacitance", 0)) * units["load"],
               values.get("clock") == "true" or values.get("clock_gate_clock_pin") == "true",
               tuple((tuple(rise), tuple(fall)) for rise, fall in arcs.values()))  # fmt: skip
