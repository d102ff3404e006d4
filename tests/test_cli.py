"""The command: what it prints, its exit codes, and one whole sentence for every kind of bad input."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest
from nervure.generators import cli
from nervure.generators.check import check_batch
from nervure.generators.commands import console
from nervure.generators.emit import emit
from nervure.generators.registry import UNITS, get_unit
from nervure.generators.settings import make_config, parse_settings, settings_of
from nervure.generators.verify import verify
from nervure.hw.config import Config, ConfigError
from nervure.verif import cache, junit, mac, prove
from nervure.verif.artifact import Artifact

COMMAND = [sys.executable, "-m", "nervure.generators.cli"]
SMALL = ("--preset", "fp8", "--engine", "batch")


def run(*words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [*COMMAND, *words], cwd=cwd, env=os.environ | env, text=True, capture_output=True, timeout=300
    )


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


# --- Bad input: the whole sentence, and exit code 2 ------------------------------------------------------------------

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


def test_missing_compiler_says_how_to_get_it(tmp_path):
    # The Verilog is made without it; the model is not.
    done = run("verify", "mac", *SMALL, "--json", PATH=str(tmp_path), NERVURE_CACHE=str(tmp_path / "cache"), CXX="g++")
    expected = "g++ is missing; install a C++ compiler (Debian: apt-get install g++) or set CXX"
    assert (done.returncode, json.loads(done.stdout)) == (3, {"error": expected})


def test_killed_build_does_not_poison_the_cache(tmp_path):
    """A compiler that is killed half-way ends in one sentence; the same build with a sound compiler then works."""
    here, real = tmp_path / "cache", shutil.which("g++")
    run("verify", "mac", *SMALL, "--vectors", "10")  # the run-time objects, from the cache of this machine
    shutil.copytree(cache.cache_root() / "runtime", here / "runtime")
    here.chmod(0o700)
    compiler = tmp_path / "g++"
    compiler.write_text(
        "#!/bin/sh\n"
        f'[ "$1" = --version ] && exec {real} --version\n'
        'while [ $# -gt 0 ]; do [ "$1" = -o ] && echo half > "$2"; shift; done\n'
        "kill -9 $$\n"
    )
    compiler.chmod(0o755)
    words = ("verify", "mac", *SMALL, "--vectors", "1000", "--json")
    done = run(*words, NERVURE_CACHE=str(here), CXX=str(compiler))
    assert (done.returncode, json.loads(done.stdout)) == (1, {"error": "C++ compiler failed with code -9: "})
    done = run(*words, NERVURE_CACHE=str(here))
    assert (done.returncode, json.loads(done.stdout)["passed"]) == (0, True)


def test_interrupt_ends_quietly(tmp_path):
    process = subprocess.Popen(
        [*COMMAND, "verify", "mac", *SMALL, "--vectors", "100000000"], text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "")


# --- What the command says -------------------------------------------------------------------------------------------


def test_help_is_fast_and_loads_nothing_heavy():
    code = (
        "import sys\nfrom nervure.generators.cli import main\nassert main(['--help']) == 0\n"
        "heavy = {'torch', 'amaranth', 'pydantic', 'numpy', 'rich'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
    assert (done.returncode, done.stderr) == (0, "")
    for verb in ("list", "show", "generate", "verify", "prove", "synth", "activity", "regress", "demo"):
        assert f"\n  {verb} " in done.stdout
    assert min(processor_seconds("--help") for _ in range(5)) < 0.25


def processor_seconds(*words: str) -> float:
    """Processor time of the command: unlike the clock, the same on a busy machine."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert run(*words).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_generate_is_fast_small_and_without_torch(tmp_path):
    assert min(processor_seconds("generate", "mac", "-o", str(tmp_path / "mac")) for _ in range(2)) < 2
    code = (
        "import resource, sys\nfrom nervure.generators.cli import main\n"
        f"assert main(['generate', 'mac', '-o', {str(tmp_path / 'again')!r}]) == 0\n"
        "sizes = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]\n"
        "sys.exit('torch' in sys.modules or max(sizes) > 300 * 1024)"
    )
    # By way of a shell: a process that is started directly counts the memory of this one, which has torch, as its own.
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", code]
    assert subprocess.run(command, capture_output=True).returncode == 0


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


@pytest.mark.parametrize("words", ["list", "list --json"])
def test_a_reader_that_goes_away_is_no_error(words):
    command = f"{sys.executable} -m nervure.generators.cli {words} | true"
    assert subprocess.run(command, shell=True, text=True, capture_output=True).stderr == ""


def test_a_directory_holds_one_unit(capfd, tmp_path):
    assert cli.main(["generate", "mac", "-o", str(tmp_path)]) == 0
    capfd.readouterr()
    expected = f"output directory must hold one unit, not also mac_bf16_bf16_fp32_l4.json ({tmp_path})"
    assert sentence(capfd, "generate", "mac", "-s", "latency=5", "-o", str(tmp_path)) == (2, expected)
    assert Artifact.load(tmp_path).latency == 4


def test_only_the_result_is_on_stdout(capfd):
    with console.only_result_on_stdout(True) as stdout:
        os.write(1, b"noise of a tool\n")
        print("noise of Python")
        console.Console(True, stdout).result({"held": True})
    out, err = capfd.readouterr()
    assert json.loads(out) == {"held": True} and out.count("\n") == 1
    assert sorted(err.splitlines()) == ["noise of Python", "noise of a tool"]


def test_bars_are_drawn_on_terminals_only():
    master, slave = pty.openpty()
    words = [*COMMAND, "verify", "mac", *SMALL, "--vectors", "200000"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=slave, env=os.environ | {"TERM": "xterm"})
    os.close(slave)
    drawn = os.read(master, 1 << 16)
    os.close(master)
    assert done.returncode == 0 and b"vectors" in drawn
    assert b"\x1b" not in done.stdout
    assert run(*words[len(COMMAND) :]).stderr == ""


# --- verify ----------------------------------------------------------------------------------------------------------


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
