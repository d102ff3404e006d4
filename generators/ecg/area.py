"""What a loaded network costs: the same core with its network in the logic and in memories behind a load port."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from ...hw.ecg.config.tables import load_words, room
from ..emit import emit
from ..flow.synth import synth
from . import DEFAULT, config_of


def areas(name: str = DEFAULT, codings: Sequence[str] = ("dense", "bitmap"), target: str = "xcup") -> str:
    """A line for each core: LUTs, flip-flops and memory blocks of a target, bits of memory, words of a load."""
    lines = [f"{name} on {target}", "coding  network      LUT     FF  block RAM  memory bits  words of a load"]
    for coding in codings:
        for storage in ("constants", "loaded"):
            config = config_of(name, coding=coding, storage=storage)
            with tempfile.TemporaryDirectory(prefix="nervure-area-") as folder:
                report = synth(emit(config, Path(folder)), target)
            bits, words = "-", "-"
            if storage == "loaded":
                fits = room(config)
                each = fits.weights * sum(fits.weight.values()) + fits.neurons * sum(fits.neuron.values())
                bits, words = str(fits.elements * each), str(len(load_words(config, config)))
            lines.append(f"{coding:<7} {storage:<9} {report.lut:>6} {report.ff:>6} {report.bram:>10} {bits:>12} "
                         f"{words:>16}")  # fmt: skip
    return "\n".join(lines)
