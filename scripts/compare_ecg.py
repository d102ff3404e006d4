"""Accuracy of the shipped heartbeat classifiers by their integers; SSF beside IF at several T with the same weights.

Usage: [NERVURE_DATA=FOLDER] python scripts/compare_ecg.py [NETWORK ...] [--records FOLDER] [--steps 3 7 15 31] [--rtl]
       python scripts/compare_ecg.py --area [NETWORK ...]

Records are the user's folder of them, else FOLDER/mitdb. The inter-patient network is in every table. With --rtl all
test beats go through each network's circuit, too, at its own T. With --area nothing is classified: what the core takes
of an FPGA with its network in the logic, and with memories and a load port.
"""

from __future__ import annotations

import argparse

from nervure.generators.ecg import DEFAULT, config_of
from nervure.generators.ecg.area import areas
from nervure.generators.ecg.compare import compare, detail, medians, table, tested, through
from nervure.generators.train.ecg_data import read_records
from nervure.generators.train.ecg_shipped import RECIPES

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", choices=[*RECIPES, []], metavar="NETWORK")
    parser.add_argument("--records", metavar="FOLDER")
    parser.add_argument("--steps", type=int, nargs="+", default=[3, 7, 15, 31], metavar="T")
    parser.add_argument("--rtl", action="store_true", help="all test beats through the circuit")
    parser.add_argument("--area", action="store_true", help="the core with a constant and with a loaded network")
    asked = parser.parse_args()
    if asked.area:
        for name in asked.networks or [DEFAULT]:
            print(areas(name))
        raise SystemExit
    records = read_records(asked.records)
    for record in records:
        print(*record.notes, sep="\n", end="\n" if record.notes else "")
    names = dict.fromkeys([*(asked.networks or RECIPES), "inter"])
    found = {name: compare(records, name, tuple(asked.steps)) for name in names}
    print(table([result for results in found.values() for result in results]), end="\n\n")
    print(medians(), end="\n\n")
    for results in found.values():
        own = [r for r in results if r.config.neuron == "ssf"]
        print(detail(max(own, key=lambda r: r.accuracy)), end="\n\n")
    for name in names if asked.rtl else ():
        beats, config = tested(records, name), config_of(name, coding="bitmap")
        same, cycles = through(config, beats)
        print(f"{name}: RTL = golden on {same} of {len(beats.labels)} test beats, {cycles:.0f} cycles a beat, "
              f"{config.pes} elements", flush=True)  # fmt: skip
