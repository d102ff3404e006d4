"""Claims of the matrix-vector engine: all hold of what is emitted, and faults in its control are refuted."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config.gemv import GemvConfig
from nervure.verif.aig import FALSE
from nervure.verif.artifact import Artifact
from nervure.verif.mac import gemv as bench
from nervure.verif.mac import packing_proofs, proofs
from nervure.verif.mac.gemv import unit as gemv_unit
from nervure.verif.mac.gemv.machine import Machine
from nervure.verif.prove import tried

SMALL = GemvConfig(a="int4", b="int4", acc="int16", lanes_a=2, units=2, groups=3, depth=2, latency=3)
FAULTS = {
    "stall": (r"if \(enable\) (fetch__addr <= group);", r"if (1'h1) \1;"),
    "places": (r"(assign write__addr\[1\] =) ~ half;", r"\1 half;"),
    "order": (r"(last_1 <=) last_0;", r"\1 busy_0;"),
    "sums": (r"(now_first <=) i_first;", r"\1 i_last;"),
    "alike": (r"(unit1_lane00_sum_sign <=) \w+;", r"\1 unit1_unpack_b0_sign;"),
}  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return emit(SMALL, tmp_path_factory.mktemp("small"))


def changed(artifact, folder, pattern, replacement):
    """The artefact with another file."""
    text = artifact.verilog.read_text()
    broken, count = re.subn(pattern, replacement, text)
    assert count == 1
    (folder / artifact.verilog.name).write_text(broken)
    files = [{"path": artifact.verilog.name, "sha256": hashlib.sha256(broken.encode()).hexdigest()}]
    (folder / f"{artifact.module}.json").write_text(json.dumps({**artifact.manifest, "files": files}))
    return folder


@pytest.mark.parametrize("claim", FAULTS)
def test_control_is_proved_and_a_fault_in_it_refuted(small, claim, tmp_path):
    (part,) = next(found.parts for found in bench.claims(small) if found.name == claim)
    assert tried(part.function, small.directory).status == "proved"
    verdict = tried(part.function, changed(small, tmp_path, *FAULTS[claim]))
    assert verdict.status == "refuted" and verdict.counterexample


def test_the_first_multiplier_is_a_unit_of_its_own(small, tmp_path):
    inner = gemv_unit.extract(small.directory, tmp_path)
    assert isinstance(inner, Artifact) and inner.unit == "mac"
    assert packing_proofs.product(tmp_path).status == "proved"
    assert proofs.significands(tmp_path).status == proofs.total(tmp_path).status == "proved"


def test_significands_with_a_one_in_zero_are_no_second_product(tmp_path):
    """A zero's normalised significand is not zero: only the beat's own product may reach its sums."""
    config = GemvConfig(a="fp8_e4m3", b="fp8_e4m3", acc="bf16", lanes_a=1, units=2, groups=3, depth=2, latency=3)
    whole, inner, crossed = (tmp_path / name for name in ("whole", "inner", "crossed"))
    artifact = emit(config, whole)
    for folder in (inner, crossed):
        folder.mkdir()
    gemv_unit.extract(whole, inner)
    assert packing_proofs.product(inner).status == proofs.significands(inner).status == "proved"
    changed(artifact, crossed, r"(assign unit0_add_p = drop_p \? 8'h00 :) p;", r"\1 p | unit1_product_p;")
    with pytest.raises(ValueError, match="must see no product but its own"):
        gemv_unit.extract(crossed, inner)


def test_weight_bits_that_no_mode_reads_do_no_harm(tmp_path):
    config = GemvConfig(a="bf16,fp8_e4m3", b="bf16,fp8_e4m3", acc="bf16", lanes_a="max", units=1, groups=5, depth=2)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    artifact = emit(config, whole)
    broken.mkdir()
    bits = Machine(whole, "blocks").read_bits("now_w")
    assert 0 < bits.count(FALSE) < len(bits)
    (part,) = next(found.parts for found in bench.claims(artifact) if found.name == "sums")
    assert tried(part.function, whole).status == "proved"
    changed(artifact, broken, r"now_w <= i_w;", "now_w <= i_w ^ 2;")
    assert tried(part.function, broken).status == "refuted"


def test_claims_cover_control_and_arithmetic(small):
    names = [claim.name for claim in bench.claims(small)]
    assert names[:5] == list(FAULTS) and names[-1] == "netlist"
    wanted = ("product", "significands", "range", "sum", "anchor")
    assert all(any(name.startswith(start) for name in names[5:]) for start in wanted)
