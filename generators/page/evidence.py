"""What a page shows of a unit: runs the parts that were asked for, and takes in what commands have printed before."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...hw.config import Config, ConfigError
from ...verif.artifact import Artifact
from ...verif.tools import ToolFailed, ToolMissing
from ..unit import Unit
from .given import read_given
from .waves import Snippet, read_waves

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Wanted:
    """Parts to run.

    Parameters
    ----------
    vectors : int or None
        Of ``verify``, with its default engines; None runs none.
    seed : int
        Of everything random.
    timeout : float or None
        Seconds for each part of a claim; None proves none.
    targets : tuple of str
        Of ``synth``.
    beats : int or None
        Of ``activity``; None counts none.
    results : tuple of Path
        JSON that ``verify``, ``prove``, ``synth`` or ``activity`` printed for the same config.
    """

    vectors: int | None = None
    seed: int = 0
    timeout: float | None = None
    targets: tuple[str, ...] = ()
    beats: int | None = None
    results: tuple[Path, ...] = ()


@dataclass
class Evidence:
    """What was found, as the commands print it; None is what nobody ran.

    Parameters
    ----------
    verify, prove, activity : dict or None
    synth : list of dict
    snippet : Snippet or None
        Cycles of the protocol run.
    broken : dict of str to str
        Why a part that was wanted is not there, by ``verify``, ``prove``, ``synth``, ``activity`` and ``waves``.
    """

    verify: dict[str, Any] | None = None
    prove: dict[str, Any] | None = None
    activity: dict[str, Any] | None = None
    synth: list[dict[str, Any]] = field(default_factory=list)
    snippet: Snippet | None = None
    broken: dict[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing that was run or read failed, and all that was wanted is there but for waves."""
        whole = self.broken.keys() <= {"waves"}
        return whole and all(found is None or found["passed"] for found in (self.verify, self.prove))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, without the waves."""
        return {"verify": self.verify, "prove": self.prove, "synth": self.synth, "activity": self.activity,
                "broken": self.broken}  # fmt: skip


_KINDS = {"engines": "verify", "claims": "prove", "luts": "synth", "groups": "activity"}


def read_results(files: Sequence[Path], config: Config) -> Evidence:
    """What commands printed for this config.

    Raises
    ------
    ConfigError
        If a file is not one JSON object of these commands, or was made of another config.
    """
    found = Evidence()
    for file in files:
        result = read_given(file, "result")
        kind = next((kind for key, kind in _KINDS.items() if isinstance(result, dict) and key in result), None)
        if kind is None:
            raise ConfigError(f"result file must hold what {', '.join(_KINDS.values())} prints with --json ({file})")
        if result.get("digest") != config.digest:
            raise ConfigError(f"result file must be of digest {config.digest}, not {result.get('digest')} ({file})")
        if kind == "synth":
            found.synth.append(result)
        else:
            setattr(found, kind, result)
    return found


def gather(unit: Unit, config: Config, artifact: Artifact, wanted: Wanted,
           progress: Progress = lambda task, done, total: None) -> Evidence:  # fmt: skip
    """Runs what is wanted; what is both read and run is shown as run. A tool that breaks costs its own part alone.

    Raises
    ------
    ConfigError
        If a file or an argument does not fit, before anything runs.
    """
    from ...verif.batch import ProtocolError
    from ..flow.synth import resolve
    from ..verify import check_arguments

    check_arguments("default", wanted.vectors, wanted.seed, False, None)
    if wanted.timeout is not None and not wanted.timeout > 0:
        raise ConfigError(f"timeout must be above 0 seconds, not {wanted.timeout:g}")
    for target in wanted.targets:
        _asked(resolve, target)
    found = read_results(wanted.results, config)
    bench = unit.load("bench")
    if wanted.timeout is not None and not hasattr(bench, "claims"):
        raise ConfigError(f"prove requires a unit with claims, not {unit.name}")
    run = _Run(unit, config, artifact, bench, wanted, progress, found)
    parts = {"synth": bool(wanted.targets), "verify": wanted.vectors is not None, "prove": wanted.timeout is not None,
             "activity": wanted.beats is not None}  # fmt: skip
    for part in (name for name, asked in parts.items() if asked):
        progress(part, 0, 0)
        try:
            getattr(run, part)()
        except (ToolMissing, ToolFailed, ProtocolError) as error:
            found.broken[part] = str(error).splitlines()[0]
        progress(part, 1, 1)
    return found


@dataclass(frozen=True)
class _Run:
    """The parts that can be run, each a method that leaves what it found."""

    unit: Unit
    config: Config
    artifact: Artifact
    bench: Any
    wanted: Wanted
    progress: Progress
    found: Evidence

    @property
    def names(self) -> dict[str, str]:
        return {"unit": self.config.unit, "module": self.config.module_name, "digest": self.config.digest}

    def synth(self) -> None:
        from ..flow.synth import synth

        for target in self.wanted.targets:
            report = {**self.names, **_asked(synth, self.artifact, target).to_dict()}
            same = (report["target"], report["mode"])
            self.found.synth[:] = [r for r in self.found.synth if (r["target"], r["mode"]) != same]
            self.found.synth.append(report)

    def verify(self) -> None:
        from ..verify import verify

        with tempfile.TemporaryDirectory(prefix="nervure-waves-") as folder:
            verdict = verify(self.artifact, self.bench, vectors=self.wanted.vectors, seed=self.wanted.seed,
                             waves=Path(folder) / self.artifact.module, progress=self.progress)  # fmt: skip
            self.found.verify = verdict.to_dict()
            for check in self.found.verify["engines"]:
                # The file goes with its folder.
                if file := check.pop("waves", None):
                    check.pop("note", None)
                    try:
                        self.found.snippet = read_waves(Path(file), self.artifact)
                    except ToolMissing as missing:
                        self.found.broken["waves"] = str(missing)

    def prove(self) -> None:
        from ...verif.prove import prove

        claims = prove(self.artifact, self.bench.claims(self.artifact), timeout=self.wanted.timeout or 0,
                       progress=lambda name, done, total: self.progress("parts of claims", done, total))  # fmt: skip
        proved = bool(claims) and all(claim.status == "proved" for claim in claims)
        self.found.prove = {**self.names, "claims": [claim.to_dict() for claim in claims], "passed": proved}

    def activity(self) -> None:
        from ...verif.activity import activity
        from ..check import usual_stimulus

        kind, seed = usual_stimulus(self.bench), self.wanted.seed
        inputs = self.bench.stimulus(self.config, self.wanted.beats, seed, kind)
        report = activity(self.artifact, self.bench, inputs, seed=seed)
        self.found.activity = {**self.names, "stimulus": kind, **report.to_dict()}


def _asked(function: Callable[..., Any], *arguments: Any) -> Any:
    """The call's result; a user's argument that it refuses is a ConfigError."""
    try:
        return function(*arguments)
    except ValueError as error:
        raise ConfigError(str(error)) from error
