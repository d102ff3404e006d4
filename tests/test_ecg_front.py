"""The front end: golden rows against rows made sample by sample, circuit against golden, faulty electrodes, proofs."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
import torch
from nervure.generators.ecg.front import PRESETS, derive, fields, formula
from nervure.generators.emit import emit
from nervure.generators.verify import verify
from nervure.golden.ecg.front import rows
from nervure.hw.config import ConfigError
from nervure.hw.ecg.config.front import EcgFrontConfig
from nervure.hw.ecg.front.circuit import SAMPLE, drain
from nervure.hw.ecg.front.filters import STEPS
from nervure.verif.batch import BatchModel
from nervure.verif.ecg import front as bench

from .faults import refuted, tried
from .test_ecg_peaks import Stream, samples

TINY = {"before": 1, "after": 1, "adc_bits": 7, "shift": 1, "steps": 6, "memory": 64, "low": 2, "wide": 5, "slope": 1,
        "window": 8, "settle": 9, "refractory": 15, "tall": 20, "learn": 64}  # fmt: skip
SHAPES = {
    "rr12k": PRESETS["rr12k"],
    "all_samples": {"after": 112, "reset": "async"},
    "tiny": TINY,
    "tiny_rr": {**TINY, "rr": 4, "steps": 63, "reset": "none", "before": 5, "after": 13},
    "coarse": {"adc_bits": 16, "stride": 16, "steps": 1, "low": 5, "wide": 17, "shift": 0, "memory": 256, "before": 64,
               "slope": 8, "reset_active": "low"},
}  # fmt: skip


def played(config, model, vectors, **stalls):
    """A run whose rows are the golden model's."""
    expected = bench.expect(config, vectors)
    result = model.run(vectors, ends=bench.ends(config, vectors), **stalls)
    for key, codes in expected.items():
        np.testing.assert_array_equal(result.outputs[key], codes)
    return result


@pytest.mark.parametrize("shape", SHAPES)
def test_the_circuit_is_the_golden_model(shape, tmp_path):
    config = EcgFrontConfig(**SHAPES[shape])
    model = BatchModel(emit(config, tmp_path))
    vectors = bench.stimulus(config, 25_000, seed=3)
    played(config, model, vectors)
    played(config, model, vectors, stall_in=0.5, stall_out=0.98, seed=1)
    for kind in ("rhythm", "leads", "noise"):
        played(config, model, bench.stimulus(config, 9_000, 1, kind), stall_out=0.5)
    hits = bench.coverage(config, bench.stimulus(config, 150_000, seed=4), {})
    assert [key for key, count in hits.items() if not count] == []


def rational(config: EcgFrontConfig, x: list[int]) -> list[tuple[int, list[int]]]:
    """Rows of one whole record: R peaks of the equations sample by sample, windows in fractions."""
    stream, found = Stream(config), []
    for at, value in enumerate(x):
        found += [(peak, at) for peak in stream.push(value)]
    places, rows, mean = [peak for peak, _ in found], [], Fraction(8 * 288)
    for k, (peak, known) in enumerate(found):
        usual = int(mean / 8)
        p = min(1023, peak - places[k - 1]) if k else usual
        q = min(1023, places[k + 1] - peak) if k + 1 < len(places) else usual
        if k:
            mean += p - usual
        window = [x[peak + off] for off in range(-config.before, config.after)
                  if off % config.stride == 0 and 0 <= peak + off < len(x)]  # fmt: skip
        if peak < config.before or peak + config.after > len(x) or peak - config.before <= known - config.memory:
            continue
        lo, hi, bits = min(window), max(window), config.steps.bit_length()
        counts = [int(Fraction(config.steps * (v - lo), hi - lo) + Fraction(1, 2)) if hi > lo else 0 for v in window]
        if config.rr:
            around = [(config.steps + 1) // 2 + (d // 2 ** (8 - bits)) for d in (p - usual, q - usual, q - p)]
            counts += [max(0, min(config.steps, c)) for c in (*around, p // 2 ** (9 - bits))]
        rows.append((peak, counts))
    return rows


@pytest.mark.parametrize("shape", SHAPES)
def test_golden_rows_are_those_of_fractions(shape):
    config = EcgFrontConfig(**SHAPES[shape])
    vectors = bench.stimulus(config, 9_000, seed=8)
    wanted = []
    for part in np.split(vectors["x"], np.flatnonzero(vectors["last"]) + 1):
        wanted += rational(config, part.astype(int).tolist())
    found = bench.expect(config, vectors)
    assert found["position"].tolist() == [peak for peak, _ in wanted] and len(wanted) > 5
    assert found["n"].tolist() == [counts for _, counts in wanted]


def test_a_record_that_goes_on_has_the_rows_known_so_far():
    config = EcgFrontConfig(**PRESETS["rr12k"])
    x = torch.from_numpy(samples(4, 20))
    last = torch.zeros(len(x), dtype=torch.int64)
    whole = rows(config, x, last)
    assert (whole.at.diff() > 0).all()
    for end in range(1000, len(x), 611):
        part = rows(config, x[:end], last[:end])
        known = int((whole.at < end).sum())
        assert torch.equal(part.n, whole.n[:known]) and torch.equal(part.position, whole.position[:known])
    last[-1] = 1
    assert len(rows(config, x, last).n) in (len(whole.n), len(whole.n) + 1)
    assert len(rows(config, x[:0], last[:0]).n) == 0


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    return emit(EcgFrontConfig(**PRESETS["rr12k"]), tmp_path_factory.mktemp("front"))


@pytest.mark.parametrize("fault", ["flat", "saturated", "lead_off", "alternating", "close"])
def test_electrodes_and_converters(fault, front):
    """What no heart makes: every sample is taken, rows are the golden model's, and beats after it are found."""
    config, model = bench.config_of(front), BatchModel(front)
    x = samples(6, 40)
    middle = slice(4000, 9000)
    if fault == "flat":
        x[middle] = 900
    elif fault == "saturated":
        x = np.clip(1024 + (x - 1024) * 9, 0, 2047)
    elif fault == "lead_off":
        x[middle] = np.where(np.arange(5000) // 700 % 2, 2047, 0)
    elif fault == "alternating":
        x[middle] = np.where(np.arange(5000) % 2, 2047, 0)
    else:  # beats 80 samples apart, the window holds 180
        x[middle] = 1000 + 900 * (np.arange(5000) % 80 < 6)
    last = np.zeros(len(x), int)
    last[-1] = 1
    result = played(config, model, {"x": x, "last": last}, patience=20_000)
    positions = result.outputs["position"].astype(int)
    assert (np.diff(positions) > 0).all() and (positions > 10_000).any()
    if fault == "close":
        assert ((np.diff(positions) > 70) & (np.diff(positions) < 90)).sum() > 40


def test_a_flat_line_gives_nothing_and_stops_nothing(front):
    """Ten minutes of one value; then a record with beats, and no trace of the flat one."""
    config, model = bench.config_of(front), BatchModel(front)
    beats = bench.stimulus(config, 1, seed=0)
    flat = np.full(20_000, 2047, np.uint64)
    ends = np.zeros(20_000, np.uint64)
    ends[-1] = 1
    both = {"x": np.concatenate([flat, beats["x"]]), "last": np.concatenate([ends, beats["last"]])}
    alone, after = bench.expect(config, beats), played(config, model, both, patience=20_000).outputs
    for key, codes in alone.items():
        np.testing.assert_array_equal(after[key], codes)


def test_windows_that_are_flat(tmp_path):
    """A detector of steep edges and a window of two samples behind them: no division, all counts 0."""
    config = EcgFrontConfig(**TINY)
    model = BatchModel(emit(config, tmp_path))
    x = np.where(np.arange(900) // 31 % 2, 100, 20).astype(np.uint64)
    last = np.zeros(900, np.uint64)
    last[-1] = 1
    found = played(config, model, {"x": x, "last": last}).outputs
    assert len(found["n"]) > 10 and (found["n"] == 0).all(-1).any()


def test_cycles(tmp_path):
    """A sample takes SAMPLE cycles, a row of a window that becomes whole later what its formula says."""
    config = EcgFrontConfig(**SHAPES["all_samples"])
    model = BatchModel(emit(config, tmp_path))
    vectors = bench.stimulus(config, 1, seed=0)
    found = rows(config, *(torch.from_numpy(vectors[key].astype(np.int64)) for key in ("x", "last")))
    whole = found.at == found.position + config.after - 1
    assert whole[0]
    assert played(config, model, vectors).latency == STEPS + 2 + config.row_cycles + 1
    short = {"x": np.arange(1500, dtype=np.uint64) % 50, "last": (np.arange(1500) % 30 == 29).astype(np.uint64)}
    both = {key: np.concatenate([short[key], vectors[key]]) for key in short}
    more = played(config, model, both).cycles - played(config, model, vectors).cycles
    assert more == 1500 * SAMPLE + 50
    assert derive(config)["most_cycles_of_a_sample"] == drain(config)


def test_engines_of_the_library(tmp_path):
    verdict = verify(emit(EcgFrontConfig(**TINY), tmp_path), bench, vectors=2000, seed=2)
    assert verdict.passed, verdict.to_dict()
    assert verdict.checks[1].to_dict()["tests"] == ["back_to_back", "random_stalls", "reset_in_midstream"]


def test_claims_hold(front):
    for claim in bench.claims(front):
        verdict = tried(claim, front.directory)
        assert verdict.status == "proved", (claim.name, verdict)


@pytest.mark.parametrize(("claim", "fault"), [
    ("division", (r"(module \w*window__divide\(.*?) >= ", r"\1 > ")),
    ("divisor", (r"(module \w*window\(.*?) - low\b", r"\1 - high")),
])  # fmt: skip
def test_faults_are_refuted_and_seen(claim, fault, front, tmp_path):
    broken = refuted(front, bench, claim, fault, tmp_path)
    config = bench.config_of(front)
    vectors = bench.stimulus(config, 9000, seed=1)
    found = BatchModel(broken).run(vectors, ends=bench.ends(config, vectors)).outputs
    assert (found["n"] != bench.expect(config, vectors)["n"]).any()


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"after": 114}, "after must be at most 2 settle + low + wide + 1 = 113, not 114"),
    ({"refractory": 48}, "refractory must be more than window (48), not 48"),
    ({"memory": 2000}, "memory must be a power of two and at least 214, not 2000"),
    ({"memory": 128}, "memory must be a power of two and at least 214, not 128"),
    ({"stride": 17}, "stride must be at most 16, not 17"),
])  # fmt: skip
def test_what_cannot_be_is_refused(wrong, sentence):
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        EcgFrontConfig(**wrong)


def test_what_is_shown():
    config = EcgFrontConfig(**PRESETS["rr12k"])
    assert set(fields(config)) == {"x", "last", "n", "position"}
    assert formula(config).endswith("T = 31, 4 counts of the intervals around it")
    assert derive(config)["cycles_per_sample"] == 11 and derive(config)["counts_per_row"] == 49
