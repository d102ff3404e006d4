"""Claims of the rounder that together say: the emitted file gives the power of two that the definition names.

- ``balance``, ``handshake`` (or ``advance``): the file is a pipeline of L ranks through which beats pass in order.
- ``values``: with every register a wire, e, sign and zero are what the definition says, for all codes of x, however
  wide: each exponent is that of one interval of magnitudes, whose ends are integers found by integer arithmetic.
- ``netlist``: the file mapped to LUTs is the file.
"""

from __future__ import annotations

from ....hw.activation.config.pow2round import Pow2RoundConfig
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]
EVIDENCE = HERE.rpartition(".activation")[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``pow2round``."""
    config = Pow2RoundConfig(**artifact.manifest["config"])
    file = f"{artifact.module}.v"
    stream = artifact.stream("out").valid is not None
    order = (
        "; beats pass in order, none lost, none repeated; reset empties the unit" if stream else "; every rank moves"
    )

    def general(name: str, scope: str, function: str, cost: float) -> Claim:
        return Claim(name, f"{file}{scope}", (Part(f"{EVIDENCE}.proofs:{function}", cost=cost),))

    codes = f", registers as wires: all {1 << config.input_format.width} codes of x in each of {config.elements} places"
    values = tuple(Part(f"{HERE}.proofs:values", {"place": k}, 2) for k in range(config.elements))
    return [
        general("balance", f": {artifact.latency} registers on every path from inputs to outputs", "balance", 2),
        general("handshake" if stream else "advance", f": all states of all register bits, all inputs{order}",
                "handshake", 5),
        Claim("values", file + codes, values),
        general("netlist", " mapped to xcup LUTs (synth_xilinx): all inputs, all states", "netlist", 10),
    ]  # fmt: skip
