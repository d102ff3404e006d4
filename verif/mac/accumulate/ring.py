"""The accumulator's netlist taken apart: its ring as a multiply-accumulate without a loop, and what moves its ranks.

With the ring full, a beat that enters and no ``clear``, every rank moves and c is the partial sum y at the exit. Cut
there, c being an input of its own, the ring is a multiply-accumulate of ``latency`` ranks: of this unit, written out as
an artefact, everything can be claimed that is claimed of a multiply-accumulate (:func:`cut_open`). What a rank does in
all other states is said by :class:`Ring`.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from ....hw.mac.config.accumulate import AccumulateConfig
from ...aig import FALSE, TRUE
from ...artifact import Artifact
from ...proofs import netlist_of

BANK = "bank_1_{}"
"""Registers of a partial sum in the bank, by lane: number 1 is there for all numbers of partial sums."""


def bare_manifest(artifact: Artifact) -> dict[str, Any]:
    """The manifest of the ring as a multiply-accumulate: fields a, b and c, and y."""
    config = AccumulateConfig(**artifact.manifest["config"])
    rows, columns = config.grid
    acc = artifact.stream("out").payload[0]
    places = {place.field: place for place in artifact.stream("in").payload}

    def field(name: str, port: str, like: Any) -> dict[str, Any]:
        return {"field": name, "port": port, "offset": 0, "width": like.width, "shape": list(like.shape),
                "format": like.format}  # fmt: skip

    sides = [("i", "in", [field("a", "i_a", places["a"]), field("b", "i_b", places["b"]), field("c", "i_c", acc)]),
             ("o", "out", [field("y", "o_y", acc)])]  # fmt: skip
    assert acc.count == rows * columns
    return {
        **artifact.manifest, "unit": "mac", "config": {**config.mac.to_dict(), "interface": "bare"}, "reset": None,
        "latency_cycles": config.latency, "initiation_interval": 1, "files": [],
        "streams": [{"name": name, "direction": direction, "valid": None, "ready": None, "payload": payload}
                    for name, direction, payload in sides],
    }  # fmt: skip


class Ring:
    """The netlist of an accumulator, its product left out.

    Attributes
    ----------
    y : list of int
        Literals of the partial sums at the exit, lane by lane.
    c : list of int
        New inputs that stand for c.
    data : list of Register
        Registers of the ring, y's included.
    step : dict of int to int
        What each of them becomes when its rank moves, by the node of its output, over c.
    rank : dict of int to int
        Rank of each, 1 to k; 0 where its next value is a constant.
    control : list of Register
        Registers that a step of the control depends on.
    """

    def __init__(self, artifact: Artifact):
        self.artifact = artifact
        self.config = AccumulateConfig(**artifact.manifest["config"])
        self.k, (rows, columns) = self.config.partials, self.config.grid
        self.net = net = netlist_of(artifact, artifact.module, [f"{artifact.module}__product"])
        self.aig = aig = net.aig
        self.registers = {register.q >> 1: register for register in net.registers}
        self.named = {alias: register for register in net.registers for alias in (register.name, *register.aliases)}
        ranks = range(1, self.k + 1)
        self.going, self.over, self.end = ([self.bit(f"{name}_{rank}") for rank in ranks]
                                           for name in ("going", "over", "end"))  # fmt: skip
        self.slot = self.word(f"slot_{self.k}")
        self.reducing, self.done = self.bit("reducing"), net.outputs["o_valid"][0]
        self.valid, self.clear, self.last, self.ready = (
            net.inputs[port][0] for port in ("i_valid", "i_clear", "i_last", "o_ready")
        )
        reset = artifact.reset
        self.quiet: dict[int, int] = {}
        if reset:
            self.quiet[net.inputs[reset["port"]][0] >> 1] = FALSE if reset["active"] == "high" else TRUE
        self.next = dict(zip(self.registers, aig.copy([r.d for r in net.registers], aig, self.quiet), strict=True))

        # What the bank takes when it takes number 1.
        taking = {x >> 1: TRUE ^ (x & 1) for x in (self.over[-1], *(x for i, x in enumerate(self.slot) if not i))}
        taking |= {x >> 1: FALSE ^ (x & 1) for x in (self.reducing, self.done, *self.slot[1:])}
        bank = [x for lane in range(rows * columns) for x in self.nexts(BANK.format(lane))]
        self.y = aig.copy(bank, aig, taking)
        if any(x & 1 or x >> 1 not in self.registers for x in self.y):
            raise ValueError("the bank must take what registers hold")
        self.c = aig.inputs(len(self.y))
        self.moving = {self.valid >> 1: TRUE, self.clear >> 1: FALSE, **{x >> 1: TRUE for x in self.going},
                       **{x >> 1: FALSE for x in self.over},
                       **{x >> 1: c for x, c in zip(self.y, self.c, strict=True)}}  # fmt: skip
        self._follow()

    def bit(self, name: str) -> int:
        """The literal of a register of one bit."""
        return self.named[f"{name}[0]"].q

    def word(self, name: str) -> list[int]:
        """The literals of a register's bits."""
        found: list[int] = []
        while (register := self.named.get(f"{name}[{len(found)}]")) is not None:
            found.append(register.q)
        return found

    def nexts(self, name: str) -> list[int]:
        """The next values of a register's bits."""
        return [self.next[x >> 1] for x in self.word(name)]

    def _follow(self) -> None:
        """The ring's registers, from the exit back to the operands, and their ranks."""
        aig, (cut,) = self.aig, self.net.cuts
        fed = [x for word in cut.inputs.values() for x in word]
        made = {x >> 1 for word in cut.outputs.values() for x in word}
        self.fed = aig.copy(fed, aig, self.moving)
        found, waiting = dict[int, set[int]](), [x >> 1 for x in self.y]
        self.step: dict[int, int] = {}
        while waiting:
            if (node := waiting.pop()) in found:
                continue
            (self.step[node],) = aig.copy([self.next[node]], aig, self.moving)
            needs = aig.support([self.step[node]])
            if needs & made:
                needs |= aig.support(self.fed)
            found[node] = needs & set(self.registers)
            waiting += found[node]
        self.data = [self.registers[node] for node in found]
        inputs = {x >> 1 for port in ("i_a", "i_b") for x in self.net.inputs[port]} | {x >> 1 for x in self.c}
        constant = {node for node in found if not found[node] and not aig.support([self.step[node]]) & (inputs | made)}
        self.rank = dict.fromkeys(constant, 0)
        while len(self.rank) < len(found):
            known = [node for node in found if node not in self.rank and found[node] <= set(self.rank)]
            if not known:
                raise ValueError("the ring, cut open, must have no loop")
            self.rank |= {node: 1 + max((self.rank[n] for n in found[node]), default=0) for node in known}

    def moves(self) -> tuple[dict[str, int], list[int]]:
        """When things happen, of registers and inputs: full, leaves, accepts, taken; and when each rank moves."""
        aig = self.aig
        full = aig.all(self.going)
        leaves = aig.all([self.over[-1], self.reducing ^ 1, self.done ^ 1])
        held = [aig.lor(x, y) for x, y in zip(self.going, self.over, strict=True)]
        accepts = aig.any([full, leaves, aig.all(held) ^ 1])
        taken = aig.land(self.valid, accepts)
        enables = [aig.any([held[-1] ^ 1, leaves, aig.land(taken, full)])]
        for rank in range(self.k - 1, 0, -1):
            enables.insert(0, aig.lor(held[rank - 1] ^ 1, enables[0]))
        return {"full": full, "leaves": leaves, "accepts": accepts, "taken": taken}, enables


def cut_open(artifact: Artifact, folder: Path) -> Artifact:
    """The ring as a multiply-accumulate of the same module name, written into a folder."""
    ring, manifest = Ring(artifact), bare_manifest(artifact)
    aig, (cut,) = ring.aig, ring.net.cuts
    ports = {"i_a": ring.net.inputs["i_a"], "i_b": ring.net.inputs["i_b"], "i_c": ring.c}
    names: dict[int, str] = {}
    for port, word in ports.items():
        names |= {x >> 1: f"{port}[{i}]" for i, x in enumerate(word)}
    names |= {x >> 1: f"{cut.name}_{pin}[{i}]" for pin, word in cut.outputs.items() for i, x in enumerate(word)}
    names |= {register.q >> 1: f"r{register.q >> 1}" for register in ring.data}
    shown = [*ring.step.values(), *ring.fed]

    def text(x: int) -> str:
        return f"1'b{x}" if x < 2 else f"{'~' * (x & 1)}{names[x >> 1]}"

    lines = []
    for node in aig.cone(shown):
        if (fan := aig.fanin[node]) is not None:
            names[node] = f"n{node}"
            lines.append(f"  wire n{node} = {text(fan[0])} & {text(fan[1])};")
    head = [f"  input [{len(word) - 1}:0] {port}," for port, word in ports.items()]
    fed = iter(ring.fed)
    pins = [f".{pin}({{{', '.join(reversed([text(next(fed)) for _ in word]))}}})" for pin, word in cut.inputs.items()]
    pins += [f".{pin}({cut.name}_{pin})" for pin in cut.outputs]
    body = [
        f"module {artifact.module}(input clk,", *head, f"  output [{len(ring.y) - 1}:0] o_y);",
        *(f"  wire [{len(word) - 1}:0] {cut.name}_{pin};" for pin, word in cut.outputs.items()),
        *(f"  reg r{node};" for node in ring.step), *lines,
        f"  {cut.module} {cut.name} ({', '.join(pins)});",
        *(f"  always @(posedge clk) r{node} <= {text(value)};" for node, value in ring.step.items()),
        f"  assign o_y = {{{', '.join(names[x >> 1] for x in reversed(ring.y))}}};", "endmodule", "",
    ]  # fmt: skip
    modules = re.findall(r"^module .*?^endmodule$", artifact.verilog.read_text(), re.M | re.S)
    product = [module for module in modules if module.startswith(f"module {artifact.module}__product")]
    source = "\n".join([*body, *product, ""])
    manifest["files"] = [{"path": artifact.verilog.name, "sha256": hashlib.sha256(source.encode()).hexdigest()}]
    (folder / artifact.verilog.name).write_text(source)
    (folder / f"{artifact.module}.json").write_text(json.dumps(manifest))
    return Artifact(folder, manifest)
