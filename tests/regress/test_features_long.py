"""What the campaign (`make campaign`) draws for a preset shows every feature that the preset has."""

from __future__ import annotations

from collections import Counter

import pytest
from nervure.generators.check import drawn_chunks
from nervure.generators.registry import UNITS

PRESETS = [(name, preset) for name, unit in UNITS.items() for preset in unit.presets]
COUNT = 1 << 14


@pytest.mark.parametrize(("name", "preset"), PRESETS, ids=lambda name: name)
def test_every_feature_of_a_preset_is_drawn(name, preset):
    unit = UNITS[name]
    bench, config = unit.load("bench"), unit.make(unit.presets[preset])
    hits: Counter[str] = Counter()
    for draw in drawn_chunks(bench, config, COUNT, seed=0):
        vectors = draw()
        hits.update(bench.coverage(config, vectors, bench.expect(config, vectors)))
    assert [feature for feature in bench.features(config) if not hits[feature]] == []
