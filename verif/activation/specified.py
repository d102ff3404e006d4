"""An emitted file against a specification written as an and-inverter graph, for all inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import solvers
from ..aig import FALSE, Aig, evaluate
from ..pipeline import Pipeline
from ..prove import Verdict
from .sums import Word

SAMPLE = 4096
"""Rows on which a specification is tried against the golden model."""

Specify = Callable[[Any, Aig, list[Word]], list[Word]]


def compare(found: Pipeline, specify: Specify, config: Any, codes: np.ndarray, truth: np.ndarray) -> Verdict:
    """Whether a pipeline's output field is what a specification says, for all codes of its input field.

    Parameters
    ----------
    found : Pipeline
        A unit of one input field x of several places and one output field y.
    specify : callable
        ``(config, aig, words of x)`` to the words of y.
    config : Config
    codes, truth : arrays
        Rows of x, and of y by the golden model: :data:`SAMPLE` of them, on which the specification is tried.
    """
    (source,), (sink,) = found.source.payload, found.sink.payload
    aig = Aig()
    x = [aig.inputs(source.width) for _ in range(source.count)]
    flat = [literal for word in x for literal in word]
    outputs, _ = found.combinational(aig, {source.port: flat}, {})
    words = [outputs[sink.port][k * sink.width :][: sink.width] for k in range(sink.count)]
    wanted = specify(config, aig, x)
    sample = evaluate(aig, {str(k): word for k, word in enumerate(wanted)},
                      [(word, codes[:, k]) for k, word in enumerate(x)], SAMPLE)  # fmt: skip
    truth = truth.reshape(SAMPLE, -1)
    for k in range(sink.count):
        if (bad := np.flatnonzero(sample[str(k)] != truth[:, k])).size:
            return Verdict("unknown", f"the specification must equal the golden model, but not in row {bad[0]}, y {k}")
    left, right = ([literal for word in side for literal in word] for side in (words, wanted))
    method = f"abc cec against the specification, itself tried on {SAMPLE} rows of the golden model"
    if solvers.equivalent(aig, left, right, [literal >> 1 for literal in flat]):
        return Verdict("proved", method)
    for k, (mine, other) in enumerate(zip(words, wanted, strict=True)):
        if (differ := aig.differ(mine, other)) != FALSE and (model := solvers.model(aig, [differ])) is not None:
            at = {node: np.full(1, -int(value), np.int64).view(np.uint64) for node, value in model.items()}
            at |= {literal >> 1: np.zeros(1, np.uint64) for literal in flat if literal >> 1 not in at}
            shown = ["".join(str(int(plane[0]) & 1) for plane in aig.simulate(word[::-1], at))
                     for word in (mine, other)]  # fmt: skip
            codes_of_x = [solvers.word(model, word) for word in x]
            return Verdict("refuted", "abc cec; kissat", {
                "x": {j: code for j, code in enumerate(codes_of_x) if code}, "output": k, "y": int(shown[0], 2),
                "expected": int(shown[1], 2),
            })  # fmt: skip
    return Verdict("unknown", "abc finds a difference, but kissat does not")
