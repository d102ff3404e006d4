"""The order of an accumulator's partial sums, by unrolling its control beside what each partial sum is of.

Which register of data moves when is said by :func:`nervure.verif.mac.accumulate.proofs.ring`; so the data can be left
out, and each partial sum be stood for by the numbers of its sum and of its latest beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ... import solvers
from ...aig import FALSE, TRUE, Aig
from ...artifact import Artifact
from ...prove import Verdict
from .ring import Ring

PORTS = ("i_valid", "i_clear", "i_last", "o_ready")


@dataclass(frozen=True)
class Ghost:
    """What a partial sum is of, as words of the unrolling.

    Attributes
    ----------
    started : list of int
        Sums that were started before its own.
    ended : list of int
        Sums that were ended before its own.
    beat : list of int
        Number of the latest beat in its sum.
    last : int
        Whether that beat had ``last``.
    """

    started: list[int]
    ended: list[int]
    beat: list[int]
    last: int


class Words:
    """Unsigned words of one width over a graph; widths are such that nothing wraps but what is below zero."""

    def __init__(self, aig: Aig, bits: int):
        self.aig, self.bits = aig, bits

    def number(self, value: int) -> list[int]:
        """A constant, modulo 2^bits."""
        return [TRUE if value >> i & 1 else FALSE for i in range(self.bits)]

    def plus(self, word: list[int], value: int) -> list[int]:
        """A word and a constant added."""
        return self.aig.add(word, self.number(value))

    def mux(self, select: int, x: list[int], y: list[int]) -> list[int]:
        """select ? x : y."""
        return [self.aig.mux(select, i, j) for i, j in zip(x, y, strict=True)]

    def equal(self, x: list[int], y: list[int]) -> int:
        """Whether two words are equal."""
        return self.aig.differ(x, y) ^ 1

    def below(self, x: list[int], value: int) -> int:
        """Whether a word is less than a constant."""
        return self.aig.within(x, 0, value - 1) if value > 0 else FALSE

    def choose(self, select: int, x: Ghost, y: Ghost) -> Ghost:
        """select ? x : y."""
        started, ended, beat = (self.mux(select, getattr(x, name), getattr(y, name))
                                for name in ("started", "ended", "beat"))  # fmt: skip
        return Ghost(started, ended, beat, self.aig.mux(select, x.last, y.last))


def order(directory: Path, cycles: int) -> Verdict:
    """From reset, in so many cycles of any inputs: every partial sum is of the beats that the definition says.

    - A beat n < k of a sum starts from neutral; any other takes the partial sum of beat n - k of its own sum.
    - When the bank is complete, it is so for the first of the ended sums for which it was not yet, and holds the
      partial sums of its last min(N, k) beats, each in place n mod k, and no other.

    The addition of partial sums may take any number of cycles: what counts them is left free in every cycle.
    """
    found = Ring(Artifact.load(directory))
    k, when, enables = found.k, *found.moves()
    present = [found.bit(f"present_{j}") for j in range(k)]
    control = [*found.going, *found.over, *found.end, *found.slot, found.reducing, found.done, *present]
    counts = [x >> 1 for x in found.word("reduce_at")]
    state = _closed(found, [x >> 1 for x in control], set(counts))
    if isinstance(state, Verdict):
        return state
    if (reset := _reset(found, state)) is None:
        return Verdict("refuted", "structure", {"where": "reset must empty the control, and does not"})
    out = Aig()
    words = Words(out, (cycles + k + 1).bit_length())
    zero = words.number(0)
    nothing = Ghost(zero, zero, zero, FALSE)
    at, rank, bank = reset, [nothing] * k, [nothing] * k
    started, ended, beat, completed = zero, zero, zero, zero
    ports = [x >> 1 for name in PORTS for x in found.net.inputs[name]]
    violated: list[int] = []
    trace: list[list[int]] = []
    for _ in range(cycles):
        trace.append(out.inputs(len(ports)))
        free = dict(zip(counts, out.inputs(len(counts)), strict=True))
        values = found.quiet | at | free | dict(zip(ports, trace[-1], strict=True))

        def seen(literals: list[int], values: dict[int, int] = values) -> list[int]:
            return found.aig.copy(literals, out, values)

        taken, full, takes, clear, last = seen([when["taken"], when["full"], when["leaves"], found.clear, found.last])
        moves, slot, flags, (end,) = seen(enables), seen(found.slot), seen(present), seen(found.end[-1:])
        # What enters: clear in the middle of a sum starts another.
        anew = out.land(clear, out.any(beat))
        entering = Ghost(words.mux(anew, words.plus(started, 1), started), ended, words.mux(clear, zero, beat),
                         out.land(taken, last))  # fmt: skip
        used, early, exit_ = out.land(full, clear ^ 1), words.below(entering.beat, k), rank[-1]
        its = out.all([words.equal(exit_.started, entering.started),
                       words.equal(words.plus(exit_.beat, k), entering.beat)])  # fmt: skip
        violated += [out.all([taken, used ^ 1, early ^ 1]), out.all([taken, used, out.lor(early, its ^ 1)])]
        # What leaves for the bank.
        writes = [out.all([takes, *(x ^ (1 ^ (j >> i & 1)) for i, x in enumerate(slot))]) for j in range(k)]
        bank = [words.choose(write, exit_, old) for write, old in zip(writes, bank, strict=True)]
        there = [out.lor(write, flag) for write, flag in zip(writes, flags, strict=True)]
        complete, top = out.land(takes, end), exit_.beat
        wrong = [exit_.last ^ 1, out.differ(exit_.ended, completed)]
        for j, (flag, entry) in enumerate(zip(there, bank, strict=True)):
            # Beat n of N is its partial sum's latest: n = top, or top - 1, ... top - k + 1, and n mod k = j.
            latest = out.any(words.equal(words.plus(entry.beat, back), top) for back in range(k))
            placed = out.any(words.equal(entry.beat, words.number(n)) for n in range(j, cycles, k))
            right = out.all([latest, placed, words.equal(entry.started, exit_.started)])
            wrong += [out.lxor(flag, words.below(top, j) ^ 1), out.land(flag, right ^ 1)]
        violated += [out.land(complete, x) for x in wrong]
        completed = words.mux(complete, words.plus(completed, 1), completed)
        # A step.
        rank = [words.choose(move, before, old)
                for move, before, old in zip(moves, [entering, *rank[:-1]], rank, strict=True)]  # fmt: skip
        over = out.land(taken, last)
        started = words.mux(taken, words.mux(last, words.plus(entering.started, 1), entering.started), started)
        ended = words.mux(over, words.plus(ended, 1), ended)
        beat = words.mux(taken, words.mux(last, zero, words.plus(entering.beat, 1)), beat)
        at = dict(zip(state, seen([found.next[node] for node in state]), strict=True))
    if (values := solvers.model(out, [out.any(violated)])) is None:
        return Verdict("proved", f"kissat, {len(out.cone(violated))} nodes; bounded, {cycles} cycles from reset")
    steps = [" ".join(str(int(values.get(x >> 1, False))) for x in row) for row in trace]
    return Verdict("refuted", "kissat", {", ".join(PORTS): steps})


def _closed(found: Ring, start: list[int], free: set[int]) -> list[int] | Verdict:
    """The registers that decide about those, in the end, beside some; a verdict where the operands would."""
    free = free | {x >> 1 for name in PORTS for x in found.net.inputs[name]}
    seen, waiting = set[int](), list(start)
    while waiting:
        if (node := waiting.pop()) in seen:
            continue
        seen.add(node)
        needs = found.aig.support([found.next[node]]) - free
        if stray := needs - set(found.registers):
            return Verdict("refuted", "structure", {"where": f"control depends on {len(stray)} bits of operands"})
        waiting += needs
    return sorted(seen)


def _reset(found: Ring, state: list[int]) -> dict[int, int] | None:
    """The state after reset, or None where it is not the same from all states."""
    reset = found.artifact.reset
    registers = [found.registers[node] for node in state]
    if reset is not None and reset["kind"] == "sync":
        pin = found.net.inputs[reset["port"]][0] >> 1
        active = {pin: TRUE if reset["active"] == "high" else FALSE}
        values: list[int | None] = list(found.aig.copy([r.d for r in registers], found.aig, active))
    else:
        values = [r.reset_value if reset else r.initial for r in registers]
    if any(value not in (FALSE, TRUE) for value in values):
        return None
    return {node: value for node, value in zip(state, values, strict=True) if value is not None}
