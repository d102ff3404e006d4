"""Vector units on the network made by hand: small tables of chords, not the solver's best ones."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

from nervure.hw.noc.config.nova import NovaConfig
from nervure.verif.artifact import Artifact

from .activation import gelu, make

TINY = {"input": "q1.2", "output": "q1.2", "slope": "q1.2", "bias": "q1.3", "domain": "-2:2"}
"""Formats of units that are proved in seconds."""


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def exp(x: float) -> float:
    return math.exp(min(x, 0))


FOLDS = {
    "relu": {"function": gelu, "part": lambda x: gelu(x) - max(x, 0), "form": "fold", "symmetry": "relu"},
    "odd": {"function": math.tanh, "form": "fold", "symmetry": "odd"},
    "point": {"function": sigmoid, "form": "fold", "symmetry": "point", "centre": 256},
    "even": {"function": lambda x: x * x / 10, "form": "fold", "symmetry": "even"},
    "gelu": {"function": gelu}, "exp": {"function": exp, "domain": "-6:0"}, "sigmoid": {"function": sigmoid},
}  # fmt: skip
"""Tables by name: of a symmetry, or of none."""


def unit(tables: dict[str, int], formats: dict[str, Any] | None = None, **fields: Any) -> NovaConfig:
    """A unit of those tables, each of so many segments."""
    made = [make(segments, **{**FOLDS[name], **(formats or {})}) for name, segments in tables.items()]
    some = made[0]
    return NovaConfig(**{
        "functions": list(tables), "domains": [table.domain for table in made], "input": some.input,
        "output": some.output, "slope": some.slope, "bias": some.bias,
        "symmetries": [table.symmetry for table in made], "centres": [table.centre for table in made],
        "knots": [table.breakpoints for table in made], "slopes": [table.slopes for table in made],
        "biases": [table.biases for table in made], "reached": [0.0] * len(made), "limits": [0.0] * len(made),
        "worst_inputs": [0] * len(made), "interval": "auto", **fields,
    })  # fmt: skip


def broken(artifact: Artifact, old: str, new: str) -> Artifact:
    """The artefact with a change in its Verilog that its manifest agrees with."""
    text = artifact.verilog.read_text()
    changed = re.sub(old, new, text, count=1)
    assert changed != text
    artifact.verilog.write_text(changed)
    for entry in artifact.manifest["files"]:
        entry["sha256"] = hashlib.sha256((artifact.directory / entry["path"]).read_bytes()).hexdigest()
    (artifact.directory / f"{artifact.module}.json").write_text(json.dumps(artifact.manifest))
    return Artifact.load(artifact.directory)


def found(artifact: Artifact, bench: Any) -> dict[str, str]:
    """What the claims come to, each tried in this process."""
    from nervure.generators.registry import load

    return {claim.name: load(part.function)(artifact.directory, **part.arguments).status
            for claim in bench.claims(artifact) for part in claim.parts}  # fmt: skip
