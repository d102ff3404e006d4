"""Proves every claim of every preset and prints a row each: python scripts/prove_presets.py [unit ...] [--jobs N].

Units default to all that have claims. Finished rows are kept by content under --out, so that a run that is stopped
goes on where it was. Ends with 1 if a claim is refuted or unknown; those are listed last.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from nervure.generators.proving import chosen, prove_presets, with_claims
from nervure.hw.config import ConfigError

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("units", nargs="*", help="units (default: all that have claims)")
    parser.add_argument("--presets", nargs="+", default=(), help="these presets of them alone")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="presets at a time")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for each part of a claim")
    parser.add_argument("--out", type=Path, default=Path("build/prove"), help="folder of finished rows")
    asked = parser.parse_args()
    start, missing, seconds, claims = time.monotonic(), [], 0.0, 0
    try:
        rows = chosen(asked.units or with_claims(), asked.presets)
        print("| unit | preset | claims | proved | exhausted | unknown | seconds |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for row, kept in prove_presets(rows, asked.out, jobs=asked.jobs, timeout=asked.timeout):
            took = f"{row.seconds:.0f}{' (kept)' if kept else ''}"
            counts = (row.claims, row.proved, row.exhausted, row.unknown)
            print(f"| {row.unit} | {row.preset} | {' | '.join(map(str, counts))} | {took} |", flush=True)
            missing += [(row, claim) for claim in row.missing]
            seconds, claims = seconds + (0 if kept else row.seconds), claims + row.claims
    except ConfigError as error:
        sys.exit(str(error))
    for row, claim in missing:
        shown = f" {claim['counterexample']}" if claim["counterexample"] else ""
        print(f"{row.unit} {row.preset}: {claim['name']} is {claim['status']}: {claim['method']}{shown}")
    print(f"\n{len(rows)} presets, {claims} claims, {len(missing)} of them not proved; {seconds:.0f} s of proofs in "
          f"{time.monotonic() - start:.0f} s")  # fmt: skip
    sys.exit(1 if missing else 0)
