"""The long trials of the dot product: a million blocks a preset, many sampled configs."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.mac.dot import PRESETS
from nervure.generators.verify import verify
from nervure.hw.mac.config.dot import DotConfig
from nervure.verif.batch import BatchModel
from nervure.verif.mac import dot as bench

from ..test_dot_golden import sampled

CHUNK = 1 << 16


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_million_blocks(preset, tmp_path):
    config = DotConfig(**PRESETS[preset])
    model = BatchModel(emit(config, tmp_path))
    hits = dict.fromkeys(bench.features(config), 0)
    for seed in range(16):
        vectors = bench.stimulus(config, CHUNK, seed + 100)
        expected = bench.expect(config, vectors)
        result = model.run(vectors, stall_out=0.2 if seed % 2 else 0.0, seed=seed)
        np.testing.assert_array_equal(result.outputs["y"], expected["y"])
        if seed < 2:
            hits = {key: hits[key] + count for key, count in bench.coverage(config, vectors, expected).items()}
    assert [feature for feature, count in hits.items() if not count] == []


@pytest.mark.parametrize("config", list(sampled(30, seed=77)), ids=lambda config: config.module_name)
def test_sampled_configs(config, tmp_path):
    vectors = bench.stimulus(config, 50_000, seed=9)
    got = BatchModel(emit(config, tmp_path)).run(vectors).outputs["y"]
    np.testing.assert_array_equal(got, bench.expect(config, vectors)["y"])


@pytest.mark.parametrize("preset", ["mxfp8_e4m3_e5m2", "mxint8", "nvfp4", "int8_dot"])
def test_the_protocol_under_cocotb(preset, tmp_path):
    assert verify(emit(DotConfig(**PRESETS[preset]), tmp_path), bench, engine="cocotb", vectors=500, seed=1).passed
