"""How the claims of the power-of-two softmax are tried; each function returns a verdict, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ....hw.activation.config.ptsoftmax import PtsoftmaxConfig
from ... import solvers
from ...aig import FALSE, TRUE
from ...prove import Verdict
from ..flat import Flat, structural
from ..memories import Pair, written
from ..pow2round.proofs import exponents

ADDED = 2
"""The rank whose beat is added to its row's sums."""


class Unit(Flat):
    """The flat unit, and words of its config's widths."""

    def __init__(self, directory: Path):
        super().__init__(directory)
        self.config = PtsoftmaxConfig(**self.artifact.manifest["config"])
        self.low = self.config.span.bit_length() - 1

    def minus_one(self, word: Sequence[int]) -> list[int]:
        """A word less one."""
        return self.aig.add(list(word), [TRUE] * len(word))

    def same(self, x: Sequence[int], y: Sequence[int]) -> int:
        """Whether two words are equal."""
        return self.aig.differ(x, y) ^ 1

    def above(self, x: Sequence[int], y: Sequence[int]) -> int:
        """Whether x is greater than y."""
        greater = FALSE
        for i, j in zip(x, y, strict=True):
            greater = self.aig.mux(self.aig.lxor(i, j), i, greater)
        return greater

    def only(self, when: int, word: Sequence[int]) -> list[int]:
        """A word, or 0."""
        return [self.aig.land(when, x) for x in word]

    def total(self, terms: Sequence[Sequence[int]], width: int) -> list[int]:
        """A sum, by a balanced tree."""
        level = [[*term, *[FALSE] * width][:width] for term in terms]
        while len(level) > 1:
            level = [self.aig.add(*level[k : k + 2]) if k + 1 < len(level) else level[k]
                     for k in range(0, len(level), 2)]  # fmt: skip
        return level[0]

    def scores(self, words: Sequence[int]) -> list[tuple[list[int], list[int], int]]:
        """Of each lane of a kept beat: place in its window, window, and whether it is on."""
        step, bits = self.config.bits + 1, self.config.bits
        lanes = [list(words[k * step :][:step]) for k in range(self.config.lanes)]
        return [(lane[: self.low], lane[self.low : bits], lane[bits]) for lane in lanes]

    def all_equal(self, pairs: Sequence[Pair]) -> Verdict:
        """Whether words are equal in all states: abc, and where it finds a difference kissat."""
        left = [x for _, a, _ in pairs for x in a]
        right = [x for _, _, b in pairs for x in b]
        aig = self.aig
        if left == right or solvers.equivalent(aig, left, right, sorted(aig.support([*left, *right]))):
            return Verdict("proved", f"{len(pairs)} words of the next state, abc cec")
        verdict = self.never([(text, aig.differ(a, b)) for text, a, b in pairs])
        return Verdict(verdict.status, f"abc cec; {verdict.method}", verdict.counterexample)


@structural
def sum(directory: Path) -> Verdict:
    """What is kept of a beat, the window of its largest score, its sums, the row's sums, and the whole."""
    unit = Unit(directory)
    aig, config, width = unit.aig, unit.config, unit.config.half_width
    bits, lanes = config.bits, range(config.lanes)
    z, on = unit.net.inputs["i_z"], unit.net.inputs["i_on"]
    kept: list[int] = []
    for k in lanes:
        code = list(z[k * bits :][:bits])
        kept += [*code[:-1], code[-1] ^ 1, on[k]]  # from 0 on
    highest = [FALSE] * (bits - unit.low)
    for _, window, present in unit.scores(kept):
        higher = aig.land(present, unit.above(window, highest))
        highest = unit.mux(higher, window, highest)
    pairs = [("a beat's words", unit.after(unit.word("first_words")), kept),
             ("its highest window", unit.after(unit.word("first_top")), highest)]  # fmt: skip
    top = unit.word("first_top")
    below, lowest = unit.minus_one(top), aig.any(top) ^ 1
    upper, lower = [], []
    for place, window, present in unit.scores(unit.word("first_words")):
        power = [unit.equals(place, at) for at in range(config.span)]
        upper.append(unit.only(aig.land(present, unit.same(window, top)), power))
        lower.append(unit.only(aig.all([present, lowest ^ 1, unit.same(window, below)]), power))
    pairs += [
        ("the window goes on", unit.after(unit.word("beat_top")), top),
        ("a beat's sum over it", unit.after(unit.word("beat_upper")), unit.total(upper, width)),
        ("a beat's sum over that below", unit.after(unit.word("beat_lower")), unit.total(lower, width)),
    ]
    fresh, taken = unit.word("fresh")[0], unit.word(f"looks_{ADDED}")[0]
    row, beat = ({key: unit.word(f"{of}_{key}") for key in ("top", "upper", "lower")} for of in ("row", "beat"))
    before = {key: unit.only(fresh ^ 1, word) for key, word in row.items()}
    higher = unit.above(beat["top"], before["top"])
    top = unit.mux(higher, beat["top"], before["top"])
    sums: dict[str, list[list[int]]] = {"upper": [], "lower": []}
    for part in (before, beat):
        same = unit.same(part["top"], top)
        # Just below: one more is the top, and is not 0 again.
        next_below = aig.land(unit.same(part["top"], unit.minus_one(top)), aig.any(top))
        sums["upper"].append(unit.only(same, part["upper"]))
        sums["lower"].append(unit.mux(same, part["lower"], unit.only(next_below, part["upper"])))
    wanted = {"top": top, **{key: unit.total(terms, width) for key, terms in sums.items()}}
    pairs += [(f"the row's {key}", unit.after(row[key]), unit.mux(taken, wanted[key], row[key])) for key in row]
    ends = unit.word(f"ends_{ADDED}")[0]
    pairs.append(("a row begins after an end", unit.after([fresh]), [aig.mux(taken, ends, fresh)]))
    whole = unit.total([row["lower"], [*[FALSE] * config.span, *row["upper"]]], config.sum_width)
    pairs.append(("the whole sum", unit.after(unit.word("whole_total")), whole))
    pairs.append(("its window", unit.after(unit.word("whole_top")), row["top"]))
    return unit.all_equal(pairs)


@structural
def exponent(directory: Path) -> Verdict:
    """What is kept at a row's end is the window and the exponent of the power of two nearest to the sum, any sum."""
    unit = Unit(directory)
    aig, config = unit.aig, unit.config
    total, top, place = unit.word("whole_total"), unit.word("whole_top"), unit.word("found_row")
    ends = unit.word("ends_4")[0]
    cases = exponents(aig, "arithmetic", total)
    nothing = aig.any(total) ^ 1
    width = config.sum_width.bit_length()
    e = [aig.any([case for j, case in cases if j >> bit & 1]) for bit in range(width)]
    wrong = [aig.land(nothing, aig.any(e))]
    wrong += [aig.differ(x, y) for _, x, y in written("found", unit.memory("found"), aig, ends, place, [*top, *e])]
    if sorted(j for j, _ in cases) != list(range(config.sum_width + 1)):
        return Verdict("unknown", "every exponent must have its interval, and has not")
    found = unit.never([("a row's finding is its window and exponent", aig.any(wrong))])
    return Verdict(found.status, f"{len(cases)} intervals of {config.sum_width}-bit sums, kissat", found.counterexample)


@structural
def shares(directory: Path) -> Verdict:
    """Each lane gives its share of the row whose finding is shown, and holds it while the output waits."""
    unit = Unit(directory)
    aig, config, low = unit.aig, unit.config, unit.low
    word, memory = unit.word("word"), unit.memory("found")
    finding = memory.found
    window_bits = config.bits - low
    top, e = finding[:window_bits], finding[window_bits:]
    offers, ready = unit.output("o_valid")[0], unit.net.inputs["o_ready"][0]
    enable = aig.lor(offers ^ 1, ready)
    width = config.share_width
    found: dict[str, list[int]] = {"k": [], "zero": [], "p": []}
    for place, window, present in unit.scores(word):
        upper = unit.same(window, top)
        lower = aig.land(unit.same(window, unit.minus_one(top)), aig.any(top))
        counts = aig.land(present, aig.lor(upper, lower))
        # e - (place + window if it is the upper one): the complement and one more.
        size = max(len(e), width, low + 1)
        less = [*place, upper, *[FALSE] * size][:size]
        k = unit.plus(aig.add([*e, *[FALSE] * size][:size], [x ^ 1 for x in less]), TRUE)[:width]
        k = unit.only(counts, k)
        found["k"] += k
        found["zero"].append(counts ^ 1)
        if fmt := config.output_format:
            for at in range(fmt.width):
                steps = fmt.fraction_bits - at
                bit = unit.equals(k, steps) if 0 <= steps < 1 << width else FALSE
                if fmt.high < 1 << fmt.fraction_bits and fmt.high >> at & 1:
                    bit = aig.lor(bit, unit.equals(k, 0))
                found["p"].append(aig.land(counts, bit))
    pairs = [("the finding is that of the row shown", memory.at, unit.word("shown_row"))]
    for name in ("p",) if config.output_format else ("k", "zero"):
        now = unit.output(f"o_{name}")
        pairs.append((f"the {name} of each lane", unit.after(now), unit.mux(enable, found[name], now)))
    now = unit.output("o_end")
    pairs.append(("whether the row ends", unit.after(now), unit.mux(enable, word[-1:], now)))
    return unit.all_equal(pairs)
