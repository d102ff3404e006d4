"""How the claim is tried that a block's magnitude meets the significands of its scales (nvfp4)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ....hw.formats import FORMATS
from ... import solvers
from ...aig import FALSE, evaluate
from ...artifact import Artifact
from ...netlist import GATES, from_json
from ...proofs import made, multipliers, netlist_of
from ...prove import Verdict
from ..packing_proofs import no_multiplication
from ..spec import operand
from .proofs import Whole

SIDES = ("scale_a", "scale_b", "t")


def scaled(directory: Path) -> Verdict:
    """p of the lane is magnitude * significand of scale_a * significand of scale_b * significand of t."""
    whole = Whole(directory)
    artifact, made_by, fed = whole.artifact, whole.made, whole.fed
    wiring = {
        "scale_factor.b": (fed["scale_factor"]["b"], made_by["scale_product"]["p"]),
        "scaled.a": (fed["scaled"]["a"], made_by["scale_factor"]["p"]),
        "scaled.b": (fed["scaled"]["b"], made_by["root"]["p"]),
    }
    for name, (found, wanted) in wiring.items():
        if found != wanted:
            return Verdict("refuted", "structure", {"where": f"{name} is not fed what it must multiply"})
    aig = whole.aig
    significands = _significands(whole)
    pins = (fed["scale_product"]["a"], fed["scale_product"]["b"], fed["scale_factor"]["a"])
    wrong = [aig.differ(found, significands[name]) for name, found in zip(SIDES, pins, strict=True)]
    if solvers.model(aig, [aig.any(wrong)]) is not None:
        return Verdict("refuted", "kissat", {"where": "a scale's significand is not what is multiplied"})
    narrow = netlist_of(artifact, f"{artifact.module}__scale_product", [])
    pairs = np.arange(1 << 8, dtype=np.uint64)
    x, y = pairs >> np.uint64(4), pairs & np.uint64(15)
    found = evaluate(narrow.aig, narrow.outputs, [(narrow.inputs["a"], x), (narrow.inputs["b"], y)], len(pairs))
    if (found["p"] != x * y).any():
        return Verdict("refuted", "exhaustion", {"module": f"{artifact.module}__scale_product"})
    for name in ("scale_factor", "scaled"):
        if (refuted := _product(artifact, f"{artifact.module}__{name}")) is not None:
            return refuted
    axiom = "structure of two products: the axiom p = a * b of each block, their sums by kissat and coefficients"
    return Verdict("proved", f"significands by kissat; 4x4 product by exhaustion; {axiom}")


def _significands(whole: Whole) -> dict[str, list[int]]:
    """Significands of the scales as the formats say, over the unit's inputs."""
    out = {}
    for name, fmt in (("scale_a", "fp8_e4m3"), ("scale_b", "fp8_e4m3"), ("t", "fp32")):
        form = FORMATS[fmt]
        text = (f"module s(input [{form.width - 1}:0] {name}, output [{form.mantissa_width}:0] m);\n"
                f"{operand(name, form, whole.config.flush, 16)}\n  assign m = {name}_m;\nendmodule\n")  # fmt: skip
        script = f"read_verilog s.v\nhierarchy -check -top s\nproc\nflatten\n{GATES}\nwrite_json s.json"
        net = from_json(json.loads(made(script, {"s.v": text}, "s.json")), "s")
        mapping = {x >> 1: y for x, y in zip(net.inputs[name], whole.field(name)[0], strict=True)}
        out[name] = net.aig.copy(net.outputs["m"], whole.aig, mapping)
    return out


def _product(artifact: Artifact, top: str) -> Verdict | None:
    """What refutes that a module's p is a * b; None if nothing."""
    blocks = [name for name in multipliers(artifact) if name.startswith(f"{top}__")]
    text = artifact.verilog.read_text()
    for block in blocks:
        script = f"read_verilog unit.v\nhierarchy -check -top {block}\nproc\nwrite_json block.json"
        module = json.loads(made(script, {"unit.v": text}, "block.json"))["modules"][block]
        if wrong := no_multiplication(module):
            return Verdict("refuted", "structure", {"module": block, "where": wrong})
    net = netlist_of(artifact, top, blocks)
    aig, a, b, p = net.aig, net.inputs["a"], net.inputs["b"], net.outputs["p"]
    place = {literal: ("a", i) for i, literal in enumerate(a)} | {literal: ("b", i) for i, literal in enumerate(b)}
    total, weight = [FALSE] * len(p), np.zeros((len(a), len(b)), object)
    for tile in net.cuts:
        if any(x != FALSE and x not in place for word in tile.inputs.values() for x in word):
            return Verdict("unknown", f"operands of {tile.name} are no slices of a and b")
        at = {side: [(i, place[x][1]) for i, x in enumerate(tile.inputs[side]) if x != FALSE] for side in "ab"}
        if any(place[x][0] != side for side in "ab" for x in tile.inputs[side] if x != FALSE):
            return Verdict("unknown", f"operands of {tile.name} are exchanged")
        shift = sum(at[side][0][1] - at[side][0][0] for side in "ab")
        total = aig.add(total, ([FALSE] * shift + tile.outputs["p"] + [FALSE] * len(p))[: len(p)])
        for i, at_a in at["a"]:
            for j, at_b in at["b"]:
                weight[at_a, at_b] += 1 << (i + j + shift)
    if solvers.model(aig, [aig.differ(p, total)]) is not None:
        return Verdict("unknown", "p is not the sum of the tiles for all that they might put out")
    if any(weight[i, j] != 1 << (i + j) for i in range(len(a)) for j in range(len(b))):
        return Verdict("refuted", "coefficients of the tiles", {"module": top, "where": "the tiles do not make a * b"})
    return None
