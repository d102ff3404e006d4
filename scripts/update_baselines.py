"""Rewrites the expected areas in tests/baselines from the circuits as they are now (the library says which).

Usage: [NERVURE_DATA=FOLDER] python scripts/update_baselines.py [UNIT ...]

With NERVURE_DATA, areas in the cell libraries of FOLDER/liberty are measured too; without, the stored ones are kept.
"""

import os
import sys
from pathlib import Path

from nervure.generators.flow.baselines import update

if __name__ == "__main__":
    data = os.environ.get("NERVURE_DATA")
    baselines = Path(__file__).parent.parent / "tests" / "baselines"
    update(baselines, print, Path(data) / "liberty" if data else None, sys.argv[1:])
