"""The vector unit with a clock of its own for the line: whatever its phase, and however the edges come."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.fpga_projects.platforms import project
from nervure.generators.emit import emit
from nervure.generators.verify import verify
from nervure.verif.activity import activity
from nervure.verif.batch import BatchModel
from nervure.verif.noc import nova as bench
from nervure.verif.noc.nova import counters, slots

from .nova import TINY, broken, found, unit
from .test_nova import BOTH

CONFIGS = {
    "twice": unit(BOTH, routers=3, lanes=1, pairs=3, clock_multiple=2, interval=1),
    "slower": unit({"exp": 3, "gelu": 2}, TINY, routers=2, lanes=1, pairs=1, clock_multiple=2, reset="async", stages=6),
    "one": unit({"odd": 1}, TINY, routers=1, lanes=1, clock_multiple=4, interval=1, reset="none", stages=3),
    "broadcast": unit({"relu": 2, "exp": 3}, TINY, routers=3, lanes=1, pairs=2, hops=2, clock_multiple=4, interval=1,
                      topology="ring", breakpoints="broadcast", stages=3),
}  # fmt: skip


@pytest.mark.parametrize("name", ["twice"])
def test_beats_in_the_simulator(name, tmp_path):
    """Exact multiples in either phase, then edges that come at random; the interval is 1, and the bound holds."""
    config = CONFIGS[name]
    model, vectors = BatchModel(emit(config, tmp_path)), bench.stimulus(config, 2000, seed=1)
    expected = bench.expect(config, vectors)
    for seed in range(6):
        for stall in (0.0, 0.3):
            given = model.run(vectors, stall_in=stall, stall_out=stall, seed=seed, patience=1000)
            for key, codes in expected.items():
                np.testing.assert_array_equal(given.outputs[key], codes)
            if not stall:
                assert given.latency <= config.latency and given.cycles <= 2000 + config.latency + 12


@pytest.mark.parametrize("name", ["slower"])
def test_protocol_under_cocotb(name, tmp_path):
    """Two real clocks, the phase drawn for each test; resets in mid-stream, and stalls."""
    artifact = emit(CONFIGS[name], tmp_path)
    verdict = verify(artifact, bench, engine="cocotb", vectors=150, seed=3)
    assert verdict.passed, verdict.to_dict()["failures"]


@pytest.mark.parametrize("name", ["slower", "one", "broadcast"])
def test_all_claims(name, tmp_path):
    """Whatever edges come when, nothing is lost, repeated or mixed up, and every code is answered by the equations."""
    names = ("registers", "order", "clearing", "fills", "passes", "takes", "answer")
    assert found(emit(CONFIGS[name], tmp_path), bench) == dict.fromkeys(names, "proved")


@pytest.mark.parametrize("old, new, function", [
    # A counter that crosses as it is, without Gray code.
    (r"fills_noc_meta <= fills_gray;", "fills_noc_meta <= fills_gray ^ (fills >> 1);", counters.order),
    # One register less.
    (r"passes_core_seen <= passes_core_meta;", "passes_core_seen <= passes_gray & (passes_core_meta | passes_gray);",
     slots.registers),
    # A reset of which the line does not hear.
    (r"if \(rst\) clear_wanted <= 1'h1;", "if (rst) clear_wanted <= 1'h0;", counters.clearing),
    # A pair that goes to the slot of the request after.
    (r"(router0_lane0_pairs\[)launch_slot(\] <=)", r"\1asked[3:0]\2", slots.passes),
    # A beat of which the table is another's.
    (r"(  tables\[fills\[3:0\]\] <= )table_1", r"\1i_table[0]", slots.fills),
    # A slot that is given back while the output waits.
    (r"assign back = there & enable", "assign back = there", slots.takes),
], ids=["binary", "register", "clearing", "slot", "table", "back"])  # fmt: skip
def test_seeded_faults_are_refuted(old, new, function, tmp_path):
    config = unit({"gelu": 3, "exp": 2}, TINY, routers=1, lanes=1, pairs=2, clock_multiple=2, stages=3)
    artifact = broken(emit(config, tmp_path), old, new)
    assert function(artifact.directory).status == "refuted"


def test_a_manifest_names_the_second_clock(tmp_path):
    artifact = emit(CONFIGS["twice"], tmp_path)
    manifest = artifact.manifest
    assert manifest["clocks"] == [{"port": "clk_noc", "multiple": 2}] and manifest["latency_cycles"] is None
    assert manifest["latency_bound_cycles"] == CONFIGS["twice"].latency and manifest["initiation_interval"] == 1
    files = {board: "".join(project(artifact, board).values()) for board in ("ulx3s", "icebreaker", "zcu104")}
    assert 'FREQUENCY PORT "clk_noc" 50.0 MHZ;' in files["ulx3s"]
    assert "set_frequency clk_noc 24.0" in files["icebreaker"]
    assert "create_clock -name clk_noc -period 4.000" in files["zcu104"]
    assert "set_clock_groups -asynchronous -group clk -group clk_noc" in files["zcu104"]


def test_toggles_of_two_clocks(tmp_path):
    """A line that sends tables at four times the clock moves, beats come out, and at rest nothing is counted."""
    config = CONFIGS["broadcast"]
    artifact = emit(config, tmp_path)
    vectors = bench.stimulus(config, 200, seed=1)
    report = activity(artifact, bench, vectors)
    assert report.beats == 200 and report.cycles <= 200 + config.latency + 1
    assert report.register_toggles > 0 and report.net_toggles > 0
    # The same beat again and again: in steady state the counters of the crossing alone go on, and the line.
    same = {key: np.repeat(word[:1], 200, 0) for key, word in vectors.items()}
    assert activity(artifact, bench, same).register_toggles < report.register_toggles
    seldom = activity(artifact, bench, same, stall_in=0.97, seed=1)
    assert seldom.quiet_cycles > seldom.cycles // 4
