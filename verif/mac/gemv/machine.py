"""The emitted matrix-vector engine as a machine that can be run on symbols, move by move.

The netlist is taken flat, memories as registers. A *move* is a clock cycle without reset in which the output is ready:
the unit is then never stalled. Words of the state are found by the names that they have in the Verilog; they only help
to state what is proved.

Of a machine *in blocks* the blocks that compute (all modules below the top) are left out. They are functions of which
nothing is known but that they are: a block of the same module, given the same, puts out the same. What holds of such a
machine holds whatever the blocks compute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ....hw.mac.config.gemv import GemvConfig
from ...aig import FALSE, TRUE, Aig
from ...artifact import Artifact
from ...netlist import GATES, Cut, from_json
from ...proofs import made, multipliers

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
    cut : str
        What is left out: ``nothing``, ``product``, ``multipliers`` (the blocks inside that), or ``blocks``, which are
        then functions.

    Raises
    ------
    ValueError
        If a register is not clocked and reset by the ports alone, or a word of the state is not found.
    """

    def __init__(self, directory: Path, cut: str = "nothing"):
        self.artifact = Artifact.load(directory)
        self.config = GemvConfig(**self.artifact.manifest["config"])
        top, text = self.artifact.module, self.artifact.verilog.read_text()
        below = re.findall(rf"^module ({top}__\w+)", text, re.M)
        left_out = {
            "nothing": [], "product": [f"{top}__product"], "multipliers": multipliers(self.artifact), "blocks": below,
        }[cut]  # fmt: skip
        boxes = "".join(f"blackbox {name}\n" for name in left_out)
        # What a memory gives beyond its last entry has no driver: it is 0 here, and no claim is made about it.
        script = (f"read_verilog unit.v\nhierarchy -check -top {top}\n{boxes}"
                  f"proc\nflatten\n{GATES}\n"
                  "setundef -undriven -zero\nopt_clean\nsetattr -unset src t:* w:* %u\n"
                  "write_json unit.json")  # fmt: skip
        design = json.loads(made(script, {"unit.v": text}, "unit.json"))
        self.netlist = from_json(design, top)
        self.aig: Aig = self.netlist.aig
        self.registers = self.netlist.registers
        self.nodes = [r.q >> 1 for r in self.registers]
        self.fields = [port for port in FIELDS if port in self.netlist.inputs]
        self._next = dict(zip(self.nodes, (r.d for r in self.registers), strict=True))
        self._names = self._named(design["modules"][top])
        self._some = self._named(design["modules"][top], {"0": FALSE})
        self._check()
        self._cut_of = {x >> 1: cut for cut in self.netlist.cuts for word in cut.outputs.values() for x in word}
        self._below: dict[str, tuple[set[int], list[Cut]]] = {}
        self._made: dict[tuple[str, ...], Words] = {}

    def _named(self, module: Mapping[str, dict], constants: Mapping[str, int] | None = None) -> Words:
        """Every net of the top module all of whose bits are registers, or one of these constants."""
        flops = [cell["connections"]["Q"][0] for cell in module["cells"].values() if cell["type"].startswith("$_DFF")]
        literal = {**(constants or {}), **{bit: r.q for bit, r in zip(flops, self.registers, strict=True)}}
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

    def read_bits(self, name: str) -> list[int]:
        """As :meth:`word`, with 0 for each bit that nobody reads and that is no register therefore."""
        if name not in self._some:
            return self.word(name)
        return self._some[name]

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

    # Blocks as functions.

    def _needs(self, literals: Iterable[int]) -> tuple[set[int], list[Cut]]:
        """Ports and registers that literals depend on, and the blocks between, in order."""
        leaves, blocks = set[int](), dict[str, Cut]()
        for node in self.aig.support(literals):
            if (cut := self._cut_of.get(node)) is None:
                leaves.add(node)
            elif cut.name not in blocks:
                if cut.name not in self._below:
                    self._below[cut.name] = self._needs([x for word in cut.inputs.values() for x in word])
                below, before = self._below[cut.name]
                leaves |= below
                blocks |= {other.name: other for other in before} | {cut.name: cut}
        return leaves, list(blocks.values())

    def needs(self, literals: Iterable[int]) -> set[int]:
        """Nodes of the ports and registers that literals depend on."""
        return self._needs(literals)[0]

    def copy(self, literals: Sequence[int], mapping: State) -> list[int]:
        """The literals with ports and registers replaced; blocks that are given the same put out the same."""
        mapping = dict(mapping)
        for cut in self._needs(literals)[1]:
            fed = {pin: self.aig.copy(word, self.aig, mapping) for pin, word in sorted(cut.inputs.items())}
            key = (cut.module, *(f"{pin} {word}" for pin, word in fed.items()))
            if key not in self._made:
                self._made[key] = {pin: self.aig.inputs(len(word)) for pin, word in cut.outputs.items()}
            for pin, word in cut.outputs.items():
                mapping |= {x >> 1: y for x, y in zip(word, self._made[key][pin], strict=True)}
        return self.aig.copy(literals, self.aig, mapping)

    # Moves.

    def step(self, state: State, beat: Words, ready: int = TRUE, reset: bool = False,
             only: set[int] | None = None) -> State:  # fmt: skip
        """The state after a clock edge; of those registers only, if they are given."""
        mapping = state | self.ports(beat, ready, reset)
        registers = [r for r in self.registers if only is None or r.q >> 1 in only]
        values = self.copy([r.d for r in registers], mapping)
        if reset and self.artifact.reset and self.artifact.reset["kind"] == "async":
            values = [v if r.reset_value is None else (TRUE if r.reset_value else FALSE)
                      for v, r in zip(values, registers, strict=True)]  # fmt: skip
        return dict(zip((r.q >> 1 for r in registers), values, strict=True))

    def look(self, word: Sequence[int], state: State, beats: Sequence[Words]) -> list[int]:
        """What a word is in the cycle of the last beat, after the moves of those before it, from that state."""
        needed = [self.needs(word)]
        for _ in beats[1:]:
            needed.append(self.needs([self._next[node] for node in needed[-1] if node in self._next]))
        for beat, only in zip(beats[:-1], reversed(needed[:-1]), strict=True):
            state = self.step(state, beat, only=only)
        return self.copy(word, state | self.ports(beats[-1]))

    def outputs(self, state: State, beat: Words, ready: int = TRUE) -> Words:
        """``i_ready``, ``o_valid`` and ``o_y`` in a cycle."""
        mapping = state | self.ports(beat, ready, False)
        names = ("i_ready", "o_valid", "o_y")
        return {name: self.copy(self.netlist.outputs[name], mapping) for name in names}

    def next(self, register: int) -> int:
        """The literal of a register's next value."""
        return self._next[register >> 1] ^ (register & 1)

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
