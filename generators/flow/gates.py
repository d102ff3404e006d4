"""A unit as a netlist of a library's cells that can be simulated: same ports, same manifest, every net to be seen.

The unit is mapped module by module, then flattened, so that a cell's name begins with the instance that it came from.
Registers with the same enable get one clock gate where the library has one. What cells do is what the library's own
functions say, as Yosys reads them; a clock gate is a latch and an AND, and counts its pulses.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...verif import tools
from ...verif.artifact import Artifact
from ...verif.nets import NetGroup, Nets, Port, Segment
from .liberty import Liberty
from .power_cells import CellPower, clock_gate, read_cells

GATED = 4
"""Registers of one enable from which a clock gate is worth its cell."""


@dataclass(frozen=True)
class Wire:
    """A net: the cell's pin that drives it (None: an input port), and the pins that it feeds."""

    driver: tuple[str, str] | None
    sinks: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Gates:
    """A mapped unit.

    Parameters
    ----------
    artifact : Artifact
        Verilog of the netlist and its cells, under the unit's manifest.
    cells : dict
        Type of each cell by its name (``instance.cell``).
    power : dict
        What the library says of each type.
    wires : dict
        Nets by the number that their group has as a name.
    nets : Nets
        Where each net is seen, and each clock gate's pulses (group ``pulses CELL``).
    """

    artifact: Artifact
    cells: dict[str, str]
    power: dict[str, CellPower]
    wires: dict[str, Wire]
    nets: Nets


def map_gates(artifact: Artifact, libraries: Sequence[Liberty], folder: Path) -> Gates:
    """Maps a unit to a library's cells, in a folder.

    Raises
    ------
    ValueError
        If the libraries lack what is needed.
    ToolMissing, ToolFailed
        If Yosys is not there, or fails.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "design.v").write_text(artifact.verilog.read_text())
    for number, library in enumerate(libraries):
        (folder / f"{number}.lib").write_text(library.text)
    stores, logic = ([f"-liberty {k}.lib" for k, library in enumerate(libraries) if getattr(library, kind)]
                     for kind in ("sequential", "combinational"))  # fmt: skip
    top = artifact.module
    tools.yosys("\n".join([
        "read_verilog design.v", f"synth -top {top}", *_gating(libraries),
        f"dfflibmap {' '.join(stores)}", f"abc {' '.join(logic)}", "opt_clean -purge", "setundef -zero",
        "delete t:$scopeinfo", "splitnets", "rename -enumerate -pattern wire_% w:$*",
        "rename -enumerate -pattern gate_% c:$*", "flatten -separator .", "delete t:$scopeinfo", "opt_clean -purge",
        "write_json net.json", "write_verilog -noattr net.v",
    ]), cwd=folder)  # fmt: skip
    module = json.loads((folder / "net.json").read_text())["modules"][top]
    cells = {str(name): cell["type"] for name, cell in module["cells"].items()}
    if left := sorted({kind for kind in cells.values() if kind.startswith("$")}):
        raise ValueError(f"liberty files must have a cell for {left[0]}, not none")
    power = read_cells(list(libraries), cells.values())
    text = (folder / "net.v").read_text() + _models(libraries, power, folder)
    target = folder / "gates"
    target.mkdir(exist_ok=True)
    (target / artifact.verilog.name).write_text(text)
    wires, nets = _nets(module, cells, power, {artifact.clock})
    return Gates(Artifact(target, artifact.manifest), cells, power, wires, nets)


def _gating(libraries: Sequence[Liberty]) -> list[str]:
    """Yosys' command that gates the clock of registers with one enable, where there is a cell for it."""
    cell = clock_gate(list(libraries))
    if cell is None:
        return []
    role = cell.gate
    test = f" -tie_lo {role['test']}" if "test" in role else ""
    return [f"clockgate -min_net_size {GATED} -pos {cell.name} {role['enable']}:{role['clock']}:{role['out']}{test}"]


def _models(libraries: Sequence[Liberty], power: dict[str, CellPower], folder: Path) -> str:
    """Verilog of the cells that are used."""
    gates = {name for name, cell in power.items() if cell.gate}
    script = []
    for number, library in enumerate(libraries):
        mine = sorted((set(power) - gates) & (library.sequential | library.combinational))
        if mine:
            script += [f"read_liberty -overwrite -ignore_miss_func {number}.lib", "proc", "opt_clean",
                       "rename -enumerate -pattern inner% w:$*", f"select -set used {' '.join(mine)}",
                       f"write_verilog -noattr -selected cells{number}.v", "design -reset"]  # fmt: skip
            script.insert(-2, "select @used")
            script.insert(-1, "select -clear")
    tools.yosys("\n".join(script), cwd=folder)
    text = "".join(path.read_text() for path in sorted(folder.glob("cells*.v")))
    for name in sorted(gates):
        role = power[name].gate
        enable = role["enable"] + (f" | {role['test']}" if "test" in role else "")
        others = [pin.name for pin in power[name].pins.values() if pin.direction in ("input", "output")]
        text += (
            f"module {name}({', '.join(others)});\n"
            + "".join(f"  {power[name].pins[pin].direction} {pin};\n" for pin in others)
            + f"  reg open, pulses = 0;\n  always @* if (!{role['clock']}) open = {enable};\n"
            f"  assign {role['out']} = {role['clock']} & open;\n"
            f"  always @(posedge {role['out']}) pulses <= ~pulses;\nendmodule\n"
        )
    return text


def _nets(module: dict[str, Any], cells: dict[str, str], power: dict[str, CellPower],
          silent: set[str]) -> tuple[dict[str, Wire], Nets]:  # fmt: skip
    """Nets of a flat module, and where they are seen; the clock's own are no groups."""
    driver: dict[int, tuple[str, str]] = {}
    sinks: dict[int, list[tuple[str, str]]] = {}
    for name, cell in module["cells"].items():
        for pin, (bit, *_) in ((pin, bits) for pin, bits in cell["connections"].items() if bits):
            if not isinstance(bit, int):
                continue
            if power[cells[str(name)]].pins[pin].direction == "output":
                driver[bit] = (str(name), pin)
            else:
                sinks.setdefault(bit, []).append((str(name), pin))
    ports = module["ports"]
    outside = {bit for port in ports.values() if port["direction"] == "input" for bit in port["bits"]}
    wires = {str(bit): Wire(driver.get(bit), tuple(sinks.get(bit, ()))) for bit in {*driver, *(outside & set(sinks))}}
    clocks = {bit for name in silent for bit in ports[name]["bits"]}
    clocks |= {bit for bit, (name, _) in driver.items() if power[cells[name]].gate}
    seen, groups = set(clocks), []
    for name, net in module["netnames"].items():
        for position, bit in enumerate(net["bits"]):
            if not isinstance(bit, int) or bit in seen or str(bit) not in wires:
                continue
            seen.add(bit)
            at = None if len(net["bits"]) == 1 else position + net.get("offset", 0)
            groups.append(NetGroup(str(bit), False, (Segment(f"\\{name} ", at, at),)))
    for name, kind in cells.items():
        if power[kind].gate:
            groups.append(NetGroup(f"pulses {name}", False, (Segment(f"\\{name} .pulses", None, None),)))
    shape = tuple(Port(name, port["direction"], len(port["bits"])) for name, port in ports.items())
    return wires, Nets(shape, tuple(groups))


def instance(cell: str) -> str:
    """The instance that a cell came from: what its name begins with, ``top`` for the unit itself."""
    found = re.match(r"([A-Za-z]\w*)\.", cell)
    return found[1] if found else "top"
