"""Samples that look like electrocardiograms, and what electrodes and converters do to them, record after record."""

from __future__ import annotations

import numpy as np

from ....hw.ecg.config.front import EcgFrontConfig

Vectors = dict[str, np.ndarray]

KINDS = ("mixed", "rhythm", "leads", "noise")


def stimulus(config: EcgFrontConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Samples and ends of records; at least ``count``, and one whole record of a steady rhythm.

    Parameters
    ----------
    config : EcgFrontConfig
    count : int
        Samples.
    seed : int
    kind : str
        ``rhythm``: beats of changing heights, near and far apart. ``leads``: those with runs at the converter's ends
        (an electrode off), flat lines and steps. ``noise``: any samples, faster and slower. ``mixed``: all of these,
        and records that end before a beat is looked for.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    parts = [_scaled(config, _beats(2 * config.learn + config.memory, rng, steady=True))]
    while sum(map(len, parts)) < count:
        length = int(rng.integers(config.learn, 8 * config.learn + 2))
        which = kind if kind != "mixed" else rng.choice(["rhythm", "leads", "noise", "short"])
        if which == "short":
            length = int(rng.integers(1, config.learn + 1))
        wave = _noise(length, rng) if which == "noise" else _beats(length, rng)
        codes = _scaled(config, wave)
        parts.append(_hurt(config, codes, rng) if which == "leads" else codes)
    x = np.concatenate(parts)
    last = np.zeros(len(x), np.uint64)
    last[np.cumsum([len(part) for part in parts]) - 1] = 1
    return {"x": x, "last": last}


def _scaled(config: EcgFrontConfig, wave: np.ndarray) -> np.ndarray:
    top = (1 << config.adc_bits) - 1
    return np.clip(np.rint((0.45 + 0.4 * wave) * top), 0, top).astype(np.uint64)


def _beats(length: int, rng: np.random.Generator, steady: bool = False) -> np.ndarray:
    """Narrow and wide bumps at intervals of a heart's, with a slow drift and a little noise."""
    at, wave = np.arange(length), rng.normal(0, 0.01, length)
    wave += rng.uniform(0, 0.1) * np.sin(at / rng.uniform(80, 900))
    place = float(rng.uniform(20, 120))
    while place < length:
        height = 1.0 if steady else float(rng.choice([1, 1, 1, 1.4, 0.45, 0.25, -0.9]))
        for off, width, part in ((0, rng.uniform(2, 6) if not steady else 4, 1.0), (90, 14, 0.2), (-55, 10, 0.1)):
            wave += part * height * np.exp(-(((at - place - off) / width) ** 2))
        if steady:
            place += 250
        else:
            place += float(rng.choice([rng.uniform(200, 330), rng.uniform(80, 200), rng.uniform(400, 1500)],
                                      p=[0.8, 0.14, 0.06]))  # fmt: skip
    return wave


def _noise(length: int, rng: np.random.Generator) -> np.ndarray:
    """White noise, smoothed over 1 to 40 samples."""
    size = int(rng.integers(1, 41))
    return np.convolve(rng.normal(0, 1.2 * np.sqrt(size), length + size), np.ones(size) / size, "valid")[:length]


def _hurt(config: EcgFrontConfig, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Runs at one of the converter's ends, or at the last value, in a few places."""
    for _ in range(int(rng.integers(1, 5))):
        start = int(rng.integers(0, len(codes)))
        level = rng.choice([0, (1 << config.adc_bits) - 1, int(codes[start])])
        codes[start : start + int(rng.integers(40, 900))] = level
    return codes
