"""How the claims of the softmax are tried; each function returns a verdict, in a process of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ....golden.activation.softmax import exponents
from ....hw.activation.config.softmax import STEPS, SoftmaxConfig
from ... import solvers
from ...aig import FALSE, TRUE
from ...artifact import Artifact
from ...netlist import Netlist
from ...prove import Verdict
from ..flat import structural
from ..sums import less
from ..tables import block, every_code, every_lane, never, same_codes
from ..wired import Wired


def _config(directory: Path) -> tuple[Artifact, SoftmaxConfig]:
    artifact = Artifact.load(directory)
    return artifact, artifact.config_as(SoftmaxConfig)


def tables(directory: Path) -> Verdict:
    """Both tables give the golden model's value for every code, in every lane."""
    artifact, config = _config(directory)
    pairs = [("sum", "sum_value", config.sum_table)]
    pairs += [(f"exp{k}", f"exp_value{k}", config.exp_table) for k in range(config.lanes)]
    return every_code(artifact, pairs)


def exponent(directory: Path) -> Verdict:
    """n and f of every distance, in every lane."""
    artifact, config = _config(directory)
    d = np.arange(1 << config.input_format.width, dtype=np.uint64)
    distances = torch.from_numpy(d.astype(np.int64))
    t = (distances * config.factor + (1 << config.drop >> 1)) >> config.drop
    wanted = {"n": exponents(config, distances)[0].numpy(), "f": (t & ((1 << STEPS) - 1)).numpy()}
    for k in range(config.lanes):
        net = block(artifact, f"exponent{k}")
        if (wrong := same_codes(net, {"d": d}, wanted)) is not None:
            return Verdict("refuted", f"all codes of exponent{k}", wrong)
    return Verdict("proved", f"all {len(d)} distances in {config.lanes} lanes, against the golden model")


def powers(directory: Path) -> Verdict:
    """In each lane a value is moved by so many places, and is 0 beyond the last or where it does not take part."""
    artifact, config = _config(directory)

    def wrong(net: Netlist) -> list[int]:
        aig, e, (on,), value, steps = net.aig, net.outputs["e"], *(net.inputs[key] for key in ("on", "value", "steps"))
        wide = [0] * (config.one + 1 - len(value)) + list(value)
        found = [aig.land(on ^ 1, aig.any(e))]
        for amount in range(len(e)):
            here = aig.land(on, aig.all(s ^ (1 - (amount >> i & 1)) for i, s in enumerate(steps)))
            if amount >> len(steps) == 0:
                found.append(aig.land(here, aig.differ(e, [*wide[amount:], *[0] * amount])))
        if len(e) >> len(steps) == 0:
            beyond = aig.within(steps, len(e), (1 << len(steps)) - 1)
            found.append(aig.land(beyond, aig.any(e)))
        return found

    kinds = ("power", "term") if config.online else ("power",)
    names = [f"{kind}{k}" for kind in kinds for k in range(config.lanes)]
    return every_lane(artifact, names, wrong, f"{config.one + 1} shifts")


def results(directory: Path) -> Verdict:
    """In each lane a product is rounded to the nearest code, ties up, and held to the highest."""
    artifact, config = _config(directory)
    fmt = config.output_format

    def wrong(net: Netlist) -> list[int]:
        aig, y, product = net.aig, net.outputs["y"], list(net.inputs["product"])
        drop = config.lowest + 16 - fmt.fraction_bits
        whole, half = product[drop:], product[drop - 1]
        rounded = aig.add([*whole, 0], [half, *[0] * len(whole)])
        over = aig.any(rounded[fmt.width :])
        wanted = [*rounded, *[0] * fmt.width][: fmt.width]
        return [aig.land(over ^ 1, aig.differ(y, wanted)), aig.land(over, aig.all(y) ^ 1)]

    names = [f"result{k}" for k in range(config.lanes)]
    return every_lane(artifact, names, wrong, f"all products of {config.lowest + 18} bits")


def distances(directory: Path) -> Verdict:
    """In each lane the difference of two words: ``d + x = top``."""
    artifact, config = _config(directory)

    def wrong(net: Netlist) -> list[int]:
        return [net.aig.differ(net.aig.add(net.outputs["d"], net.inputs["x"]), net.inputs["top"])]

    names = [f"distance{k}" for k in range(config.lanes)]
    return every_lane(artifact, names, wrong, f"all words of {config.input_format.width} bits")


def largest(directory: Path) -> Verdict:
    """What is found of a beat is not less than any number that is on, and is one of these, or 0 where there is none."""
    artifact, config = _config(directory)
    net = block(artifact, "least" if config.online else "top")
    aig, on, found = net.aig, net.inputs["on"], net.outputs["highest"]
    width, above, one = len(found), [], [aig.any(on) ^ 1]
    for k, here in enumerate(on):
        word = net.inputs["window"][k * width :][:width]
        above.append(aig.land(here, less(aig, [*found, FALSE], [*word, FALSE])))
        one.append(aig.land(here, aig.differ(found, word) ^ 1))
    wrong = [*above, aig.any(one) ^ 1, aig.land(aig.any(on) ^ 1, aig.any(found))]
    return never(aig, dict(net.inputs), wrong, f"all beats of {config.lanes} words of {width} bits")


def totals(directory: Path) -> Verdict:
    """The sum of a beat's powers."""
    artifact, config = _config(directory)
    net, width = block(artifact, "total"), config.one + 1
    aig, total = net.aig, net.outputs["total"]
    level = [[*net.inputs["words"][k * width :][:width], *[FALSE] * len(total)][: len(total)]
             for k in range(config.lanes)]  # fmt: skip
    while len(level) > 1:
        level = [aig.add(*level[k : k + 2]) if k + 1 < len(level) else level[k] for k in range(0, len(level), 2)]
    return never(aig, dict(net.inputs), [aig.differ(total, level[0])], f"all beats of {config.lanes} powers")


def moves(directory: Path) -> Verdict:
    """Online: two sums, that of the larger n moved by the difference, are added; the lesser n goes on."""
    artifact, config = _config(directory)
    net = block(artifact, "move")
    aig, width = net.aig, config.sum_width
    n = {key: net.inputs[f"{key}_base"] for key in ("row", "beat")}
    word = {key: [*net.inputs[key], *[FALSE] * width][:width] for key in ("row", "beat")}
    lesser = less(aig, [*n["beat"], FALSE], [*n["row"], FALSE])
    found: list[list[int]] = []
    for moved, kept in (("row", "beat"), ("beat", "row")):
        ones = [bit ^ 1 for bit in n[kept]]
        steps = aig.add(aig.add(n[moved], ones), [TRUE, *[FALSE] * (len(ones) - 1)])
        cases = [aig.all(bit ^ (1 - (amount >> i & 1)) for i, bit in enumerate(steps))
                 if amount >> len(steps) == 0 else FALSE for amount in range(width)]  # fmt: skip
        shifted = [aig.any(aig.land(here, word[moved][i + amount]) for amount, here in enumerate(cases)
                           if i + amount < width) for i in range(width)]  # fmt: skip
        found.append(aig.add(shifted, word[kept]))
    wanted = [aig.mux(lesser, x, y) for x, y in zip(*found, strict=True)]
    base = [aig.mux(lesser, x, y) for x, y in zip(n["beat"], n["row"], strict=True)]
    left, right = [*net.outputs["sum"], *net.outputs["base"]], [*wanted, *base]
    if solvers.equivalent(aig, left, right, sorted(aig.support([*left, *right]))):
        return Verdict("proved", f"all sums of {width} bits and n of {len(base)}, abc cec")
    return never(aig, dict(net.inputs), [aig.differ(left, right)], "all words")


@structural
def sums(directory: Path) -> Verdict:
    """In every state what is kept of a row's powers is their sum so far; a row begins after an end (two passes)."""
    unit = Wired(directory)
    config = SoftmaxConfig(**unit.artifact.manifest["config"])
    aig, part, row = unit.aig, unit.word("beat_sum"), unit.word("row_sum")
    (fresh,), (looks,), (ends,) = unit.word("fresh"), unit.word("looks_1"), unit.word("ends_1")
    before = [aig.land(fresh ^ 1, x) for x in row]
    found = unit.same([
        ("a beat's sum is of its powers", unit.fed("total", "words"),
         [bit for k in range(config.lanes) for bit in unit.word(f"e_5_{k}")]),
        unit.kept("beat_sum", TRUE, unit.given("total", "total")),
        unit.kept("row_sum", looks, unit.total([before, part], config.sum_width)),
        unit.kept("fresh", looks, [ends]),
    ])  # fmt: skip
    if unit.after_reset([fresh]) != [TRUE]:
        return Verdict("refuted", "reset", {"fresh": "a reset must begin a row"})
    return found
