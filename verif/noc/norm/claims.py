"""Claims of the norms on the network: those of the norms' blocks and ring, and of what goes over the line.

- ``rows``, ``table``, ``squares``, ``centred``, ``rounded``, ``results``, ``normal``: as of the unit ``norm``
  (:mod:`nervure.verif.activation.norm.claims`).
- ``sums``: at the source are the sums of one beat's squares and numbers of all routers, and of the row so far.
- ``told``: a row's root is kept at every router when the row is committed, or before, and each lane takes that of its
  router.
"""

from __future__ import annotations

from ....hw.noc.config.norm import NocNormConfig
from ...activation.norm.claims import RANKS, of_blocks
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]
FAMILY = "nervure.verif.activation"


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``noc_norm``."""
    config = NocNormConfig(**artifact.manifest["config"])
    file, last = f"{artifact.module}.v", 5 if config.scaled else 4
    flags = (*(f"valid_{k}" for k in range(1, last)), "o_valid")
    shape = {"longest": config.beats, "ranks": RANKS + 2 * config.ahead, "flags": flags}
    states = ": all states of all register bits, all inputs; beats in order, rows whole, reset"
    found = [Claim("rows", file + states, (Part(f"{FAMILY}.rows:control", shape, 30),)), *of_blocks(config, file)]
    for name, scope in (("sums", f"all states and beats of {config.lanes} numbers"), ("told", "all states")):
        routers = f"{file}: {scope}, {config.routers} routers"
        found.append(Claim(name, routers, (Part(f"{HERE}.proofs:{name}", cost=20),)))
    return found
