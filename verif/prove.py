"""Claims about a generated unit, tried in parallel: each ends as proved, refuted or unknown."""

from __future__ import annotations

import os
import pickle
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from .artifact import Artifact
from .nursery import Child, nursery
from .tools import ToolMissing

Status = Literal["proved", "refuted", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What one part of a claim came to.

    Parameters
    ----------
    status : str
        ``proved``, ``refuted`` or ``unknown``.
    method : str
        How; for ``unknown``, why.
    counterexample : dict or None
        What refutes it, in the unit's own terms.
    """

    status: Status
    method: str
    counterexample: dict[str, Any] | None = None


@dataclass(frozen=True)
class Part:
    """A piece of a claim that one process works on.

    Parameters
    ----------
    function : str
        ``module:name`` of a function ``(directory, **arguments) -> Verdict``; the directory holds the artefact.
    arguments : dict
        Of picklable values.
    cost : float
        Rough seconds: the longest parts start first.
    """

    function: str
    arguments: dict[str, Any] = field(default_factory=dict)
    cost: float = 1.0


@dataclass(frozen=True)
class Claim:
    """Something that a unit is said to do; it holds when all its parts do.

    Parameters
    ----------
    name : str
    scope : str
        What the claim is about, and over which widths and inputs.
    parts : tuple of Part
    """

    name: str
    scope: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Result:
    """What a claim came to; ``seconds`` is the processor time of all its parts."""

    name: str
    scope: str
    status: Status
    method: str
    seconds: float
    counterexample: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {**self.__dict__, "seconds": round(self.seconds, 3)}


@dataclass
class _Running:
    claim: Claim
    process: Child
    folder: tempfile.TemporaryDirectory[str]
    start: float


def prove(artifact: Artifact, claims: Sequence[Claim], *, jobs: int | None = None, timeout: float = 600,
          progress: Callable[[str, int, int], None] | None = None) -> list[Result]:  # fmt: skip
    """Tries all claims, parts in parallel processes.

    Parameters
    ----------
    artifact : Artifact
    claims : sequence of Claim
    jobs : int or None
        Processes at a time (default: one a core).
    timeout : float
        Seconds that one part of a claim may take; after that the claim is unknown, unless another part refutes it.
    progress : callable or None
        Called with the name of a claim of which a part has ended, parts ended, and parts in all.

    Returns
    -------
    list of Result
        In the order of the claims. A part that fails makes its claim unknown, never proved.

    Raises
    ------
    ToolMissing
        If a part lacks a tool.
    ValueError
        If jobs or timeout is not positive.
    """
    jobs = jobs if jobs is not None else os.cpu_count() or 1
    for name, value in (("jobs", jobs), ("timeout", timeout)):
        if value <= 0:
            raise ValueError(f"{name} must be positive, not {value}")
    waiting = sorted(((claim, part) for claim in claims for part in claim.parts), key=lambda pair: -pair[1].cost)
    total = len(waiting)
    running: list[_Running] = []
    verdicts: dict[str, list[Verdict]] = {claim.name: [] for claim in claims}
    seconds = dict.fromkeys(verdicts, 0.0)
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                claim, part = waiting.pop(0)
                # A claim that is refuted stays so: the rest of it is not tried.
                if not any(v.status == "refuted" for v in verdicts[claim.name]):
                    running.append(_start(artifact, claim, part))
            time.sleep(0.005)
            for job in list(running):
                elapsed = time.monotonic() - job.start
                if (code := job.process.poll()) is None and elapsed < timeout:
                    continue
                job.process.end()
                running.remove(job)
                verdicts[job.claim.name].append(
                    Verdict("unknown", f"no verdict after {timeout:g} s") if code is None else _verdict(job, code)
                )
                job.folder.cleanup()
                seconds[job.claim.name] += elapsed if code is None else job.process.seconds
                if progress:
                    progress(job.claim.name, total - len(waiting) - len(running), total)
    finally:
        for job in running:
            job.process.end()
            job.folder.cleanup()
    return [_result(claim, verdicts[claim.name], seconds[claim.name]) for claim in claims]


def _start(artifact: Artifact, claim: Claim, part: Part) -> _Running:
    folder = tempfile.TemporaryDirectory(prefix="nervure-prove-")
    work = Path(folder.name) / "work"
    work.write_bytes(pickle.dumps((str(artifact.directory.absolute()), part)))
    # A group of its own can be ended whole, and what it leaves behind when it is lies in the folder.
    module = part.function.partition(":")[0]
    process = nursery().start(f"{__name__}:work", work, Path(folder.name), module)
    return _Running(claim, process, folder, time.monotonic())


def tried(function: str, directory: Path, /, **arguments: Any) -> Verdict:
    """What the function of a part says of the artefact in a directory.

    Parameters
    ----------
    function : str
        ``module:name``, as in :class:`Part`.
    """
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)(Path(directory), **arguments)


def work(path: Path) -> None:
    """What a process does: reads a part, and writes its verdict beside it."""
    directory, part = pickle.loads(path.read_bytes())
    try:
        answer: Verdict | Exception = tried(part.function, directory, **part.arguments)
    except ToolMissing as error:
        answer = error
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        answer = Verdict("unknown", f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})")
    path.with_name("verdict.part").write_bytes(pickle.dumps(answer))
    path.with_name("verdict.part").rename(path.with_name("verdict"))


def _verdict(job: _Running, code: int) -> Verdict:
    file = Path(job.folder.name) / "verdict"
    if not file.exists():
        return Verdict("unknown", f"the process ended with code {code} and no verdict")
    answer = pickle.loads(file.read_bytes())
    if isinstance(answer, ToolMissing):
        raise answer
    return answer if isinstance(answer, Verdict) else Verdict("unknown", f"no verdict but {type(answer).__name__}")


def _result(claim: Claim, verdicts: Sequence[Verdict], seconds: float) -> Result:
    for status in ("refuted", "unknown"):
        for verdict in verdicts:
            if verdict.status == status:
                return Result(claim.name, claim.scope, status, verdict.method, seconds, verdict.counterexample)
    if len(verdicts) != len(claim.parts) or not verdicts:
        return Result(claim.name, claim.scope, "unknown", "not every part was tried", seconds)
    methods = "; ".join(dict.fromkeys(v.method for v in verdicts))
    return Result(claim.name, claim.scope, "proved", methods, seconds)
