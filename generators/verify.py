"""Holds a generated unit against its golden model: many vectors in the batch engine, the protocol under cocotb."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..hw.config import ConfigError
from ..hw.lookup import unknown
from ..verif import junit
from ..verif.artifact import Artifact
from .check import Check, Progress, check_batch, drawn_chunks, exhaustive_chunks, shown

ENGINES = ("default", "cocotb", "batch", "all")
VECTORS = 100_000
PROTOCOL_VECTORS = {"default": 200, "cocotb": 2_000, "all": 2_000}


@dataclass(frozen=True)
class Verdict:
    """What all engines found together."""

    artifact: Artifact
    seed: int
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every engine ran vectors and found nothing."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """The verdict as JSON values."""
        main = self.checks[0]
        hits = sum((check.coverage for check in self.checks), Counter())
        return {
            "unit": self.artifact.unit, "module": self.artifact.module, "digest": self.artifact.manifest["digest"],
            "passed": self.passed, "seed": self.seed,
            "vectors": sum(check.vectors for check in self.checks),
            "mismatches": sum(check.mismatches for check in self.checks),
            "first_mismatch": next((c.first_mismatch for c in self.checks if c.first_mismatch), None),
            "cycles": sum(check.cycles for check in self.checks),
            "vectors_per_second": round(main.rate),
            "failures": [failure for check in self.checks for failure in check.failures],
            "engines": [check.to_dict() for check in self.checks],
            "coverage": dict(hits),
        }  # fmt: skip

    def write_junit(self, path: Path) -> None:
        """Writes a JUnit report: a case per engine."""
        suite = f"{self.artifact.module}.seed{self.seed}"
        junit.write(path, [junit.Case(suite, check.engine, check.seconds, check.problem) for check in self.checks])


def verify(artifact: Artifact, bench: Any, *, engine: str = "default", vectors: int | None = None, seed: int = 0,
           exhaustive: bool = False, waves: Path | None = None,
           progress: Progress = lambda task, done, total: None) -> Verdict:  # fmt: skip
    """Runs the engines on a generated unit.

    Parameters
    ----------
    artifact : Artifact
        The unit.
    bench : module
        Its bench: stimulus, golden outputs, coverage.
    engine : str
        ``batch``; ``cocotb``; ``all`` for both at length; ``default`` for batch and a short cocotb run.
    vectors : int or None
        Vectors of the batch engine (of cocotb, where it runs alone); None for a default.
    seed : int
        Seed of vectors and stalls.
    exhaustive : bool
        All inputs instead of drawn ones.
    waves : Path or None
        File for waves of the cocotb run.
    progress : callable
        Called with task, done and total as the run goes.

    Raises
    ------
    ConfigError
        If an argument is out of its range, or the unit has too many inputs to exhaust.
    """
    check_arguments(engine, vectors, seed, exhaustive, waves)
    total = vectors or VECTORS
    protocol_vectors = total if engine == "cocotb" and vectors else PROTOCOL_VECTORS.get(engine, 0)
    checks: list[Check] = []
    chunks = None
    if engine != "cocotb":
        config = bench.config_of(artifact)
        chunks = exhaustive_chunks(bench, config) if exhaustive else drawn_chunks(bench, config, total, seed)
    # Side by side: cocotb's simulator is a process of its own and mostly starts up. The batch engine stays in this
    # thread, the one that an interrupt reaches.
    with ThreadPoolExecutor(1) as pool:
        protocol = None
        if engine != "batch":
            protocol = pool.submit(check_protocol, artifact, bench, protocol_vectors, seed, waves, progress)
        if chunks is not None:
            checks.append(check_batch(artifact, bench, chunks, seed, 0 if exhaustive else total, progress))
        if protocol is not None:
            checks.append(protocol.result())
    return Verdict(artifact, seed, tuple(checks))


def check_protocol(artifact: Artifact, bench: Any, vectors: int, seed: int = 0, waves: Path | None = None,
                   progress: Progress = lambda task, done, total: None) -> Check:  # fmt: skip
    """Runs the cocotb testbench: stalls on both sides, reset in mid-stream, back-to-back beats, latency."""
    from ..verif.cocotb_run import run_cocotb

    check, start = Check("cocotb"), time.perf_counter()
    progress("cocotb", 0, 0)
    config = bench.config_of(artifact)
    inputs = bench.stimulus(config, vectors, seed)
    expected = bench.expect(config, inputs)
    ends = bench.ends(config, inputs) if hasattr(bench, "ends") else None
    operations = bench.operations(config)
    result = run_cocotb(artifact, inputs, expected, seed=seed, waves=waves, operations=operations, ends=ends)
    progress("cocotb", 1, 1)
    check.vectors, check.cycles = result.counts.get("beats", 0), result.cycles
    check.mismatches = result.mismatches
    if first := result.first_mismatch:
        sides = {"inputs": first["inputs"], "expected": first["expected"], "found": first["actual"]}
        check.first_mismatch = {"test": first["test"], "vector": first["beat"], **shown(bench, config, sides)}
    check.failures += [f"{name}: {message}" for name, passed, message in result.tests if not passed]
    check.coverage.update(bench.coverage(config, inputs, expected))
    check.seconds = time.perf_counter() - start
    check.rate = check.vectors / result.seconds if result.seconds else 0.0
    check.details |= {
        "tests": [name for name, _, _ in result.tests],
        "latency_cycles": result.latency_cycles,
        **result.counts,
    }
    if result.wave_file is not None:
        check.details |= {"waves": str(result.wave_file), "note": result.note}
    return check


def check_arguments(engine: str, vectors: int | None, seed: int, exhaustive: bool, waves: object) -> None:
    """Refuses what :func:`verify` would refuse, before anything is generated.

    Raises
    ------
    ConfigError
        In one sentence.
    """
    if engine not in ENGINES:
        raise ConfigError(unknown("engine", engine, ENGINES))
    if vectors is not None and vectors < 1:
        raise ConfigError(f"vectors must be at least 1, not {vectors}")
    if seed < 0:
        raise ConfigError(f"seed must be at least 0, not {seed}")
    if exhaustive and engine == "cocotb":
        raise ConfigError("exhaustive requires engine batch or all, not cocotb")
    if waves and engine == "batch":
        raise ConfigError("waves requires engine cocotb or all, not batch")
