"""A million rows of the norms within the stated bound, and the claims of rows of several beats."""

from __future__ import annotations

import pytest
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.verif.activation import norm as bench
from nervure.verif.prove import prove

from ..test_norm import SCALED, SMALL, share_of_bound

UNIT = get_unit("norm")


@pytest.mark.parametrize(("fields", "rows"), [
    ({"elements": 64}, 500_000), ({"elements": 50, "lanes": 4, "input": "q3.4"}, 500_000),
    ({"kind": "rms", "elements": 768, "lanes": 16, "output": "q5.10"}, 50_000),
])  # fmt: skip
def test_rows_are_within_the_bound(fields, rows):
    config = UNIT.make(fields)
    each = 10_000
    worst = max(share_of_bound(config, each * config.beats, "mixed", seed) for seed in range(rows // each))
    print(f"{config.module_name}: {rows} rows, largest error {worst:.3f} of its bound")
    assert worst <= 1


@pytest.mark.parametrize("fields", [SMALL, SCALED], ids=["small", "scaled"])
def test_claims_of_several_beats(fields, tmp_path):
    artifact = emit(UNIT.make(fields), tmp_path)
    found = prove(artifact, bench.claims(artifact), jobs=1)
    assert {result.name: result.status for result in found} == {result.name: "proved" for result in found}, found
