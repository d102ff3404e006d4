"""Sensitivity and positive predictive value of the R-peak detector, record by record, by the EC57 rule (150 ms).

    NERVURE_DATA=FOLDER python scripts/detect_ecg.py [RECORDS] [--each] [--classes]

FOLDER holds ``mitdb``; RECORDS is another folder of records with ``atr`` annotations. Whole length; ventricular flutter
(record 207) is left out. The integers of the golden model, which are those of the circuit `ecg_front`. ``--classes``
adds what the shipped network `inter` (trained on DS1) makes of the raw samples of DS2: found, windowed and classified.
"""

from __future__ import annotations

import argparse
import sys
import warnings

from nervure.generators.ecg import shipped
from nervure.generators.ecg.detect import Detection, classified, detect, total
from nervure.generators.ecg.stream import wish
from nervure.generators.train.ecg_data import DS2, Record, read_records
from nervure.hw.config import ConfigError
from nervure.hw.ecg.config.front import EcgFrontConfig
from nervure.hw.ecg.config.stream import EcgStreamConfig


def line(found: Detection) -> str:
    """A record's figures as a row of a table."""
    return (f"| {found.name} | {found.hits + found.missed} | {found.missed} | {found.wrong} | "
            f"{100 * found.sensitivity:.3f} | {100 * found.predictive:.3f} |")  # fmt: skip


def classes(records: list[Record]) -> list[str]:
    """A table of beats by class annotated and class found, and the share that is found and right."""
    names = shipped("inter").classes
    config = EcgStreamConfig(**wish({"network": "inter"}))
    table = sum(classified(config, record, len(names)) for record in records if record.name in DS2)
    if isinstance(table, int):
        return ["No record of DS2 is there."]
    rows = [f"| {name} | {' | '.join(map(str, row))} |" for name, row in zip((*names, "none"), table, strict=True)]
    known = table[:-1]
    return [f"| annotated | {' | '.join((*names, 'not found'))} |", "| --- " * (len(names) + 2) + "|", *rows,
            f"{100 * known.trace() / known.sum():.2f} % of {known.sum()} beats of DS2 are found and of the right "
            f"class, {100 * known.trace() / known[:, :-1].sum():.2f} % of those found"]  # fmt: skip


def main() -> None:
    """Prints a table: all records together, or each and all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("records", nargs="?", help="folder of records (default: mitdb in NERVURE_DATA)")
    parser.add_argument("--each", action="store_true", help="a row for each record")
    parser.add_argument("--classes", action="store_true", help="classes of DS2's beats from raw samples")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    try:
        records = read_records(asked.records)
    except ConfigError as error:
        sys.exit(str(error))
    found = [detect(EcgFrontConfig(), record) for record in records]
    for note in (note for record in records for note in record.notes):
        print(note)
    print("| record | beats | missed | wrong | sensitivity % | predictive value % |")
    print("| --- | --- | --- | --- | --- | --- |")
    for row in [*(found if asked.each else []), total(found)]:
        print(line(row))
    for text in classes(records) if asked.classes else []:
        print(text)


if __name__ == "__main__":
    main()
