"""Rewrites the expected areas in tests/baselines from the circuits as they are now (the library says which).

Usage: python scripts/update_baselines.py
"""

from pathlib import Path

from nervure.generators.flow.baselines import update

if __name__ == "__main__":
    update(Path(__file__).parent.parent / "tests" / "baselines", print)
