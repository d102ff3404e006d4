"""How the claims of the dot product's exact sum are tried: elements by exhaustion, the tree of adders by induction.

Each function behind :mod:`.claims` takes the artefact's directory and returns a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ....golden import exact
from ....golden.mac.dot import decode_element
from ....hw.mac.config.dot import DotConfig
from ... import solvers
from ...aig import FALSE, Aig, evaluate
from ...artifact import Artifact
from ...pipeline import Pipeline, Words
from ...proofs import netlist_of
from ...prove import Verdict

INF, NAN = 1, 2  # codes of a product's port `special`


def load(directory: Path) -> tuple[Artifact, DotConfig]:
    """The artefact in a directory, and its config."""
    artifact = Artifact.load(directory)
    return artifact, DotConfig(**artifact.manifest["config"])


def integers(config: DotConfig) -> bool:
    """Whether products of elements carry their own sign."""
    return config.a_element.format.is_integer and config.b_element.format.is_integer


def texts(artifact: Artifact) -> dict[str, str]:
    """Text of each module of the emitted file."""
    found = re.findall(r"^module (\w+)\b.*?^endmodule", artifact.verilog.read_text(), re.S | re.M)
    whole = re.finditer(r"^module \w+\b.*?^endmodule", artifact.verilog.read_text(), re.S | re.M)
    return dict(zip(found, (match.group(0) for match in whole), strict=True))


def alike(artifact: Artifact, names: Sequence[str]) -> dict[str, list[str]]:
    """Modules by the first that has the same text, with all below it, but for the name."""
    of = texts(artifact)
    groups: dict[str, list[str]] = {}
    first: dict[str, str] = {}
    for name in names:
        below = [other for other in of if other == name or other.startswith(f"{name}__")]
        text = "\n".join(re.sub(rf"\b{name}(?=\b|__)", "unit", of[other]) for other in below)
        groups.setdefault(first.setdefault(text, name), []).append(name)
    return groups


def parts(artifact: Artifact, config: DotConfig) -> list[str]:
    """Modules of products, adders and the root: what the lane and the wiring are seen without."""
    top = artifact.module
    inner = [name for name in texts(artifact) if re.fullmatch(rf"{top}__(element\d+|add\d+_\d+|root)", name)]
    scales = [f"{top}__{name}" for name in ("scale_product", "scale_factor", "scaled")]
    return inner + (scales if config.scale == "nvfp4" else [])


class Whole:
    """The unit with every register a wire, its parts left out: what they are fed, and what is made of them."""

    def __init__(self, directory: Path):
        self.artifact, self.config = load(directory)
        net = netlist_of(self.artifact, self.artifact.module, parts(self.artifact, self.config))
        pipeline = Pipeline(net, self.artifact)
        self.aig = Aig()
        self.ports = {port: self.aig.inputs(len(net.inputs[port])) for port in Pipeline.ports(pipeline.source)}
        self.made: dict[str, Words] = {
            cut.name: {pin: self.aig.inputs(len(word)) for pin, word in cut.outputs.items()} for cut in net.cuts
        }
        self.outputs, self.fed = pipeline.combinational(self.aig, self.ports, self.made)

    def field(self, name: str) -> list[list[int]]:
        """Literals of each element of an input field."""
        (place,) = (p for p in self.artifact.stream("in").payload if p.field == name)
        word = self.ports[place.port]
        starts = range(place.offset, place.offset + place.count * place.width, place.width)
        return [word[start : start + place.width] for start in starts]


def elements(directory: Path) -> Verdict:
    """Every product is the exact one of its codes, on the block's grid."""
    artifact, config = load(directory)
    top = artifact.module
    groups = alike(artifact, [f"{top}__element{k}" for k in range(config.elements)])
    wa, wb = config.a_element.format.width, config.b_element.format.width
    pairs = np.arange(1 << (wa + wb), dtype=np.uint64)
    codes = {"a": pairs >> np.uint64(wb), "b": pairs & np.uint64((1 << wb) - 1)}
    x, y = (decode_element(torch.from_numpy(codes[key].astype(np.int64)), element, config.flush)
            for key, element in (("a", config.a_element), ("b", config.b_element)))  # fmt: skip
    product = exact.multiply(x, y)
    special = torch.where(product.nan, NAN, torch.where(product.inf, INF, 0)).numpy().astype(np.uint64)
    ordinary = special == 0
    distance = np.where(ordinary & ~product.zero.numpy(), product.exponent.numpy() - config.lsb, 0)
    magnitude = product.mantissa.numpy().astype(np.uint64) << distance.astype(np.uint64)
    for module in groups:
        net = netlist_of(artifact, module, [])
        found = evaluate(net.aig, net.outputs, [(net.inputs[key], codes[key]) for key in "ab"], len(pairs))
        mask = np.uint64((1 << len(net.outputs["m"])) - 1)
        signed = np.where(product.sign.numpy() & integers(config), np.uint64(0) - magnitude, magnitude) & mask
        wrong = (found["special"] != special) | (found["sign"] != product.sign.numpy().astype(np.uint64))
        wrong |= ordinary & (found["m"] != signed)
        if len(bad := np.flatnonzero(wrong)):
            at = int(bad[0])
            shown = {key: hex(int(values[at])) for key, values in {**codes, **found}.items()}
            return Verdict("refuted", "exhaustion", {"module": module, **shown})
    many = f"{config.elements} modules of {len(groups)} text{'s' if len(groups) > 1 else ''}"
    return Verdict("proved", f"exhaustion, {len(pairs)} pairs of codes against the golden model; {many}")


def tree(directory: Path) -> Verdict:
    """The root is the sum of all products, each once, with its sign: induction over the adders."""
    whole = Whole(directory)
    artifact, config, aig, fed = whole.artifact, whole.config, whole.aig, whole.fed
    top, n = artifact.module, config.elements
    for key in "ab":
        if stray := [k for k, word in enumerate(whole.field(key)) if fed[f"element{k}"][key] != word]:
            return Verdict("refuted", "structure", {"module": f"{top}__element{stray[0]}", "where": f"not fed {key}"})
    signs = [FALSE if integers(config) else whole.made[f"element{k}"]["sign"][0] for k in range(n)]
    # Sums that no adder has taken yet: their words, how many products they hold, whose sign they leave out.
    free = {tuple(whole.made[f"element{k}"]["m"]): (1, k) for k in range(n)}
    waiting = [name for name in fed if re.fullmatch(r"add\d+_\d+", name)]
    kinds: set[tuple[str, int, int]] = set()
    differences: list[int] = []
    same = {name: first for first, names in alike(artifact, [f"{top}__{name}" for name in waiting]).items()
            for name in names}  # fmt: skip
    while waiting:
        ready = [name for name in waiting if all(tuple(fed[name][pin]) in free for pin in "xy")]
        if not ready:
            return Verdict("refuted", "structure", {"module": f"{top}__{waiting[0]}", "where": "adds what is no sum"})
        for name in ready:
            (count_x, first_x), (count_y, first_y) = (free.pop(tuple(fed[name][pin])) for pin in "xy")
            differences.append(aig.lxor(fed[name]["subtract"][0], aig.lxor(signs[first_x], signs[first_y])))
            kinds.add((same[f"{top}__{name}"], count_x, count_y))
            free[tuple(whole.made[name]["total"])] = (count_x + count_y, first_x)
            waiting.remove(name)
    ((root, (count, first)),) = free.items()
    if count != n:
        return Verdict("refuted", "structure", {"where": f"{count} products are summed, not {n}"})
    if solvers.model(aig, [aig.any(differences)]) is not None:
        return Verdict("refuted", "kissat", {"where": "an adder does not subtract where the signs of its sums differ"})
    for module, count_x, count_y in sorted(kinds):
        if (wrong := _adder(artifact, config, module, count_x, count_y)) is not None:
            return wrong
    method = f"induction over {n - 1} adders of {len(kinds)} kinds, kissat"
    if config.acc_format.is_integer:
        return _integer(whole, list(root)) or Verdict("proved", method)
    if tuple(fed["root"]["total"]) != root or fed["root"]["first"] != [signs[first]]:
        return Verdict("refuted", "structure", {"module": f"{top}__root", "where": "not fed the last sum and its sign"})
    every = aig.all(whole.made[f"element{k}"]["sign"][0] for k in range(n))
    if solvers.model(aig, [aig.lxor(every, fed["root"]["minus"][0])]) is not None:
        return Verdict("refuted", "kissat", {"module": f"{top}__root", "where": "minus is not the signs' conjunction"})
    return _root(artifact, config) or Verdict("proved", method)


def _extended(word: Sequence[int], width: int, signed: bool) -> list[int]:
    return [*word, *[word[-1] if signed else FALSE] * (width - len(word))][:width]


def _constant(value: int, width: int) -> list[int]:
    return [value >> i & 1 for i in range(width)]


def _bounded(aig: Aig, word: Sequence[int], bound: int) -> int:
    """Whether a signed word lies in -bound..bound."""
    return aig.within(aig.add(word, _constant(bound, len(word))), 0, 2 * bound)


def _adder(artifact: Artifact, config: DotConfig, module: str, count_x: int, count_y: int) -> Verdict | None:
    """What refutes that an adder's sum is exact for operands within what their products allow; None if nothing."""
    net = netlist_of(artifact, module, [])
    aig, total = net.aig, net.outputs["total"]
    width = len(total) + 2
    x, y = (_extended(net.inputs[pin], width, count > 1 or integers(config))
            for pin, count in (("x", count_x), ("y", count_y)))  # fmt: skip
    (subtract,) = net.inputs["subtract"]
    flipped = [aig.lxor(bit, subtract) for bit in y]
    wanted = aig.add(aig.add(x, flipped), [subtract, *[FALSE] * (width - 1)])
    ranges = [_bounded(aig, word, count * config.largest_product) for word, count in ((x, count_x), (y, count_y))]
    values = solvers.model(aig, [*ranges, aig.differ(_extended(total, width, True), wanted)])
    if values is None:
        return None
    shown = {name: hex(solvers.word(values, word)) for name, word in net.inputs.items()}
    return Verdict("refuted", "kissat", {"module": module, **shown})


def _root(artifact: Artifact, config: DotConfig) -> Verdict | None:
    """What refutes that the root's outputs are magnitude, sign and zero of its sum; None if nothing."""
    module = f"{artifact.module}__root"
    net = netlist_of(artifact, module, [])
    aig, total, p = net.aig, net.inputs["total"], net.outputs["p"]
    width = max(len(total), len(p)) + 1
    value = _extended(total, width, config.elements > 1 or integers(config))
    negative = value[-1]
    size = aig.add([aig.lxor(bit, negative) for bit in value], [negative, *[FALSE] * (width - 1)])
    zero = aig.any(value) ^ 1
    sign = aig.mux(zero, net.inputs["minus"][0], aig.lxor(negative, net.inputs["first"][0]))
    wanted = [*size, sign, zero]
    found = [*_extended(p, width, False), net.outputs["sign"][0], net.outputs["zero"][0]]
    bounded = _bounded(aig, value, config.elements * config.largest_product)
    values = solvers.model(aig, [bounded, aig.differ(found, wanted)])
    if values is None:
        return None
    shown = {name: hex(solvers.word(values, word)) for name, word in net.inputs.items()}
    return Verdict("refuted", "kissat", {"module": module, **shown})


def _integer(whole: Whole, root: list[int]) -> Verdict | None:
    """What refutes that y is root + c, wrapped or saturated; None if nothing."""
    aig, config = whole.aig, whole.config
    acc = config.acc_format
    (place,) = whole.artifact.stream("out").payload
    y = whole.outputs[place.port]
    (c,) = whole.field("c")
    width = max(len(root), acc.width) + 1
    total = aig.add(_extended(root, width, True), _extended(c, width, True))
    wanted = total[: acc.width]
    if config.overflow == "saturate":
        fits = aig.any(aig.lxor(bit, total[acc.width - 1]) for bit in total[acc.width :]) ^ 1
        edge = [*[total[-1] ^ 1] * (acc.width - 1), total[-1]]
        wanted = [aig.mux(fits, bit, end) for bit, end in zip(wanted, edge, strict=True)]
    bounded = _bounded(aig, _extended(root, width, True), config.elements * config.largest_product)
    values = solvers.model(aig, [bounded, aig.differ(y, wanted)])
    if values is None:
        return None
    shown = {"sum": hex(solvers.word(values, root)), "c": hex(solvers.word(values, c))}
    return Verdict("refuted", "kissat", shown)
