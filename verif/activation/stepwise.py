"""A pipeline of words, shown word by word: each rank's registers against the words of the ranks before.

A unit that is one large function of many inputs is hard for a solver as a whole, and easy in steps: a word of registers
is a table or a sum of a few words before it (:mod:`.steps`). A word that the emitted file has as registers of that name
is a *cut*: it is held against what it is made of, for all values of the cuts below it (for those in their ranges, where
a step relies on them). By induction over ranks every cut, and then every output, is what its statement composed down to
the inputs says; the file being a balanced pipeline, words of one beat meet. Names decide nothing: a wrong one only
makes a step fail.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import solvers
from ..aig import FALSE, Aig, evaluate
from ..pipeline import Pipeline
from ..prove import Verdict
from .specified import SAMPLE, compare
from .steps import Step
from .sums import Word, extended

EXHAUSTED = 14
"""Bits that a step may depend on to be tried on all their values; wider ones go to a solver."""


class Composed:
    """Steps as functions in one graph; words of cuts are what they are mapped to, others are made.

    Parameters
    ----------
    aig : Aig
    inputs : sequence of words
        Of the unit's places.
    cuts : mapping of str to word
        Registers by name.
    """

    def __init__(self, aig: Aig, inputs: Sequence[Word], cuts: dict[str, Word] | None = None):
        self.aig, self.inputs, self.cuts, self.done = aig, inputs, cuts or {}, dict[Step, Word]()

    def made(self, step: Step) -> Word:
        """What a step makes of its sources."""
        if step.place >= 0:
            return [*self.inputs[step.place], FALSE]
        return step.make(self.aig, [self.word(source) for source in step.sources])

    def word(self, step: Step) -> Word:
        """A step's word in two's complement: its registers' bits if it is a cut."""
        if step not in self.done:
            if (bits := self.cuts.get(step.name)) is not None:
                self.done[step] = list(bits) if step.signed else [*bits, FALSE]
            else:
                self.done[step] = self.made(step)
        return self.done[step]

    def relies(self, step: Step) -> bool:
        """Whether a step, or what lies between it and the cuts below, is right only in ranges."""
        return step.ranged or any(self.relies(source) for source in step.sources if source.name not in self.cuts)

    def leaves(self, step: Step) -> list[Step]:
        """Cuts that a step is made of."""
        found: list[Step] = []
        for source in step.sources:
            found += [source] if source.name in self.cuts else self.leaves(source)
        return found


def shown(found: Pipeline, outputs: Sequence[Step], config: Any, codes: np.ndarray, truth: np.ndarray) -> Verdict:
    """Whether a pipeline of one input and one output field gives the words of the outputs, for all inputs.

    Parameters
    ----------
    found : Pipeline
    outputs : sequence of Step
        One for each place of the output field.
    config : Config
    codes, truth : arrays
        :data:`SAMPLE` rows of the input, and of the output by the golden model: the steps are tried on them.
    """
    (source,), (sink,) = found.source.payload, found.sink.payload

    def specify(config: Any, aig: Aig, x: list[Word]) -> list[Word]:
        whole = Composed(aig, x)
        return [extended(whole.word(step), sink.width) for step in outputs]

    aig = Aig()
    x = [aig.inputs(source.width) for _ in range(source.count)]
    wanted = specify(config, aig, x)
    sample = evaluate(aig, {str(k): word for k, word in enumerate(wanted)},
                      [(word, codes[:, k]) for k, word in enumerate(x)], SAMPLE)  # fmt: skip
    for k in range(sink.count):
        if (bad := np.flatnonzero(sample[str(k)] != truth.reshape(SAMPLE, -1)[:, k])).size:
            return Verdict("unknown", f"the steps must equal the golden model, but not in row {bad[0]}, y {k}")
    port = found.netlist.inputs[source.port]
    places = [port[k * source.width :][: source.width] for k in range(source.count)]
    seen = [found.outputs[sink.port][k * sink.width :][: sink.width] for k in range(sink.count)]
    local = Composed(found.aig, places, _words(found))
    wrong, counts = _wrong(found, local, outputs, seen)
    if wrong is None:
        tried, compared = counts
        methods = f"{tried} on all codes of what they are made of, {compared} by abc cec"
        return Verdict("proved", f"{tried + compared} words in turn: {methods}; {SAMPLE} rows of the golden model")
    if (seen_wrong := _sampled(found, codes, truth)) is not None:
        return seen_wrong
    # The word may be wrong only where its sources never are, or where no output shows it.
    whole = compare(found, specify, config, codes, truth)
    where = f"{wrong} is not what it is made of; {whole.method}"
    return whole if whole.status != "unknown" else Verdict("unknown", where)


def _sampled(found: Pipeline, codes: np.ndarray, truth: np.ndarray) -> Verdict | None:
    """A row of the sample that the file computes otherwise."""
    (source,), (sink,) = found.source.payload, found.sink.payload
    aig = Aig()
    x = [aig.inputs(source.width) for _ in range(source.count)]
    outputs, _ = found.combinational(aig, {source.port: [bit for word in x for bit in word]}, {})
    words = {str(k): outputs[sink.port][k * sink.width :][: sink.width] for k in range(sink.count)}
    y = evaluate(aig, words, [(word, codes[:, k]) for k, word in enumerate(x)], SAMPLE)
    for k in range(sink.count):
        expected = truth.reshape(SAMPLE, -1)[:, k]
        if (bad := np.flatnonzero(y[str(k)] != expected)).size:
            row = int(bad[0])
            return Verdict("refuted", f"{SAMPLE} rows simulated", {
                "x": {j: int(code) for j, code in enumerate(codes[row]) if code}, "output": k,
                "y": int(y[str(k)][row]), "expected": int(expected[row]),
            })  # fmt: skip
    return None


def _words(found: Pipeline) -> dict[str, Word]:
    """Registers of the netlist by the names of their words; a bit that nothing reads has none, and may be anything."""
    bits: dict[str, dict[int, int]] = {}
    for register in found.netlist.registers:
        for alias in register.aliases:
            name, _, index = alias.removesuffix("]").rpartition("[")
            bits.setdefault(name, {})[int(index)] = register.q
    return {name: [word[i] if i in word else found.aig.input() for i in range(max(word) + 1)]
            for name, word in bits.items()}  # fmt: skip


def _wrong(found: Pipeline, local: Composed, outputs: Sequence[Step],
           seen: Sequence[Word]) -> tuple[str | None, tuple[int, int]]:  # fmt: skip
    """The first cut or output that is not what it is made of, and how many words were exhausted and compared."""
    order: list[Step] = []
    stack, met = list(outputs), set(outputs)
    while stack:
        step = stack.pop()
        order.append(step)
        fresh = [source for source in step.sources if source not in met]
        met.update(fresh)
        stack += fresh
    tried, left, right = 0, list[int](), list[int]()
    cases = [(step, [found.moved.get(x >> 1) for x in local.cuts[step.name]], local.made(step))
             for step in order if step.name in local.cuts]  # fmt: skip
    cases += [(step, list(word), local.word(step)) for step, word in zip(outputs, seen, strict=True)]
    for step, bits, made in cases:
        if not _holds(step, len(bits)):
            return f"{step.name or 'an output'} of {len(bits)} bits, for {step.low} to {step.high},", (0, 0)
        wanted = [x for x, bit in zip(extended(made, len(bits)), bits, strict=True) if bit is not None]
        now = [bit for bit in bits if bit is not None]
        if now == wanted:
            tried += 1
        elif local.relies(step):
            if not _in_range(local, step, now, wanted):
                return step.name or "an output", (0, 0)
            tried += 1
        elif len(support := found.aig.support([*now, *wanted])) <= EXHAUSTED:
            if not _all_codes(found.aig, sorted(support), now, wanted):
                return step.name or "an output", (0, 0)
            tried += 1
        else:
            left += now
            right += wanted
    compared = len(cases) - tried
    inputs = sorted(found.aig.support([*left, *right]))
    if left and not solvers.equivalent(found.aig, left, right, inputs):
        return f"one of {compared} words", (0, 0)
    return None, (tried, compared)


def _holds(step: Step, width: int) -> bool:
    """Whether registers hold the step's range."""
    if step.signed:
        return -(1 << (width - 1)) <= step.low and step.high < 1 << (width - 1)
    return step.low >= 0 and step.high < 1 << width


def _all_codes(aig: Aig, inputs: Sequence[int], now: Word, wanted: Word) -> bool:
    """Whether two words are equal for all values of the input nodes."""
    codes = np.arange(1 << len(inputs), dtype=np.uint64)
    found = evaluate(aig, {"now": now, "wanted": wanted}, [([2 * node for node in inputs], codes)], len(codes))
    return bool((found["now"] == found["wanted"]).all())


def _in_range(local: Composed, step: Step, now: Word, wanted: Word) -> bool:
    """Whether two words are equal while the cuts below are in their ranges (kissat)."""
    aig, assumed = local.aig, []
    for leaf in local.leaves(step):
        word = local.word(leaf)
        # Two's complement, from 0 on.
        half = 1 << (len(word) - 1)
        assumed.append(aig.within([*word[:-1], word[-1] ^ 1], leaf.low + half, leaf.high + half))
    return solvers.model(aig, [*assumed, aig.differ(now, wanted)]) is None
