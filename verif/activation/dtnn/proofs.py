"""How the claims of a layer of dendrite branches are tried.

Each function takes the artefact's directory and returns a verdict.
"""

from __future__ import annotations

from pathlib import Path

from ....hw.activation.config.dtnn import DtnnConfig
from ...aig import FALSE, Aig
from ...artifact import Artifact
from ...pipeline import Pipeline
from ...proofs import netlist_of
from ...prove import Verdict
from ..specified import SAMPLE, compare
from ..sums import Word, clamp, extended, total
from ..sums import table as word_of


def specification(config: DtnnConfig, aig: Aig, x: list[Word]) -> list[Word]:
    """The outputs as functions of the inputs' codes."""
    inputs = dict(enumerate(x))
    out = []
    for k in range(config.outputs):
        codes = inputs
        if config.join == "tables":
            leaves = {i: config.branch(k, i) for i in range(len(config.groups))}
            codes = {i: word_of(aig, leaf, inputs, config.middle) if leaf else [FALSE] * config.middle
                     for i, leaf in leaves.items()}  # fmt: skip
        word = total(aig, config.leaves(k), codes)
        out.append(extended(word, config.sum_width) if config.output_bits is None
                   else clamp(aig, word, config.shift, config.output_bits))  # fmt: skip
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
    """The file computes the specification, which agrees with the golden model on a sample."""
    from . import expect, stimulus

    artifact = Artifact.load(directory)
    config = DtnnConfig(**artifact.manifest["config"])
    found = Pipeline(netlist_of(artifact, artifact.module, []), artifact)
    sample = stimulus(config, SAMPLE, 0)["x"]
    return compare(found, specification, config, sample, expect(config, {"x": sample})["y"])
