"""The command: what list, show and generate say, and how settings are read."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from nervure.generators import cli
from nervure.generators.commands import console
from nervure.generators.registry import UNITS, get_unit
from nervure.generators.settings import make_config, parse_settings, settings_of
from nervure.hw.config import Config, ConfigError
from nervure.verif.artifact import Artifact


def test_no_words_give_help(capfd):
    assert cli.main([]) == 2
    assert capfd.readouterr().out.startswith("Usage: nervure")


def test_list_names_units_and_presets(capfd):
    assert cli.main(["list", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)["units"]
    assert [entry["unit"] for entry in found] == list(UNITS)
    assert found[0]["presets"] == get_unit("mac").presets
    assert cli.main(["list"]) == 0
    out = capfd.readouterr().out
    assert all(name in out for name in get_unit("mac").presets)


def test_show_tells_what_follows(capfd):
    assert cli.main(["show", "mac", "--preset", "fp32", "--json"]) == 0
    shown = json.loads(capfd.readouterr().out)
    assert shown["config"]["a"] == "fp32" and shown["module"] == "mac_fp32_fp32_fp32_l4"
    assert (shown["unit"], shown["latency_cycles"], shown["initiation_interval"], shown["lanes"]) == ("mac", 4, 1, 1)
    assert shown["multiplier"]["blocks"] == len(shown["multiplier"]["map"]) > 1
    assert [(s["name"], s["direction"], [p["field"] for p in s["payload"]]) for s in shown["streams"]] == [
        ("i", "in", ["a", "b", "c"]), ("o", "out", ["y"])]  # fmt: skip
    assert cli.main(["show", "mac"]) == 0
    assert "format of operand a" in capfd.readouterr().out


def test_generate_writes_a_unit_and_says_where(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["generate", "mac", "-s", "latency=5", "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    artifact = Artifact.load(said["directory"])
    assert said["directory"] == "build/mac_bf16_bf16_fp32_l5" and artifact.latency == 5
    assert sorted(said["files"]) == sorted(path.name for path in Path(said["directory"]).iterdir())


def test_generate_adds_a_testbench(capfd, tmp_path):
    assert cli.main(["generate", "mac", "--preset", "int8", "-o", str(tmp_path), "--with-testbench", "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert {"Makefile", "test_mac_int8_int8_int32_l4.py", "mac_int8_int8_int32_l4_vectors.txt"} < set(said["files"])
    assert sorted(said["files"]) == sorted(path.name for path in tmp_path.iterdir())
    Artifact.load(tmp_path)


def test_later_words_go_over_earlier_ones(tmp_path):
    file = tmp_path / "mac.toml"
    file.write_text('b = "fp8_e5m2"\nlatency = 6\n')
    made = make_config(get_unit("mac"), "fp8", file, ["latency=7", "latency=8"]).to_dict()
    assert (made["a"], made["b"], made["acc"], made["latency"]) == ("fp8_e4m3", "fp8_e5m2", "bf16", 8)


def test_settings_take_the_kind_of_their_field():
    class Toy(Config):
        unit = "toy"
        name: str = ""
        depth: int | None = None
        scale: float = 1.0
        signed: bool = False
        widths: tuple[int, ...] = ()
        names: list[str] = []

    words = ["name=12", "depth=12", "scale=0.5", "signed=true", "widths=1,2,3", "names=a,b"]
    expected = {"name": "12", "depth": 12, "scale": 0.5, "signed": True, "widths": [1, 2, 3], "names": ["a", "b"]}
    assert parse_settings(Toy, words) == expected
    assert settings_of(expected) == words
    assert Toy(**parse_settings(Toy, [*words, "signed=false", "widths="])).to_dict()["widths"] == []
    with pytest.raises(ConfigError, match=r"^signed must be true or false, not 'maybe'$"):
        Toy(**parse_settings(Toy, ["signed=maybe"]))


def test_only_the_result_is_on_stdout(capfd):
    with console.only_result_on_stdout(True) as stdout:
        os.write(1, b"noise of a tool\n")
        print("noise of Python")
        console.Console(True, stdout).result({"held": True})
    out, err = capfd.readouterr()
    assert json.loads(out) == {"held": True} and out.count("\n") == 1
    assert sorted(err.splitlines()) == ["noise of Python", "noise of a tool"]
