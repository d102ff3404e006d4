"""How the claims of the norms are tried; each function returns a verdict, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ....hw.activation.config.cells import VALUE_BITS
from ....hw.activation.config.norm import NormConfig
from ...aig import evaluate
from ...artifact import Artifact
from ...netlist import Netlist
from ...prove import Verdict
from ..tables import block, every_code, every_lane


def _config(directory: Path) -> tuple[Artifact, NormConfig]:
    artifact = Artifact.load(directory)
    return artifact, artifact.config_as(NormConfig)


def _wide(word: Sequence[int], width: int) -> list[int]:
    """A word with its sign repeated, or without its upper bits."""
    return [*word, *[word[-1]] * width][:width]


def _lanes(config: NormConfig, name: str) -> list[str]:
    return [f"{name}{k}" for k in range(config.lanes)]


def table(directory: Path) -> Verdict:
    """The table gives the golden model's value for every code."""
    artifact, config = _config(directory)
    return every_code(artifact, [("root", "root_value", config.root_table)])


def squares(directory: Path) -> Verdict:
    """The square of every number, in every lane."""
    artifact, config = _config(directory)
    width, net = config.input_format.width, block(artifact, "squares")
    codes = np.arange(1 << width, dtype=np.uint64)
    x = codes.astype(np.int64) - ((codes.astype(np.int64) >> (width - 1)) << width)
    words, squared = net.inputs["words"], net.outputs["squares"]
    lanes = range(config.lanes)
    given = [(words[k * width :][:width], np.roll(codes, k)) for k in lanes]
    parts = {str(k): squared[k * (2 * width - 1) :][: 2 * width - 1] for k in lanes}
    aig = net.aig
    for k, word in parts.items():
        if aig.support(word) - {bit >> 1 for bit in given[int(k)][0]}:
            return Verdict("refuted", "structure", {"lane": k, "depends": "on another lane"})
    found = evaluate(aig, parts, given, len(codes))
    for k in lanes:
        wrong = np.flatnonzero(found[str(k)].astype(np.int64) != np.roll(x * x, k))
        if len(wrong):
            at = int(wrong[0])
            return Verdict("refuted", "all codes", {"lane": k, "x": int(np.roll(x, k)[at])})
    return Verdict("proved", f"all {len(codes)} numbers in {config.lanes} lanes; no lane depends on another")


def centred(directory: Path) -> Verdict:
    """``c = N x - sum`` of every number and sum, in every lane: N x as a sum of x moved by the ones of N."""
    artifact, config = _config(directory)

    def wrong(net: Netlist) -> list[int]:
        aig, x, c = net.aig, net.inputs["x"], net.outputs["c"]
        width = len(c)
        total = [0] * width
        for place in range(config.elements.bit_length()):
            if config.elements >> place & 1:
                total = aig.add(total, _wide([*[0] * place, *x], width))
        if config.kind == "layer":
            negated = aig.add([bit ^ 1 for bit in _wide(net.inputs["sum"], width)], [1, *[0] * (width - 1)])
            total = aig.add(total, negated)
        return [aig.differ(c, total)]

    return every_lane(artifact, _lanes(config, "centre"), wrong, "sums of shifts")


def rounded(directory: Path) -> Verdict:
    """z of every product, for every h that a T has: moved, with the half added, in every lane."""
    artifact, config = _config(directory)
    first, last = (config.added.bit_length() - 1) >> 1, (config.total_width - 1) >> 1

    def wrong(net: Netlist) -> list[int]:
        aig, v, h, z = net.aig, net.inputs["v"], net.inputs["h"], net.outputs["z"]
        found: list[int] = []
        for scale in range(first, last + 1):
            drop = scale + VALUE_BITS - config.places - config.fine
            word = [*[0] * max(1 - drop, 0), *v]
            drop = max(drop, 1)
            half = word[drop - 1] if drop - 1 < len(word) else word[-1]
            kept = _wide(word[drop:] or [word[-1]], len(z))
            wanted = aig.add(kept, [half, *[0] * (len(z) - 1)])
            here = aig.all(bit ^ (1 - (scale >> i & 1)) for i, bit in enumerate(h))
            found.append(aig.land(here, aig.differ(z, wanted)))
        return found

    bits = config.centred_width + VALUE_BITS + 2
    return every_lane(artifact, _lanes(config, "round"), wrong, f"all products of {bits} bits, h of {first} to {last},")


def results(directory: Path) -> Verdict:
    """y of every word: rounded after beta is added, where there are constants, and held to the format's numbers."""
    artifact, config = _config(directory)
    fmt = config.output_format

    def wrong(net: Netlist) -> list[int]:
        aig, y = net.aig, net.outputs["y"]
        if config.scaled:
            fraction = config.places + config.gamma_format.fraction_bits
            drop, shift = fraction - fmt.fraction_bits, fraction - config.beta_format.fraction_bits
            width = max(len(net.inputs["p"]), shift + len(net.inputs["beta"])) + 2
            total = aig.add(_wide(net.inputs["p"], width), _wide([*[0] * shift, *net.inputs["beta"]], width))
            total = aig.add(total, [1 if i == drop - 1 else 0 for i in range(width)])
            whole = total[drop:]
        else:
            whole = net.inputs["z"]
        number = _wide(whole, max(len(whole), fmt.width + 1))
        sign, above = number[-1], number[fmt.width - 1 : -1]
        over, under = aig.land(sign ^ 1, aig.any(above)), aig.land(sign, aig.all(above) ^ 1)
        return [
            aig.land(aig.lor(over, under) ^ 1, aig.differ(y, number[: fmt.width])),
            aig.land(over, aig.differ(y, [*[1] * (fmt.width - 1), 0])),
            aig.land(under, aig.differ(y, [*[0] * (fmt.width - 1), 1])),
        ]

    return every_lane(artifact, _lanes(config, "result"), wrong, "all words")
