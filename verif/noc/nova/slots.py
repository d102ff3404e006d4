"""What slots of a vector unit with two clocks hold: the core's words of a beat, then the pairs that lanes ask for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ... import solvers
from ...aig import FALSE, TRUE
from ...prove import Verdict
from .counters import CORE, NOC, empty, equals, invariant, minus
from .machine import Machine, State
from .proofs import Cases, never


def lanes(machine: Machine) -> list[str]:
    """Names of all lanes."""
    config = machine.unit
    return [f"router{r}_lane{lane}" for r in range(config.routers) for lane in range(config.lanes)]


def memories(machine: Machine, kinds: Sequence[str]) -> list[str]:
    """Memories of those kinds that are there: ``tables``, ``statuses``; of each lane ``asked``, ``used``, ``pairs``."""
    found = [kind if kind in ("tables", "statuses") else f"{lane}_{kind}" for kind in kinds
             for lane in ([""] if kind in ("tables", "statuses") else lanes(machine))]  # fmt: skip
    return [name for name in found if f"{name}[0]" in machine.names]


def entry(machine: Machine, state: State, name: str, address: Sequence[int]) -> list[int]:
    """What a memory holds at an address (literals of the machine's own state, or of a constant)."""
    size = machine.unit.slot_bits
    words = [machine.read(state, machine.bits(f"{name}[{k}]")) for k in range(1 << size)]
    for bit in address:
        words = [[machine.aig.mux(bit, one, zero) for zero, one in zip(*words[k : k + 2], strict=True)]
                 for k in range(0, len(words), 2)]  # fmt: skip
    return words[0]


def writes(machine: Machine, state: State, lane: str, slot: Sequence[int]) -> int:
    """Whether an edge of the NoC's clock writes a lane's slot: whether it does not depend on what is there."""
    aig, found = machine.aig, []
    names = [machine.bits(f"{lane}_pairs[{at}]") for at in range(1 << machine.unit.slot_bits)]
    register = {r.q: r for r in machine.registers}
    ports = machine.ports(machine.idle())
    for at, word in enumerate(names):
        if not word:
            return TRUE
        node = word[0] >> 1
        low, high = (aig.copy([register[word[0]].d], aig, state | ports | {node: level})[0] for level in (FALSE, TRUE))
        found.append(aig.land(equals(machine, slot, at), aig.lxor(low, high) ^ 1))
    return aig.any(found)


def passes(directory: Path) -> Verdict:
    """Whatever is on the line, a request's flits give every lane's slot the pair that they give it alone.

    From any state that the counters allow, edges of the NoC's clock are taken, from that with which the first flit
    leaves; what the core writes into other slots meanwhile is anything. With local breakpoints a lane is written once.
    """
    machine = Machine(directory)
    aig, config = machine.aig, machine.unit
    state, edges = machine.state(), config.flits + config.depth + 1
    cases = invariant(machine, state)
    seen, gray = (machine.read(state, machine.word(name)) for name in ("fills_noc_seen", "asked_gray"))
    idle = TRUE if config.flits == 1 else aig.any(machine.word("source_following")) ^ 1
    starts = aig.all([aig.differ(seen, gray), idle, aig.any(violation for _, violation in cases) ^ 1])
    slot = machine.word("asked")[: config.slot_bits]
    core, all_lanes = memories(machine, ("tables", "asked")), lanes(machine)
    given = {name: entry(machine, state, name, slot) for name in core}
    alone = empty(machine, free=False)
    for name in ("fills", "fills_gray", "fills_noc_meta", "fills_noc_seen"):
        alone[machine.word(name)[0] >> 1] = TRUE
    for name, word in given.items():
        alone |= {q >> 1: x for q, x in zip(machine.bits(f"{name}[0]"), word, strict=True)}
    written: dict[str, list[int]] = {lane: [] for lane in all_lanes}
    lonely: dict[str, list[int]] = {lane: [] for lane in all_lanes}
    quiet, zero = {CORE: FALSE, NOC: TRUE}, [FALSE] * config.slot_bits
    for _ in range(edges):
        for lane in all_lanes:
            written[lane].append(writes(machine, state, lane, slot))
            lonely[lane].append(writes(machine, alone, lane, zero))
        state = machine.edge(state, machine.idle(), TRUE, quiet)
        alone = machine.edge(alone, machine.idle(), TRUE, quiet)
        for name in core:
            for at in range(1 << config.slot_bits):
                mine = equals(machine, slot, at)
                state |= {q >> 1: aig.mux(mine, state[q >> 1], aig.input()) for q in machine.bits(f"{name}[{at}]")}
    found: Cases = []
    for lane in all_lanes:
        differs = aig.differ(entry(machine, state, f"{lane}_pairs", slot),
                             machine.read(alone, machine.bits(f"{lane}_pairs[0]")))  # fmt: skip
        # Addresses that no x has need not have one.
        known = _there(machine, given, lane) if config.breakpoints == "local" else aig.any(lonely[lane])
        exists, some = aig.land(starts, known), written[lane]
        found.append((f"{lane} has the pair that it has alone", aig.land(exists, differs)))
        if config.breakpoints == "local":
            twice = aig.any(aig.land(x, y) for i, x in enumerate(some) for y in some[:i])
            found.append((f"{lane} is given no other pair", aig.land(starts, twice)))
        found.append((f"{lane} is given a pair", aig.land(exists, aig.any(some) ^ 1)))
    ended = machine.read(state, machine.word("passes"))
    before = machine.read(machine.state(), machine.word("asked"))
    more = minus(machine, ended, before)
    found.append(("then the request counts as passed", aig.land(starts, equals(machine, more, 1) ^ 1)))
    if solvers.model(aig, [starts]) is None:
        return Verdict("unknown", "no state that counters allow has a request")
    return never(machine, found)


def _there(machine: Machine, given: dict[str, list[int]], lane: str) -> int:
    """Whether a lane's address is that of a segment of the table asked for."""
    aig, tables = machine.aig, machine.unit.slopes
    index, number = given.get(f"{lane}_asked", []), given.get("tables", [])
    return aig.any(aig.land(equals(machine, number, table), aig.within(index, 0, len(slopes) - 1))
                   for table, slopes in enumerate(tables))  # fmt: skip


def fills(directory: Path) -> Verdict:
    """A beat that is taken is in its slot some edges of the core's clock later as it would be alone; others stay.

    The NoC's edges change no word that the core writes, nor the core's a pair.
    """
    machine = Machine(directory)
    aig, config, names = machine.aig, machine.unit, memories(machine, ("tables", "statuses", "asked", "used"))
    size = 1 << config.slot_bits
    state, ready, cases = machine.state(), aig.input(), list[tuple[str, int]]()
    at = machine.word("fills")[: config.slot_bits]
    filled = machine.word(f"valid_{config.before}")[0]
    core = machine.edge(state, machine.beat(), ready, {CORE: TRUE, NOC: FALSE})
    noc = machine.edge(state, machine.beat(), ready, {CORE: FALSE, NOC: TRUE})
    for entry_of in range(size):
        own = aig.land(filled, equals(machine, at, entry_of))
        bits = [q for name in names for q in machine.bits(f"{name}[{entry_of}]")]
        pairs = [q for name in memories(machine, ("pairs",)) for q in machine.bits(f"{name}[{entry_of}]")]
        for sentence, words, after, but in (("a slot that is not filled stays", bits, core, own),
                                            ("the NoC leaves what is asked", bits, noc, FALSE),
                                            ("the core leaves pairs", pairs, core, FALSE)):  # fmt: skip
            changed = aig.differ(words, [after[q >> 1] for q in words])
            cases.append((sentence, aig.land(but ^ 1, changed)))
    first, behind = machine.beat(1), [machine.beat() for _ in range(config.before)]
    taken = machine.outputs(state, first)["i_ready"][0]
    quiet = {CORE: TRUE, NOC: FALSE}
    among, alone = state, empty(machine, free=False)
    for k, beat in enumerate([first, *behind]):
        slot = machine.read(among, machine.word("fills"))[: config.slot_bits]
        among = machine.edge(among, beat, TRUE, quiet)
        alone = machine.edge(alone, beat if k == 0 else machine.idle(), TRUE, quiet)
    left = [bit for name in names for bit in entry(machine, among, name, slot)]
    right = [bit for name in names for bit in machine.read(alone, machine.bits(f"{name}[0]"))]
    cases.append(("a beat is in its slot as if alone", aig.land(taken, aig.differ(left, right))))
    return never(machine, cases)


def takes(directory: Path) -> Verdict:
    """What is there of a slot is answered as if alone, in order, and a stall of the output changes no answer."""
    machine = Machine(directory)
    aig, config = machine.aig, machine.unit
    names = memories(machine, ("statuses", "used", "pairs"))
    state, quiet = machine.state(), {CORE: TRUE, NOC: FALSE}
    shown = machine.outputs(state, machine.beat())
    known = [*shown["o_valid"], *shown["o_y"], *shown["o_status"]]
    ended = machine.word("ended")
    ranks = [machine.word(f"offered_{k}")[0] for k in range(1, config.behind + 1)]
    there = aig.land(
        aig.differ(machine.word("passes_core_seen"), machine.word("ended_gray")),
        aig.any(machine.word(name)[0] for name in ("clear_wanted", "clear", "cleared_seen")) ^ 1,
    )
    ready = aig.input()
    after = machine.edge(state, machine.beat(), ready, quiet)
    again = machine.outputs(after, machine.beat())
    stalls = aig.land(shown["o_valid"][0], ready ^ 1)
    moves = aig.land(there, stalls ^ 1)
    changed = aig.differ(known, [*again["o_valid"], *again["o_y"], *again["o_status"]])
    ranked = [aig.lxor(after[x >> 1], aig.mux(stalls, x, y)) for x, y in zip(ranks, [there, *ranks], strict=False)]
    more = minus(machine, machine.read(after, ended), ended)
    cases: Cases = [
        ("the output depends on registers alone", FALSE if aig.support(known) <= set(machine.nodes) else TRUE),
        ("an answer stays until it is taken", aig.land(stalls, changed)),
        ("answers move one rank, or wait", aig.any(ranked)),
        ("a slot is given back when its words are taken", aig.lxor(more[0], moves)),
        ("no more than one is", aig.any(more[1:])),
        ("the last rank is what is offered", aig.lxor(shown["o_valid"][0], ranks[-1])),
    ]  # fmt: skip
    verdict = never(machine, cases)
    if verdict.status != "proved":
        return verdict
    slot, one = ended[: config.slot_bits], empty(machine, free=False)
    for name in names:
        one |= {q >> 1: x for q, x in zip(machine.bits(f"{name}[0]"), entry(machine, state, name, slot), strict=True)}
    many = state
    for _ in range(config.behind):
        many, one = (machine.edge(of, machine.idle(), TRUE, quiet) for of in (many, one))
    left, right = ([*(shown := machine.outputs(of, machine.idle()))["o_y"], *shown["o_status"]] for of in (many, one))
    inputs = sorted(aig.support([*left, *right]))
    if left == right or solvers.equivalent(aig, left, right, inputs):
        return Verdict("proved", f"{verdict.method}; abc cec, an answer among others and alone")
    return Verdict("refuted", "abc cec", {"violated": "an answer is that of its slot's words alone"})


def registers(directory: Path) -> Verdict:
    """Between the clocks every bit goes through two registers that feed nothing else, but for words of slots.

    Those stand still where they are read, by the claims ``order`` and ``fills``.
    """
    machine = Machine(directory)
    aig, method = machine.aig, "structure of the flat netlist"
    clock = {r.q >> 1: r.clock for r in machine.registers}
    words = {q >> 1 for name in memories(machine, ("tables", "asked", "pairs"))
             for at in range(1 << machine.unit.slot_bits) for q in machine.bits(f"{name}[{at}]")}  # fmt: skip
    first = {q >> 1 for q in machine.first}
    for register in machine.registers:
        node, reads = register.q >> 1, aig.support([register.d])
        apart = {n for n in reads if clock.get(n, register.clock) != register.clock}
        single = register.d >> 1 in clock and not register.d & 1
        wrong = None
        if node in first and not (single and apart):
            wrong = "be the other clock's register and nothing else"
        elif node not in first and apart - words:
            wrong = "not depend on the other clock but through two registers"
        elif reads & first and not single:
            wrong = "follow the first of two registers alone"
        if wrong:
            return Verdict("refuted", method, {"violated": f"{register.name} must {wrong}"})
    shown = aig.support([bit for word in machine.netlist.outputs.values() for bit in word])
    if first & shown:
        return Verdict("refuted", method, {"violated": "outputs must not depend on the first of two registers"})
    return Verdict("proved", f"{method} ({len(first)} bits go from clock to clock)")
