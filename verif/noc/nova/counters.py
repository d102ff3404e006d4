"""What counters of a vector unit with two clocks hold: that they keep their order, and that clearing clears.

In every step the core's clock has an edge, or the NoC's, or both, as they like: whatever their periods and phase are,
they come in one of these orders. A first register behind another clock's may take the old or the new where both have an
edge.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from ... import solvers
from ...aig import FALSE, TRUE
from ...prove import Verdict
from .machine import Machine, State
from .proofs import Cases, never, taps

STEPS = 16
"""Steps of the bounded claims."""
CORE, NOC = "clk", "clk_noc"
CLEARING = ("clear_wanted", "clear", "clear_noc_meta", "clear_noc_seen", "cleared_meta", "cleared_seen")


def minus(machine: Machine, x: Sequence[int], y: Sequence[int]) -> list[int]:
    """The difference of two words, modulo their size."""
    aig, out, carry = machine.aig, [], TRUE
    for i, j in zip(x, y, strict=True):
        half = aig.lxor(i, j ^ 1)
        out.append(aig.lxor(half, carry))
        carry = aig.lor(aig.land(i, j ^ 1), aig.land(half, carry))
    return out


def _above(machine: Machine, x: Sequence[int], y: Sequence[int]) -> int:
    """Whether x > y."""
    found = FALSE
    for i, j in zip(x, y, strict=True):
        found = machine.aig.mux(machine.aig.lxor(i, j), i, found)
    return found


def _number(machine: Machine, gray: Sequence[int]) -> list[int]:
    """The number of a Gray code."""
    out: list[int] = []
    for bit in reversed(gray):
        out.append(machine.aig.lxor(bit, out[-1]) if out else bit)
    return out[::-1]


def _sum(machine: Machine, bits: Sequence[int], width: int) -> list[int]:
    total = [FALSE] * width
    for bit in bits:
        total = machine.aig.add(total, [bit] + [FALSE] * (width - 1))
    return total


def invariant(machine: Machine, state: State) -> Cases:
    """What holds of counters while beats come and go, each with the literal of its violation.

    With distances from the oldest beat: results taken, results known of, results there, requests sent, requests known
    of, requests made, beats taken, slots: each at most the next, as seen in whatever register.
    """
    aig, config = machine.aig, machine.unit
    bits = config.slot_bits + 1

    def read(name: str) -> list[int]:
        return machine.read(state, machine.word(name))

    numbers = {name: read(name) for name in ("ended", "passes", "asked", "fills", "begun")}
    cases: Cases = []
    for name in ("ended", "passes", "asked", "fills"):
        gray = read(f"{name}_gray")
        cases.append((f"{name} and its Gray code agree", aig.differ(_number(machine, gray), numbers[name])))
    for name in ("passes_core_seen", "passes_core_meta", "fills_noc_seen", "fills_noc_meta"):
        numbers[name] = _number(machine, read(name))
    order = ["passes_core_seen", "passes_core_meta", "passes", "asked", "fills_noc_seen", "fills_noc_meta", "fills",
             "begun"]  # fmt: skip
    far = {name: minus(machine, numbers[name], numbers["ended"]) for name in order}
    for low, high in pairwise(order):
        cases.append((f"{low} is at most {high}", _above(machine, far[low], far[high])))
    most = [TRUE if bit == bits - 1 else FALSE for bit in range(bits)]
    cases.append(("no more beats are under way than there are slots", _above(machine, far["begun"], most)))
    coming = [read(f"valid_{k}")[0] for k in range(1, config.before + 1)]
    cases.append(("beats on their way to their slots are those begun and not filled", aig.differ(
        minus(machine, numbers["begun"], numbers["fills"]), _sum(machine, coming, bits))))  # fmt: skip
    ages = _ages(machine, state)
    cases.append(("flits on their way are those asked for and not passed", aig.differ(
        minus(machine, numbers["asked"], numbers["passes"]), _sum(machine, ages[1:], bits))))  # fmt: skip
    if config.flits > 1:
        following = read("source_following")
        cases.append(("flits are counted to F", aig.within(following, 0, config.flits - 1) ^ 1))
    for age in range(1, len(ages)):
        near = aig.any(ages[max(1, age - config.flits + 1) : age])
        cases.append((f"requests are {config.flits} edges apart", aig.land(ages[age], near)))
    return [*cases, *_flits(machine, state, ages, numbers["asked"]),
            ("no clearing is under way", aig.any(_clearing(machine, state)))]  # fmt: skip


def _ages(machine: Machine, state: State) -> list[int]:
    """Whether there is a request of which the first flit left so many edges of the NoC's clock ago, from 0."""
    config, found = machine.unit, [FALSE]
    for age in range(1, config.flits):
        found.append(equals(machine, machine.read(state, machine.word("source_following")), age))
    return found + [machine.read(state, machine.word(f"last_{k}"))[0] for k in range(config.depth + 1)]


def _flits(machine: Machine, state: State, ages: Sequence[int], asked: Sequence[int]) -> Cases:
    """That registers of the line hold the flits of requests of those ages, each marked with its slot."""
    aig, config, cases = machine.aig, machine.unit, []
    bits = config.slot_bits
    slots, younger = [], [*asked[:bits]]
    for age in ages:
        # One back for each request, from the youngest on.
        one = [age, *[FALSE] * (bits - 1)]
        younger = minus(machine, younger, one)
        slots.append(younger)

    def read(name: str) -> list[int]:
        return machine.read(state, machine.word(name))

    for name, crossed in taps(machine):
        here = ages[crossed + 1 :][: config.flits]
        cases.append((f"{name} shows a flit where one is", aig.lxor(read(f"{name}_valid")[0], aig.any(here))))
        for number, there in enumerate(here):
            cases.append((f"{name} shows the flit's slot",
                          aig.land(there, aig.differ(read(f"{name}_slot"), slots[crossed + 1 + number]))))  # fmt: skip
            if config.flits > 1 and config.breakpoints == "local":
                wrong = equals(machine, read(f"{name}_number"), number) ^ 1
                cases.append((f"{name} shows the flit's number", aig.land(there, wrong)))
    for age in range(1, config.flits):
        cases.append(("the source has the slot of the request", aig.land(
            ages[age], aig.differ(read("source_slot"), slots[age]))))  # fmt: skip
    return cases


def _clearing(machine: Machine, state: State) -> list[int]:
    return [machine.read(state, machine.word(name))[0] for name in CLEARING]


def ticks(machine: Machine) -> dict[str, int]:
    """Whether each clock has an edge, as symbols."""
    return {CORE: machine.aig.input(), NOC: machine.aig.input()}


def order(directory: Path) -> Verdict:
    """No slot is overwritten, skipped or taken twice: counters keep their order at any edge of any clock."""
    machine = Machine(directory)
    aig, state, ready = machine.aig, machine.state(), machine.aig.input()
    holds = aig.any(violation for _, violation in invariant(machine, state)) ^ 1
    after = machine.edge(state, machine.beat(), ready, ticks(machine))
    cases = [(f"{sentence}, after an edge", aig.land(holds, violation))
             for sentence, violation in invariant(machine, after)]  # fmt: skip
    return never(machine, cases)


def equals(machine: Machine, word: Sequence[int], value: int) -> int:
    """Whether a word has that value."""
    return machine.aig.all(x if value >> i & 1 else x ^ 1 for i, x in enumerate(word))


def clearing(directory: Path) -> Verdict:
    """From any state in which a unit works, once it takes beats again after resets it is empty (bounded)."""
    machine = Machine(directory)
    aig, reset = machine.aig, machine.artifact.reset
    if reset:
        state = machine.state() | {q >> 1: FALSE for name in CLEARING for q in machine.word(name)}
        state = machine.edge(state, machine.beat(), aig.input(), {CORE: TRUE, NOC: aig.input()}, reset=TRUE)
    else:
        state = {r.q >> 1: 2 * (r.q >> 1) if r.initial is None else r.initial for r in machine.registers}
    found: dict[str, list[int]] = {}
    waits = TRUE  # so far the unit took no beat
    for _ in range(STEPS):
        seen = machine.outputs(state, machine.idle())
        takes = seen["i_ready"][0]
        first = aig.land(waits, takes)
        numbers = [bit for name in ("ended", "begun") for bit in machine.read(state, machine.word(name))]
        cases = [*invariant(machine, state), ("no beat is there", aig.any(numbers))]
        for sentence, violation in cases:
            found.setdefault(f"{sentence}, once beats are taken", []).append(aig.land(first, violation))
        found.setdefault("no result is there before", []).append(aig.land(waits, seen["o_valid"][0]))
        waits = aig.land(waits, takes ^ 1)
        again, edges = aig.input() if reset else FALSE, ticks(machine)
        state = machine.edge(state, machine.beat(), aig.input(), edges, reset=again)
        acts = TRUE if reset and reset["kind"] == "async" else edges[CORE]
        waits = aig.lor(waits, aig.land(again, acts))
    if solvers.model(aig, [waits ^ 1]) is None:
        return Verdict("unknown", f"{STEPS} steps are too few to clear the unit")
    return never(machine, [(sentence, aig.any(violations)) for sentence, violations in found.items()])


def empty(machine: Machine, free: bool = True) -> State:
    """The state that clearing leaves: nothing under way; data as they like, or zero."""
    names = ["ended", "passes", "asked", "fills", "begun", "passes_core_seen", "passes_core_meta", "fills_noc_seen",
             "fills_noc_meta", *CLEARING]  # fmt: skip
    names += [f"{name}_gray" for name in names[:4]]
    names += [f"valid_{k}" for k in range(1, machine.unit.before + 1)]
    names += [f"last_{k}" for k in range(machine.unit.depth + 1)]
    names += [f"offered_{k}" for k in range(1, machine.unit.behind + 1)]
    names += [name for name in machine.names if name.endswith("_valid") and name.startswith(("launch", "router"))]
    names += ["source_following"] * (machine.unit.flits > 1)
    state = machine.state() if free else dict.fromkeys(machine.nodes, FALSE)
    return state | {q >> 1: FALSE for name in names for q in machine.bits(name)}
