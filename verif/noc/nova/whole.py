"""A vector unit with two clocks from beat to answer: alone, for every code; among others, a few steps far."""

from __future__ import annotations

from pathlib import Path

from ... import solvers
from ...aig import FALSE, TRUE
from ...prove import Verdict
from .counters import CORE, STEPS, empty, equals, ticks
from .machine import Machine, State, Words
from .proofs import Cases, compared, never
from .slots import entry, memories


def read(machine: Machine, state: State) -> list[int]:
    """What lanes read of the slot that is taken next: pair, operand and what else a multiply-add needs, status."""
    address = machine.read(state, machine.word("ended"))[: machine.unit.slot_bits]
    names = memories(machine, ("pairs", "used", "statuses"))
    return [bit for name in names for bit in entry(machine, state, name, address)]


def _alone(machine: Machine, beat: Words) -> tuple[State, State]:
    """The states that take the pair of, and that answer, a beat alone in a unit of zeros, both clocks at once."""
    state, step = empty(machine, free=False), beat
    pair: State = {}
    for _ in range(4 * machine.latency):
        if machine.outputs(state, machine.idle())["o_valid"] == [TRUE]:
            return pair, state
        if machine.read(state, machine.word("passes_core_seen")) != machine.read(state, machine.word("ended_gray")):
            pair = state
        # Both clocks together, and no register is caught in between: nothing is left open.
        mapping = state | machine.ports(step)
        values = machine.aig.copy([r.d for r in machine.registers], machine.aig, mapping)
        state, step = dict(zip(machine.nodes, values, strict=True)), machine.idle()
    raise ValueError("a beat alone must be answered, and is not")


def bounded(directory: Path) -> Verdict:
    """A beat among others, whatever edges come when: what lanes take of its slot is what they take of it alone."""
    machine = Machine(directory)
    aig = machine.aig
    first = machine.beat(1)
    wanted = read(machine, _alone(machine, first)[0])
    cases: Cases = []
    for ahead in (0, 1):
        state, mine, count = empty(machine), FALSE, [FALSE, FALSE]
        wrong: list[int] = []
        came: list[int] = []
        for _ in range(STEPS):
            beat, edges = machine.beat(), ticks(machine)
            seen = machine.outputs(state, beat)
            # The beat with that number is the one that is looked at.
            mine = equals(machine, count, ahead)
            for port in ("i_x", "i_table"):
                beat[port] = [aig.mux(mine, own, other) for own, other in zip(first[port], beat[port], strict=True)]
            taken = aig.all([beat["i_valid"][0], seen["i_ready"][0], edges[CORE]])
            there = aig.differ(machine.read(state, machine.word("passes_core_seen")),
                               machine.read(state, machine.word("ended_gray")))  # fmt: skip
            ended = machine.read(state, machine.word("ended"))
            asked = aig.all([there, *(x if ahead >> i & 1 else x ^ 1 for i, x in enumerate(ended))])
            came.append(asked)
            wrong.append(aig.land(asked, aig.differ(read(machine, state), wanted)))
            # Counted to two, and no further.
            count = [aig.mux(taken, aig.lor(count[0] ^ 1, count[1]), count[0]),
                     aig.mux(taken, aig.lor(count[0], count[1]), count[1])]  # fmt: skip
            state = machine.edge(state, beat, aig.input(), edges)
        if solvers.model(aig, [aig.any(came)]) is None:
            return Verdict("unknown", f"{STEPS} steps are too few for a beat to come")
        cases.append((f"beat {ahead} gets its pairs within {STEPS} steps", aig.any(wrong)))
    return never(machine, cases)


def answer(directory: Path) -> Verdict:
    """A beat alone is answered by the equations: every lane, every code, every number of a table."""
    machine = Machine(directory)
    beat = machine.beat(1)
    return compared(machine, beat, machine.outputs(_alone(machine, beat)[1], machine.idle()))
