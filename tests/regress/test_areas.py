"""Areas in real cell libraries, against the stored ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from nervure.generators.flow import baselines

from .data import folder

BASELINES = Path(__file__).parent.parent / "baselines"
WATCHED = [
    (unit, module)
    for unit in baselines.ENTRIES
    for module, (_, flows) in baselines.units(unit).items()
    if any(map(baselines.needs_library, flows))
]


@pytest.mark.parametrize(("unit", "module"), WATCHED)
def test_cell_areas_have_not_drifted(unit, module):
    config, flows = baselines.units(unit)[module]
    flows = tuple(filter(baselines.needs_library, flows))
    measured = baselines.measure(config, flows, folder("liberty"))
    assert baselines.drift(baselines.load(BASELINES, unit)[module]["areas"], measured) == []
