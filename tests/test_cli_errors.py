"""Bad input to the command: the whole sentence, and exit code 2."""

from __future__ import annotations

import json

import pytest
from nervure.generators import cli
from nervure.verif.artifact import Artifact


def sentence(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Exit code and sentence of a command that fails; the same under --json, and nothing else anywhere."""
    code = cli.main([*words])
    out, err = capfd.readouterr()
    assert out == "" and err.startswith("nervure: ") and err.count("\n") == 1
    assert cli.main([*words, "--json"]) == code
    out, json_err = capfd.readouterr()
    assert json_err == "" and out.count("\n") == 1
    assert json.loads(out) == {"error": err.removeprefix("nervure: ").strip()}
    return code, json.loads(out)["error"]


BAD_WORDS = [
    ("verfy mac", "No such command 'verfy'. Did you mean 'verify'?"),
    ("verify", "Missing argument 'UNIT'."),
    ("verify mac --vectrs 5", "No such option: --vectrs (Possible options: --vectors, --waves)"),
    ("verify mac --vectors many", "Invalid value for '--vectors': must be an integer, not 'many'"),
    ("verify mac --vectors 0", "vectors must be at least 1, not 0"),
    ("verify mac --vectors -5", "vectors must be at least 1, not -5"),
    ("verify mac --seed -1", "seed must be at least 0, not -1"),
    ("verify mac --engine btch", "unknown engine 'btch'; did you mean batch?"),
    ("verify mac --engine cocotb --exhaustive", "exhaustive requires engine batch or all, not cocotb"),
    ("verify mac --engine batch --waves", "waves requires engine cocotb or all, not batch"),
    (
        "verify mac --engine batch --exhaustive",
        "exhaustive requires few enough inputs to run all, not those of mac_bf16_bf16_fp32_l4",
    ),
    ("prove mac --timeout 0", "timeout must be above 0 seconds, not 0"),
    ("prove mac --faults -1", "faults must be at least 0, not -1"),
    ("regress mac --seeds 0", "seeds must be at least 1, not 0"),
    ("regress mac --vectors 0", "vectors must be at least 1, not 0"),
    ("regress mac -j 0", "jobs must be at least 1, not 0"),
    ("activity mac --vectors 0", "vectors must be at least 1, not 0"),
    ("activity mac --stimulus lm", "unknown stimulus 'lm'; did you mean llm?"),
    ("synth mac --target xcp", "unknown target 'xcp'; did you mean xcup?"),
    ("synth mac --mode flatt", "unknown mode 'flatt'; did you mean flat?"),
    ("demo mac -s a=int8", "a must be fp8_e4m3 for the demo, not int8"),
    ("demo mac -s lanes_a=2", "lanes_a and lanes_b must be 1 for the demo, not 2 and 1"),
    ("show mca", "unknown unit 'mca'; did you mean mac?"),
    ("list mca", "unknown unit 'mca'; did you mean mac?"),
    ("show mac --preset fp9", "unknown preset 'fp9' for mac; did you mean fp8?"),
    ("show mac -s latency", "setting must be key=value, not 'latency'"),
    ("show mac -s =4", "setting must be key=value, not '=4'"),
    ("show mac -s a=bf61", "a: unknown format 'bf61'; did you mean bf16?"),
    ("show mac -s a=int0", "a: unknown format 'int0'; did you mean int8?"),
    ("show mac -s b=e8m0", "b must be a float or an integer format, not e8m0 (a scale)"),
    ("show mac -s acc=fp4_e2m1", "acc must be one of bf16, fp16, fp32, fp8_e4m3, fp8_e5m2, int16, int32, not fp4_e2m1"),
    ("show mac -s acc=int32", "acc=int32 requires integer operands, not bf16"),
    ("show mac -s latency=9", "latency must be at most 8, not 9"),
    ("show mac -s latency=1", "latency must be at least 2, not 1"),
    ("show mac -s latency=x", "latency must be an integer, not 'x'"),
    ("show mac -s latncy=4", "unknown key 'latncy' for mac; did you mean latency?"),
    ("show mac -s rounding=up", "rounding must be rne or rtz, not 'up'"),
    ("show mac -s module=9x", "module must be a Verilog identifier, not '9x'"),
    ("show mac -s module=wire", "module must be a Verilog identifier, not 'wire'"),
    ("show mac -s overflow=wrap", "overflow must be ieee or saturate for acc=fp32, not wrap"),
    (
        "show mac -s reset=none -s reset_active=low",
        "reset_active=low requires reset=sync or reset=async, not reset=none",
    ),
]


@pytest.mark.parametrize(("words", "expected"), BAD_WORDS, ids=[words for words, _ in BAD_WORDS])
def test_bad_words_end_in_one_sentence(capfd, words, expected):
    assert sentence(capfd, *words.split()) == (2, expected)


BAD_FILES = [
    ("a = bf16", "config file must be TOML, not '{path}' (Invalid value (at line 1, column 5))"),
    ("latenzy = 4", "unknown key 'latenzy' for mac; did you mean latency?"),
    ('unit = "snn"', "config file must be of unit mac, not 'snn' ({path})"),
    ("latency = 2.5", "latency must be an integer, not 2.5"),
    ("a = 8", "a must be a string, not 8"),
]


@pytest.mark.parametrize(("text", "expected"), BAD_FILES, ids=[text for text, _ in BAD_FILES])
def test_bad_config_file_ends_in_one_sentence(capfd, tmp_path, text, expected):
    path = tmp_path / "mac.toml"
    path.write_text(text)
    assert sentence(capfd, "generate", "mac", "-c", str(path)) == (2, expected.format(path=path))


def test_missing_config_file_ends_in_one_sentence(capfd, tmp_path):
    path = str(tmp_path / "none.toml")
    expected = f"config file must be readable, not {path!r} (No such file or directory)"
    assert sentence(capfd, "show", "mac", "-c", path) == (2, expected)


@pytest.mark.parametrize("command", ["generate mac", "verify mac --engine batch", "synth mac", "activity mac", "demo"])
def test_unwritable_output_directory_ends_in_one_sentence(capfd, tmp_path, command):
    # A path below a file: permissions would not stop root.
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "file" / "out")
    assert sentence(capfd, *command.split(), "-o", path) == (
        2, f"output directory must be writable, not {path!r} (Not a directory)")  # fmt: skip


def test_output_directory_that_the_system_refuses_ends_in_one_sentence(capfd):
    expected = "output directory must be writable, not '/proc/nervure' (No such file or directory)"
    assert sentence(capfd, "generate", "mac", "-o", "/proc/nervure") == (2, expected)
    assert sentence(capfd, "regress", "mac", "-o", "/proc/nervure") == (2, expected)


def test_unwritable_junit_file_is_refused_before_the_run(capfd, tmp_path):
    path = str(tmp_path)
    expected = f"output file must be writable, not {path!r} (Is a directory)"
    assert sentence(capfd, "verify", "mac", "--junit", path) == (2, expected)


def test_nothing_is_left_of_a_refused_config(capfd, tmp_path):
    assert cli.main(["generate", "mac", "-s", "latency=9", "-o", str(tmp_path / "out")]) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_directory_holds_one_unit(capfd, tmp_path):
    assert cli.main(["generate", "mac", "-o", str(tmp_path)]) == 0
    capfd.readouterr()
    expected = f"output directory must hold one unit, not also mac_bf16_bf16_fp32_l4.json ({tmp_path})"
    assert sentence(capfd, "generate", "mac", "-s", "latency=5", "-o", str(tmp_path)) == (2, expected)
    assert Artifact.load(tmp_path).latency == 4
