"""How the claims of the rounder are tried; each function returns a verdict, in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from ....golden.activation.pow2round import bounds, pow2round
from ....hw.activation.config.pow2round import Pow2RoundConfig
from ... import solvers
from ...aig import FALSE, Aig, evaluate
from ...artifact import Artifact
from ...pipeline import Pipeline
from ...proofs import netlist_of
from ...prove import Verdict


def equals(aig: Aig, word: Sequence[int], value: int) -> int:
    """Whether a word has a value, modulo its width."""
    return aig.all(x ^ (1 - (value >> i & 1)) for i, x in enumerate(word))


def exponents(aig: Aig, rounding: str, magnitude: Sequence[int]) -> list[tuple[int, int]]:
    """For each exponent j from 0: j, and whether a magnitude above 0 is rounded to ``2^j``."""
    edges = [1, *bounds(rounding, len(magnitude)), 1 << len(magnitude)]
    return [(j, aig.within(magnitude, low, high - 1) if low < high else FALSE)
            for j, (low, high) in enumerate(pairwise(edges))]  # fmt: skip


def values(directory: Path, place: int = 0) -> Verdict:
    """e, sign and zero in one place are those of x there, for every code."""
    artifact = Artifact.load(directory)
    config = Pow2RoundConfig(**artifact.manifest["config"])
    found = Pipeline(netlist_of(artifact, artifact.module, ()), artifact)
    aig, fmt = Aig(), config.input_format
    x = aig.inputs(fmt.width * config.elements)
    out, _ = found.combinational(aig, {"i_x": x}, {})
    here = x[place * fmt.width :][: fmt.width]
    e = out["o_e"][place * config.exponent_width :][: config.exponent_width]
    zero, sign = out["o_zero"][place], here[-1] if fmt.signed else FALSE
    shown = [*e, zero, *([out["o_sign"][place]] if fmt.signed else [])]
    if not aig.support(shown) <= {bit >> 1 for bit in here}:
        return Verdict("refuted", "structure", {"where": f"place {place} depends on x in another"})
    # |x| = x, or its complement and one more.
    carry, magnitude = sign, []
    for bit in here:
        flipped = aig.lxor(bit, sign)
        magnitude.append(aig.lxor(flipped, carry))
        carry = aig.land(flipped, carry)
    nothing = aig.any(here) ^ 1
    wrong = [aig.lxor(zero, nothing), aig.land(nothing, aig.any(e))]
    if fmt.signed:
        wrong.append(aig.lxor(out["o_sign"][place], sign))
    cases = exponents(aig, config.rounding, magnitude)
    wrong += [aig.land(case, equals(aig, e, j - fmt.fraction_bits) ^ 1) for j, case in cases]
    method = f"{len(cases)} intervals of |x| whose ends are integers, kissat"
    if (model := solvers.model(aig, [aig.any(wrong)])) is None:
        return Verdict("proved", method)
    code = solvers.word(model, here)
    feed = [(x, np.array([code << place * fmt.width], np.uint64))] if len(x) <= 64 else [
        (x[k * fmt.width :][: fmt.width], np.array([code if k == place else 0], np.uint64))
        for k in range(config.elements)
    ]  # fmt: skip
    actual = evaluate(aig, {"e": e, "zero": [zero]}, feed, 1)
    wanted = pow2round(config, torch.tensor(code))
    return Verdict("refuted", method, {
        "x": hex(code), **{key: hex(int(codes[0])) for key, codes in actual.items()},
        "expected": {key: hex(int(codes)) for key, codes in wanted.items()},
    })  # fmt: skip


def block(directory: Path, module: str, rounding: str) -> Verdict:
    """A block of the emitted file, ``value`` to ``e`` and ``zero``, gives the exponent of every value of its width."""
    artifact = Artifact.load(directory)
    net = netlist_of(artifact, f"{artifact.module}__{module}", ())
    aig, value = net.aig, net.inputs["value"]
    e, (zero,) = net.outputs["e"], net.outputs["zero"]
    if net.registers:
        return Verdict("refuted", "structure", {"where": f"{module} must have no registers"})
    nothing = aig.any(value) ^ 1
    wrong = [aig.lxor(zero, nothing), aig.land(nothing, aig.any(e))]
    cases = exponents(aig, rounding, value)
    wrong += [aig.land(case, equals(aig, e, j) ^ 1) for j, case in cases]
    method = f"all {len(value)}-bit sums in {len(cases)} intervals whose ends are integers, kissat"
    if (model := solvers.model(aig, [aig.any(wrong)])) is None:
        return Verdict("proved", method)
    return Verdict("refuted", method, {"value": hex(solvers.word(model, value))})
