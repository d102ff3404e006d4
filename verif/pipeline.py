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
        Rank (1 to latency) of each register, by the node of its output; 0 for one that keeps its initial value.

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
        """Ranks of registers, cuts and outputs, from the sources in the support of each."""
        aig = self.aig
        names: list[str] = []
        source: dict[int, int] = {}  # node -> bit of its source
        start: dict[int, int] = {}  # bit -> rank known from the beginning

        def add(node: int, bit: int) -> None:
            source[node] = 1 << bit

        for port in [*self.ports(self.source), *([self.source.valid] if self.source.valid else [])]:
            for literal in self.netlist.inputs[port]:
                add(literal >> 1, len(names))
            start[len(names)] = 0
            names.append(port)
        for port, word in self.netlist.inputs.items():
            if any(literal >> 1 not in source for literal in word):
                for literal in word:
                    add(literal >> 1, len(names))
                names.append(port)
        waiting: dict[int, int] = {}  # bit -> mask of sources
        bit_of: dict[int, int] = {}
        for node, register in self.of_register.items():
            bit_of[node] = len(names)
            add(node, len(names))
            names.append(register.name)
        cut_bits: dict[str, int] = {}
        for cut in self.netlist.cuts:
            cut_bits[cut.name] = len(names)
            for word in cut.outputs.values():
                for literal in word:
                    add(literal >> 1, len(names))
            names.append(cut.name)
        roots = [*self.moved.values(), *(x for pins in self.cut_inputs.values() for w in pins.values() for x in w)]
        data_ports = [*self.ports(self.sink), *([self.sink.valid] if self.sink.valid else [])]
        roots += [x for port in data_ports for x in self.outputs[port]]
        mask = {0: 0}
        for node in aig.cone(roots):
            fan = aig.fanin[node]
            mask[node] = source[node] if fan is None else mask[fan[0] >> 1] | mask[fan[1] >> 1]
        for node, literal in self.moved.items():
            waiting[bit_of[node]] = mask[literal >> 1]
        cuts = set(cut_bits.values())
        for name, pins in self.cut_inputs.items():
            total = 0
            for word in pins.values():
                for literal in word:
                    total |= mask[literal >> 1]
            waiting[cut_bits[name]] = total

        rank = dict(start)
        constant: dict[int, None] = {}  # in the order in which they are found: each depends on earlier ones

        def ranks_of(sources: int, name: str) -> int | None:
            """The one rank of a set of sources; None for a constant, -1 where some are not ranked yet."""
            found = set()
            for bit in _bits(sources):
                if bit in constant:
                    continue
                if bit not in rank:
                    if bit not in waiting:
                        raise Unbalanced(f"{name} must not depend on {names[bit]} when the unit moves, but it does")
                    return -1
                found.add(rank[bit])
            if len(found) > 1:
                near, far = (next(names[b] for b in _bits(sources) if b in rank and rank[b] == r)
                             for r in (min(found), max(found)))  # fmt: skip
                raise Unbalanced(f"{name} must lie equally far from all inputs, not {min(found)} registers by {near} "
                                 f"and {max(found)} by {far}")  # fmt: skip
            return found.pop() if found else None

        while waiting:
            done = []
            for bit, sources in waiting.items():
                before = ranks_of(sources, names[bit])
                if before == -1:
                    continue
                done.append(bit)
                if before is None:
                    constant[bit] = None
                else:
                    rank[bit] = before if bit in cuts else before + 1
            if not done:
                some = min(waiting)
                raise Unbalanced(f"{names[some]} must not depend on itself through registers, but it does (with "
                                 f"{len(waiting) - 1} more)")  # fmt: skip
            for bit in done:
                del waiting[bit]
        node_of = {bit: node for node, bit in bit_of.items()}
        self.rank = {node: 0 if bit in constant else rank[bit] for node, bit in bit_of.items()}
        for bit in constant:
            if (node := node_of.get(bit)) is None:
                continue
            register = self.of_register[node]
            (value,) = aig.copy([self.moved[node]], aig, self.constants)
            if register.initial is None or value != (TRUE if register.initial else FALSE):
                raise Unbalanced(f"{register.name} must depend on an input or keep its initial value, and does neither")
            self.constants[node] = value
        depths = {}
        for port in data_ports:
            total = 0
            for literal in self.outputs[port]:
                total |= mask[literal >> 1]
            depths[port] = ranks_of(total, port)
        if len(found := {d for d in depths.values() if d is not None}) != 1:
            raise Unbalanced(f"outputs must lie equally far from the inputs, not {depths}")
        (self.latency,) = found

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
