"""Answers of solvers that are kept: the same question, word for word, is asked once.

Many units hold the same lane, and most of the specification's lemmas are about formats alone, so that one question
comes up in the proofs of many units. What is kept is an answer to a text: nothing else can change it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import cache

SMALL = 1 << 15  # bytes: what is shorter is answered about as soon as it is looked up
PACKAGES = {"kissat": "passagemath-kissat", "bitwuzla": "bitwuzla", "abc": "pyosys"}
FILE = "answer.json"


def answer(solver: str, question: str | bytes, ask: Callable[[], Any], *, small: int = SMALL) -> Any:
    """What ``ask()`` gives, or gave when this question was put to this version of the solver.

    Parameters
    ----------
    solver : str
        ``kissat``, ``bitwuzla`` or ``abc``.
    question : str or bytes
        All that the answer depends on.
    ask : callable
        Gives the answer, of JSON values; an exception from it keeps nothing.
    small : int
        Shorter questions are always asked.
    """
    if len(question) < small:
        return ask()
    digest = hashlib.sha256(question.encode() if isinstance(question, str) else question).hexdigest()

    def make(folder: Path) -> None:
        (folder / FILE).write_text(json.dumps(ask()))

    return json.loads((cache.build("answers", [solver, _version(solver), digest], make) / FILE).read_text())


def _version(solver: str) -> str:
    try:
        return version(PACKAGES[solver])
    except PackageNotFoundError:
        return "of the system"
