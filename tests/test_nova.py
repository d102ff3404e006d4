"""The vector unit on the network: emitted file against golden model, whatever routers, lanes, line and tables."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nervure.generators.emit import emit
from nervure.generators.noc.nova import derive, formula
from nervure.generators.registry import get_unit
from nervure.generators.verify import verify
from nervure.golden.noc.nova import nova
from nervure.hw.config import ConfigError
from nervure.hw.noc.config.places import routers
from nervure.verif.batch import BatchModel
from nervure.verif.noc import nova as bench
from nervure.verif.noc.nova import proofs

from .nova import TINY, broken, found, unit

BOTH = {"gelu": 5, "exp": 4}
CONFIGS = {
    "one": unit({"gelu": 1}, routers=1, lanes=1, stages=3),
    "line": unit({"relu": 4}, routers=3, lanes=2, pairs=4),
    "hops": unit({"odd": 4}, routers=8, lanes=1, pairs=8, hops=3, stages=4),
    "two_flits": unit(BOTH, routers=2, lanes=2, pairs=3),
    "five_flits": unit({"exp": 5, "point": 4, "gelu": 3}, routers=2, lanes=1, pairs=1, stages=7),
    "mixed": unit({"relu": 3, "odd": 2, "point": 4, "even": 3, "exp": 5}, routers=1, lanes=1, pairs=2, stages=9),
    "ring": unit(BOTH, routers=5, lanes=1, topology="ring", pairs=8),
    "mesh": unit({"point": 3}, routers=7, lanes=1, topology="mesh", rows=3, pairs=4),
    "broadcast": unit(BOTH, routers=3, lanes=1, pairs=5, breakpoints="broadcast", multiplier="lut"),
    "broadcast_flits": unit({"relu": 3, "exp": 6}, routers=2, lanes=1, pairs=2, breakpoints="broadcast", stages=3),
    "coarse_bias": unit({"odd": 3}, {"bias": "q3.2", "output": "q3.4"}, routers=1, lanes=2),
    "fine_output": unit({"gelu": 3}, {"output": "q3.16", "slope": "q1.4", "bias": "q3.6"}, routers=2, lanes=1),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_every_code(config, tmp_path):
    """The emitted file as a netlist, which takes no build: all lanes, all codes, all numbers of a table."""
    emit(config, tmp_path)
    verdict = proofs.answer(tmp_path)
    assert verdict.status == "proved", verdict


@pytest.mark.parametrize("name", ["two_flits", "ring"])
def test_beats_in_the_simulator(name, tmp_path):
    """Stalls on both sides, tables that change from beat to beat; latency and interval as the formulae say."""
    config = CONFIGS[name]
    model, vectors = BatchModel(emit(config, tmp_path)), bench.stimulus(config, 5000, seed=1)
    calm, stalled = (model.run(vectors, stall_in=p, stall_out=p, seed=2) for p in (0, 0.3))
    expected = bench.expect(config, vectors)
    for key, codes in expected.items():
        np.testing.assert_array_equal(calm.outputs[key], codes)
        np.testing.assert_array_equal(stalled.outputs[key], codes)
    assert calm.latency == config.stages + config.depth + config.flits - 1
    assert calm.cycles == config.cycles * (5000 - 1) + config.latency + 1
    hits = bench.coverage(config, vectors, expected)
    assert hits and [feature for feature, hit in hits.items() if not hit] == [], "features that no beat showed"


def test_protocol_under_cocotb(tmp_path):
    verdict = verify(emit(CONFIGS["five_flits"], tmp_path), bench, engine="cocotb", vectors=150, seed=3)
    assert verdict.passed, verdict.to_dict()["failures"]


@pytest.mark.parametrize("topology, count, rows, hops, distances, registers", [
    ("line", 4, 1, 1, [0, 1, 2, 3], [0, 1, 2, 3]), ("line", 5, 1, 2, [0, 1, 2, 3, 4], [0, 0, 1, 1, 2]),
    ("ring", 5, 1, 1, [0, 1, 2, 1, 0], [0, 1, 2, 1, 0]), ("ring", 1, 1, 1, [0], [0]),
    ("ring", 6, 1, 3, [0, 1, 2, 2, 1, 0], [0] * 6),
    ("mesh", 7, 3, 1, [0, 1, 2, 1, 2, 3, 2], [0, 1, 2, 1, 2, 3, 2]),
])  # fmt: skip
def test_where_routers_are(topology, count, rows, hops, distances, registers):
    found = routers(topology, count, rows, hops)
    assert [place.distance for place in found] == distances and [place.registers for place in found] == registers
    for place in found:
        assert place.distance == (0 if place.parent is None else found[place.parent].distance + 1)


def test_a_ring_is_half_as_far():
    line, ring = (unit(BOTH, routers=9, topology=topology) for topology in ("line", "ring"))
    assert (line.depth, ring.depth) == (8, 4) and line.latency - ring.latency == 4


def test_golden_says_what_a_missing_table_gives():
    """The last table answers, and the status says so; each lane is the unit `activation` of the beat's table."""
    from nervure.golden.activation import activation

    config = unit(BOTH, routers=2, lanes=3)
    x = torch.arange(1020, 1026)[None].expand(4, 6).contiguous() & 1023
    made = nova(config, x, torch.tensor([0, 1, 2, 3]))
    assert made["status"].tolist() == [0, 0, 1, 1]
    wanted = [activation(config.tables[table], x[0]).tolist() for table in (0, 1, 1, 1)]
    assert made["y"].tolist() == wanted


def test_what_is_shown_of_a_config():
    config = CONFIGS["two_flits"]
    shown = derive(config)
    assert shown["flits"] == 2 and shown["line_registers"] == 1 and sum(shown["lane_registers"].values()) == 5
    assert shown["link_bits"] == 3 * 20 + 2 and shown["source_bits"] == 9 * 20  # words are as wide as they must be
    assert formula(config) == "gelu, exp (q3.6) to q3.6 on 2 x 2 lanes"
    assert bench.describe(config, "x", 0x3C0) == "0x3c0 (-1.0)" and bench.describe(config, "table", 1) == "1"
    assert sum(bench.operations(config).values()) > 0


@pytest.mark.parametrize("fields, sentence", [
    ({"interval": 1, "pairs": 2},
     "clock_multiple must be at least 3 for 5 segments in flits of 2 every cycle, not 1 "
     "(clock_multiple=4, pairs=5, interval=auto would do)"),
    ({"interval": 1, "pairs": 1},
     "clock_multiple must be at least 5 for 5 segments in flits of 1 every cycle, not 1 "
     "(pairs=5, interval=auto would do)"),
    ({"interval": 0}, "interval must be a positive integer or auto, not 0"),
    ({"interval": "soon"}, "interval must be a positive integer or auto, not 'soon'"),
    ({"clock_multiple": 3}, "clock_multiple must be 1, 2 or 4, not 3"),
    ({"routers": 256, "lanes": 8}, "routers must have at most 1024 lanes in all, not 2048"),
    ({"rows": 2}, "rows requires topology=mesh, not line"),
    ({"rows": 5, "topology": "mesh"}, "rows must be at most the 4 routers, not 5"),
    ({"rows": 4, "routers": 5, "topology": "mesh"},
     "rows must each have a router: 5 routers in lines of 2 are fewer than 4 lines"),
    ({"slopes": ()}, "slopes must be those of at least one table, not none"),
    ({"slope": None}, "slopes require slope and bias formats"),
    ({"functions": ("gelu",)}, "functions must be 2, one for each table, not 1"),
    ({"knots": ((0, 5), (0,))}, "breakpoints must be 4 for 5 slopes, not 2"),
    ({"routers": 0}, "routers must be at least 1, not 0"),
], ids=str)  # fmt: skip
def test_units_that_cannot_be(fields, sentence):
    with pytest.raises(ConfigError) as raised:
        unit(BOTH, **fields)
    assert str(raised.value) == sentence


def test_a_fold_of_what_has_no_symmetry_is_refused():
    with pytest.raises(ConfigError) as raised:
        get_unit("nova").make({"function": "exp", "form": "fold", "input": "q3.4", "output": "q3.4", "segments": 4})
    assert str(raised.value) == ("form=fold requires a function that is even, odd, a point reflection or max(x, 0) and "
                                 "an even part on its domain, not exp")  # fmt: skip


def test_a_wish_has_one_format_for_all_tables():
    """Formats that are chosen hold all tables; each is solved in them."""
    config = get_unit("nova").make({"functions": ["tanh", "exp"], "form": "auto", "segments": 4, "input": "q3.4",
                                    "output": "q3.4", "lanes": 1})  # fmt: skip
    assert config.symmetries == ("odd", "none") and config.domains == ("-8:8", "-8:0") and config.flits == 1
    assert [table.slope for table in config.tables] == [config.slope] * 2
    again = get_unit("nova").make({key: value for key, value in config.to_dict().items() if value is not None})
    assert again == config


@pytest.mark.parametrize("config", [
    unit({"gelu": 3, "exp": 2}, TINY, routers=2, lanes=1, pairs=1, stages=4),
    unit({"relu": 2, "odd": 2}, TINY, routers=3, lanes=1, pairs=2, topology="ring", reset="none"),
    unit({"gelu": 3, "exp": 4}, TINY, routers=2, lanes=2, pairs=2, breakpoints="broadcast", reset="async"),
], ids=["flits", "ring", "broadcast"])  # fmt: skip
def test_all_claims(config, tmp_path):
    names = ("stall", "order", "passes", "apart", "answer")
    assert found(emit(config, tmp_path), bench) == dict.fromkeys(names, "proved")


@pytest.mark.parametrize("old, new, claim", [
    # A lane that keeps the pair of each flit, its own or not.
    (r"if \(n\d+\) (router0_lane0_used_slope) <=", r"\1 <=", "passes"),
    # A flit that stands still while the others move.
    (r"if \(enable\) router1_number <= ", "router1_number <= ", "stall"),
    (r"(else if \(enable\) flits_left <= )", r"\g<1>2'h1 & ", "order"),
], ids=["pair", "stall", "pace"])  # fmt: skip
def test_seeded_faults_are_refuted(old, new, claim, tmp_path):
    config = unit({"gelu": 3, "exp": 2}, TINY, routers=2, lanes=1, pairs=1, stages=4)
    assert found(broken(emit(config, tmp_path), old, new), bench)[claim] == "refuted"
