"""How the claims of a KAN are tried. Each function takes the artefact's directory and returns a verdict."""

from __future__ import annotations

from pathlib import Path

from ....hw.activation.config.kan import KanConfig
from ...aig import Aig
from ...artifact import Artifact
from ...pipeline import Pipeline
from ...proofs import netlist_of
from ...prove import Verdict
from ..specified import SAMPLE, compare
from ..sums import Word, clamp, extended, largest, total, wrong_tables


def specification(config: KanConfig, aig: Aig, x: list[Word]) -> list[Word]:
    """The outputs as functions of the inputs' codes."""
    codes: dict[int, Word] = dict(enumerate(x))
    sums: dict[int, Word] = {}
    for layer in range(config.num_layers):
        sums = {k: total(aig, config.leaves(layer, k), codes) for k in config.used[layer + 1]}
        if layer < config.num_layers - 1:
            codes = {k: clamp(aig, word, config.shifts[layer], config.bits[layer + 1]) for k, word in sums.items()}
    logits = [extended(word, config.logit_width) for word in sums.values()]
    return logits if config.output == "logits" else [largest(aig, logits, config.class_width)]


def tables(directory: Path) -> Verdict:
    """The joint tables of every neuron add up to what the config says."""
    config = KanConfig(**Artifact.load(directory).manifest["config"])
    entries = count = 0
    for layer in range(config.num_layers):
        for target in config.used[layer + 1]:
            leaves = config.leaves(layer, target)
            addends = {edge.source: edge.values for edge in config.into(layer, target)}
            if wrong := wrong_tables(leaves, addends, config.offsets[layer][target]):
                return Verdict("refuted", "exhaustion", {"layer": layer, "neuron": target, "where": wrong})
            entries += sum(len(leaf.entries) for leaf in leaves)
            count += len(leaves)
    return Verdict("proved", f"exhaustion, {entries} entries of {count} joint tables")


def values(directory: Path) -> Verdict:
    """The file computes the specification, which agrees with the golden model on a sample."""
    artifact = Artifact.load(directory)
    config = KanConfig(**artifact.manifest["config"])
    found = Pipeline(netlist_of(artifact, artifact.module, []), artifact)
    from . import expect, stimulus

    sample = stimulus(config, SAMPLE, 0)["x"]
    return compare(found, specification, config, sample, expect(config, {"x": sample})["y"])
