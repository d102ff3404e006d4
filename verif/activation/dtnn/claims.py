"""Claims of a layer of dendrite branches that together say: the emitted file computes it, for all inputs.

- ``balance``, ``handshake``: the file is a pipeline of L ranks through which beats pass in order.
- ``tables``: the tables that are summed are the config's, and their constants add up to the offset.
- ``values``: the file is those tables, exact sums and clamps.
- ``netlist``: the file mapped to LUTs is the file.
"""

from __future__ import annotations

from ....hw.activation.config.dtnn import DtnnConfig
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]
EVIDENCE = HERE.rpartition(".activation")[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``dtnn``."""
    file, config = f"{artifact.module}.v", DtnnConfig(**artifact.manifest["config"])
    stream = artifact.stream("out").valid is not None
    size = 0.005 * len(config.branches)

    def claim(name: str, scope: str, function: str, cost: float) -> Claim:
        return Claim(name, scope, (Part(function, {}, cost),))

    order = "beats pass in order, none lost, none repeated; reset empties the unit" if stream else "every rank moves"
    count = len(config.branches) + len(config.joins)
    return [
        claim("balance", f"{file}: {artifact.latency} registers on every path from inputs to results",
              f"{EVIDENCE}.proofs:balance", 2 + size),
        claim("handshake" if stream else "advance", f"{file}: all states of all register bits, all inputs; {order}",
              f"{EVIDENCE}.proofs:handshake", 2 + size),
        claim("tables", f"{config.outputs} outputs: {count} tables and offsets, all addresses",
              f"{HERE}.proofs:tables", 1),
        claim("values", f"{file}, registers as wires: all codes of {config.inputs} inputs", f"{HERE}.proofs:values",
              10 + 5 * size),
        claim("netlist", f"{file} mapped to xcup LUTs (synth_xilinx): all inputs, all states",
              f"{EVIDENCE}.proofs:netlist", 20 + 20 * size),
    ]  # fmt: skip
