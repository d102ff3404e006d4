"""The emitted accumulator equals the golden model whatever gaps and stalls there are, and in the promised cycles."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.mac.accumulate import PRESETS, derive
from nervure.generators.verify import verify
from nervure.hw.config import Config
from nervure.hw.mac.accumulate_sum import schedule
from nervure.hw.mac.config.accumulate import AccumulateConfig
from nervure.verif.batch import BatchModel
from nervure.verif.mac import accumulate as bench


def equal(model: BatchModel, config: Config, vectors, **stalls):
    result = model.run(vectors, ends=bench.ends(config, vectors), **stalls)
    np.testing.assert_array_equal(result.outputs["y"], bench.expect(config, vectors)["y"])
    return result


def stream(config, lengths, seed=0):
    """Sums of those lengths, one after the other, without clear."""
    count = sum(lengths)
    vectors = bench.stimulus(config, count, seed, "normal")
    last = np.zeros(count, np.uint64)
    last[np.cumsum(lengths) - 1] = 1
    return {**vectors, "clear": np.zeros(count, np.uint64), "last": last}


@pytest.fixture(scope="module", params=[
    PRESETS["bf16"], {"a": "int8", "b": "uint4", "acc": "int16", "lanes_a": 2, "latency": 3, "overflow": "saturate"},
], ids=["bf16", "int8_x2"])  # fmt: skip
def unit(request, tmp_path_factory):
    config = AccumulateConfig(**request.param)
    return config, BatchModel(emit(config, tmp_path_factory.mktemp("unit")))


@pytest.mark.parametrize(("stall_in", "stall_out"), [(0, 0), (0.3, 0), (0, 0.3), (0.2, 0.9), (0.9, 0.2)])
def test_gaps_and_stalls_change_nothing(unit, stall_in, stall_out):
    config, model = unit
    vectors = bench.stimulus(config, 12_000, seed=5)
    equal(model, config, vectors, stall_in=stall_in, stall_out=stall_out, seed=3)
    hits = bench.coverage(config, vectors, bench.expect(config, vectors))
    assert [feature for feature, count in hits.items() if not count] == []


def test_cycles_are_as_promised(unit):
    """k + T + 1 from the last beat to y, and max(N, min(N, k) + T + 1) for each of many sums of N beats."""
    config, model = unit
    k, promised = config.latency, derive(config)
    adding = promised["cycles_from_last_to_y"] - k - 1
    sizes = {1, 2, k, k + 1, 2 * k, promised["shortest_sum_without_stall"], promised["shortest_sum_without_stall"] + 3}
    for length in sizes:
        (short, long) = (equal(model, config, stream(config, [length] * count)) for count in (10, 30))
        assert short.latency == k + adding + 1
        assert long.cycles - short.cycles == 20 * max(length, min(length, k) + adding + 1), length


def test_sums_come_out_though_the_next_has_begun(unit):
    """A sum does not wait for beats of the next: its result is there while these stand still."""
    config, model = unit
    vectors = stream(config, [5, 2])
    vectors["last"][-1] = 0
    assert len(equal(model, config, vectors).outputs["y"]) == 1


def test_engines_of_the_library(tmp_path):
    config = AccumulateConfig(a="int4", b="int4", acc="int16", lanes_a=2, latency=3, reset="async", reset_active="low")
    verdict = verify(emit(config, tmp_path), bench, vectors=4000, seed=2)
    assert verdict.passed, verdict.to_dict()
    batch, cocotb = (check.to_dict() for check in verdict.checks)
    assert batch["mismatches"] == 0 and batch["stalled_vectors"] > 0
    assert cocotb["tests"] == ["back_to_back", "random_stalls", "reset_in_midstream"]


@pytest.mark.parametrize("latency", range(2, 9))
@pytest.mark.parametrize("preset", ["bf16", "bf16_x2", "fp4_x9"])
def test_schedule_adds_each_level_after_the_one_before(preset, latency):
    config = AccumulateConfig(**{**PRESETS[preset], "latency": latency})
    steps, cycles = schedule(config)
    lanes = config.grid[0] * config.grid[1]
    wanted = [(*pair, lane) for level in config.tree for pair in level for lane in range(lanes)]
    assert sorted((s.left, s.right, s.lane) for s in steps) == sorted(wanted)
    assert len({step.at for step in steps}) == len(steps)
    levels = {pair: depth for depth, level in enumerate(config.tree) for pair in level}
    for step in steps:
        for before in steps:
            if before.lane == step.lane and before.left in (step.left, step.right):
                deeper = levels[step.left, step.right] > levels[before.left, before.right]
                assert not deeper or step.at > before.at + latency
    assert cycles == max(step.at for step in steps) + latency + 1
