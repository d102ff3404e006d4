"""Trains the networks of tables that come with the library.

Usage: [NERVURE_DATA=FOLDER] python scripts/train_kan.py [digits] [mnist] [linear/digits] [--to FOLDER]

mnist needs FOLDER/mnist. Without names all are trained that can be; they go where the library reads them.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import nervure.generators.activation
from nervure.generators.train.shipped import RECIPES, write

NAMES = [*RECIPES, "linear/digits"]

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*NAMES, []], metavar="NAME")
    there = Path(nervure.generators.activation.__file__).parent / "networks"
    parser.add_argument("--to", type=Path, default=there, metavar="FOLDER")
    asked = parser.parse_args()
    for name in asked.names or [n for n in NAMES if n != "mnist" or os.environ.get("NERVURE_DATA")]:
        print(write(name, asked.to, print))
