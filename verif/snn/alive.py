"""A small network's pipeline neither hangs nor loses nor makes up a beat: all states that its handshakes can reach.

The registers on which ``i.ready`` and ``o.valid`` depend are found in the emitted file; that no number does is a part
of the claim. From reset, every state is followed in every cycle with each choice of ``valid`` and ``ready``, and beside
it how many tokens have been taken of frames that are not answered, and how many beats of an answer have come out. In
all of these states:

- a beat comes out only of a frame whose tokens it needs have been taken;
- once nothing more comes in and all is taken, no whole frame is owed any more after ``drain_cycles``;
- once a token is offered and all is taken, it is taken within as many cycles.
"""

from __future__ import annotations

from itertools import product
from math import prod
from pathlib import Path

import numpy as np

from ...hw.snn.config import SnnConfig
from ...hw.snn.config.plan import beats, needs, plans
from ..aig import FALSE, TRUE
from ..artifact import Artifact
from ..proofs import netlist_of
from ..prove import Verdict
from .resets import begun, quiet

MOST_STATES = 1 << 18
"""States that are followed at most; what is wrong in one of them is wrong, however many more there are."""
BLOCK = 1 << 14

Bits = np.ndarray
"""States, uint8 ``(states, registers)``."""


class Control:
    """The registers of the handshakes.

    Parameters
    ----------
    artifact : Artifact

    Attributes
    ----------
    nodes : list of int
        Their nodes in the graph.
    """

    def __init__(self, artifact: Artifact):
        net = netlist_of(artifact, artifact.module, (), beyond=True)
        self.aig = net.aig
        self.valid, self.ready = net.inputs["i_valid"][0] >> 1, net.inputs["o_ready"][0] >> 1
        self.outs = [*net.outputs["i_ready"], *net.outputs["o_valid"]]
        out_of_reset = quiet(artifact, net)
        copied = self.aig.copy([r.d for r in net.registers], self.aig, out_of_reset)
        nexts = dict(zip((r.q >> 1 for r in net.registers), copied, strict=True))
        self.outs = self.aig.copy(self.outs, self.aig, out_of_reset)
        wanted, reached = self.aig.support(self.outs), {self.valid, self.ready}
        while more := wanted - reached:
            reached |= more
            wanted |= self.aig.support([nexts[node] for node in more if node in nexts])
        self.data = sorted(reached - {self.valid, self.ready} - nexts.keys())
        self.nodes = sorted(reached & nexts.keys())
        self.next = [nexts[node] for node in self.nodes]
        begins = begun(artifact, net)
        self.start = [begins[node] for node in self.nodes]

    def step(self, states: Bits, valid: bool, ready: bool) -> tuple[Bits, np.ndarray, np.ndarray]:
        """The next states, and in which a token is taken and a beat comes out."""
        count = len(states)
        full = np.zeros((-(-count // 64) * 64, states.shape[1]), np.uint8)
        full[:count] = states
        packed = np.ascontiguousarray(np.packbits(full.T, axis=1, bitorder="little")).view(np.uint64)
        size = packed.shape[1]
        planes = dict(zip(self.nodes, packed, strict=True))
        for node, value in ((self.valid, valid), (self.ready, ready)):
            planes[node] = np.full(size, -int(value), np.int64).view(np.uint64)
        found = self.aig.simulate([*self.next, *self.outs], planes)
        bits = np.stack([np.unpackbits(plane.view(np.uint8), bitorder="little")[:count] for plane in found], 1)
        took = bits[:, -2].astype(bool) & valid
        gave = bits[:, -1].astype(bool) & ready
        return bits[:, :-2], took, gave


def alive(directory: Path) -> Verdict:
    """All sentences of this module, in every state that can be reached."""
    artifact = Artifact.load(directory)
    config = SnnConfig(**artifact.manifest["config"])
    control = Control(artifact)
    if control.data:
        return Verdict("refuted", "structure", {"violated": "ready and valid must depend on no number"})
    if any(value not in (FALSE, TRUE) for value in control.start):
        return Verdict("refuted", "structure", {"violated": "a register of the handshakes must be reset"})
    each, answers = beats(config), 1
    needed = [each]
    if config.output != "class":
        answers = prod(plans(config)[config.layers[-1].name].grid[1:])
        needed = [each - each // config.passes + n for n in needs(config)[config.layers[-1].name]]
    reached = _reached(control, each, np.array(needed))
    if isinstance(reached, Verdict):
        return reached
    states, owed, given = reached
    cycles = artifact.manifest["drain_cycles"]
    for first in range(0, len(states), BLOCK):
        part = slice(first, first + BLOCK)
        left, beats_out = owed[part].copy(), given[part].copy()
        now, waits = states[part], np.ones(len(owed[part]), bool)
        for _ in range(cycles):
            now, _, gave = control.step(now, False, True)
            beats_out = beats_out + gave
            left -= np.where(beats_out == answers, each, 0)
            beats_out %= answers
        if (left >= each).any():
            return Verdict("refuted", "all states", {"violated": f"a frame must come out within {cycles} cycles"})
        now = states[part]
        for _ in range(cycles):
            now, took, _ = control.step(now, True, True)
            waits &= ~took
        if waits.any():
            return Verdict("refuted", "all states", {"violated": f"a token must be taken within {cycles} cycles"})
    if len(states) >= MOST_STATES:
        return Verdict("unknown", f"{MOST_STATES} states and more, nothing wrong in these")
    return Verdict("proved", f"exhaustion of {len(states)} states of {len(control.nodes)} registers of the handshakes")


def _reached(control: Control, each: int, needed: np.ndarray) -> tuple[Bits, np.ndarray, np.ndarray] | Verdict:
    """States from reset with any stalls, all or so many, tokens owed and beats given; or what is wrong in one."""
    begin = np.array([control.start], np.uint8)
    seen: dict[bytes, None] = {}
    front, owed, given = begin, np.zeros(1, np.int64), np.zeros(1, np.int64)
    found: list[tuple[Bits, np.ndarray, np.ndarray]] = []
    while len(front):
        fresh = []
        for at, (state, tokens, out) in enumerate(zip(front, owed, given, strict=True)):
            key = state.tobytes() + int(tokens).to_bytes(4, "little") + int(out).to_bytes(4, "little")
            if key not in seen:
                seen[key] = None
                fresh.append(at)
        front, owed, given = front[fresh], owed[fresh], given[fresh]
        if fresh:
            found.append((front, owed, given))
        if not fresh or len(seen) >= MOST_STATES:
            break
        following = []
        for valid, ready in product((False, True), repeat=2):
            after, took, gave = control.step(front, valid, ready)
            if (owed[gave] < needed[given[gave]]).any():
                return Verdict("refuted", "all states", {"violated": "a beat must come of a frame that came in"})
            out = given + gave
            done = out == len(needed)
            following.append((after, owed + took - np.where(done, each, 0), np.where(done, 0, out)))
        front, owed, given = (np.concatenate(column) for column in zip(*following, strict=True))
    states, owed, given = (np.concatenate(column) for column in zip(*found, strict=True))
    return states, owed, given
