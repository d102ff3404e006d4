"""The long trials of the MAC: a million vectors a preset, many sampled configs, every pair of fp8 operands."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.mac import PRESETS
from nervure.hw.mac.config import MacConfig
from nervure.verif import mac as bench
from nervure.verif.batch import BatchModel

from ..test_mac_rtl import sampled

CHUNK = 1 << 17


@pytest.mark.parametrize("preset", PRESETS)
def test_a_million_vectors(preset, tmp_path):
    config = MacConfig(**PRESETS[preset])
    model = BatchModel(emit(config, tmp_path))
    for seed in range(8):
        vectors = bench.stimulus(config, CHUNK, seed + 100)
        result = model.run(vectors, stall_out=0.2 if seed % 2 else 0.0, seed=seed)
        np.testing.assert_array_equal(result.outputs["y"], bench.expect(config, vectors)["y"])


@pytest.mark.parametrize("config", list(sampled(60, seed=77)), ids=lambda config: config.module_name)
def test_sampled_configs(config, tmp_path):
    vectors = bench.stimulus(config, 200_000, seed=9)
    got = BatchModel(emit(config, tmp_path)).run(vectors).outputs["y"]
    np.testing.assert_array_equal(got, bench.expect(config, vectors)["y"])


@pytest.mark.parametrize("a", ["fp8_e4m3", "fp8_e5m2"])
@pytest.mark.parametrize("b", ["fp8_e4m3", "fp8_e5m2"])
@pytest.mark.parametrize("acc", ["fp8_e4m3", "fp8_e5m2", "bf16", "fp32"])
def test_every_pair_of_fp8_operands(a, b, acc, tmp_path):
    """All 2^16 pairs with every 8-bit accumulator, or with 256 wide ones."""
    config = MacConfig(a=a, b=b, acc=acc)
    model = BatchModel(emit(config, tmp_path))
    for vectors in bench.exhaustive(config, addends=256):
        np.testing.assert_array_equal(model.run(vectors).outputs["y"], bench.expect(config, vectors)["y"])
