"""Samples that look like electrocardiograms, and what electrodes and converters do to them, record after record."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch

from ....golden.ecg.peaks import filtered, judged
from ....hw.ecg.config.front import EcgFrontConfig

Vectors = dict[str, np.ndarray]

KINDS = ("mixed", "rhythm", "leads", "noise")


MIXED = ("rhythm", "leads", "noise", "short", "flat", "cut", "small", "small")
"""Records of the mixed kind."""

LONG = 2048
"""Samples of a memory up to which beats are made that it forgets."""


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
        and records that end before a beat is looked for, that are flat, that end as soon as a beat is found, and whose
        rhythm has beats so small that search-back finds them, with the next one or long after.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    parts = [_scaled(config, _beats(2 * config.learn + config.memory, rng, steady=True))]
    while sum(map(len, parts)) < count:
        length = int(rng.integers(config.learn, 8 * config.learn + 2))
        which = kind if kind != "mixed" else rng.choice(MIXED)
        if which in ("short", "flat"):
            length = int(rng.integers(1, config.learn + 1)) + (config.learn if which == "flat" else 0)
        waves = {"noise": _noise, "small": partial(_small, config)}
        wave = waves.get(which if which != "cut" else rng.choice(["small", "rhythm"]), _beats)(length, rng)
        codes = _scaled(config, wave if which != "flat" else np.full(length, wave[0]))
        parts.append({"leads": _hurt, "cut": _cut}.get(which, _whole)(config, codes, rng))
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


def _small(config: EcgFrontConfig, length: int, rng: np.random.Generator) -> np.ndarray:
    """Steady beats, and after every few a small one that search-back finds: with the next beat, or long after.

    A missing beat is looked for when 1.625 mean intervals are over, if a peak is judged then; the next beat stands
    there. Where a long time of nothing follows instead, the threshold falls by a sixteenth with each judged peak, about
    every ``settle + 1`` samples, until the small beat is one, whose window the memory may have lost by then. Waves
    before or after the highest sample of each beat make its energy greatest soon after that, or long after.
    """
    step, side = max(250, config.refractory + config.settle + 60), int(rng.integers(-1, 2))
    heights = _heights(config, side)
    place, beats, mean = 100.0, [(60.0, 1.0)], 288.0
    while place < length + config.learn:
        for _ in range(int(rng.integers(4, 8))):
            beats.append((place, 1.0))
            place += step
            mean += (step - mean) / 8 if place > config.learn else 0
        after = place - step + 1.625 * mean + rng.uniform(0, config.settle)
        if config.memory <= LONG and rng.random() < 0.3:
            age = rng.uniform(1.0, 2.0) * config.memory / (config.settle + 1)
            beats.append((after, heights((15 / 16) ** age / 8)))
            place = after + 2.5 * config.memory
        else:
            most = min(0.5 * step, config.memory - config.before - config.settle - config.delay - config.window)
            before = rng.uniform(config.refractory, max(config.refractory, most))
            beats.append((after - before, heights(rng.uniform(0.13, 0.25))))
            place = after
    return _bumps(config, int(place), beats, side)


def _bumps(config: EcgFrontConfig, length: int, beats: list[tuple[float, float]], side: int) -> np.ndarray:
    """Bumps at places, of heights, with waves before (-1) or after (1) each."""
    at, wave = np.arange(length), np.zeros(length)
    for middle, height in beats:
        for k in range(config.window // 8 + 1 if side else 1):
            part = (-0.8) ** min(k, 1) * (-1) ** max(k - 1, 0)
            wave += part * height * np.exp(-(((at - middle - 8 * side * k) / 4) ** 2))
    return wave


def _heights(config: EcgFrontConfig, side: int) -> Callable[[float], float]:
    """Which height a beat must have for its energy to be such a share of a beat's of height 1."""
    tried = np.exp(np.linspace(-8, 0, 33))
    length = 4 * config.window + 4 * config.delay + 100
    waves = [_scaled(config, _bumps(config, length, [(length / 2, height)], side)) for height in tried]
    energies = [int(filtered(config, torch.from_numpy(wave.astype(np.int64)))[1].max()) for wave in waves]
    shares = np.maximum.accumulate(np.maximum(energies, 1e-3)) / max(energies[-1], 1e-3)
    return lambda share: float(np.exp(np.interp(np.log(share), np.log(shares), np.log(tried))))


def _cut(config: EcgFrontConfig, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The record up to the sample with which one of its beats is found."""
    known = [at for _, at in judged(config, torch.from_numpy(codes.astype(np.int64)))]
    return codes[: rng.choice(known) + 1] if known else codes


def _whole(config: EcgFrontConfig, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return codes


def _hurt(config: EcgFrontConfig, codes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Runs at one of the converter's ends, or at the last value, in a few places."""
    for _ in range(int(rng.integers(1, 5))):
        start = int(rng.integers(0, len(codes)))
        level = rng.choice([0, (1 << config.adc_bits) - 1, int(codes[start])])
        codes[start : start + int(rng.integers(40, 900))] = level
    return codes
