"""How it is shown that every lane gets its own product: of the multiplier, and of the places of operands in its words.

Each function takes the artefact's directory and returns a verdict; each runs in a process of its own.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ...hw.formats import Format
from ...hw.mac.config import MacConfig
from ...hw.mac.config.modes import Mode
from .. import solvers
from ..aig import FALSE, evaluate
from ..netlist import Netlist
from ..proofs import made, multipliers, netlist_of
from ..prove import Verdict
from .lanes import Region, load, regions
from .spec import classes

TRIED_BITS = 16  # operands of a mode together: their products are computed, beside the argument


def product(directory: Path) -> Verdict:
    """The product's module puts out a * b, or each lane's: its blocks multiply, and what they make adds up to it."""
    artifact, config = load(directory)
    blocks = multipliers(artifact)
    text = artifact.verilog.read_text()
    for block in blocks:
        script = f"read_verilog unit.v\nhierarchy -check -top {block}\nproc\nwrite_json block.json"
        if wrong := no_multiplication(json.loads(made(script, {"unit.v": text}, "block.json"))["modules"][block]):
            return Verdict("refuted", "structure", {"module": block, "where": wrong})
    top = f"{artifact.module}__product"
    net = netlist_of(artifact, top, blocks)
    parts = regions(config)
    wide = {side: max(getattr(part, side).stop for part in parts) for side in "abp"}
    found = {"a": len(net.inputs["a"]), "b": len(net.inputs["b"]), "p": len(net.outputs["p"])}
    if net.registers or found != wide:
        where = "it must be combinational and as wide as the significands"
        return Verdict("refuted", "structure", {"module": top, "where": where})
    if wrong := _wrong_product(net, parts):
        return Verdict("refuted", "simulation", {"module": top, **wrong})
    for part in parts:
        verdict = _tiled(net, part)
        if verdict is not None:
            return verdict
    axiom = "one unsigned multiplication (the axiom p = a * b)"
    if len(net.cuts) == len(parts) == 1:
        return Verdict("proved", f"structure of the block: {axiom}")
    if len(net.cuts) == len(parts):
        return Verdict("proved", f"structure of {len(parts)} blocks, one a lane: {axiom}")
    return Verdict("proved", f"structure of {len(net.cuts)} blocks: {axiom}; their sum by kissat and coefficients")


def _tiled(net: Netlist, part: Region) -> Verdict | None:
    """None where a region of p is the product of its slices: the sum of the blocks that it depends on."""
    aig, a, b, p = net.aig, net.inputs["a"][part.a], net.inputs["b"][part.b], net.outputs["p"][part.p]
    position = {literal: i for i, literal in enumerate(a)}, {literal: i for i, literal in enumerate(b)}
    total, weight = [FALSE] * len(p), np.zeros((len(a), len(b)), object)
    needed = aig.support(p)
    for tile in net.cuts:
        if not needed & {x >> 1 for x in tile.outputs["p"]}:
            continue
        slices = []
        for word, at in ((tile.inputs["a"], position[0]), (tile.inputs["b"], position[1])):
            if any(x != FALSE and x not in at for x in word):
                return Verdict("unknown", f"operands of {tile.name} are no slices of a and b")
            slices.append([(i, at[x]) for i, x in enumerate(word) if x != FALSE])
        if not all(slices):
            return Verdict("unknown", f"{tile.name} has an operand that is nothing")
        shift = sum(at - i for i, at in (s[0] for s in slices))
        total = aig.add(total, ([FALSE] * shift + tile.outputs["p"] + [FALSE] * len(p))[: len(p)])
        for i, at_a in slices[0]:
            for j, at_b in slices[1]:
                weight[at_a, at_b] += 1 << (i + j + shift)
    if solvers.model(aig, [aig.differ(p, total)]) is not None:
        return Verdict("unknown", "p is not the sum of the tiles for all that they might put out")
    # The sum of the tiles is a bilinear form of the bits of a and b: equal to a * b iff every coefficient is.
    if any(weight[i, j] != 1 << (i + j) for i in range(len(a)) for j in range(len(b))):
        where = "the tiles do not make a * b"
        return Verdict("refuted", "coefficients of the tiles", {"where": where, "bits": f"{part.p.start} and up"})
    return None


def no_multiplication(module: dict[str, Any]) -> str | None:
    """Why a module is not ``p = a * b`` in one unsigned cell; None where it is."""
    cells = list(module["cells"].values())
    if len(cells) != 1 or cells[0]["type"] != "$mul":
        return f"it must be one multiplication, not {', '.join(c['type'] for c in cells) or 'no cell'}"
    pins, params = cells[0]["connections"], cells[0]["parameters"]
    if any(int(params[f"{side}_SIGNED"], 2) for side in "AB"):
        return "its multiplication must be unsigned"
    ports = {name: port["bits"] for name, port in module["ports"].items()}
    for pin, port in (("A", "a"), ("B", "b")):
        bits = pins[pin]
        if bits[: len(ports[port])] != ports[port] or any(bit != "0" for bit in bits[len(ports[port]) :]):
            return f"its multiplication must take the whole of {port}"
    if pins["Y"] != ports["p"] or len(ports["p"]) != len(ports["a"]) + len(ports["b"]):
        return "p must be the whole product"
    return None


def _wrong_product(net: Netlist, parts: tuple[Region, ...]) -> dict[str, str] | None:
    """Random factors of which a product with its blocks left out does not make the product; None if there are none."""
    rng, count = np.random.default_rng(0), 1 << 12
    feed = [([x], rng.integers(0, 2, count, dtype=np.uint64)) for side in "ab" for x in net.inputs[side]]
    free = [(tile.outputs["p"], np.zeros(count, np.uint64)) for tile in net.cuts]
    factors = [evaluate(net.aig, tile.inputs, [*feed, *free], count) for tile in net.cuts]
    tiles = [(word, f["a"] * f["b"]) for (word, _), f in zip(free, factors, strict=True)]
    for part in parts:
        words = {"a": net.inputs["a"][part.a], "b": net.inputs["b"][part.b], "p": net.outputs["p"][part.p]}
        found = evaluate(net.aig, words, [*feed, *tiles], count)
        wrong = np.flatnonzero(found["p"] != found["a"] * found["b"])
        if len(wrong):
            return {side: hex(found[side][wrong[0]]) for side in "abp"}
    return None


def packing(directory: Path, mode: int) -> Verdict:
    """Each window of the mode is the product of its lane's operands, and no other bit is ever 1.

    With the operands' words sums of ``A_i * 2^a_i`` and ``B_j * 2^b_j``, the product is the sum of all
    ``A_i * B_j * 2^(a_i + b_j)``, as integers. No ``A_i * B_j`` exceeds the product of the largest significands, which
    is less than ``2^window``, and each stands in a window of its own, so that no carry leaves it: the sum's digits are
    those of the products.
    """
    artifact, config = load(directory)
    named = {"mode": f"{mode} ({config.modes[mode].name})"}
    if wrong := misplaced(config, config.modes[mode]):
        return Verdict("refuted", "intervals of integers", {**named, "where": wrong})
    net = netlist_of(artifact, f"{artifact.module}__product", multipliers(artifact))
    found = {"a": len(net.inputs["a"]), "b": len(net.inputs["b"]), "p": len(net.outputs["p"])}
    for side, width in found.items():
        stop = max(getattr(part, side).stop for part in regions(config))
        if width < stop:
            where = f"{side} must have {stop} bits, not {width}"
            return Verdict("refuted", "intervals of integers", {**named, "where": where})
    method = "intervals of integers"
    packing = config.modes[mode].packing
    bits = packing.lanes_a * packing.width_a + packing.lanes_b * packing.width_b
    if bits <= TRIED_BITS:
        if wrong := _mixed(config, config.modes[mode]):
            return Verdict("refuted", "computed", {**named, **wrong})
        method += f"; all products of up to {1 << bits} words computed"
    return Verdict("proved", method)


def misplaced(config: MacConfig, mode: Mode) -> str | None:
    """Why the places of a mode's operands and windows mix its products; None where each window is one product.

    Parameters
    ----------
    config : MacConfig
        Its modes say which bits of the product are multiplied together.
    mode : Mode
    """
    packing, width = mode.packing, {"a": mode.packing.width_a, "b": mode.packing.width_b}
    if (packing.width_a, packing.width_b) != (mode.a.significand_width, mode.b.significand_width):
        return f"windows must be of {mode.a.significand_width} and {mode.b.significand_width} bits"
    largest = _largest(mode.a) * _largest(mode.b)
    if largest >> packing.window:
        return f"windows must hold {largest}, the largest product, in more than {packing.window} bits"
    places = {"a": packing.a, "b": packing.b}
    for side, starts in places.items():
        for low, high in pairwise(sorted(starts)):
            if high < low + width[side]:
                return f"operands of {side} must not overlap, but those at bits {low} and {high} do"
    windows: dict[tuple[int, int], Region] = {}
    for part in regions(config):
        inside: dict[str, list[int]] = {"a": [], "b": []}
        for side, starts in places.items():
            piece = getattr(part, side)
            for index, start in enumerate(starts):
                if piece.start <= start and start + width[side] <= piece.stop:
                    inside[side].append(index)
                elif start < piece.stop and start + width[side] > piece.start:
                    return f"operand {index} of {side} must lie inside bits {piece.start} to {piece.stop - 1}"
        for lane in ((i, j) for i in inside["a"] for j in inside["b"]):
            if lane in windows:
                return f"lane {lane} must be multiplied once"
            windows[lane] = part
            at = part.p.start + packing.a[lane[0]] - part.a.start + packing.b[lane[1]] - part.b.start
            if packing.at(*lane) != at:
                return f"the window of lane {lane} must start at bit {at}, not {packing.at(*lane)}"
            if at + packing.window > part.p.stop:
                return f"the window of lane {lane} must end within {part.p.stop} bits"
    if len(windows) != packing.lanes:
        return f"all {packing.lanes} lanes must be multiplied, not {len(windows)}"
    for low, high in pairwise(sorted(windows, key=lambda lane: packing.at(*lane))):
        if packing.at(*high) < packing.at(*low) + packing.window:
            return f"windows must not overlap, but those of lanes {low} and {high} do"
    return None


def _largest(fmt: Format) -> int:
    """The largest significand of a format, as the specification's classes have it."""
    return max(high for _, high in classes(fmt, False).values())


def _mixed(config: MacConfig, mode: Mode) -> dict[str, str] | None:
    """Significands of which the packed product is not the products side by side; None if there are none."""
    packing = mode.packing
    widths = [packing.width_a] * packing.lanes_a + [packing.width_b] * packing.lanes_b
    index, operands = np.arange(1 << sum(widths), dtype=np.uint64), []
    for width in widths:
        operands.append(index & np.uint64((1 << width) - 1))
        index = index >> np.uint64(width)
    most = [_largest(mode.a)] * packing.lanes_a + [_largest(mode.b)] * packing.lanes_b
    there = np.all([x <= bound for x, bound in zip(operands, most, strict=True)], 0)
    operands = [x[there] for x in operands]
    a, b = operands[: packing.lanes_a], operands[packing.lanes_a :]

    def word(values: list[np.ndarray], starts: tuple[int, ...], piece: slice) -> np.ndarray:
        inside = [(v, s - piece.start) for v, s in zip(values, starts, strict=True) if piece.start <= s < piece.stop]
        return sum((v << np.uint64(s) for v, s in inside), np.zeros_like(a[0]))

    for part in regions(config):
        found = word(a, packing.a, part.a) * word(b, packing.b, part.b)
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                if part.p.start <= packing.at(i, j) < part.p.stop:
                    found ^= (x * y) << np.uint64(packing.at(i, j) - part.p.start)
        if len(wrong := np.flatnonzero(found)):
            return {f"{side}{k}": hex(int(v[wrong[0]])) for side, of in (("a", a), ("b", b)) for k, v in enumerate(of)}
    return None
