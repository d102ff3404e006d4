"""How claims are tried that any pipelined unit can make: balance, handshake, and the mapped netlist.

Each function takes the artefact's directory, returns a verdict, and runs in a process of its own.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from . import cache, solvers, tools
from .aig import Aig
from .artifact import Artifact
from .handshake import sentences
from .netlist import GATES, TABLES, Netlist, from_json
from .pipeline import Pipeline, Unbalanced
from .prove import Verdict

KEPT = "made.gz"


def made(script: str, files: dict[str, str], out: str) -> str:
    """The file that a Yosys script makes of those files; kept in the cache, since many parts need the same."""

    def make(folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="nervure-netlist-") as work:
            for name, text in files.items():
                (Path(work) / name).write_text(text)
            tools.yosys(script, cwd=Path(work))
            # A netlist as text has tens of megabytes, most of them the same words.
            (folder / KEPT).write_bytes(gzip.compress((Path(work) / out).read_bytes(), 1))

    key = [tools.yosys_version(), script, out, *files, *files.values()]
    return gzip.decompress((cache.build("netlists", key, make) / KEPT).read_bytes()).decode()


def netlist_of(artifact: Artifact, top: str, cut: Sequence[str], beyond: bool = False) -> Netlist:
    """The emitted file's module ``top``, flat, with those modules left out.

    What a memory gives beyond its last place has no driver, which is an error, or, with ``beyond``, 0.
    """
    script = f"read_verilog unit.v\nhierarchy -check -top {top}\n"
    script += "".join(f"blackbox {name}\n" for name in cut) + f"proc\nflatten\n{TABLES}\n{GATES}\n"
    script += "setundef -undriven -zero\nopt_clean\n" * beyond + "write_json unit.json"
    return from_json(json.loads(made(script, {"unit.v": artifact.verilog.read_text()}, "unit.json")), top)


def multipliers(artifact: Artifact) -> list[str]:
    """Modules of the emitted file that are multiplier blocks."""
    words = (line.split() for line in artifact.verilog.read_text().splitlines() if line.startswith("module "))
    return [name for _, name, *_ in ([w[0], w[1].partition("(")[0]] for w in words) if name.endswith("__multiplier")]


def balance(directory: Path, cut: tuple[str, ...] = ()) -> Verdict:
    """Every path from inputs to outputs crosses ``latency_cycles`` registers, and none leads back.

    ``cut`` are the modules left out.
    """
    artifact = Artifact.load(directory)
    try:
        found = Pipeline(netlist_of(artifact, artifact.module, cut), artifact)
    except Unbalanced as error:
        return Verdict("refuted", "structure of the flat netlist", {"where": str(error)})
    if found.latency != artifact.latency:
        return Verdict(
            "refuted", "structure of the flat netlist", {"latency_cycles": artifact.latency, "found": found.latency}
        )
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
    """Whether the sentences about a pipeline's control hold in every state."""
    stated = sentences(found)
    for sentence, violation in stated:
        if (values := solvers.model(found.aig, [violation])) is not None:
            ports = {name: hex(solvers.word(values, word)) for name, word in found.netlist.inputs.items()}
            state = {r.name: int(values[r.q >> 1]) for r in found.netlist.registers if r.q >> 1 in values}
            return Verdict("refuted", "kissat", {"violated": sentence, "inputs": ports, "registers": state})
    return Verdict("proved", f"{len(stated)} sentences about all states, kissat")


def netlist(directory: Path) -> Verdict:
    """The unit mapped to xcup computes and moves as the file does; multiplier blocks are left out of both."""
    artifact = Artifact.load(directory)
    blocks = multipliers(artifact)
    found = Pipeline(netlist_of(artifact, artifact.module, blocks), artifact)
    return _same(found, mapped_netlist(artifact, blocks), artifact, "abc cec with registers as wires")


def same(directory: Path, other: str) -> Verdict:
    """Another artefact's file computes and moves as the unit's file does."""
    artifact, second = Artifact.load(directory), Artifact.load(other)
    left, right = (netlist_of(of, of.module, multipliers(of), beyond=True) for of in (artifact, second))
    try:
        found = Pipeline(left, artifact)
    except Unbalanced:
        return _same_steps(left, right)
    return _same(found, right, second, "abc cec with registers as wires")


def _same_steps(left: Netlist, right: Netlist) -> Verdict:
    """Whether two netlists of the same names take the same steps in every state: a unit that keeps something from beat
    to beat is no pipeline. Where they differ in a state that may be out of reach, nothing is known."""
    named = {alias: register for register in right.registers for alias in (register.name, *register.aliases)}
    pairs = [(one, named[alias]) for one in left.registers for alias in (one.name, *one.aliases) if alias in named]
    pairs = list({id(one): (one, other) for one, other in pairs}.values())
    boxes = {cut.name: cut for cut in right.cuts}
    if (
        len(pairs) != len(left.registers) or len({id(other) for _, other in pairs}) != len(right.registers)
        or set(boxes) != {cut.name for cut in left.cuts}
    ):  # fmt: skip
        return Verdict("unknown", "the unit is no pipeline, and the other file has other registers")
    if any((one.initial, one.reset_value) != (other.initial, other.reset_value) for one, other in pairs):
        return Verdict("unknown", "the unit is no pipeline, and a register starts otherwise in the other file")
    words = [([one.q], [other.q]) for one, other in pairs] + [(left.inputs[p], right.inputs[p]) for p in left.inputs]
    words += [(cut.outputs[pin], boxes[cut.name].outputs[pin]) for cut in left.cuts for pin in cut.outputs]
    known = {y >> 1: x for word in words for x, y in zip(*word, strict=True)}
    steps = [([one.d, one.clock, one.reset], [other.d, other.clock, other.reset]) for one, other in pairs]
    steps += [(word, right.outputs[port]) for port, word in left.outputs.items()]
    steps += [(cut.inputs[pin], boxes[cut.name].inputs[pin]) for cut in left.cuts for pin in cut.inputs]
    ours, theirs = ([x for step in steps for x in step[side]] for side in (0, 1))
    theirs = right.aig.copy(theirs, left.aig, known)
    if solvers.equivalent(left.aig, ours, theirs, [x >> 1 for x in known.values()]):
        return Verdict("proved", f"abc cec of the next state, {len(pairs)} registers in pairs")
    return Verdict("unknown", "the files differ in some state, which may be out of reach")


def _same(found: Pipeline, netlist: Netlist, artifact: Artifact, method: str) -> Verdict:
    """Whether a netlist moves as a pipeline must, at the latency of another, and computes the same."""
    try:
        other = Pipeline(netlist, artifact)
        control = moves(other)
    except Unbalanced as error:
        return Verdict("refuted", "structure of the netlist", {"where": str(error)})
    if other.latency != found.latency:
        return Verdict("refuted", "structure of the netlist", {"latency": found.latency, "found": other.latency})
    if control.status != "proved":
        return control
    cuts = {cut.name: cut for cut in found.netlist.cuts}
    if set(cuts) != {cut.name for cut in netlist.cuts}:
        return Verdict("unknown", "the netlist must have the multiplier blocks of the file, but has others")
    aig = Aig()
    ports = {port: aig.inputs(len(found.netlist.inputs[port])) for port in Pipeline.ports(found.source)}
    products = {name: {pin: aig.inputs(len(word)) for pin, word in cut.outputs.items()} for name, cut in cuts.items()}

    def functions(pipeline: Pipeline, multiply: bool) -> list[int]:
        outputs, fed = pipeline.combinational(aig, ports, products)
        if multiply:
            inside = {name: {"p": aig.mul(pins["a"], pins["b"])} for name, pins in fed.items()}
            outputs, fed = pipeline.combinational(aig, ports, inside)
        words = [*(outputs[port] for port in sorted(outputs)), *(w for name in sorted(fed) for w in fed[name].values())]
        return [x for word in words for x in word]

    left, right = functions(found, False), functions(other, False)
    inputs = [
        x >> 1 for word in [*ports.values(), *(w for pins in products.values() for w in pins.values())] for x in word
    ]
    method = f"{control.method}; {method}"
    if solvers.equivalent(aig, left, right, inputs):
        return Verdict("proved", method)
    # Where they differ for some product, it may be one that no operands have.
    values = solvers.model(aig, [aig.differ(functions(found, True), functions(other, True))])
    if values is None:
        return Verdict("proved", f"{method}; kissat, multiplier included")
    return Verdict("refuted", method, {port: hex(solvers.word(values, word)) for port, word in ports.items()})


LOOKUP = """
(* techmap_celltype = "$shr" *)
module lookup(A, B, Y);
parameter A_SIGNED = 0; parameter B_SIGNED = 0; parameter A_WIDTH = 1; parameter B_WIDTH = 1; parameter Y_WIDTH = 1;
parameter [A_WIDTH-1:0] _TECHMAP_CONSTMSK_A_ = 0;
input [A_WIDTH-1:0] A; input [B_WIDTH-1:0] B; output [Y_WIDTH-1:0] Y;
wire _TECHMAP_FAIL_ = !(&_TECHMAP_CONSTMSK_A_) || A_SIGNED || Y_WIDTH != 1 || B_WIDTH > 12 || A_WIDTH > 1 << B_WIDTH;
wire [(1 << B_WIDTH)-1:0] entries = A;
\\$bmux #(.WIDTH(1), .S_WIDTH(B_WIDTH)) choose (.A(entries), .S(B), .Y(Y));
endmodule
"""
INDEXED = re.compile(r"\d+'h[0-9a-f]+ >> ")
CHOSEN = """proc
flatten
opt_expr
opt_clean
wreduce t:$shr
techmap -map lookup.v
bmuxmap
opt_expr -mux_undef
opt_clean
simplemap t:$mux
opt_merge
opt_clean
"""
"""Yosys commands that make a constant that is indexed a tree of multiplexers, where mapping would make a shifter of all
its entries (thousands of them take many minutes)."""


def mapped_netlist(artifact: Artifact, blocks: list[str], memories: bool = True) -> Netlist:
    """The file synthesised to xcup as the flat mode does, with the cells' own simulation models put back in.

    With ``memories`` False, memories become registers.
    """
    registers = "" if memories else " -nobram -nolutram"
    top = artifact.module
    boxes, text = "".join(f"blackbox {name}\n" for name in blocks), artifact.verilog.read_text()
    chosen, more = (CHOSEN, {"lookup.v": LOOKUP}) if INDEXED.search(text) else ("", {})
    script = (
        f"read_verilog unit.v\nhierarchy -check -top {top}\n{boxes}{chosen}"
        f"synth_xilinx -family xcup -flatten -noiopad -noclkbuf -nodsp -nosrl{registers} -top {top}\n"
        "delete t:$scopeinfo\nwrite_verilog -noattr mapped.v\n"
        f"select {' '.join('=' + name for name in blocks)}\nwrite_verilog -noattr -blackboxes -selected blocks.v\n"
        "design -reset\nread_verilog mapped.v blocks.v\nread_verilog +/xilinx/cells_sim.v\n"
        f"hierarchy -top {top}\n{boxes}"
        # The library's cells are white boxes, which flattening would leave alone.
        f"setattr -mod -unset whitebox -unset lib_whitebox *\nproc\nflatten\n{GATES}\nwrite_json mapped.json"
    )
    return from_json(json.loads(made(script, {"unit.v": text, **more}, "mapped.json")), top)
