"""Claims of a KAN that together say: the emitted file computes the network, for all inputs.

- ``balance``, ``handshake``: the file is a pipeline of L ranks through which beats pass in order.
- ``tables``: the joint tables of every neuron add up to the tables of its edges and its offset, for all codes.
- ``values``: the file is those joint tables, exact sums, clamps and comparisons.
- ``netlist``: the file mapped to LUTs is the file.
"""

from __future__ import annotations

from ....hw.activation.config.kan import KanConfig
from ...artifact import Artifact
from ...prove import Claim, Part

HERE = __name__.rpartition(".")[0]
EVIDENCE = HERE.rpartition(".activation")[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``kan``."""
    file, config = f"{artifact.module}.v", KanConfig(**artifact.manifest["config"])
    stream = artifact.stream("out").valid is not None
    size = 0.002 * len(config.edges)

    def claim(name: str, scope: str, function: str, cost: float) -> Claim:
        return Claim(name, scope, (Part(function, {}, cost),))

    order = "beats pass in order, none lost, none repeated; reset empties the unit" if stream else "every rank moves"
    neurons = sum(len(targets) for targets in config.used[1:])
    inputs = f"all codes of {len(config.used[0])} inputs"
    return [
        claim("balance", f"{file}: {artifact.latency} registers on every path from inputs to results",
              f"{EVIDENCE}.proofs:balance", 2 + size),
        claim("handshake" if stream else "advance", f"{file}: all states of all register bits, all inputs; {order}",
              f"{EVIDENCE}.proofs:handshake", 2 + size),
        claim("tables", f"{neurons} neurons: joint tables against {len(config.edges)} edges and offsets, all codes",
              f"{HERE}.proofs:tables", 1),
        claim("values", f"{file}, registers as wires: {inputs}", f"{HERE}.proofs:values", 10 + 5 * size),
        claim("netlist", f"{file} mapped to xcup LUTs (synth_xilinx): all inputs, all states",
              f"{EVIDENCE}.proofs:netlist", 20 + 20 * size),
    ]  # fmt: skip
