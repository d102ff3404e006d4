"""A ring of rows, proved: which beats enter, wait and come out, in sentences about all states of the emitted file.

The netlist is taken flat, memories as registers. The sentences say what every register of the control becomes, and that
the ring keeps each beat where it was written and gives it where it is read. By induction over cycles from reset: beats
are written and read in order, each once; one is read only when its row is committed, which is R + 1 cycles after the
row's last beat was taken; what is kept is not overwritten before it is read, since writing stops one short of reading;
and the n-th row's finding is written to, and read from, the same place, of which there are as many as beats and one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import solvers
from ..aig import FALSE, TRUE, Aig
from ..artifact import Artifact
from ..netlist import GATES, from_json
from ..proofs import made
from ..prove import Verdict

Words = dict[str, list[int]]


@dataclass(frozen=True)
class Shape:
    """What the control of a unit with a ring depends on.

    Parameters
    ----------
    longest : int
        Beats of the longest row.
    ranks : int
        Ranks of the circuit that looks at rows.
    flags : tuple of str
        Registers that say whether each rank of the output, but the first, holds a beat; the last is the port o_valid.
    prefix : str
        Of the ring's names.
    source : tuple of str
        Registers (valid, last) whose beats enter; empty: those of the port.
    sink : str
        Prefix of the ring that takes what leaves (the last flag is then a register); ``"o"``: the port does.
    """

    longest: int
    ranks: int
    flags: tuple[str, ...]
    prefix: str = ""
    source: tuple[str, ...] = ()
    sink: str = "o"


class Flat:
    """The flat netlist of an artefact in one graph, and its next state without reset."""

    def __init__(self, directory: Path, before: str = "", after: str = "", files: Mapping[str, str] | None = None):
        """``before`` and ``after`` are commands around flattening, for which ``files`` are there."""
        self.artifact = artifact = Artifact.load(directory)
        top = artifact.module
        # What a memory gives beyond its last entry has no driver: it is 0 here, and no claim is made about it.
        script = (f"read_verilog unit.v\nhierarchy -check -top {top}\n{before}proc\nflatten\n{after}{GATES}\n"
                  "setundef -undriven -zero\nopt_clean\nwrite_json unit.json")  # fmt: skip
        design = json.loads(made(script, {"unit.v": artifact.verilog.read_text(), **(files or {})}, "unit.json"))
        self.net = from_json(design, top)
        self.aig: Aig = self.net.aig
        self.registers = {r.q >> 1: r for r in self.net.registers}
        cells: Mapping[str, Any] = design["modules"][top]["cells"]
        flops = [c["connections"]["Q"][0] for c in cells.values() if c["type"].startswith("$_DFF")]
        literal = {bit: r.q for bit, r in zip(flops, self.net.registers, strict=True)}
        literal |= {"0": FALSE, "1": TRUE, "x": FALSE}
        self._names: Words = {
            name: [literal[bit] for bit in net["bits"]] for name, net in design["modules"][top]["netnames"].items()
            if all(bit in literal for bit in net["bits"])
        }  # fmt: skip
        reset, clock = artifact.reset, self.net.inputs[artifact.clock][0]
        self.quiet = {} if reset is None else {self._reset_node(): FALSE if reset["active"] == "high" else TRUE}
        level = None if reset is None else self.net.inputs[reset["port"]][0] ^ (reset["active"] == "low")
        for r in self.net.registers:
            if r.clock != clock or (r.reset_value is not None and r.reset != level):
                raise ValueError(f"{r.name} must be clocked and reset by the ports alone, not otherwise")
        nexts = self.aig.copy([r.d for r in self.net.registers], self.aig, self.quiet)
        self.next = dict(zip(self.registers, nexts, strict=True))

    def _reset_node(self) -> int:
        assert self.artifact.reset is not None
        return self.net.inputs[self.artifact.reset["port"]][0] >> 1

    def has(self, name: str) -> bool:
        """Whether there are registers of that name."""
        return name in self._names

    def word(self, name: str) -> list[int]:
        """The registers of that name."""
        if name not in self._names:
            raise ValueError(f"the Verilog must have the registers {name}, and has not")
        return self._names[name]

    def after(self, word: Sequence[int]) -> list[int]:
        """What registers become."""
        return [self.next[x >> 1] ^ (x & 1) if x > 1 else x for x in word]

    def output(self, port: str) -> list[int]:
        """An output port's literals without reset."""
        return self.aig.copy(self.net.outputs[port], self.aig, self.quiet)

    def mux(self, select: int, x: Sequence[int], y: Sequence[int]) -> list[int]:
        """select ? x : y."""
        return [self.aig.mux(select, i, j) for i, j in zip(x, y, strict=True)]

    def plus(self, word: Sequence[int], bit: int) -> list[int]:
        """A word and a bit added, modulo its width."""
        return self.aig.add(list(word), [bit, *[FALSE] * (len(word) - 1)])

    def equals(self, word: Sequence[int], value: int) -> int:
        """Whether a word has that value."""
        return self.aig.all(x ^ (1 - (value >> i & 1)) for i, x in enumerate(word))

    def entries(self, memory: str, count: int) -> list[list[int]]:
        """The registers of a memory's entries."""
        return [self.word(f"{memory}[{k}]") for k in range(count)]

    def choose(self, entries: Sequence[Sequence[int]], address: Sequence[int]) -> list[int]:
        """The entry at an address."""
        level = [list(entry) for entry in entries]
        for bit in address:
            level = [self.mux(bit, level[k + 1], level[k]) for k in range(0, len(level), 2)]
        return level[0]

    def after_reset(self, words: Sequence[int]) -> list[int | None]:
        """What registers are after a reset, from any state (from the start where there is none)."""
        reset = self.artifact.reset
        chosen = [self.registers[x >> 1] for x in words if x > 1]
        if reset is not None and reset["kind"] == "sync":
            active = {self._reset_node(): TRUE if reset["active"] == "high" else FALSE}
            return list(self.aig.copy([r.d for r in chosen], self.aig, active))
        return [r.reset_value if reset else r.initial for r in chosen]

    def never(self, cases: Sequence[tuple[str, int]]) -> Verdict:
        """Proved if no literal can be true; each stands for the violation of a sentence."""
        if any(violation != FALSE for _, violation in cases) and (
            solvers.model(self.aig, [self.aig.any(violation for _, violation in cases)]) is not None
        ):
            for sentence, violation in cases:
                if violation != FALSE and (values := solvers.model(self.aig, [violation])) is not None:
                    state = {r.name: int(values[r.q >> 1]) for r in self.net.registers if r.q >> 1 in values}
                    return Verdict("refuted", "kissat", {"violated": sentence, "registers": state})
        return Verdict("proved", f"{len(cases)} sentences about all states, kissat")


def control(directory: Path, longest: int, ranks: int, flags: tuple[str, ...], prefix: str = "",
            source: tuple[str, ...] = (), sink: str = "o") -> Verdict:  # fmt: skip
    """The sentences about a unit's ring, of the :class:`Shape` given by its fields."""
    shape, flat = Shape(longest, ranks, flags, prefix, source, sink), Flat(directory)
    aig, net = flat.aig, flat.net
    write, read, committed, number = (flat.word(prefix + name) for name in ("write", "read", "committed", "number"))
    found, shown, (reads,) = (flat.word(prefix + name) for name in ("found_row", "shown_row", "reads"))
    following = flat.plus(write, TRUE)
    room = aig.differ(following, read)
    if source:
        valid, last, accepts = flat.word(source[0])[0], flat.word(source[1])[0], room
    else:
        (valid,), (accepts,) = net.inputs["i_valid"], flat.output("i_ready")
        last = net.inputs["i_last"][0] if "i_last" in net.inputs else FALSE
    if sink == "o":
        (offers,), (ready,) = flat.output("o_valid"), net.inputs["o_ready"]
    else:
        (offers,) = flat.word(shape.flags[-1])
        ready = aig.differ(flat.plus(flat.word(f"{sink}write"), TRUE), flat.word(f"{sink}read"))
    taken, enable = aig.land(valid, accepts), aig.lor(offers ^ 1, ready)
    some = aig.differ(read, committed)
    closes = aig.lor(last, flat.equals(number, shape.longest - 1))
    word = flat.word(f"{prefix}word")
    ends = [flat.word(f"{prefix}ends_{k}")[0] for k in range(1, shape.ranks + 1)]
    places = [flat.word(f"{prefix}after_{k}") for k in range(1, shape.ranks + 1)]
    wanted: list[tuple[str, list[int], list[int]]] = [
        ("a beat is taken unless the ring is full", [accepts], [room]),
        ("write moves with a beat", flat.after(write), flat.plus(write, taken)),
        ("read moves with the output while a row is there", flat.after(read), flat.plus(read, aig.land(enable, some))),
        ("a row is committed at its end", flat.after(committed), flat.mux(ends[-1], places[-1], committed)),
        ("the next row's finding has the next place", flat.after(found), flat.plus(found, ends[-1])),
        ("a row's finding is shown to its last beat", flat.after(shown),
         flat.plus(shown, aig.all([enable, reads, word[-1]]))),
        ("the first rank holds what was read", flat.after([reads]), [aig.mux(enable, some, reads)]),
        ("a row's end is seen", flat.after([ends[0]]), [aig.land(taken, closes)]),
        ("its place is that after it", flat.after(places[0]), following),
    ]  # fmt: skip
    for k in range(1, shape.ranks):
        wanted.append((f"end {k + 1} follows", flat.after([ends[k]]), [ends[k - 1]]))
        wanted.append((f"place {k + 1} follows", flat.after(places[k]), places[k - 1]))
    before = reads
    for name in shape.flags:
        flag = offers if name == "o_valid" else flat.word(name)[0]
        wanted.append((f"{name} moves with the output", flat.after([flag]), [aig.mux(enable, before, flag)]))
        before = flag
    # The ring: a beat stays where it was written, and is given where it is read.
    entries = flat.entries(f"{prefix}beats", 1 << len(write))
    wanted.append(("what is read is the beat there", flat.after(word),
                   flat.mux(enable, flat.choose(entries, read), word)))  # fmt: skip
    kept: list[int] = []
    for k, entry in enumerate(entries):
        here = aig.land(taken, flat.equals(write, k))
        now = flat.after(entry)
        kept += [aig.land(here ^ 1, aig.lxor(x, y)) for x, y in zip(now, entry, strict=True)]
        kept.append(aig.land(here, aig.lxor(now[-1], closes)))
    cases = [(text, aig.differ(x, y)) for text, x, y in wanted]
    cases.append(("an entry is kept until the next beat for it, and knows whether that ends its row", aig.any(kept)))
    inside = aig.within(number, 0, shape.longest - 1)
    restarts = flat.mux(taken, [aig.land(closes ^ 1, x) for x in flat.plus(number, TRUE)], number)
    cases.append(("beats of a row are counted", aig.land(inside, aig.differ(flat.after(number), restarts))))
    if sink == "o":
        payload = [x for port in net.outputs if port.startswith("o_") for x in flat.output(port)]
        waits = aig.all([offers, ready ^ 1])
        held = {x >> 1 for x in payload if x > 1} <= set(flat.registers)
        moved = aig.differ(flat.after(payload), payload) if held else TRUE
        cases.append(("valid and payload are registers that stay while the output waits", aig.land(waits, moved)))
    cleared = [*write, *read, *committed, *number, *found, *shown, reads, *ends, offers]
    if any(value != FALSE for value in flat.after_reset(cleared)):
        cases.append(("a reset empties the unit", TRUE))
    return flat.never(cases)
