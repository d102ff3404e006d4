"""Writes the classifier core for LibreLane (sky130): Verilog, SDC and config.json.

Usage: python scripts/asic_ecg.py FOLDER [--preset beats] [--clock 4e6]

Then, where LibreLane and the PDK are installed: librelane FOLDER/config.json
"""

from __future__ import annotations

import argparse
import tempfile

from nervure.generators.emit import emit
from nervure.generators.flow.asic import write_asic
from nervure.generators.registry import get_unit

if __name__ == "__main__":
    unit = get_unit("ecg")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--preset", choices=unit.presets, default="beats")
    parser.add_argument("--clock", type=float, default=4e6, metavar="HZ")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nervure-asic-") as work:
        artifact = emit(unit.make(unit.presets[asked.preset]), work)
        print(*write_asic(artifact, asked.folder, asked.clock), sep="\n")
