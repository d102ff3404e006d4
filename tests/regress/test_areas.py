"""Areas against the stored ones: in real cell libraries, and of all that the comparison with published units shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from nervure.generators.flow import baselines

from .data import folder

BASELINES = Path(__file__).parent.parent / "baselines"
WATCHED = [
    (unit, table, module)
    for table in ("ENTRIES", "LONG")
    for unit in getattr(baselines, table)
    for module in baselines.units(unit, table)
]


@pytest.mark.parametrize(("unit", "table", "module"), WATCHED)
def test_areas_have_not_drifted(unit, table, module):
    config, flows = baselines.units(unit, table)[module]
    measured = baselines.measure(config, flows, folder("liberty"))
    assert baselines.drift(baselines.load(BASELINES, unit)[module]["areas"], measured) == []
