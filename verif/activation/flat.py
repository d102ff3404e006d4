"""An emitted file as one graph of next states: memories left out, blocks too where a claim is not about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

from .. import solvers
from ..aig import FALSE, TRUE, Aig
from ..artifact import Artifact
from ..netlist import GATES, from_json
from ..proofs import made
from ..prove import Verdict
from . import memories
from .memories import Memory

Words = dict[str, list[int]]


class Missing(Exception):
    """The file has not what a claim speaks of; the sentence says what it must have."""


def structural(tried: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """A way to try a claim that is refuted where the file has not the registers, memories or products it speaks of."""

    @wraps(tried)
    def answer(*arguments: Any, **named: Any) -> Verdict:
        try:
            return tried(*arguments, **named)
        except Missing as error:
            return Verdict("refuted", "structure", {"violated": str(error)})

    return answer


class Flat:
    """The flat netlist of an artefact in one graph without its memories, and its next state without reset.

    Parameters
    ----------
    directory : Path
    blocks : bool
        Whether blocks are parts of it, or left out too: their outputs may then be anything.
    before, after : str
        More Yosys commands around flattening.
    files : mapping of str to str
        What these read, by name.
    """

    def __init__(self, directory: Path, blocks: bool = True, before: str = "", after: str = "",
                 files: Mapping[str, str] | None = None):  # fmt: skip
        self.artifact = artifact = Artifact.load(directory)
        top, text = artifact.module, artifact.verilog.read_text()
        if not blocks:
            names = [line.split()[1].partition("(")[0] for line in text.splitlines() if line.startswith("module ")]
            before += "".join(f"blackbox {name}\n" for name in names if name.startswith(f"{top}__"))
        # What a memory gives beyond its last entry has no driver: it is 0 here, and no claim is made about it.
        before, after = f"hierarchy -check -top {top}\n{before}", f"{memories.AFTER}{after}"
        script = (f"{memories.BEFORE}read_verilog unit.v\n{before}proc\nflatten\n{after}{GATES}\n"
                  "setundef -undriven -zero\nopt_clean\nwrite_json unit.json")  # fmt: skip
        design = json.loads(made(script, {"unit.v": text, **memories.FILES, **(files or {})}, "unit.json"))
        self.net = from_json(design, top)
        self.aig: Aig = self.net.aig
        self.registers = {r.q >> 1: r for r in self.net.registers}
        self.cuts = {cut.name: cut for cut in self.net.cuts}
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
            raise Missing(f"the Verilog must have the registers {name}, and has not")
        return self._names[name]

    def memory(self, name: str) -> Memory:
        """The memory of that name."""
        if name not in self.cuts or self.cuts[name].module != memories.BOX:
            raise Missing(f"the Verilog must have the memory {name} of one place to write and one to read, and has not")
        return memories.memory(self.aig, self.cuts[name], self.net.inputs[self.artifact.clock][0], self.quiet)

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
