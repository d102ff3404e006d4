"""Whole proofs of the wide presets, and the negative control of the default unit."""

from __future__ import annotations

import pytest
from nervure.generators.emit import emit
from nervure.generators.mac import PRESETS
from nervure.hw.mac.config import MacConfig
from nervure.verif import mac as bench
from nervure.verif.mutate import negative_control
from nervure.verif.prove import prove

PROVED = ["bf16", "bf16_bf16", "fp8", "int8", "int4_bf16", "fp4_bf16"]


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("preset", PROVED)
def test_every_claim_is_proved(preset, tmp_path):
    artifact = emit(MacConfig(**PRESETS[preset]), tmp_path)
    results = prove(artifact, bench.claims(artifact), jobs=1, timeout=600)
    assert [(r.name, r.status, r.method) for r in results if r.status != "proved"] == []
    assert len(results) >= 8


@pytest.mark.timeout(1500)
def test_thirty_faults_are_found_or_change_nothing(tmp_path):
    artifact = emit(MacConfig(), tmp_path)
    control = negative_control(artifact, bench, 30, seed=0)
    assert [fault.place for fault in control.survivors] == []
    assert control.count("vectors") + control.count("proof") >= 20
    assert len(control.faults) == 30
