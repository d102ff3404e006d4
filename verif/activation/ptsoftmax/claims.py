"""Claims of the power-of-two softmax that together say: the emitted file computes what the golden model defines.

- ``rows``: beats enter, wait and come out in order, each row after its last beat, none lost, none repeated; reset
  empties the unit (:mod:`nervure.verif.activation.rows`).
- ``sum``: in every state the ranks make of a beat, and of a row's sums and a beat's, what the definition says.
- ``exponent``: the power of two nearest to the sum, for all sums of its width, beside its row's finding.
- ``shares``: for all scores, windows and exponents, each lane's share.
"""

from __future__ import annotations

from ....hw.activation.config.ptsoftmax import PtsoftmaxConfig
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]
FAMILY = HERE.rpartition(".")[0]
RANKS = 4


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``ptsoftmax``."""
    config = PtsoftmaxConfig(**artifact.manifest["config"])
    file = f"{artifact.module}.v: all states of all register bits, all inputs"
    shape = {"longest": config.beats, "ranks": RANKS, "flags": ("o_valid",)}

    def own(name: str, scope: str, cost: float) -> Claim:
        return Claim(name, f"{file}; {scope}", (Part(f"{HERE}.proofs:{name}", cost=cost),))

    return [
        Claim("rows", f"{file}; beats in order, rows whole, reset", (Part(f"{FAMILY}.rows:control", shape, 20),)),
        own("sum", f"sums of {config.lanes} scores a beat and of rows over two windows of {config.span}", 20),
        own("exponent", f"all sums of {config.sum_width} bits", 10),
        own("shares", f"all codes of a score ({config.bits} bits), windows and exponents in {config.lanes} lanes", 10),
    ]
