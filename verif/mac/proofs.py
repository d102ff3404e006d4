"""How the claims of the multiply-accumulate unit are tried: the functions behind :mod:`.claims`.

Each takes the artefact's directory and returns a verdict; each runs in a process of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...hw.mac.config import MacConfig
from .. import solvers
from ..aig import FALSE, Aig, evaluate
from ..artifact import Artifact
from ..netlist import Netlist
from ..pipeline import Pipeline
from ..proofs import made, multipliers, netlist_of
from ..prove import Verdict
from .anchor_proofs import specification
from .spec import classes as classes_of

SIMULATED = 1 << 16  # vectors tried before a solver is asked


def load(directory: Path) -> tuple[Artifact, MacConfig]:
    """The artefact in a directory, and its config."""
    artifact = Artifact.load(directory)
    return artifact, MacConfig(**artifact.manifest["config"])


def pipeline(artifact: Artifact) -> Pipeline:
    """The unit, its product left out."""
    return Pipeline(netlist_of(artifact, artifact.module, [f"{artifact.module}__product"]), artifact)


def product(directory: Path) -> Verdict:
    """The product's module puts out a * b: its blocks multiply, and what they multiply adds up to it."""
    artifact, config = load(directory)
    blocks = multipliers(artifact)
    text = artifact.verilog.read_text()
    for block in blocks:
        script = f"read_verilog unit.v\nhierarchy -check -top {block}\nproc\nwrite_json block.json"
        if wrong := _no_multiplication(json.loads(made(script, {"unit.v": text}, "block.json"))["modules"][block]):
            return Verdict("refuted", "structure", {"module": block, "where": wrong})
    top = f"{artifact.module}__product"
    net = netlist_of(artifact, top, blocks)
    aig, (a, b, p) = net.aig, (net.inputs["a"], net.inputs["b"], net.outputs["p"])
    if net.registers or (len(a), len(b)) != (config.a_format.significand_width, config.b_format.significand_width):
        return Verdict(
            "refuted", "structure", {"module": top, "where": "it must be combinational and as wide as the significands"}
        )
    position = {literal: i for i, literal in enumerate(a)}, {literal: i for i, literal in enumerate(b)}
    total, weight = [FALSE] * len(p), np.zeros((len(a), len(b)), object)
    for tile in net.cuts:
        slices = []
        for word, at in ((tile.inputs["a"], position[0]), (tile.inputs["b"], position[1])):
            if any(x != FALSE and x not in at for x in word):
                return Verdict("unknown", f"operands of {tile.name} are no slices of a and b")
            slices.append([(i, at[x]) for i, x in enumerate(word) if x != FALSE])
        shift = sum(at - i for i, at in (s[0] for s in slices))
        total = aig.add(total, ([FALSE] * shift + tile.outputs["p"] + [FALSE] * len(p))[: len(p)])
        for i, at_a in slices[0]:
            for j, at_b in slices[1]:
                weight[at_a, at_b] += 1 << (i + j + shift)
    if wrong := _wrong_product(net):
        return Verdict("refuted", "simulation", {"module": top, **wrong})
    if solvers.model(aig, [aig.differ(p, total)]) is not None:
        return Verdict("unknown", "p is not the sum of the tiles for all that they might put out")
    # The sum of the tiles is a bilinear form of the bits of a and b: equal to a * b iff every coefficient is.
    if any(weight[i, j] != 1 << (i + j) for i in range(len(a)) for j in range(len(b))):
        return Verdict("refuted", "coefficients of the tiles", {"module": top, "where": "the tiles do not make a * b"})
    axiom = "one unsigned multiplication (the axiom p = a * b)"
    if len(net.cuts) == 1:
        return Verdict("proved", f"structure of the block: {axiom}")
    return Verdict("proved", f"structure of {len(net.cuts)} blocks: {axiom}; their sum by kissat and coefficients")


def _no_multiplication(module: dict[str, Any]) -> str | None:
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


def _wrong_product(net: Netlist) -> dict[str, str] | None:
    """Random factors of which a product with its blocks left out does not make the product; None if there are none."""
    rng, count = np.random.default_rng(0), 1 << 12
    feed = [(net.inputs[x], rng.integers(0, 1 << len(net.inputs[x]), count, dtype=np.uint64)) for x in "ab"]
    free = [(tile.outputs["p"], np.zeros(count, np.uint64)) for tile in net.cuts]
    factors = [evaluate(net.aig, tile.inputs, [*feed, *free], count) for tile in net.cuts]
    tiles = [(word, f["a"] * f["b"]) for (word, _), f in zip(free, factors, strict=True)]
    found = evaluate(net.aig, {"p": net.outputs["p"]}, [*feed, *tiles], count)["p"]
    wrong = np.flatnonzero(found != feed[0][1] * feed[1][1])
    return (
        {x: hex(values[wrong[0]]) for x, values in zip("abp", (feed[0][1], feed[1][1], found), strict=True)}
        if len(wrong)
        else None
    )


class Miter:
    """Circuit and specification over the same codes a, b, c and the same product p."""

    def __init__(self, directory: Path):
        self.artifact, self.config = load(directory)
        self.pipeline = pipeline(self.artifact)
        spec = specification(self.config)
        self.aig = Aig()
        self.inputs = {name: self.aig.inputs(len(word)) for name, word in spec.inputs.items()}
        mapping = {
            x >> 1: y for name, word in spec.inputs.items() for x, y in zip(word, self.inputs[name], strict=True)
        }
        self.spec = {name: spec.aig.copy(word, self.aig, mapping) for name, word in spec.outputs.items()}
        ports = field_words(self.artifact, self.inputs)
        (cut,) = self.pipeline.netlist.cuts
        outputs, fed = self.pipeline.combinational(self.aig, ports, {cut.name: {"p": self.inputs["p"]}})
        self.factors = fed[cut.name]["a"], fed[cut.name]["b"]
        self.y = field_of(self.artifact, outputs, "y")

    def shown(self, codes: dict[str, int]) -> dict[str, Any]:
        """Codes of a, b and c with their values, and what circuit and specification make of them."""
        count = {name: np.array([codes[name]], np.uint64) for name in "abc"}
        out = self.evaluate(count, 1)
        from . import describe

        shown: dict[str, Any] = {name: describe(self.config, name, codes[name]) for name in "abc"}
        return {
            **shown,
            "y": describe(self.config, "y", int(out["y"][0])),
            "expected": describe(self.config, "y", int(out["expected"][0])),
        }

    def evaluate(self, codes: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
        """y of the circuit with the product of the factors that it takes; of the specification with its own."""
        feed = [(self.inputs[name], codes[name]) for name in "abc"]
        spec = [self.spec[name] for name in ("sa", "sb")]

        def one(y: list[int], factors: Sequence[list[int]]) -> np.ndarray:
            free = (self.inputs["p"], np.zeros(count, np.uint64))
            found = evaluate(self.aig, dict(zip("ab", factors, strict=True)), [*feed, free], count)
            return evaluate(self.aig, {"y": y}, [*feed, (self.inputs["p"], found["a"] * found["b"])], count)["y"]

        return {"y": one(self.y, self.factors), "expected": one(self.spec["y"], spec)}


def field_words(artifact: Artifact, fields: dict[str, list[int]]) -> dict[str, list[int]]:
    """Literals of the payload input ports of which the fields are parts."""
    stream = artifact.stream("in")
    words = {port: [FALSE] * width for port, width in artifact.port_widths(stream).items()}
    for place in stream.payload:
        words[place.port][place.offset : place.offset + place.width] = fields[place.field]
    return words


def field_of(artifact: Artifact, ports: dict[str, list[int]], name: str) -> list[int]:
    """Literals of an output field."""
    (place,) = (p for p in artifact.stream("out").payload if p.field == name)
    return ports[place.port][place.offset : place.offset + place.width]


def significands(directory: Path) -> Verdict:
    """The product is of the operands' significands."""
    miter = Miter(directory)
    aig = miter.aig
    wrong = [aig.differ(x, miter.spec[name]) for name, x in zip(("sa", "sb"), miter.factors, strict=True)]
    if (values := solvers.model(aig, [aig.any(wrong)])) is None:
        return Verdict("proved", "kissat")
    codes = {name: solvers.word(values, miter.inputs[name]) for name in "abc"}
    return Verdict("refuted", "kissat", miter.shown(codes))


def product_range(directory: Path) -> Verdict:
    """What the specification knows of the product holds of every product of significands."""
    _, config = load(directory)
    net = specification(config)
    aig, sa, sb, p = net.aig, net.outputs["sa"], net.outputs["sb"], net.inputs["p"]
    (lemma,) = net.outputs["lemma"]
    classes = [list(classes_of(f, config.flush).values()) for f in (config.a_format, config.b_format)]
    somewhere = [
        aig.any(aig.within(word, *bounds) for bounds in of) for word, of in zip((sa, sb), classes, strict=True)
    ]
    questions = [[aig.all(somewhere) ^ 1]]
    for low_a, high_a in classes[0]:
        for low_b, high_b in classes[1]:
            # The product of integers in two intervals lies between the products of their ends.
            known = aig.within(p, low_a * low_b, high_a * high_b)
            assumed = [aig.within(sa, low_a, high_a), aig.within(sb, low_b, high_b), known]
            if solvers.model(aig, assumed) is None:
                return Verdict("unknown", "the assumptions of a class contradict each other")
            questions.append([*assumed, lemma ^ 1])
    for question in questions:
        if (values := solvers.model(aig, question)) is not None:
            return Verdict(
                "refuted", "kissat", {name: hex(solvers.word(values, word)) for name, word in net.inputs.items()}
            )
    return Verdict("proved", f"products of intervals, {len(questions) - 1} pairs of classes, kissat")


def total(directory: Path) -> Verdict:
    """y is what the specification says, for every product that its range allows."""
    miter = Miter(directory)
    aig = miter.aig
    found = _simulated(miter)
    if found is not None:
        return Verdict("refuted", "simulation", miter.shown(found))
    wrong = aig.differ(miter.y, miter.spec["y"])
    (lemma,) = miter.spec["lemma"]
    if solvers.model(aig, [lemma]) is None:
        return Verdict("unknown", "what is assumed of the product contradicts itself")
    values = solvers.model(aig, [wrong, lemma])
    if values is None:
        return Verdict("proved", f"kissat, {len(aig.cone([wrong]))} nodes, product free within its range")
    codes = {name: solvers.word(values, miter.inputs[name]) for name in "abc"}
    shown = miter.shown(codes)
    if shown["y"] == shown["expected"]:
        # No operands make that product: the same question with the multiplier inside.
        mapping = {
            x >> 1: y for x, y in zip(miter.inputs["p"], aig.mul(miter.spec["sa"], miter.spec["sb"]), strict=True)
        }
        values = solvers.model(aig, aig.copy([wrong], aig, mapping))
        if values is None:
            return Verdict("proved", "kissat, multiplier included")
        shown = miter.shown({name: solvers.word(values, miter.inputs[name]) for name in "abc"})
    return Verdict("refuted", "kissat", shown)


def _simulated(miter: Miter) -> dict[str, int] | None:
    """Codes on which circuit and specification differ, among random ones aimed at small exponent differences."""
    rng = np.random.default_rng(0)
    config = miter.config
    codes = {name: rng.integers(0, 1 << fmt.width, SIMULATED, dtype=np.uint64)
             for name, fmt in (("a", config.a_format), ("b", config.b_format), ("c", config.acc_format))}  # fmt: skip
    # Half of the addends are near the product: what the specification makes of a*b + 0, moved a little.
    zero = miter.evaluate({**codes, "c": np.zeros(SIMULATED, np.uint64)}, SIMULATED)["expected"]
    acc = config.acc_format
    span = 16 << acc.mantissa_width if acc.is_float else 16
    near = zero.astype(np.int64) + rng.integers(-span // 2, span // 2, SIMULATED)
    near ^= rng.integers(0, 2, SIMULATED) << (acc.width - 1)
    near = (near & ((1 << acc.width) - 1)).astype(np.uint64)
    codes["c"] = np.where(rng.random(SIMULATED) < 0.5, near, codes["c"])
    out = miter.evaluate(codes, SIMULATED)
    bad = np.flatnonzero(out["y"] != out["expected"])
    return {name: int(codes[name][bad[0]]) for name in "abc"} if len(bad) else None


def exhaustion(directory: Path) -> Verdict:
    """y is what the golden model says, for all codes."""
    artifact, config = load(directory)
    found = pipeline(artifact)
    from . import describe, expect

    aig = Aig()
    formats = {"a": config.a_format, "b": config.b_format, "c": config.acc_format}
    inputs = {name: aig.inputs(fmt.width) for name, fmt in formats.items()}
    (cut,) = found.netlist.cuts
    p = aig.inputs(len(cut.outputs["p"]))
    outputs, fed = found.combinational(aig, field_words(artifact, inputs), {cut.name: {"p": p}})
    words = {"y": field_of(artifact, outputs, "y"), **{f"f{k}": v for k, v in fed[cut.name].items()}}
    widths = [fmt.width for fmt in formats.values()]
    count, chunk = 1 << sum(widths), 1 << 18
    for start in range(0, count, chunk):
        index = np.arange(start, min(start + chunk, count), dtype=np.uint64)
        codes = {}
        for name, width in zip("cba", reversed(widths), strict=True):
            codes[name], index = index & np.uint64((1 << width) - 1), index >> np.uint64(width)
        feed = [(inputs[name], codes[name]) for name in "abc"]
        n = len(index)
        factors = evaluate(aig, {"fa": words["fa"], "fb": words["fb"]}, [*feed, (p, np.zeros(n, np.uint64))], n)
        y = evaluate(aig, {"y": words["y"]}, [*feed, (p, factors["fa"] * factors["fb"])], n)["y"]
        expected = expect(config, codes)["y"].astype(np.uint64)
        if len(bad := np.flatnonzero(y != expected)):
            at = int(bad[0])
            shown = {name: describe(config, name, int(codes[name][at])) for name in "abc"}
            shown |= {"y": describe(config, "y", int(y[at])), "expected": describe(config, "y", int(expected[at]))}
            return Verdict("refuted", "exhaustion", shown)
    return Verdict("proved", f"all {count} sums simulated against the golden model")
