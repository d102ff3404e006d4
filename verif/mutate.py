"""The negative control: faults drawn by Yosys, each of which evidence must find.

A fault is one of Yosys' mutations of a cell's port (inverted, stuck, or mixed with another bit). All of them are put
into one netlist behind a select port, so that one compiled model runs vectors through each; what no vector shows is
tried by proof: is the faulty file the file? A fault that changes nothing that can be seen is shown to be none
(``equivalent``); what is left survives.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import tools
from .artifact import Artifact
from .batch import BatchModel, ProtocolError
from .prove import Claim, Part, prove

SELECT = "nervure_fault"
VECTORS = 20_000
UNTOUCHED = "t:$meminit* %n"  # in Yosys' words: all but what memories start with, which must be constant
STANDING = 1000  # cycles without a beat after which a faulty unit is held to stand still


@dataclass(frozen=True)
class Fault:
    """One fault and what became of it.

    Parameters
    ----------
    number : int
        From 1, in the order in which Yosys drew them.
    place : str
        Mode, cell and port.
    outcome : str
        ``vectors`` or ``proof`` (found by them), ``equivalent`` (proved to change nothing), or ``survived``.
    detail : str
        The first vector, or the claim, that shows it.
    """

    number: int
    place: str
    outcome: str
    detail: str


@dataclass(frozen=True)
class NegativeControl:
    """All faults of one drawing."""

    seed: int
    faults: tuple[Fault, ...]

    @property
    def survivors(self) -> list[Fault]:
        return [fault for fault in self.faults if fault.outcome == "survived"]

    def count(self, outcome: str) -> int:
        """Faults that ended so."""
        return sum(fault.outcome == outcome for fault in self.faults)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        outcomes = ("vectors", "proof", "equivalent", "survived")
        return {
            "seed": self.seed, "count": len(self.faults), **{outcome: self.count(outcome) for outcome in outcomes},
            "survivors": [fault.__dict__ for fault in self.survivors], "faults": [f.__dict__ for f in self.faults],
        }  # fmt: skip


def negative_control(artifact: Artifact, bench: Any, count: int = 30, *, seed: int = 0, timeout: float = 600,
                     progress: Callable[[str, int, int], None] | None = None) -> NegativeControl:  # fmt: skip
    """Draws faults in the emitted netlist (the multiplier aside) and finds each by vectors or by proof.

    Parameters
    ----------
    artifact : Artifact
    bench : module
        Stimulus and golden outputs; where not every beat that goes in gives one, ``ends(config, inputs)``.
    count, seed : int
        How many faults, and the seed that Yosys draws them with.
    timeout : float
        Seconds for each part of a claim.
    """
    if count <= 0:
        raise ValueError(f"count must be positive, not {count}")
    config = bench.config_of(artifact)
    vectors = bench.stimulus(config, VECTORS, seed)
    expected = bench.expect(config, vectors)
    ends = bench.ends(config, vectors) if hasattr(bench, "ends") else None
    found: list[Fault] = []
    with tempfile.TemporaryDirectory(prefix="nervure-mutate-") as name:
        folder = Path(name)
        drawn = _draw(artifact, folder, count, seed)
        model = BatchModel(_selectable(artifact, folder, drawn))
        _check_select(model, vectors, expected, ends)
        for number, line in enumerate(drawn, 1):
            shown = _by_vectors(model, bench, config, vectors, expected, ends, number)
            outcome = ("vectors", shown) if shown else _by_proof(artifact, bench, folder / str(number), line, timeout)
            found.append(Fault(number, _place(line), *outcome))
            if progress:
                progress("faults", number, len(drawn))
    return NegativeControl(seed, tuple(found))


def _read(artifact: Artifact) -> list[str]:
    """Commands that read the unit."""
    return ["read_verilog design.v", f"hierarchy -check -top {artifact.module}", "proc"]


def _flat(artifact: Artifact) -> list[str]:
    """Commands that read the unit as one module around its product."""
    return [
        *_read(artifact),
        f"setattr -mod -set keep_hierarchy 1 {artifact.module}__product*", f"flatten {artifact.module}",
        "opt_clean", "delete t:$scopeinfo", f"cd {artifact.module}",
    ]  # fmt: skip


def _draw(artifact: Artifact, folder: Path, count: int, seed: int) -> list[str]:
    """The mutations, as Yosys commands."""
    shutil.copy(artifact.verilog, folder / "design.v")
    draw = f"mutate -list {count} -seed {seed} -o drawn.txt {UNTOUCHED}"
    tools.yosys("\n".join([*_flat(artifact), draw]), cwd=folder)
    lines = [line for line in (folder / "drawn.txt").read_text().splitlines() if line.startswith("mutate -mode")]
    if len(lines) < count:
        raise ValueError(f"count must be at most the {len(lines)} faults that the netlist has, not {count}")
    return lines


def _selectable(artifact: Artifact, folder: Path, drawn: list[str]) -> Artifact:
    """The unit with all faults in it, each active while the select port has its number."""
    width = len(drawn).bit_length()
    lines = [f"{line} -ctrl {SELECT} {width} {number}" for number, line in enumerate(drawn, 1)]
    out = folder / "selectable"
    out.mkdir()
    write = ["cd", f"write_verilog -noattr {out / (artifact.module + '.v')}"]
    tools.yosys("\n".join([*_flat(artifact), *lines, *write]), cwd=folder)
    manifest = json.loads(json.dumps(artifact.manifest))
    (stream,) = (s for s in manifest["streams"] if s["direction"] == "in")
    stream["payload"].append(
        {"field": SELECT, "port": SELECT, "offset": 0, "width": width, "shape": [], "format": f"uint{width}"}
    )
    return Artifact(out, manifest)


def _run(model: BatchModel, vectors: dict[str, np.ndarray], ends: np.ndarray | None, number: int,
         stall: float = 0.0) -> dict[str, np.ndarray]:  # fmt: skip
    beats = len(next(iter(vectors.values())))
    inputs = {**vectors, SELECT: np.full(beats, number, np.uint64)}
    return model.run(inputs, ends=ends, stall_in=stall, stall_out=stall, patience=STANDING).outputs


def _check_select(model: BatchModel, vectors: dict[str, np.ndarray], expected: dict[str, np.ndarray],
                  ends: np.ndarray | None) -> None:  # fmt: skip
    """With no fault selected the netlist must be the unit; else everything would seem to be found."""
    outputs = _run(model, vectors, ends, 0)
    if any((outputs[key] != expected[key]).any() for key in expected):
        raise RuntimeError("the netlist must equal the golden model while no fault is selected, but does not")


def _by_vectors(model: BatchModel, bench: Any, config: Any, vectors: dict[str, np.ndarray],
                expected: dict[str, np.ndarray], ends: np.ndarray | None, number: int,
                ) -> str | None:  # fmt: skip
    """What shows the fault, or None."""
    for stall in (0.0, 0.3) if model.output.ready else (0.0,):
        try:
            outputs = _run(model, vectors, ends, number, stall)
        except ProtocolError as error:
            return str(error)
        for key, want in expected.items():
            wrong = np.nonzero(outputs[key] != want)[0]
            if len(wrong):
                at = wrong[0]
                # Of a unit that answers some beats only, the beat that completes the answer.
                beat = at if ends is None else ends[at]
                inputs = ", ".join(f"{k} = {_shown(bench, config, k, v[beat])}" for k, v in vectors.items())
                got = _shown(bench, config, key, outputs[key][at])
                return f"{inputs}: {key} = {got}, not {_shown(bench, config, key, want[at])}"
    return None


def _shown(bench: Any, config: Any, field: str, codes: np.ndarray) -> str:
    if codes.ndim:
        return f"[{', '.join(_shown(bench, config, field, item) for item in codes)}]"
    return bench.describe(config, field, int(codes))


def _by_proof(artifact: Artifact, bench: Any, folder: Path, line: str, timeout: float) -> tuple[str, str]:
    """Outcome and detail of a fault that no vector shows."""
    folder.mkdir()
    shutil.copy(artifact.verilog, folder / "design.v")
    mutant = folder / "mutant"
    mutant.mkdir()
    file = mutant / f"{artifact.module}.v"
    # Memories as they were: a write of a whole entry, not of each bit.
    write = ["cd", "opt_expr", "memory_collect", "memory_share -nosat", f"write_verilog -noattr {file}"]
    tools.yosys("\n".join([*_in_place(artifact, line), *write]), cwd=folder)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    manifest = {**artifact.manifest, "files": [{"path": file.name, "sha256": digest}]}
    (mutant / f"{artifact.module}.json").write_text(json.dumps(manifest))
    part = Part(f"{__name__.rpartition('.')[0]}.proofs:same", {"other": str(mutant)})
    (result,) = prove(artifact, [Claim("fault", "the faulty file is the file", (part,))], jobs=1, timeout=timeout)
    if result.status == "unknown":
        return _by_claims(Artifact(mutant, manifest), bench, result.method, timeout)
    if result.status == "proved":
        return "equivalent", result.method
    return "proof", f"{result.method}: {result.counterexample}"


def _in_place(artifact: Artifact, line: str) -> list[str]:
    """Commands that read the unit and put a fault in, so that claims about blocks can be tried: into the block that it
    is in, where its cell kept its name on the way into the one module. A block's module is named after its instance."""
    text, words = artifact.verilog.read_text(), line.split()
    module, cell = (words[words.index(option) + 1] for option in ("-module", "-cell"))
    inside, rest = module, re.sub(r"\$flatten|\\", "", cell)
    while "." in rest and f"module {inside}__{(head := rest.partition('.')[0])}(" in text:
        inside, rest = f"{inside}__{head}", rest.partition(".")[2]
    if inside == module:
        return [*(_flat(artifact) if "$flatten" in cell else _read(artifact)), line]
    return [*_read(artifact), line.replace(f"-module {module} -cell {cell} ", f"-module {inside} -cell {rest} ")]


def _by_claims(mutant: Artifact, bench: Any, undecided: str, timeout: float) -> tuple[str, str]:
    """Outcome and detail by the claims of the unit, where files differ in states that may be out of reach."""
    results = prove(mutant, bench.claims(mutant), jobs=1, timeout=timeout) if hasattr(bench, "claims") else []
    for result in results:
        if result.status == "refuted":
            return "proof", f"{result.name}: {result.method}: {result.counterexample}"
    if results and all(result.status == "proved" for result in results):
        return "equivalent", "every claim holds of the faulty file"
    return "survived", f"not decided: {undecided}"


def _place(line: str) -> str:
    """Mode, cell and port of a mutation, from its command."""
    words = line.split()
    options = {words[i]: words[i + 1] for i in range(1, len(words) - 1) if words[i].startswith("-")}
    where = ".".join(options[key] for key in ("-cell", "-port", "-portbit") if key in options)
    return f"{options['-mode']} {where}"
