"""Trains the small attention network on handwritten digits that comes with the library.

Usage: python scripts/train_attention.py [--to FILE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import nervure.generators.noc
from nervure.generators.train.attention import write

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    there = Path(nervure.generators.noc.__file__).parent / "networks" / "attention.json"
    parser.add_argument("--to", type=Path, default=there, metavar="FILE")
    print(write(parser.parse_args().to, print))
