"""Campaigns: jobs, merged results, resuming, and the printed command that reruns a failure."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from nervure.generators import cli, regress
from nervure.generators.registry import get_unit
from nervure.verif import junit

JOBS = ("mac", "--preset", "fp8", "--preset", "int8", "--seeds", "1", "--vectors", "2000", "--engine", "batch")
VERDICT = {"passed": True, "vectors": 7, "engines": [{"engine": "batch", "seconds": 1.0}], "coverage": {"tie": 0}}
BROKEN = {"CXX": "no-such-compiler"}


def run(directory: Path, *more: str, **env: str) -> tuple[int, dict]:
    words = [sys.executable, "-m", "nervure.generators.cli", "regress", *JOBS, *more, "-o", str(directory), "--json"]
    done = subprocess.run(words, env=os.environ | env, text=True, capture_output=True, timeout=300)
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def passed(tmp_path_factory) -> tuple[Path, dict]:
    directory = tmp_path_factory.mktemp("regress")
    code, said = run(directory)
    assert code == 0, said
    return directory, said


def test_all_jobs_run_and_are_merged(passed):
    directory, said = passed
    assert (said["passed"], said["jobs"], said["failed"], said["resumed"], said["vectors"]) == (True, 2, 0, 0, 4000)
    cases = junit.read(directory / "junit.xml")
    assert {(case.suite, case.name, case.failure) for case in cases} == {
        ("mac.fp8.seed0", "batch", None), ("mac.int8.seed0", "batch", None)}  # fmt: skip
    hits = json.loads((directory / "coverage.json").read_text())
    assert hits == said["coverage"] and hits["mac"]["subnormal_operand"] > 0 and hits["mac"]["integer_overflow"] > 0
    assert said["never_hit"] == {"mac": [name for name, count in hits["mac"].items() if not count]}


def test_finished_jobs_are_not_repeated(passed):
    """With no compiler to run them again, they pass from what is on disk; a job more than before is run, and fails."""
    directory, before = passed
    code, said = run(directory, **BROKEN)
    assert (code, said["resumed"]) == (0, 2) and said["coverage"] == before["coverage"]
    code, said = run(directory, "--vectors", "2001", **BROKEN)
    assert (code, said["resumed"], said["failed"]) == (1, 0, 2)


def test_jobs_depend_on_the_sources(monkeypatch, tmp_path):
    job = regress.plan(["mac"], ["fp8"], seeds=1)
    monkeypatch.setattr(regress, "COMMAND", [sys.executable, "-c", f"print({json.dumps(json.dumps(VERDICT))})"])
    resumed = []
    for sources in ("old", "old", "new", "old"):
        monkeypatch.setattr(regress, "source_digest", lambda sources=sources: sources)
        resumed.append(regress.regress(job, tmp_path).outcomes[0].resumed)
    assert resumed == [False, True, False, True]


def test_a_failure_is_rerun_by_the_command_it_prints(tmp_path):
    code, said = run(tmp_path, "-s", "latency=3", **BROKEN)
    assert code == 1 and said["failed"] == 2
    failure = said["failures"][0]
    assert failure["job"] == "mac.fp8.latency=3.seed0" and "no-such-compiler is missing" in failure["problem"]
    assert failure["problem"].endswith(f"rerun: {failure['rerun']}")
    (case,) = [case for case in junit.read(tmp_path / "junit.xml") if case.suite == failure["job"]]
    assert case.failure.startswith("no-such-compiler is missing")
    words = shlex.split(failure["rerun"])
    assert words[0] == "nervure"
    command = [sys.executable, "-m", "nervure.generators.cli", *words[1:]]
    again = subprocess.run(command, env=os.environ | BROKEN, text=True, capture_output=True)
    assert (again.returncode, again.stderr) == (3, f"nervure: {failure['problem'].splitlines()[0]}\n")
    mended = subprocess.run([*command, "--json"], text=True, capture_output=True)
    assert mended.returncode == 0 and json.loads(mended.stdout)["vectors"] == 2000


def test_the_plan_is_every_preset_and_seed():
    jobs = regress.plan(["mac"], seeds=3, first_seed=5)
    assert [(job.preset, job.seed) for job in jobs] == [(p, s) for p in get_unit("mac").presets for s in (5, 6, 7)]
    assert len({job.digest for job in jobs}) == len(jobs) // 3


def test_a_crash_is_one_failed_job(monkeypatch, tmp_path):
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    monkeypatch.setattr(regress, "COMMAND", [sys.executable, "-c", crash])
    campaign = regress.regress(regress.plan(["mac"], ["fp8"], seeds=2), tmp_path)
    assert not campaign.passed
    assert [o.problem.splitlines()[0] for o in campaign.outcomes] == [
        "verify ended with code -11 and no verdict (nothing said)"] * 2  # fmt: skip


def test_an_interrupt_stops_the_jobs_and_keeps_what_passed(tmp_path):
    words = [
        sys.executable,
        "-m",
        "nervure.generators.cli",
        "regress",
        *JOBS,
        "--vectors",
        "50000000",
        "-o",
        str(tmp_path),
    ]
    process = subprocess.Popen(
        words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        # Tests that run in the background of a shell inherit that interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err) == (130, "", "")
    assert list((tmp_path / "jobs").iterdir()) == []


def test_a_table_for_people(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(regress, "COMMAND", [sys.executable, "-c", f"print({json.dumps(json.dumps(VERDICT))})"])
    assert cli.main(["regress", "mac", "--preset", "fp8", "--seeds", "1", "-o", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "mac.fp8.seed0" in out and "1 of 1 jobs passed (0 kept), 7 vectors" in out
    assert "mac: features no job hit: tie" in out
