"""Accuracy of the shipped heartbeat classifiers by their integers; SSF beside IF at several T with the same weights.

Usage: [NERVURE_DATA=FOLDER] python scripts/compare_ecg.py [NETWORK ...] [--records FOLDER] [--steps 3 7 15 31]

Records are the user's folder of them, else FOLDER/mitdb.
"""

from __future__ import annotations

import argparse

from nervure.generators.ecg import networks
from nervure.generators.ecg.compare import compare, detail, table
from nervure.generators.train.ecg_data import read_records

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", choices=[*networks(), []], metavar="NETWORK")
    parser.add_argument("--records", metavar="FOLDER")
    parser.add_argument("--steps", type=int, nargs="+", default=[3, 7, 15, 31], metavar="T")
    asked = parser.parse_args()
    records = read_records(asked.records)
    for record in records:
        print(*record.notes, sep="\n", end="\n" if record.notes else "")
    found = {name: compare(records, name, tuple(asked.steps)) for name in asked.networks or networks()}
    print(table([result for results in found.values() for result in results]), end="\n\n")
    for results in found.values():
        own = [r for r in results if r.config.neuron == "ssf"]
        print(detail(max(own, key=lambda r: r.accuracy)), end="\n\n")
