"""How the claims of the accumulator are tried: the functions behind :mod:`.claims`.

Each takes the artefact's directory and returns a verdict; each runs in a process of its own.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from ... import solvers
from ...aig import FALSE, TRUE
from ...artifact import Artifact
from ...prove import Verdict, tried
from .ring import Ring, bare_manifest, cut_open


def looped(directory: Path, function: str, arguments: dict[str, Any]) -> Verdict:
    """What is said of a multiply-accumulate, said of the ring cut open."""
    with tempfile.TemporaryDirectory() as folder:
        cut_open(Artifact.load(directory), Path(folder))
        return tried(function, Path(folder), **arguments)


def anchored(directory: Path, config: dict[str, Any], function: str, arguments: dict[str, Any]) -> Verdict:
    """What is said of the specification of a multiply-accumulate; ``function`` reads nothing but its config."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = {**bare_manifest(Artifact.load(directory)), "config": config}
        (Path(folder) / "mac.json").write_text(json.dumps(manifest))
        return tried(function, Path(folder), **arguments)


def ring(directory: Path) -> Verdict:
    """In every state each rank moves or holds as its neighbours and beats have it, whole, and c is what it must be."""
    found = Ring(Artifact.load(directory))
    aig, net = found.aig, found.net
    when, enables = found.moves()
    # c is the partial sum at the exit where the ring is full and nothing is cleared; else neutral.
    width = found.config.acc_format.width
    neutral = [TRUE if found.config.neutral >> (i % width) & 1 else FALSE for i in range(len(found.y))]
    kept = aig.land(when["full"], found.clear ^ 1)
    c = {x >> 1: aig.mux(kept, y, start) for x, y, start in zip(found.c, found.y, neutral, strict=True)}
    inside = found.quiet | c
    (cut,) = net.cuts
    accepts = aig.copy(net.outputs["i_ready"], aig, found.quiet)[0]
    room = "a beat is accepted when the ring is full of its sum, or has room"
    sentences = [(room, aig.lxor(accepts, when["accepts"]))]
    for register in found.data:
        node = register.q >> 1
        (moved,) = aig.copy([found.step[node]], aig, inside)
        now = found.next[node]
        ranks = [found.rank[node]] if found.rank[node] else range(1, found.k + 1)
        wrong = [aig.lxor(now, aig.mux(enables[rank - 1], moved, register.q)) for rank in ranks]
        if FALSE not in wrong:
            sentences.append((f"{register.name} moves with its rank, and holds else", aig.all(wrong)))
    fed = [x for word in cut.inputs.values() for x in word]
    wrong = aig.differ(aig.copy(fed, aig, found.quiet), aig.copy(found.fed, aig, inside))
    sentences.append(("the multiplier is fed what it is in the ring cut open", wrong))
    return _never(found, sentences) or Verdict("proved", f"{len(found.data)} register bits, all states, kissat")


def _never(found: Ring, sentences: list[tuple[str, int]]) -> Verdict | None:
    """None where no sentence is violated in any state."""
    aig = found.aig
    if solvers.model(aig, [aig.any(violated for _, violated in sentences)]) is None:
        return None
    for text, violated in sentences:
        if (values := solvers.model(aig, [violated])) is not None:
            ports = {name: hex(solvers.word(values, word)) for name, word in found.net.inputs.items()}
            state = {r.name: int(values[r.q >> 1]) for r in found.net.registers if r.q >> 1 in values}
            return Verdict("refuted", "kissat", {"violated": text, "inputs": ports, "registers": state})
    return None
