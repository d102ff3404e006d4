"""Synthesis runs of random configs, stored one file each, so that the fitting of estimates resumes where it stopped."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

from ..hw.config import Config, ConfigError
from .registry import get_unit, load


def configs(unit: str, seed: int) -> Iterator[Config]:
    """Random valid configs of a unit without end, each once; the same seed gives the same in the same order."""
    found = get_unit(unit)
    sample = load(f"nervure.generators.{found.config.split('.')[2]}.samples:SAMPLES")[unit]
    draw, seen = Random(f"{unit} {seed}"), set[str]()
    while True:
        try:
            config = found.make(sample(draw))
        except ConfigError:
            continue
        if config.digest not in seen:
            seen.add(config.digest)
            yield config


def run(config: Config, target: str, folder: Path) -> dict[str, Any]:
    """What synthesis found: from the folder, or made now and left there (whole: written aside and moved)."""
    from ..verif.tools import yosys_version
    from .emit import emit
    from .flow.synth import synth

    path = folder / config.unit / target / f"{config.digest}-{yosys_version()}.json"
    if path.exists():
        return {"unit": config.unit, **json.loads(path.read_text())}
    with tempfile.TemporaryDirectory(prefix="nervure-estimate-") as scratch:
        artifact = emit(config, scratch)
        report = synth(artifact, target)
        found = {
            **report.to_dict(), "unit": config.unit, "latency": artifact.latency, "config": config.to_dict(),
            "verilog": artifact.manifest["files"][0]["sha256"], "by_type": report.by_type,
        }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(found))
    partial.replace(path)
    return found
