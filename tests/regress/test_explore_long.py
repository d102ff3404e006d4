"""The same sweep on this machine's cores and on a Dask cluster of two worker processes."""

from __future__ import annotations

import json
from importlib import import_module

import pytest
from nervure.generators import cli
from nervure.generators.page.points import read_points

pytestmark = pytest.mark.regress


def test_a_cluster_of_two_workers_gives_the_same_rows(tmp_path, capfd):
    LocalCluster = import_module("distributed").LocalCluster
    words = ["explore", "mac", "-s", "acc=int32", "--sweep", "a=int2,int4,nosuch", "--sweep", "latency=2:4", "--metric",
             "estimate", "--json", "-j", "2", "-o"]  # fmt: skip
    assert cli.main([*words, str(tmp_path / "here")]) == 0
    mine = json.loads(capfd.readouterr().out)
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        assert cli.main([*words, str(tmp_path / "there"), "--scheduler", cluster.scheduler_address]) == 0
    theirs = json.loads(capfd.readouterr().out)
    assert {**theirs, "file": ""} == {**mine, "file": ""}
    here, there = ({row.pop("key"): {**row, "seconds": 0} for row in read_points(tmp_path / name / "points.sqlite")}
                   for name in ("here", "there"))  # fmt: skip
    assert here == there and len(here) == 9


def test_a_scheduler_that_does_not_answer(tmp_path, capfd):
    words = ["explore", "mac", "--metric", "estimate", "-o", str(tmp_path), "--scheduler", "tcp://127.0.0.1:9"]
    assert cli.main(words) == 2
    assert capfd.readouterr().err.startswith("nervure: scheduler must be one that answers, not 'tcp://127.0.0.1:9'")
