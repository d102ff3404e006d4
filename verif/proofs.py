"""How claims are tried that any pipelined unit can make: balance, handshake, and the mapped netlist.

Each function takes the artefact's directory, returns a verdict, and runs in a process of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from . import cache, solvers, tools
from .aig import Aig
from .artifact import Artifact
from .netlist import GATES, Netlist, from_json
from .pipeline import Pipeline, Unbalanced
from .prove import Verdict


def made(script: str, files: dict[str, str], out: str) -> str:
    """The file that a Yosys script makes of those files; kept in the cache, since many parts need the same."""

    def make(folder: Path) -> None:
        for name, text in files.items():
            (folder / name).write_text(text)
        tools.yosys(script, cwd=folder)

    return (cache.build("proof", [tools.yosys_version(), script, *files, *files.values()], make) / out).read_text()


def netlist_of(artifact: Artifact, top: str, cut: list[str]) -> Netlist:
    """The emitted file's module ``top``, flat, with those modules left out."""
    script = f"read_verilog unit.v\nhierarchy -check -top {top}\n"
    script += "".join(f"blackbox {name}\n" for name in cut) + f"proc\nflatten\n{GATES}\nwrite_json unit.json"
    return from_json(json.loads(made(script, {"unit.v": artifact.verilog.read_text()}, "unit.json")), top)


def multipliers(artifact: Artifact) -> list[str]:
    """Modules of the emitted file that are multiplier blocks."""
    words = (line.split() for line in artifact.verilog.read_text().splitlines() if line.startswith("module "))
    return [name for _, name, *_ in ([w[0], w[1].partition("(")[0]] for w in words) if name.endswith("__multiplier")]


def balance(directory: Path, cut: tuple[str, ...] = ()) -> Verdict:
    """Every path from inputs to outputs crosses ``latency_cycles`` registers, and none leads back; ``cut`` are the modules left out."""
    artifact = Artifact.load(directory)
    try:
        found = Pipeline(netlist_of(artifact, artifact.module, cut), artifact)
    except Unbalanced as error:
        return Verdict("refuted", "structure of the flat netlist", {"where": str(error)})
    if found.latency != artifact.latency:
        return Verdict("refuted", "structure of the flat netlist", {"latency_cycles": artifact.latency, "found": found.latency})
    ranks = [sum(r == k for r in found.rank.values()) for k in range(1, found.latency + 1)]
    return Verdict("proved", f"structure of the flat netlist ({' + '.join(map(str, ranks))} register bits)")


def handshake(directory: Path, cut: tuple[str, ...] = ()) -> Verdict:
    """Beats pass in order, none lost and none repeated; reset empties the unit."""
    artifact = Artifact.load(directory)
    try:
        return moves(Pipeline(netlist_of(artifact, artifact.module, cut), artifact))
    except Unbalanced as error:
        return Verdict("unknown", f"the unit is no pipeline: {error}")


def moves(found: Pipeline) -> Verdict:
    """Whether the statements about a pipeline's control hold in every state."""
    statements = found.statements()
    if (reset := found.reset_statement()) is not None:
        statements.append(reset)
    for sentence, violation in statements:
        if (values := solvers.model(found.aig, [violation])) is not None:
            ports = {name: hex(solvers.word(values, word)) for name, word in found.netlist.inputs.items()}
            state = {r.name: int(values[r.q >> 1]) for r in found.netlist.registers if r.q >> 1 in values}
            return Verdict("refuted", "kissat", {"violated": sentence, "inputs": ports, "registers": state})
    return Verdict("proved", f"{len(statements)} statements over all states, kissat")


def netlist(directory: Path) -> Verdict:
    """The unit mapped to xcup computes and moves as the file does; multiplier blocks are left out of both."""
    artifact = Artifact.load(directory)
    blocks = multipliers(artifact)
    found = Pipeline(netlist_of(artifact, artifact.module, blocks), artifact)
    try:
        mapped = Pipeline(mapped_netlist(artifact, blocks), artifact)
    except Unbalanced as error:
        return Verdict("refuted", "structure of the mapped netlist", {"where": str(error)})
    if mapped.latency != found.latency:
        return Verdict("refuted", "structure of the mapped netlist", {"latency": found.latency, "mapped": mapped.latency})
    control = moves(mapped)
    if control.status != "proved":
        return control
    cuts = {cut.name: cut for cut in found.netlist.cuts}
    if set(cuts) != {cut.name for cut in mapped.netlist.cuts}:
        return Verdict("unknown", "the mapped netlist has other multiplier blocks than the file")
    aig = Aig()
    ports = {port: aig.inputs(len(found.netlist.inputs[port])) for port in Pipeline.ports(found.source)}
    products = {name: {pin: aig.inputs(len(word)) for pin, word in cut.outputs.items()} for name, cut in cuts.items()}
    sides = []
    for side in (found, mapped):
        outputs, fed = side.combinational(aig, ports, products)
        sides.append([x for port in sorted(outputs) for x in outputs[port]]
                     + [x for name in sorted(fed) for pin in sorted(fed[name]) for x in fed[name][pin]])  # fmt: skip
    inputs = [x >> 1 for word in [*ports.values(), *(w for pins in products.values() for w in pins.values())] for x in word]
    method = "balance and handshake as for the file; abc cec with registers as wires"
    if solvers.equivalent(aig, *sides, inputs):
        return Verdict("proved", method)
    values = solvers.model(aig, [aig.differ(*sides)]) or {}
    return Verdict("refuted", method, {port: hex(solvers.word(values, word)) for port, word in ports.items()})


def mapped_netlist(artifact: Artifact, blocks: list[str]) -> Netlist:
    """The file synthesised to xcup as the flat mode does, with the cells' own simulation models put back in."""
    top = artifact.module
    boxes = "".join(f"blackbox {name}\n" for name in blocks)
    script = (
        f"read_verilog unit.v\nhierarchy -check -top {top}\n{boxes}"
        f"synth_xilinx -family xcup -flatten -noiopad -noclkbuf -nodsp -nosrl -top {top}\n"
        "delete t:$scopeinfo\nwrite_verilog -noattr mapped.v\n"
        f"select {' '.join('=' + name for name in blocks)}\nwrite_verilog -noattr -blackboxes -selected blocks.v\n"
        f"design -reset\nread_verilog mapped.v blocks.v\nread_verilog +/xilinx/cells_sim.v\nhierarchy -top {top}\n{boxes}"
        # The library's cells are white boxes, which flattening would leave alone.
        f"setattr -mod -unset whitebox -unset lib_whitebox *\nproc\nflatten\n{GATES}\nwrite_json mapped.json"
    )
    return from_json(json.loads(made(script, {"unit.v": artifact.verilog.read_text()}, "mapped.json")), top)
