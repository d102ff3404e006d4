"""Trains the hyperdimensional heartbeat classifiers that come with the library, on records read by wfdb.

Usage: [NERVURE_DATA=FOLDER] python scripts/train_hdc.py [64 128 256] [--records FOLDER] [--to FOLDER]

Records are the user's folder of them, else FOLDER/mitdb. Without sizes all are trained; they go where the library reads
them. One CPU thread, a minute or two each.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from nervure.generators.ecg import NETWORKS
from nervure.generators.train.ecg_data import read_records
from nervure.generators.train.ecg_shipped import write
from nervure.generators.train.hdc import SIZES, make

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", type=int, metavar="D")
    parser.add_argument("--records", metavar="FOLDER")
    parser.add_argument("--to", type=Path, default=NETWORKS.folder, metavar="FOLDER")
    asked = parser.parse_args()
    records = read_records(asked.records)
    for size in asked.sizes or SIZES:
        made = make(size, records, watch=lambda line: print(line, flush=True))
        told = made["trained"]
        print(f"hdc{size}: {told['score']:.4f} to choose on, {told['test_accuracy']:.2%} of the {told['test_beats']} "
              f"test beats (intra-patient), macro F1 {told['test_macro_f1']:.3f}", flush=True)  # fmt: skip
        print(write(made, asked.to), flush=True)
