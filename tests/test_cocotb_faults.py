"""The cocotb engine on broken pipelines: each fault is caught, by the test that is made for it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from nervure.verif import junit
from nervure.verif.cocotb_run import run_cocotb

from .pipeline import EXPECTED, INPUTS, failed, make, names


def test_wrong_sum_is_caught(tmp_path):
    artifact = make(tmp_path, fault={"i_a[7:0] +": "(i_a[7:0] & 8'hfd) +"})
    result = run_cocotb(artifact, INPUTS, EXPECTED, junit=tmp_path / "report.xml")
    beat = int(np.flatnonzero(INPUTS["a"][:, 0] & np.uint64(2))[0])
    assert not result.passed and set(failed(result)) == set(names(result))
    a, b, y = INPUTS["a"][beat].tolist(), int(INPUTS["b"][beat]), int(EXPECTED["y"][beat])
    assert result.first_mismatch == {
        "test": "back_to_back", "beat": beat, "inputs": {"a": a, "b": b}, "expected": {"y": y}, "actual": {"y": y - 2},
    }  # fmt: skip
    wrong = int(np.count_nonzero(INPUTS["a"][:, 0] & np.uint64(2)))
    assert result.mismatches > 2 * wrong  # twice in the tests that play all beats, and some in the third
    ports = f"o_y={y << 4:x} expected, o_y={(y - 2) << 4:x} found for i_a={a[0] | a[1] << 8:x} i_rest={b << 4:x}"
    assert failed(result)["back_to_back"] == f"{wrong} beats differ; beat {beat}: {ports}"
    (first, *_) = junit.read(tmp_path / "report.xml")
    assert first.failure == failed(result)["back_to_back"] and "back_to_back" in first.output


STALLS, RESETS = "random_stalls", "reset_in_midstream"
LAST = f"16'h{int(INPUTS['a'][-1] @ np.array([1, 256], np.uint64)):x}"
LOAD = "begin v3 <= v2; d3 <= d2; end"
FAULTS = {
    "a beat is dropped under stall": (STALLS, {"en1 = en2 | ~v1": "en1 = 1"}, {}, "beats differ; .* not "),
    "a beat is repeated under stall": (STALLS, {"v1 <= i_valid;": "v1 <= i_valid | v1 & ~o_ready;"}, {}, "one more"),
    "the payload changes while it waits": (
        STALLS, {LOAD: "v3 <= v2; d3 <= d2;"}, {}, "o_y must hold beat 0 while it waits, and changed"),
    "valid falls while it waits": (
        STALLS, {LOAD: f"{LOAD} else v3 <= 0;"}, {}, "o_valid must stay until o_ready, and fell"),
    "valid waits for ready": (
        STALLS, {"o_valid = v3": "o_valid = v3 & o_ready"}, {}, "o_valid must not wait for o_ready, and does"),
    "ready never comes": ("back_to_back", {"en1 = en2 | ~v1": "en1 = 0"}, {}, "300 beats must come out, not 0 "),
    "the last beat never comes": (
        "back_to_back", {"v1 <= i_valid;": f"v1 <= i_valid & i_a != {LAST};"}, {}, "300 beats must come out, not "),
    "latency is longer": (
        "back_to_back", {}, {"manifest": {"latency_cycles": 2}}, r"latency must be 2 cycles, not \[3\]"),
    "latency is shorter": (
        "back_to_back", {}, {"manifest": {"latency_cycles": 4}}, r"latency must be 4 cycles, not \[3\]"),
    "latency of a bare unit is longer": (
        "back_to_back", {}, {"interface": "bare", "manifest": {"latency_cycles": 2}}, "beats differ; beat 0: "),
    "initiation interval is shorter": (
        "back_to_back", {}, {"manifest": {"initiation_interval": 2}}, r"interval must be 2 cycles, not \[1\]"),
    "reset forgets a rank": (RESETS, {"v1 <= 0; v2 <= 0; v3": "v1 <= 0; v3"}, {}, ""),
    "reset is synchronous": (
        RESETS, {}, {"manifest": {"reset": {"port": "rst", "kind": "async", "active": "high"}}}, ""),
    "noise gets in": (STALLS, {"begin v1 <= i_valid; d1 <=": "v1 <= i_valid; begin d1 <="}, {}, "beats differ; beat "),
    "a beat that nobody sent": (
        "back_to_back", {"v3 = 0": "v3 = 1"}, {"reset": "none"}, "o_y must give 0 beats so far, not one more"),
    "X after reset": (
        "back_to_back", {"d2 = 0, d3 = 0": "d2 = 0, d3", "d3 <= d2": "if (v2) d3 <= d2"}, {},
        "o_y must be 0 or 1 after reset, not X"),
    "X for a beat": (
        "back_to_back", {"o_y = {d3": "o_y = {d3[0] ? 12'bx : d3"}, {}, "beats differ; beat .* o_y=X found for i_a="),
    "X as handshake": (
        STALLS, {"o_valid = v3": "o_valid = v3 & ~o_ready & i_valid ? 1'bx : v3"}, {}, "o_valid must be 0 or 1, not X"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(tmp_path, name):
    test, fault, options, message = FAULTS[name]
    result = run_cocotb(make(tmp_path, fault=fault, **options), INPUTS, EXPECTED, simulator="icarus")
    assert not result.passed
    assert re.search(message, failed(result)[test]), failed(result)
    if test != "back_to_back":
        assert "back_to_back" not in failed(result)  # it takes the test that is made for it


def test_dropped_beat_is_caught_under_verilator(tmp_path):
    result = run_cocotb(make(tmp_path, fault=FAULTS["a beat is dropped under stall"][1]), INPUTS, EXPECTED)
    assert "random_stalls" in failed(result) and "back_to_back" not in failed(result)
