"""The long trials of the accumulator: many sampled configs, every latency (every preset: the campaign)."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.mac.accumulate import PRESETS
from nervure.generators.verify import verify
from nervure.hw.mac.config.accumulate import AccumulateConfig
from nervure.verif.batch import BatchModel
from nervure.verif.mac import accumulate as bench

from ..test_accumulate import sampled


def equal(model, config, vectors, **stalls):
    result = model.run(vectors, ends=bench.ends(config, vectors), **stalls)
    np.testing.assert_array_equal(result.outputs["y"], bench.expect(config, vectors)["y"])


@pytest.mark.parametrize("config", list(sampled(30, seed=99)), ids=lambda config: config.module_name)
def test_sampled_configs(config, tmp_path):
    vectors = bench.stimulus(config, 50_000, seed=9)
    equal(BatchModel(emit(config, tmp_path)), config, vectors, stall_in=0.2, stall_out=0.2)


@pytest.mark.parametrize("latency", range(2, 9))
def test_every_latency(latency, tmp_path):
    config = AccumulateConfig(a="bf16", b="fp8_e4m3", acc="bf16", lanes_a=2, lanes_b=1, latency=latency)
    vectors = bench.stimulus(config, 50_000, seed=7)
    equal(BatchModel(emit(config, tmp_path)), config, vectors, stall_in=0.2, stall_out=0.2)


@pytest.mark.parametrize("preset", ["bf16_fp32", "fp4_x9"])
def test_all_engines(preset, tmp_path):
    config = AccumulateConfig(**PRESETS[preset])
    verdict = verify(emit(config, tmp_path), bench, engine="all", vectors=20_000, seed=1)
    assert verdict.passed, verdict.to_dict()
