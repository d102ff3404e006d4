"""The accumulator's file mapped to LUTs against the file: register by register, since a loop has no ranks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ... import solvers
from ...aig import FALSE, TRUE, Aig
from ...artifact import Artifact
from ...netlist import Netlist, Register
from ...proofs import mapped_netlist, multipliers, netlist_of
from ...prove import Verdict

WORDS = 64  # of 64 random vectors each, by which registers that share no name are paired


class Pairing:
    """Registers of two netlists of the same ports, in pairs: by name, then by what they do.

    Whatever the pairs are, that each pair has the same next value is left to be shown.
    """

    def __init__(self, left: Netlist, right: Netlist):
        self.nets, self.aig, self.rng = (left, right), Aig(), np.random.default_rng(0)
        self.known: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.planes: dict[int, np.ndarray] = {}
        self.pairs: list[tuple[Register, Register]] = []
        boxes = {cut.name: cut for cut in right.cuts}
        for port, word in left.inputs.items():
            self._share(word, right.inputs[port])
        for cut in left.cuts:
            for pin, word in cut.outputs.items():
                self._share(word, boxes[cut.name].outputs[pin])
        self.constants = self._constants(left)
        self.known[0].update(self.constants)
        named = {alias: register for register in left.registers for alias in register.aliases}
        for other in right.registers:
            found = {id(named[alias]): named[alias] for alias in other.aliases if alias in named}
            # Registers that always hold the same may have become one.
            for one in found.values():
                self._pair(one, other)
        self._alike()
        self._doubles()

    def _share(self, left: Sequence[int], right: Sequence[int]) -> None:
        for x, y in zip(left, right, strict=True):
            new = self.aig.input()
            self.known[0][x >> 1] = self.known[1][y >> 1] = new
            self.planes[new >> 1] = self.rng.integers(0, 1 << 64, WORDS, np.uint64)

    def _pair(self, one: Register, other: Register) -> None:
        left, right = one.q >> 1 in self.known[0], other.q >> 1 in self.known[1]
        if left and right:
            return
        self.pairs.append((one, other))
        if right:
            self.known[0][one.q >> 1] = self.known[1][other.q >> 1]
        elif one.q >> 1 in self.known[0]:
            # One register may have become two of the same value.
            self.known[1][other.q >> 1] = self.known[0][one.q >> 1]
        else:
            self._share([one.q], [other.q])

    @staticmethod
    def _constants(net: Netlist) -> dict[int, int]:
        """Registers that keep their initial value, whatever happens: assumed together, and kept only if all then do."""
        found = {r.q >> 1: TRUE if r.initial else FALSE for r in net.registers if r.initial is not None}
        while True:
            nodes = [r for r in net.registers if r.q >> 1 in found]
            nexts = net.aig.copy([r.d for r in nodes], net.aig, found)
            stays = {r.q >> 1: x for r, x in zip(nodes, nexts, strict=True) if x == found[r.q >> 1]}
            if len(stays) == len(found):
                return found
            found = stays

    def rest(self, side: int) -> list[Register]:
        """Registers without a partner."""
        return [r for r in self.nets[side].registers if r.q >> 1 not in self.known[side]]

    def _alike(self) -> None:
        """Pairs registers whose next values depend on paired ones and themselves alone, and agree on random vectors."""
        own = self.aig.input()
        self.planes[own >> 1] = self.rng.integers(0, 1 << 64, WORDS, np.uint64)
        while True:
            seen: tuple[dict[bytes, list[Register]], ...] = ({}, {})
            for side, net in enumerate(self.nets):
                for register in self.rest(side):
                    known = {**self.known[side], register.q >> 1: own}
                    if net.aig.support([register.d]) <= set(known):
                        d = net.aig.copy([register.d], self.aig, known)
                        (plane,) = self.aig.simulate(d, self.planes)
                        seen[side].setdefault(plane.tobytes(), []).append(register)
            before = len(self.pairs)
            for signature, ones in seen[0].items():
                for one, other in zip(ones, seen[1].get(signature, []), strict=False):
                    self._pair(one, other)
            if len(self.pairs) == before:
                return

    def _doubles(self) -> None:
        """Pairs registers of the file that have no partner with that of another of the file: what always held the same
        became one. Those are looked for that become the same gates of what the file holds."""
        net, own = self.nets[0], self.nets[0].aig.input()

        def becomes(register: Register, known: dict[int, int]) -> tuple[int, int | None, int | None]:
            (d,) = net.aig.copy([register.d], net.aig, {**known, register.q >> 1: own})
            return d, register.initial, register.reset_value

        known: dict[int, int] = {}
        partner = {one.q >> 1: (one, other) for one, other in self.pairs}
        while rest := self.rest(0):
            first = {becomes(one, known): (one, other) for one, other in partner.values()}
            found = [(register, first[key]) for register in rest if (key := becomes(register, known)) in first]
            if not found:
                return
            for register, (one, other) in found:
                self._pair(register, other)
                known[register.q >> 1] = one.q

    def both(self, x: Sequence[int], y: Sequence[int]) -> tuple[list[int], list[int]]:
        """Functions of the two netlists over what they share."""
        left, right = self.nets
        return left.aig.copy(x, self.aig, self.known[0]), right.aig.copy(y, self.aig, self.known[1])


def netlist(directory: Path) -> Verdict:
    """The mapped file's registers have the next values of registers of the file, and its outputs are the file's.

    A register that the mapped file lacks must be one that never leaves its initial value, or one that no other reads.
    Multiplier blocks are left out of both files.
    """
    artifact = Artifact.load(directory)
    blocks = multipliers(artifact)
    return compared(netlist_of(artifact, artifact.module, blocks), mapped_netlist(artifact, blocks))


def compared(file: Netlist, mapped: Netlist, assumed: int = TRUE) -> Verdict:
    """Whether a mapped netlist takes the steps of the file, its registers in pairs with the file's.

    Parameters
    ----------
    file, mapped : Netlist
    assumed : int
        Literal of the file's graph: of which states and inputs. Registers of the mapped netlist without a partner may
        then hold anything.
    """
    if {cut.name for cut in mapped.cuts} != {cut.name for cut in file.cuts}:
        return Verdict("unknown", "the mapped file must have the multiplier blocks of the file, but has others")
    paired = Pairing(file, mapped)
    if (alone := paired.rest(1)) and assumed == TRUE:
        return Verdict("unknown", f"{len(alone)} registers of the mapped file, {alone[0].name} first, have no partner")
    boxes = {cut.name: cut for cut in mapped.cuts}
    words = [(one.aliases[0] if one.aliases else one.name, [one.d, one.clock, one.reset],
              [other.d, other.clock, other.reset]) for one, other in paired.pairs]  # fmt: skip
    words += [(port, word, mapped.outputs[port]) for port, word in file.outputs.items()]
    words += [(f"{cut.name}.{pin}", word, boxes[cut.name].inputs[pin])
              for cut in file.cuts for pin, word in cut.inputs.items()]  # fmt: skip
    paired.known[1].update({register.q >> 1: paired.aig.input() for register in alone})
    left, right = [], []
    for name, x, y in words:
        if stray := file.aig.support(x) - set(paired.known[0]):
            return Verdict("unknown", f"{name} depends on {len(stray)} registers that the mapped file lacks")
        for side, part in zip((left, right), paired.both(x, y), strict=True):
            side += part
    for one, other in paired.pairs:
        if one.reset_value != other.reset_value or (one.initial is not None and one.initial != other.initial):
            return Verdict("refuted", "structure", {"register": one.name, "where": "other initial or reset value"})
    inputs = sorted({x >> 1 for known in paired.known for x in known.values() if x > TRUE})
    (there,) = file.aig.copy([assumed], paired.aig, paired.known[0])
    left, right = ([paired.aig.land(there, x) for x in side] for side in (left, right))
    if solvers.equivalent(paired.aig, left, right, inputs):
        method = f"abc cec, {len(paired.pairs)} registers in pairs, {len(paired.constants)} of the file constant"
        return Verdict("proved", method)
    return Verdict("unknown", "a pair of registers, or an output, differs in some state, which may be out of reach")
