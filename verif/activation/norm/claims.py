"""Claims of the norms: what their parts do, each for all inputs or in all states.

- ``rows``: beats enter, wait and come out in order, each row after its last beat, none lost, none repeated; reset
  empties the unit (:mod:`nervure.verif.activation.rows`).
- ``table``: every code of the table, as the golden model says.
- ``squares``, ``centred``: every x, and every x and sum. ``rounded``, ``results``: both roundings, for all words.
- ``normal``: the place of T's first one, for all words.
- ``wiring``: with these blocks and the multiplications left out, each register of sums, root and results takes what the
  equations say, in every state; a product is one multiplication of the right two words (:mod:`..wired`). Of the ring
  it shows the data: what is written are the beat's numbers as they came, what is read goes to the lanes as it is; and
  of the memory of findings, that a row's root, shift and sum are written at its place and read at that of the row
  shown. That a beat is read where it was written, and its row's finding with it, are counters: the claim ``rows``.
  Memories are taken for what they say (:mod:`..memories`). Constants of rows of one beat are not stated: there the
  claim is unknown.
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
    found = [Claim("rows", file + states, (Part(f"{FAMILY}.rows:control", shape, 30),)), *of_blocks(config, file)]
    scope = "all states, all inputs; blocks by themselves, multiplications as such"
    found.append(Claim("wiring", f"{file}: {scope}", (Part(f"{HERE}.wiring:wiring", cost=20),)))
    return found


def of_blocks(config: NormConfig, file: str) -> list[Claim]:
    """The claims of single blocks, which are the same wherever these stand."""
    found: list[Claim] = []
    for name, scope in (
        ("table", f"blocks of the table: every code of {config.segments} lines"),
        ("squares", f"blocks: all {1 << config.input_format.width} numbers, in every lane"),
        ("centred", f"blocks: all numbers and sums of {config.sum_width} bits, in every lane"),
        ("rounded", "blocks: all products, moved by every number of places that T can ask for, in every lane"),
        ("results", "blocks: all words, in every lane"),
    ):
        found.append(Claim(name, f"{file}: {scope}", (Part(f"{HERE}.proofs:{name}", cost=10),)))
    found.append(Claim("normal", f"{file}: blocks: all T of {config.total_width} bits",
                       (Part(f"{FAMILY}.wired:normal", cost=5),)))  # fmt: skip
    return found
