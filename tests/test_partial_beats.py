"""Engines on units that answer only some of the beats that they take: activity, and faults that must be found."""

from __future__ import annotations

import hashlib
import json

import pytest
from nervure.generators.cli import main
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.verif.mutate import Fault, negative_control
from nervure.verif.proofs import same

SMALL = {
    "accumulate": {"a": "int4", "b": "int4", "acc": "int16", "latency": 2},
    "gemv": {"a": "int4", "b": "int4", "acc": "int16", "latency": 4, "units": 1, "lanes_a": 1, "groups": 4, "depth": 2},
}


def unit_in(folder, name):
    found = get_unit(name)
    return emit(found.load("config")(**SMALL[name]), folder), found.load("bench")


@pytest.mark.parametrize("name", SMALL)
def test_activity_of_every_unit(name, capsys):
    words = [word for key, value in SMALL[name].items() for word in ("-s", f"{key}={value}")]
    assert main(["activity", name, *words, "--vectors", "500", "--stall-out", "0.3", "--json"]) == 0


def test_activity_counts_beats_and_what_they_do(capfd):
    assert main(["activity", "accumulate", "-s", "a=int4", "-s", "b=int4", "-s", "acc=int16", "--vectors", "500",
                 "--json"]) == 0  # fmt: skip
    report = json.loads(capfd.readouterr().out)
    assert report["beats"] == report["multiplies"] == 500
    assert report["cycles"] > 500 and report["register_toggles"] > 0


def test_activity_of_a_unit_without_values_of_models(capfd):
    assert main(["activity", "cast", "--vectors", "200", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["stimulus"] == "normal"
    assert main(["activity", "cast", "--stimulus", "llm", "--json"]) == 2


@pytest.mark.parametrize("name", SMALL)
def test_faults_are_found(name, tmp_path):
    control = negative_control(*unit_in(tmp_path, name), count=4, seed=1, timeout=20)
    assert len(control.faults) == 4
    assert control.count("vectors") >= 2
    assert all(isinstance(fault, Fault) and fault.detail for fault in control.faults)


@pytest.mark.parametrize("name", SMALL)
def test_a_copy_is_the_same_and_a_fault_is_not(name, tmp_path):
    """A unit that is no pipeline is compared register by register; a difference in some state settles nothing."""
    artifact, _ = unit_in(tmp_path / "unit", name)
    other, _ = unit_in(tmp_path / "other", name)
    assert same(artifact.directory, str(other.directory)).status == "proved"
    text = other.verilog.read_text()
    wrong = text.replace("= & { ", "= | { ")
    assert wrong != text
    other.verilog.write_text(wrong)
    digest = hashlib.sha256(wrong.encode()).hexdigest()
    manifest = {**other.manifest, "files": [{"path": other.verilog.name, "sha256": digest}]}
    (other.directory / f"{other.module}.json").write_text(json.dumps(manifest))
    assert same(artifact.directory, str(other.directory)).status != "proved"
