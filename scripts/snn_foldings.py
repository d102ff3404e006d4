"""The shipped network of the digits at three foldings: cycles a frame against the closed form, and what it takes.

    python scripts/snn_foldings.py [TARGET ...]
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from nervure.generators.emit import emit
from nervure.generators.flow.synth import synth
from nervure.generators.registry import get_unit
from nervure.generators.snn.fold import folded, used
from nervure.generators.train.snn import test_images
from nervure.verif.batch import BatchModel
from nervure.verif.snn import ends, expect
from nervure.verif.snn.stimulus import beats_of

FOLDINGS = (
    {},
    {"conv1": (4, 1), "conv2": (8, 2), "classes": (2, 1)},
    {"conv1": (12, 2), "conv2": (24, 2), "classes": (10, 1)},
)
CLOCK = 100e6


def main(targets: list[str]) -> None:
    """Prints a table; frames per second are computed from the cycles at a clock of 100 MHz."""
    base = get_unit("snn").make({"network": "digits"})
    images, _ = test_images("digits")
    print("| omega, kappa | closed form | cycles a frame | wrong | frames/s at 100 MHz, computed | target | LUT | FF | "
          "DSP | BRAM | LUT a synapse a cycle | LUT, DSP, BRAM of folding |\n" + "|---" * 12 + "|")  # fmt: skip
    for folding in FOLDINGS:
        config = folded(base, folding)
        at_once = sum(layer.omega * min(8 * layer.kappa, config.facts[layer.name].synapses)
                      for layer in config.layers if layer.weights)  # fmt: skip
        given = beats_of(config, images)
        cost = used(config, "lut")
        with tempfile.TemporaryDirectory() as folder:
            artifact = emit(config, Path(folder))
            result = BatchModel(artifact).run(given, ends=ends(config, given))
            wrong, cycles = int((result.outputs["y"] != expect(config, given)["y"]).sum()), result.cycles / len(images)
            said = f"| {folding or 'one channel at a time'} | {config.cycles} | {cycles:.1f} | {wrong} | "
            said += f"{CLOCK / cycles:.0f} |"
            print(said, flush=True)
            for target in targets:
                r = synth(artifact, target)
                print(f"{said} {target} | {r.lut} | {r.ff} | {r.dsp} | {r.bram} | {(r.lut or 0) / at_once:.1f} | "
                      f"{cost['lut']}, {cost['dsp']}, {cost['bram']} |",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
