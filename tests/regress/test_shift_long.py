"""The long trials of the shift-only units: many vectors of every preset, sampled configs."""

from __future__ import annotations

import random

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.registry import UNITS
from nervure.hw.activation.config.bspn import BspnConfig
from nervure.hw.activation.config.ptsoftmax import PtsoftmaxConfig
from nervure.verif.batch import BatchModel

NAMES = ("pow2round", "ptsoftmax", "bspn")
CASES = [(name, preset) for name in NAMES for preset in UNITS[name].presets]


def sampled(seed):
    """Configs with every field drawn at random."""
    rng = random.Random(seed)
    for _ in range(12):
        bits = rng.randint(2, 9)
        yield PtsoftmaxConfig(
            bits=bits, window=1 << rng.randint(0, min(bits - 1, 5)), lanes=rng.randint(1, 9),
            length=rng.randint(1, 60), output=rng.choice(["exponent", "uq1.8", "q0.7", "uq0.20"]),
            reset=rng.choice(["sync", "async", "none"]),
        )  # fmt: skip
    for _ in range(12):
        group = rng.randint(1, 70)
        yield BspnConfig(
            input=rng.choice(["q3.4", "q0.3", "q1.6", "q4.0"]), group=group, lanes=rng.randint(1, 9),
            eps=rng.choice([1e-5, 0.01, 0.3]), psi=rng.choice([None, None, 0.0, 1.7]), latency=rng.randint(1, 8),
            exponents=tuple(rng.randint(-4, 4) for _ in range(group)),
            signs=tuple(rng.choice([-1, 0, 1, 1]) for _ in range(group)),
            biases=tuple(rng.randint(-40, 40) for _ in range(group)), output=rng.choice(["exponent", "q3.4"]),
        )  # fmt: skip


def equal(config, directory, count, seeds):
    """Fails where an output differs; the features that no run of all showed."""
    bench = UNITS[config.unit].load("bench")
    model, missing = BatchModel(emit(config, directory)), set(bench.features(config))
    for seed in seeds:
        vectors = bench.stimulus(config, count, seed)
        expected = bench.expect(config, vectors)
        ends = bench.ends(config, vectors) if hasattr(bench, "ends") else None
        outputs = model.run(
            vectors, ends=ends, stall_in=0.1 * (seed % 2), stall_out=0.2 * (seed % 3), seed=seed
        ).outputs
        for key, codes in expected.items():
            np.testing.assert_array_equal(outputs[key], codes)
        missing -= {key for key, hits in bench.coverage(config, vectors, expected).items() if hits}
    return missing


@pytest.mark.parametrize(("name", "preset"), CASES)
def test_many_vectors(name, preset, tmp_path):
    assert equal(UNITS[name].load("config")(**UNITS[name].presets[preset]), tmp_path, 50_000, range(20)) == set()


@pytest.mark.parametrize("config", list(sampled(8)), ids=lambda config: config.module_name)
def test_sampled_configs(config, tmp_path):
    equal(config, tmp_path, 20_000, range(3))
