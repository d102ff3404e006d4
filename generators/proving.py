"""Every claim of every preset, tried preset by preset; what is finished is kept by content.

A row is kept under the digest of the emitted file, its manifest, the claims and the code that tries them: whatever
changes one of them is tried anew, and a run that was stopped goes on where it was. Inside a row, questions that other
presets have put to a solver are answered from :mod:`..verif.answers`.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ..hw.config import ConfigError
from .registry import UNITS, get_unit

LIBRARY = Path(__file__).resolve().parent.parent
EXHAUSTED = re.compile(r"\bexhaustion\b|simulated against")


@dataclass(frozen=True)
class Row:
    """What the claims of one preset came to.

    Parameters
    ----------
    unit, preset, module : str
    claims : int
        All claims.
    proved, exhausted : int
        Claims that hold: by argument, and by computing every case.
    seconds : float
        Processor time of all parts of claims.
    missing : tuple of dict
        Claims that are refuted or unknown: name, status, method, counterexample.
    """

    unit: str
    preset: str
    module: str
    claims: int
    proved: int
    exhausted: int
    seconds: float
    missing: tuple[dict[str, Any], ...]

    @property
    def unknown(self) -> int:
        """Claims that are neither proved nor exhausted."""
        return len(self.missing)


def with_claims() -> list[str]:
    """The units that have claims."""
    return [name for name, unit in UNITS.items() if hasattr(unit.load("bench"), "claims")]


def chosen(units: Sequence[str], presets: Sequence[str] = ()) -> list[tuple[str, str]]:
    """Unit and preset of each row: all of those units, or those presets of them.

    Raises
    ------
    ConfigError
        If a unit is not there, has no claims, or no unit has a preset of that name.
    """
    found = []
    for name in units:
        unit = get_unit(name)
        if not hasattr(unit.load("bench"), "claims"):
            raise ConfigError(f"prove requires a unit with claims, not {name}")
        found += [(name, preset) for preset in unit.presets if not presets or preset in presets]
    if strangers := set(presets) - {preset for _, preset in found}:
        raise ConfigError(f"presets must be of {', '.join(units)}, not {', '.join(sorted(strangers))}")
    return found


def code_digest(claims: Sequence[Any]) -> str:
    """Digest of the code that tries the claims: the modules of their parts, and whatever of the library these import,
    wherever in their text they do."""
    digest = hashlib.sha256()
    for file in sorted(imported({LIBRARY.joinpath(*part.function.partition(":")[0].split(".")[1:]).with_suffix(".py")
                                 for claim in claims for part in claim.parts})):  # fmt: skip
        digest.update(f"{file.relative_to(LIBRARY)}\n{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def imported(files: Iterable[Path]) -> set[Path]:
    """Those files of the library and all that they import of it, and so on."""
    found, waiting = set[Path](), list(files)
    while waiting:
        if (file := waiting.pop()) in found:
            continue
        found.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                of = file.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                # What is imported is a module, or a name in one.
                paths = [of.with_suffix(".py"), of / "__init__.py", *(of / f"{a.name}.py" for a in node.names),
                         *(of / a.name / "__init__.py" for a in node.names)]  # fmt: skip
                waiting += [path for path in paths if path.is_file()]
    return found


def prove_preset(unit: str, preset: str, folder: Path, timeout: float = 600) -> tuple[Row, bool]:
    """The row of a preset, and whether it was there; parts of claims one after the other.

    Parameters
    ----------
    unit, preset : str
    folder : Path
        Where rows are kept.
    timeout : float
        Seconds for each part of a claim.
    """
    from ..verif.prove import prove
    from .emit import emit

    found = get_unit(unit)
    with tempfile.TemporaryDirectory(prefix="nervure-proving-") as work:
        artifact = emit(found.make(found.presets[preset]), Path(work))
        claims = found.load("bench").claims(artifact)
        stated = repr(claims) + json.dumps(artifact.manifest, sort_keys=True)
        text = artifact.verilog.read_text() + stated + code_digest(claims)
        kept = folder / f"{unit}_{preset}_{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
        if kept.exists():
            fields = json.loads(kept.read_text())
            return Row(**{**fields, "missing": tuple(fields["missing"])}), True
        results = prove(artifact, claims, jobs=1, timeout=timeout)
    held = [result for result in results if result.status == "proved"]
    exhausted = sum(bool(EXHAUSTED.search(result.method)) for result in held)
    names = ("name", "status", "method", "counterexample")
    missing = tuple({name: getattr(result, name) for name in names} for result in results if result.status != "proved")
    seconds = round(sum(result.seconds for result in results), 1)
    row = Row(unit, preset, artifact.module, len(results), len(held) - exhausted, exhausted, seconds, missing)
    # An unknown may be a matter of time: it is tried again.
    if not any(claim["status"] == "unknown" for claim in missing):
        folder.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        part.write_text(json.dumps(asdict(row)))
        part.rename(kept)
    return row, False


def prove_presets(rows: Sequence[tuple[str, str]], folder: Path, *, jobs: int = 1,
                  timeout: float = 600) -> Iterator[tuple[Row, bool]]:  # fmt: skip
    """Rows as they are finished, so many presets at a time, and whether each was there.

    Raises
    ------
    ConfigError
        If jobs or timeout is not positive.
    """
    for name, value in (("jobs", jobs), ("timeout", timeout)):
        if value <= 0:
            raise ConfigError(f"{name} must be above 0, not {value:g}")
    # Started afresh: each has the interpreter from which it forks the parts of claims.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(prove_preset, unit, preset, folder, timeout) for unit, preset in rows]
        try:
            for done in as_completed(waiting):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
