"""Claims of the norms: what their parts do, each for all inputs or in all states.

- ``rows``: beats enter, wait and come out in order, each row after its last beat, none lost, none repeated; reset
  empties the unit (:mod:`nervure.verif.activation.rows`).
- ``table``: every code of the table, as the golden model says.
- ``squares``, ``centred``: every x, and every x and sum. ``rounded``, ``results``: both roundings, for all words.

The products of sums, of c and r, and of z and gamma are shown by vectors alone.
"""

from __future__ import annotations

from ....hw.activation.config.norm import NormConfig
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]
FAMILY = HERE.rpartition(".")[0]
RANKS = 8


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``norm``."""
    config = NormConfig(**artifact.manifest["config"])
    file, last = f"{artifact.module}.v", 5 if config.scaled else 4
    flags = (*(f"valid_{k}" for k in range(1, last)), "o_valid")
    shape = {"longest": config.beats, "ranks": RANKS, "flags": flags}
    states = ": all states of all register bits, all inputs; beats in order, rows whole, reset"
    found = [Claim("rows", file + states, (Part(f"{FAMILY}.rows:control", shape, 30),))]
    for name, scope in (
        ("table", f"blocks of the table: every code of {config.segments} lines"),
        ("squares", f"blocks: all {1 << config.input_format.width} numbers, in every lane"),
        ("centred", f"blocks: all numbers and sums of {config.sum_width} bits, in every lane"),
        ("rounded", "blocks: all products, moved by every number of places that T can ask for, in every lane"),
        ("results", "blocks: all words, in every lane"),
    ):
        found.append(Claim(name, f"{file}: {scope}", (Part(f"{HERE}.proofs:{name}", cost=10),)))
    return found
