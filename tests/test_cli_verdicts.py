"""The command: what verify, synth, activity and prove report, and when they say that a unit holds."""

from __future__ import annotations

import json
import re
import shutil
import sys
import types
from pathlib import Path

import pytest
from nervure.generators import cli
from nervure.generators.check import check_batch
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.generators.settings import make_config
from nervure.generators.verify import verify
from nervure.verif import junit, mac, prove
from nervure.verif.artifact import Artifact

SMALL = ("--preset", "fp8", "--engine", "batch")


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    return emit(make_config(get_unit("mac"), "fp8"), tmp_path_factory.mktemp("mac"))


def test_verify_holds_and_reports(capfd, tmp_path):
    report, words = tmp_path / "sub" / "junit.xml", ["verify", "mac", "--preset", "fp8", "--vectors", "20000"]
    assert cli.main([*words, "--seed", "3", "--junit", str(report), "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert said["passed"] is True and said["mismatches"] == 0 and said["first_mismatch"] is None
    batch, cocotb = said["engines"]
    assert batch["vectors"] == 20000 and batch["stalled_vectors"] >= 2000 and batch["cycles"] > batch["vectors"]
    assert cocotb["vectors"] > 200 and cocotb["latency_cycles"] == 4
    assert set(cocotb["tests"]) == {"back_to_back", "random_stalls", "reset_in_midstream"}
    assert said["vectors"] == batch["vectors"] + cocotb["vectors"] and said["vectors_per_second"] > 0
    assert min(said["coverage"].values()) > 0, "every feature of these formats is hit"
    assert [(case.name, case.failure) for case in junit.read(report)] == [("batch", None), ("cocotb", None)]


def test_verify_finds_a_wrong_result(capfd, tmp_path, monkeypatch):
    right = mac.expect

    def wrong(config, inputs):
        outputs = right(config, inputs)
        outputs["y"][17] ^= 1
        return outputs

    monkeypatch.setattr(mac, "expect", wrong)
    report = tmp_path / "junit.xml"
    assert cli.main(["verify", "mac", *SMALL, "--vectors", "1000", "--json", "--junit", str(report)]) == 1
    said = json.loads(capfd.readouterr().out)
    first = said["first_mismatch"]
    assert (said["passed"], said["mismatches"], first["vector"]) == (False, 1, 17)
    assert int(first["expected"]["y"]["code"], 16) == int(first["found"]["y"]["code"], 16) ^ 1
    assert set(first["inputs"]) == {"a", "b", "c"} and first["inputs"]["a"]["value"]
    (case,) = junit.read(report)
    assert case.failure.startswith("1 of 1000 vectors differ; the first: ")
    assert cli.main(["verify", "mac", *SMALL, "--vectors", "1000"]) == 1
    assert "DID NOT HOLD on 1,000 vectors" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        (r"assign p = a \* b;", "assign p = a + b;", "vectors differ"),
        (r"assign i_ready = .*;", "assign i_ready = 1'h1;", ""),
    ],
    ids=["product", "ready"],
)
def test_verify_finds_a_wrong_circuit(artifact, tmp_path, right, wrong, problem):
    folder = tmp_path / "wrong"
    shutil.copytree(artifact.directory, folder)
    text, changed = re.subn(right, wrong, artifact.verilog.read_text())
    (folder / artifact.verilog.name).write_text(text)
    verdict = verify(Artifact(folder, artifact.manifest), mac, engine="batch", vectors=1000)
    assert changed == 1 and not verdict.passed
    assert problem in verdict.checks[0].problem


def test_verify_without_a_vector_does_not_pass(artifact):
    check = check_batch(artifact, mac, iter(()))
    assert not check.passed and check.problem == "no vector ran"


def test_the_same_seed_gives_the_same_run(artifact):
    first, again, other = (verify(artifact, mac, engine="batch", vectors=40000, seed=s).checks[0] for s in (5, 5, 6))
    assert first.cycles == again.cycles and first.coverage == again.coverage
    assert other.coverage != first.coverage


def test_exhaustive_runs_all_inputs(capfd):
    words = ["verify", "mac", "-s", "a=fp4_e2m1", "-s", "b=int2", "-s", "acc=fp8_e4m3", "--engine", "batch"]
    assert cli.main([*words, "--exhaustive", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["vectors"] == 1 << (4 + 2 + 8)


def test_waves_are_left_where_they_were_asked_for(capfd, tmp_path):
    words = ["verify", "mac", "--preset", "fp8", "--engine", "cocotb", "--vectors", "50", "--waves"]
    assert cli.main([*words, "-o", str(tmp_path), "--json"]) == 0
    (engine,) = json.loads(capfd.readouterr().out)["engines"]
    waves = Path(engine["waves"])
    assert waves.parent == tmp_path and waves.stat().st_size > 1000
    assert waves.suffix == ".fst" or "apt-get install" in engine["note"]


# --- synth and activity ----------------------------------------------------------------------------------------------


def test_synth_says_what_it_costs(capfd):
    assert cli.main(["synth", "mac", "--preset", "int8", "--target", "lut6", "--mode", "flat", "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    keys = {"target", "mode", "lut", "luts", "ff", "carry", "dsp", "bram", "uram", "depth", "cells", "area"}
    assert keys < set(said) and (said["target"], said["mode"], said["dsp"]) == ("lut6", "flat", 1)
    assert said["lut"] > 0 and set(said["luts"]) == set("123456")
    assert cli.main(["synth", "mac", "--preset", "int8", "--target", "lut6"]) == 0
    assert "luts by size" in capfd.readouterr().out


def test_activity_counts_and_prices(capfd):
    words = ["activity", "mac", "--preset", "fp8", "--vectors", "500", "--stall-in", "0.5"]
    assert cli.main([*words, "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert said["beats"] == said["multiplies"] == said["adds"] == 500 and said["idle_cycles"] > 100
    assert cli.main(words) == 0
    out = capfd.readouterr().out
    assert "Horowitz" in out and "register toggles" in out


# --- prove -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "survivors", "code"),
    [
        (["proved", "proved"], [], 0),
        (["proved", "unknown"], [], 1),
        (["refuted", "proved"], [], 1),
        ([], [], 1),
        (["proved"], [{"fault": "mutate 7"}], 1),
    ],
)
def test_only_what_is_all_proved_holds(capfd, monkeypatch, statuses, survivors, code):
    """The verdict of the command, whatever the solvers say: unknown is never passed, nor is having claimed nothing."""

    asked = {}

    def prove_stand_in(artifact, claims, *, timeout, progress):
        asked.update(timeout=timeout, claims=claims)
        progress("claim 0", 1, len(claims))
        example = {"a": "0x38 (1.0)"}
        return [
            prove.Result(f"claim {k}", "all inputs", status, "SAT", 0.5, example if status == "refuted" else None)
            for k, status in enumerate(statuses)
        ]

    def faults_stand_in(artifact, bench, count, *, seed, timeout, progress):
        asked.update(faults=count, seed=seed)
        return types.SimpleNamespace(to_dict=lambda: {"drawn": count, "survivors": survivors})

    monkeypatch.setattr(prove, "prove", prove_stand_in)
    monkeypatch.setattr(mac, "claims", lambda artifact: [artifact.module], raising=False)
    stand_in = types.SimpleNamespace(negative_control=faults_stand_in)
    monkeypatch.setitem(sys.modules, "nervure.verif.mutate", stand_in)
    words = ["prove", "mac", "--preset", "fp8", "--timeout", "9", "--faults", "3", "--seed", "4"]
    assert cli.main([*words, "--json"]) == code
    said = json.loads(capfd.readouterr().out)
    assert said["passed"] is (code == 0) and [claim["status"] for claim in said["claims"]] == statuses
    assert asked == {"timeout": 9.0, "claims": ["mac_fp8_e4m3_fp8_e4m3_bf16_l4"], "faults": 3, "seed": 4}
    assert cli.main(words) == code
    out = capfd.readouterr().out
    assert f"{statuses.count('proved')} of {len(statuses)} claims proved" in out
    assert ("is refuted by a = 0x38 (1.0)" in out) is ("refuted" in statuses)
    assert ("survivor: fault = mutate 7" in out) is bool(survivors)
