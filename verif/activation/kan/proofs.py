"""How the claims of a KAN are tried. Each function takes the artefact's directory and returns a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ....hw.activation.config.kan import KanConfig
from ...artifact import Artifact
from ...pipeline import Pipeline
from ...proofs import netlist_of
from ...prove import Verdict
from ..specified import SAMPLE
from ..steps import Step, constant, given, larger, leveled, limited, looked_up, named, seen_signed
from ..stepwise import shown
from ..sums import wrong_tables


def statement(config: KanConfig) -> list[Step]:
    """The outputs as words, down to the inputs' codes."""
    codes = {place: given(place, config.bits[0]) for place in config.used[0]}
    sums: dict[int, Step] = {}
    for layer in range(config.num_layers):
        levels = [name for name, _ in config.steps if name.startswith(f"layer{layer}_sum")]
        sums = {k: leveled([looked_up(leaf, codes) for leaf in config.leaves(layer, k)], levels, f"_{k}")
                for k in config.used[layer + 1]}  # fmt: skip
        if layer < config.num_layers - 1:
            shift, bits = config.shifts[layer], config.bits[layer + 1]
            codes = {k: named(limited(word, shift, bits), f"reg_layer{layer}_code_{k}") for k, word in sums.items()}
    if config.output == "logits":
        return list(sums.values())
    return [_largest(config, list(sums.values()))]


def _largest(config: KanConfig, sums: Sequence[Step]) -> Step:
    """The number of the largest, by the levels of comparisons."""
    left = [(seen_signed(word), constant(k)) for k, word in enumerate(sums)]
    for level in [name for name, _ in config.steps if name.startswith("largest")]:
        pairs = [larger(*left[k : k + 2]) if k + 1 < len(left) else left[k] for k in range(0, len(left), 2)]
        left = [(named(value, f"reg_{level}_{i}_value"), named(place, f"reg_{level}_{i}_place"))
                for i, (value, place) in enumerate(pairs)]  # fmt: skip
    return left[0][1]


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
    """The file computes what is stated, word by word, and that agrees with the golden model on a sample."""
    artifact = Artifact.load(directory)
    config = KanConfig(**artifact.manifest["config"])
    found = Pipeline(netlist_of(artifact, artifact.module, []), artifact)
    from . import expect, stimulus

    sample = stimulus(config, SAMPLE, 0)["x"]
    return shown(found, statement(config), config, sample, expect(config, {"x": sample})["y"])
