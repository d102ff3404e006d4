"""What routers share of a row, proved: words joined on their way to the source, findings that come back.

Registers of the line move in every cycle, whatever else stands still, so that a word at the source is a function of
what routers had so many cycles before: it is unrolled, and compared with what it must be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...hw.noc.config.places import NetworkConfig
from .. import solvers
from ..activation.flat import Flat
from ..activation.memories import Pair
from ..activation.sums import less
from ..activation.wired import Wired, shown, written
from ..aig import FALSE, TRUE
from ..prove import Verdict

Cases = list[tuple[str, int]]


def before(flat: Flat, word: Sequence[int], cycles: int) -> tuple[list[int], bool]:
    """A word as a function of what was so many cycles before, and whether it is of that cycle alone."""
    found, alone = list(word), True
    for _ in range(cycles):
        alone &= flat.aig.support(found) <= set(flat.registers)
        found = flat.aig.copy(found, flat.aig, flat.next)
    return found, alone


def largest(flat: Flat, name: str, cycles: int, words: Sequence[Sequence[int]], on: Sequence[int]) -> Cases:
    """Violations of: a word is the largest of words that are on, so many cycles before, or 0 where none is."""
    aig = flat.aig
    found, alone = before(flat, flat.word(name), cycles)
    above, one = [aig.any(on) ^ 1], [aig.any(on) ^ 1]
    for here, word in zip(on, words, strict=True):
        above.append(aig.land(here, less(aig, [*found, FALSE], [*word, FALSE])))
        one.append(aig.land(here, aig.differ(found, word) ^ 1))
    return [
        (f"{name} is of one beat", FALSE if alone else TRUE),
        (f"{name} is not less than any number that is on", aig.any(above[1:])),
        (f"{name} is one of these", aig.any(one) ^ 1),
        (f"{name} is 0 where none is on", aig.land(above[0], aig.any(found))),
    ]  # fmt: skip


def total(flat: Flat, name: str, cycles: int, words: Sequence[Sequence[int]], signed: bool) -> Cases:
    """Violations of: a word is the sum of words so many cycles before (abc, where it finds them equal)."""
    aig = flat.aig
    found, alone = before(flat, flat.word(name), cycles)
    level = [[*word, *[word[-1] if signed else FALSE] * len(found)][: len(found)] for word in words]
    while len(level) > 1:
        level = [aig.add(*level[k : k + 2]) if k + 1 < len(level) else level[k] for k in range(0, len(level), 2)]
    inputs = sorted(aig.support([*found, *level[0]]))
    same = found == level[0] or solvers.equivalent(aig, found, level[0], inputs)
    return [(f"{name} is of one beat", FALSE if alone else TRUE),
            (f"{name} is the sum", FALSE if same else aig.differ(found, level[0]))]  # fmt: skip


def told(unit: Wired, config: NetworkConfig, prefix: str, line: str, at: int,
         finding: Sequence[int]) -> tuple[list[Pair], list[list[int]]]:  # fmt: skip
    """A finding goes down the line, and is kept at each router in its time; what each has of the row that is shown.

    Parameters
    ----------
    prefix, line : str
        Of the names of the ring, and of the line.
    at : int
        Rank in which the finding is at the source.
    finding : sequence of int
        Registers of it.
    """
    stops, pairs = config.stops, [unit.kept(f"{line}launch_word", TRUE, finding)]
    names: list[str] = [""] * config.routers
    for r in sorted(range(config.routers), key=lambda r: stops[r].distance):
        parent = stops[r].parent
        ahead, crossed = (f"{line}launch_word", 0) if parent is None else (names[parent], stops[parent].registers)
        names[r] = f"{line}router{r}_word" if stops[r].registers > crossed else ahead
        if names[r] != ahead:
            pairs.append(unit.kept(names[r], TRUE, unit.word(ahead)))
    kept: list[list[int]] = [[]] * config.routers
    order = sorted(range(config.routers), key=lambda r: -stops[r].registers)
    for place, r in enumerate(order):
        memory = f"{prefix}found{place or ''}"
        (end,), row = unit.word(f"{prefix}ends_{at + stops[r].registers + 1}"), unit.word(f"{memory}_row")
        pairs += written(unit, memory, end, row, unit.word(names[r]))
        pairs.append(unit.kept(f"{memory}_row", TRUE, unit.plus(row, end)))
        if unit.after_reset(row) != [FALSE] * len(row):
            pairs.append((f"a reset leaves no row at router {r}", [TRUE], [FALSE]))
        looked, kept[r] = shown(unit, memory, unit.word(f"{prefix}shown_row"))
        pairs.append(looked)
    return pairs, kept


def beat_of(config: Any, flat: Flat) -> list[list[int]]:
    """Numbers of a beat that enters, lane by lane."""
    width, x = config.input_format.width, flat.net.inputs["i_x"]
    return [list(x[k * width :][:width]) for k in range(config.lanes)]


def decided(flat: Flat, make: Callable[[Flat], Cases]) -> Verdict:
    """The verdict of cases, of which abc found some to hold before kissat is asked."""
    found = make(flat)
    asked = sum(violation != FALSE for _, violation in found)
    verdict = flat.never(found)
    return Verdict(verdict.status, f"{verdict.method} ({len(found) - asked} by structure or abc cec)",
                   verdict.counterexample)  # fmt: skip


def row_total(flat: Flat, beat: str, row: str, rank: int, signed: bool) -> Cases:
    """Violations of: a row's sum so far takes a beat's, which is there in that rank of those that look at rows."""
    (fresh,), (looks,), part, word = flat.word("fresh"), flat.word(f"looks_{rank}")[:1], flat.word(beat), flat.word(row)
    wide = [*part, *[part[-1] if signed else FALSE] * len(word)][: len(word)]
    added = flat.aig.add([flat.aig.land(fresh ^ 1, bit) for bit in word], wide)
    return [(f"{row} is the sum so far", flat.aig.differ(flat.after(word), flat.mux(looks, added, word)))]


def begins(flat: Flat, rank: int) -> Cases:
    """Violations of: a row begins after an end, and after a reset."""
    (fresh,), (looks,), (ends,) = (flat.word(name) for name in ("fresh", f"looks_{rank}", f"ends_{rank}"))
    return [("a row begins after an end", flat.aig.lxor(flat.after([fresh])[0], flat.aig.mux(looks, ends, fresh))),
            ("a reset begins a row", FALSE if flat.after_reset([fresh]) == [TRUE] else TRUE)]  # fmt: skip
