"""The long trials of the matrix-vector engine: every preset, and a whole tile of every layer with real numbers."""

from __future__ import annotations

import pytest
from nervure.generators.emit import emit
from nervure.generators.mac.gemv import PRESETS
from nervure.generators.mac.gemv_trial import tile_of, trial
from nervure.generators.mac.llm_shapes import MODELS
from nervure.generators.verify import verify
from nervure.hw.mac.config.gemv import GemvConfig
from nervure.verif.activity import activity
from nervure.verif.batch import BatchModel
from nervure.verif.mac import gemv as bench
from nervure.verif.mutate import negative_control

from ..test_gemv_rtl import FOUR, SIZES, wrong

SHAPES = {(layer.rows, layer.columns): layer for model in MODELS for layer in model.linears}


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    return BatchModel(emit(FOUR, tmp_path_factory.mktemp("four")))


@pytest.mark.parametrize("preset", PRESETS)
def test_presets(preset, tmp_path):
    config = GemvConfig(**PRESETS[preset])
    verdict = verify(emit(config, tmp_path), bench, engine="all", vectors=100_000)
    assert verdict.passed, verdict.to_dict()["failures"]
    hits = verdict.to_dict()["coverage"]
    assert [feature for feature in bench.features(config) if not hits.get(feature)] == []


@pytest.mark.parametrize("layer", SHAPES.values(), ids=lambda layer: f"{layer.rows}x{layer.columns}")
@pytest.mark.parametrize("mode", range(4))
def test_a_whole_tile_of_every_layer(four, layer, mode):
    found = trial(four, *tile_of(FOUR, layer, mode), mode=mode, seed=1)
    assert found.passed and found.error < 1e-4


@pytest.mark.parametrize("latency", range(3, 10))
def test_every_latency(latency, tmp_path):
    config = GemvConfig(a="fp8_e4m3", b="bf16", acc="bf16", units=2, groups=9, depth=4, latency=latency)
    model = BatchModel(emit(config, tmp_path))
    assert wrong(model, bench.stimulus(config, 20_000, seed=latency), stall_in=0.3, stall_out=0.3)[0] == 0
    for m, k, n in SIZES:
        assert trial(model, m, k, n).passed, (m, k, n)


def test_activity_counts_beats_that_multiply(tmp_path):
    config = GemvConfig(**{**PRESETS["int8"], "units": 1})
    vectors = bench.stimulus(config, 5_000, seed=1)
    report = activity(emit(config, tmp_path), bench, vectors)
    assert report.beats == 5_000
    assert set(report.operations.values()) == {2 * int(vectors["mac"].sum())}


@pytest.mark.timeout(3000)
def test_faults_are_decided_where_groups_are_no_power_of_two(tmp_path):
    config = GemvConfig(a="int4", b="int4", acc="int16", lanes_a=2, units=2, groups=3, depth=2, latency=3)
    control = negative_control(emit(config, tmp_path), bench, 20, seed=0)
    assert [(fault.place, fault.detail) for fault in control.survivors] == []
    assert control.count("vectors") + control.count("proof") >= 10
