"""How the claims about the NVFP4 quantiser's scale are tried: see :mod:`.tensor_proofs`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from ....golden import exact
from ....hw.formats import Format
from ... import solvers
from ...aig import FALSE, Aig
from ...prove import Verdict
from .proofs import constant
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


def normal(directory: Path, name: str) -> Verdict:
    """A number's significand and exponent, its zero, sign and special."""
    config, net = block(directory, name)
    fmt: Format = TENSOR if name == "normal_t" else config.input_format
    aig, code = net.aig, net.inputs["code"]
    mantissa, field = code[: fmt.mantissa_width], code[fmt.mantissa_width : -1]
    normal_number = aig.any(field)
    bits = [*mantissa, normal_number]
    if config.flush:
        bits = [aig.land(bit, normal_number) for bit in bits]
    wide = len(net.outputs["exponent"]) + 2
    # The exponent of the top bit: that of field 1 for field 0, less one for each zero above the leading bit.
    e = aig.add(extended(field, wide, signed=False), number(fmt.min_exponent - 1, wide))
    e = aig.add(e, extended([normal_number ^ 1], wide, signed=False))
    right = []
    for zeros in range(len(bits)):
        leading = aig.land(bits[-1 - zeros], aig.any(bits[len(bits) - zeros :]) ^ 1)
        shifted = [FALSE] * zeros + bits[: len(bits) - zeros]
        exponent = aig.add(e, number(-zeros, wide))
        same = aig.land(
            aig.differ(net.outputs["significand"], shifted) ^ 1,
            aig.differ(extended(net.outputs["exponent"], wide), exponent) ^ 1,
        )
        right.append(aig.land(leading, same))
    zero, special = aig.any(bits) ^ 1, aig.all(field)
    wrong = [aig.lxor(net.outputs[key][0], value) for key, value in (("zero", zero), ("special", special))]
    wrong.append(aig.lxor(net.outputs["sign"][0], code[-1]))
    right = [aig.any(right), between(aig, net.outputs["exponent"], *reach(fmt))]
    wrong.append(aig.all([zero ^ 1, special ^ 1, aig.all(right) ^ 1]))
    return asked(aig, {"code": code}, [], wrong, "significand and exponent stand for the number")


def quotient(directory: Path) -> Verdict:
    """Seven steps of restoring division of 2a by 3t, each of which keeps ``left = bit * divisor + left' / 2``.

    From the steps follows 2^7 a = q * 3t + rest with 0 <= rest < 3t: left is below twice the divisor at the start
    (a / t < 2), and stays so.
    """
    _, net = block(directory, "quotient")
    aig, a, t, q = net.aig, net.inputs["a"], net.inputs["t"], net.outputs["q"]
    width = len(t) + 3
    divisor = times(aig, t, 3, width)
    left = ([FALSE] * (len(t) - len(a) + 1) + a + [FALSE] * width)[:width]
    start = less(aig, left, [FALSE, *divisor[:-1]])
    if solvers.model(aig, [a[-1], t[-1], start ^ 1]) is not None:
        return Verdict("refuted", "kissat", {"where": "2a must be below twice 3t"})
    # One step for any divisor and any rest below twice the divisor.
    free_left, free_divisor = aig.inputs(width), [*aig.inputs(width - 1), FALSE]
    bit, following = _step(aig, free_left, free_divisor)
    assumed = [less(aig, free_left, [FALSE, *free_divisor[:-1]]), free_divisor[-2] ^ 1]
    whole = aig.add([aig.land(bit, d) for d in free_divisor], [*following[1:], FALSE])
    wrong = [aig.differ(whole, free_left), less(aig, following, [FALSE, *free_divisor[:-1]]) ^ 1]
    verdict = asked(aig, {"left": free_left, "divisor": free_divisor[:-1]}, assumed, wrong, "a step of division")
    if verdict.status != "proved":
        return verdict
    bits: Word = []
    for _ in range(len(q) - 1):
        bit, left = _step(aig, left, divisor)
        bits.insert(0, bit)
    steps = [aig.any(left), *bits]
    inputs = [x >> 1 for x in (*a, *t)]
    # The steps are those of a divider only where its invariant holds, which set top bits give.
    sound = aig.land(a[-1], t[-1])
    ours, theirs = ([aig.land(sound, x) for x in word] for word in (steps, q))
    if solvers.equivalent(aig, ours, theirs, inputs):
        return Verdict("proved", f"{len(bits)} steps of restoring division, abc cec; each by kissat")
    return Verdict("refuted", "abc cec", {"where": "q is not what seven steps of restoring division give"})


def _step(aig: Aig, left: Word, divisor: Word) -> tuple[int, Word]:
    """One bit of a quotient, and twice what is left."""
    bit = less(aig, left, divisor) ^ 1
    rest = subtract(aig, left, [aig.land(bit, d) for d in divisor])
    return bit, [FALSE, *rest[:-1]]


def scale(directory: Path) -> Verdict:
    """The scale's code is the rounded quotient, for every quotient, and every difference of exponents."""
    b = Blocks(directory)
    aig, free = b.aig, b.free
    q, zero = free["quotient"]["q"], free["normal_x"]["zero"][0]
    wide = max(len(free[name]["exponent"]) for name in ("normal_x", "normal_t")) + 2
    e = subtract(aig, *(extended(free[name]["exponent"], wide) for name in ("normal_x", "normal_t")))
    # What is beyond a few binades of the scale's range saturates, or is the least.
    low, high = SCALE.min_exponent - 12, SCALE.max_exponent + 12
    below, above = (less(aig, [*x[:-1], x[-1] ^ 1], [*y[:-1], y[-1] ^ 1]) for x, y in
                    ((e, number(low + 1, wide)), (number(high - 1, wide), e)))  # fmt: skip
    at = [(d, below if d == low else above if d == high else constant(aig, e, d % (1 << wide)))
          for d in range(low, high + 1)]  # fmt: skip
    wrong = [aig.land(b.special, constant(aig, b.scale, SCALE.canonical_nan) ^ 1),
             aig.all([b.special ^ 1, zero, aig.any(b.scale)])]  # fmt: skip
    never = torch.zeros(1 << len(q), dtype=torch.bool)
    codes = torch.arange(1 << len(q))
    inside = [between(aig, free[name]["exponent"], *reach(fmt))
              for name, fmt in (("normal_x", b.config.input_format), ("normal_t", TENSOR))]  # fmt: skip
    usual = aig.all([b.special ^ 1, zero ^ 1, *inside])
    for d, here in at:
        # q counts 2^-7 (its last bit is what rounds) of 2a / 3t, and a / 6t is a quarter of that, times 2^d.
        quotients = exact.Real(never, codes, torch.full_like(codes, d - 2 - 7), never, never)
        expected = exact.encode(quotients, SCALE, saturate=True).clamp(min=1).numpy()
        for code in np.unique(expected):
            some = [constant(aig, q, int(v)) for v in np.flatnonzero(expected == code) if v >> 5]
            if some:
                wrong.append(aig.all([usual, here, aig.any(some), constant(aig, b.scale, int(code)) ^ 1]))
    words = {"q": q, "exponent": free["normal_x"]["exponent"], "exponent of t": free["normal_t"]["exponent"]}
    # 2a / 3t is above 1/3: one of the quotient's three top bits is set.
    return asked(aig, words, [aig.any(q[-3:])], wrong, "golden rounding of every quotient and difference of exponents")


def unit(directory: Path) -> Verdict:
    """The product stands for scale times t, each scale by itself."""
    _, net = block(directory, "unit")
    aig, code, t, e_t = net.aig, net.inputs["scale"], net.inputs["t"], net.inputs["exponent_t"]
    product, exponent = net.outputs["product"], net.outputs["exponent"]
    wide = max(len(exponent), len(e_t)) + 2
    scales = exact.decode(torch.arange(SCALE.canonical_nan), SCALE)
    wrong = []
    for value in range(1, SCALE.canonical_nan):
        m, e = int(scales.mantissa[value]), int(scales.exponent[value])
        exactly = times(aig, t, m, len(product))
        # product * 2^(exponent - 27) is m * 2^e * t * 2^(e_t - 23): the product is shifted by what the exponent lacks.
        right = []
        for shift in range(6):
            shifted = ([FALSE] * shift + exactly)[: len(product)]
            should = aig.add(extended(e_t, wide), number(e - 23 - shift + 27, wide))
            fits = aig.any(exactly[len(product) - shift :]) ^ 1
            right.append(aig.all([aig.differ(product, shifted) ^ 1, fits,
                                  aig.differ(extended(exponent, wide), should) ^ 1]))  # fmt: skip
        wrong.append(aig.land(constant(aig, code, value), aig.land(aig.any(right), product[-1]) ^ 1))
    assumed = [t[-1], between(aig, e_t, *reach(TENSOR))]
    return asked(aig, {"scale": code, "t": t}, assumed, wrong, "product of every scale with every t")
