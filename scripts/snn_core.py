"""What a synapse of the neuron core costs: spikes that reset their weights' registers against spikes that are ANDed.

    python scripts/snn_core.py [TARGET ...]
"""

from __future__ import annotations

import sys
import tempfile

import numpy as np
from nervure.generators.emit import emit
from nervure.generators.flow.synth import synth
from nervure.hw.snn.config import SnnConfig


def core(gate: str, omega: int, bits: int) -> SnnConfig:
    """A dense layer of 64 spikes and 32 neurons, 8 spikes and ``omega`` channels at once."""
    half = 1 << (bits - 1)
    weights = np.random.default_rng(0).integers(-half, half, (32, 64))
    layer = {"name": "core", "kind": "dense", "channels": 32, "weights": weights, "weight_bits": bits, "omega": omega,
             "neuron": {"threshold": 4 * half, "membrane_width": bits + 7}}  # fmt: skip
    return SnnConfig(network=f"core{omega}x{bits}", input_shape=(64,), layers=(layer,), gate=gate)


def main(targets: list[str]) -> None:
    """Prints a table."""
    print("| target | weights | synapses a cycle | gate | LUT | FF | BRAM | LUT a synapse |")
    print("|---|---|---|---|---|---|---|---|")
    for target in targets:
        for bits in (4, 8):
            found = {}
            for gate in ("reset", "and"):
                with tempfile.TemporaryDirectory() as folder:
                    found[gate] = report = synth(emit(core(gate, 8, bits), folder), target)
                print(f"| {target} | {bits} bits | 64 | {gate} | {report.lut} | {report.ff} | {report.bram} | "
                      f"{(report.lut or 0) / 64:.2f} |", flush=True)  # fmt: skip
            saved = (found["and"].lut or 0) - (found["reset"].lut or 0)
            print(f"{target}, {bits} bits: the reset saves {saved} LUTs, {saved / 64:.2f} a synapse", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ["xcup", "ecp5"])
