"""Blocks of emitted units tried on all codes of their inputs, and tables of lines among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from ...golden.activation import value
from ...hw.activation.config import ActivationConfig
from .. import solvers
from ..aig import Aig, evaluate
from ..artifact import Artifact
from ..netlist import Netlist
from ..proofs import netlist_of
from ..prove import Verdict

Codes = Mapping[str, np.ndarray]


def block(artifact: Artifact, name: str) -> Netlist:
    """The netlist of a block without registers.

    Raises
    ------
    ValueError
        If it has registers.
    """
    found = netlist_of(artifact, f"{artifact.module}__{name}", ())
    if found.registers:
        raise ValueError(f"{name} must have no registers")
    return found


def never(aig: Aig, words: Mapping[str, Sequence[int]], wrong: Sequence[int], method: str) -> Verdict:
    """Proved if no literal can be true; else what the words are."""
    if (model := solvers.model(aig, [aig.any(wrong)])) is None:
        return Verdict("proved", f"{method}, kissat")
    return Verdict("refuted", "kissat", {name: hex(solvers.word(model, word)) for name, word in words.items()})


def every_lane(artifact: Artifact, names: Iterable[str], stated: Callable[[Netlist], list[int]],
               method: str) -> Verdict:  # fmt: skip
    """Proved if in none of those blocks, of one lane each, a literal can be true that stands for a wrong result.

    Parameters
    ----------
    artifact : Artifact
    names : iterable of str
    stated : callable
        From a block to these literals.
    method : str
    """
    count = 0
    for name in names:
        net, count = block(artifact, name), count + 1
        verdict = never(net.aig, dict(net.inputs), stated(net), method)
        if verdict.status != "proved":
            return verdict
    return Verdict("proved", f"{method} in {count} lanes, kissat")


def same_codes(net: Netlist, given: Codes, wanted: Codes) -> dict[str, Any] | None:
    """The first codes at which a block's outputs are not those wanted; None if there are none."""
    (count,) = {len(codes) for codes in given.values()}
    values = [(net.inputs[name], codes) for name, codes in given.items()]
    found = evaluate(net.aig, {name: net.outputs[name] for name in wanted}, values, count)
    for name, codes in wanted.items():
        if len(bad := np.flatnonzero(found[name] != codes.astype(np.uint64))):
            at = int(bad[0])
            return {**{key: int(code[at]) for key, code in given.items()}, name: int(found[name][at]),
                    "expected": int(codes[at])}  # fmt: skip
    return None


def every_code(artifact: Artifact, pairs: Sequence[tuple[str, str, ActivationConfig]]) -> Verdict:
    """Tables of lines: for every code of each, the block that chooses the line and the one that applies it, together.

    Parameters
    ----------
    artifact : Artifact
    pairs : sequence of (str, str, ActivationConfig)
        Names of the two blocks, and what they compute.
    """
    for chooser, user, config in pairs:
        u = np.arange(config.last + 1, dtype=np.uint64)
        first, second = block(artifact, chooser), block(artifact, user)
        keys = [key for key in ("slope", "constant", "operand") if key in second.inputs]
        chosen = evaluate(first.aig, {key: first.outputs[key] for key in keys}, [(first.inputs["u"], u)], len(u))
        y = value(config, torch.from_numpy(u.astype(np.int64))).numpy()
        if (wrong := same_codes(second, chosen, {"y": y})) is not None:
            shown = int(np.flatnonzero(_outputs(second, chosen) != y.astype(np.uint64))[0])
            return Verdict("refuted", f"all codes of {chooser}", {"u": shown, **wrong})
    codes = sum(config.last + 1 for *_, config in pairs)
    return Verdict("proved", f"all {codes} codes of {len(pairs)} tables, against the golden model")


def _outputs(net: Netlist, given: Codes) -> np.ndarray:
    (count,) = {len(codes) for codes in given.values()}
    return evaluate(net.aig, {"y": net.outputs["y"]}, [(net.inputs[k], c) for k, c in given.items()], count)["y"]
