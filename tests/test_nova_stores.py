"""Tables in memories at the source, at cores and at lanes: the same function, and what each place takes."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.noc import comparison
from nervure.generators.noc.stores import derive, formula, stored_bits
from nervure.generators.registry import get_unit
from nervure.generators.verify import verify
from nervure.hw.config import ConfigError
from nervure.hw.noc import modules
from nervure.hw.noc.config.stores import StoresConfig
from nervure.verif.batch import BatchModel
from nervure.verif.noc import stores as bench

from .nova import TINY, unit


def stores(organisation, **fields):
    """A unit of two small tables in memories."""
    made = unit({"relu": 3, "exp": 5}, fields.pop("formats", None), **{"routers": 2, "lanes": 2, "pairs": 3, **fields})
    return StoresConfig(**made.to_dict(), organisation=organisation)


@pytest.mark.parametrize("organisation", ["line", "core", "lane"])
def test_beats_in_the_simulator(organisation, tmp_path):
    """From a reset on: no beat before the memories are filled; then as the unit nova, with stalls and without."""
    config = stores(organisation)
    model, vectors = BatchModel(emit(config, tmp_path)), bench.stimulus(config, 3000, seed=1)
    expected = bench.expect(config, vectors)
    for stall in (0.0, 0.3):
        given = model.run(vectors, stall_in=stall, stall_out=stall, seed=2)
        for key, codes in expected.items():
            np.testing.assert_array_equal(given.outputs[key], codes)
        if not stall:
            assert given.latency == config.latency == (5 if organisation != "line" else 5 + 1 + 1)
            assert given.cycles <= config.words + config.cycles * 3000 + config.latency + 2


def test_protocol_under_cocotb(tmp_path):
    verdict = verify(emit(stores("core", formats=TINY), tmp_path), bench, engine="cocotb", vectors=100, seed=3)
    assert verdict.passed, verdict.to_dict()["failures"]


def test_what_is_stored():
    """A pair is as wide as it must be; a table is stored once, once a core, or once a lane."""
    line, core, lane = (stores(organisation) for organisation in ("line", "core", "lane"))
    pair = sum(modules.lane_wires(core).values()) - 4
    assert stored_bits(line) == 8 * pair and stored_bits(core) == 2 * 8 * pair and stored_bits(lane) == 4 * 8 * pair
    assert derive(line)["flits"] == 2 and derive(core)["flits"] == 1 and core.depth == 0
    assert "a memory at every router" in formula(core) and core.module_name.startswith("nova_stores_core_")
    assert comparison.counts(lane) == {"Control": 1, "Lane": 4}
    assert comparison.counts(core) == {"Control": 1, "Lane": 4, "Core": 2}
    assert comparison.counts(line) == {"Control": 1, "Lane": 4, "Sender": 1, "Link": 1}
    # Links carry a flit of three pairs, its number and whether it is one; so does each lane's side of them.
    assert comparison.wires(line) == (2 * (3 * pair + 2), 4 * (3 * pair + 2))
    assert comparison.wires(core)[1] == 4 * (pair + 4)


@pytest.mark.parametrize("fields, sentence", [
    ({"clock_multiple": 2}, "clock_multiple must be 1 with tables in memories, not 2"),
    ({"breakpoints": "broadcast"}, "breakpoints must be local with tables in memories, not broadcast"),
    ({"organisation": "board"}, "organisation must be line, core or lane, not 'board'"),
], ids=str)  # fmt: skip
def test_units_that_cannot_be(fields, sentence):
    with pytest.raises(ConfigError) as raised:
        StoresConfig(**{**stores("core").to_dict(), **fields})
    assert str(raised.value) == sentence


def test_two_flits_a_cycle_are_refused_on_the_line_alone():
    fields = {"functions": ["exp"], "input": "q3.4", "output": "q3.4", "segments": 4, "pairs": 2}
    assert get_unit("nova_stores").make({**fields, "organisation": "lane"}).cycles == 1
    with pytest.raises(ConfigError, match="clock_multiple must be at least 2 for 4 segments in flits of 2"):
        get_unit("nova_stores").make({**fields, "organisation": "line"})


def test_modules_together_are_the_unit():
    """Registers of the modules, each as often as it is there, are those of the whole unit.

    Of one core: synthesis would make one memory of two that are always the same.
    """
    from tempfile import TemporaryDirectory

    from nervure.generators.flow.synth import synth

    config = stores("core", formats=TINY, routers=1)
    parts = comparison.cost(config, "lut6", {})
    with TemporaryDirectory() as folder:
        whole = synth(emit(config, folder), "lut6")
    assert (whole.ff or 0) <= parts["ff"] <= 1.15 * (whole.ff or 0), "the whole knows what is written into its memories"
    assert abs(parts["lut"] - (whole.lut or 0)) <= 0.25 * parts["lut"]


def test_the_layer_s_numbers():
    """Numbers before GELU with table 0, scores with table 1, as the network has them."""
    beats = comparison.layer(16, 96)
    assert beats["x"].shape == (96, 16) and set(beats["table"]) == {0, 1} and (beats["x"] < 1 << 16).all()


def test_table_and_shares():
    row = comparison.Row("broadcast", 16, 0.0022, 1, 1024, 10, 20, 100, 50, 16, 0.0, None, 3.0, 0.1)
    rows = [row, *(comparison.Row(**{**row.to_dict(), "name": name}) for name in comparison.ORGANISATIONS
                   if name != "broadcast")]  # fmt: skip
    text = comparison.table(rows)
    assert text.count("\n") == 6 and "| - |" in text
    assert comparison.shares(rows)[0].startswith("16 lanes, folded broadcast over table per lane: LUT 1.00, FF 1.00")
