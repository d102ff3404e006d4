"""Whole proofs of units of several lanes and modes, and their negative control."""

from __future__ import annotations

import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config import MacConfig
from nervure.verif import mac as bench
from nervure.verif.mutate import negative_control
from nervure.verif.prove import prove

MAX = {"lanes_a": "max", "lanes_b": "max"}
UNITS = {
    "fp4 apart": {"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "bf16", "lanes_a": 2, "lanes_b": 2, "multiplier": "lut"},
    "three modes": {"a": "int4,fp4_e2m1,int8", "b": "int4,fp4_e2m1,int4", "acc": "bf16"},
}
"""What no preset is: those are proved by `make prove`."""
FAULTED = {
    "fp8": {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16", **MAX},
    "bf16 or fp8": {"a": "bf16,fp8_e4m3", "b": "bf16,fp8_e4m3", "acc": "bf16", **MAX},
}


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", UNITS)
def test_every_claim_is_proved(name, tmp_path):
    artifact = emit(MacConfig(**UNITS[name]), tmp_path)
    results = prove(artifact, bench.claims(artifact), jobs=1, timeout=600)
    assert [(r.name, r.status, r.method) for r in results if r.status != "proved"] == []
    assert len(results) >= 8


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", FAULTED)
def test_faults_are_found_or_change_nothing(name, tmp_path):
    control = negative_control(emit(MacConfig(**FAULTED[name]), tmp_path), bench, 12, seed=0)
    assert [fault.place for fault in control.survivors] == []
    assert control.count("vectors") + control.count("proof") >= 6
    assert len(control.faults) == 12
