"""Claims of KANs and of dendrite branches: proved for what is emitted, refuted for what was broken."""

from __future__ import annotations

import pytest
from nervure.generators.emit import emit
from nervure.verif import proofs
from nervure.verif.activation import dtnn as dtnn_bench
from nervure.verif.activation import kan as bench
from nervure.verif.activation.dtnn import proofs as dtnn_proofs
from nervure.verif.activation.kan import proofs as kan_proofs
from nervure.verif.activation.sums import wrong_tables
from nervure.verif.batch import BatchModel
from nervure.verif.mutate import negative_control
from nervure.verif.prove import prove

from .faults import rewrite
from .test_dtnn import imported
from .test_kan import SHAPES, drawn


@pytest.mark.parametrize("shape", ["argmax", "bare", "wide_tables"])
def test_values_and_control_are_proved(shape, tmp_path):
    emit(SHAPES[shape], tmp_path)
    for function in (proofs.balance, proofs.handshake, kan_proofs.tables, kan_proofs.values):
        verdict = function(tmp_path)
        assert verdict.status == "proved", (function.__name__, verdict)


def test_all_claims_of_small_units(tmp_path):
    units = {"kan": (bench, drawn(7, (4, 2), (2,))), "dtnn": (dtnn_bench, imported(4, 2, 2, 2, output_bits=3))}
    for name, (room, config) in units.items():
        artifact = emit(config, tmp_path / name)
        found = {result.name: result.status for result in prove(artifact, room.claims(artifact), jobs=1)}
        assert found == dict.fromkeys(("balance", "handshake", "tables", "values", "netlist"), "proved"), name


def test_a_wrong_table_and_a_wrong_clamp_are_refuted(tmp_path):
    """By proof, with an input that shows it, and by vectors."""
    for fault, (config, pattern, instead) in enumerate(FAULTS):
        artifact = rewrite(emit(config, tmp_path / str(fault)), pattern, instead, tmp_path / f"{fault} broken")
        verdict = kan_proofs.values(artifact.directory)
        assert verdict.status == "refuted" and verdict.counterexample is not None, pattern
        assert verdict.counterexample["y"] != verdict.counterexample["expected"]
    vectors = bench.stimulus(config, 2000, 0)
    found = BatchModel(artifact).run(vectors).outputs["y"]
    assert (found != bench.expect(config, vectors)["y"]).any()


FAULTS = [
    (drawn(5, (4, 2), (2,)), r"'h(\w*)(\w) >>", lambda m: f"'h{m[1]}{int(m[2], 16) ^ 1:x} >>"),  # one bit of one table
    # Sums below 0 go on as they are.
    (drawn(0, (4, 2, 2), (2, 3)), r"if \((n\d+)\) (reg_layer0_code_0 <= 3'h0)", r"if (\1 & 1'h0) \2"),
]


def test_tables_that_do_not_add_up_are_found():
    config = drawn(0)
    leaves, edges = config.leaves(0, 0), config.into(0, 0)
    addends = {edge.source: edge.values for edge in edges}
    offset = config.offsets[0][0]
    assert wrong_tables(leaves, addends, offset) is None
    assert "add up to" in str(wrong_tables(leaves, addends, offset + 1))
    assert "must be in one table each" in str(wrong_tables(leaves[1:], addends, offset))
    other = {**addends, edges[0].source: (*edges[0].values[:-1], edges[0].values[-1] + 1)}
    assert "not" in str(wrong_tables(leaves, other, offset))


def test_wrong_tables_of_branches_are_refuted(tmp_path):
    artifact = emit(imported(5, 2, 2, 2, join="tables", middle=3), tmp_path)
    assert dtnn_proofs.tables(tmp_path).status == dtnn_proofs.values(tmp_path).status == "proved"
    broken = rewrite(artifact, r"= 16'h(\w{3})(\w) >>", lambda m: f"= 16'h{m[1]}{int(m[2], 16) ^ 1:x} >>", tmp_path)
    assert dtnn_proofs.values(broken.directory).status == "refuted"


def test_drawn_faults_are_found(tmp_path):
    control = negative_control(emit(drawn(8, (3, 2), (2,)), tmp_path), bench, 8, seed=1)
    assert not control.survivors and control.count("vectors") > 0, control.to_dict()
