"""Claims of the cast: proved for what is emitted, refuted for what was broken."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config.cast import CastConfig
from nervure.verif.mac import cast as bench
from nervure.verif.mac.cast import block_proofs as cast_block_proofs
from nervure.verif.mac.cast import proofs as cast_proofs
from nervure.verif.mac.cast import tensor_proofs as cast_tensor_proofs
from nervure.verif.mac.cast import tensor_scale as cast_tensor_scale
from nervure.verif.prove import prove

CONFIGS = {
    "intervals": {"output": "fp6_e3m2", "subnormals": "flush", "elements": 2},
    "smt": {"output": "fp16", "subnormals": "flush", "overflow": "saturate"},
    "integers": {"input": "int32", "output": "bf16", "rounding": "rtz"},
    "whole": {"output": "int16"},
}


def values(artifact, **arguments):
    """The verdict on the values of the cast, by the function that its claim names."""
    (claim,) = (claim for claim in bench.claims(artifact) if claim.name == "values")
    part = claim.parts[-1]
    return getattr(cast_proofs, part.function.partition(":")[2])(artifact.directory, **part.arguments)


@pytest.mark.parametrize("fields", CONFIGS.values(), ids=list(CONFIGS))
def test_values_are_proved(fields, tmp_path):
    verdict = values(emit(CastConfig(**fields), tmp_path))
    assert verdict.status == "proved", verdict


def test_all_claims_of_a_small_cast(tmp_path):
    config = CastConfig(input="fp8_e5m2", output="int4", elements=2, interface="bare", latency=1)
    artifact = emit(config, tmp_path)
    found = {result.name: result.status for result in prove(artifact, bench.claims(artifact))}
    assert found == dict.fromkeys(("balance", "advance", "values", "netlist"), "proved")


@pytest.mark.parametrize("fields", [{}, {"output": "fp8_e4m3"}, {"input": "bf16", "output": "fp8_e5m2"}], ids=str)
def test_a_dropped_tie_rule_is_refuted(fields, tmp_path):
    artifact = emit(CastConfig(**fields), tmp_path)
    text = artifact.verilog.read_text()
    broken = re.sub(r"(assign n\d+ = rest \|) significand\[0\]", r"\1 1'h1", text)
    assert broken != text
    artifact.verilog.write_text(broken)
    for entry in artifact.manifest["files"]:
        entry["sha256"] = hashlib.sha256((artifact.directory / entry["path"]).read_bytes()).hexdigest()
    (tmp_path / f"{artifact.module}.json").write_text(json.dumps(artifact.manifest))
    verdict = values(artifact)
    assert verdict.status == "refuted" and verdict.counterexample is not None
    assert set(verdict.counterexample) == {"x", "y", "expected"}
    assert verdict.counterexample["y"] != verdict.counterexample["expected"]


def test_what_is_not_stated_is_unknown(tmp_path):
    verdict = values(emit(CastConfig(output="int8", overflow="wrap"), tmp_path))
    assert verdict.status == "unknown" and "wrapped" in verdict.method


def test_lanes_of_a_block_quantiser(tmp_path):
    """The quick part of the block proofs; all of them are tried in the regression."""
    config = CastConfig(input="bf16", output="mxfp6_e2m3", subnormals="flush", latency=1, interface="bare")
    artifact = emit(config, tmp_path)
    for function in (cast_block_proofs.specials, cast_block_proofs.same_lanes):
        assert function(tmp_path).status == "proved"
    assert [claim.name for claim in bench.claims(artifact)] == ["balance", "advance", "scale", "elements", "netlist"]


def test_division_and_wiring_of_a_tensor_scaled_quantiser(tmp_path):
    """The quick part again."""
    config = CastConfig(input="bf16", output="nvfp4", rounding="rtz", latency=1, interface="bare")
    artifact = emit(config, tmp_path)
    assert cast_tensor_proofs.wiring(tmp_path).status == "proved"
    assert cast_tensor_scale.normal(tmp_path, "normal_t").status == "proved"
    assert cast_tensor_scale.quotient(tmp_path).status == "proved"
    assert {claim.name for claim in bench.claims(artifact)} == {
        "balance", "advance", "wiring", "largest", "scale", "elements", "netlist"
    }  # fmt: skip
