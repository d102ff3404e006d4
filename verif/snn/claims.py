"""Claims of a spiking pipeline that hold for all numbers.

- ``neurons``: in every layer each neuron of the emitted file takes the step of its law, from every state.
- ``sums``: in every layer of up to :data:`MOST_WEIGHTS` weights, without recurrence, every sum that comes out of the
  neuron cores is the sum of the window's numbers times the config's weights.
- ``windows``: every line buffer gives each window of a map once, whatever the tokens and the stalls.
- ``alive``: of small networks, no order of stalls makes the whole pipeline hang, lose a beat or make one up.
"""

from __future__ import annotations

from ...hw.snn.config import SnnConfig
from ...hw.snn.config.plan import beats
from ..artifact import Artifact
from ..prove import Claim, Part
from .window_proofs import buffers

HERE = __name__.rpartition(".")[0]
MOST_BEATS, MOST_LAYERS = 12, 4
"""Networks up to which all states of the handshakes are followed."""
MOST_WEIGHTS = 8192
"""Layers of more weights are left out of the claim about sums."""


def claims(artifact: Artifact) -> list[Claim]:
    """The claims of an artefact of the unit ``snn``."""
    file, config = f"{artifact.module}.v", SnnConfig(**artifact.manifest["config"])
    found = []
    spiking = [layer.name for layer in config.layers if layer.neuron]
    if spiking:
        parts = tuple(Part(f"{HERE}.neuron_proofs:neurons", {"layer": name}) for name in spiking)
        found.append(Claim("neurons", f"{file}: neurons of {', '.join(spiking)}: all states and drives", parts))
    small = [layer for layer in config.layers if layer.weights and layer.kind != "recurrent"
             and len(layer.weights) <= MOST_WEIGHTS]  # fmt: skip
    if small:
        parts = tuple(Part(f"{HERE}.sums_proofs:sums", {"layer": layer.name}, cost=10.0 + len(layer.weights) / 50)
                      for layer in small)  # fmt: skip
        names = ", ".join(layer.name for layer in small)
        found.append(Claim("sums", f"{file}: neuron cores of {names}: all numbers that can come", parts))
    if lines := buffers(artifact):
        names = ", ".join(layer for _, layer, _ in lines)
        parts = tuple(Part(f"{HERE}.window_proofs:windows", {"module": module, "layer": layer, "source": at}, cost=20.0)
                      for module, layer, at in lines)  # fmt: skip
        found.append(Claim("windows", f"{file}: line buffers before {names}: all tokens, all stalls", parts))
    if beats(config) <= MOST_BEATS and len(config.layers) <= MOST_LAYERS:
        found.append(Claim("alive", f"{file}: all states of the handshakes, all stalls",
                           (Part(f"{HERE}.alive:alive", cost=5.0),)))  # fmt: skip
    return found
