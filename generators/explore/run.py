"""Runs a sweep: on all cores through joblib, or on a cluster through its Dask backend.

Two passes over a batch of requests: their configs are made, then those that are not on disk yet are measured. Requests
that come to one config are one point.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...hw.config import ConfigError
from .goal import Goal
from .measure import Job, made, measured, versions
from .space import Axis, draw, settings_of
from .store import Store, key_of

Row = dict[str, Any]
BATCH = 16
"""Points of a generation of the Pareto search."""


@contextmanager
def backend(scheduler: str | None, jobs: int) -> Iterator[Callable[[Callable[..., Any], Sequence[tuple[Any, ...]]],
                                                                   Iterator[tuple[int, Any]]]]:  # fmt: skip
    """A function that maps over many arguments at once and gives ``(index, result)`` as each is finished.

    Parameters
    ----------
    scheduler : str or None
        Address of a Dask scheduler, ``tcp://host:port`` or ``tls://host:port``; None: this machine's cores.
    jobs : int
        Processes; -1: one a core.

    Raises
    ------
    ConfigError
        If joblib or Dask is not installed, or the scheduler cannot be reached.
    """
    try:
        import joblib
    except ImportError:
        raise ConfigError("explore requires joblib; install it with: pip install 'nervure[explore]'") from None

    def each(function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
        run = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")
        yield from run(joblib.delayed(_numbered)(function, k, *given) for k, given in enumerate(arguments))  # pyright: ignore[reportReturnType]

    if scheduler is None:
        with joblib.parallel_config("loky"):
            yield each
        return
    try:
        from distributed import Client  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ConfigError("scheduler requires Dask; install it with: pip install 'nervure[explore]'") from None
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        raise ConfigError(f"scheduler must be one that answers, not {scheduler!r} ({error})") from None
    with client, joblib.parallel_config("dask"):
        yield each


def _numbered(function: Callable[..., Any], index: int, *arguments: Any) -> tuple[int, Any]:
    return index, function(*arguments)


class Sweep:
    """One sweep and its file.

    Parameters
    ----------
    job : Job
    store : Store
    each : callable
        Of :func:`backend`.
    progress : callable
        ``(what, done, total)``.
    """

    def __init__(self, job: Job, store: Store, each: Callable[..., Iterator[tuple[int, Any]]],
                 progress: Callable[[str, int, int], None] = lambda what, done, total: None):  # fmt: skip
        self.job, self.store, self.each, self.progress = job, store, each, progress
        self.what = {**asdict(job), "versions": versions()}
        self.computed = 0

    def run(self, requests: Sequence[Sequence[str]]) -> list[Row]:
        """The rows of these requests, in their order; what is on disk is not made again."""
        keys = [key_of("asked", self.what, sorted(settings)) for settings in requests]
        known, points = self.store.asked(), self.store.points()
        new = {key: settings for key, settings in zip(keys, requests, strict=True) if known.get(key) not in points}
        names, waiting = list(new), dict[str, Row]()
        for done, (k, (row, error)) in enumerate(self.each(made, [(self.job, new[name]) for name in names]), 1):
            settings = new[names[k]]
            point = self._key(row["digest"]) if row else names[k]
            self.store.remember(names[k], settings, point)
            known[names[k]] = point
            command = self._command(settings)
            if row is None:
                failed = {"key": point, "unit": self.job.unit, "error": error, "command": command}
                self.store.add(failed)
            elif point not in points:
                waiting.setdefault(point, {"key": point, **row, "command": command})
            self.progress("make configs", done, len(names))
        rows = list(waiting.values())
        for done, (k, found) in enumerate(self.each(measured, [(self.job, row["config"]) for row in rows]), 1):
            metrics, error, seconds = found
            self.store.add({**rows[k], "metrics": metrics, "error": error, "seconds": seconds})
            self.computed += 1
            self.progress("measure", done, len(rows))
        points = self.store.points()
        return [points[known[key]] for key in keys]

    def search(self, axes: Sequence[Axis], goal: Goal, points: int, seed: int) -> list[Row]:
        """The rows that NSGA-II asks for, in generations of :data:`BATCH`; the same seed asks for the same points.

        Raises
        ------
        ConfigError
            If Optuna is not installed.
        """
        try:
            import optuna
        except ImportError:
            raise ConfigError("pareto requires Optuna; install it with: pip install 'nervure[explore]'") from None
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        sampler = optuna.samplers.NSGAIISampler(population_size=BATCH, seed=seed)
        study = optuna.create_study(directions=["minimize" for _ in goal.minimise], sampler=sampler)
        rows: list[Row] = []
        while len(rows) < points:
            trials = [study.ask() for _ in range(min(BATCH, points - len(rows)))]
            asked = [settings_of(axes, [trial.suggest_int(axis.key, 0, len(axis.values) - 1) for axis in axes])
                     for trial in trials]  # fmt: skip
            found = self.run(asked)
            for trial, row in zip(trials, found, strict=True):
                metrics = row["metrics"]
                cost = goal.cost(metrics) if metrics is not None and goal.holds(metrics) else None
                if cost is None:
                    study.tell(trial, state=optuna.trial.TrialState.FAIL)
                else:
                    study.tell(trial, cost)
            rows += found
        return rows

    def _key(self, digest: str) -> str:
        return key_of("point", self.job.unit, digest, {name: self.what[name] for name in _DECIDES})

    def _command(self, settings: Sequence[str]) -> str:
        from ..settings import rerun_words

        words = [self.job.unit, *rerun_words(self.job.preset, None, [*self.job.fields, *settings])]
        if self.job.frames_per_second is not None:
            # Folding is no setting of the config: only this command does it again.
            more = ["--metric", ",".join(self.job.metrics), "--target", self.job.target, "--minimise", "lut",
                    "--frames-per-second", repr(self.job.frames_per_second), "--clock",
                    repr(self.job.clock)]  # fmt: skip
            return shlex.join(["nervure", "explore", *words, *more, "-o", "build/explore"])
        verbs = {"synth": ["synth", *words, "--target", self.job.target],
                 "estimate": ["estimate", *words, "--target", self.job.target],
                 "pnr": ["pnr", *words],
                 "energy": ["activity", *words, "--vectors", str(self.job.vectors), "--seed", str(self.job.seed)],
                 }  # fmt: skip
        lines = [verbs[metric] for metric in self.job.metrics if metric in verbs]
        if len(lines) < len(self.job.metrics):
            lines.append(["show", *words])
        return " && ".join(shlex.join(["nervure", *line]) for line in lines)


_DECIDES = ("metrics", "target", "vectors", "seed", "clock", "versions")


def requests_of(axes: Sequence[Axis], method: str, points: int | None, seed: int) -> list[list[str]]:
    """The points of a sweep that no finding changes; of none, the one point of the config as it is."""
    return draw(axes, method, points, seed)[: None if axes else 1]


def keep_best(row: Row, job: Job, folder: Path) -> tuple[Path, str]:
    """Writes the config of a row to ``best.toml``; the file, and the command that shows it."""
    from ..registry import get_unit

    file = folder / "best.toml"
    file.write_text(get_unit(job.unit).load("config")(**row["config"]).to_toml(), encoding="utf-8")
    return file, shlex.join(["nervure", "show", job.unit, "-c", str(file)])
