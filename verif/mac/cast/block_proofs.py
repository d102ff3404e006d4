"""How the claims of block quantisers whose scale is a power of two are tried: the functions behind :mod:`.claims`.

The scale's block, which has the largest exponent in and the scale's code out, is where they are cut in two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ....hw.formats import FORMATS
from ....hw.mac.config.cast import CastConfig
from ... import solvers
from ...aig import FALSE, TRUE, Aig, evaluate
from ...artifact import Artifact
from ...proofs import netlist_of
from ...prove import Verdict
from .proofs import Piece, Wires, constant, pieces

CUT = ("scale",)
E8M0_NAN = FORMATS["e8m0"].canonical_nan


def golden(config: CastConfig, *columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The golden model's codes of the first of some values in a block, and the block's scales."""
    from . import expect

    out = expect(config, {"x": np.stack(columns, -1)})
    return out["y"][:, 0], out["scale"]


def _scale(config: CastConfig, magnitudes: np.ndarray) -> np.ndarray:
    return golden(config, magnitudes)[1]


def _scales(config: CastConfig) -> list[Piece]:
    """Ranges of the largest magnitude with the same scale; NaN and Inf together."""
    fmt = config.input_format
    half = fmt.sign_bit
    numbers = pieces(lambda m: _scale(config, m), 0, fmt.infinity - 1)
    specials = pieces(lambda m: _scale(config, m), fmt.infinity, half - 1)
    return numbers + specials


def _key(config: CastConfig) -> int:
    """Low bits of a magnitude that the scale does not depend on: all ranges begin at a multiple of their power."""
    low = config.input_format.mantissa_width
    return low if all(a % (1 << low) == 0 for a, _, _ in _scales(config)) else 0


def shared_scale(directory: Path) -> Verdict:
    """The scale is that of the largest magnitude."""
    wires = Wires(directory)
    config, aig, xs = wires.config, wires.aig, wires.fields["x"]
    (scale,) = wires.outputs["scale"]
    cut = _key(config)
    keys = [x[cut:-1] for x in xs]
    largest = aig.inputs(len(keys[0]))
    known = [aig.land(aig.within(largest, a >> cut, b >> cut), constant(aig, scale, code)) for a, b, code in
             _scales(config)]  # fmt: skip
    none_above = [_less(aig, largest, key) ^ 1 for key in keys]
    one_of_them = aig.any(aig.differ(largest, key) ^ 1 for key in keys)
    method = f"{len(known)} ranges of the largest magnitude with one scale of the golden model; kissat"
    assumed = [aig.all(none_above), one_of_them]
    if solvers.model(aig, assumed) is None:
        return Verdict("unknown", "what is assumed contradicts itself")
    if (values := solvers.model(aig, [*assumed, aig.any(known) ^ 1])) is None:
        return Verdict("proved", method)
    return Verdict("refuted", method, {"x": [hex(solvers.word(values, x)) for x in xs]})


def _less(aig: Aig, x: list[int], y: list[int]) -> int:
    less = FALSE
    for i, j in zip(x, y, strict=True):
        less = aig.mux(aig.lxor(i, j), j, less)
    return less


class Lane:
    """The function that all lanes are: y of x, of the scale's code and of whether the block is special."""

    def __init__(self, directory: Path):
        self.wires = Wires(directory, CUT)
        self.config = self.wires.config
        self.aig = Aig()
        fmt = self.config.input_format
        self.x, self.code, self.special = self.aig.inputs(fmt.width), self.aig.inputs(8), self.aig.inputs(1)
        self.y = self.of(0)

    def of(self, place: int) -> list[int]:
        """The lane in a place, over this graph's inputs."""
        free = self.wires.free
        words = [(self.wires.fields["x"][place], self.x), (free["code"], self.code), (free["special"], self.special)]
        mapping = {x >> 1: y for word, to in words for x, y in zip(word, to, strict=True)}
        return self.wires.aig.copy(self.wires.outputs["y"][place], self.aig, mapping)

    def at(self, x: list[int], code: list[int]) -> list[int]:
        """y of other words, in a block that is not special."""
        mapping = {a >> 1: b for a, b in zip([*self.x, *self.code, *self.special], [*x, *code, FALSE], strict=True)}
        return self.aig.copy(self.y, self.aig, mapping)


def same_lanes(directory: Path) -> Verdict:
    """Every lane is one function of its own x and the scale, 0 in a special block; the scale goes out as it is."""
    lane = Lane(directory)
    wires, aig = lane.wires, lane.aig
    free = wires.free
    for place, (x, y) in enumerate(zip(wires.fields["x"], wires.outputs["y"], strict=True)):
        if wires.strays(y, [x, free["code"], free["special"]]):
            where = f"y in place {place} must depend on its x and the scale alone, but does not"
            return Verdict("refuted", "structure", {"where": where})
    wrong = [aig.differ(lane.y, lane.of(k)) for k in range(1, lane.config.count)]
    wrong.append(aig.any(aig.copy(lane.y, aig, {lane.special[0] >> 1: TRUE})))
    if wires.outputs["scale"] != [free["code"]]:
        return Verdict("refuted", "structure", {"where": "scale is not what the scale's block puts out"})
    if (values := solvers.model(aig, [aig.any(wrong)])) is None:
        return Verdict("proved", f"{lane.config.count} lanes are one function, kissat")
    return Verdict("refuted", "kissat", {"x": hex(solvers.word(values, lane.x)), "where": "lanes differ"})


def _pivots(config: CastConfig) -> dict[int, tuple[int, int]]:
    """For each scale that a block can have, the least and the greatest magnitude that alone makes it."""
    return {code: (a, b) for a, b, code in _scales(config) if code != E8M0_NAN}


def specials(directory: Path) -> Verdict:
    """The scale's block says that a block is special exactly where it gives NaN."""
    artifact = Artifact.load(directory)
    net = netlist_of(artifact, f"{artifact.module}__{CUT[0]}", [])
    (special,) = net.outputs["special"]
    wrong = net.aig.lxor(special, constant(net.aig, net.outputs["code"], E8M0_NAN))
    if (values := solvers.model(net.aig, [wrong])) is None:
        return Verdict("proved", "a special block is one whose scale is NaN, kissat")
    return Verdict("refuted", "kissat", {"largest": hex(solvers.word(values, net.inputs["largest"]))})


def _found(lane: Lane, x: int, code: int, expected: int, method: str) -> Verdict:
    from . import describe

    feed = [(lane.x, np.array([x], np.uint64)), (lane.code, np.array([code], np.uint64))]
    y = lane.aig.copy(lane.y, lane.aig, {lane.special[0] >> 1: FALSE})
    actual = int(evaluate(lane.aig, {"y": y}, feed, 1)["y"][0])
    said: dict[str, Any] = {"x": x, "scale": code, "y": actual, "expected": expected}
    fields = {"expected": "y"}
    return Verdict("refuted", method, {k: describe(lane.config, fields.get(k, k), v) for k, v in said.items()})


def exhausted_elements(directory: Path) -> Verdict:
    """Elements of 16-bit inputs: every code with every scale that a block with it can have."""
    lane = Lane(directory)
    config, width = lane.config, lane.config.input_format.width
    y = lane.aig.copy(lane.y, lane.aig, {lane.special[0] >> 1: FALSE})
    all_codes, count = np.arange(1 << width, dtype=np.uint64), 0
    magnitudes = all_codes & np.uint64((1 << (width - 1)) - 1)
    for code, (low, high) in _pivots(config).items():
        x = all_codes[magnitudes <= high]
        expected, scales = golden(config, x, np.full(len(x), low, np.uint64))
        if (scales != code).any():
            return Verdict("unknown", "the golden model's scale must be the pivot's, but is not")
        feed = [(lane.x, x), (lane.code, np.full(len(x), code, np.uint64))]
        found = evaluate(lane.aig, {"y": y}, feed, len(x))["y"]
        if len(bad := np.flatnonzero(found != expected)):
            return _found(lane, int(x[bad[0]]), code, int(expected[bad[0]]), "exhaustion")
        count += len(x)
    return Verdict("proved", f"all {count} pairs of a code and a scale simulated against the golden model")


def shifted_elements(directory: Path) -> Verdict:
    """Twice the value over twice the scale is the same element, where the value is and stays normal."""
    lane = Lane(directory)
    config, aig, fmt = lane.config, lane.aig, lane.config.input_format
    field = lane.x[fmt.mantissa_width : -1]
    less_one = aig.add(field, [TRUE] * len(field)), aig.add(lane.code, [TRUE] * 8)
    below = [*lane.x[: fmt.mantissa_width], *less_one[0], lane.x[-1]]
    reachable = aig.any(
        aig.land(constant(aig, lane.code, code), aig.within(lane.x[:-1], 0, high))
        for code, (_, high) in _pivots(config).items() if code
    )  # fmt: skip
    assumed = [reachable, aig.within(field, 2, fmt.max_exponent_field)]
    if solvers.model(aig, assumed) is None:
        return Verdict("unknown", "what is assumed contradicts itself")
    question = aig.differ(lane.at(lane.x, lane.code), lane.at(below, less_one[1]))
    if (values := solvers.model(aig, [*assumed, question])) is None:
        return Verdict("proved", "an element does not change with x and scale halved, kissat")
    words = {"x": hex(solvers.word(values, lane.x)), "scale": hex(solvers.word(values, lane.code))}
    return Verdict("refuted", "kissat", {**words, "where": "y changes with x and scale halved"})


def least_elements(directory: Path) -> Verdict:
    """Elements of 32-bit inputs: all values over the least scale, and the smallest values over all others."""
    lane = Lane(directory)
    config, aig, fmt = lane.config, lane.aig, lane.config.input_format
    y = lane.at(lane.x, lane.code)
    wrong: list[int] = []
    count = 0
    for code, (low, high) in _pivots(config).items():
        if code:
            high = min(high, (2 << fmt.mantissa_width) - 1)
        at = constant(aig, lane.code, code)
        for sign in (0, fmt.sign_bit):
            found = pieces(lambda x, low=low: golden(config, x, np.full(len(x), low, np.uint64))[0], sign, sign + high)
            count += len(found)
            wrong += [aig.all([at, aig.within(lane.x, a, b), constant(aig, y, c) ^ 1]) for a, b, c in found]
    method = f"{count} intervals of x with one code of the golden model, which is monotone; kissat"
    if (values := solvers.model(aig, [aig.any(wrong)])) is None:
        return Verdict("proved", method)
    x, code = solvers.word(values, lane.x), solvers.word(values, lane.code)
    low = _pivots(config)[code][0]
    expected, _ = golden(config, np.array([x], np.uint64), np.array([low], np.uint64))
    return _found(lane, x, code, int(expected[0]), method)
