"""Claims of the accumulator that together say: the emitted file computes what the golden model defines.

- ``loop ...``: the ring, cut open where a partial sum comes back as c, is a multiply-accumulate: all that is claimed of
  one (:mod:`.claims`), but for its mapped netlist.
- ``ring``: in every state each rank of the ring moves whole or holds whole, when its control says, and c is the partial
  sum at the exit where the control says so, else neutral.
- ``order``: by its control each partial sum is of the beats that the definition says, and the bank is complete for the
  sums that ended, in their order. This one is bounded: so many cycles from reset.
- ``tree``, ``addition``: the total is the pairwise sum of the bank's partial sums, each sum rounded once; ``addition
  anchor ...`` ties the specification of that to SMT-LIB.
- ``netlist``: the file mapped to LUTs is the file, register by register.
"""

from __future__ import annotations

from ....hw.mac.config import MacConfig
from ....hw.mac.config.accumulate import AccumulateConfig
from ...artifact import Artifact
from ...prove import Claim, Part
from ..claims import claims as mac_claims
from .ring import bare_manifest
from .tree import adder

HERE = __name__.rpartition(".")[0]
MOVED = ("netlist", "advance", "handshake")
"""Claims of a multiply-accumulate that the ring's own stand for."""


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``accumulate``."""
    config = AccumulateConfig(**artifact.manifest["config"])
    file, k = f"{artifact.module}.v", config.partials
    loop = Artifact(artifact.directory, bare_manifest(artifact))

    def own(name: str, scope: str, function: str, cost: float, **arguments: object) -> Claim:
        return Claim(name, f"{file}: {scope}", (Part(f"{HERE}.{function}", arguments, cost),))

    cycles = k + 8
    found = [_looped(claim, loop) for claim in mac_claims(loop) if claim.name not in MOVED]
    found += [
        own("ring", "all states of all register bits, all inputs", "proofs:ring", 5),
        own("order", f"every input in {cycles} cycles from reset, of any duration of additions",
            "order:order", 40, cycles=cycles),
        own("tree", f"all codes of 1 to {k} partial sums, from any state of the adder", "tree:tree", 20),
        own("addition", f"all pairs of codes of {config.acc}", "tree:addition", 40),
    ]  # fmt: skip
    if config.acc_format.is_float:
        sums = adder(config)
        single = Artifact(artifact.directory, {**loop.manifest, "config": {**sums.to_dict(), "interface": "bare"}})
        anchors = [claim for claim in mac_claims(single) if claim.name.startswith("anchor")]
        found += [_anchored(claim, f"addition {claim.name}", sums) for claim in anchors]
    mapped = "mapped to xcup LUTs (synth_xilinx, multiplier blocks left out): all inputs, all states"
    return [*found, own("netlist", mapped, "netlist:netlist", 10)]


def _looped(claim: Claim, loop: Artifact) -> Claim:
    """A claim of a multiply-accumulate, of the ring cut open."""
    if claim.name.startswith("anchor"):
        return _anchored(claim, f"loop {claim.name}", MacConfig(**loop.manifest["config"]))
    parts = tuple(Part(f"{HERE}.proofs:looped", {"function": p.function, "arguments": p.arguments}, p.cost)
                  for p in claim.parts)  # fmt: skip
    return Claim(f"loop {claim.name}", f"the ring cut open: {claim.scope}", parts)


def _anchored(claim: Claim, name: str, config: MacConfig) -> Claim:
    """A claim about the specification of a multiply-accumulate."""
    parts = tuple(Part(f"{HERE}.proofs:anchored",
                       {"config": config.to_dict(), "function": p.function, "arguments": p.arguments}, p.cost)
                  for p in claim.parts)  # fmt: skip
    return Claim(name, claim.scope, parts)
