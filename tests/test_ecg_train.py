"""Heartbeat classifiers' inputs, records and training, on waves that are made here."""

from __future__ import annotations

import sys
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from nervure.generators.ecg import PRESETS, config_of, networks, shipped, wish
from nervure.generators.ecg.compare import Result, evaluate, table
from nervure.generators.train.ecg import classify, macro_f1, train
from nervure.generators.train.ecg_data import DS1, DS2, HELD, RATE, Beats, beats_of, intra, read_record, read_records
from nervure.generators.train.ecg_network import Networks, Recipe
from nervure.generators.train.ecg_shipped import RECIPES, make, parts, write
from nervure.golden.ecg import ecg
from nervure.golden.ecg.front import counts, inputs, intervals
from nervure.hw.config import ConfigError
from nervure.hw.ecg.config import EcgConfig
from nervure.hw.ecg.config.front import FrontConfig

pytestmark = pytest.mark.filterwarnings("ignore::Warning:wfdb")


def wave(seconds: int, rate: int = RATE, seed: int = 0) -> tuple[np.ndarray, list[int], list[str]]:
    """Millivolts of narrow beats and, every fifth, an early wide one; sample numbers of R peaks; symbols."""
    rng = np.random.default_rng(seed)
    t, at, peaks, symbols = np.arange(seconds * rate) / rate, 0.5, [], []
    x = 0.02 * rng.standard_normal(len(t)) + 0.1 * np.sin(t)
    while at < seconds - 0.1:
        early = len(peaks) % 5 == 4
        x += (1.4 if early else 1.0) * np.exp(-(((t - at) / (0.04 if early else 0.012)) ** 2))
        x += (-0.3 if early else 0.2) * np.exp(-(((t - at - 0.25) / 0.05) ** 2))
        peaks.append(round(at * rate))
        symbols.append("V" if early else "N")
        at += 1.0 if early else 0.55 if len(peaks) % 5 == 4 else 0.8 + 0.02 * rng.standard_normal()
    return x, peaks, symbols


def record(folder, name: str, seconds: int = 60, rate: int = RATE, missing: slice | None = None, seed: int = 0) -> None:
    """Writes such a wave as a record with annotations."""
    import wfdb

    x, peaks, symbols = wave(seconds, rate, seed)
    if missing:
        x[missing] = np.nan
    wfdb.wrsamp(name, fs=rate, units=["mV"], sig_name=["MLII"], p_signal=x[:, None], fmt=["16"], adc_gain=[200.0],
                baseline=[1024], write_dir=str(folder))  # fmt: skip
    wfdb.wrann(name, "atr", np.array([2, *peaks]), symbol=["+", *symbols], write_dir=str(folder))


@pytest.mark.parametrize("steps", [1, 3, 15, 63])
def test_counts_are_the_nearest_share_of_the_range(steps):
    config = FrontConfig(steps=steps)
    x = torch.randint(0, 2048, (40, 9), generator=torch.Generator().manual_seed(steps))
    x[0], x[1, 1:], x[1, 0] = 700, 5, 6
    found = counts(config, x)
    for row, got in zip(x.tolist(), found.tolist(), strict=True):
        low, high = min(row), max(row)
        share = [Fraction(v - low, high - low) * steps if high > low else Fraction(0) for v in row]
        assert got == [int(value + Fraction(1, 2)) for value in share]
    assert found[0].tolist() == [0] * 9, "a flat line"


def test_intervals_by_hand():
    config = FrontConfig(rr=4, steps=15)
    peaks = [100, 388, 600, 900, 3000]
    # Means before each: 288, 288, 288, then 8 * 288 + 212 - 288 = 2228 >> 3 = 278, then 2228 + 300 - 278 = 2250 >> 3.
    p, q, m = [288, 288, 212, 300, 1023], [288, 212, 300, 1023, 281], [288, 288, 288, 278, 281]
    wanted = [[min(15, max(0, 8 + d // 16)) for d in (a - c, b - c, b - a)] + [min(15, a // 32)]
              for a, b, c in zip(p, q, m, strict=True)]  # fmt: skip
    assert intervals(config, peaks).tolist() == wanted
    assert intervals(FrontConfig(rr=4, steps=1), peaks).amax() <= 1


def test_windows():
    config = FrontConfig(stride=4)
    assert config.offsets[0] == -88 and config.offsets[-1] == 88 and 0 in config.offsets and config.inputs == 45
    found, kept = inputs(config, torch.arange(1000), [50, 90, 500, 910, 911])
    assert kept == [1, 2, 3] and found.shape == (3, 45) and found[:, 0].tolist() == [0, 0, 0]
    with pytest.raises(ConfigError, match="stride must be at most before"):
        FrontConfig(before=4, stride=5)


def test_records_are_read(tmp_path):
    record(tmp_path, "a")
    record(tmp_path, "b", rate=250, seed=1)
    record(tmp_path, "c", missing=slice(3000, 3010))
    a, b, c = read_records(tmp_path)
    x, peaks, symbols = wave(60)
    np.testing.assert_array_equal(a.samples, np.rint(x * 200 + 1024))
    assert a.peaks.tolist() == peaks and a.labels.tolist() == [2 * (s == "V") for s in symbols] and not a.notes
    assert b.notes == ("record b: resampled from 250 to 360 Hz",) and len(b.samples) == 60 * RATE
    assert all(b.samples[p - 8 : p + 9].max() == b.samples[p - 40 : p + 41].max() for p in b.peaks)
    assert c.notes[0].startswith("record c: 10 samples are NaN") and len(set(c.samples[3000:3010])) == 1
    beats = beats_of([a, c], FrontConfig(rr=4))
    assert np.sum(beats.record == 1) == np.sum(beats.record == 0) - 1
    moved = beats_of([a, c], FrontConfig(rr=4), 1)
    np.testing.assert_array_equal(moved.inputs[:, -4:], beats.inputs[:, -4:])
    assert (moved.inputs != beats.inputs).any()


def test_records_that_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match=r"folder of records must hold \.hea files"):
        read_records(tmp_path)
    monkeypatch.delenv("NERVURE_DATA", raising=False)
    with pytest.raises(ConfigError, match="NERVURE_DATA must name a folder that holds mitdb"):
        read_records()
    (tmp_path / "x.hea").write_text("nonsense")
    with pytest.raises(ConfigError, match="record must be readable by wfdb") as error:
        read_record(tmp_path / "x")
    assert "\n" not in str(error.value)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "wfdb", None)
        with pytest.raises(ConfigError, match="records require the package wfdb, which is not installed"):
            read_record(tmp_path / "x")
    record(tmp_path, "y", seconds=3, missing=slice(0, None))
    with pytest.raises(ConfigError, match="record y must have a sample that is a number"):
        read_record(tmp_path / "y")
    with pytest.raises(ConfigError, match="record y must have a lead 1, and has 1"):
        read_record(tmp_path / "y", 1)


def test_splits():
    assert not set(DS1) & set(DS2) and set(HELD) < set(DS1) and len(DS1) == len(DS2) == 22
    beats = Beats(np.arange(1000)[:, None], np.arange(1000) % 5, np.zeros(1000, int), ("100",))
    for seed in (0, 1):
        learn, choose, test = intra(beats, seed)
        rows = np.concatenate([part.inputs[:, 0] for part in (learn, choose, test)])
        assert sorted(rows) == list(range(1000)) and [len(p.labels) for p in (learn, choose, test)] == [720, 80, 200]
        assert np.bincount(test.labels).tolist() == [40] * 5
    np.testing.assert_array_equal(test.inputs, intra(beats, 0)[2].inputs)


TINY = Recipe(hidden=(6, 5), stride=6, rr=4, epochs=20, fine=4, batch=16, rate=2e-2, noise=0.2, jitter=1, seeds=(0, 1))
LAYERS = {
    "integer": {}, "pruned": {"keep": (0.4, 0.5, 1.0)}, "pow2": {"weight_kinds": ("pow2",) * 3},
    "ternary": {"weight_bits": (2, 2, 4), "steps": 7},
}  # fmt: skip


@pytest.mark.parametrize("kind", LAYERS)
def test_what_is_trained_is_what_the_integers_compute(kind, tmp_path):
    record(tmp_path, "a", 200)
    recipe = replace(TINY, **LAYERS[kind])
    learn, choose, test = parts(read_records(tmp_path), recipe)
    front = FrontConfig(steps=recipe.steps, stride=6, rr=4)
    found = train(learn, choose, recipe)
    again = train(learn, choose, recipe)
    assert [network.integers for network in found] == [network.integers for network in again]
    for network in found:
        config = EcgConfig(widths=(front.inputs, 6, 5, 5), weight_bits=recipe.weight_bits, steps=recipe.steps,
                           weight_kinds=recipe.weight_kinds, **network.integers)  # fmt: skip
        assert not config.saturates
        label = ecg(config, torch.from_numpy(choose.inputs.astype(np.int64))).label.numpy()
        assert float(np.mean(label == choose.labels)) == network.score
        label = ecg(config, torch.from_numpy(test.inputs.astype(np.int64))).label.numpy()
        assert np.mean(label == test.labels) > 0.9
        if kind == "pruned":
            assert config.nonzero[0] <= 0.41 * config.all_weights[0]


def test_folded_networks_are_the_integers():
    """Any rows, not only those trained on: floats that hold whole numbers are exact."""
    recipe = replace(TINY, steps=31)
    networks = Networks((9, 6, 5, 4), recipe)
    networks(torch.rand(2, 64, 9) * 31)
    networks.fold()
    x = np.random.default_rng(0).integers(0, 32, (500, 9))
    found = classify(networks, Beats(x, np.zeros(500), np.zeros(500)))
    for k in range(2):
        config = EcgConfig(widths=(9, 6, 5, 4), weight_bits=(4, 4, 4), steps=31, **networks.integers(k))
        np.testing.assert_array_equal(found[k], ecg(config, torch.from_numpy(x)).label.numpy())


def test_a_network_is_made_and_read_back(tmp_path):
    record(tmp_path, "a", 200)
    made = make("tiny", read_records(tmp_path), TINY)
    from nervure.generators.importers.ecg import read_network

    found = read_network(write(made, tmp_path))
    assert found.front == FrontConfig(stride=6, rr=4) and found.classes == ("N", "S", "V", "F", "Q")
    assert EcgConfig(**found.fields).weights == tuple(tuple(map(tuple, layer)) for layer in made["weights"])
    assert found.trained["test_beats"] > 40 and len(found.trained["seeds"]) == 2


def test_scores():
    config = EcgConfig(widths=(1, 2), weights=[[[1], [-1]]], biases=[[0, 3]], weight_bits=[4], steps=15)
    beats = Beats(np.array([[0], [15], [15], [1]]), np.array([1, 0, 1, 1]), np.zeros(4, int), ("x",))
    result = evaluate(config, beats, "intra", ("N", "S"))
    assert isinstance(result, Result) and result.confusion.tolist() == [[0, 1], [0, 3]]
    assert result.accuracy == 0.75 and result.recall.tolist() == [0, 1]
    assert np.isnan(result.precision[0]) and result.precision[1] == 0.75
    assert result.macro_f1 == pytest.approx(6 / 14) == macro_f1(np.array([1, 1, 1, 1]), beats.labels)
    assert "75.00%" in table([result]) and "98.29%" in table([result])


@pytest.mark.parametrize("name", RECIPES)
def test_shipped_networks(name):
    """Whole, within their bits, and such that no counts saturate 16 bits."""
    assert name in networks()
    found, config = shipped(name), config_of(name)
    assert found.front is not None and found.front.inputs == config.widths[0]
    assert not config.saturates and config.needed <= 16
    most = {"wave16k": 16_000, "rr4k": 4000, "rr8k": 8000, "rr12k": 12_000}.get(name, 16_000)
    assert min(config.bits["dense"], config.bits["nonzero"] + config.bits["bitmap"]) <= most
    assert len(found.classes) == config.widths[-1] == (4 if name == "inter" else 5)


def test_wishes():
    for fields in PRESETS.values():
        config = EcgConfig(**wish(fields))
        assert EcgConfig(**wish(config.to_dict())) == config
    with pytest.raises(ConfigError, match="unknown network 'rr12'; did you mean rr12k"):
        config_of("rr12")
    with pytest.raises(ConfigError, match="widths requires weights"):
        wish({"widths": [3, 2]})
