"""Softmax and norms on the network: emitted files against the golden models of these functions, whatever the line."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.generators.verify import verify
from nervure.hw.config import ConfigError
from nervure.hw.noc.norm import latency as norm_latency
from nervure.hw.noc.softmax import latency as softmax_latency
from nervure.verif.batch import BatchModel

from .faults import refuted, tried

SMALL = {"input": "q5.2", "output": "uq0.8", "exp_segments": 4, "sum_segments": 4}
RING = {**SMALL, "routers": 3, "lanes": 6, "length": 30, "topology": "ring", "pairs": 2}
NORM = {"input": "q3.4", "output": "q3.4", "elements": 7, "lanes": 4, "routers": 2, "segments": 4}


def made(unit, fields, folder):
    """Config, bench and artefact of a unit."""
    config = get_unit(unit).make(fields)
    return config, get_unit(unit).load("bench"), emit(config, folder)


@pytest.mark.parametrize("unit, fields", [("noc_softmax", RING), ("noc_norm", NORM)], ids=["softmax", "norm"])
def test_beats_in_the_simulator(unit, fields, tmp_path):
    """Stalls on both sides, rows of all lengths; all features are seen."""
    config, bench, artifact = made(unit, fields, tmp_path)
    model, vectors = BatchModel(artifact), bench.stimulus(config, 4000, seed=1)
    ends, expected = bench.ends(config, vectors), bench.expect(config, vectors)
    for stall in (0.0, 0.3):
        given = model.run(vectors, ends=ends, stall_in=stall, stall_out=stall, seed=2)
        for key, codes in expected.items():
            np.testing.assert_array_equal(given.outputs[key], codes)
    calm = model.run(vectors, ends=ends)
    flits = getattr(config, "flits", 1)
    assert calm.cycles <= flits * 4000 + artifact.manifest["drain_cycles"], "rows follow each other without a gap"
    hits = bench.coverage(config, vectors, expected)
    assert hits and [feature for feature, hit in hits.items() if not hit] == [], "features that no beat showed"
    if unit == "noc_norm":
        assert calm.latency == norm_latency(config) == 14 + 2 * (config.depth + 1)
        return
    for beats in range(1, config.beats + 1):
        row = {"x": np.ones((beats, config.lanes), np.uint64), "on": np.ones((beats, config.lanes), np.uint64),
               "last": np.eye(beats, dtype=np.uint64)[-1]}  # fmt: skip
        found = {model.run(row, ends=bench.ends(config, row), stall_in=0.6, seed=seed).latency for seed in range(12)}
        longest = (beats + 5) * flits + 13 + 4 * (config.depth + 1) + flits - 1
        assert max(found) == longest == softmax_latency(config, beats) and min(found) > longest - flits


def test_protocol_under_cocotb(tmp_path):
    _, bench, artifact = made("noc_norm", {**NORM, "elements": 3, "lanes": 2}, tmp_path)
    verdict = verify(artifact, bench, engine="cocotb", vectors=60, seed=3)
    assert verdict.passed, verdict.to_dict()["failures"]


@pytest.mark.parametrize("unit, fields, sentence", [
    ("noc_softmax", {"routers": 3}, "lanes must be a multiple of the 3 routers, not 8"),
    ("noc_softmax", {"method": "online"}, "method must be two_pass on a network, not online"),
    ("noc_softmax", {"pairs": 3}, "pairs must be a power of two, not 3"),
    ("noc_softmax", {"input": "uq4.4"}, "input must be signed and have at most 16 bits, not uq4.4"),
    ("noc_softmax", {"rows": 2}, "rows requires topology=mesh, not line"),
    ("noc_softmax", {"lanes": 128}, "lanes must be at most 64, not 128"),
    ("noc_norm", {"lanes": 6}, "lanes must be a multiple of the 4 routers, not 6"),
    ("noc_norm", {"topology": "mesh", "rows": 5}, "rows must be at most the 4 routers, not 5"),
], ids=str)  # fmt: skip
def test_units_that_cannot_be(unit, fields, sentence):
    with pytest.raises(ConfigError) as raised:
        get_unit(unit).make(fields)
    assert str(raised.value) == sentence


def test_one_router_is_the_same_function_as_many():
    """Golden models do not read the line; what differs is in the names and cycles."""
    one, many = (get_unit("noc_softmax").make({**SMALL, "routers": routers, "lanes": 4}) for routers in (1, 4))
    assert one.depth == 0 and many.depth == 3 and one.exp_table == many.exp_table
    assert softmax_latency(many, 1) - softmax_latency(one, 1) == 4 * 3
    assert "r4" in many.module_name and get_unit("noc_softmax").load("generator").derive(many)["line_registers"] == 3


def test_what_goes_over_the_line_is_proved(tmp_path):
    """A row's sums at the source, and its root at every router, in all states."""
    fields = {"input": "q1.1", "output": "q1.2", "elements": 2, "lanes": 2, "routers": 2, "segments": 4}
    _, bench, artifact = made("noc_norm", fields, tmp_path / "made")
    claims = {claim.name: claim for claim in bench.claims(artifact)}
    for name in ("sums", "told"):
        verdict = tried(claims[name], artifact.directory)
        assert verdict.status == "proved", (name, verdict)
    # A router that does not wait for the one behind it.
    refuted(artifact, bench, "sums", ("beat_sum_router0_own1 <= beat_sum_router0_own0", "beat_sum_router0_own1 <= x0"),
            tmp_path)  # fmt: skip
