"""Every layer's map of a shipped spiking network, by the circuit and by the golden model, on the test images.

    NERVURE_DATA=../shared/data python scripts/snn_maps.py mnist [IMAGES]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from nervure.generators.registry import get_unit
from nervure.generators.snn.maps import compare
from nervure.generators.train.snn import test_images


def main(network: str, count: int | None = None) -> int:
    """Prints a line for each layer; 1 where any number differs."""
    config = get_unit("snn").make({"network": network})
    images, labels = test_images(network)
    images, labels = images[:count], labels[:count]
    begun = time.perf_counter()
    print(f"{network}: {len(images)} images, {config.num_parameters} parameters")
    with tempfile.TemporaryDirectory() as folder:
        found = compare(config, images, Path(folder), tell=lambda c: print(
            f"{c.layer}: {c.wrong} of {c.numbers} numbers wrong, {c.cycles:.1f} cycles a frame "
            f"(closed form {c.closed_form}), {c.seconds:.0f} s", flush=True))  # fmt: skip
    wrong = sum(each.wrong for each in found)
    print(f"{sum(each.numbers for each in found):,} numbers, {wrong} wrong, {time.perf_counter() - begun:.0f} s in all")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None))
