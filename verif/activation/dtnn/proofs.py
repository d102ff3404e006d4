"""How the claims of a layer of dendrite branches are tried.

Each function takes the artefact's directory and returns a verdict.
"""

from __future__ import annotations

from pathlib import Path

from ....hw.activation.config.dtnn import DtnnConfig
from ...artifact import Artifact
from ...pipeline import Pipeline
from ...proofs import netlist_of
from ...prove import Verdict
from ..specified import SAMPLE
from ..steps import Step, constant, given, leveled, limited, looked_up, named
from ..stepwise import shown


def statement(config: DtnnConfig) -> list[Step]:
    """The outputs as words, down to the inputs' codes."""
    inputs = {place: given(place, config.bits) for place in range(config.inputs)}
    levels = [name for name, _ in config.steps if name.startswith("sum")]
    out = []
    for k in range(config.outputs):
        codes = inputs
        if config.join == "tables":
            first = {i: config.branch(k, i) for i in range(len(config.groups))}
            codes = {i: named(looked_up(leaf, inputs), f"reg_branches_{k}_{i}") if leaf else constant(0)
                     for i, leaf in first.items()}  # fmt: skip
        word = leveled([looked_up(leaf, codes) for leaf in config.leaves(k)], levels, f"_{k}")
        if config.output_bits is not None:
            word = named(limited(word, config.shift, config.output_bits), f"reg_clamp_{k}")
        out.append(word)
    return out


def tables(directory: Path) -> Verdict:
    """The tables that are summed are the config's but for constants, which add up to the offset."""
    config = DtnnConfig(**Artifact.load(directory).manifest["config"])
    entries = 0
    rows = config.joins if config.join == "tables" else config.branches
    for k in range(config.outputs):
        leaves = config.leaves(k)
        said = [row[2:] for row in sorted(rows) if row[0] == k] or [(0,)]
        if len(said) != len(leaves):
            return Verdict("refuted", "exhaustion", {"output": k, "where": f"{len(leaves)} tables, not {len(said)}"})
        moved = [leaf.entries[0] - table[0] for leaf, table in zip(leaves, said, strict=True)]
        for number, (leaf, table, by) in enumerate(zip(leaves, said, moved, strict=True)):
            if any(entry != value + by for entry, value in zip(leaf.entries, table, strict=True)):
                return Verdict("refuted", "exhaustion", {"output": k, "where": f"table {number} is another function"})
            entries += len(table)
        if sum(moved) != config.offsets[k]:
            return Verdict("refuted", "exhaustion", {"output": k, "where": f"constants add up to {sum(moved)}"})
    return Verdict("proved", f"exhaustion, {entries} entries")


def values(directory: Path) -> Verdict:
    """The file computes what is stated, word by word, and that agrees with the golden model on a sample."""
    from . import expect, stimulus

    artifact = Artifact.load(directory)
    config = DtnnConfig(**artifact.manifest["config"])
    found = Pipeline(netlist_of(artifact, artifact.module, []), artifact)
    sample = stimulus(config, SAMPLE, 0)["x"]
    return shown(found, statement(config), config, sample, expect(config, {"x": sample})["y"])
