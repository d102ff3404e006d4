"""The page of a unit: what is shown is what was found, names stay names, and what nobody made is said to be missing."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest
from nervure.generators import cli
from nervure.generators.emit import emit
from nervure.generators.page import evidence
from nervure.generators.page.evidence import Evidence, Wanted, gather, read_results
from nervure.generators.page.unit import write_page
from nervure.generators.registry import get_unit
from nervure.hw.config import ConfigError
from nervure.hw.mac.config import MacConfig
from nervure.verif.batch import ProtocolError
from nervure.verif.tools import ToolFailed, ToolMissing

from .pages import Page

UNIT = get_unit("mac")
CONFIG = MacConfig(a="bf16,int4", b="bf16,bf16", acc="bf16", lanes_a=2)
EVIL = "</script><script>alert('&\"')</script>"
SYNTH = {
    "target": "xcup", "mode": "default", "lut": 605, "luts": {"1": 2}, "ff": 244, "carry": 62, "dsp": 1, "bram": 0,
    "uram": 0, "mux": 2, "depth": 14, "cells": 935, "area": None, "tool": "yosys 0.70", "digest": CONFIG.digest,
}  # fmt: skip
ENGINE = {
    "engine": "batch", "passed": True, "vectors": 54321, "mismatches": 0, "cycles": 60001, "vectors_per_second": 7,
    "seconds": 0.5,
}  # fmt: skip
VERIFY = {
    "passed": True, "vectors": 54321, "mismatches": 0, "seed": 3, "failures": [], "first_mismatch": None,
    "engines": [ENGINE], "coverage": {"ties": 12, "overflow": 0}, "digest": CONFIG.digest,
}  # fmt: skip
CLAIM = {
    "name": "balance", "status": "proved", "seconds": 1.25, "method": "kissat", "scope": "all", "counterexample": None,
}  # fmt: skip
PROVE = {"passed": True, "claims": [CLAIM], "digest": CONFIG.digest}
GROUP = {"name": "align", "registers": 3, "nets": 5, "register_toggles": 60, "net_toggles": 40, "pj": 0.05}
ITEM = {"name": "add_bf16", "count": 77, "pj_each": 0.4, "pj": 30.8, "technology": "45 nm", "source": "a paper"}
ACTIVITY = {
    "digest": CONFIG.digest, "stimulus": "llm", "beats": 10, "cycles": 12, "register_toggles": 60, "net_toggles": 40,
    "groups": [GROUP], "energy": {"operations": {"items": [ITEM], "unpriced": {"shift_3": 8}}},
}  # fmt: skip


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    return emit(CONFIG, tmp_path_factory.mktemp("unit"))


def written(artifact, tmp_path, found=None, **more):
    path = write_page(tmp_path / "page.html", UNIT, CONFIG, artifact, found or Evidence(), "mac", **more)
    return path.read_text()


def test_a_page_without_evidence_says_that_it_is_missing(artifact, tmp_path):
    text = written(artifact, tmp_path)
    page = Page(text)
    assert page.references == [] and page.open == [] and page.scripts == []
    assert not re.search(r"https?:|url\(|@import", text)
    assert page.policy == "default-src 'none'; style-src 'unsafe-inline'"
    for what in ("No vector was run", "No claim was proved", "No simulation", "No synthesis", "No toggle", "No points"):
        assert what in page.words
    assert "✓" not in text and "✗" not in text
    for said in (CONFIG.digest, artifact.module, "nervure generate mac", "amaranth", "format of operand a", "i_mode"):
        assert said in page.words
    assert artifact.manifest["files"][0]["sha256"] in page.words


def test_packing_and_blocks_are_those_of_the_unit(artifact, tmp_path):
    words = Page(written(artifact, tmp_path)).words
    for mode in UNIT.load("generator").derive(CONFIG)["modes"]:
        assert mode["computes"] in words
        for i, row in enumerate(mode["products"]):
            assert f"a{i} b0: bits {row[0][1]} to {row[0][0]}" in words
    assert "lane*_round x 2" in words and "unpack_b*_bf16" in words


def test_the_page_shows_what_the_commands_printed(artifact, tmp_path):
    areas = [SYNTH, {**SYNTH, "target": "gates", "lut": None}]
    found = Evidence(verify=VERIFY, prove=PROVE, activity=ACTIVITY, synth=areas)
    words = Page(written(artifact, tmp_path, found)).words
    for said in ("✓ 54,321 of 54,321 results", "✓ 1 of 1 claims proved", "Never hit: overflow.", "60,001", "balance",
                 "605 / 244 / 1", "10.0 toggles a beat", "add bf16", "30.8", "shift 3 (8)", "a paper"):  # fmt: skip
        assert said in words
    assert "No vector" not in words and "No claim" not in words and "No toggle" not in words


def test_the_page_says_what_failed(artifact, tmp_path):
    broken = {**VERIFY, "passed": False, "mismatches": 1, "failures": ["latency must be 4 cycles, not 5"],
              "first_mismatch": {"vector": 7, "inputs": {"a": {"code": "0x1", "value": 0.5}}},
              "engines": [{**ENGINE, "passed": False, "mismatches": 1}]}  # fmt: skip
    refuted = {"passed": False, "claims": [{**CLAIM, "status": "refuted", "counterexample": {"a": 3}}]}
    found = Evidence(verify=broken, prove=refuted)
    words = Page(written(artifact, tmp_path, found)).words
    assert not found.passed
    for said in ("✗ 54,320 of 54,321 results", "✗ 0 of 1 claims", "FAILED", "latency must be 4 cycles, not 5",
                 "vector=7", "code=0x1", "balance is refuted by a=3"):  # fmt: skip
        assert said in words


def test_names_of_reports_and_points_stay_names(artifact, tmp_path):
    claim = {**CLAIM, "name": EVIL, "method": EVIL, "scope": EVIL, "counterexample": {EVIL: EVIL}}
    found = Evidence(
        verify={**VERIFY, "coverage": {EVIL: 1}, "failures": [EVIL], "first_mismatch": {EVIL: EVIL}},
        prove={"passed": False, "claims": [claim]}, synth=[{**SYNTH, "tool": EVIL, "target": EVIL}],
        broken={"waves": EVIL},
        activity={**ACTIVITY, "groups": [{**GROUP, "name": EVIL}], "stimulus": EVIL},
    )  # fmt: skip
    points = [{EVIL: 1.5, "y": 2, "name": EVIL, "command": f"nervure '{EVIL}'"}]
    text = written(artifact, tmp_path, found, points=points, axes=[(EVIL, "y")])
    page = Page(text)
    assert len(page.scripts) == 1 and "alert" not in page.scripts[0] and page.open == []
    assert page.commands == [f"nervure '{EVIL}'"] and page.words.count(EVIL) > 12
    digest = base64.b64encode(hashlib.sha256(page.scripts[0].encode()).digest()).decode()
    assert page.policy.endswith(f"; script-src 'sha256-{digest}'")


def test_results_are_read_by_what_they_hold(tmp_path):
    files = []
    for number, result in enumerate((VERIFY, PROVE, ACTIVITY, SYNTH)):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(json.dumps(result))
    found = read_results(files, CONFIG)
    assert (found.verify, found.prove, found.activity, found.synth) == (VERIFY, PROVE, ACTIVITY, [SYNTH])


@pytest.mark.parametrize("text, sentence", [
    (None, "result file must be readable, not {file!r} (No such file or directory)"),
    ("{", "result file must be JSON, not {file!r}"),
    ("\xff", "result file must be JSON, not {file!r}"),
    ("[1]", "result file must hold what verify, prove, synth, activity prints with --json ({file})"),
    ('{"error": "x"}', "result file must hold what verify, prove, synth, activity prints with --json ({file})"),
    ('{"luts": 1, "digest": "0"}', f"result file must be of digest {CONFIG.digest}, not 0 ({{file}})"),
])  # fmt: skip
def test_files_that_hold_no_result_of_the_config(tmp_path, text, sentence):
    file = tmp_path / "result.json"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError) as error:
        read_results([file], CONFIG)
    assert str(error.value) == sentence.format(file=str(file) if "{file!r}" in sentence else file)


@pytest.mark.parametrize("wanted, sentence", [
    (Wanted(vectors=0), "vectors must be at least 1, not 0"),
    (Wanted(seed=-1), "seed must be at least 0, not -1"),
    (Wanted(timeout=0.0), "timeout must be above 0 seconds, not 0"),
    (Wanted(timeout=float("nan")), "timeout must be above 0 seconds, not nan"),
    (Wanted(targets=("xcp",)), "unknown target 'xcp'; did you mean xcup?"),
])  # fmt: skip
def test_wishes_that_cannot_be(artifact, wanted, sentence):
    with pytest.raises(ConfigError) as error:
        gather(UNIT, CONFIG, artifact, wanted)
    assert str(error.value) == sentence


def test_a_unit_without_claims_is_not_proved(artifact, monkeypatch):
    monkeypatch.delattr(UNIT.load("bench"), "claims")
    with pytest.raises(ConfigError, match=r"^prove requires a unit with claims, not mac$"):
        gather(UNIT, CONFIG, artifact, Wanted(timeout=1.0))


class Found:
    """What the engines found, with a file of waves."""

    def to_dict(self):
        return {**VERIFY, "engines": [{**ENGINE, "waves": "run.vcd", "note": "waves are VCD"}]}


def test_waves_that_cannot_be_read_cost_the_snippet_alone(artifact, monkeypatch):
    """The engines are replaced: they run at length in the regression."""
    monkeypatch.setattr("nervure.generators.verify.verify", lambda *_, **__: Found())

    def missing(file, unit):
        raise ToolMissing("pywellen is missing; install it")

    monkeypatch.setattr(evidence, "read_waves", missing)
    found = gather(UNIT, CONFIG, artifact, Wanted(vectors=10))
    assert found.snippet is None and found.broken == {"waves": "pywellen is missing; install it"} and found.passed
    assert found.verify is not None and found.verify["engines"] == [ENGINE]


@pytest.mark.parametrize("error", [
    ToolFailed("it broke\nat length"), ToolMissing("it broke"), ProtocolError("it broke"),
])  # fmt: skip
def test_a_tool_that_breaks_costs_its_part_alone(artifact, tmp_path, monkeypatch, error):
    def broken(*_, **__):
        raise error

    monkeypatch.setattr("nervure.generators.verify.verify", broken)
    monkeypatch.setattr("nervure.verif.activity.activity", lambda *_, **__: Activity())
    found = gather(UNIT, CONFIG, artifact, Wanted(vectors=10, beats=5))
    assert found.broken == {"verify": "it broke"} and not found.passed and found.verify is None
    assert found.activity is not None and found.activity["beats"] == 10
    words = Page(written(artifact, tmp_path, found)).words
    assert "This was run and broke: it broke" in words and "10.0 toggles a beat" in words


class Activity:
    """What the counting found."""

    def to_dict(self):
        return ACTIVITY


def test_the_command_writes_the_page_and_says_what_it_holds(capfd, tmp_path):
    result, file = tmp_path / "verify.json", tmp_path / "unit.html"
    small = MacConfig(a="int4", b="int4", acc="int16")
    result.write_text(json.dumps({**VERIFY, "passed": False, "digest": small.digest}))
    settings = [word for field in ("a=int4", "b=int4", "acc=int16") for word in ("-s", field)]
    words = ["report", "html", "mac", *settings, "-o", str(file), "--json"]
    old = tmp_path / "synth.json"
    old.write_text(json.dumps({**SYNTH, "target": "gates", "digest": small.digest}))
    assert cli.main([*words, "--synth", "gates", "--result", str(result), "--result", str(old)]) == 1
    said = json.loads(capfd.readouterr().out)
    assert said["digest"] == small.digest and said["file"] == str(file) and not said["passed"]
    page = Page(file.read_text())
    assert "nervure generate mac -s a=int4 -s b=int4 -s acc=int16" in page.words
    (report,) = said["synth"]
    assert report["target"] == "gates" and f"{report['cells']:,}" in page.words and report["lut"] is None
    assert cli.main(["synth", "mac", *settings, "--target", "gates", "--json"]) == 0
    assert json.loads(capfd.readouterr().out) == report


@pytest.mark.parametrize("more, sentence", [
    (["--plot", "lut,ff"], "plot requires points"),
    (["--points", "none.json"], "points file must be readable, not 'none.json' (No such file or directory)"),
])  # fmt: skip
def test_the_command_refuses_in_a_sentence(capfd, tmp_path, monkeypatch, more, sentence):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["report", "html", "mac", "-o", "page.html", *more]) == 2
    assert capfd.readouterr().err == f"nervure: {sentence}\n" and not (tmp_path / "page.html").exists()
