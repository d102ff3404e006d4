"""The vector unit on the network at full size: six functions in 16 bits, all kinds of lines, one clock and two."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nervure.generators.emit import emit
from nervure.generators.noc.nova import certificate
from nervure.generators.registry import get_unit
from nervure.generators.verify import verify
from nervure.golden.activation import activation, signed
from nervure.golden.activation.reference import FUNCTIONS
from nervure.verif.batch import BatchModel
from nervure.verif.mutate import negative_control
from nervure.verif.noc import nova as bench
from nervure.verif.noc.nova import whole
from nervure.verif.prove import prove

from ..nova import TINY, unit

SIX = {"functions": ["gelu", "exp", "silu", "sigmoid", "tanh", "reciprocal"]}
FULL = {
    "pwl": {**SIX, "routers": 3, "lanes": 1, "pairs": 16},
    "folds": {**SIX, "form": "auto", "segments": 8, "pairs": 8, "routers": 1, "lanes": 3},
    "broadcast": {**SIX, "form": "auto", "pairs": 6, "routers": 2, "lanes": 1, "breakpoints": "broadcast",
                  "interval": "auto"},
    "two": {**SIX, "routers": 2, "lanes": 2, "clock_multiple": 2},
    "four": {**SIX, "form": "auto", "pairs": 4, "routers": 5, "lanes": 1, "clock_multiple": 4, "topology": "ring"},
}  # fmt: skip


@pytest.mark.parametrize("name", FULL)
def test_every_code_of_six_functions(name, tmp_path):
    """Emitted file against golden model, with stalls and without; the certificate is what the codes show."""
    config = get_unit("nova").make(FULL[name])
    model = BatchModel(emit(config, tmp_path))
    for vectors in bench.exhaustive(config):
        expected = bench.expect(config, vectors)
        for stall in (0.0, 0.25):
            given = model.run(vectors, stall_in=stall, stall_out=stall, seed=1)
            for key, codes in expected.items():
                np.testing.assert_array_equal(given.outputs[key], codes)
    fmt = config.input_format
    codes = torch.arange(1 << fmt.width)
    for table, row in zip(config.tables, certificate(config)["tables"], strict=True):
        x = signed(codes, fmt.width).clamp(*table.codes) * float(fmt.lsb)
        y = signed(activation(table, codes), config.output_format.width) * float(config.output_format.lsb)
        error = float((y - FUNCTIONS[table.function].call(x.double())).abs().max())
        assert abs(error - row["max_error"]) < 1e-9


@pytest.mark.parametrize("multiple", [1, 2, 4])
@pytest.mark.parametrize("routers, lanes", [(1, 1), (2, 3), (3, 2), (8, 1), (1, 8), (5, 3)])
@pytest.mark.parametrize("topology", ["line", "ring", "mesh"])
def test_routers_and_lanes(topology, routers, lanes, multiple, tmp_path):
    config = unit({"gelu": 5, "exp": 4}, routers=routers, lanes=lanes, topology=topology, pairs=2, hops=1 + lanes % 2,
                  rows=min(routers, 2) if topology == "mesh" else 1, clock_multiple=multiple)  # fmt: skip
    model, vectors = BatchModel(emit(config, tmp_path)), bench.stimulus(config, 3000, seed=routers)
    expected = bench.expect(config, vectors)
    for seed in range(4):
        for stall in (0.0, 0.3):
            given = model.run(vectors, stall_in=stall, stall_out=stall, seed=seed, patience=1000)
            for key, codes in expected.items():
                np.testing.assert_array_equal(given.outputs[key], codes)
            assert stall or given.latency <= config.latency
            assert stall or multiple > 1 or given.latency == config.latency


@pytest.mark.parametrize("preset", get_unit("nova").presets)
def test_claims_of_presets(preset, tmp_path):
    unit_of = get_unit("nova")
    artifact = emit(unit_of.make(unit_of.presets[preset]), tmp_path)
    results = prove(artifact, bench.claims(artifact), timeout=1800)
    assert [result.to_dict() for result in results if result.status != "proved"] == []


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("multiple", [2, 4])
def test_two_real_clocks(multiple, seed, tmp_path):
    config = unit({"gelu": 5, "exp": 4}, routers=2, lanes=2, pairs=3, clock_multiple=multiple,
                  reset=("sync", "async", "none")[seed % 3])  # fmt: skip
    verdict = verify(emit(config, tmp_path), bench, engine="cocotb", vectors=1000, seed=seed)
    assert verdict.passed, verdict.to_dict()["failures"]


def test_a_beat_among_others_for_some_edges(tmp_path):
    """What the claims of two clocks say together, at once."""
    emit(unit({"gelu": 2, "exp": 2}, TINY, routers=1, lanes=1, pairs=1, clock_multiple=2, stages=3), tmp_path)
    assert whole.bounded(tmp_path).status == "proved"


@pytest.mark.parametrize("multiple", [1, 2])
def test_drawn_faults_are_found(multiple, tmp_path):
    config = unit({"gelu": 3, "exp": 2}, TINY, routers=2, lanes=1, pairs=2, clock_multiple=multiple)
    control = negative_control(emit(config, tmp_path), bench, 30, seed=1)
    assert not control.survivors, control.to_dict()["survivors"]
