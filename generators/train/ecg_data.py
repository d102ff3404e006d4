"""Heartbeats of annotated records: samples, R peaks, classes of AAMI EC57, and how they are split.

Records are read by ``wfdb``: the MIT-BIH Arrhythmia Database (Moody & Mark 2001, doi:10.13026/C2F305; Goldberger et al.
2000), or a user's folder of the same form.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...golden.ecg.front import inputs
from ...hw.config import ConfigError
from ...hw.ecg.config.front import FrontConfig

RATE = 360
"""Samples a second that windows are made for."""
MARGIN = 100
"""Beats nearer than this to either end of a record are left out whatever the window, so that all networks are tested on
the same ones."""
CLASSES = ("N", "S", "V", "F", "Q")
SYMBOLS = {**dict.fromkeys("NLRej", 0), **dict.fromkeys("AaJS", 1), **dict.fromkeys("VE", 2), "F": 3,
           **dict.fromkeys("/fQ", 4)}  # fmt: skip
"""AAMI class by the annotation's symbol; other symbols mark no beats."""
DS1 = "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230".split()  # noqa: SIM905
DS2 = "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234".split()  # noqa: SIM905
"""The inter-patient split of de Chazal et al. 2004; paced records 102, 104, 107 and 217 are in neither."""
HELD = ("112", "114", "118", "124", "207", "223")
"""Records of DS1 that networks are chosen on."""


@dataclass(frozen=True)
class Record:
    """One record's first lead.

    Parameters
    ----------
    name : str
    samples : int64 array
        ADC codes at :data:`RATE`.
    peaks, labels : int64 arrays
        Sample numbers of the beats' R peaks, in order, and their classes (numbers in :data:`CLASSES`).
    missing : bool array
        Samples that were NaN in the file; they repeat the last one that was not.
    notes : tuple of str
        What was done to it: resampled, samples replaced.
    flutter : tuple of pairs of int
        First and last samples of ventricular flutter, in which beats are not annotated.
    """

    name: str
    samples: np.ndarray
    peaks: np.ndarray
    labels: np.ndarray
    missing: np.ndarray
    notes: tuple[str, ...] = ()
    flutter: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Beats:
    """Beats ready for a network: counts ``(beats, inputs)``, labels, the record of each (its number in ``names``)."""

    inputs: np.ndarray
    labels: np.ndarray
    record: np.ndarray
    names: tuple[str, ...] = field(default=())

    def of(self, rows: np.ndarray) -> Beats:
        """Some of the beats."""
        return Beats(self.inputs[rows], self.labels[rows], self.record[rows], self.names)


def folder_of(path: str | Path | None = None) -> Path:
    """The folder of records: the user's, else ``mitdb`` in the folder that NERVURE_DATA names.

    Raises
    ------
    ConfigError
        If there is no such folder, or it holds no header of a record.
    """
    data = os.environ.get("NERVURE_DATA")
    if path is None and not data:
        raise ConfigError("NERVURE_DATA must name a folder that holds mitdb where no folder of records is given, "
                          "not be empty")  # fmt: skip
    found = Path(path) if path is not None else Path(data or "") / "mitdb"
    if not found.is_dir() or not any(found.glob("*.hea")):
        raise ConfigError(f"the folder of records must hold .hea files, not {str(found)!r}")
    return found


def read_record(path: str | Path, lead: int = 0) -> Record:
    """One record with its ``atr`` annotations; ``path`` is that of its header, without the suffix.

    A record of another sampling rate is resampled to :data:`RATE` (a polyphase filter, rounded to integers), R peaks
    with it; samples that are NaN repeat the last one that is not. ``notes`` says so.

    Raises
    ------
    ConfigError
        If wfdb is not installed, or cannot read the record, or it lacks that lead or has no sample.
    """
    path = Path(path)
    try:
        import wfdb
    except ImportError:
        raise ConfigError("records require the package wfdb, which is not installed "
                          "(pip install 'nervure[ecg]')") from None  # fmt: skip
    found: Any
    marks: Any
    try:
        found, marks = wfdb.rdrecord(str(path)), wfdb.rdann(str(path), "atr")
    except Exception as error:  # wfdb raises whatever its parsers meet.
        said = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(f"record must be readable by wfdb with its atr annotations, not {str(path)!r} "
                          f"({said})") from None  # fmt: skip
    if found.p_signal is None or not 0 <= lead < found.p_signal.shape[1]:
        raise ConfigError(f"record {path.name} must have a lead {lead}, and has {found.n_sig}")
    wave = found.p_signal[:, lead]
    if not np.isfinite(wave).any():
        raise ConfigError(f"record {path.name} must have a sample that is a number, and has none")
    codes, missing = held(np.rint(wave * found.adc_gain[lead] + found.baseline[lead]))
    peaks = np.array([at for at, symbol in zip(marks.sample, marks.symbol, strict=True) if symbol in SYMBOLS], np.int64)
    labels = np.array([SYMBOLS[symbol] for symbol in marks.symbol if symbol in SYMBOLS], np.int64)
    notes = [f"record {path.name}: {missing.sum()} samples are NaN and repeat the last that is not; beats there are "
             "left out"] if missing.any() else []  # fmt: skip
    ends = [np.array([at for at, symbol in zip(marks.sample, marks.symbol, strict=True) if symbol == bracket], np.int64)
            for bracket in "[]"]  # fmt: skip
    if found.fs != RATE:
        ends = [np.rint(at * (RATE / found.fs)).astype(np.int64) for at in ends]
        codes, missing, peaks = resampled(codes, missing, peaks, found.fs)
        notes.append(f"record {path.name}: resampled from {found.fs:g} to {RATE} Hz")
    return Record(path.name, codes, peaks, labels, missing, tuple(notes),
                  tuple(zip(ends[0].tolist(), ends[1].tolist(), strict=False)))  # fmt: skip


def held(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Integers of a wave in which NaN repeats the last number before it (the first number, before that), and where."""
    missing = ~np.isfinite(wave)
    last = np.maximum.accumulate(np.where(missing, -1, np.arange(len(wave))))
    last[last < 0] = np.argmin(missing)
    return wave[last].astype(np.int64), missing


def resampled(codes: np.ndarray, missing: np.ndarray, peaks: np.ndarray,
              rate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Samples, which of them are missing, and peaks at :data:`RATE`, from another rate."""
    from scipy.signal import resample_poly

    ratio = Fraction(RATE / rate).limit_denominator(1000)
    codes = np.rint(resample_poly(codes.astype(float), ratio.numerator, ratio.denominator, padtype="line"))
    at = np.minimum(np.arange(len(codes)) * ratio.denominator // ratio.numerator, len(missing) - 1)
    return codes.astype(np.int64), missing[at], np.rint(peaks * float(ratio)).astype(np.int64)


def read_records(folder: str | Path | None = None) -> list[Record]:
    """All annotated records of a folder, by name (see :func:`folder_of`)."""
    where = folder_of(folder)
    return [read_record(path.with_suffix("")) for path in sorted(where.glob("*.hea"))
            if path.with_suffix(".atr").is_file()]  # fmt: skip


def beats_of(records: list[Record], config: FrontConfig, shift: int = 0) -> Beats:
    """Beats of records, but those near the ends and those whose windows leave the record or touch a missing sample.

    Parameters
    ----------
    records : list of Record
    config : FrontConfig
    shift : int
        Windows are moved by so many samples.
    """
    parts, labels, numbers = [], [], []
    for number, record in enumerate(records):
        found, kept = inputs(config, torch.from_numpy(record.samples), (record.peaks + shift).tolist())
        before = np.concatenate([[0], np.cumsum(record.missing)])
        at = record.peaks[kept]
        whole = before[at + shift + config.after] == before[at + shift - config.before]
        whole &= (at >= MARGIN) & (at <= len(record.samples) - MARGIN)
        parts.append(found.numpy()[whole].astype(np.int16))
        labels.append(record.labels[kept][whole])
        numbers.append(np.full(int(whole.sum()), number))
    return Beats(np.concatenate(parts), np.concatenate(labels), np.concatenate(numbers),
                 tuple(record.name for record in records))  # fmt: skip


def intra(beats: Beats, seed: int = 0) -> tuple[Beats, Beats, Beats]:
    """Intra-patient split: of each class a random 20 % to test on; of the rest a tenth to choose on.

    The test beats depend on nothing but the beats: every network is tested on the same.

    Returns
    -------
    Beats
        To train on, to choose on, to test on.
    """
    from sklearn.model_selection import train_test_split

    rows = np.arange(len(beats.labels))
    train, test = train_test_split(rows, test_size=0.2, random_state=0, stratify=beats.labels)
    train, choose = train_test_split(train, test_size=0.1, random_state=seed, stratify=beats.labels[train])
    return beats.of(np.sort(train)), beats.of(np.sort(choose)), beats.of(np.sort(test))


def inter(beats: Beats, held: tuple[str, ...] = HELD) -> tuple[Beats, Beats, Beats]:
    """Inter-patient split: DS1 but for some records to train on, these to choose on, DS2 to test on."""
    names = np.array(beats.names)[beats.record]
    train = np.isin(names, [name for name in DS1 if name not in held])
    parts = [beats.of(np.flatnonzero(rows)) for rows in (train, np.isin(names, held), np.isin(names, DS2))]
    return parts[0], parts[1], parts[2]
