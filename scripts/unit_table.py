"""Prints the README's table of a unit: python scripts/unit_table.py [UNIT] (default: mac)."""

import sys

from nervure.generators.flow.tables import unit_table

if __name__ == "__main__":
    print(unit_table(sys.argv[1] if len(sys.argv) > 1 else "mac"), end="")
