"""The emitted reloadable unit as a machine that is run on symbols, move by move; memories are registers."""

from __future__ import annotations

import json
from pathlib import Path

from ...hw.activation.config import ActivationConfig
from ...hw.activation.config.address import cell, starts
from ..aig import FALSE, TRUE
from ..artifact import Artifact
from ..mac.gemv import machine
from ..netlist import GATES, from_json
from ..proofs import made

State, Words = machine.State, machine.Words


class Machine(machine.Machine):
    """The flat netlist, and one graph in which its moves are built.

    Parameters
    ----------
    directory : Path
        Holds the artefact.
    """

    def __init__(self, directory: Path):
        self.artifact = Artifact.load(directory)
        self.unit = ActivationConfig(**self.artifact.manifest["config"])
        top = self.artifact.module
        script = (f"read_verilog unit.v\nhierarchy -check -top {top}\nproc\nflatten\n{GATES}\n"
                  "setundef -undriven -zero\nopt_clean\nwrite_json unit.json")  # fmt: skip
        design = json.loads(made(script, {"unit.v": self.artifact.verilog.read_text()}, "unit.json"))
        self.netlist = from_json(design, top)
        self.aig = self.netlist.aig
        self.registers = self.netlist.registers
        self.nodes = [r.q >> 1 for r in self.registers]
        self.stream = "i_valid" in self.netlist.inputs
        self.fields = [place.port for place in self.artifact.stream("in").payload]
        self._names = self._named(design["modules"][top])
        self._check()
        # Of blocks that are left out there are none here.
        self._next = dict(zip(self.nodes, (r.d for r in self.registers), strict=True))
        self._cut_of, self._below, self._made = {}, {}, {}
        self.count = len(self.unit.slopes)
        self.bits = (self.count - 1).bit_length()

    def beat(self, **known: int) -> Words:
        """Fresh symbols for one cycle's inputs; a field named with a number has that."""
        ports = [*(["i_valid"] if self.stream else []), *self.fields]
        found = {port: self.aig.inputs(len(self.netlist.inputs[port])) for port in ports}
        for name, value in known.items():
            if (port := f"i_{name}") in found:
                found[port] = [TRUE if value >> i & 1 else FALSE for i in range(len(found[port]))]
        return found

    def idle(self) -> Words:
        """A cycle without a beat, or with one that changes nothing."""
        return self.beat(**dict.fromkeys(("valid", *(field.removeprefix("i_") for field in self.fields)), 0))

    def ports(self, beat: Words, ready: int = TRUE, reset: bool = False) -> State:
        """Literals of all input nodes that are ports, but the clock."""
        mapping = {x >> 1: y for port, word in beat.items()
                   for x, y in zip(self.netlist.inputs[port], word, strict=True)}  # fmt: skip
        if self.stream:
            mapping[self.netlist.inputs["o_ready"][0] >> 1] = ready
        if self.artifact.reset:
            active = self.artifact.reset["active"] == "high"
            mapping[self.netlist.inputs[self.artifact.reset["port"]][0] >> 1] = TRUE if reset == active else FALSE
        return mapping

    def outputs(self, state: State, beat: Words, ready: int = TRUE) -> Words:
        """All outputs in a cycle."""
        mapping = state | self.ports(beat, ready, False)
        return {name: self.aig.copy(word, self.aig, mapping) for name, word in self.netlist.outputs.items()}

    def run(self, state: State, beats: list[Words]) -> State:
        """The state after those cycles."""
        for beat in beats:
            state = self.step(state, beat)
        return state

    def drained(self, state: State) -> State:
        """The state once what was under way has come out."""
        return self.run(state, [self.idle() for _ in range(self.unit.latency)])

    def answer(self, state: State, beats: list[Words]) -> list[int]:
        """What the output shows L moves after the first of the beats."""
        return self.outputs(self.run(state, beats[: self.unit.latency]), beats[self.unit.latency])["o_y"]

    def places(self) -> list[tuple[int, int, str, list[int]]]:
        """Every memory entry: segment, half, what it is (``knot``, or ``line``: slope and bias), and its registers."""
        config, found = self.unit, []
        index = list(range(self.count))
        if config.knots != "free":
            begins = [config.first, *starts(config.knots, config.address, config.first, config.last)]
            numbers = [cell(config.knots, config.address, begin) for begin in begins]
            size = self._index_bits()
            index = [number % (1 << size) for number in numbers]
            if config.knots == "pow2" and config.first < 0:
                index = [n if n >= 0 else ~n | 1 << (size - 1) for n in numbers]
        depth = 1 << self._index_bits()
        for half in (0, 1):
            for k, at in enumerate(index):
                found.append((k, half, "line", self.word(f"lines[{half * depth + at}]")))
            if config.knots == "free":
                for k in range(1, self.count):
                    level = (k & -k).bit_length() - 1
                    size = 1 << (self.bits - 1 - level)
                    found.append((k, half, "knot", self.word(f"knots{level}[{half * size + (k >> (level + 1))}]")))
        return found

    def _index_bits(self) -> int:
        config = self.unit
        if config.knots == "free" or config.knots == "uniform":
            return self.bits
        octaves = max(max(config.last, ~config.first).bit_length() - config.address[0], 0)
        return config.address[1] + octaves.bit_length() + (config.first < 0)
