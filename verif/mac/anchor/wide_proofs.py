"""How the anchor of wide sums is tried: the functions behind :mod:`.claims`, for :mod:`.anchor_wide`.

Each takes the artefact's directory and returns a verdict; each runs in a process of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...prove import Verdict
from . import wide as anchor_wide
from .proofs import _asked, _smt

SUM = "mac_spec_sum"


def _all(questions: Sequence[anchor_wide.Question], names: tuple[str, ...], method: str) -> Verdict:
    """Proved where every question is; otherwise the first verdict that is another."""
    for text, contradiction in questions:
        verdict = _asked(text, contradiction, names, method)
        if verdict.status != "proved":
            return verdict
    return Verdict("proved", method)


def numbers(directory: Path) -> Verdict:
    """The codes that are added stand for the numbers that SMT-LIB says."""
    config, spec = _smt(directory, SUM)
    return _all(anchor_wide.numbers(config, spec), ("e", "m"), "bitwuzla, numbers in Float64")


def sums(directory: Path, index: int) -> Verdict:
    """The window holds the exact sum, or one that rounds as it does."""
    config, spec = _smt(directory, SUM)
    _, round_ = _smt(directory, "mac_spec_round", "round")
    names = ("qs", "qm", "qe", "c_s", "c_m", "c_e", "m", "x")
    return _all(anchor_wide.sums(config, spec, round_)[index : index + 1], names, "bitwuzla, integers of any distance")


def rounding(directory: Path, first: bool = False) -> Verdict:
    """The sum, or the product where that is rounded first, becomes the code that SMT-LIB's rounding gives."""
    config, spec = _smt(directory, SUM)
    module = f"mac_spec_{'first' if first else 'round'}"
    how = "midpoints of codes in Float128" if config.acc_format.width == 8 else "to_fp of Float128"
    questions = anchor_wide.rounding(config, _smt(directory, module)[1])
    questions += anchor_wide.placed(config, spec, _smt(directory, module, "round")[1], first)
    return _all(questions, ("s", "m", "x", "y"), f"bitwuzla, {how}")


def specials(directory: Path) -> Verdict:
    """Sums of a rounded product, or an addend, that is NaN or infinite are those of fp.add."""
    config, spec = _smt(directory, SUM)
    return _all(anchor_wide.specials(config, spec), ("q", "c", "y"), "bitwuzla, fp.add(q, c)")
