"""Sweeps: which points are drawn, what is kept of them, and that none is computed twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from nervure.generators import cli
from nervure.generators.explore.goal import goal_of
from nervure.generators.explore.measure import Job
from nervure.generators.explore.run import Sweep, requests_of
from nervure.generators.explore.space import axis_of, draw
from nervure.generators.explore.store import Store
from nervure.generators.page.points import read_points
from nervure.hw.config import ConfigError

AXES = [axis_of("latency=2:4"), axis_of("a=bf16,fp16")]


def here(function, arguments):
    """A backend without processes."""
    yield from ((k, function(*given)) for k, given in enumerate(arguments))


def swept(folder: Path, requests: list[list[str]]) -> tuple[Sweep, list[dict]]:
    """A sweep of estimates, run in this process."""
    store = Store(folder / "points.sqlite")
    sweep = Sweep(Job("mac", None, (), ("estimate",)), store, here)
    rows = sweep.run(requests)
    store.close()
    return sweep, rows


def test_points_of_each_method():
    grid = draw(AXES, "grid", None, 0)
    assert grid[:2] == [["latency=2", "a=bf16"], ["latency=2", "a=fp16"]] and len(grid) == 6
    assert draw(AXES, "grid", 4, 0) == grid[:4]
    drawn = draw(AXES, "random", 5, 3)
    assert len({*map(tuple, drawn)}) == 5 and all(point in grid for point in drawn)
    assert drawn == draw(AXES, "random", 5, 3) != draw(AXES, "random", 5, 4)
    assert len(draw(AXES, "random", 99, 0)) == 6


def test_energy_of_a_point_is_that_of_its_activity(tmp_path, capfd):
    job = Job("mac", "int8", (), ("energy",), vectors=256, seed=3)
    store = Store(tmp_path / "points.sqlite")
    (row,) = Sweep(job, store, here).run([["latency=2"]])
    store.close()
    words = ["activity", "mac", "--preset", "int8", "--set", "latency=2", "--vectors", "256", "--seed", "3", "--json"]
    assert cli.main(words) == 0
    counted = json.loads(capfd.readouterr().out)
    toggles = counted["register_toggles"] + counted["net_toggles"]
    assert row["metrics"]["toggles_per_beat"] == toggles / 256 > 1
    # One multiplication of 8 x 8 bits and one addition of 32 a beat (Horowitz, ISSCC 2014, 45 nm).
    assert row["metrics"]["pj_per_beat"] == pytest.approx(0.2 + 0.1)


@pytest.mark.parametrize("points", [1, 5, 12, 100])
def test_a_latin_hypercube_has_every_value_as_often(points):
    rows = draw(AXES, "lhs", points, 1)
    for column, axis in enumerate(AXES):
        times = Counter(row[column] for row in rows)
        assert len(rows) == points
        size = len(axis.values)
        assert {times[f"{axis.key}={v}"] for v in axis.values} <= {points // size, -(-points // size)}


def test_a_point_is_computed_once_and_kept(tmp_path):
    # The second asks for the default, which the first is.
    sweep, rows = swept(tmp_path, [["latency=4"], [], ["latency=3"], ["latency=99"]])
    assert sweep.computed == 2 and rows[0] == rows[1] != rows[2]
    assert rows[3]["metrics"] is None and rows[3]["error"] == "latency must be at most 8, not 99"
    again, same = swept(tmp_path, [["latency=3"], ["latency=4"], [], ["latency=99"]])
    assert again.computed == 0 and same == [rows[2], rows[0], rows[0], rows[3]]


def test_a_sweep_that_is_broken_off_goes_on(tmp_path):
    def breaks(function, arguments):
        for k, given in enumerate(arguments):
            if function.__name__ == "measured" and k == 2:
                raise KeyboardInterrupt
            yield k, function(*given)

    requests = requests_of(AXES, "grid", None, 0)
    store = Store(tmp_path / "points.sqlite")
    with pytest.raises(KeyboardInterrupt):
        Sweep(Job("mac", None, (), ("estimate",)), store, breaks).run(requests)
    before = store.points()
    store.close()
    assert len(before) == 2
    sweep, rows = swept(tmp_path, requests)
    assert sweep.computed == 4 and {row["key"]: row for row in rows if row["key"] in before} == before


def test_the_best_meets_the_constraints():
    goal = goal_of(["lut<=100", "e<0.5"], ["ff", "-fmax"])
    rows = [{"key": key, "metrics": metrics} for key, metrics in {
        "a": {"lut": 100, "e": 0.4, "ff": 9, "fmax": 10}, "b": {"lut": 100, "e": 0.4, "ff": 9, "fmax": 20},
        "c": {"lut": 101, "e": 0.4, "ff": 1, "fmax": 1}, "d": {"lut": 1, "e": 0.5, "ff": 1, "fmax": 1},
        "e": {"lut": 1, "ff": 1, "fmax": 1}, "f": {"lut": 1, "e": 0, "fmax": 1}, "g": None}.items()]  # fmt: skip
    best = goal.best(rows)
    assert best and best["key"] == "b"
    assert goal_of(["lut<0"], ["ff"]).best(rows) is None


def test_the_smallest_unit_for_an_error_and_its_command(tmp_path, capfd):
    words = ["explore", "activation", "-s", "function=gelu", "--sweep", "segments=4,8,16", "--metric",
             "certificate,estimate", "--constraint", "max_error<=0.02", "--minimise", "lut", "-j", "1"]  # fmt: skip
    assert cli.main([*words, "-o", str(tmp_path), "--json"]) == 0
    result = json.loads(capfd.readouterr().out)
    assert result["points"] == result["computed"] == 3 and result["failed"] == 0
    best = result["best"]
    assert best["metrics"]["max_error"] <= 0.02
    store = Store(tmp_path / "points.sqlite")
    found = [row["metrics"] for row in store.points().values()]
    store.close()
    assert all(one["max_error"] > 0.02 for one in found if one["lut"] < best["metrics"]["lut"])
    assert len(read_points(tmp_path / "points.sqlite")) == 3  # as `report html --points` reads them
    *_, shown = best["command"].split(" && ")
    for command in (shown, best["show"]):
        assert cli.main([*command.split()[1:], "--json"]) == 0
        again = json.loads(capfd.readouterr().out)
        assert (again["digest"], again["certificate"]["max_error"]) == (best["digest"], best["metrics"]["max_error"])
    assert cli.main([*words, "-o", str(tmp_path), "--json", "--constraint", "lut<1"]) == 1
    assert json.loads(capfd.readouterr().out)["best"] is None


def test_the_pareto_search_repeats_and_computes_no_point_twice(tmp_path, capfd):
    words = ["explore", "mac", "--sweep", "latency=2:5", "--sweep", "a=bf16,fp16", "--metric", "estimate", "--method",
             "pareto", "--points", "20", "--minimise", "lut,-ff", "-j", "1", "-o", str(tmp_path), "--json"]  # fmt: skip
    assert cli.main(words) == 0
    first = json.loads(capfd.readouterr().out)
    assert first["computed"] == first["points"] <= 8
    assert cli.main(words) == 0
    assert json.loads(capfd.readouterr().out) == {**first, "computed": 0}


def test_the_smallest_folding_for_a_rate_and_its_command(tmp_path, capfd):
    words = ["explore", "snn", "--preset", "digits", "--metric", "folding", "--minimise", "lut", "-j", "1", "--json"]
    rate = ["--frames-per-second", "100000", "--clock", "1e8"]
    assert cli.main([*words, *rate, "-o", str(tmp_path)]) == 0
    best = json.loads(capfd.readouterr().out)["best"]
    assert best["metrics"]["frames_per_second"] >= 100000
    assert cli.main([*best["command"].split()[1:-1], str(tmp_path / "again"), "--json", "-j", "1"]) == 0
    assert json.loads(capfd.readouterr().out)["best"]["digest"] == best["digest"]
    assert cli.main([*best["show"].split()[1:], "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["digest"] == best["digest"]


BAD = [
    ("--sweep latency", "sweep must be key=a,b,c or key=lo:hi, not 'latency'"),
    ("--sweep latency=5:2", "sweep must rise from lo to hi, not 'latency=5:2'"),
    ("--sweep latency=2,2", "sweep must have values that differ, not 'latency=2,2'"),
    ("--sweep latency=0:9999999", "sweep must have at most 1000000 values, not those of 'latency=0:9999999'"),
    ("--sweep a=bf16 --sweep a=fp16", "sweep must name each key once"),
    ("--method grd", "unknown method 'grd'; did you mean grid?"),
    ("--sweep a=bf16 --method lhs", "method lhs requires points"),
    ("--sweep a=bf16 --points 0", "points must be at least 1, not 0"),
    ("--sweep a=bf16 --method pareto --points 3", "method pareto requires sweep and minimise"),
    ("--metric estmate", "unknown metric 'estmate'; did you mean estimate?"),
    ("--metric certificate", "metric certificate requires a unit that certifies its error, not mac"),
    ("--metric folding", "folding requires unit snn, not mac"),
    ("--metric synth --target xcp", "unknown target 'xcp'; did you mean xcup?"),
    ("--constraint lut=5", "constraint must be figure<=number, not 'lut=5'"),
    ("--constraint lut<=many", "constraint must be figure<=number, not 'lut<=many'"),
    ("--minimise lut,+ff", "minimise must be names of figures, not 'lut,+ff'"),
    ("-j 0", "jobs must be -1 or at least 1, not 0"),
]


@pytest.mark.parametrize(("words", "sentence"), BAD)
def test_bad_words(words, sentence, tmp_path, capfd):
    assert cli.main(["explore", "mac", "--metric", "estimate", "-o", str(tmp_path), *words.split()]) == 2
    assert capfd.readouterr().err == f"nervure: {sentence}\n"


def test_a_file_that_is_no_database(tmp_path):
    (tmp_path / "points.sqlite").write_text("some text that is no database")
    with pytest.raises(ConfigError, match=r"^points file must be a database that can be written \("):
        Store(tmp_path / "points.sqlite")
