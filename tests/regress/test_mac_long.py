"""The long trials of the MAC: many sampled configs, every pair of narrow operands (and the campaign: every preset)."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.mac import PRESETS
from nervure.hw.formats import FORMATS
from nervure.hw.mac.config import MacConfig
from nervure.verif import mac as bench
from nervure.verif.batch import BatchModel

from ..test_mac_rtl import sampled


@pytest.mark.parametrize("config", list(sampled(60, seed=77)), ids=lambda config: config.module_name)
def test_sampled_configs(config, tmp_path):
    vectors = bench.stimulus(config, 200_000, seed=9)
    got = BatchModel(emit(config, tmp_path)).run(vectors).outputs["y"]
    np.testing.assert_array_equal(got, bench.expect(config, vectors)["y"])


def narrow_kinds():
    """The kinds of all presets whose operands have 8 bits or fewer, one lane of each, and all fp8 pairs."""
    kinds = set()
    for fields in PRESETS.values():
        for mode in MacConfig(**fields).modes:
            kinds.add((mode.a.name, mode.b.name, mode.acc.name))
    fp8 = ("fp8_e4m3", "fp8_e5m2")
    kinds |= {(a, b, acc) for a in fp8 for b in fp8 for acc in (*fp8, "bf16", "fp32")}
    return sorted(kind for kind in kinds if FORMATS[kind[0]].width <= 8 and FORMATS[kind[1]].width <= 8)


@pytest.mark.parametrize("kind", narrow_kinds(), ids="*".join)
def test_every_pair_of_narrow_operands(kind, tmp_path):
    """All pairs of codes, with every 8-bit accumulator or with 256 wide ones."""
    config = MacConfig(**dict(zip(("a", "b", "acc"), kind, strict=True)))
    model = BatchModel(emit(config, tmp_path))
    for vectors in bench.exhaustive(config, addends=256):
        np.testing.assert_array_equal(model.run(vectors).outputs["y"], bench.expect(config, vectors)["y"])
