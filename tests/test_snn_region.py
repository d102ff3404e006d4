"""Layers in several regions of a device: what crosses passes registers alone, and neither results nor pace change."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator
from nervure.generators.emit import emit
from nervure.generators.snn.fold import fold
from nervure.hw.config import ConfigError
from nervure.hw.snn.config import SnnConfig
from nervure.hw.snn.config.plan import CROSSING, beats, delays, slack
from nervure.hw.snn.region import DEPTH, FLYING, Crossing
from nervure.verif import snn as bench
from nervure.verif.batch import BatchModel

from .snn_networks import ALONE, JOINED


def crossed(offer: list[bool], take: list[bool]) -> tuple[list[int], list[tuple[int, int]]]:
    """Cycles in which tokens 0, 1, ... went in, and (cycle, token) of those that came out."""
    dut, went, came = Crossing(12), [], []

    async def process(ctx: Any):
        for cycle, (give, ready) in enumerate(zip(offer, take, strict=True)):
            ctx.set(dut.i.valid, bool(give))
            ctx.set(dut.i.payload, len(went))
            before = ctx.get(dut.i.ready)
            ctx.set(dut.o.ready, bool(ready))
            assert ctx.get(dut.i.ready) == before, "ready must not follow the sink in the same cycle"
            if ready and ctx.get(dut.o.valid):
                came.append((cycle, ctx.get(dut.o.payload)))
            if give and before:
                went.append(cycle)
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(process)
    simulator.run()
    return went, came


def test_a_token_a_cycle_four_cycles_later():
    went, came = crossed([True] * 60, [True] * 60)
    assert [after - before for before, (after, _) in zip(went, came, strict=False)] == [CROSSING] * len(came)
    assert len(went) >= 56 and [token for _, token in came] == list(range(len(came)))


@pytest.mark.parametrize("seed, offered, taken", [(1, 0.5, 0.5), (2, 1.0, 0.1), (3, 0.1, 1.0), (4, 0.9, 0.9)])
def test_nothing_is_lost_or_turned_round(seed, offered, taken):
    rng = np.random.default_rng(seed)
    rest = [False] * 8 + [True] * 40
    went, came = crossed([*(rng.random(3000) < offered), *[False] * 48], [*(rng.random(3000) < taken), *rest])
    assert [token for _, token in came] == list(range(len(went)))


def test_a_sink_that_goes_on_after_a_long_stop_gets_a_token_every_cycle():
    went, came = crossed([True] * 200, [False] * 100 + [True] * 100)
    assert sum(cycle < 100 for cycle in went) in range(FLYING, DEPTH + 2)
    assert [cycle for cycle, _ in came] == list(range(100, 200))


def spread(fields: dict[str, Any], regions: list[int]) -> SnnConfig:
    layers = [dict(layer) | {"region": region} for layer, region in zip(fields["layers"], regions, strict=True)]
    return SnnConfig(**{**fields, "layers": layers})


@pytest.mark.parametrize("regions", [[0, 1, 0, 1, 1, 2, 0], [3, 3, 2, 2, 0, 0, 1]])
def test_results_and_pace_are_those_of_one_region(regions, tmp_path):
    fields = JOINED["residual"]
    regions = regions[: len(fields["layers"])]
    cycles = []
    for name, config in (("one", SnnConfig(**fields)), ("more", spread(fields, regions))):
        model = BatchModel(emit(config, tmp_path / name))
        x = bench.stimulus(config, 40 * beats(config), 5)
        for stalls in ((0.0, 0.0), (0.3, 0.6)):
            found = model.run(x, ends=bench.ends(config, x), stall_in=stalls[0], stall_out=stalls[1])
            assert np.array_equal(found.outputs["y"], bench.expect(config, x)["y"])
            cycles.append(found.cycles)
    assert cycles[0] <= cycles[2] <= cycles[0] + CROSSING * len(regions)


def test_registers_stand_where_regions_change_and_nowhere_else(tmp_path):
    text = {}
    for regions in ([0, 0], [1, 1], [0, 2]):
        config = spread(ALONE["max_pool"], regions)
        text[tuple(regions)] = emit(config, tmp_path / str(regions)).verilog.read_text()
        assert ("token_comes" in text[tuple(regions)]) == (regions == [0, 2])
    # Whatever comes from another region is a register that takes another register.
    for wire in ("valid", "token"):
        assert re.search(rf"\b{wire}_comes <= {wire}_leaves;", text[0, 2])
    # The word that there is room goes the other way, and leaves as ``ready``.
    assert re.search(r"\bi__ready <= room_leaves;", text[0, 2])


def test_the_way_round_waits_for_registers_too():
    fields = JOINED["residual"]
    names = [layer["name"] for layer in fields["layers"]]
    regions = [1 if name == "b" else 0 for name in names]
    one, more = SnnConfig(**fields), spread(fields, regions)
    assert delays(more)["c"] == 2 * CROSSING and delays(one)["c"] == 0
    # a comes straight, b by two crossings: a waits longer.
    assert slack(more)["c"] == (slack(one)["c"][0] + 2 * CROSSING, slack(one)["c"][1])


def test_folding_keeps_regions_and_wrong_ones_are_one_sentence():
    made = fold(spread(ALONE["max_pool"], [0, 2]))
    assert [layer.region for layer in made.layers] == [0, 2]
    assert made.cycles == SnnConfig(**ALONE["max_pool"]).cycles
    with pytest.raises(ConfigError, match=r"^layer a: region must be at most 15, not 16$"):
        spread(ALONE["max_pool"], [16, 0])


def test_a_layer_may_have_any_name(tmp_path):
    names = ("totals", "totals_lines0")
    layers = [dict(layer) | {"name": name} for layer, name in zip(ALONE["max_pool"]["layers"], names, strict=True)]
    config = SnnConfig(**{**ALONE["max_pool"], "layers": layers})
    x = bench.stimulus(config, 8 * beats(config), 1)
    found = BatchModel(emit(config, tmp_path)).run(x, ends=bench.ends(config, x))
    assert np.array_equal(found.outputs["y"], bench.expect(config, x)["y"])
