"""Claims of the softmax on the network: those of the softmax's blocks and rings, and of what goes over the line.

- ``rows``, ``numbers``, ``exponent``, ``powers``, ``results``, ``distances``, ``normal``: as of the unit ``softmax``
  (:mod:`nervure.verif.activation.softmax.claims`).
- ``largest``: at the source is the largest number of one beat of all routers, and of the row so far. ``sums``: the sum
  of one beat's powers, and of the row's.
- ``lines``: whatever the line held, D + 1 + F cycles on each lane has had the line of ``2^-f`` that it needs: every f,
  as the golden model says; and the table of the reciprocal.
- ``told``: a row's largest number and its finding are kept at every router when the row is committed, or before, and
  each lane takes that of its router.
"""

from __future__ import annotations

from ....hw.noc.config.softmax import NocSoftmaxConfig
from ...activation.softmax.claims import OUT
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]
FAMILY = "nervure.verif.activation"
FLAGS = (*(f"power_valid_{k}" for k in range(1, 5)), "middle_valid")


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``noc_softmax``."""
    config = NocSoftmaxConfig(**artifact.manifest["config"])
    file, way = f"{artifact.module}.v", 2 * config.ahead
    turn = "turn" if config.flits > 1 else ""
    after = {"longest": config.beats, "ranks": 5 + way, "flags": OUT, "source": ("middle_valid", "power_last_5"),
             "turn": turn}  # fmt: skip
    first = {"longest": config.beats, "ranks": 2 + way, "flags": FLAGS, "prefix": "x_", "sink": "", "turn": turn}
    states = ": all states of all register bits, all inputs; beats in order, rows whole, reset"
    found = [Claim(name, file + states, (Part(f"{FAMILY}.rows:control", shape, 30),))
             for name, shape in (("rows", after), ("numbers", first))]  # fmt: skip
    for name, scope, cost in (
        ("exponent", f"blocks: all {1 << config.input_format.width} distances, in every lane", 10),
        ("powers", f"blocks: all values, all shifts of {config.one + 1} bits, in every lane", 10),
        ("results", f"blocks: all products of {config.lowest + 18} bits, in every lane", 5),
        ("distances", "blocks: all words, in every lane", 5),
    ):
        found.append(Claim(name, f"{file}: {scope}", (Part(f"{FAMILY}.softmax.proofs:{name}", cost=cost),)))
    found.append(Claim("normal", f"{file}: blocks: all sums of {config.sum_width} bits",
                       (Part(f"{FAMILY}.wired:normal", cost=5),)))  # fmt: skip
    routers = f"{config.routers} routers"
    for name, scope, cost in (
        ("largest", f"all states and beats of {config.lanes} numbers, {routers}", 20),
        ("sums", f"all states and beats of {config.lanes} powers, {routers}", 20),
        ("lines", f"all states of {routers}, all codes of both tables, in every lane", 20),
        ("told", f"all states, {routers}", 20),
    ):
        found.append(Claim(name, f"{file}: {scope}", (Part(f"{HERE}.proofs:{name}", cost=cost),)))
    return found
