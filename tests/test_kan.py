"""KANs of integers: the golden model is the equation, the circuit is the golden model, bad configs are refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nervure.generators.activation.kan import PRESETS, derive, estimate, networks, wish
from nervure.generators.activation.kan_trial import table, trial
from nervure.generators.emit import emit
from nervure.generators.flow.synth import synth
from nervure.generators.registry import get_unit
from nervure.generators.settings import make_config
from nervure.generators.verify import verify
from nervure.golden.activation.kan import kan
from nervure.hw.activation.config.kan import KanConfig
from nervure.hw.activation.config.sums import Leaf, joined, settled, span
from nervure.hw.config import ConfigError
from nervure.hw.fixed import signed_width
from nervure.verif.activation import kan as bench
from nervure.verif.batch import BatchModel


def drawn(seed: int, widths=(5, 3, 4), bits=(2, 3), table_bits=4, density=0.7, **options) -> KanConfig:
    """A network of random tables; the edge from the first neuron to the first is always there."""
    rng = np.random.default_rng(seed)
    low, high = -(1 << (table_bits - 1)), 1 << (table_bits - 1)
    edges = [
        (layer, source, target, table_bits, int(rng.integers(3)), *rng.integers(low, high, 1 << bits[layer]).tolist())
        for layer in range(len(bits)) for source in range(widths[layer]) for target in range(widths[layer + 1])
        if rng.random() < density or source == target == 0
    ]  # fmt: skip
    offsets = [rng.integers(-8, 9, width).tolist() for width in widths[1:]]
    return KanConfig(network="drawn", widths=widths, bits=bits, edges=edges, offsets=offsets,
                     shifts=[1] * (len(bits) - 1), **options)  # fmt: skip


def by_hand(config: KanConfig, row: list[int]) -> list[int]:
    """The equations in plain integers, edge by edge."""
    for layer in range(len(config.bits)):
        sums = list(config.offsets[layer])
        for at, source, target, _, shift, *entries in config.edges:
            if at == layer:
                sums[target] += entries[row[source]] * 2**shift
        if layer == len(config.bits) - 1:
            return sums
        top = 2 ** config.bits[layer + 1] - 1
        row = [min(top, max(0, s // 2 ** config.shifts[layer])) for s in sums]
    raise AssertionError


SHAPES = {
    "two_layers": drawn(0),
    "argmax": drawn(1, (7, 5, 3, 6), (1, 2, 5), output="argmax", registers=2),
    "one_edge": drawn(2, (1, 1), (3,)),
    "bare": drawn(3, (9, 2), (1,), density=1.0, interface="bare", address=1),
    "wide_tables": drawn(4, (2, 3), (8,), 8, registers=8, reset="async", reset_active="low"),
}


@pytest.mark.parametrize("config", SHAPES.values(), ids=list(SHAPES))
def test_golden_is_the_equation(config):
    x = bench.stimulus(config, 300, 5)["x"].astype(np.int64)
    logits = np.array([by_hand(config, row) for row in x.tolist()])
    wanted = logits.argmax(-1) if config.output == "argmax" else logits
    np.testing.assert_array_equal(kan(config, torch.from_numpy(x)).numpy(), wanted)


@pytest.mark.parametrize("config", SHAPES.values(), ids=list(SHAPES))
def test_rtl_is_golden_under_stalls(config, tmp_path):
    vectors = bench.stimulus(config, 5000, 1)
    stalls = {} if config.interface == "bare" else {"stall_in": 0.2, "stall_out": 0.3}
    result = BatchModel(emit(config, tmp_path)).run(vectors, **stalls, seed=2)
    expected = bench.expect(config, vectors)
    np.testing.assert_array_equal(result.outputs["y"], expected["y"])
    hits = bench.coverage(config, vectors, expected)
    assert [feature for feature, count in hits.items() if not count] == []
    if not stalls:
        assert result.latency == config.latency == derive(config)["latency_cycles"]


def test_engines_of_the_library(tmp_path):
    verdict = verify(emit(SHAPES["argmax"], tmp_path), bench, vectors=2000, seed=2)
    assert verdict.passed, verdict.to_dict()


@pytest.mark.parametrize("network", networks())
def test_every_shipped_network_makes_a_config(network):
    config = make_config(get_unit("kan"), settings=[f"network={network}"])
    assert config.network == network and make_config(get_unit("kan"), settings=[f"network={network}"]) == config
    assert sum(derive(config)["edges"]) == len(config.edges)
    x = bench.stimulus(config, 20, 0)["x"].astype(np.int64)
    found = kan(config, torch.from_numpy(x)).tolist()
    assert found == [by_hand(config, row) for row in x.tolist()]


def test_a_file_holds_the_integers(tmp_path):
    config = make_config(get_unit("kan"), "digits_argmax")
    file = tmp_path / "kan.toml"
    file.write_text(config.to_toml())
    assert KanConfig.from_toml(file) == config == make_config(get_unit("kan"), file=file)
    assert wish({"edges": ()}) == {"edges": ()}
    other = make_config(get_unit("kan"), file=file, settings=["registers=2"])
    assert other.edges == config.edges and other.latency < config.latency
    assert set(PRESETS) >= {"digits", "digits_argmax"}


def test_joint_tables_add_up_and_constants_hide():
    addends = [(3, (1, 4)), (5, (-2, 0)), (7, (0, -9))]
    leaves = joined(addends, 1, 2)
    assert leaves == [Leaf((3, 5), 1, (-1, 2, 1, 4)), Leaf((7,), 1, (0, -9))]
    for constant in (-40, -9, -1, 0, 1, 7, 100):
        moved = settled(leaves, constant)
        assert span(moved) == (span(leaves)[0] + constant, span(leaves)[1] + constant)
        for leaf, before in zip(moved, leaves, strict=True):
            assert len({a - b for a, b in zip(leaf.entries, before.entries, strict=True)}) == 1
    assert [signed_width(*ends) for ends in ((0, 0), (-1, 0), (-8, 7), (-9, 7), (0, 8))] == [1, 1, 4, 5, 5]


def test_the_estimate_is_near_synthesis(tmp_path):
    """Within a quarter in LUTs; flip-flops at most what is counted, since Yosys finds equal and constant ones."""
    config = drawn(5, (12, 4, 3), (1, 4), 5)
    guess, found = estimate(config), synth(emit(config, tmp_path), "xcup")
    assert 0.75 <= found.lut / guess["lut6"] <= 1.25, (found.lut, guess)
    assert 0.8 <= found.ff / guess["flip_flops"] <= 1.0, (found.ff, guess)


GOOD = {"widths": (2, 1), "bits": (1,), "edges": ((0, 0, 0, 4, 0, 1, 5), (0, 1, 0, 4, 1, -8, 7)), "offsets": ((3,),)}
ERRORS = [
    ({"widths": (2,)}, "widths must be at least two numbers, inputs and outputs, not (2,)"),
    ({"widths": (0, 1)}, "widths must be 1 to 4096, not 0"),
    ({"bits": (0,)}, "bits must be 1 to 10, not 0"),
    ({"bits": (1, 2)}, "bits must be 1 for 1 layers, not 2"),
    ({"offsets": ((1, 2),)}, "offsets of layer 0 must be 1, one for each neuron, not 2"),
    ({"shifts": (1,)}, "shifts must be 0 for 1 layers, not 1"),
    ({"edges": ((0, 0, 7, 4, 0, 1, 5),)}, "edges of layer 0 must go to a neuron of 0 to 0, not 7"),
    ({"edges": ((0, 2, 0, 4, 0, 1, 5),)}, "edges of layer 0 must come from a neuron of 0 to 1, not 2"),
    ({"edges": ((1, 0, 0, 4, 0, 1, 5),)},
     "edges must be layer (0 to 0), from, to, bits, shift, entries, not (1, 0, 0, 4, 0)"),
    ({"edges": ((0, 0, 0, 0, 0, 1, 5),)}, "bits of edge 0 to 0 of layer 0 must be 1 to 16, not 0"),
    ({"edges": ((0, 0, 0, 4, 16, 1, 5),)}, "shift of edge 0 to 0 of layer 0 must be 0 to 15, not 16"),
    ({"edges": ((0, 0, 0, 4, 0, 1, 5, 6),)}, "entries of edge 0 to 0 of layer 0 must be 2, one for each code, not 3"),
    ({"edges": ((0, 0, 0, 4, 0, 1, 8),)},
     "entries of edge 0 to 0 of layer 0 must be signed integers of 4 bits, not 8"),
    ({"edges": GOOD["edges"][:1] * 2}, "edges must be different, not twice edge 0 to 0 of layer 0"),
    ({"edges": ((0, 0, 0, 4, 0, 1, 1),)},
     "edges must lead from an input to an output with tables that vary, but none does"),
    ({"edges": ()}, "edges must lead from an input to an output with tables that vary, but none does"),
    ({"output": "argmax"}, "output=argmax requires at least 2 outputs, not 1"),
    ({"address": 0}, "address must be at least 1, not 0"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "sentence"), ERRORS, ids=[sentence[:40] for _, sentence in ERRORS])
def test_bad_configs_are_refused_in_one_sentence(fields, sentence):
    KanConfig(**GOOD)
    with pytest.raises(ConfigError) as raised:
        KanConfig(**{**GOOD, **fields})
    assert str(raised.value) == sentence


def test_an_unknown_network_or_a_part_of_one_is_refused():
    with pytest.raises(ConfigError, match=r"^bits requires edges: a network is named, or given as a whole$"):
        make_config(get_unit("kan"), settings=["bits=1"])
    with pytest.raises(ConfigError, match="unknown network 'digit'; did you mean digits"):
        make_config(get_unit("kan"), settings=["network=digit"])


def test_digits_through_the_verilog():
    """The whole test set; synthesis is in the long trials."""
    found = trial("digits", synthesise=False)
    assert (found.rows, found.mismatches) == (360, 0) and found.accuracy >= 0.96
    text = table([found])
    assert "| digits 64-24-10 | 650 | 96." in text and "arXiv 2512.12850" in text and "7,570" in text
