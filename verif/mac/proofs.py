"""How the claims of the multiply-accumulate unit's sums are tried: the functions behind :mod:`.claims`.

Each takes the artefact's directory and returns a verdict; each runs in a process of its own.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from .. import solvers
from ..aig import FALSE, evaluate
from ..prove import Verdict, tried
from .anchor.proofs import specification
from .lanes import Beats, Lanes, load, regions
from .spec import classes as classes_of

SIMULATED = 1 << 16  # vectors tried before a solver is asked

Lane = tuple[int, int]


class Miter(Lanes):
    """Circuit and specification of a mode over the same codes and the same products."""

    def beats(self, values: dict[int, bool]) -> Beats:
        """The beat that a solver's model is of."""
        return {name: np.array([[solvers.word(values, word) for word in words]], np.uint64)
                for name, words in self.fields.items()}  # fmt: skip

    def lemma(self, lane: Lane) -> int:
        """What is known of a lane's product."""
        (literal,) = self.spec(lane)["lemma"]
        return literal

    def wrong(self, lane: Lane) -> int:
        """Where a lane's y is not the specification's."""
        return self.aig.differ(self.y[self.index(lane)], self.spec(lane)["y"])

    def multiplied(self, lane: Lane) -> dict[int, int]:
        """A lane's product as that of its factors. Other lanes' stay free: :func:`alike` moves operands alone."""
        spec = self.spec(lane)
        # A window has room for the largest product: bits above it are 0.
        product = self.aig.mul(spec["fa"], spec["fb"])
        return {x >> 1: y for x, y in zip(self.products[lane], product, strict=False)}

    def random(self, count: int, aimed: Lane) -> Beats:
        """Codes; half of a lane's addends are near its product: the specification of a*b + 0, moved a bit."""
        rng = np.random.default_rng(0)
        found = {name: np.stack([rng.integers(0, 1 << len(word), count, dtype=np.uint64) for word in words], 1)
                 for name, words in self.fields.items()}  # fmt: skip
        acc, at = self.mode.acc, self.index(aimed)
        zero = self.expected({**found, "c": np.zeros_like(found["c"])}, aimed)
        span = 16 << acc.mantissa_width if acc.is_float else 16
        near = zero.astype(np.int64) + rng.integers(-span // 2, span // 2, count)
        near ^= rng.integers(0, 2, count) << (acc.width - 1)
        near = (near & ((1 << acc.width) - 1)).astype(np.uint64)
        found["c"][:, at] = np.where(rng.random(count) < 0.5, near, found["c"][:, at])
        return found

    def simulated(self, lane: Lane) -> Beats | None:
        """A random beat in which a lane is wrong, or None."""
        beats = self.random(SIMULATED, lane)
        out = self.evaluate(beats, lane)
        bad = np.flatnonzero(out["y"] != out["expected"])
        return {name: codes[bad[0] : bad[0] + 1] for name, codes in beats.items()} if len(bad) else None

    def refutes(self, values: dict[int, bool], lane: Lane) -> Verdict | None:
        """A model as a refutation, if the circuit with its own multiplier shows it."""
        beats = self.beats(values)
        out = self.evaluate(beats, lane)
        return Verdict("refuted", "kissat", self.shown(beats, lane)) if out["y"][0] != out["expected"][0] else None


def significands(directory: Path, mode: int = 0) -> Verdict:
    """The multiplier is fed the factors of the specification, each in its place, and nothing else."""
    miter = Miter(directory, mode)
    aig, packing = miter.aig, miter.mode.packing
    wrong = []
    for side, starts in (("a", packing.a), ("b", packing.b)):
        expected = [FALSE] * len(miter.fed[side])
        for index, start in enumerate(starts):
            word = miter.spec((index, 0) if side == "a" else (0, index))[f"f{side}"]
            expected[start : start + len(word)] = word
        wrong.append(aig.differ(miter.fed[side], expected))
    if (values := solvers.model(aig, [aig.any(wrong)])) is None:
        return Verdict("proved", "kissat")
    for lane in miter.used:
        if (beats := miter.simulated(lane)) is not None:
            return Verdict("refuted", "kissat; a sum that shows it by simulation", miter.shown(beats, lane))
    return Verdict("refuted", "kissat", miter.shown(miter.beats(values), miter.used[0]))


def product_range(directory: Path, mode: int = 0) -> Verdict:
    """What the specification knows of the product holds of every product of its factors.

    Those are the significands, or the product is of no account: then the specification gives what it gives for 0.
    """
    config = load(directory)[1].lane(mode)
    net = specification(config)
    aig, sa, sb, p = net.aig, net.outputs["sa"], net.outputs["sb"], net.inputs["p"]
    (lemma,) = net.outputs["lemma"]
    classes = [list(classes_of(f, config.flush).values()) for f in (config.a_format, config.b_format)]
    somewhere = [
        aig.any(aig.within(word, *bounds) for bounds in of) for word, of in zip((sa, sb), classes, strict=True)
    ]
    nothing = {x >> 1: FALSE for x in p}
    idle = aig.differ(net.outputs["y"], aig.copy(net.outputs["y"], aig, nothing))
    alike = aig.any([aig.differ(net.outputs["fa"], sa), aig.differ(net.outputs["fb"], sb)])
    # A factor that is no significand: of a zero, its other factor whatever it is, and p does not move y.
    zero = aig.any([aig.any(sa) ^ 1, aig.any(sb) ^ 1])
    questions = [[aig.all(somewhere) ^ 1], [alike, zero ^ 1], [alike, idle], [alike, lemma ^ 1]]
    for low_a, high_a in classes[0]:
        for low_b, high_b in classes[1]:
            # The product of integers in two intervals lies between the products of their ends.
            known = aig.within(p, low_a * low_b, high_a * high_b)
            assumed = [aig.within(sa, low_a, high_a), aig.within(sb, low_b, high_b), known]
            if solvers.model(aig, assumed) is None:
                return Verdict("unknown", "the assumptions of a class contradict each other")
            questions.append([*assumed, lemma ^ 1])
    for question in questions:
        if (values := solvers.model(aig, question)) is not None:
            return Verdict(
                "refuted", "kissat", {name: hex(solvers.word(values, word)) for name, word in net.inputs.items()}
            )
    return Verdict("proved", f"products of intervals, {len(questions) - 1} pairs of classes, kissat")


def total(directory: Path, mode: int = 0, lane: Lane = (0, 0)) -> Verdict:
    """y of a lane is what the specification says, for every product that its range allows."""
    return _total(Miter(directory, mode), lane)


def _total(miter: Miter, lane: Lane) -> Verdict:
    aig = miter.aig
    if (beats := miter.simulated(lane)) is not None:
        return Verdict("refuted", "simulation", miter.shown(beats, lane))
    wrong, lemma = miter.wrong(lane), miter.lemma(lane)
    if solvers.model(aig, [lemma]) is None:
        return Verdict("unknown", "what is assumed of the product contradicts itself")
    values = solvers.model(aig, [wrong, lemma])
    if values is None:
        return Verdict("proved", f"kissat, {len(aig.cone([wrong]))} nodes, product free within its range")
    if found := miter.refutes(values, lane):
        return found
    # No operands make that product: the same question with the multiplier inside.
    values = solvers.model(aig, aig.copy([wrong], aig, miter.multiplied(lane)))
    if values is None:
        return Verdict("proved", "kissat, multiplier included")
    return miter.refutes(values, lane) or Verdict("unknown", "wrong for words that the multiplier does not put out")


def alike(directory: Path, mode: int = 0, exhausted: bool = False) -> Verdict:
    """Every lane of the mode computes of its operands what lane 0, 0 computes; the lanes that it does not use give 0.

    A lane that does not is held against the specification by itself, or exhausted.
    """
    miter = Miter(directory, mode)
    aig, first, methods = miter.aig, miter.of_lane((0, 0)), []
    for k, word in enumerate(miter.y):
        if (lane := divmod(k, miter.columns)) not in miter.products:
            if (found := _idle(miter, word, lane)) is not None:
                return found
            methods.append("lanes that are not used: kissat")
    for lane in miter.used[1:]:
        # Lane 0, 0 with this lane's operands; what neither owns is free in both.
        own = miter.of_lane(lane)
        moved = {x >> 1: y for name in "abcp" for x, y in zip(first[name], own[name], strict=True)}
        wrong = aig.differ(miter.y[miter.index(lane)], aig.copy(miter.y[0], aig, moved))
        if wrong == FALSE:
            methods.append("lanes of the same gates")
            continue
        if beats := miter.simulated(lane):
            return Verdict("refuted", "simulation", miter.shown(beats, lane))
        if solvers.model(aig, [wrong, miter.lemma(lane)]) is None:
            methods.append("lanes equal by kissat")
            continue
        verdict = _exhaustion(miter, lane) if exhausted else _total(miter, lane)
        if verdict.status != "proved":
            return verdict
        methods.append(verdict.method)
    return Verdict("proved", "; ".join(dict.fromkeys(methods)))


def _idle(miter: Miter, word: list[int], lane: Lane) -> Verdict | None:
    """None where a lane that its mode does not use gives 0, whatever the products."""
    if (values := solvers.model(miter.aig, [miter.aig.any(word)])) is None:
        return None
    beats = miter.beats(values)
    if miter.computed(beats, lane)[0]:
        return Verdict("refuted", "kissat", miter.shown(beats, lane))
    return Verdict("unknown", f"lane {lane[0]}, {lane[1]}, which is not used, gives 0 for some products alone")


def beyond(directory: Path, code: int) -> Verdict:
    """A mode code beyond the last gives what the last mode's gives, whatever the product."""
    config = load(directory)[1]
    last = len(config.modes) - 1
    left, right = Lanes(directory, last), Lanes(directory, last, code)
    aig = left.aig
    mine = {name: [x for word in words for x in word] for name, words in left.fields.items()} | {"p": left.p}
    other = {name: [x for word in words for x in word] for name, words in right.fields.items()} | {"p": right.p}
    mapping = {x >> 1: y for name, word in other.items() for x, y in zip(word, mine[name], strict=True)}

    def shown(unit: Lanes) -> list[int]:
        return [*(x for word in unit.raw for x in word), *unit.fed["a"], *unit.fed["b"]]

    wrong = aig.differ(shown(left), right.aig.copy(shown(right), aig, mapping))
    if wrong == FALSE:
        return Verdict("proved", "the same gates")
    if (values := solvers.model(aig, [wrong])) is None:
        return Verdict("proved", "kissat")
    beat = {name: hex(solvers.word(values, word)) for name, word in mine.items()}
    return Verdict("refuted", "kissat", {"mode": f"{code}, not as {last}", **beat})


def exhaustion(directory: Path, mode: int = 0) -> Verdict:
    """y of lane 0, 0 is what the golden model says, for all of its codes; and nothing else moves it."""
    return _exhaustion(Miter(directory, mode), (0, 0))


def _exhaustion(miter: Miter, lane: Lane) -> Verdict:
    from . import describe, expect

    aig, config, own, whole = miter.aig, miter.lane_config, miter.of_lane(lane), miter.y[miter.index(lane)]
    y = miter.only(lane, whole)
    stray = aig.differ(y, whole)
    if stray != FALSE and solvers.model(aig, [stray, miter.lemma(lane)]) is not None:
        return Verdict("unknown", "y depends on what is not the lane's own, for some product")
    start = miter.mode.packing.at(*lane)
    (part,) = (part for part in regions(miter.config) if part.p.start <= start < part.p.stop)
    factors = {side: miter.only(lane, miter.fed[side][getattr(part, side)]) for side in "ab"}
    at = np.uint64(start - part.p.start)
    mask = np.uint64((1 << len(own["p"])) - 1)
    widths = {name: len(own[name]) for name in "abc"}
    count, chunk = 1 << sum(widths.values()), 1 << 18
    for start in range(0, count, chunk):
        index = np.arange(start, min(start + chunk, count), dtype=np.uint64)
        n, codes = len(index), {}
        for name in "cba":
            codes[name], index = index & np.uint64((1 << widths[name]) - 1), index >> np.uint64(widths[name])
        feed = [(own[name], codes[name]) for name in "abc"]
        found = evaluate(aig, factors, feed, n)
        p = (found["a"] * found["b"] >> at) & mask
        out = evaluate(aig, {"y": y}, [*feed, (own["p"], p)], n)["y"]
        expected = expect(config, codes)["y"].astype(np.uint64)
        if len(bad := np.flatnonzero(out != expected)):
            first = int(bad[0])
            numbers = {**{name: codes[name] for name in "abc"}, "y": out, "expected": expected}
            shown = {name: describe(config, "y" if name == "expected" else name, int(of[first]))
                     for name, of in numbers.items()}  # fmt: skip
            return Verdict("refuted", "exhaustion", miter.where(lane) | shown)
    return Verdict("proved", f"all {count} sums simulated against the golden model")


def anchored(directory: Path, mode: int, function: str, arguments: dict[str, Any]) -> Verdict:
    """What is said of a unit of one lane and one mode, said of a lane of a mode: its specification is the same.

    ``function`` reads nothing of the artefact but its config.
    """
    artifact, config = load(directory)
    with tempfile.TemporaryDirectory() as folder:
        manifest = {**artifact.manifest, "config": config.lane(mode).to_dict(), "files": []}
        (Path(folder) / "lane.json").write_text(json.dumps(manifest))
        return tried(function, Path(folder), **arguments)
