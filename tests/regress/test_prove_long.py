"""Every claim of every preset of the mac family, and the negative control of the default unit.

Rows that `scripts/prove_presets.py` has finished, of the same files and the same code, are not proved again.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from nervure.generators.emit import emit
from nervure.generators.proving import chosen, prove_preset
from nervure.hw.mac.config import MacConfig
from nervure.verif import mac as bench
from nervure.verif.mutate import negative_control

ROWS = chosen(("mac", "dot", "cast", "accumulate", "gemv"))
KEPT = Path(__file__).parents[2] / "build" / "prove"


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("unit", "preset"), ROWS, ids=lambda name: name)
def test_every_claim_is_proved(unit, preset):
    row, _ = prove_preset(unit, preset, KEPT, timeout=3600)
    assert row.missing == ()
    assert row.claims == row.proved + row.exhausted >= 4


@pytest.mark.timeout(1500)
def test_thirty_faults_are_found_or_change_nothing(tmp_path):
    artifact = emit(MacConfig(), tmp_path)
    control = negative_control(artifact, bench, 30, seed=0)
    assert [fault.place for fault in control.survivors] == []
    assert control.count("vectors") + control.count("proof") >= 20
    assert len(control.faults) == 30
