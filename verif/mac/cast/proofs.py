"""How the claims of the cast about single values are tried: the functions behind :mod:`.claims`.

Each takes the artefact's directory and returns a verdict; each runs in a process of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ....hw.formats import Format
from ....hw.mac.config.cast import CastConfig
from ... import solvers
from ...aig import FALSE, Aig, evaluate
from ...artifact import Artifact
from ...pipeline import Pipeline
from ...proofs import netlist_of
from ...prove import Verdict
from .smt import question

Piece = tuple[int, int, int]
"""First code, last code, and what all codes between give."""


class Wires:
    """The unit with every register a wire: outputs as functions of the fields of one beat.

    Attributes
    ----------
    fields : dict of str to list of words
        Literals of each place of each input field.
    outputs : dict of str to list of words
        Those of the output fields.
    free : dict of str to word
        Outputs of the modules left out.
    """

    def __init__(self, directory: Path, cut: Sequence[str] = ()):
        self.artifact = Artifact.load(directory)
        self.config = CastConfig(**self.artifact.manifest["config"])
        names = [f"{self.artifact.module}__{name}" for name in cut]
        found = Pipeline(netlist_of(self.artifact, self.artifact.module, names), self.artifact)
        self.aig = aig = Aig()
        stream = self.artifact.stream("in")
        ports = {port: [FALSE] * width for port, width in self.artifact.port_widths(stream).items()}
        self.fields: dict[str, list[list[int]]] = {}
        for place in stream.payload:
            words = self.fields[place.field] = [aig.inputs(place.width) for _ in range(place.count)]
            flat = [x for word in words for x in word]
            ports[place.port][place.offset : place.offset + len(flat)] = flat
        pins = {box.name: {pin: aig.inputs(len(word)) for pin, word in box.outputs.items()}
                for box in found.netlist.cuts}  # fmt: skip
        self.free = {pin: word for words in pins.values() for pin, word in words.items()}
        out, _ = found.combinational(aig, ports, pins)
        self.outputs = {
            place.field: [out[place.port][place.offset + k * place.width :][: place.width] for k in range(place.count)]
            for place in self.artifact.stream("out").payload
        }

    def strays(self, words: Sequence[int], allowed: Sequence[Sequence[int]]) -> bool:
        """Whether words depend on more than the allowed ones."""
        return not self.aig.support(words) <= {x >> 1 for word in allowed for x in word}


def one(config: CastConfig) -> CastConfig:
    """The same cast of one value a beat."""
    return CastConfig(**{**config.to_dict(), "elements": 1}) if config.block is None else config


def golden(config: CastConfig, codes: np.ndarray) -> np.ndarray:
    """The golden model's y."""
    from . import expect

    return expect(one(config), {"x": codes})["y"]


def shown(config: CastConfig, code: int, y: int, expected: int) -> dict[str, Any]:
    """A counterexample in the unit's own terms."""
    from . import describe

    said = {"x": ("x", code), "y": ("y", y), "expected": ("y", expected)}
    return {name: describe(config, field, value) for name, (field, value) in said.items()}


def not_stated(directory: Path, reason: str) -> Verdict:
    """The claim is not tried; the reason is the verdict's."""
    return Verdict("unknown", reason)


def exhaustion(directory: Path) -> Verdict:
    """y is what the golden model says, for all codes in every place."""
    wires = Wires(directory)
    config, xs, ys = wires.config, wires.fields["x"], wires.outputs["y"]
    codes = np.arange(1 << config.input_format.width, dtype=np.uint64)
    expected = golden(config, codes)
    for place, (x, y) in enumerate(zip(xs, ys, strict=True)):
        if wires.strays(y, [x]):
            return Verdict("refuted", "structure", {"where": f"y in place {place} depends on x in another"})
        found = evaluate(wires.aig, {"y": y}, [(x, codes)], len(codes))["y"]
        if len(bad := np.flatnonzero(found != expected)):
            at = int(bad[0])
            return Verdict("refuted", "exhaustion", shown(config, at, int(found[at]), int(expected[at])))
    return Verdict("proved", f"all {len(codes)} codes in {len(xs)} places simulated against the golden model")


def runs(fmt: Format) -> list[tuple[int, int]]:
    """Ranges of codes over which the numbers only grow in magnitude, or only fall; NaN by themselves."""
    half = 1 << (fmt.width - 1)
    if not fmt.is_float:
        return [(0, half - 1), (half, 2 * half - 1)]
    top = fmt.infinity if fmt.has_inf else fmt.max_finite
    halves = [(sign + low, sign + high) for sign in (0, half) for low, high in ((0, top), (top + 1, half - 1))]
    return [(low, high) for low, high in halves if low <= high]


def pieces(function: Any, low: int, high: int) -> list[Piece]:
    """Maximal ranges of codes with the same value of a monotone function of arrays of codes."""
    ends = np.array([[low, high]], np.uint64)
    found: list[Piece] = []
    while len(ends):
        left, right = function(ends[:, 0]), function(ends[:, 1])
        same = left == right
        found += [(int(a), int(b), int(y)) for (a, b), y in zip(ends[same], left[same], strict=True)]
        ends = ends[~same]
        middle = ends[:, 0] + (ends[:, 1] - ends[:, 0]) // np.uint64(2)
        ends = np.concatenate([np.stack([ends[:, 0], middle], 1), np.stack([middle + np.uint64(1), ends[:, 1]], 1)])
    found.sort()
    merged: list[Piece] = []
    for a, b, y in found:
        if merged and merged[-1][2] == y and merged[-1][1] + 1 == a:
            merged[-1] = (merged[-1][0], b, y)
        else:
            merged.append((a, b, y))
    return merged


def constant(aig: Aig, word: Sequence[int], value: int) -> int:
    """Whether a word has a value."""
    return aig.all(x ^ (1 - (value >> i & 1)) for i, x in enumerate(word))


def intervals(directory: Path, lane: int = 0) -> Verdict:
    """Over each range of inputs that the golden model gives one code, y is that code."""
    wires = Wires(directory)
    config, aig, x, y = wires.config, wires.aig, wires.fields["x"][lane], wires.outputs["y"][lane]
    found = [piece for run in runs(config.input_format) for piece in pieces(lambda c: golden(config, c), *run)]
    if sum(b - a + 1 for a, b, _ in found) != 1 << len(x):
        return Verdict("unknown", "the intervals must hold every code once, and do not")
    wrong = [aig.land(aig.within(x, a, b), constant(aig, y, code) ^ 1) for a, b, code in found]
    method = f"{len(found)} intervals of x with one code of the golden model, which is monotone; kissat"
    if (values := solvers.model(aig, [aig.any(wrong)])) is None:
        return Verdict("proved", method)
    code = solvers.word(values, x)
    feed = [(word, np.array([solvers.word(values, word)], np.uint64)) for word in wires.fields["x"]]
    actual = int(evaluate(aig, {"y": y}, feed, 1)["y"][0])
    return Verdict("refuted", method, shown(config, code, actual, int(golden(config, np.array([code], np.uint64))[0])))


def smt(directory: Path, lane: int = 0) -> Verdict:
    """y is x rounded by SMT-LIB FloatingPoint."""
    wires = Wires(directory)
    config, x, y = wires.config, wires.fields["x"][lane], wires.outputs["y"][lane]
    if wires.strays(y, [x]):
        return Verdict("refuted", "structure", {"where": f"y in place {lane} depends on x in another"})
    method = "bitwuzla, SMT-LIB FloatingPoint"
    values = solvers.smt(question(config, wires.aig, x, y), ("x", "y"))
    if values is None:
        return Verdict("proved", method)
    code, actual = (int(values[name].removeprefix("#b"), 2) for name in ("x", "y"))
    return Verdict("refuted", method, shown(config, code, actual, int(golden(config, np.array([code], np.uint64))[0])))
