"""A unit through the batch engine and the library's engines, held against its golden model, as units with rows need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from nervure.generators.verify import verify
from nervure.verif.artifact import Artifact
from nervure.verif.batch import BatchModel, BatchResult

STALLS = [(0, 0), (0.3, 0), (0, 0.3), (0.2, 0.9), (0.9, 0.2)]
"""Shares of cycles in which the input and the output wait."""


def equal(bench: Any, config: Any, model: BatchModel, vectors: dict[str, np.ndarray],
          expected: dict[str, np.ndarray] | None = None, **stalls: Any) -> BatchResult:  # fmt: skip
    """What the batch engine finds, every output as the golden model says."""
    result = model.run(vectors, ends=bench.ends(config, vectors), **stalls)
    for key, codes in (expected if expected is not None else bench.expect(config, vectors)).items():
        np.testing.assert_array_equal(result.outputs[key], codes)
    return result


def equal_and_covered(bench: Any, config: Any, model: BatchModel, vectors: dict[str, np.ndarray],
                      expected: dict[str, np.ndarray], stalls: tuple[float, float]) -> None:  # fmt: skip
    """As :func:`equal`, and the vectors show every feature."""
    equal(bench, config, model, vectors, expected, stall_in=stalls[0], stall_out=stalls[1], seed=2)
    hits = bench.coverage(config, vectors, expected)
    assert [key for key, count in hits.items() if not count] == []


def rows_of(bench: Any, config: Any, lengths: Iterable[int]) -> dict[str, np.ndarray]:
    """Vectors of rows of so many beats each."""
    ends = np.cumsum(list(lengths)) - 1
    last = np.zeros(ends[-1] + 1, np.uint64)
    last[ends] = 1
    return {**bench.stimulus(config, len(last), 1), "last": last}


def verified(artifact: Artifact, bench: Any, vectors: int) -> None:
    """The library's engines pass: vectors with stalls, and cocotb's tests."""
    verdict = verify(artifact, bench, vectors=vectors, seed=2)
    assert verdict.passed, verdict.to_dict()
    batch, cocotb = (check.to_dict() for check in verdict.checks)
    assert batch["mismatches"] == 0 and batch["stalled_vectors"] > 0
    assert cocotb["tests"] == ["back_to_back", "random_stalls", "reset_in_midstream"]


def seen(broken: Artifact, bench: Any, config: Any, field: str) -> None:
    """Vectors show a fault in an output field."""
    vectors = bench.stimulus(config, 2000, seed=1)
    outputs = BatchModel(broken).run(vectors, ends=bench.ends(config, vectors)).outputs
    assert (outputs[field] != bench.expect(config, vectors)[field]).any()
