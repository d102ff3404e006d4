"""How the claims of a heartbeat classifier are tried: by reading the tables of the emitted file.

Each function takes the artefact's directory and returns a verdict.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...hw.ecg.config import EcgConfig
from ...hw.ecg.config.schedule import shares
from ..artifact import Artifact
from ..prove import Verdict


class Neuron(NamedTuple):
    """A neuron as the file has it: its place, what its sum starts at, theta4, and weights by input.

    ``ends``: whether the file says rightly if it is its element's last of the layer.
    """

    layer: int
    number: int
    start: int
    theta4: int
    ends: bool
    weights: dict[int, int]


def weights(directory: Path) -> Verdict:
    """The neurons of all elements are the config's, each once, with its weights at their inputs."""
    artifact = Artifact.load(directory)
    config, seen, count = EcgConfig(**artifact.manifest["config"]), set(), 0
    half = 1 << (config.accumulator - 1)
    for element, neuron in _neurons(artifact, config):
        layer, j = neuron.layer, neuron.number
        row = config.weights[layer][j] if j < config.widths[layer + 1] else ()
        theta4 = config.thetas[layer][j] if layer < config.num_layers - 1 and row else 0
        start = (config.biases[layer][j] if config.neuron == "if" else
                 min(max(config.steps * config.biases[layer][j], -half), half - 1)) if row else 0  # fmt: skip
        held = {k: w for k, w in neuron.weights.items() if w}
        said = {k: w for k, w in enumerate(row) if w}
        right = neuron.ends and (neuron.start, neuron.theta4) == (start, theta4)
        if not row or (layer, j) in seen or held != said or not right:
            where = f"element {element}, neuron {j} of layer {layer}"
            return Verdict("refuted", "exhaustion", {"where": where, "weights": held, "expected": said})
        seen.add((layer, j))
        count += len(held)
    if len(seen) != sum(config.widths[1:]):
        return Verdict("refuted", "exhaustion", {"where": f"{len(seen)} neurons, not {sum(config.widths[1:])}"})
    return Verdict("proved", f"exhaustion, {count} weights")


def bound(directory: Path) -> Verdict:
    """The least and the greatest partial sum of the file's own weights and starts lie in the accumulator, exactly.

    Each count is 0 to T and joins apart from the others, so that every partial sum lies between the start with all
    negative weights at T and the start with all positive ones at T. In ``if`` a neuron starts at 0, its bias joins T
    times, and U lies between four times these ends, widened to hold 0 (:attr:`EcgConfig.bounds` says why).
    """
    artifact = Artifact.load(directory)
    config, most = EcgConfig(**artifact.manifest["config"]), 0
    half = 1 << (config.accumulator - 1)
    for element, neuron in _neurons(artifact, config):
        start = neuron.start * (config.steps if config.neuron == "if" else 1)
        low = start + config.steps * sum(w for w in neuron.weights.values() if w < 0)
        high = start + config.steps * sum(w for w in neuron.weights.values() if w > 0)
        # A start at the very end may have been clamped, and then says nothing about the sum.
        if not -half < low <= high < half - 1:
            where = f"element {element}, neuron {neuron.number} of layer {neuron.layer}"
            return Verdict("refuted", "exact arithmetic", {"where": where, "least": low, "greatest": high})
        most = max(most, 1 + max(high, ~low, 0).bit_length())
    more = config.sum_width - config.accumulator  # quarters
    return Verdict("proved", f"exact arithmetic, {most + more} of {config.sum_width} bits are needed")


def _neurons(artifact: Artifact, config: EcgConfig) -> Iterator[tuple[int, Neuron]]:
    """All neurons of all elements, as the elements walk their tables."""
    text = artifact.verilog.read_text()
    target = (max(config.widths[1:]) - 1).bit_length()
    for element in range(config.pes):
        mine = [(layer, j) for layer, given in enumerate(shares(config)) for j in given[element]]
        if not mine:
            continue
        body = re.search(rf"^module {artifact.module}__element{element}\(.*?^endmodule", text, re.S | re.M)
        assert body is not None, f"the file must have element {element}, and has not"
        entries, words = _table(body[0], "weights"), _table(body[0], "neurons")
        theta = max((config.thetas[layer][j] for layer, j in mine if layer < config.num_layers - 1), default=0)
        used = [config.weights[layer][j] for layer, j in mine]
        runs = max((run for row in used for run in _runs(row)), default=0).bit_length()
        width = {"runs": entries[0][1] - runs - 1}.get(config.coding, entries[0][1])
        at = 0
        after = [layer for layer, _ in mine[1:]] + [-1]
        for (word, _), (layer, _), following in zip(words, mine, after, strict=False):
            begins = config.accumulator if config.neuron == "ssf" else config.bias_bits
            start, word = _signed(word, begins), word >> begins
            number, word = word & ((1 << target) - 1), word >> target
            theta4, word = word & ((1 << theta.bit_length()) - 1), word >> theta.bit_length()
            ends = bool(word & 1) == (layer != following)
            bitmap, row, place = word >> 1, {}, -1
            while at < len(entries):
                entry, at = entries[at][0], at + 1
                weight, rest = _signed(entry, width), entry >> width
                if config.coding == "bitmap":
                    place, bitmap = (bitmap & -bitmap).bit_length() - 1, bitmap & (bitmap - 1)
                    last = not bitmap
                elif config.coding == "runs":
                    place += 1 + (rest & ((1 << runs) - 1))
                    last = bool(rest >> runs)
                else:
                    place += 1
                    last = place == config.widths[layer] - 1
                row[place] = weight
                if last:
                    break
            yield element, Neuron(layer, number, start, theta4, ends, row)


def _runs(row: tuple[int, ...]) -> list[int]:
    """Zeros before each weight that is not 0."""
    places = [-1, *(k for k, weight in enumerate(row) if weight)]
    return [b - a - 1 for a, b in itertools.pairwise(places)]


def _signed(word: int, width: int) -> int:
    """The lowest bits of a word as two's complement."""
    value = word & ((1 << width) - 1)
    return value - (value >> (width - 1) << width)


def _table(body: str, name: str) -> list[tuple[int, int]]:
    """Words of a memory in the order of their addresses, each with its width."""
    found = re.findall(rf"^\s*{name}\[(\d+)\] = (\d+)'([hd])([0-9a-f]+);", body, re.M)
    # Words of 32 bits are written in decimal.
    return [(int(word, 16 if base == "h" else 10), int(width))
            for _, width, base, word in sorted(found, key=lambda item: int(item[0]))]  # fmt: skip
