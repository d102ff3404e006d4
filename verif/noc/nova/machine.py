"""The emitted vector unit as a machine that is run on symbols, clock edge by clock edge.

A *move* is a cycle of the one clock without reset in which the output is ready. Words of the state are found by the
names that they have in the Verilog; they only help to state what is proved.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ....hw.noc.config.nova import NovaConfig
from ...aig import FALSE, TRUE
from ...artifact import Artifact
from ...netlist import GATES, from_json
from ...proofs import made

Words = dict[str, list[int]]
State = dict[int, int]
"""Literals of all registers, by the node of each."""


class Machine:
    """The flat netlist, memories as registers, and one graph in which its moves are built.

    Parameters
    ----------
    directory : Path
        Holds the artefact.

    Raises
    ------
    ValueError
        If a register is not clocked and reset by the ports alone, or a word of the state is not found.
    """

    def __init__(self, directory: Path):
        self.artifact = Artifact.load(directory)
        self.unit = NovaConfig(**self.artifact.manifest["config"])
        top = self.artifact.module
        script = (f"read_verilog unit.v\nhierarchy -check -top {top}\nproc\nflatten\n{GATES}\n"
                  "setundef -undriven -zero\nopt_clean\nwrite_json unit.json")  # fmt: skip
        module = (design := json.loads(made(script, {"unit.v": self.artifact.verilog.read_text()}, "unit.json")))[
            "modules"][top]  # fmt: skip
        self.netlist = from_json(design, top)
        self.aig = self.netlist.aig
        self.registers = self.netlist.registers
        self.nodes = [r.q >> 1 for r in self.registers]
        flops = [cell["connections"]["Q"][0] for cell in module["cells"].values() if cell["type"].startswith("$_DFF")]
        self._flops = {bit: register.q for bit, register in zip(flops, self.registers, strict=True)}
        self._nets = {name: net["bits"] for name, net in module["netnames"].items()}
        clocks = [self.artifact.clock, *(clock["port"] for clock in self.artifact.manifest.get("clocks", ()))]
        self.clocks = {self.netlist.inputs[port][0]: port for port in clocks}
        self.first = {q for name in self._nets if name.endswith("_meta") for q in self.bits(name)}
        self._check()

    def _check(self) -> None:
        reset = self.artifact.reset
        level = None if reset is None else self.netlist.inputs[reset["port"]][0] ^ (reset["active"] == "low")
        for register in self.registers:
            if register.clock not in self.clocks or (register.reset_value is not None and register.reset != level):
                raise ValueError(f"{register.name} must be clocked and reset by the ports alone, not otherwise")

    @property
    def latency(self) -> int:
        """Moves from a beat to its results."""
        return self.unit.latency

    def word(self, name: str) -> list[int]:
        """The registers of that name."""
        if any(bit not in self._flops for bit in self._nets.get(name, [None])):
            raise ValueError(f"the Verilog must have the registers {name}, and has not")
        return [self._flops[bit] for bit in self._nets[name]]

    @property
    def names(self) -> list[str]:
        """Names of all nets."""
        return list(self._nets)

    def bits(self, name: str) -> list[int]:
        """The registers among the bits of a net."""
        return [self._flops[bit] for bit in self._nets[name] if bit in self._flops]

    def state(self) -> State:
        """Any state: the registers themselves."""
        return {node: 2 * node for node in self.nodes}

    def idle(self) -> Words:
        """A cycle without a beat."""
        return {port: [FALSE] * len(self.netlist.inputs[port]) for port in ("i_valid", "i_x", "i_table")}

    def beat(self, valid: int | None = None) -> Words:
        """Fresh symbols for a cycle's inputs; with ``valid`` that level."""
        found = {port: self.aig.inputs(len(word)) for port, word in self.idle().items()}
        return found if valid is None else {**found, "i_valid": [TRUE if valid else FALSE]}

    def ports(self, beat: Words, ready: int = TRUE, reset: int = FALSE) -> State:
        """Literals of all input nodes that are ports, but the clocks; ``reset`` is whether the reset acts."""
        mapping = {x >> 1: y for port, word in beat.items()
                   for x, y in zip(self.netlist.inputs[port], word, strict=True)}  # fmt: skip
        mapping[self.netlist.inputs["o_ready"][0] >> 1] = ready
        if self.artifact.reset:
            level = reset ^ (self.artifact.reset["active"] == "low")
            mapping[self.netlist.inputs[self.artifact.reset["port"]][0] >> 1] = level
        return mapping

    def step(self, state: State, beat: Words, ready: int = TRUE, reset: int = FALSE) -> State:
        """The state after an edge of all clocks."""
        mapping = state | self.ports(beat, ready, reset)
        values = self.aig.copy([r.d for r in self.registers], self.aig, mapping)
        return dict(zip(self.nodes, self._cleared(values, reset), strict=True))

    def _cleared(self, values: Sequence[int], reset: int) -> list[int]:
        """The values of all registers under an asynchronous reset, if there is one."""
        return [v if r.reset_value is None else self.aig.mux(reset, TRUE if r.reset_value else FALSE, v)
                for v, r in zip(values, self.registers, strict=True)]  # fmt: skip

    def edge(self, state: State, beat: Words, ready: int, ticks: dict[str, int], reset: int = FALSE) -> State:
        """The state after those clocks had an edge at once, or had none.

        ``ticks`` is a literal for each clock. A register that is the first of two behind another clock's may, where
        both have an edge, take the old or the new, each bit as it likes.
        """
        aig, ports = self.aig, self.ports(beat, ready, reset)
        values = aig.copy([r.d for r in self.registers], aig, state | ports)
        after = {node: aig.mux(ticks[self.clocks[r.clock]], value, state[node])
                 for node, value, r in zip(self.nodes, values, self.registers, strict=True)}  # fmt: skip
        after = dict(zip(self.nodes, self._cleared(list(after.values()), reset), strict=True))
        both = aig.all(ticks.values())
        first = [r for r in self.registers if r.q in self.first]
        late = aig.copy([r.d for r in first], aig, after | ports)
        for register, value in zip(first, late, strict=True):
            node = register.q >> 1
            after[node] = aig.mux(aig.land(both, aig.input()), value, after[node])
        return after

    def run(self, state: State, beats: list[Words]) -> State:
        """The state after those moves."""
        for beat in beats:
            state = self.step(state, beat)
        return state

    def outputs(self, state: State, beat: Words, ready: int = TRUE) -> Words:
        """All outputs in a cycle."""
        mapping = state | self.ports(beat, ready)
        return {name: self.aig.copy(word, self.aig, mapping) for name, word in self.netlist.outputs.items()}

    def read(self, state: State, word: Sequence[int]) -> list[int]:
        """What the registers of a word hold in a state."""
        return self.aig.copy(word, self.aig, state)
