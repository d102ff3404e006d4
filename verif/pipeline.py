"""A netlist seen as a pipeline: its ranks of registers, what moves them, and what it computes when registers are wires.

With the output ready and no reset, a unit whose stall only freezes it is a plain pipeline: that cofactor of its next-state
functions gives every register's rank. What a stall does is then a matter of a few statements over all states
(:meth:`Pipeline.statements`): each rank moves whole or not at all, and neighbours move together where a beat is involved.
From them follows by induction over cycles that beats leave in the order in which they came, none lost, none repeated, each
having crossed every rank once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .aig import FALSE, TRUE, Aig
from .artifact import Artifact, Stream
from .netlist import Netlist, Register


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
        Rank (1 to latency) of each register, by the node of its output.

    Raises
    ------
    Unbalanced
        If paths have different numbers of registers, or a register depends on itself.
    """

    def __init__(self, netlist: Netlist, artifact: Artifact, fixed: Mapping[int, int] | None = None):
        self.netlist, self.artifact, self.aig = netlist, artifact, netlist.aig
        self.source, self.sink = artifact.stream("in"), artifact.stream("out")
        self.fixed = dict(fixed or {})
        self._check_clock()
        quiet = self.fixed | self._reset_at(False)
        moving = quiet | self._ready_at(True)
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

    def _bit(self, port: str) -> int:
        return self.netlist.inputs[port][0]

    def _reset_at(self, active: bool) -> dict[int, int]:
        reset = self.artifact.reset
        if reset is None:
            return {}
        return {self._bit(reset["port"]) >> 1: TRUE if active == (reset["active"] == "high") else FALSE}

    def _ready_at(self, ready: bool) -> dict[int, int]:
        return {self._bit(self.sink.ready) >> 1: TRUE if ready else FALSE} if self.sink.ready else {}

    def _check_clock(self) -> None:
        clock = self._bit(self.artifact.clock)
        for register in self.netlist.registers:
            if register.clock != clock:
                raise Unbalanced(f"{register.name} must be clocked by the rising edge of {self.artifact.clock}, not otherwise")
            if register.reset_value is not None:
                reset = self.artifact.reset
                level = (self._bit(reset["port"]) ^ (reset["active"] == "low")) if reset else None
                if register.reset != level:
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
        constant: set[int] = set()

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
                    constant.add(bit)
                else:
                    rank[bit] = before if bit in cuts else before + 1
            if not done:
                some = min(waiting)
                raise Unbalanced(f"{names[some]} must not depend on itself through registers, but it does (with "
                                 f"{len(waiting) - 1} more)")  # fmt: skip
            for bit in done:
                del waiting[bit]
        self.rank: dict[int, int] = {}
        for node, bit in bit_of.items():
            if bit in constant:
                register = self.of_register[node]
                if register.initial is None or self.moved[node] != (TRUE if register.initial else FALSE):
                    raise Unbalanced(f"{register.name} must depend on an input or keep its initial value, and does neither")
                self.rank[node] = 0
            else:
                self.rank[node] = rank[bit]
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
                      cuts: Mapping[str, Mapping[str, Sequence[int]]]) -> tuple[dict[str, list[int]], dict[str, dict[str, list[int]]]]:  # fmt: skip
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
        value: dict[int, int] = {0: FALSE}
        for port, word in inputs.items():
            value.update((x >> 1, y) for x, y in zip(self.netlist.inputs[port], word, strict=True))
        for cut in self.netlist.cuts:
            for pin, word in cut.outputs.items():
                value.update((x >> 1, y) for x, y in zip(word, cuts[cut.name][pin], strict=True))
        payload = [(port, self.outputs[port]) for port in self.ports(self.sink)]
        # A register that only carries validity has no value here; no payload may depend on it.
        for node in sorted(self.rank, key=lambda n: self.rank[n]):
            if all(n in value for n in self.aig.support([self.moved[node]])):
                (value[node],) = self.aig.copy([self.moved[node]], into, value)
        outputs = {port: self.aig.copy(word, into, value) for port, word in payload}
        fed = {name: {pin: self.aig.copy(word, into, value) for pin, word in pins.items()}
               for name, pins in self.cut_inputs.items()}  # fmt: skip
        return outputs, fed

    # What moves it.

    def _valids(self) -> list[int]:
        """Whether each rank holds a beat: index 0 is the input's valid, the last the output's."""
        assert self.sink.valid is not None
        (literal,) = self.outputs[self.sink.valid]
        found = [literal]
        for rank in range(self.latency, 0, -1):
            stepped = {n: d for n, d in self.moved.items() if self.rank[n] == rank}
            found += self.aig.copy([found[-1]], self.aig, stepped)
        return found[::-1]

    def _enable(self, rank: int, validity: set[int]) -> int:
        """When a rank loads: where the next value of one of its registers does not follow its present value."""
        for node, at in self.rank.items():
            if at != rank or node in validity:
                continue
            low, high = (self.aig.copy([self.next[node]], self.aig, {node: x})[0] for x in (FALSE, TRUE))
            return self.aig.lxor(low, high) ^ 1
        raise Unbalanced(f"rank {rank} must hold payload, not validity alone")

    def statements(self) -> list[tuple[str, int]]:
        """Sentences about all states, each with the literal that is true where it is violated."""
        aig, last = self.aig, self.latency
        if self.sink.valid is None:
            wrong = [aig.lxor(self.next[n], self.moved[n]) for n in self.rank]
            return [("every register loads in every cycle", aig.any(wrong))]
        assert self.sink.ready and self.source.valid and self.source.ready
        valid = self._valids()
        validity = set().union(*(aig.support([v]) for v in valid[1:]))
        enable = [FALSE, *(self._enable(k, validity) for k in range(1, last + 1))]
        accepts = self.outputs[self.source.ready][0]
        offers, takes = self._bit(self.source.valid), self._bit(self.sink.ready)
        outputs_valid = valid[last]
        out: list[tuple[str, int]] = []

        def never(sentence: str, *violation: int) -> None:
            out.append((sentence, aig.all(violation)))

        for k in range(1, last + 1):
            wrong = [aig.lxor(self.next[n], aig.mux(enable[k], self.moved[n], 2 * n)) for n, r in self.rank.items() if r == k]
            never(f"rank {k} loads whole or holds whole", aig.any(wrong))
        never("registers that are constants stay so", aig.any(
            aig.land(aig.lxor(self.next[n], self.moved[n]), aig.lxor(self.next[n], 2 * n)) for n, r in self.rank.items() if not r))
        never("what is offered at the input is what rank 1 takes for valid", aig.lxor(valid[0], offers))
        never("a beat that is accepted is loaded", offers, accepts, enable[1] ^ 1)
        never("a beat that is loaded is accepted", offers, accepts ^ 1, enable[1])
        for k in range(1, last):
            never(f"rank {k} is overwritten only when its beat moves on", valid[k], enable[k], enable[k + 1] ^ 1)
            never(f"rank {k} does not keep a beat that moves on", valid[k], enable[k + 1], enable[k] ^ 1)
        never("the output keeps its beat until it is taken", outputs_valid, enable[last], takes ^ 1)
        never("the output does not keep a beat that is taken", outputs_valid, takes, enable[last] ^ 1)
        never("all ranks move when the output is ready", takes, aig.all([*enable[1:], accepts]) ^ 1)
        never("all ranks move when there is no beat at the output", outputs_valid ^ 1, aig.all([*enable[1:], accepts]) ^ 1)
        state = {n for n in self.rank}
        seen = [*self.outputs[self.sink.valid], *(x for port in self.ports(self.sink) for x in self.outputs[port])]
        if not aig.support(seen) <= state:
            out.append(("o_valid and payload depend on registers alone, not on o_ready or inputs", TRUE))
        step = {**self.next}
        after = aig.copy(seen, aig, step)
        never("o_valid and payload stay while o_ready is low", outputs_valid, takes ^ 1, aig.differ(seen, after))
        return out

    def reset_statement(self) -> tuple[str, int] | None:
        """The sentence about reset and initial values, and the literal that is true where it is violated."""
        if self.sink.valid is None:
            return None
        aig, reset = self.aig, self.artifact.reset
        valid = self._valids()[1:]
        nodes = list(self.of_register)
        if reset is None:
            after = {n: TRUE if r.initial else FALSE for n, r in self.of_register.items() if r.initial is not None}
            return "at the start no rank holds a beat", aig.any(aig.copy(valid, aig, after))
        during = self.fixed | self._reset_at(True)
        if reset["kind"] == "async":
            after = {n: TRUE if r.reset_value else FALSE for n, r in self.of_register.items() if r.reset_value is not None}
            return "while reset is active no rank holds a beat", aig.any(aig.copy(valid, aig, after))
        after = dict(zip(nodes, aig.copy([self.of_register[n].d for n in nodes], aig, during), strict=True))
        return "one cycle of reset empties every rank, from any state", aig.any(aig.copy(valid, aig, after))


def _bits(mask: int) -> list[int]:
    out = []
    while mask:
        low = mask & -mask
        out.append(low.bit_length() - 1)
        mask ^= low
    return out


def names_of(registers: Sequence[Register]) -> dict[int, str]:
    """Names of registers by node."""
    return {r.q >> 1: r.name for r in registers}
