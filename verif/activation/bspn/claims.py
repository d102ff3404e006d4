"""Claims of the bit-shifting power norm.

- ``rows``: beats enter, wait and come out in order, each group after its last beat, none lost, none repeated; reset
  empties the unit (:mod:`nervure.verif.activation.rows`). Not for a constant psi, where nothing waits.
- ``sum``: in every state the sums of ``|x|`` become what the beats make of them.
- ``scale``: the scale's exponent, for all sums of ``|x|`` of its width: ``2^k >= sum / n + eps`` in integers.
- ``products``: in each lane ``|x|`` is shifted as scale and weight say, for all x, scales and weights.
- ``results``: in each lane the power of two near y, for all ``|y|`` of its width.

Not claimed, shown by vectors alone: that the constants of a place meet the number there, and y's one addition.
"""

from __future__ import annotations

from ....hw.activation.config.bspn import BspnConfig
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]
FAMILY = HERE.rpartition(".")[0]
RANKS = 3


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``bspn``."""
    config = BspnConfig(**artifact.manifest["config"])
    file = f"{artifact.module}.v"
    flags = (*(f"valid_{k}" for k in range(1, config.latency)), "o_valid")
    shape = {"longest": config.beats, "ranks": RANKS, "flags": flags}

    def own(name: str, scope: str, cost: float) -> Claim:
        return Claim(name, f"{file}, blocks by themselves: {scope}", (Part(f"{HERE}.proofs:{name}", cost=cost),))

    found = [
        own("products", f"all codes of x ({config.input}), scales and weights in {config.lanes} lanes", 10),
        own("results", f"all |y| of {config.magnitude_width} bits in {config.lanes} lanes", 20),
    ]
    if config.psi is not None:
        return found
    control = Part(f"{FAMILY}.rows:control", shape, 20)
    return [
        Claim("rows", f"{file}: all states of all register bits, all inputs; beats in order, groups whole, reset",
              (control,)),
        Claim("sum", f"{file}: all states, all inputs; sums of |x| of beats and of groups",
              (Part(f"{HERE}.proofs:sum", cost=10),)),
        own("scale", f"all sums up to {config.largest_sum}", 5), *found,
    ]  # fmt: skip
