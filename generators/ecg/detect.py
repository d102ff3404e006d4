"""How well R peaks are found: sensitivity and positive predictive value by the rule of ANSI/AAMI EC57 (150 ms)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ...golden.ecg.peaks import peaks
from ...golden.ecg.stream import stream
from ...hw.ecg.config.peaks import PeaksConfig
from ...hw.ecg.config.stream import EcgStreamConfig
from ..train.ecg_data import RATE, Record

TOLERANCE = 150 * RATE // 1000
"""Samples within which a peak found is that of an annotated beat."""


@dataclass(frozen=True)
class Detection:
    """Beats of a record that were found, missed, and found where there is none (flutter left out)."""

    name: str
    hits: int
    missed: int
    wrong: int

    @property
    def sensitivity(self) -> float:
        """Share of the annotated beats that were found."""
        return self.hits / max(1, self.hits + self.missed)

    @property
    def predictive(self) -> float:
        """Share of the peaks found that are beats."""
        return self.hits / max(1, self.hits + self.wrong)


def match(reference: Sequence[int], found: Sequence[int], tolerance: int = TOLERANCE) -> list[tuple[int, int]]:
    """Pairs of numbers in both ordered lists whose samples lie within the tolerance; each is in one pair at most.

    In order, the nearer of two peaks found is taken for a beat.
    """
    pairs, i, j = [], 0, 0
    while i < len(reference) and j < len(found):
        off = found[j] - reference[i]
        if off < -tolerance:
            j += 1
        elif off > tolerance:
            i += 1
        elif j + 1 < len(found) and abs(found[j + 1] - reference[i]) < abs(off):
            j += 1
        else:
            pairs.append((i, j))
            i, j = i + 1, j + 1
    return pairs


def detect(config: PeaksConfig, record: Record) -> Detection:
    """Counts for a whole record, but for what lies in flutter."""

    def outside(at: int) -> bool:
        return not any(low - TOLERANCE <= at <= high + TOLERANCE for low, high in record.flutter)

    found = [at for at in peaks(config, torch.from_numpy(record.samples)) if outside(at)]
    reference = [at for at in record.peaks.tolist() if outside(at)]
    hits = len(match(reference, found))
    return Detection(record.name, hits, len(reference) - hits, len(found) - hits)


def total(detections: Sequence[Detection]) -> Detection:
    """Sums over records (gross statistics)."""
    return Detection("all", *(sum(getattr(d, key) for d in detections) for key in ("hits", "missed", "wrong")))


def classified(config: EcgStreamConfig, record: Record, classes: int) -> np.ndarray:
    """Beats of a whole record by class annotated (rows) and class found (columns), from its raw samples alone.

    The last row holds beats found where none is annotated, the last column annotated beats that were not found (missed,
    or without a whole window). Flutter is not left out. Int64, ``(classes + 1, classes + 1)``; annotated classes beyond
    the network's are in no row.
    """
    last = torch.zeros(len(record.samples), dtype=torch.int64)
    last[-1] = 1
    found = stream(config, torch.from_numpy(record.samples), last)
    pairs = dict(match(record.peaks.tolist(), found.position.tolist()))
    table = np.zeros((classes + 1, classes + 1), np.int64)
    for beat, label in enumerate(record.labels.tolist()):
        if label < classes:
            table[label, int(found.label[pairs[beat]]) if beat in pairs else classes] += 1
    for row in set(range(len(found.label))) - set(pairs.values()):
        table[classes, int(found.label[row])] += 1
    return table
