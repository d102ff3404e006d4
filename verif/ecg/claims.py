"""Claims of a heartbeat classifier with a constant network that hold for all counts.

- ``weights``: what the emitted file's elements hold is the config's network, each neuron once.
- ``bound``: with these weights no sum can leave the accumulator, partial sums included.
- ``datapath``: in ``ssf`` and for small networks, the circuit gives the class and confidence of the integer matrix
  products with their clips for all inputs and all weights, starts and thetas that its tables have room for, in the
  promised cycle, and beat after beat.
"""

from __future__ import annotations

from ...hw.ecg.config import EcgConfig
from ..artifact import Artifact
from ..prove import Claim, Part

HERE = __name__.rpartition(".")[0]
MOST_WEIGHTS, MOST_STEPS = 12, 3
"""Sizes up to which the datapath is tried."""


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``ecg``; ``bound`` where saturation is not left open."""
    file, config = f"{artifact.module}.v", EcgConfig(**artifact.manifest["config"])
    if config.storage == "loaded":
        return []  # what the file holds is no network
    found = [Claim("weights", f"{file}: {sum(config.nonzero)} weights that are not 0 and all neurons' constants",
                   (Part(f"{HERE}.proofs:weights"),))]  # fmt: skip
    if not config.saturates:
        found.append(Claim("bound", f"{file}: all counts of 0 to {config.steps} in every layer, all partial sums, in "
                           f"{config.sum_width} bits", (Part(f"{HERE}.proofs:bound"),)))  # fmt: skip
    small = sum(config.all_weights) <= MOST_WEIGHTS and config.steps <= MOST_STEPS and config.coding != "runs"
    if small and config.neuron == "ssf":
        found.append(Claim("datapath", f"{file}: all inputs, all weights, starts and thetas; every beat",
                           (Part(f"{HERE}.datapath:datapath", cost=10.0),)))  # fmt: skip
    return found
