"""Seeded faults: an artefact with a piece of its Verilog changed, and what a claim says of it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nervure.generators.registry import load
from nervure.verif.artifact import Artifact
from nervure.verif.prove import Claim, Verdict


def signed(artifact: Artifact, text: str | None = None, **config: Any) -> Artifact:
    """The artefact, in its place, with another file or fields of its config, and a manifest that agrees with it."""
    if text is not None:
        artifact.verilog.write_text(text)
    manifest = json.loads(json.dumps(artifact.manifest))
    manifest["config"].update(config)
    for entry in manifest["files"]:
        entry["sha256"] = hashlib.sha256((artifact.directory / entry["path"]).read_bytes()).hexdigest()
    (artifact.directory / f"{artifact.module}.json").write_text(json.dumps(manifest))
    return Artifact.load(artifact.directory)


def rewrite(artifact: Artifact, pattern: str | re.Pattern[str], replacement: str | Callable[[re.Match[str]], str],
            folder: Path) -> Artifact:  # fmt: skip
    """A copy in ``folder`` with the first match replaced (a dot matches ends of lines too); there must be one."""
    copy = Artifact.load(shutil.copytree(artifact.directory, folder / "broken"))
    text = artifact.verilog.read_text()
    changed, count = re.subn(pattern, replacement, text, count=1, flags=0 if isinstance(pattern, re.Pattern) else re.S)
    assert count == 1 and changed != text, f"the Verilog must have {pattern}, and has not"
    return signed(copy, changed)


def tried(claim: Claim, directory: Path) -> Verdict:
    """What a claim comes to, each part tried in this process: the first verdict that is not ``proved``, or the last."""
    verdict = None
    for part in claim.parts:
        verdict = load(part.function)(directory, **part.arguments)
        if verdict.status != "proved":
            return verdict
    assert verdict is not None
    return verdict


def refuted(artifact: Artifact, bench: Any, claim: str, fault: tuple[Any, Any], folder: Path) -> Artifact:
    """A copy with a fault, which the claim of that name must refute, showing where."""
    broken = rewrite(artifact, *fault, folder)
    (found,) = (found for found in bench.claims(broken) if found.name == claim)
    verdict = tried(found, broken.directory)
    assert verdict.status == "refuted" and verdict.counterexample, verdict
    return broken
