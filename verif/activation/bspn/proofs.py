"""How the claims of the bit-shifting power norm are tried; each function returns a verdict, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from ....hw.activation.config.bspn import BspnConfig
from ... import solvers
from ...aig import FALSE, TRUE, Aig
from ...artifact import Artifact
from ...netlist import Netlist
from ...proofs import netlist_of
from ...prove import Verdict
from ..flat import Flat, structural
from ..pow2round.proofs import equals, exponents


def _block(artifact: Artifact, name: str) -> Netlist:
    found = netlist_of(artifact, f"{artifact.module}__{name}", ())
    if found.registers:
        raise ValueError(f"{name} must have no registers")
    return found


def _never(aig: Aig, words: dict[str, Sequence[int]], wrong: Sequence[int], method: str) -> Verdict:
    """Proved if no literal can be true; else what the words are."""
    if (model := solvers.model(aig, [aig.any(wrong)])) is None:
        return Verdict("proved", f"{method}, kissat")
    return Verdict("refuted", "kissat", {name: hex(solvers.word(model, word)) for name, word in words.items()})


def scale(directory: Path) -> Verdict:
    """For every sum the least k with ``2^k >= sum / (n 2^F) + eps``, given as steps below the greatest."""
    artifact = Artifact.load(directory)
    config = BspnConfig(**artifact.manifest["config"])
    net = _block(artifact, "scale")
    aig, total, steps = net.aig, net.inputs["total"], net.outputs["steps"]
    low, high = config.scales
    unit = config.group << config.input_format.fraction_bits
    wrong, first = [], 0
    for k in range(low, high + 1):
        # Sums whose k it is: up to the last that keeps to 2^k; found by halving, on exact fractions.
        last, beyond = first - 1, config.largest_sum + 1
        while beyond - last > 1:
            middle = (last + beyond) // 2
            if Fraction(middle, unit) + config.epsilon <= Fraction(2) ** k:
                last = middle
            else:
                beyond = middle
        if first <= last:
            wrong.append(aig.land(aig.within(total, first, last), equals(aig, steps, high - k) ^ 1))
        first = last + 1
    if first != config.largest_sum + 1:
        return Verdict("unknown", "the scales must hold every sum once, and do not")
    return _never(aig, {"total": total}, wrong, f"{len(wrong)} intervals of sums up to {config.largest_sum}")


@structural
def sum(directory: Path) -> Verdict:
    """In every state a beat's ``|x|`` are added, without what lies beyond the group, and a group's beats to its sum."""
    flat = Flat(directory)
    config, aig = BspnConfig(**flat.artifact.manifest["config"]), flat.aig
    width, x = config.input_format.width, flat.net.inputs["i_x"]
    number, total, part = flat.word("number"), flat.word("total"), flat.word("part")
    closing = flat.equals(number, config.beats - 1)
    left = config.group - (config.beats - 1) * config.lanes
    level: list[list[int]] = []
    for k in range(config.lanes):
        code = x[k * width :][:width]
        size = flat.plus([aig.lxor(bit, code[-1]) for bit in code], code[-1])
        size = size if k < left else [aig.land(closing ^ 1, bit) for bit in size]
        level.append([*size, *[FALSE] * len(total)][: len(total)])
    while len(level) > 1:
        level = [aig.add(*level[k : k + 2]) if k + 1 < len(level) else level[k] for k in range(0, len(level), 2)]
    (first,), (busy,) = flat.word("first"), flat.word("part_valid")
    before = [aig.land(first ^ 1, bit) for bit in total]
    added = aig.add(before, [*part, *[FALSE] * len(total)][: len(total)])
    (valid,), (accepts,) = flat.net.inputs["i_valid"], flat.output("i_ready")
    left_hand = [*flat.after(part), *flat.after(total), *flat.after([first]), *flat.after([busy])]
    right_hand = [*level[0][: len(part)], *flat.mux(busy, added, total), aig.any(number) ^ 1, aig.land(valid, accepts)]
    if aig.any(level[0][len(part) :]) != FALSE:
        beyond = aig.any(level[0][len(part) :])
        if solvers.model(aig, [beyond]) is not None:
            return Verdict("refuted", "kissat", {"where": "a beat's sum must fit its register, and does not"})
    if solvers.equivalent(aig, left_hand, right_hand, sorted(aig.support([*left_hand, *right_hand]))):
        return Verdict("proved", "next state of the sums, abc cec")
    return flat.never([("the sums are those of the beats", aig.differ(left_hand, right_hand))])


def products(directory: Path) -> Verdict:
    """In each lane ``|x|`` is at the place that scale and weight say, if it fits, and is taken from b if it must be."""
    artifact = Artifact.load(directory)
    config = BspnConfig(**artifact.manifest["config"])
    fmt, (low, high) = config.input_format, config.weights
    start = config.fraction_bits - fmt.fraction_bits - config.scales[1] + low
    bits, reach = (high - low).bit_length(), config.scales[1] - config.scales[0]
    for lane in range(config.lanes):
        net = _block(artifact, f"shift{lane}")
        aig, x, weight = net.aig, net.inputs["x"], net.inputs["weight"]
        below, product = net.inputs.get("below", [FALSE]), net.outputs["product"]
        carry, size = x[-1], []
        for bit in x:
            flipped = aig.lxor(bit, x[-1])
            size.append(aig.lxor(flipped, carry))
            carry = aig.land(flipped, carry)
        negative, used = weight[bits], weight[bits + 1]
        wrong = [aig.lxor(net.outputs["minus"][0], aig.lxor(x[-1], negative)),
                 aig.differ(net.outputs["bias"], weight[bits + 2 :])]  # fmt: skip
        for steps in range(reach + 1):
            for shift in range(high - low + 1):
                amount = start + steps + shift
                placed = [*[FALSE] * amount, *(aig.land(used, bit) for bit in size)]
                # What does not fit comes with no group: |x| is at most n times the mean.
                fits = aig.any(placed[len(product) :]) ^ 1
                here = aig.all([equals(aig, below, steps), equals(aig, weight[:bits], shift), fits])
                wanted = [*placed, *[FALSE] * len(product)][: len(product)]
                wrong.append(aig.land(here, aig.differ(product, wanted)))
        verdict = _never(aig, {"x": x, "below": below, "weight": weight}, wrong,
                         f"{(reach + 1) * (high - low + 1)} shifts")  # fmt: skip
        if verdict.status != "proved":
            return verdict
    return Verdict("proved", f"{(reach + 1) * (high - low + 1)} shifts in {config.lanes} lanes, kissat")


def results(directory: Path) -> Verdict:
    """In each lane the result is the power of two whose interval holds ``|y|``, or 0."""
    artifact = Artifact.load(directory)
    config = BspnConfig(**artifact.manifest["config"])
    out = config.output_format
    for lane in range(config.lanes):
        normal, end = _block(artifact, f"normalise{lane}"), _block(artifact, f"result{lane}")
        aig = Aig()
        value, negative = aig.inputs(config.magnitude_width), aig.input()
        feed = {x >> 1: y for x, y in zip(normal.inputs["value"], value, strict=True)}
        made = {pin: normal.aig.copy(word, aig, feed) for pin, word in normal.outputs.items()}
        feed = {end.inputs["negative"][0] >> 1: negative}
        feed |= {x >> 1: y for pin in made for x, y in zip(end.inputs[pin], made[pin], strict=True)}
        given = {pin: end.aig.copy(word, aig, feed) for pin, word in end.outputs.items()}
        nothing = aig.any(value) ^ 1
        wrong, cases = [], exponents(aig, "geometric", value)
        if out is None:
            # A sign comes with a value that is not 0.
            wrong += [aig.lxor(given["zero"][0], nothing), aig.land(nothing, aig.any(given["e"])),
                      aig.lxor(given["sign"][0], negative)]  # fmt: skip
            wrong += [aig.land(case, equals(aig, given["e"], j - config.fraction_bits) ^ 1) for j, case in cases]
        else:
            wrong.append(aig.land(nothing, aig.any(given["y"])))
            for j, case in cases:
                place = j - config.fraction_bits + out.fraction_bits
                size = 0 if place < 0 else 1 << place
                for minus, code in ((TRUE, max(-size, out.low)), (FALSE, min(size, out.high))):
                    here = aig.land(case, negative if minus else negative ^ 1)
                    wrong.append(aig.land(here, equals(aig, given["y"], code) ^ 1))
        verdict = _never(aig, {"magnitude": value, "negative": [negative]}, wrong, f"{len(cases)} intervals")
        if verdict.status != "proved":
            return verdict
    return Verdict("proved", f"{len(cases)} intervals of |y| whose ends are integers, in {config.lanes} lanes, kissat")
