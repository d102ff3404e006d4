"""How it is shown that a beat's sums are those that it has alone, and that all multipliers are one.

In any state, among any beats, in four steps, the blocks that compute being functions of which nothing is known:

- *feed*: after a beat's own move the engine holds its weights, mode and group, and what was held for its column;
- *meet*: from any state that holds these, ``latency - 1`` moves later y is what it is in an engine that is empty but
  for them, and for one sum in the place of the group's; group by group, with the sum and with 0;
- *arrive*: the beat's group, and whether it multiplies, are there together with y;
- *keep*: a move puts y into the group's place in the one case, and leaves every other sum as it is.

Where the blocks' being functions is not enough, the whole netlist is simulated, and asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ... import solvers
from ...aig import FALSE, TRUE
from ...prove import Verdict
from .machine import Machine, Words, lonely
from .proofs import _never

WORDS = 64  # of 64 random vectors each, simulated before a solver is asked


def alone(machine: Machine, mode: Sequence[int], w: Sequence[int], v: Sequence[int], c: Sequence[int]) -> list[int]:
    """The sums that the engine makes of a beat alone, in an empty engine that holds v in column 0 and c in group 0."""
    return machine.look(machine.netlist.outputs["o_y"], *lonely(machine, mode, w, v, c))


def sums(directory: Path) -> Verdict:
    """In any state, among any beats, a beat's sums are made of its weights, its column's activations and its group's
    sums, as :func:`alone` makes them, and are kept for its group."""
    machine = Machine(directory, "blocks")
    verdict = _never(machine, [*_feed(machine), *_arrive(machine), *_keep(machine)])
    if verdict.status != "proved":
        return verdict
    if _meets(machine):
        count = 2 * machine.config.groups
        return Verdict("proved", f"{verdict.method}; y by structure, {count} cases, whatever the blocks compute")
    return _whole(directory)


def _feed(machine: Machine) -> list[tuple[str, int]]:
    """What is held after a beat's own move."""
    aig, depth = machine.aig, machine.config.depth
    state, beat = machine.state(), machine.beat()
    address = [*machine.word("used"), *machine.word("half")]
    held = machine.choose(machine.memory("held", 2 * depth), address)
    wanted = {"now_w": beat["i_w"], "now_first": beat["i_first"], "now_group": machine.word("group")}
    wanted["read__data"] = held
    if "i_mode" in machine.fields:
        wanted["now_mode"] = beat["i_mode"]
    cases = []
    for name, word in wanted.items():
        # Of the weights' register only what some mode reads is there: no sum can tell what the rest would hold.
        bits = machine.read_bits(name) if name == "now_w" else machine.word(name)
        there = [(machine.next(x), y) for x, y in zip(bits, word, strict=True) if x != FALSE]
        found = machine.look([x for x, _ in there], state, [beat])
        cases.append((f"{name} is of the beat", aig.differ(found, [y for _, y in there])))
    return cases


def _arrive(machine: Machine) -> list[tuple[str, int]]:
    """What is there together with the sums of a beat."""
    aig, config = machine.aig, machine.config
    state, beats = machine.state(), [machine.beat() for _ in range(config.latency + 1)]
    (valid,), (mac,) = beats[0]["i_valid"], beats[0]["i_mac"]
    (busy,) = machine.look(machine.word(f"busy_{config.latency - 1}"), state, beats)
    group = machine.look(machine.word(f"group_{config.latency - 1}"), state, beats)
    return [
        ("a beat that multiplies arrives as one", aig.lxor(busy, aig.land(valid, mac))),
        ("a beat arrives with its group", aig.differ(group, machine.word("group"))),
    ]


def _keep(machine: Machine) -> list[tuple[str, int]]:
    """What a move makes of the sums that are kept."""
    aig, config = machine.aig, machine.config
    state, beat = machine.state(), machine.beat()
    y = machine.look(machine.netlist.outputs["o_y"], state, [beat])
    (busy,), group = machine.word(f"busy_{config.latency - 1}"), machine.word(f"group_{config.latency - 1}")
    cases = []
    for number, entry in enumerate(machine.memory("sums", config.groups)):
        here = aig.land(busy, machine.equals(group, number))
        after = machine.look([machine.next(x) for x in entry], state, [beat])
        wanted = [aig.mux(here, x, z) for x, z in zip(y, entry, strict=True)]
        cases.append((f"sums of group {number} are the last that came", aig.differ(after, wanted)))
    return cases


def _meets(machine: Machine) -> bool:
    """Whether y is, by structure, that of a beat alone, for each group, with its sum and with 0."""
    config = machine.config
    beats = [machine.beat() for _ in range(config.latency)]
    y = machine.netlist.outputs["o_y"]
    mode = machine.word("now_mode") if "i_mode" in machine.fields else []
    given = (mode, machine.read_bits("now_w"), machine.word("read__data"))
    for number, entry in enumerate(machine.memory("sums", config.groups)):
        for first in (FALSE, TRUE):
            here = {x >> 1: number >> i & 1 for i, x in enumerate(machine.word("now_group"))}
            here |= {machine.word("now_first")[0] >> 1: first}
            found = machine.look(y, machine.state() | here, beats)
            if found != alone(machine, *given, [FALSE] * len(entry) if first else entry):
                return False
    return True


def _whole(directory: Path) -> Verdict:
    """As :func:`sums`, of the whole netlist at once."""
    machine = Machine(directory)
    aig, config, latency = machine.aig, machine.config, machine.config.latency
    state, beats = machine.state(), [machine.beat() for _ in range(latency + 1)]
    first, group = beats[0], machine.word("group")
    held = machine.choose(machine.memory("held", 2 * config.depth), [*machine.word("used"), *machine.word("half")])
    later = machine.step(state, first)
    before = machine.choose([machine.read(later, entry) for entry in machine.memory("sums", config.groups)], group)
    addend = [aig.land(first["i_first"][0] ^ 1, bit) for bit in before]
    left = machine.look(machine.netlist.outputs["o_y"], state, beats)
    right = alone(machine, first.get("i_mode", []), first["i_w"], held, addend)
    inside = aig.within(group, 0, config.groups - 1)
    left, right = ([aig.land(inside, x) for x in side] for side in (left, right))
    return _equal(machine, left, right, first, f"{latency} moves from any state")


def _equal(machine: Machine, left: list[int], right: list[int], shown: Words, scope: str) -> Verdict:
    """Whether two words are equal: simulated first, then asked."""
    aig = machine.aig
    if left == right:
        return Verdict("proved", f"structure, {scope}")
    inputs = sorted(aig.support([*left, *right]))
    rng = np.random.default_rng(0)
    planes = {node: rng.integers(0, 1 << 64, WORDS, np.uint64) for node in inputs}
    (differs,) = aig.simulate([aig.differ(left, right)], planes)
    if differs.any():
        at = int(np.flatnonzero(differs)[0])
        bit = int(differs[at]).bit_length() - 1
        values = {node: bool(int(plane[at]) >> bit & 1) for node, plane in planes.items()}
        beat = {name: hex(solvers.word(values, word)) for name, word in shown.items()}
        return Verdict("refuted", "simulation", {"beat": beat})
    if solvers.equivalent(aig, left, right, inputs):
        return Verdict("proved", f"abc cec, {scope}")
    values = solvers.model(aig, [aig.differ(left, right)])
    beat = {name: hex(solvers.word(values or {}, word)) for name, word in shown.items()}
    return Verdict("refuted", "abc cec", {"beat": beat})


def alike(directory: Path) -> Verdict:
    """Every multiplier makes of its own weights and sums what the first makes of its."""
    for cut in ("blocks", "nothing"):
        machine = Machine(directory, cut)
        aig, config = machine.aig, machine.config
        if config.units == 1:
            return Verdict("proved", "there is one multiplier")
        lanes_a, lanes_b = config.grid
        weights, results = lanes_a * config.width("a"), lanes_a * lanes_b * config.width("acc")
        w, v, c = (aig.inputs(n) for n in (config.units * weights, lanes_b * config.width("b"), config.units * results))
        mode = aig.inputs(config.mode_width)
        right, left = alone(machine, mode, w, v, c)[results:], list[int]()
        for index in range(1, config.units):
            # The first multiplier, given what this one is.
            own = w[index * weights :][:weights], c[index * results :][:results]
            first = alone(machine, mode, own[0] + w[weights:], v, own[1] + c[results:])
            left += first[:results]
        if left == right:
            return Verdict("proved", f"{config.units} multipliers of the same gates")
    return _equal(machine, left, right, {"i_w": w}, f"{config.units} multipliers")
