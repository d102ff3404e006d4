"""How the anchor of the multiply-accumulate unit's specification is tried: the functions behind :mod:`.claims`.

Each takes the artefact's directory and returns a verdict; each runs in a process of its own.
"""

from __future__ import annotations

import json
from pathlib import Path

from ....hw.mac.config import MacConfig
from ... import solvers
from ...aig import Aig
from ...artifact import Artifact
from ...netlist import GATES, Netlist, from_json
from ...proofs import made
from ...prove import Verdict
from .. import anchor, smt
from ..spec import free, verilog


def specification(config: MacConfig, top: str = "mac_spec") -> Netlist:
    """A module of the specification's text as a netlist."""
    script = f"read_verilog spec.v\nhierarchy -check -top {top}\nproc\nflatten\n{GATES}\nwrite_json spec.json"
    return from_json(json.loads(made(script, {"spec.v": verilog(config)}, "spec.json")), top)


def _smt(directory: Path, top: str, name: str = "spec") -> tuple[MacConfig, str]:
    """The config, and a module of the specification as SMT-LIB functions of a state ``|spec_s|``."""
    config = MacConfig(**Artifact.load(directory).manifest["config"])
    script = (
        f"read_verilog spec.v\nhierarchy -check -top {top}\nproc\nflatten\nopt_expr\nopt_clean\nrename {top} {name}\n"
    )
    return config, made(script + "write_smt2 -stbv -wires spec.smt2", {"spec.v": verilog(config)}, "spec.smt2")


def _asked(text: str, contradiction: str, names: tuple[str, ...], method: str) -> Verdict:
    """Proved where the assumptions hold together, and never with the contradiction."""
    if solvers.smt(text) is None:
        return Verdict("unknown", "what is assumed contradicts itself")
    values = solvers.smt(text + contradiction, names)
    return Verdict("proved", method) if values is None else Verdict("refuted", method, dict(values))


def specials(directory: Path) -> Verdict:
    """Sums of which an operand is NaN or infinite are the literal fused operation's."""
    config, spec = _smt(directory, "mac_spec")
    return _asked(*anchor.specials(config, spec), ("a", "b", "c", "y"), "bitwuzla, fp.fma(a, b, c)")


def halving(directory: Path) -> Verdict:
    """The last step of rounding to bf16 is to the nearest, ties to even."""
    return _asked("(set-logic QF_BVFP)\n", smt.halving(), ("z", "y"), "bitwuzla, rounding of codes to bf16")


def literal(directory: Path, low: int, high: int) -> Verdict:
    """Finite sums with D from low to high are the literal fused operation's, multiplier included."""
    config, spec = _smt(directory, "mac_spec")
    method = "bitwuzla, fp.fma(a, b, c), multiplier included"
    return _asked(*anchor.literal(config, spec, low, high), ("a", "b", "c", "y"), method)


def operands(directory: Path) -> Verdict:
    """Codes of a and b stand for the numbers that SMT-LIB says."""
    config, spec = _smt(directory, "mac_spec_product")
    method = "bitwuzla, numbers in Float64"
    for text, contradiction in anchor.decoding(config, spec):
        verdict = _asked(text, contradiction, ("a", "b"), method)
        if verdict.status != "proved":
            return verdict
    return Verdict("proved", method)


def composed(directory: Path) -> Verdict:
    """The whole specification is its sum, fed by its product."""
    config = MacConfig(**Artifact.load(directory).manifest["config"])
    whole, product, total = (specification(config, f"mac_spec{part}") for part in ("", "_product", "_sum"))
    aig = Aig()
    words = {name: aig.inputs(len(word)) for name, word in whole.inputs.items()}

    outputs = whole.on(aig, words)
    fed = product.on(aig, words)
    words |= fed
    # Beside a zero whose factor has its top bit all the same, the product is of no account.
    zeros = [aig.any(fed[f"s{side}"]) ^ 1 for side, fmt in (("a", config.a_format), ("b", config.b_format))
             if free(fmt, config.flush)]  # fmt: skip
    words["p"] = [aig.land(bit, aig.any(zeros) ^ 1) for bit in words["p"]]
    wrong = [aig.differ(outputs["y"], total.on(aig, words)["y"])]
    wrong += [aig.differ(outputs[name], fed[name]) for name in ("sa", "sb")]
    if solvers.model(aig, [aig.any(wrong)]) is not None:
        return Verdict("refuted", "kissat", {"where": "the specification is not its sum of its product"})
    return Verdict("proved", "kissat")


def integers(directory: Path) -> Verdict:
    """Integer sums are those of bit-vector arithmetic."""
    config, spec = _smt(directory, "mac_spec")
    return _asked(*anchor.integers(config, spec), ("a", "b", "c", "y"), "bitwuzla, bit-vectors")
