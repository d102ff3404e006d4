"""A netlist seen as a pipeline: its ranks of registers, what moves them, and what it computes when registers are wires.

With the output ready and no reset, a unit whose stall only freezes it is a plain pipeline: that cofactor of its
next-state functions gives every register's rank. What a stall does is then a matter of a few statements over all states
(:mod:`.handshake`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .aig import FALSE, TRUE, Aig
from .artifact import Artifact, Stream
from .netlist import Netlist

Words = dict[str, list[int]]
"""Literals of each word by its name."""


class Unbalanced(Exception):
    """The netlist is no balanced pipeline; the sentence says where."""


class Pipeline:
    """The ranks of a unit with one input stream and one output stream.

    Parameters
    ----------
    netlist : Netlist
    artifact : Artifact
        Its manifest names the ports.
    fixed : mapping of int to int
        Input nodes that are held at a literal (constants, or nodes of the same graph).

    Attributes
    ----------
    latency : int
        Registers on every path from inputs to outputs.
    rank : dict of int to int
        Rank (1 to latency) of each register, by the node of its output; 0 for one that never leaves its initial value,
        or that nothing reads.
    constants : dict of int to int
        The former's values.

    Raises
    ------
    Unbalanced
        If paths have different numbers of registers, or a register depends on itself.
    """

    def __init__(self, netlist: Netlist, artifact: Artifact, fixed: Mapping[int, int] | None = None):
        self.netlist, self.artifact, self.aig = netlist, artifact, netlist.aig
        self.source, self.sink = artifact.stream("in"), artifact.stream("out")
        self.fixed = dict(fixed or {})
        self.constants: dict[int, int] = {}
        self._check_clock()
        quiet = self.fixed | self.reset_at(False)
        moving = quiet | self.ready_at(True)
        nexts = [r.d for r in netlist.registers]
        nodes = [r.q >> 1 for r in netlist.registers]
        self.next = dict(zip(nodes, self.aig.copy(nexts, self.aig, quiet), strict=True))
        self.moved = dict(zip(nodes, self.aig.copy(nexts, self.aig, moving), strict=True))
        self.cut_inputs = {
            cut.name: {pin: self.aig.copy(word, self.aig, moving) for pin, word in cut.inputs.items()}
            for cut in netlist.cuts
        }
        self.outputs = {
            port: self.aig.copy(word, self.aig, quiet) for port, word in netlist.outputs.items()
        }  # fmt: skip
        self.of_register = {r.q >> 1: r for r in netlist.registers}
        self._order()

    # What the manifest says of the ports.

    def bit(self, port: str) -> int:
        """The literal of an input port of one bit."""
        return self.netlist.inputs[port][0]

    def reset_at(self, active: bool) -> dict[int, int]:
        """The reset port held at its active or inactive level."""
        reset = self.artifact.reset
        if reset is None:
            return {}
        return {self.bit(reset["port"]) >> 1: TRUE if active == (reset["active"] == "high") else FALSE}

    def ready_at(self, ready: bool) -> dict[int, int]:
        """The output's ready held."""
        return {self.bit(self.sink.ready) >> 1: TRUE if ready else FALSE} if self.sink.ready else {}

    def _check_clock(self) -> None:
        clock, registers = self.bit(self.artifact.clock), self.netlist.registers
        clocks, resets = (self.aig.copy(of, self.aig, self.fixed)
                          for of in ([r.clock for r in registers], [r.reset for r in registers]))  # fmt: skip
        for register, edge, clears in zip(registers, clocks, resets, strict=True):
            if edge != clock:
                raise Unbalanced(
                    f"{register.name} must be clocked by the rising edge of {self.artifact.clock}, not otherwise"
                )
            if register.reset_value is not None:
                reset = self.artifact.reset
                level = (self.bit(reset["port"]) ^ (reset["active"] == "low")) if reset else None
                if clears != level:
                    raise Unbalanced(f"{register.name} must be reset by the reset port alone, not otherwise")

    @staticmethod
    def ports(stream: Stream) -> list[str]:
        """Payload ports of a stream, each once."""
        return list(dict.fromkeys(place.port for place in stream.payload))

    # Ranks.

    def _order(self) -> None:
        """Ranks of registers, cuts and outputs, from what each depends on.

        What can be depended on (ports, registers, cuts) is numbered; sets of numbers are masks.
        """
        names: list[str] = []
        number: dict[int, int] = {}  # of the node of each literal that belongs to a thing

        def add(name: str, literals: Sequence[int]) -> int:
            number.update((literal >> 1, len(names)) for literal in literals)
            names.append(name)
            return len(names) - 1

        beat = [*self.ports(self.source), *([self.source.valid] if self.source.valid else [])]
        rank = {add(port, self.netlist.inputs[port]): 0 for port in beat}
        for port, word in self.netlist.inputs.items():
            if port not in beat:
                add(port, word)
        register = {add(r.name, [r.q]): node for node, r in self.of_register.items()}
        cut = {add(c.name, [x for word in c.outputs.values() for x in word]): c.name for c in self.netlist.cuts}
        seen = [*self.ports(self.sink), *([self.sink.valid] if self.sink.valid else [])]
        shown = [x for port in seen for x in self.outputs[port]]
        fed = {name: [x for word in pins.values() for x in word] for name, pins in self.cut_inputs.items()}
        mask = {0: 0}
        for node in self.aig.cone([*self.moved.values(), *shown, *(x for word in fed.values() for x in word)]):
            fan = self.aig.fanin[node]
            mask[node] = 1 << number[node] if fan is None else mask[fan[0] >> 1] | mask[fan[1] >> 1]

        def needs(literals: Sequence[int]) -> int:
            found = 0
            for literal in literals:
                found |= mask[literal >> 1]
            return found

        sources = {thing: needs([self.moved[node]]) for thing, node in register.items()}
        sources |= {thing: needs(fed[name]) for thing, name in cut.items()}
        constant: list[int] = []  # in the order in which they are found: each depends on earlier ones alone

        def rank_of(name: str, mask: int) -> int | None:
            """The one rank of a set; None for constants, -1 where some are not ranked yet."""
            things = [thing for thing in _bits(mask) if thing not in constant]
            if any(thing not in rank for thing in things):
                if stray := [thing for thing in things if thing not in rank and thing not in sources]:
                    raise Unbalanced(f"{name} must not depend on {names[stray[0]]} when the unit moves, but it does")
                return -1
            at = {rank[thing]: names[thing] for thing in things}
            if len(at) > 1:
                near, far = min(at), max(at)
                raise Unbalanced(f"{name} must lie equally far from all inputs, not {near} registers by {at[near]} "
                                 f"and {far} by {at[far]}")  # fmt: skip
            return next(iter(at), None)

        waiting = list(sources)
        while waiting:
            ready = [(thing, at) for thing in waiting if (at := rank_of(names[thing], sources[thing])) != -1]
            if not ready:
                raise Unbalanced(f"{names[waiting[0]]} must not depend on itself through registers, but it does (with "
                                 f"{len(waiting) - 1} more)")  # fmt: skip
            for thing, at in ready:
                waiting.remove(thing)
                if at is None:
                    constant.append(thing)
                else:
                    rank[thing] = at + (thing in register)
        latency = rank_of("what the output shows", needs(shown))
        if latency is None:
            raise Unbalanced("what the output shows must depend on the input, and does not")
        self.latency = latency
        rank[-1], sources[-1] = latency + 1, needs(shown)
        constant = [thing for thing in constant if thing in register]
        for thing in constant:
            node = register[thing]
            (value,) = self.aig.copy([self.moved[node]], self.aig, self.constants)
            if value == self.of_register[node].initial:
                self.constants[node] = value
        for thing in reversed(constant):
            # A constant that is not there from the start comes with the first beat: it is one rank before its readers.
            readers = {rank[r] - (r not in cut) for r, m in sources.items() if m >> thing & 1 and r in rank}
            if register[thing] not in self.constants and readers:
                rank[thing] = min(readers)
                if len(readers) > 1 or rank[thing] < 1:
                    raise Unbalanced(f"{names[thing]} must be of one rank, not before ranks {sorted(readers)}")
        self.rank = {node: rank.get(thing, 0) for thing, node in register.items()}

    # What it computes.

    def combinational(self, into: Aig, inputs: Mapping[str, Sequence[int]],
                      cuts: Mapping[str, Mapping[str, Sequence[int]]]) -> tuple[Words, dict[str, Words]]:  # fmt: skip
        """Payload outputs, and inputs of each cut, as functions of one beat's inputs: every register is a wire.

        Parameters
        ----------
        into : Aig
            Where the functions are built.
        inputs : mapping
            Literals of each payload input port.
        cuts : mapping
            Literals of the outputs of each cut, by its name.
        """
        value = {0: FALSE, **self.constants}
        for port, word in inputs.items():
            value.update((x >> 1, y) for x, y in zip(self.netlist.inputs[port], word, strict=True))
        for cut in self.netlist.cuts:
            for pin, word in cut.outputs.items():
                value.update((x >> 1, y) for x, y in zip(word, cuts[cut.name][pin], strict=True))
        payload = [(port, self.outputs[port]) for port in self.ports(self.sink)]
        # A register that only carries validity has no value here; no payload may depend on it.
        for node in sorted(self.rank, key=lambda n: self.rank[n]):
            if self.rank[node] and all(n in value for n in self.aig.support([self.moved[node]])):
                (value[node],) = self.aig.copy([self.moved[node]], into, value)
        outputs = {port: self.aig.copy(word, into, value) for port, word in payload}
        fed = {name: {pin: self.aig.copy(word, into, value) for pin, word in pins.items()}
               for name, pins in self.cut_inputs.items()}  # fmt: skip
        return outputs, fed


def _bits(mask: int) -> list[int]:
    out = []
    while mask:
        low = mask & -mask
        out.append(low.bit_length() - 1)
        mask ^= low
    return out
