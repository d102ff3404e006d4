"""The emitted matrix-vector engine as a machine that can be run on symbols, move by move.

The netlist is taken flat, memories as registers. A *move* is a clock cycle without reset in which the output is ready:
the unit is then never stalled. Words of the state are found by the names that they have in the Verilog; they only help
to state what is proved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ....hw.mac.config.gemv import GemvConfig
from ...aig import FALSE, TRUE, Aig
from ...artifact import Artifact
from ...netlist import GATES, from_json
from ...proofs import made

Words = dict[str, list[int]]
State = dict[int, int]
"""Literals of all registers, by the node of each."""

FIELDS = ("i_mode", "i_load", "i_mac", "i_first", "i_last", "i_after", "i_x", "i_w")


class Machine:
    """The flat netlist, and one graph in which its moves are built.

    Parameters
    ----------
    directory : Path
        Holds the artefact.
    cut : bool
        Whether the products are left out: cuts of the netlist.

    Raises
    ------
    ValueError
        If a register is not clocked and reset by the ports alone, or a word of the state is not found.
    """

    def __init__(self, directory: Path, cut: bool = False):
        self.artifact = Artifact.load(directory)
        self.config = GemvConfig(**self.artifact.manifest["config"])
        top = self.artifact.module
        # What a memory gives beyond its last entry has no driver: it is 0 here, and no claim is made about it.
        box = f"blackbox {top}__product\n" if cut else ""
        script = (f"read_verilog unit.v\nhierarchy -check -top {top}\n{box}proc\nflatten\n{GATES}\n"
                  "setundef -undriven -zero\nopt_clean\nwrite_json unit.json")  # fmt: skip
        design = json.loads(made(script, {"unit.v": self.artifact.verilog.read_text()}, "unit.json"))
        self.netlist = from_json(design, top)
        self.aig: Aig = self.netlist.aig
        self.registers = self.netlist.registers
        self.nodes = [r.q >> 1 for r in self.registers]
        self.fields = [port for port in FIELDS if port in self.netlist.inputs]
        self._names = self._named(design["modules"][top])
        self._check()

    def _named(self, module: Mapping[str, dict]) -> Words:
        """Every net of the top module all of whose bits are registers."""
        flops = [cell["connections"]["Q"][0] for cell in module["cells"].values() if cell["type"].startswith("$_DFF")]
        literal = {bit: register.q for bit, register in zip(flops, self.registers, strict=True)}
        return {name: [literal[bit] for bit in net["bits"]] for name, net in module["netnames"].items()
                if all(bit in literal for bit in net["bits"])}  # fmt: skip

    def _check(self) -> None:
        clock, reset = self.netlist.inputs[self.artifact.clock][0], self.artifact.reset
        level = None if reset is None else self.netlist.inputs[reset["port"]][0] ^ (reset["active"] == "low")
        for register in self.registers:
            if register.clock != clock or (register.reset_value is not None and register.reset != level):
                raise ValueError(f"{register.name} must be clocked and reset by the ports alone, not otherwise")

    def word(self, name: str) -> list[int]:
        """The registers of that name."""
        if name not in self._names:
            raise ValueError(f"the Verilog must have the registers {name}, and has not")
        return self._names[name]

    def memory(self, name: str, depth: int) -> list[list[int]]:
        """The registers of each entry of a memory."""
        return [self.word(f"{name}[{entry}]") for entry in range(depth)]

    def state(self) -> State:
        """Any state: the registers themselves."""
        return {node: 2 * node for node in self.nodes}

    def beat(self) -> Words:
        """Fresh symbols for one cycle's ``i_valid`` and payload."""
        return {port: self.aig.inputs(len(self.netlist.inputs[port])) for port in ("i_valid", *self.fields)}

    def ports(self, beat: Words, ready: int = TRUE, reset: bool = False) -> State:
        """Literals of all input nodes that are ports, but the clock."""
        mapping = {x >> 1: y for port, word in beat.items()
                   for x, y in zip(self.netlist.inputs[port], word, strict=True)}  # fmt: skip
        mapping[self.netlist.inputs["o_ready"][0] >> 1] = ready
        if self.artifact.reset:
            active = self.artifact.reset["active"] == "high"
            mapping[self.netlist.inputs[self.artifact.reset["port"]][0] >> 1] = TRUE if reset == active else FALSE
        return mapping

    def step(self, state: State, beat: Words, ready: int = TRUE, reset: bool = False) -> State:
        """The state after a clock edge."""
        mapping = state | self.ports(beat, ready, reset)
        values = self.aig.copy([r.d for r in self.registers], self.aig, mapping)
        if reset and self.artifact.reset and self.artifact.reset["kind"] == "async":
            values = [v if r.reset_value is None else (TRUE if r.reset_value else FALSE)
                      for v, r in zip(values, self.registers, strict=True)]  # fmt: skip
        return dict(zip(self.nodes, values, strict=True))

    def outputs(self, state: State, beat: Words, ready: int = TRUE) -> Words:
        """``i_ready``, ``o_valid`` and ``o_y`` in a cycle."""
        mapping = state | self.ports(beat, ready, False)
        names = ("i_ready", "o_valid", "o_y")
        return {name: self.aig.copy(self.netlist.outputs[name], self.aig, mapping) for name in names}

    def read(self, state: State, word: Sequence[int]) -> list[int]:
        """What the registers of a word hold in a state."""
        return self.aig.copy(word, self.aig, state)

    def choose(self, entries: Sequence[Sequence[int]], address: Sequence[int]) -> list[int]:
        """The entry at an address, as a tree of multiplexers; 0 beyond the last."""
        if not address:
            return list(entries[0])
        half = 1 << (len(address) - 1)
        low = self.choose(entries[:half], address[:-1])
        high = self.choose(entries[half:], address[:-1]) if len(entries) > half else [FALSE] * len(low)
        return [self.aig.mux(address[-1], y, x) for x, y in zip(low, high, strict=True)]

    def equals(self, word: Sequence[int], value: int) -> int:
        """Whether a word has that value."""
        return self.aig.all([x if value >> i & 1 else x ^ 1 for i, x in enumerate(word)])

    def plus(self, word: Sequence[int], amount: int) -> list[int]:
        """The word plus 0 or 1 (a literal), as many bits."""
        out, carry = [], amount
        for bit in word:
            out.append(self.aig.lxor(bit, carry))
            carry = self.aig.land(bit, carry)
        return out


def lonely(machine: Machine, mode: Sequence[int], w: Sequence[int], v: Sequence[int],
           c: Sequence[int]) -> tuple[State, list[Words]]:  # fmt: skip
    """An empty engine that holds v in column 0 and c in group 0, and cycles in which one beat goes through it alone."""
    state = dict.fromkeys(machine.nodes, FALSE)
    for word, values in ((machine.word("held[0]"), v), (machine.word("sums[0]"), c)):
        state |= {x >> 1: value for x, value in zip(word, values, strict=True)}
    idle = {port: [FALSE] * len(machine.netlist.inputs[port]) for port in ("i_valid", *machine.fields)}
    # The next column is empty, so that nothing else is multiplied.
    beat = {**idle, "i_valid": [TRUE], "i_mac": [TRUE], "i_last": [TRUE], "i_after": [TRUE, FALSE], "i_w": list(w)}
    if "i_mode" in machine.fields:
        beat["i_mode"] = list(mode)
    return state, [beat, *([idle] * machine.config.latency)]
