"""Placement and routing: clocks and stages as nextpnr reports them."""

from __future__ import annotations

import json

import pytest
from nervure.generators import cli
from nervure.generators.emit import emit
from nervure.generators.flow.pnr import PnrReport, place_and_route
from nervure.hw.mac.config import MacConfig

SMALL = {"a": "int4", "b": "int4", "acc": "int16", "multiplier": "lut"}


def test_clock_and_stages_of_a_small_unit(tmp_path):
    artifact = emit(MacConfig(**SMALL, latency=3, interface="bare"), tmp_path)
    ended = []
    found = place_and_route(artifact, seeds=(1, 2), progress=ended.append)
    assert ended == [1, 2]
    assert len(found.fmax) == 2 and all(len(stages) == 3 for stages in found.stages)
    for fmax, stages in zip(found.fmax, found.stages, strict=True):
        # The clock is what the longest stage allows; nextpnr counts set-up of the last register on top.
        assert 1000 / fmax == pytest.approx(max(stages), rel=0.1)
    assert min(found.fmax) <= found.mean_fmax <= max(found.fmax)


def test_imbalance_is_the_longest_stage_over_the_mean():
    found = PnrReport((100.0, 110.0), ((8.0, 12.0), (10.0, 14.0)))
    assert found.mean_stages == (9.0, 13.0)
    assert found.imbalance == pytest.approx(13 / 11 - 1)
    assert found.mean_fmax == 105.0 and found.spread == pytest.approx(7.07, abs=0.01)


def test_a_handshake_is_not_timed(tmp_path):
    with pytest.raises(ValueError, match=r"^placement for a figure requires interface=bare, not stream$"):
        place_and_route(emit(MacConfig(**SMALL), tmp_path))


SETTINGS = [word for key, value in SMALL.items() for word in ("-s", f"{key}={value}")]


def test_the_command_says_what_the_function_finds(tmp_path, capfd):
    assert cli.main(["pnr", "mac", *SETTINGS, "-s", "interface=bare", "--seeds", "2", "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    found = place_and_route(emit(MacConfig(**SMALL, interface="bare"), tmp_path), seeds=(1, 2))
    assert said["seeds"] == list(found.fmax) and said["fmax_mhz"] == found.mean_fmax
    assert said["fmax_spread_mhz"] == found.spread > 0 and len(said["stages_ns"]) == 4


@pytest.mark.parametrize("words, sentence", [
    ([], "interface must be bare to be placed, not stream"),
    (["-s", "interface=bare", "--seeds", "0"], "seeds must be at least 1, not 0"),
    (["-s", "interface=bare", "-j", "0"], "jobs must be at least 1, not 0"),
])  # fmt: skip
def test_what_cannot_be_placed_is_one_sentence(words, sentence, capfd):
    assert cli.main(["pnr", "mac", *SETTINGS, *words]) == 2
    assert capfd.readouterr().err == f"nervure: {sentence}\n"
