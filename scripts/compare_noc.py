"""Compares four places for the tables of a vector unit: python scripts/compare_noc.py [--liberty FILE] [--lanes N ...].

A table per lane, a table per core with a read port for each lane, NOVA's broadcast, and the broadcast of folded tables;
all with the same functions, lanes and formats, and tables that can be written. Modules are synthesised once for xcup
and, with ``--liberty`` (with NERVURE_DATA, sky130 of FOLDER/liberty), for cells; toggles are counted on numbers of the
attention network. Prints a table and shares, and draws each figure against lanes (PNG, with matplotlib).
"""

import argparse
import json
import os
import sys
from pathlib import Path

from nervure.generators.flow.baselines import LIBERTIES
from nervure.generators.noc.comparison import LANES, compare, draw, shares, table


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--liberty", type=Path, help="a cell library")
    parser.add_argument("--lanes", type=int, nargs="+", default=list(LANES), help="numbers of lanes")
    parser.add_argument("--beats", type=int, default=400, help="beats whose toggles are counted")
    parser.add_argument("--output", type=Path, default=Path("build/reports/noc.png"), help="picture")
    given = parser.parse_args()
    liberty = given.liberty
    if liberty is None and (data := os.environ.get("NERVURE_DATA")):
        liberty = Path(data) / "liberty" / LIBERTIES["sky130hd"]
    rows = compare(tuple(given.lanes), liberty, given.beats, say)
    print(table(rows))
    print("\n" + "\n".join(shares(rows)))
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.with_suffix(".json").write_text(json.dumps([row.to_dict() for row in rows], indent=1) + "\n")
    draw(rows, given.output)
    say(str(given.output))
