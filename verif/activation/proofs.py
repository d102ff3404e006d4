"""How the claims of the unit `activation` are tried: each function returns a verdict, in a process of its own."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ...hw.activation.config import ActivationConfig
from ..aig import Aig, evaluate
from ..artifact import Artifact
from ..netlist import GATES, Netlist, from_json
from ..pipeline import Pipeline, Unbalanced
from ..proofs import made, moves
from ..prove import Verdict

_WORD = re.compile(r"^ +(\w+)\[(\d+)\] = \d+'h([0-9a-f]+);\n", re.M)


class Unit:
    """The emitted file flat, memories that are only read left whole: outside are their address and what they give.

    Attributes
    ----------
    netlist : Netlist
    contents : dict of str to uint64 array
        Words of each memory.
    """

    def __init__(self, directory: Path):
        self.artifact = artifact = Artifact.load(directory)
        self.config = ActivationConfig(**artifact.manifest["config"])
        text = artifact.verilog.read_text()
        # What memories start with is read here: Yosys takes minutes over tables of 16 bits.
        held: dict[str, dict[int, int]] = {}
        for name, at, word in _WORD.findall(text):
            held.setdefault(name, {})[int(at)] = int(word, 16)
        script = (
            f"read_verilog unit.v\nhierarchy -check -top {artifact.module}\nproc\nflatten\nmemory_collect\n"
            f"{GATES.replace('memory_map', '')}\nwrite_json unit.json"
        )
        design = json.loads(made(script, {"unit.v": _WORD.sub("", text)}, "unit.json"))
        self.netlist: Netlist = from_json(design, artifact.module)
        cells: dict[str, Any] = design["modules"][artifact.module]["cells"]
        self.contents: dict[str, np.ndarray] = {}
        for box in self.netlist.cuts:
            parameters = cells[box.name]["parameters"]
            size, offset = (int(parameters[key], 2) for key in ("SIZE", "OFFSET"))
            if not box.module.startswith("$mem") or offset or int(parameters["RD_CLK_ENABLE"], 2):
                raise ValueError(f"{box.name} must be a memory that is read at once, not {box.module}")
            words = held[parameters["MEMID"].removeprefix("\\")]
            self.contents[box.name] = np.array([words[k] for k in range(size)], np.uint64)

    def answers(self, netlist: Netlist) -> tuple[Pipeline, np.ndarray]:
        """The netlist as a pipeline, and y of every code of x with registers as wires."""
        found, aig = Pipeline(netlist, self.artifact), Aig()
        x = aig.inputs(self.config.input_width)
        read = {box.name: aig.inputs(len(box.outputs["RD_DATA"])) for box in netlist.cuts}
        pins = {name: {"RD_DATA": word} for name, word in read.items()}
        out, fed = found.combinational(aig, {"i_x": x}, pins)
        feed = [(x, np.arange(1 << len(x), dtype=np.uint64))]
        for name, word in read.items():
            address = evaluate(aig, {"a": fed[name]["RD_ADDR"]}, feed, len(feed[0][1]))["a"]
            feed.append((word, self.contents[name][address]))
        return found, evaluate(aig, {"y": out["o_y"]}, feed, len(feed[0][1]))["y"]


def balance(directory: Path) -> Verdict:
    """Every path from inputs to outputs crosses ``latency_cycles`` registers, and none leads back."""
    unit = Unit(directory)
    try:
        found = Pipeline(unit.netlist, unit.artifact)
    except Unbalanced as error:
        return Verdict("refuted", "structure of the flat netlist", {"where": str(error)})
    latency = unit.artifact.latency
    if found.latency != latency:
        return Verdict("refuted", "structure of the flat netlist", {"latency_cycles": latency, "found": found.latency})
    ranks = [sum(r == k for r in found.rank.values()) for k in range(1, found.latency + 1)]
    return Verdict("proved", f"structure of the flat netlist ({' + '.join(map(str, ranks))} register bits)")


def handshake(directory: Path) -> Verdict:
    """Beats pass in order, none lost and none repeated; reset empties the unit."""
    unit = Unit(directory)
    try:
        return moves(Pipeline(unit.netlist, unit.artifact))
    except Unbalanced as error:
        return Verdict("unknown", f"the unit is no pipeline: {error}")


def _compare(unit: Unit, netlist: Netlist, method: str) -> Verdict:
    """y of every code, beside the golden model's."""
    from . import describe, expect

    found, y = unit.answers(netlist)
    codes = np.arange(len(y), dtype=np.uint64)
    expected = expect(unit.config, {"x": codes})["y"]
    if found.latency != unit.artifact.latency:
        return Verdict("refuted", method, {"latency_cycles": unit.artifact.latency, "found": found.latency})
    if len(bad := np.flatnonzero(y != expected)):
        at = int(bad[0])
        shown = {"x": describe(unit.config, "x", at), "y": describe(unit.config, "y", int(y[at])),
                 "expected": describe(unit.config, "y", int(expected[at]))}  # fmt: skip
        return Verdict("refuted", method, shown)
    return Verdict("proved", f"all {len(codes)} codes, {method}")


def values(directory: Path) -> Verdict:
    """y is what the golden model says, for every code."""
    unit = Unit(directory)
    where = "the netlist with its memory's contents" if unit.contents else "the netlist"
    try:
        return _compare(unit, unit.netlist, f"{where} against the golden model")
    except Unbalanced as error:
        return Verdict("unknown", f"the unit is no pipeline: {error}")


def netlist(directory: Path) -> Verdict:
    """The unit mapped to xcup moves as it must and gives the golden model's y for every code."""
    unit = Unit(directory)
    top = unit.artifact.module
    script = (
        f"read_verilog unit.v\nhierarchy -check -top {top}\n"
        f"synth_xilinx -family xcup -flatten -noiopad -noclkbuf -nodsp -nosrl -nobram -nolutram -top {top}\n"
        "delete t:$scopeinfo\nwrite_verilog -noattr mapped.v\n"
        f"design -reset\nread_verilog mapped.v\nread_verilog +/xilinx/cells_sim.v\nhierarchy -top {top}\n"
        # The library's cells are white boxes, which flattening would leave alone.
        f"setattr -mod -unset whitebox -unset lib_whitebox *\nproc\nflatten\n{GATES}\nwrite_json mapped.json"
    )
    text = made(script, {"unit.v": unit.artifact.verilog.read_text()}, "mapped.json")
    mapped = from_json(json.loads(text), top)
    try:
        control = moves(Pipeline(mapped, unit.artifact))
        if control.status != "proved":
            return control
        return _compare(unit, mapped, f"LUTs and carry chains against the golden model; {control.method}")
    except Unbalanced as error:
        return Verdict("refuted", "structure of the netlist", {"where": str(error)})


