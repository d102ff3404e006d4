"""How the claims of a vector unit with one clock are tried: each function returns a verdict, in its own process.

The state is any in which beats are F moves or more apart, as they come (:func:`spaced`); that it stays so is a claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ... import solvers
from ...aig import FALSE, TRUE, evaluate
from ...prove import Verdict
from .machine import Machine, State, Words

Cases = list[tuple[str, int]]


def never(machine: Machine, cases: Cases) -> Verdict:
    """Proved if no literal can be true; each stands for the violation of a sentence."""
    for sentence, violation in cases:
        if violation != FALSE and (values := solvers.model(machine.aig, [violation])) is not None:
            state = {r.name: int(values[r.q >> 1]) for r in machine.registers if r.q >> 1 in values}
            return Verdict("refuted", "kissat", {"violated": sentence, "registers": state})
    return Verdict("proved", f"{len(cases)} sentences about all states, kissat")


def control(machine: Machine, valids: Sequence[int]) -> list[tuple[list[int], int, list[int]]]:
    """What registers that count flits hold, by where beats are: (registers, condition, value where it holds).

    ``valids[k]`` is whether a beat is k moves behind its start, k from 0.
    """
    aig, config = machine.aig, machine.unit
    flits = config.flits
    if flits == 1:
        return []
    bits = (flits - 1).bit_length()
    found = []

    def held(name: str, since: int, counts: Sequence[int]) -> None:
        """A counter that shows ``counts[k]`` where a beat is ``since + k`` moves behind its start, else 0."""
        word = [FALSE] * bits
        for k, count in enumerate(counts):
            word = [aig.lor(x, valids[since + k] if count >> i & 1 else FALSE) for i, x in enumerate(word)]
        found.append((machine.word(name), TRUE, word))

    held("flits_left", 1, [flits - k for k in range(1, flits)])
    held("source_following", config.before, list(range(1, flits)))
    for name, crossed in taps(machine):
        there = valids[config.before + crossed :][:flits]
        found.append((machine.word(f"{name}_valid"), TRUE, [aig.any(there)]))
        for number, here in enumerate(there if config.breakpoints == "local" else ()):
            value = [TRUE if number >> i & 1 else FALSE for i in range(bits)]
            found.append((machine.word(f"{name}_number"), here, value))
    return found


def taps(machine: Machine) -> list[tuple[str, int]]:
    """Registers of the line by name, each with those that flits cross before it."""
    found, places = [("launch", 0)], machine.unit.stops
    for r, place in enumerate(places):
        if place.registers > (0 if place.parent is None else places[place.parent].registers):
            found.append((f"router{r}", place.registers))
    return found


def spaced(machine: Machine, taken: bool = False) -> State:
    """Any state in which beats are F moves apart; with ``taken``, one that takes a beat.

    Registers that count are functions of the others; all others are free.
    """
    aig, config = machine.aig, machine.unit
    state = machine.state()
    ranks = [machine.word(f"valid_{k}")[0] for k in range(1, config.latency + 1)]
    valids: list[int] = [FALSE]
    for k, rank in enumerate(ranks, 1):
        near = valids[max(1, k - config.flits + 1) : k]
        valid = FALSE if taken and k < config.flits else aig.land(rank, aig.any(near) ^ 1)
        valids.append(valid)
        state[rank >> 1] = valid
    for word, where, value in control(machine, valids):
        for register, literal in zip(word, value, strict=True):
            node = register >> 1
            state[node] = aig.mux(where, literal, state[node])
    return state


def _valids(machine: Machine, state: State) -> list[int]:
    return [FALSE, *(state[machine.word(f"valid_{k}")[0] >> 1] for k in range(1, machine.unit.latency + 1))]


def stall(directory: Path) -> Verdict:
    """A stall changes nothing, and the output depends on registers alone."""
    machine = Machine(directory)
    aig, state, beat, ready = machine.aig, machine.state(), machine.beat(), machine.aig.input()
    now = machine.outputs(state, beat, ready)
    offered, held = now["o_valid"][0], machine.step(state, beat, FALSE)
    moved = [aig.lxor(held[node], state[node]) for node in machine.nodes]
    shown = [offered, *now["o_y"], *now["o_status"]]
    left = aig.any(machine.word("flits_left")) if machine.unit.flits > 1 else FALSE
    takes = aig.land(aig.lor(offered ^ 1, ready), left ^ 1)
    empty = machine.step(state, beat, ready)
    freely = machine.step(state, beat, TRUE)
    late = [aig.lxor(empty[node], freely[node]) for node in machine.nodes]
    return never(machine, [
        ("nothing changes while the output waits", aig.land(offered, aig.any(moved))),
        ("with no result to take, ready does not matter", aig.land(offered ^ 1, aig.any(late))),
        ("a beat is taken unless the output waits or flits are left", aig.lxor(now["i_ready"][0], takes)),
        ("the output depends on registers alone", FALSE if aig.support(shown) <= set(machine.nodes) else TRUE),
    ])  # fmt: skip


def order(directory: Path) -> Verdict:
    """Beats stay F moves apart and leave L moves after they came; counters say where they are; reset leaves none."""
    machine = Machine(directory)
    aig, config, cases = machine.aig, machine.unit, []
    before, beat = spaced(machine), machine.beat()
    outputs = machine.outputs(before, beat)
    was, now = _valids(machine, before), _valids(machine, after := machine.step(before, beat))
    was[0] = aig.land(beat["i_valid"][0], outputs["i_ready"][0])
    cases += [(f"a beat moves from {k} to {k + 1}", aig.lxor(was[k], now[k + 1])) for k in range(config.latency)]
    cases.append(("a result comes of every beat, and of nothing else", aig.lxor(outputs["o_valid"][0], was[-1])))
    cases += _agree(machine, after, now, "")
    for k in range(1, config.latency + 1):
        near = aig.any(now[max(1, k - config.flits + 1) : k])
        cases.append((f"beats are {config.flits} moves apart", aig.land(now[k], near)))
    if machine.artifact.reset:
        found = machine.step(machine.state(), beat, aig.input(), reset=TRUE)
    else:
        found = {r.q >> 1: 2 * (r.q >> 1) if r.initial is None else r.initial for r in machine.registers}
    empty = _valids(machine, found)
    cases.append(("no beat is left after reset", aig.any(empty)))
    return never(machine, cases + _agree(machine, found, empty, " after reset"))


def _agree(machine: Machine, state: State, valids: Sequence[int], when: str) -> Cases:
    aig = machine.aig
    return [(f"flits are where their beats are{when}",
             aig.land(where, aig.differ(machine.read(state, word), value)))
            for word, where, value in control(machine, valids)]  # fmt: skip


def passes(directory: Path) -> Verdict:
    """Whatever x and table, each lane keeps exactly one pair of the flits of a beat that pass it: its own.

    That is asked in every state; that the pair is the table's own is asked of a beat alone, by :func:`answer`.
    """
    machine = Machine(directory)
    aig, config = machine.aig, machine.unit
    state, beats = spaced(machine, taken=True), [machine.beat(1)]
    loads: dict[str, list[int]] = {f"router{r}_lane{lane}": [] for r in range(config.routers)
                                   for lane in range(config.lanes)}  # fmt: skip
    first = {name: config.before + config.stops[k // config.lanes].registers for k, name in enumerate(loads)}
    for move in range(config.before + config.depth + config.flits):
        beat = beats[0] if move == 0 else machine.beat()
        for name, found in loads.items():
            if 0 <= move - first[name] < config.flits:
                found.append(_loads(machine, state, f"{name}_kept_slope"))
        state = machine.step(state, beat)
    cases: Cases = []
    for name, found in loads.items():
        twice = [aig.land(x, y) for i, x in enumerate(found) for y in found[:i]]
        cases += [(f"{name} keeps a pair", aig.any(found) ^ 1), (f"{name} keeps one pair only", aig.any(twice))]
    if config.breakpoints == "broadcast":
        # Of rising knots every flit up to the lane's own has a pair for it: the last that it takes is its own.
        cases = [case for case in cases if not case[0].endswith("only")]
    return never(machine, cases)


def _loads(machine: Machine, state: State, name: str) -> int:
    """Whether registers take a new word in this move."""
    aig, node = machine.aig, {}
    word = machine.bits(name)
    if not word:
        return TRUE
    (register,) = (r for r in machine.registers if r.q == word[0])
    node = register.q >> 1
    ports = machine.ports(machine.idle())
    low, high = (aig.copy([register.d], aig, state | ports | {node: level})[0] for level in (FALSE, TRUE))
    return aig.lxor(low, high) ^ 1


def apart(directory: Path) -> Verdict:
    """In any state, whatever comes before and behind it, a beat is answered as it is alone."""
    machine = Machine(directory)
    first = machine.beat(1)
    behind = [machine.beat() for _ in range(machine.latency)]
    among = machine.run(spaced(machine, taken=True), [first, *behind[:-1]])
    alone = _alone(machine, first)
    left, right = ([*shown["o_y"], *shown["o_status"]] for shown in
                   (machine.outputs(among, behind[-1]), machine.outputs(alone, machine.idle())))  # fmt: skip
    inputs = sorted(machine.aig.support([*left, *right]))
    if left == right or solvers.equivalent(machine.aig, left, right, inputs):
        return Verdict("proved", "abc cec, a beat among beats and alone")
    return Verdict("refuted", "abc cec", {"violated": "a beat among beats is answered as alone"})


def _alone(machine: Machine, beat: Words) -> State:
    """The state that shows what answers a beat which goes through a unit of zeros alone."""
    empty = dict.fromkeys(machine.nodes, FALSE)
    return machine.run(empty, [beat, *(machine.idle() for _ in range(machine.latency - 1))])


def answer(directory: Path) -> Verdict:
    """A beat alone is answered by the equations: every lane, every code, every number of a table."""
    machine = Machine(directory)
    beat = machine.beat(1)
    return compared(machine, beat, machine.outputs(_alone(machine, beat), machine.idle()))


def compared(machine: Machine, beat: Words, shown: Words) -> Verdict:
    """Whether outputs, as functions of a beat, are the golden model's."""
    from . import describe, expect

    config = machine.unit
    width, out = config.input_format.width, config.output_format.width
    x = [beat["i_x"][lane * width :][:width] for lane in range(config.width)]
    number, y = beat["i_table"], [shown["o_y"][lane * out :][:out] for lane in range(config.width)]
    for lane, word in enumerate(y):
        if not machine.aig.support(word) <= {literal >> 1 for literal in (*x[lane], *number)}:
            return Verdict("refuted", "structure", {"violated": f"y of lane {lane} must depend on its x and the table"})
    if not machine.aig.support(shown["o_status"]) <= {literal >> 1 for literal in number}:
        return Verdict("refuted", "structure", {"violated": "status must depend on the table alone"})
    codes = np.arange(1 << width, dtype=np.uint64)
    for table in range(1 << config.table_width):
        # All lanes at once with the same code: none sees another's.
        feed = [*((word, codes) for word in x), (number, np.full(len(codes), table, np.uint64))]
        outputs = {**{str(lane): word for lane, word in enumerate(y)}, "status": shown["o_status"]}
        found = evaluate(machine.aig, outputs, feed, len(codes))
        inputs = {"x": np.repeat(codes[:, None], config.width, 1), "table": np.full(len(codes), table, np.uint64)}
        expected = expect(config, inputs)
        for name, word in found.items():
            wanted = expected["status"] if name == "status" else expected["y"][:, int(name)]
            if len(bad := np.flatnonzero(word != wanted)):
                at = int(bad[0])
                return Verdict("refuted", "all codes against the golden model", {
                    "x": describe(config, "x", at), "table": table, "lane": name, "found": int(word[at]),
                    "expected": int(wanted[at]),
                })  # fmt: skip
    return Verdict("proved", f"{len(codes)} codes x {1 << config.table_width} numbers of a table, against the golden "
                   "model")  # fmt: skip
