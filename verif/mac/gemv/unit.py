"""The arithmetic of the engine's first multiplier as a file of the unit ``mac``, so that all claims of that unit apply.

What a beat alone becomes is a function of its weights, activations and sums, with the product left out. It is written
as gates around the engine's own module of the product, with one rank of registers, into an artefact of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from ....hw.mac.config.gemv import GemvConfig
from ... import aig as graph
from ... import cache, netlist
from ...aig import FALSE, Aig
from ...artifact import Artifact
from ...prove import Claim, Part, Verdict, tried
from ..claims import claims as mac_claims
from . import machine
from .machine import Machine, Words, lonely

HERE = __name__
SKIPPED = ("balance", "handshake", "advance", "netlist")
"""Claims of the unit that are about its registers, or its mapping."""


def unit_claims(artifact: Artifact) -> list[Claim]:
    """The claims of the unit ``mac`` about sums and products, said of the engine's first multiplier."""
    inner = Artifact(artifact.directory, _manifest(artifact))
    found = []
    for claim in mac_claims(inner):
        if claim.name not in SKIPPED:
            parts = tuple(Part(f"{HERE}:derived", {"function": part.function, "arguments": part.arguments}, part.cost)
                          for part in claim.parts)  # fmt: skip
            found.append(Claim(claim.name, f"first multiplier, a beat alone: {claim.scope}", parts))
    return found


def derived(directory: Path, function: str, arguments: dict[str, Any]) -> Verdict:
    """What ``function`` (``module:name``) says of the unit ``mac`` that the first multiplier is."""
    with tempfile.TemporaryDirectory() as folder:
        extract(directory, Path(folder))
        return tried(function, Path(folder), **arguments)


def extract(directory: Path, folder: Path) -> Artifact:
    """Writes the artefact of the unit ``mac`` that the engine's first multiplier is.

    Raises
    ------
    ValueError
        If a beat alone is not multiplied exactly once, or its sums see another product.
    """
    artifact = Artifact.load(directory)
    manifest, file = _manifest(artifact), artifact.verilog.name
    # Each claim of the unit asks for it. The modules that make it are part of what the entry is made from.
    code = (Path(str(module.__file__)).read_text() for module in (machine, graph, netlist))
    key = [Path(__file__).read_text(), *code, artifact.verilog.read_text(), json.dumps(artifact.manifest)]

    def make(entry: Path) -> None:
        pattern = rf"^module {artifact.module}\(.*?^endmodule\n"
        (entry / file).write_text(re.sub(pattern, lambda _: _top(directory), artifact.verilog.read_text(), count=1,
                                         flags=re.M | re.S))  # fmt: skip

    text = (cache.build("extract", key, make) / file).read_text()
    (folder / file).write_text(text)
    manifest["files"] = [{"path": file, "sha256": hashlib.sha256(text.encode()).hexdigest()}]
    (folder / f"{artifact.module}.json").write_text(json.dumps(manifest))
    return Artifact(folder, manifest)


def _manifest(artifact: Artifact) -> dict[str, Any]:
    """That of the unit: bare, one rank of registers."""
    config = GemvConfig(**artifact.manifest["config"]).mac
    rows, columns = config.grid
    single = rows * columns == 1
    shapes = {"a": [rows], "b": [columns], "c": [rows, columns], "y": [rows, columns]}

    def place(name: str, width: int, shape: list[int]) -> dict[str, Any]:
        port = f"{'o' if name == 'y' else 'i'}_{name}"
        return {"field": name, "port": port, "offset": 0, "width": width, "shape": shape, "format": ""}

    sides = {"a": "a", "b": "b", "c": "acc", "y": "acc"}
    places = {name: place(name, max(getattr(mode, side).width for mode in config.modes), [] if single else shapes[name])
              for name, side in sides.items()}  # fmt: skip
    selector = (len(config.modes) - 1).bit_length()
    payload = [*([place("mode", selector, [])] if selector else []), *(places[name] for name in "abc")]
    bare = {"valid": None, "ready": None}
    streams = [{"name": "i", "direction": "in", **bare, "payload": payload},
               {"name": "o", "direction": "out", **bare, "payload": [places["y"]]}]  # fmt: skip
    return {**artifact.manifest, "unit": "mac", "config": config.to_dict(), "reset": None, "latency_cycles": 1,
            "streams": streams, "files": []}  # fmt: skip


def _top(directory: Path) -> str:
    """The module: what the product is fed, the product, and the sums."""
    engine = Machine(directory, "product")
    aig, config, module = engine.aig, engine.config, engine.artifact.module
    lanes_a, lanes_b = config.grid
    inputs: Words = {
        "i_mode": aig.inputs(config.mode_width), "i_a": aig.inputs(lanes_a * config.width("a")),
        "i_b": aig.inputs(lanes_b * config.width("b")), "i_c": aig.inputs(lanes_a * lanes_b * config.width("acc")),
    }  # fmt: skip
    rest = config.units - 1
    w = [*inputs["i_a"], *([FALSE] * (rest * len(inputs["i_a"])))]
    c = [*inputs["i_c"], *([FALSE] * (rest * len(inputs["i_c"])))]
    state, beats = lonely(engine, inputs["i_mode"], w, inputs["i_b"], c)
    fed: Words | None = None
    product: list[int] = []
    operands = tuple({x >> 1 for x in inputs[name]} for name in ("i_a", "i_b"))
    free: set[int] = set()  # products that are not the beat's: any value, which no sum may see
    for beat in beats:
        mapping = state | engine.ports(beat)
        for cut in engine.netlist.cuts:
            pins = {pin: aig.copy(word, aig, mapping) for pin, word in cut.inputs.items()}
            p = [FALSE] * len(cut.outputs["p"])
            if all(any(word) for word in pins.values()):  # a normalised significand has ones though its number is zero
                p = aig.inputs(len(p))
                seen = set(aig.cone([x for word in pins.values() for x in word]))
                if not all(seen & operand for operand in operands):
                    free.update(x >> 1 for x in p)
                elif fed is not None:
                    raise ValueError(f"a beat alone must be multiplied once, not again by {cut.name}")
                else:
                    fed, product = pins, p
            mapping |= {x >> 1: y for x, y in zip(cut.outputs["p"], p, strict=True)}
        y = aig.copy(engine.netlist.outputs["o_y"], aig, mapping)[: len(inputs["i_c"])]
        values = aig.copy([r.d for r in engine.registers], aig, mapping)
        state = dict(zip(engine.nodes, values, strict=True))
    if fed is None:
        raise ValueError("a beat alone must be multiplied once, not never")
    if free & set(aig.cone([*y, *(x for word in fed.values() for x in word)])):
        raise ValueError("a beat's sums must see no product but its own")
    names = {**inputs, "p": product}
    ports = [(name, len(word)) for name, word in inputs.items() if word]
    lines = [f"module {module}(clk, {', '.join(name for name, _ in ports)}, o_y);", "  input clk;"]
    lines += [f"  input [{width - 1}:0] {name};" for name, width in ports]
    lines += [f"  output reg [{len(y) - 1}:0] o_y;", f"  wire [{len(product) - 1}:0] p;"]
    lines += [f"  wire [{len(word) - 1}:0] {pin};" for pin, word in fed.items()]
    lines += _gates(aig, names, {**fed, "y": y})
    pins = ", ".join(f".{pin}({pin})" for pin in (*fed, "p"))
    lines += [f"  {module}__product product ({pins});", "  always @(posedge clk) o_y <= y;", "endmodule"]
    return "\n".join(lines) + "\n"


def _gates(aig: Aig, inputs: Words, outputs: Words) -> list[str]:
    """Assignments of the outputs' words."""
    name = {0: "1'h0"} | {x >> 1: f"{port}[{i}]" for port, word in inputs.items() for i, x in enumerate(word)}

    def literal(x: int) -> str:
        return f"~{name[x >> 1]}" if x & 1 else name[x >> 1]

    lines = []
    for node in aig.cone([x for word in outputs.values() for x in word]):
        if (fan := aig.fanin[node]) is not None:
            name[node] = f"n{node}"
            lines += [f"  wire n{node};", f"  assign n{node} = {literal(fan[0])} & {literal(fan[1])};"]
    lines.append(f"  wire [{len(outputs['y']) - 1}:0] y;")
    for port, word in outputs.items():
        lines += [f"  assign {port}[{i}] = {literal(x)};" for i, x in enumerate(word)]
    return lines
