"""How the claims of the NVFP4 quantiser are tried: the functions behind :mod:`.claims`.

The unit is cut into its blocks. What each block computes, and what the wires between them carry, are claims of their
own; together they say that ``scale = rne(max|x| / 6t)`` and ``y = round(x / (scale * t))``:

- ``largest``: its output is not below any input, and is one of them.
- ``normal_x``, ``normal_t``: significand and exponent stand for the number, and the significand's top bit is set.
- ``quotient``: ``q = floor(2^6 * 2a / 3t)``, and the bit below says whether that is inexact.
- ``scale``: for every quotient and exponents, the code is the golden model's rounding of the quotient.
- ``unit``: ``product * 2^exponent`` is ``scale * t``, and the product's top bit is set.
- ``nearest``: a code counts the midpoints (for ``rtz`` the numbers) of e2m1, times the unit, that ``|x|`` passes.
- ``wiring``, ``elements``: blocks are given what other blocks put out, and y is a code and its sign.
"""

from __future__ import annotations

from pathlib import Path

from ....hw.formats import Format
from ... import solvers
from ...aig import FALSE, TRUE, Aig
from ...prove import Verdict
from .tensor_words import (
    SCALE,
    TENSOR,
    Blocks,
    Word,
    asked,
    between,
    block,
    extended,
    less,
    number,
    reach,
    subtract,
    times,
)

NEAREST = [(1, False), (3, True), (5, False), (7, True), (10, False), (14, True), (20, False)]
BELOW = [(k, True) for k in (2, 4, 6, 8, 12, 16, 24)]
"""Four times the midpoints between e2m1's numbers, or the numbers themselves, and whether one that is met is passed."""


def wiring(directory: Path) -> Verdict:
    """Each block is given what the block before it puts out."""
    b = Blocks(directory)
    aig, free, fed = b.aig, b.free, b.fed
    words = {
        "largest": (fed["largest"]["x"], [bit for x in b.x for bit in x[:-1]]),
        "normal_x": (fed["normal_x"]["code"], [*free["largest"]["y"], FALSE]),
        "normal_t": (fed["normal_t"]["code"], b.t),
        "quotient of x": (fed["quotient"]["a"], free["normal_x"]["significand"]),
        "quotient of t": (fed["quotient"]["t"], free["normal_t"]["significand"]),
        "unit of t": (fed["unit"]["t"], free["normal_t"]["significand"]),
        "exponent of t": (fed["unit"]["exponent_t"], free["normal_t"]["exponent"]),
        "unit of scale": (fed["unit"]["scale"], b.scale),
    }
    wrong = [name for name, (x, y) in words.items() if x != y and solvers.model(aig, [aig.differ(x, y)]) is not None]
    if wrong:
        return Verdict("refuted", "structure", {"where": ", ".join(wrong)})
    return Verdict("proved", f"{len(words)} words between blocks, structure")


def largest(directory: Path) -> Verdict:
    """The block's output is the largest of its inputs."""
    config, net = block(directory, "largest")
    aig, x, y = net.aig, net.inputs["x"], net.outputs["y"]
    width = len(y)
    parts = [x[k * width : (k + 1) * width] for k in range(config.count)]
    one = aig.any(aig.differ(y, part) ^ 1 for part in parts)
    return asked(aig, {"x": x}, [], [one ^ 1, *(less(aig, y, part) for part in parts)], "largest of all x")


def elements(directory: Path) -> Verdict:
    """Every lane compares its x with the unit: significand, distance of exponents, sign, and 0 in a special block."""
    b = Blocks(directory)
    aig, fmt, unit_out = b.aig, b.config.input_format, b.free["unit"]
    wide = len(unit_out["exponent"]) + 3
    least, most = reach(TENSOR)
    inside = between(aig, unit_out["exponent"], least + SCALE.min_exponent - SCALE.mantissa_width,
                     most + SCALE.max_exponent + 1)  # fmt: skip
    wrong = []
    for place, (x, y) in enumerate(zip(b.x, b.y, strict=True)):
        fed, code = b.fed[f"nearest{place}"], b.free[f"nearest{place}"]["code"]
        field = x[fmt.mantissa_width : -1]
        bits = _significand(b.config.flush, aig, x, fmt)
        e = aig.add(extended(field, wide, signed=False), extended([aig.any(field) ^ 1], wide, signed=False))
        e = aig.add(subtract(aig, e, extended(unit_out["exponent"], wide)), number(fmt.min_exponent - 1 + 2, wide))
        shift = aig.land(inside, aig.differ(extended(fed["shift"], wide), e))
        expected = [aig.land(bit, b.special ^ 1) for bit in [*code, x[-1]]]
        wrong += [shift, aig.differ(fed["significand"], bits), aig.differ(fed["unit"], unit_out["product"]),
                  aig.differ(y, expected)]  # fmt: skip
    words = {"x": b.x[0], "exponent": unit_out["exponent"]}
    return asked(aig, words, [], wrong, f"what {len(b.x)} lanes compare, and what they give")


def _significand(flush: bool, aig: Aig, code: Word, fmt: Format) -> Word:
    top = aig.any(code[fmt.mantissa_width : -1])
    bits = [*code[: fmt.mantissa_width], top]
    return [aig.land(bit, top) for bit in bits] if flush else bits


def same_lanes(directory: Path) -> Verdict:
    """The blocks that compare are one function."""
    config, first = block(directory, "nearest0")
    aig, pins = first.aig, ("significand", "shift", "unit")
    for place in range(1, config.count):
        _, other = block(directory, f"nearest{place}")
        to = {x >> 1: y for pin in pins for x, y in zip(other.inputs[pin], first.inputs[pin], strict=True)}
        code = other.aig.copy(other.outputs["code"], aig, to)
        if code != first.outputs["code"] and solvers.model(aig, [aig.differ(code, first.outputs["code"])]) is not None:
            return Verdict("refuted", "kissat", {"where": f"nearest{place} is not the function that nearest0 is"})
    return Verdict("proved", f"{config.count} lanes are one function")


def nearest(directory: Path) -> Verdict:
    """A lane's code is how many multiples of the unit x passes, for each distance of exponents by itself.

    With significands m of x (w bits) and p of the unit (28 bits, the top one set) and distance v, four times x over the
    unit is ``m * 2^(28 - w + v) / p``: below 1 for v < 0, and above 24 for v > w + 5 unless m is 0.
    """
    config, net = block(directory, "nearest0")
    aig, code = net.aig, net.outputs["code"]
    m, v, p = (net.inputs[pin] for pin in ("significand", "shift", "unit"))
    far = len(m) + 5
    # Where subnormals are zeros the hidden bit is set, unless m is 0.
    top = {m[-1] >> 1: TRUE} if config.flush else {}
    low = between(aig, v, -(1 << (len(v) - 1)), -1)
    high = between(aig, v, far + 1, (1 << (len(v) - 1)) - 1)
    ends = [aig.land(low, aig.any(code)), aig.all([high, aig.any(m), aig.all(code) ^ 1])]
    ends.append(aig.land(aig.any(m) ^ 1, aig.any(code)))
    verdict = asked(aig, {"significand": m, "shift": v, "unit": p}, [], ends, "distances that decide alone")
    if verdict.status != "proved":
        return verdict
    thresholds = BELOW if config.rounding == "rtz" else NEAREST
    width = len(p) + far + 6
    for distance in range(far + 1):
        fixed = top | {p[-1] >> 1: TRUE} | dict(zip((x >> 1 for x in v), number(distance, len(v)), strict=True))
        theirs = aig.copy(code, aig, fixed)
        words = {x >> 1 for x in (*m, *p)} - set(fixed)
        ms, ps = aig.copy(m, aig, fixed), aig.copy(p, aig, fixed)
        shifted = ([FALSE] * (len(p) - len(m) + distance) + ms + [FALSE] * width)[:width]
        count = [FALSE] * 3
        for k, tie in thresholds:
            multiple = times(aig, ps, k, width)
            passed = less(aig, shifted, multiple) ^ 1 if tie else less(aig, multiple, shifted)
            count = aig.add(count, [passed, FALSE, FALSE])
        if not solvers.equivalent(aig, count, theirs, sorted(words)):
            where = "the code must count the multiples that are passed, but does not"
            return Verdict("refuted", "abc cec", {"shift": distance, "where": where})
    return Verdict("proved", f"{far + 1} distances of exponents, abc cec; those beyond by kissat")
