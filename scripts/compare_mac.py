"""Prints our multiply-accumulate units beside the published ones: python scripts/compare_mac.py.

Takes some minutes; areas are measured now, published figures are data with their source in
generators/mac/comparison.py.
"""

import sys

from nervure.generators.mac.comparison import compare, density, table

if __name__ == "__main__":
    found = compare(progress=lambda done, total: print(f"{done} of {total}", end="\r", file=sys.stderr, flush=True))
    print(table(found))
    print(density())
    for row in found:
        if row.misses:
            print(f"{row.published.name}: {', '.join(row.misses)}", file=sys.stderr)
