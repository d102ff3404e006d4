"""R peaks: the golden model is the equations sample by sample, causal, and finds the beats of a wave made here."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
import torch
from nervure.generators.ecg.detect import Detection, detect, match, total
from nervure.generators.train.ecg_data import Record
from nervure.golden.ecg.peaks import peaks
from nervure.hw.ecg.config.peaks import PeaksConfig

from .test_ecg_train import wave


class Stream:
    """The equations as a circuit would meet them: one sample in, perhaps R peaks out; plain integers."""

    def __init__(self, config: PeaksConfig):
        self.c, self.n, self.past, self.run = config, -1, {}, []
        self.best, self.at, self.q, self.interval = -1, 0, None, 288
        self.kept, self.where, self.kept_place, self.energies = 0, 0, 0, []

    def back(self, name: str, k: int) -> int:
        line = self.past[name]
        return line[-1 - k] if k < len(line) else line[0]

    def put(self, name: str, value: int) -> None:
        # The longest look back is that of the high-pass's mean; the deque's first is the oldest that is still held.
        line = self.past.setdefault(name, deque(maxlen=600))
        if not line:
            line.extend([value] * 599)
        line.append(value)

    def push(self, x: int) -> list[int]:
        c, self.n = self.c, self.n + 1
        self.put("x", x)
        self.put("l", sum(self.back("x", k) for k in range(c.low)))
        self.put("m", sum(self.back("l", k) for k in range(c.low)))
        mean = sum(self.back("m", k) for k in range(2 * c.wide + 1))
        self.put("b", (self.back("m", c.wide) * (2 * c.wide + 1) - mean) >> c.shift)
        d = self.back("b", 0) - self.back("b", c.slope)
        self.put("e", min(d * d >> 6, 2**20 - 1))
        y = sum(self.back("e", k) for k in range(c.window))
        if self.n < c.learn:
            self.energies.append(y)
        if self.n == c.learn - 1:
            self.signal, self.noise = max(self.energies) // 3, sum(self.energies) // (8 * c.learn)
        if y > self.best:
            self.best, self.at = y, self.n
        if self.n - self.at < c.settle:
            return []
        v, p, self.best = self.best, self.at, -1
        return self.judge(p, v) if self.n >= c.learn else []

    def judge(self, p: int, v: int) -> list[int]:
        c, out = self.c, []
        q = -c.refractory if self.q is None else self.q
        if p - q < c.refractory:
            return out
        sizes = [(abs(self.back("b", self.n - k)), -k) for k in range(max(0, p - c.window), p + 1)]
        place = max(0, -max(sizes)[1] - (c.low - 1 + c.wide))
        third = self.noise + (self.signal - self.noise) // 4
        if self.kept and p - q > self.interval + self.interval // 2 + self.interval // 8:
            if 2 * self.kept > third and self.where - q >= c.refractory:
                self.signal += (min(self.kept, 4 * self.signal) - self.signal) // 4
                out.append(self.beat(self.where, self.kept_place))
            else:
                self.signal -= self.signal // 16
        if self.q is not None and p - self.q < c.refractory:
            return out
        third = self.noise + (self.signal - self.noise) // 4
        if self.q is not None and p - self.q < c.tall:
            third *= 2
        if v > third:
            self.signal += (min(v, 4 * self.signal) - self.signal) // 8
            out.append(self.beat(p, place))
        else:
            self.noise += (v - self.noise) // 8
            if v > self.kept:
                self.kept, self.where, self.kept_place = v, p, place
        return out

    def beat(self, p: int, place: int) -> int:
        if self.q is not None:
            self.interval += (min(p - self.q, 2 * self.interval) - self.interval) // 8
        self.q, self.kept = p, 0
        return place


def samples(seed: int, seconds: int = 12) -> np.ndarray:
    x, _, _ = wave(seconds, seed=seed)
    return np.clip(np.rint(x * 200 + 1024), 0, 2047).astype(np.int64)


def _hard(kind: str) -> np.ndarray:
    x = samples(5)
    if kind == "pause":
        x[2000:3200] = 1000
    elif kind == "rail":
        x[1500:1900], x[2500:2700] = 2047, 0
    elif kind == "quiet":
        x[2000:] = 1024 + (x[2000:] - 1024) // 5
    elif kind == "noise":
        x = np.random.default_rng(0).integers(0, 2048, len(x))
    elif kind == "flat":
        x[:] = 7
    return x


@pytest.mark.parametrize("kind", ["rhythm", "pause", "rail", "quiet", "noise", "flat"])
def test_golden_is_the_stream(kind):
    x, config = _hard(kind), PeaksConfig()
    stream = Stream(config)
    found = [at for value in x.tolist() for at in stream.push(value)]
    assert found == peaks(config, torch.from_numpy(x))
    assert (len(found) > 3) == (kind != "flat")


def test_other_sizes_and_short_records():
    config = PeaksConfig(low=3, wide=9, slope=1, shift=2, window=11, settle=17, refractory=40, tall=60, learn=300)
    x, stream = samples(3, 6), Stream(config)
    found = [at for value in x.tolist() for at in stream.push(value)]
    assert found == peaks(config, torch.from_numpy(x)) and found
    assert peaks(config, torch.from_numpy(x[:300])) == [] == peaks(config, torch.zeros(0, dtype=torch.int64))


def test_what_is_known_stays():
    """Peaks of the beginning of a record are the first of the record's."""
    x, config = torch.from_numpy(samples(1)), PeaksConfig()
    whole = peaks(config, x)
    for end in range(800, len(x), 177):
        part = peaks(config, x[:end])
        assert part == whole[: len(part)]


def test_beats_are_found():
    x, at, _ = wave(100, seed=2)
    codes = np.rint(x * 200 + 1024).astype(np.int64)
    record = Record("made", codes, np.array(at), np.zeros(len(at), int), np.zeros(len(x), bool))
    counted = detect(PeaksConfig(), record)
    # Those of the first two seconds are not looked for.
    assert counted.wrong == 0 and counted.missed <= sum(p < 720 for p in at)
    quiet = Record("made", codes, record.peaks, record.labels, record.missing, flutter=((0, len(x)),))
    assert detect(PeaksConfig(), quiet) == Detection("made", 0, 0, 0)
    assert total([counted, counted]).hits == 2 * counted.hits and counted.predictive == 1


def test_matching():
    assert match([100, 200, 300], [90, 210, 290, 310], 20) == [(0, 0), (1, 1), (2, 2)]
    assert match([100, 110], [105], 20) == [(0, 0)] and match([100], [121], 20) == []
    assert match([100], [85, 101], 20) == [(0, 1)]
