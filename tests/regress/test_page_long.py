"""The page of a unit with all that can be run for it: its figures are those that the commands print."""

from __future__ import annotations

import json

import pytest
from nervure.generators import cli

from ..pages import Page

SAME = ("vectors", "mismatches", "cycles", "coverage", "failures")
COUNTED = ("beats", "cycles", "groups", "energy", "operations", "stimulus")


@pytest.mark.parametrize("unit, preset", [("mac", "fp8"), ("activation", "gelu16"), ("ecg", "smallest")])
def test_figures_of_the_page_are_those_of_the_commands(capfd, tmp_path, unit, preset):
    def said(*words):
        assert cli.main([*words, "--json"]) == 0
        return json.loads(capfd.readouterr().out)

    chosen, file = [unit, "--preset", preset], tmp_path / "unit.html"
    runs = ["--verify", "500", "--seed", "5", "--prove", "--synth", "gates", "--activity"]
    page = said("report", "html", *chosen, "-o", str(file), *runs)
    verify = said("verify", *chosen, "--vectors", "500", "--seed", "5")
    assert {key: page["verify"][key] for key in SAME} == {key: verify[key] for key in SAME}
    assert page["synth"] == [said("synth", *chosen, "--target", "gates")]
    activity = said("activity", *chosen, "--seed", "5")
    assert {key: page["activity"][key] for key in COUNTED} == {key: activity[key] for key in COUNTED}
    prove = said("prove", *chosen)
    assert [c["name"] for c in page["prove"]["claims"]] == [c["name"] for c in prove["claims"]]
    words = Page(file.read_text()).words
    assert "for this page" not in words and f"{verify['vectors']:,} of {verify['vectors']:,} results" in words
    for group in activity["groups"]:
        assert f"{group['net_toggles']:,}" in words and group["name"] in words
    assert f"{page['synth'][0]['cells']:,}" in words and "Waveform" in words
