"""Accuracy of the shipped hyperdimensional heartbeat classifiers by their integers, all test beats through the circuit.

Usage: [NERVURE_DATA=FOLDER] python scripts/compare_hdc.py [--records FOLDER] [--rtl]

Records are the user's folder of them, else FOLDER/mitdb. The test beats are those of scripts/compare_ecg.py.
"""

from __future__ import annotations

import argparse

from nervure.generators.ecg import config_of, shipped
from nervure.generators.ecg.compare import compare, detail, table, tested, through
from nervure.generators.train.ecg_data import read_records
from nervure.generators.train.hdc import SIZES

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", metavar="FOLDER")
    parser.add_argument("--rtl", action="store_true", help="all test beats through the circuit")
    asked = parser.parse_args()
    records = read_records(asked.records)
    names = [f"hdc{size}" for size in SIZES]
    found = [result for name in names for result in compare(records, name, (shipped(name).fields["steps"],), ("ssf",))]
    print(table(found), end="\n\n")
    for result in found:
        print(detail(result), end="\n\n")
    for name in names if asked.rtl else ():
        beats, config = tested(records, name), config_of(name, coding="bitmap")
        same, cycles = through(config, beats)
        print(f"{name}: RTL = golden on {same} of {len(beats.labels)} test beats, {cycles:.0f} cycles a beat, "
              f"{config.pes} elements", flush=True)  # fmt: skip
