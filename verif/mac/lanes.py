"""One mode of a multiply-accumulate unit, its registers wires: what each lane computes of its operands and its product.

The unit's product is one packed word. Which of its bits are the product of which operands is a matter of the mode's
packing (:mod:`.packing_proofs`); here each lane's product is a word of its own, free to be anything, and all other bits
of the packed word are 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ...hw.mac.config import MacConfig
from ..aig import FALSE, TRUE, Aig, evaluate
from ..artifact import Artifact
from ..netlist import Netlist
from ..pipeline import Pipeline
from ..proofs import netlist_of
from .anchor.proofs import specification

Beats = dict[str, np.ndarray]
"""Codes of each input field but ``mode``, of shape (beats, elements)."""

_SIDES = {"a": "a", "b": "b", "c": "acc", "y": "acc"}


def load(directory: Path) -> tuple[Artifact, MacConfig]:
    """The artefact in a directory, and its config."""
    artifact = Artifact.load(directory)
    return artifact, MacConfig(**artifact.manifest["config"])


def pipeline(artifact: Artifact) -> Pipeline:
    """The unit, its product left out."""
    return Pipeline(netlist_of(artifact, artifact.module, [f"{artifact.module}__product"]), artifact)


@dataclass(frozen=True)
class Region:
    """Bits of p that are the product of a slice of a and a slice of b."""

    a: slice
    b: slice
    p: slice


def regions(config: MacConfig) -> tuple[Region, ...]:
    """What the unit's product is made of: one multiplication of whole words, or one a lane without a block."""
    packings = [mode.packing for mode in config.modes]
    if packings[0].slots is None:
        a, b = max(p.extent_a for p in packings), max(p.extent_b for p in packings)
        return (Region(slice(0, a), slice(0, b), slice(0, a + b)),)
    a, b = max(p.width_a for p in packings), max(p.width_b for p in packings)
    rows, columns = config.grid
    lanes = [(i, j, i * columns + j) for i in range(rows) for j in range(columns)]
    return tuple(Region(slice(i * a, (i + 1) * a), slice(j * b, (j + 1) * b), slice(n * (a + b), (n + 1) * (a + b)))
                 for i, j, n in lanes)  # fmt: skip


class Lanes:
    """The unit in one mode as functions over a beat's codes and over the lanes' products.

    Parameters
    ----------
    directory : Path
        The artefact.
    mode : int
    code : int or None
        What the field ``mode`` holds (default: the mode's number).

    Attributes
    ----------
    fields : dict
        Literals of each element of a, b and c: ``fields["a"][i]``, ``fields["c"][i * columns + j]``; all free.
    products : dict
        Literals of the free product of each lane (i, j) that the mode uses.
    y : list
        Literals of each element of y, products in their windows, all other bits of the packed product 0.
    fed : dict
        Literals of the packed words ``a`` and ``b`` that the multiplier is fed.
    raw : list
        As ``y``, over the free packed product ``p``.
    """

    def __init__(self, directory: Path, mode: int = 0, code: int | None = None):
        self.artifact, self.config = load(directory)
        self.number, self.mode, self.lane_config = mode, self.config.modes[mode], self.config.lane(mode)
        self.rows, self.columns = self.config.grid
        packing = self.mode.packing
        self.used = [(i, j) for i in range(packing.lanes_a) for j in range(packing.lanes_b)]
        self.aig = aig = Aig()
        source = {place.field: place for place in self.artifact.stream("in").payload}
        self.fields = {name: [aig.inputs(source[name].width) for _ in range(source[name].count)] for name in "abc"}
        unit = pipeline(self.artifact)
        (cut,) = unit.netlist.cuts
        self.p = aig.inputs(len(cut.outputs["p"]))
        words = dict(self.fields)
        if "mode" in source:
            code = mode if code is None else code
            words["mode"] = [[TRUE if code >> i & 1 else FALSE for i in range(source["mode"].width)]]
        outputs, fed = unit.combinational(aig, _ports(self.artifact, words), {cut.name: {"p": self.p}})
        self.fed = fed[cut.name]
        (place,) = self.artifact.stream("out").payload
        starts = [place.offset + k * place.width for k in range(place.count)]
        self.raw = [outputs[place.port][start : start + place.width] for start in starts]
        # The only product of a unit of one lane and one mode is all of p.
        alone = self.rows * self.columns == len(self.config.modes) == 1
        self.products = {lane: aig.inputs(len(self.p) if alone else packing.window) for lane in self.used}
        packed = [FALSE] * len(self.p)
        for lane, word in self.products.items():
            packed[packing.at(*lane) : packing.at(*lane) + len(word)] = word
        inside = {x >> 1: y for x, y in zip(self.p, packed, strict=True)}
        self.y = [aig.copy(word, aig, inside) for word in self.raw]
        self._specs: dict[tuple[int, int], dict[str, list[int]]] = {}

    def index(self, lane: tuple[int, int]) -> int:
        """Element of a lane in c and y."""
        return lane[0] * self.columns + lane[1]

    def _at(self, lane: tuple[int, int]) -> dict[str, int]:
        """Elements of a, b and c that a lane takes."""
        return {"a": lane[0], "b": lane[1], "c": self.index(lane)}

    def of_lane(self, lane: tuple[int, int]) -> dict[str, list[int]]:
        """Literals of a lane's own a, b, c and p, in the widths of its formats."""
        at, formats = self._at(lane), {"a": self.mode.a, "b": self.mode.b, "c": self.mode.acc}
        own = {name: self.fields[name][at[name]][: formats[name].width] for name in "abc"}
        return {**own, "p": self.products[lane]}

    @cached_property
    def specified(self) -> Netlist:
        """The specification of one lane of the mode, as a netlist."""
        return specification(self.lane_config)

    def spec(self, lane: tuple[int, int]) -> dict[str, list[int]]:
        """Literals of what the specification makes of a lane's words: sa, sb, fa, fb, y (as the field) and lemma."""
        if lane in self._specs:
            return self._specs[lane]
        net, own = self.specified, self.of_lane(lane)
        own["p"] = own["p"] + [FALSE] * (len(net.inputs["p"]) - len(own["p"]))
        found = net.on(self.aig, own)
        found["y"] += [FALSE] * (len(self.y[0]) - len(found["y"]))
        self._specs[lane] = found
        return found

    def only(self, lane: tuple[int, int], word: Sequence[int]) -> list[int]:
        """A word where all inputs but the lane's own are 0."""
        own = {x >> 1 for literals in self.of_lane(lane).values() for x in literals}
        return self.aig.copy(word, self.aig, {n: FALSE for n in self.aig.support(word) if n not in own})

    # Numbers.

    def computed(self, beats: Beats, lane: tuple[int, int]) -> np.ndarray:
        """The circuit's y of a lane, with the product of the words that it multiplies."""
        feed = [(word, codes[:, k]) for name, codes in beats.items() for k, word in enumerate(self.fields[name])]
        count, parts = len(beats["a"]), regions(self.config)
        slices = {f"{side}{k}": self.fed[side][getattr(part, side)] for k, part in enumerate(parts) for side in "ab"}
        factors = evaluate(self.aig, slices, feed, count)
        products = [(self.p[part.p], factors[f"a{k}"] * factors[f"b{k}"]) for k, part in enumerate(parts)]
        return evaluate(self.aig, {"y": self.raw[self.index(lane)]}, [*feed, *products], count)["y"]

    def evaluate(self, beats: Beats, lane: tuple[int, int]) -> dict[str, np.ndarray]:
        """y of a lane as the circuit and as the specification has it, each with its own product."""
        return {"y": self.computed(beats, lane), "expected": self.expected(beats, lane)}

    def expected(self, beats: Beats, lane: tuple[int, int]) -> np.ndarray:
        """The specification's y of a lane."""
        net, count = self.specified, len(beats["a"])
        own = [(net.inputs[name], codes & np.uint64((1 << len(net.inputs[name])) - 1))
               for name, codes in self.codes(beats, lane).items()]  # fmt: skip
        free = (net.inputs["p"], np.zeros(count, np.uint64))
        factors = evaluate(net.aig, {name: net.outputs[name] for name in ("fa", "fb")}, [*own, free], count)
        p = (net.inputs["p"], factors["fa"] * factors["fb"])
        return evaluate(net.aig, {"y": net.outputs["y"]}, [*own, p], count)["y"]

    def codes(self, beats: Beats, lane: tuple[int, int]) -> Beats:
        """A lane's own codes of a, b and c."""
        at = self._at(lane)
        return {name: beats[name][:, at[name]] for name in "abc"}

    def shown(self, beats: Beats, lane: tuple[int, int]) -> dict[str, Any]:
        """The first beat as a counterexample: mode, lane, its codes with their values, and what they become."""
        from . import describe

        first = {name: codes[:1] for name, codes in beats.items()}
        shown = self.where(lane)
        if lane in self.products:
            for name, code in {**self.codes(first, lane), **self.evaluate(first, lane)}.items():
                side = "y" if name == "expected" else name
                width = getattr(self.mode, _SIDES[side]).width
                known = int(code[0]) & ((1 << width) - 1)
                shown[name] = describe(self.lane_config, side, known)
                if side == "y" and known != int(code[0]):
                    shown[name] = f"0x{int(code[0]):x}, of more than {width} bits"
        else:
            shown |= {"y": hex(self.computed(first, lane)[0]), "expected": "0x0 (a lane that the mode does not use)"}
        if self.rows * self.columns > 1:
            fields = [f"{name} = {' '.join(hex(code) for code in codes[0])}" for name, codes in first.items()]
            shown["beat"] = ", ".join(fields)
        return shown

    def where(self, lane: tuple[int, int]) -> dict[str, Any]:
        """Mode and lane in words, where the unit has several."""
        mode = {"mode": f"{self.number} ({self.mode.name})"} if len(self.config.modes) > 1 else {}
        return {**mode, **({"lane": f"{lane[0]}, {lane[1]}"} if self.rows * self.columns > 1 else {})}


def _ports(artifact: Artifact, fields: dict[str, list[list[int]]]) -> dict[str, list[int]]:
    """Literals of the payload input ports, of which the fields' elements are parts."""
    stream = artifact.stream("in")
    words = {port: [FALSE] * width for port, width in artifact.port_widths(stream).items()}
    for place in stream.payload:
        for k, element in enumerate(fields[place.field]):
            start = place.offset + k * place.width
            words[place.port][start : start + place.width] = element
    return words
