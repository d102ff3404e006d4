"""Units on the network at full size: claims and beats of presets, sizes of lines, attention through them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nervure.generators.emit import emit
from nervure.generators.noc.attention import configs as in_one_place
from nervure.generators.noc.attention import golden
from nervure.generators.noc.through import circuits, configs
from nervure.generators.registry import get_unit
from nervure.generators.train import attention
from nervure.verif.batch import BatchModel
from nervure.verif.prove import prove

from ..test_noc_rows import NORM, SMALL

ROWS = ("noc_softmax", "noc_norm")
PRESETS = [(unit, preset) for unit in (*ROWS, "nova_stores", "overlay", "gemv_overlay")
           for preset in get_unit(unit).presets]  # fmt: skip
LINES = [("line", 1, 1, 1), ("line", 2, 1, 1), ("line", 3, 1, 2), ("line", 8, 1, 1),
         ("ring", 5, 1, 1), ("mesh", 7, 3, 1)]  # fmt: skip


def same(config, folder, beats):
    """Emitted file against golden model, without stalls and with."""
    bench = get_unit(config.unit).load("bench")
    model, vectors = BatchModel(emit(config, folder)), bench.stimulus(config, beats, seed=1)
    ends, expected = bench.ends(config, vectors) if hasattr(bench, "ends") else None, bench.expect(config, vectors)
    for stall in (0.0, 0.3):
        given = model.run(vectors, ends=ends, stall_in=stall, stall_out=stall, seed=2)
        for key, codes in expected.items():
            np.testing.assert_array_equal(given.outputs[key], codes)
    hits = bench.coverage(config, vectors, expected)
    assert [feature for feature, hit in hits.items() if not hit] == []


@pytest.mark.parametrize("unit, preset", PRESETS)
def test_beats_of_presets(unit, preset, tmp_path):
    same(get_unit(unit).make(get_unit(unit).presets[preset]), tmp_path, 100_000)


@pytest.mark.parametrize("unit", ROWS)
@pytest.mark.parametrize("topology, routers, rows, hops", LINES)
@pytest.mark.parametrize("each", [1, 2, 3])
def test_lines(unit, topology, routers, rows, hops, each, tmp_path):
    """R and L of 1, 2, 3 and more, powers of two and not, one flit and several."""
    placed = {"routers": routers, "topology": topology, "rows": rows, "hops": hops, "lanes": routers * each}
    shape = {**SMALL, "length": 4 * routers * each - 1, "pairs": each} if unit == "noc_softmax" else NORM
    if unit == "noc_softmax" and each == 3:
        shape["pairs"] = 4
    same(get_unit(unit).make({**shape, **placed}), tmp_path, 4000)


@pytest.mark.parametrize("unit, preset", [row for row in PRESETS if row[0] in ROWS])
def test_claims_of_presets(unit, preset, tmp_path):
    of = get_unit(unit)
    artifact = emit(of.make(of.presets[preset]), tmp_path)
    results = prove(artifact, of.load("bench").claims(artifact), timeout=1800)
    assert [result.to_dict() for result in results if result.status != "proved"] == []


@pytest.mark.parametrize("stall", [0.0, 0.3])
def test_the_attention_network_through_the_circuits(stall, tmp_path):
    """All test images: every result of an emitted unit is the golden model's; half a point is lost at most."""
    shipped = attention.shipped()
    network, (_, _, images, labels) = attention.network(shipped), attention.images()
    pixels, found = (images * 16).round().to(torch.int64), configs(network)
    logits = network.logits(pixels, circuits(found, tmp_path, stall))
    assert torch.equal(logits, network.logits(pixels, golden(in_one_place(network))))
    assert attention.accuracy(logits, labels) >= shipped["trained"]["test_accuracy"] - 0.005
    assert found.counted["softmax"].beats == 360 * 8 * 4 * 2 and found.counted["gelu"].beats * 8 == 360 * 8 * 64 * 2
