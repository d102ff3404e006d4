"""How the claims of the matrix-vector engine are tried: each function returns a verdict, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ... import solvers
from ...aig import FALSE, TRUE
from ...prove import Verdict
from .machine import Machine, State, Words, lonely


def _never(machine: Machine, cases: Sequence[tuple[str, int]]) -> Verdict:
    """Proved if no literal can be true; each stands for the violation of a sentence."""
    for sentence, violation in cases:
        if violation != FALSE and (values := solvers.model(machine.aig, [violation])) is not None:
            state = {r.name: int(values[r.q >> 1]) for r in machine.registers if r.q >> 1 in values}
            return Verdict("refuted", "kissat", {"violated": sentence, "registers": state})
    return Verdict("proved", f"{len(cases)} sentences about all states, kissat")


def stall(directory: Path) -> Verdict:
    """A stall changes nothing, and the output depends on registers alone."""
    machine = Machine(directory)
    aig, state, beat = machine.aig, machine.state(), machine.beat()
    ready = aig.input()
    now = machine.outputs(state, beat, ready)
    offered = now["o_valid"][0]
    held = machine.step(state, beat, FALSE)
    moved = [aig.lxor(held[node], state[node]) for node in machine.nodes]
    seen = [offered, *now["o_y"]]
    return _never(machine, [
        ("nothing changes while the output waits", aig.land(offered, aig.any(moved))),
        ("a beat is taken unless the output waits", aig.lxor(now["i_ready"][0], aig.lor(offered ^ 1, ready))),
        ("the output depends on registers alone", FALSE if aig.support(seen) <= set(machine.nodes) else TRUE),
    ])  # fmt: skip


def places(directory: Path) -> Verdict:
    """A move takes group, columns, halves and held activations where the beat says, and keeps them without one."""
    machine = Machine(directory)
    aig, config = machine.aig, machine.config
    state, beat = machine.state(), machine.beat()
    after = machine.step(state, beat)
    (valid,), (load,), then = beat["i_valid"], beat["i_load"], beat["i_after"]
    group, used, fill, half = (machine.word(name) for name in ("group", "used", "fill", "half"))
    same_group, column, swap = (machine.equals(then, code) for code in (0, 1, 3))
    expected = {
        "group": [aig.land(same_group, bit) for bit in machine.plus(group, TRUE)],
        "used": [aig.land(aig.lor(same_group, column), bit) for bit in machine.plus(used, column)],
        "fill": [aig.land(swap ^ 1, bit) for bit in machine.plus(fill, load)],
        "half": [aig.lxor(half[0], swap)],
    }
    cases = []
    for name, word in expected.items():
        old = machine.word(name)
        wanted = [aig.mux(valid, x, y) for x, y in zip(word, old, strict=True)]
        cases.append((f"{name} is what the beat says", aig.differ(machine.read(after, old), wanted)))
    address = [*fill, half[0] ^ 1]
    for entry, cell in enumerate(machine.memory("held", 2 * config.depth)):
        here = aig.all([valid, load, machine.equals(address, entry)])
        wanted = [aig.mux(here, x, y) for x, y in zip(beat["i_x"], cell, strict=True)]
        cases.append((f"entry {entry} holds what was loaded last", aig.differ(machine.read(after, cell), wanted)))
    return _never(machine, cases)


def order(directory: Path) -> Verdict:
    """Sums come out ``latency`` moves after each beat that completes them, none else; none is left after a reset."""
    machine = Machine(directory)
    aig, latency = machine.aig, machine.config.latency
    first, state = machine.beat(), machine.state()
    beats = [first, *(machine.beat() for _ in range(latency))]
    end = _run(machine, state, beats[:latency])
    completes = aig.all([first["i_valid"][0], first["i_mac"][0], first["i_last"][0]])
    offered = machine.outputs(end, beats[latency])["o_valid"][0]
    cases = [("a result comes of every beat that completes one, and of no other", aig.lxor(offered, completes))]
    if machine.artifact.reset:
        state = machine.step(state, first, aig.input(), reset=True)
    else:
        state = {r.q >> 1: 2 * (r.q >> 1) if r.initial is None else r.initial for r in machine.registers}
    for name in ("group", "used", "fill", "half"):
        cases.append((f"{name} is 0 after reset", aig.any(machine.read(state, machine.word(name)))))
    for move in range(latency):
        left = machine.outputs(state, beats[move])["o_valid"][0]
        cases.append((f"no result is left {move} moves after reset", left))
        state = machine.step(state, beats[move])
    return _never(machine, cases)


def _run(machine: Machine, state: State, beats: Sequence[Words]) -> State:
    for beat in beats:
        state = machine.step(state, beat)
    return state


def alone(machine: Machine, mode: Sequence[int], w: Sequence[int], v: Sequence[int], c: Sequence[int]) -> list[int]:
    """The sums that the engine makes of a beat alone, in an empty engine that holds v in column 0 and c in group 0."""
    state, beats = lonely(machine, mode, w, v, c)
    return machine.outputs(_run(machine, state, beats[:-1]), beats[-1])["o_y"]


def sums(directory: Path) -> Verdict:
    """In any state, among any beats, a beat's sums are made of its weights, its column's activations and its group's
    sums, as :func:`alone` makes them, and are kept for its group."""
    machine = Machine(directory)
    aig, config, latency = machine.aig, machine.config, machine.config.latency
    state = machine.state()
    beats = [machine.beat() for _ in range(latency + 1)]
    first = beats[0]
    group, address = machine.word("group"), [*machine.word("used"), *machine.word("half")]
    inside = aig.within(group, 0, config.groups - 1)
    held = machine.choose(machine.memory("held", 2 * config.depth), address)
    entries = machine.memory("sums", config.groups)
    later = machine.step(state, first)
    before = machine.choose([machine.read(later, entry) for entry in entries], group)
    addend = [aig.land(first["i_first"][0] ^ 1, bit) for bit in before]
    end = _run(machine, later, beats[1:latency])
    y = machine.outputs(end, beats[latency])["o_y"]
    wanted = alone(machine, first.get("i_mode", []), first["i_w"], held, addend)
    left, right = list(y), list(wanted)
    after = machine.step(end, beats[latency])
    busy = aig.land(first["i_valid"][0], first["i_mac"][0])
    for number, entry in enumerate(entries):
        here = aig.land(busy, machine.equals(group, number))
        left += machine.read(after, entry)
        right += [aig.mux(here, x, z) for x, z in zip(y, machine.read(end, entry), strict=True)]
    left, right = ([aig.land(inside, x) for x in side] for side in (left, right))
    if left == right or solvers.equivalent(aig, left, right, sorted(aig.support([*left, *right]))):
        return Verdict("proved", f"abc cec, {latency + 1} moves from any state")
    values = solvers.model(aig, [aig.differ(left, right)])
    named = {name: hex(solvers.word(values or {}, word)) for name, word in first.items()}
    return Verdict("refuted", "abc cec", {"beat": named})


def alike(directory: Path) -> Verdict:
    """Every multiplier makes of its own weights and sums what the first makes of its."""
    machine = Machine(directory)
    aig, config = machine.aig, machine.config
    if config.units == 1:
        return Verdict("proved", "there is one multiplier")
    lanes_a, lanes_b = config.grid
    weights, results = lanes_a * config.width("a"), lanes_a * lanes_b * config.width("acc")
    w, v, c = (aig.inputs(n) for n in (config.units * weights, lanes_b * config.width("b"), config.units * results))
    y = alone(machine, aig.inputs(config.mode_width), w, v, c)
    left: list[int] = []
    for index in range(1, config.units):
        moved = {x >> 1: z for x, z in zip(w[:weights], w[index * weights :][:weights], strict=True)}
        moved |= {x >> 1: z for x, z in zip(c[:results], c[index * results :][:results], strict=True)}
        left += aig.copy(y[:results], aig, moved)
    right = y[results:]
    if left == right or solvers.equivalent(aig, left, right, sorted(aig.support([*left, *right]))):
        return Verdict("proved", f"{config.units} multipliers of the same gates" if left == right else "abc cec")
    return Verdict("refuted", "abc cec", {"where": "a multiplier other than the first"})
