"""Claims of a heartbeat classifier that hold for all counts.

- ``weights``: what the emitted file's elements hold is the config's network, each neuron once.
- ``bound``: with these weights no sum can leave the accumulator, partial sums included.
"""

from __future__ import annotations

from ...hw.ecg.config import EcgConfig
from ..artifact import Artifact
from ..prove import Claim, Part

HERE = __name__.rpartition(".")[0]


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``ecg``; ``bound`` where the config does not leave saturation open."""
    file, config = f"{artifact.module}.v", EcgConfig(**artifact.manifest["config"])
    found = [Claim("weights", f"{file}: {sum(config.nonzero)} weights that are not 0 and all neurons' constants",
                   (Part(f"{HERE}.proofs:weights"),))]  # fmt: skip
    if not config.saturates:
        found.append(Claim("bound", f"{file}: all counts of 0 to {config.steps} in every layer, all partial sums, in "
                           f"{config.accumulator} bits", (Part(f"{HERE}.proofs:bound"),)))  # fmt: skip
    return found
