"""Questions to SAT and SMT solvers, asked in subprocesses or files, answered or left undecided."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from . import answers, tools
from .aig import Aig

SATISFIABLE, UNSATISFIABLE = 10, 20  # what kissat ends with


class Undecided(Exception):
    """The solver gave up; the sentence says which and how."""


def model(aig: Aig, asserted: Sequence[int]) -> dict[int, bool] | None:
    """Values of the input nodes under which all literals are true; None where there are none (kissat).

    A model is checked by simulation before it is returned.

    Raises
    ------
    Undecided
        If kissat ends without a verdict.
    """
    if 0 in asserted:
        return None
    text, variables = aig.cnf(asserted)
    answer = answers.answer("kissat", text, lambda: _kissat(text))
    if answer is None:
        return None
    true = set(answer)
    found = {node: number in true for node, number in variables.items()}
    planes = {node: np.full(1, -int(value), np.int64).view(np.uint64) for node, value in found.items()}
    if not all(int(plane[0]) & 1 for plane in aig.simulate(list(asserted), planes)):
        raise Undecided("kissat's model must satisfy the question, but does not")
    return found


def _kissat(text: str) -> list[int] | None:
    """The variables that are true in a model of a DIMACS text; None where there is none."""
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:
        file.write(text)
        file.flush()
        done = subprocess.run([tools.kissat(), "-q", file.name], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == UNSATISFIABLE:
        return None
    if done.returncode != SATISFIABLE:
        raise Undecided(f"kissat ended with code {done.returncode} and no verdict")
    values = (int(word) for line in done.stdout.splitlines() if line.startswith("v") for word in line.split()[1:])
    return [value for value in values if value > 0]


def word(values: Mapping[int, bool], literals: Sequence[int]) -> int:
    """The number that a word of literals of input nodes has in a model; bits that it leaves open are 0."""
    return sum((values.get(x >> 1, False) ^ (x & 1)) << i for i, x in enumerate(literals))


def equivalent(aig: Aig, left: Sequence[int], right: Sequence[int], inputs: Sequence[int]) -> bool:
    """Whether two lists of functions are equal, by ABC's ``cec`` on two AIGER files.

    Raises
    ------
    Undecided
        If ABC says neither that they are nor that they are not.
    """
    texts = [aig.aiger(outputs, inputs) for outputs in (left, right)]
    return answers.answer("abc", b"".join([str(len(texts[0])).encode(), *texts]), lambda: _cec(texts))


def _cec(texts: Sequence[bytes]) -> bool:
    """Whether two AIGER files are equal, output by output."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{side}.aig" for side in ("left", "right")]
        for file, text in zip(files, texts, strict=True):
            file.write_bytes(text)
        said = tools.abc(f"cec -n {files[0]} {files[1]}")
    if "Networks are equivalent" in said:
        return True
    if "Networks are NOT EQUIVALENT" in said:
        return False
    raise Undecided("abc ended without a verdict: " + " ".join(said.split()[-12:]))


def smt(text: str, names: Sequence[str] = ()) -> dict[str, str] | None:
    """Values of the named terms under which an SMT-LIB text's assertions hold; None where they never do (bitwuzla).

    Floats are Float16, Float32, Float64 or Float128. Runs in this process: who wants a limit ends the process.

    Raises
    ------
    Undecided
        If bitwuzla ends without a verdict.
    """
    return answers.answer("bitwuzla", "\n".join([*names, text]), lambda: _bitwuzla(text, names), small=0)


def _bitwuzla(text: str, names: Sequence[str]) -> dict[str, str] | None:
    """As :func:`smt`, asked."""
    try:
        import bitwuzla
    except ImportError:
        raise tools.ToolMissing("bitwuzla is missing; install it with: pip install bitwuzla") from None
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, bool(names))
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    parser.parse(text, True, False)
    solver = parser.bitwuzla()
    verdict = solver.check_sat()
    if verdict == bitwuzla.Result.UNSAT:
        return None
    if verdict != bitwuzla.Result.SAT:
        raise Undecided("bitwuzla ended without a verdict")
    return {name: str(solver.get_value(parser.parse_term(name))) for name in names}
