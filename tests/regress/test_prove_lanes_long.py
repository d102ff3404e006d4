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
    "fp8": {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16", **MAX},
    "fp8 exhausted": {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "fp8_e4m3", **MAX},
    "fp4": {"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "bf16", **MAX},
    "fp4 apart": {"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "bf16", "lanes_a": 2, "lanes_b": 2, "multiplier": "lut"},
    "int8": {"a": "int8", "b": "int8", "acc": "int32", **MAX},
    "three modes": {"a": "int4,fp4_e2m1,int8", "b": "int4,fp4_e2m1,int4", "acc": "bf16"},
}
SUMS = {
    "bf16": {"acc": "bf16", "lanes_a": 2},
    "bf16 or fp8": {"a": "bf16,fp8_e4m3", "b": "bf16,fp8_e4m3", "acc": "bf16", **MAX},
    "bf16 or int4": {"a": "bf16,int4", "b": "bf16,bf16", "acc": "bf16", "lanes_a": 2},
    "bf16 or int8": {"a": "bf16,int8", "b": "bf16,int8", "acc": "bf16,int32"},
    "four modes": {"a": "bf16,fp8_e4m3,int4,fp4_e2m1", "b": "bf16,fp8_e4m3,bf16,bf16", "acc": "bf16", **MAX},
}
FAULTED = {name: {**UNITS, **SUMS}[name] for name in ("fp8", "bf16 or fp8")}


def proved(directory, config, *, anchor):
    """Tries the claims of a unit, anchors or not, and returns how many there are."""
    artifact = emit(MacConfig(**config), directory)
    chosen = [claim for claim in bench.claims(artifact) if anchor or not claim.name.startswith("anchor")]
    results = prove(artifact, chosen, jobs=1, timeout=600)
    assert [(r.name, r.status, r.method) for r in results if r.status != "proved"] == []
    return len(results)


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", UNITS)
def test_every_claim_is_proved(name, tmp_path):
    assert proved(tmp_path, UNITS[name], anchor=True) >= 8


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", SUMS)
def test_every_claim_is_proved_but_for_the_anchor_that_one_lane_has(name, tmp_path):
    """The specification is that of one lane and one mode: its anchor is tried with those units."""
    assert proved(tmp_path, SUMS[name], anchor=False) >= 8


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("name", FAULTED)
def test_faults_are_found_or_change_nothing(name, tmp_path):
    control = negative_control(emit(MacConfig(**FAULTED[name]), tmp_path), bench, 12, seed=0)
    assert [fault.place for fault in control.survivors] == []
    assert control.count("vectors") + control.count("proof") >= 6
    assert len(control.faults) == 12
