"""How the claims of the matrix-vector engine's control are tried: each function returns a verdict, in a process of its
own. The blocks that compute are left out of the machine: control does as it does whatever they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ... import solvers
from ...aig import FALSE, TRUE
from ...prove import Verdict
from .machine import Machine


def _never(machine: Machine, cases: Sequence[tuple[str, int]]) -> Verdict:
    """Proved if no literal can be true; each stands for the violation of a sentence."""
    if solvers.model(machine.aig, [machine.aig.any(violation for _, violation in cases)]) is None:
        return Verdict("proved", f"{len(cases)} sentences about all states, kissat")
    for sentence, violation in cases:
        if violation != FALSE and (values := solvers.model(machine.aig, [violation])) is not None:
            state = {r.name: int(values[r.q >> 1]) for r in machine.registers if r.q >> 1 in values}
            return Verdict("refuted", "kissat", {"violated": sentence, "registers": state})
    return Verdict("unknown", "a sentence is violated, but none by itself")


def stall(directory: Path) -> Verdict:
    """A stall changes nothing, and the output depends on registers alone."""
    machine = Machine(directory, "blocks")
    aig, state, beat = machine.aig, machine.state(), machine.beat()
    ready = aig.input()
    now = machine.outputs(state, beat, ready)
    offered = now["o_valid"][0]
    held = machine.step(state, beat, FALSE)
    moved = [aig.lxor(held[node], state[node]) for node in machine.nodes]
    seen = [*machine.netlist.outputs["o_valid"], *machine.netlist.outputs["o_y"]]
    return _never(machine, [
        ("nothing changes while the output waits", aig.land(offered, aig.any(moved))),
        ("a beat is taken unless the output waits", aig.lxor(now["i_ready"][0], aig.lor(offered ^ 1, ready))),
        ("the output depends on registers alone", FALSE if machine.needs(seen) <= set(machine.nodes) else TRUE),
    ])  # fmt: skip


def places(directory: Path) -> Verdict:
    """A move takes group, columns, halves and held activations where the beat says, and keeps them without one."""
    machine = Machine(directory, "blocks")
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
    machine = Machine(directory, "blocks")
    aig, latency = machine.aig, machine.config.latency
    first, state = machine.beat(), machine.state()
    beats = [first, *(machine.beat() for _ in range(latency))]
    valid = machine.netlist.outputs["o_valid"]
    completes = aig.all([first["i_valid"][0], first["i_mac"][0], first["i_last"][0]])
    (offered,) = machine.look(valid, state, beats)
    cases = [("a result comes of every beat that completes one, and of no other", aig.lxor(offered, completes))]
    if machine.artifact.reset:
        state = machine.step(state, first, aig.input(), reset=True)
    else:
        state = {r.q >> 1: 2 * (r.q >> 1) if r.initial is None else r.initial for r in machine.registers}
    for name in ("group", "used", "fill", "half"):
        cases.append((f"{name} is 0 after reset", aig.any(machine.read(state, machine.word(name)))))
    for move in range(latency):
        (left,) = machine.look(valid, state, beats[: move + 1])
        cases.append((f"no result is left {move} moves after reset", left))
    return _never(machine, cases)
