"""Prints our piecewise-linear functions beside the limit and published tables: python scripts/compare_activation.py.

A second table has the same functions with bf16 and fp16 in and out.

With ``--area``: what gelu and tanh cost with each kind of knots, on xcup, ecp5 and a cell library (``--liberty FILE``;
with NERVURE_DATA, sky130 of FOLDER/liberty), as a table and as a picture of error against area (``--output FILE.svg``).

Takes about a minute at the first run (ten with ``--area``); what was solved is kept. Published figures are data with
their source in generators/activation/comparison.py. Exit code 1 if a bar is missed.
"""

import argparse
import os
import sys
from pathlib import Path

from nervure.generators.activation import area
from nervure.generators.activation.comparison import compare, compare_floats, float_table, table
from nervure.generators.flow.baselines import LIBERTIES


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def cost(liberty: Path | None, output: Path) -> None:
    if liberty is None and (data := os.environ.get("NERVURE_DATA")):
        liberty = Path(data) / "liberty" / LIBERTIES["sky130hd"]
    found = area.points(liberty=liberty, say=say)
    library = liberty.stem if liberty else ""
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(area.draw(found, library), encoding="utf-8")
    print(area.table(found, library))
    say(str(output))


def errors() -> int:
    found, floats = compare(say=say), compare_floats(say=say)
    print(table(found))
    print(float_table(floats))
    missed = [sentence for row in (*found, *floats) for sentence in row.misses]
    for sentence in missed:
        say(sentence)
    return bool(missed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Errors, or areas, of piecewise-linear functions.")
    parser.add_argument("--area", action="store_true", help="error against area")
    parser.add_argument("--liberty", type=Path, help="a cell library for --area")
    parser.add_argument("--output", type=Path, default=Path("build/reports/activation_area.svg"), help="picture")
    given = parser.parse_args()
    if given.area:
        cost(given.liberty, given.output)
    sys.exit(0 if given.area else errors())
