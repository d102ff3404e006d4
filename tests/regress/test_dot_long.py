"""The long trials of the dot product: many sampled configs, the protocol (every preset: the campaign)."""

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


@pytest.mark.parametrize("config", list(sampled(30, seed=77)), ids=lambda config: config.module_name)
def test_sampled_configs(config, tmp_path):
    vectors = bench.stimulus(config, 50_000, seed=9)
    got = BatchModel(emit(config, tmp_path)).run(vectors).outputs["y"]
    np.testing.assert_array_equal(got, bench.expect(config, vectors)["y"])


@pytest.mark.parametrize("preset", ["mxfp8_e4m3_e5m2", "mxint8", "nvfp4", "int8_dot"])
def test_the_protocol_under_cocotb(preset, tmp_path):
    assert verify(emit(DotConfig(**PRESETS[preset]), tmp_path), bench, engine="cocotb", vectors=500, seed=1).passed
