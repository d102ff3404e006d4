"""Trains the heartbeat classifiers that come with the library, three seeds each, on records read by wfdb.

Usage: [NERVURE_DATA=FOLDER] python scripts/train_ecg.py [NETWORK ...] [--records FOLDER] [--to FOLDER]

Records are the user's folder of them, else FOLDER/mitdb. Without names all networks are trained; they go where the
library reads them. One CPU thread, some minutes a network.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nervure.generators.ecg import NETWORKS
from nervure.generators.train.ecg_data import read_records
from nervure.generators.train.ecg_shipped import RECIPES, make, write

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", choices=[*RECIPES, []], metavar="NETWORK")
    parser.add_argument("--records", metavar="FOLDER")
    parser.add_argument("--to", type=Path, default=NETWORKS.folder, metavar="FOLDER")
    asked = parser.parse_args()
    records = read_records(asked.records)
    for record in records:
        print(*record.notes, sep="\n", end="\n" if record.notes else "")
    for name in asked.networks or RECIPES:
        made = make(name, records, progress=lambda line: print(line, flush=True))
        for row in made["trained"]["seeds"]:
            print(f"{name}, seed {row['seed']}: {row['score']:.4f} to choose on, {row['test_accuracy']:.2%} of the "
                  f"test beats, macro F1 {row['test_macro_f1']:.3f}, {row['bits']} bits", flush=True)  # fmt: skip
        print(write(made, asked.to), flush=True)
