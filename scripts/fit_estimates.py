"""Fits the prices of cost models to synthesis runs of random configs, or checks estimates against runs not fitted.

Usage: python scripts/fit_estimates.py [UNIT ...] [--target T] [--runs DIR] [--check]

Runs are stored in DIR (build/estimates) by config, target and tool, so that the work resumes; a circuit that changed
needs a new folder. Without --check the prices in generators/estimates/ and the rows in tests/estimates/ are written
anew. Prints a line for each unit, with the milliseconds of the slowest estimate; exits with 1 if a bar of
generators/estimate_fit.py is missed.
"""

import argparse
import json
import sys
import time
from collections.abc import Collection
from pathlib import Path

from nervure.generators.estimate import COSTS, estimate, fitted
from nervure.generators.estimate_fit import config_of, errors, fit, missed, store
from nervure.generators.estimate_runs import configs, run

ROWS = Path(__file__).parent.parent / "tests" / "estimates"
FITTED = {"mac": {0: 110, 1: 60}, "pow2round": {0: 40, 1: 60}, "activation": {0: 90, 2: 60}}
"""Runs that are fitted, by unit and seed."""
HELD_OUT = {"mac": {2: 60}, "pow2round": {2: 60}, "activation": {3: 60}}
"""Runs that are held out, by unit and seed."""
KEPT = ("unit", "config", "lut", "ff", "dsp", "bram", "depth", "latency", "tool")


def collect(unit: str, counts: dict[int, int], target: str, folder: Path, apart: Collection[str] = ()) -> list[dict]:
    """So many runs of each seed, made where they are not stored, without configs of these digests.

    A config of which no circuit or netlist can be made is named, and another drawn.
    """
    found = []
    for seed, count in counts.items():
        for config in (config for config in configs(unit, seed) if config.digest not in apart):
            if not count:
                break
            if sys.stderr.isatty():
                print(f"\r{unit} {target}: seed {seed}, {count} runs to go ", end="", file=sys.stderr)
            try:
                found.append(run(config, target, folder))
            except Exception as error:
                print(f"left out: {config.module_name} ({type(error).__name__}: {error})", file=sys.stderr)
                continue
            count -= 1
    return found


def slowest(rows: list[dict], target: str) -> float:
    """The longest that one estimate took, in ms, once everything is loaded."""
    times = []
    for row in rows:
        config = config_of(row)
        start = time.perf_counter()
        estimate(config, target)
        times.append(1000 * (time.perf_counter() - start))
    return max(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("units", nargs="*", metavar="UNIT", help=f"default: {' '.join(COSTS)}")
    parser.add_argument("--target", default="xcup")
    parser.add_argument("--runs", type=Path, default=Path("build/estimates"))
    parser.add_argument("--check", action="store_true", help="change nothing")
    words = parser.parse_args()
    failed = 0
    print(f"{'':<35}{'LUT':>24}{'FF':>24}{'depth':>24}    DSP    BRAM")
    print(f"{'unit':<12}{'target':<7}{'fitted':>7}{'held out':>9}" + f"{'median':>8}{'p90':>8}{'most':>8}" * 3
          + f"{'wrong':>8}" * 2 + f"{'ms':>7}")  # fmt: skip
    for unit in words.units or COSTS:
        if not words.check:
            prices = fit(unit, words.target, collect(unit, FITTED[unit], words.target, words.runs))
            store(unit, words.target, {**prices, "error": {}})
        prices = fitted(unit, words.target)
        rows = collect(unit, HELD_OUT[unit], words.target, words.runs, prices["digests"])
        found = errors(rows, words.target)
        if not words.check:
            store(unit, words.target, {**prices, "error": found})
            ROWS.mkdir(exist_ok=True)
            kept = [{key: row[key] for key in KEPT} for row in rows]
            text = ",\n".join(json.dumps(row, sort_keys=True) for row in kept)
            (ROWS / f"{unit}-{words.target}.json").write_text(f"[\n{text}\n]\n")
        cells = [f"{found[key][name]:.1%}" for key in ("lut", "ff", "depth") for name in ("median", "p90", "largest")]
        cells += [f"{found[key]['wrong']:.1%}" for key in ("dsp", "bram")]
        print(f"{unit:<12}{words.target:<7}{prices['fitted']:>7}{found['runs']:>9}"
              + "".join(f"{cell:>8}" for cell in cells) + f"{slowest(rows, words.target):>7.1f}")  # fmt: skip
        for sentence in missed(found):
            print(f"  {sentence}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
