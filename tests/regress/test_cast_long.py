"""The long trials of the cast: all 16-bit inputs to every output, samples (every preset: the campaign)."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config.cast import BLOCKS, QUANTISED, SCALARS, CastConfig
from nervure.verif.batch import BatchModel
from nervure.verif.mac import cast as bench

from ..test_cast_rtl import sampled


def equal(model, config, vectors, **stalls):
    """Fails where an output differs."""
    outputs = model.run(vectors, **stalls).outputs
    for key, codes in bench.expect(config, vectors).items():
        np.testing.assert_array_equal(outputs[key], codes)


@pytest.mark.parametrize("source", ["bf16", "fp16", "int16"])
@pytest.mark.parametrize("target", SCALARS)
def test_all_16_bit_inputs(source, target, tmp_path):
    config = CastConfig(input=source, output=target)
    model = BatchModel(emit(config, tmp_path))
    for vectors in bench.exhaustive(config):
        equal(model, config, vectors)


@pytest.mark.parametrize("config", list(sampled(60, seed=77, blocks=0.3)), ids=lambda config: config.module_name)
def test_sampled_configs(config, tmp_path):
    count = 20_000 if config.block else 200_000
    equal(BatchModel(emit(config, tmp_path)), config, bench.stimulus(config, count, seed=9))


@pytest.mark.parametrize("source", QUANTISED)
@pytest.mark.parametrize("name", BLOCKS)
def test_every_block_format_of_every_input(name, source, tmp_path):
    for options in ({"rounding": "rtz", "subnormals": "flush"}, {}):
        config = CastConfig(input=source, output=name, **options)
        equal(BatchModel(emit(config, tmp_path / str(len(options)))), config, bench.stimulus(config, 20_000, seed=4))
