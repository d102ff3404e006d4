"""The command in a process of its own: signals, pipes, terminals, missing tools, and what it costs to run."""

from __future__ import annotations

import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nervure.verif import cache

COMMAND = [sys.executable, "-m", "nervure.generators.cli"]
SMALL = ("--preset", "fp8", "--engine", "batch")


def run(*words: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [*COMMAND, *words], cwd=cwd, env=os.environ | env, text=True, capture_output=True, timeout=300
    )


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
        # Tests that run in the background of a shell inherit that interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (130, "", "")


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


@pytest.mark.parametrize("words", ["list", "list --json"])
def test_a_reader_that_goes_away_is_no_error(words):
    command = f"{sys.executable} -m nervure.generators.cli {words} | true"
    assert subprocess.run(command, shell=True, text=True, capture_output=True).stderr == ""


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
