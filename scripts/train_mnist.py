"""Trains the spiking networks that come with the library.

Usage: [NERVURE_DATA=FOLDER] python scripts/train_mnist.py [digits] [mnist] [mnist_t1] [--to FOLDER]

The two of MNIST need FOLDER/mnist. Without names all are trained that can be; they go where the library reads them.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import nervure.generators.snn
from nervure.generators.train.snn import RECIPES, write

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*RECIPES, []], metavar="NAME")
    there = Path(nervure.generators.snn.__file__).parent / "networks"
    parser.add_argument("--to", type=Path, default=there, metavar="FOLDER")
    asked = parser.parse_args()
    for name in asked.names or [n for n in RECIPES if not n.startswith("mnist") or os.environ.get("NERVURE_DATA")]:
        print(write(name, asked.to, lambda line: print(line, flush=True)))
