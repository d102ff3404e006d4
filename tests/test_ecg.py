"""Heartbeat classifiers: the golden model is the equation, bounds hold, bad networks are refused."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest
import torch
from nervure.generators.importers.ecg import import_network, read_network
from nervure.golden.ecg import ecg
from nervure.hw.config import ConfigError
from nervure.hw.ecg.config import EcgConfig


def drawn(seed: int, widths=(7, 5, 4, 3), bits=4, kind="integer", **options) -> EcgConfig:
    """A network of random integers, a third of its weights 0."""
    rng = np.random.default_rng(seed)
    half = 1 << (bits - 1)
    values = [0, *(s << e for e in range(half - 1) for s in (1, -1))] if kind == "pow2" else range(-half, half)
    pairs = list(itertools.pairwise(widths))
    weights = [(rng.choice(list(values), (b, a)) * (rng.random((b, a)) < 2 / 3)).tolist() for a, b in pairs]
    fields = {"weight_bits": [bits] * len(pairs), "weight_kinds": [kind] * len(pairs), "network": "drawn",
              "biases": [rng.integers(-9, 10, b).tolist() for b in widths[1:]],
              "thetas": [rng.integers(1, 90, b).tolist() for b in widths[1:-1]], **options}  # fmt: skip
    return EcgConfig(widths=widths, weights=weights, **fields)


def by_hand(config: EcgConfig, row: list[int]) -> tuple[list[Fraction], Fraction, bool]:
    """Last sums of V, the largest sum ever seen, and whether a clamp acted; neuron by neuron, in fractions."""
    most, acted, spiking = Fraction(0), False, config.neuron == "if"
    width = config.accumulator + (2 if spiking else 0)
    # In fractions of V, whose quarters `if` holds.
    unit = Fraction(1, 4) if spiking else Fraction(1)
    ends = -unit * 2 ** (width - 1), unit * (2 ** (width - 1) - 1)

    def add(v, more):
        nonlocal most, acted
        most, acted = max(most, abs(v + more)), acted or not ends[0] <= v + more <= ends[1]
        return min(max(v + more, ends[0]), ends[1])

    last, total = len(config.weights) - 1, config.steps
    held = [[Fraction(0)] * len(rows) for rows in config.weights]
    for step in range(1, total + 1) if spiking else [total]:
        x = [(step * n) // total - ((step - 1) * n) // total for n in row] if spiking else row
        for layer, rows in enumerate(config.weights):
            out = []
            for j, weights in enumerate(rows):
                v = add(held[layer][j], config.biases[layer][j] * (1 if spiking else total))
                for w, n in zip(weights, x, strict=True):
                    v = add(v, w * n)
                if layer < last:
                    theta = Fraction(config.thetas[layer][j], 4)
                    fires = int(v >= theta) if spiking else min(total, max(0, v // theta))
                    v -= theta * fires if spiking else 0
                    out.append(fires)
                held[layer][j] = v if spiking or layer == last else Fraction(0)
            x = out
    return held[-1], most, acted


SHAPES = {
    "three_layers": {},
    "one_layer": {"widths": (6, 5)},
    "one_of_each": {"widths": (1, 1, 2), "steps": 1},
    "ternary": {"bits": 2, "steps": 7},
    "eight_bits": {"bits": 8, "steps": 63, "bias_bits": 16},
    "powers_of_two": {"bits": 4, "kind": "pow2", "steps": 31},
    "saturates": {"bits": 8, "steps": 31, "accumulator": 9},
    "no_power_of_two": {"steps": 11, "widths": (9, 3, 7)},
}


@pytest.mark.parametrize("neuron", ["ssf", "if"])
@pytest.mark.parametrize("shape", SHAPES)
def test_golden_is_the_equation(shape, neuron):
    config = drawn(len(shape), neuron=neuron, **SHAPES[shape])
    rng = np.random.default_rng(1)
    x = rng.integers(0, config.steps + 1, (60, config.widths[0]))
    x[0], x[1] = 0, config.steps
    found = ecg(config, torch.from_numpy(x))
    acted = False
    for k, row in enumerate(x.tolist()):
        v, most, clamps = by_hand(config, row)
        acted |= clamps
        assert most <= max(max(abs(a), abs(b)) for layer in config.bounds for a, b in layer)
        scale = 4 if neuron == "if" else 1
        assert found.sums[k].tolist() == [scale * value for value in v]
        best = max(range(len(v)), key=lambda j: (v[j], -j))
        assert int(found.label[k]) == best
        lead = min(v[best] - value for j, value in enumerate(v) if j != best)
        assert int(found.confidence[k]) == min(lead // 1, 2 ** (config.accumulator - 1) - 1)
    assert acted == config.saturates


@pytest.mark.parametrize("seed", range(4))
def test_a_sum_spike_and_fire_layer_is_a_quantised_relu(seed):
    """torch's own float layer: ReLU, at most 1, in steps of 1/T, of (W x + b) / theta, where x = n / T."""
    config = drawn(seed, (12, 8, 5), steps=[3, 7, 15, 31][seed])
    layers = [torch.nn.Linear(a, b, dtype=torch.float64) for a, b in ((12, 8), (8, 5))]
    for layer, weights, biases in zip(layers, config.weights, config.biases, strict=True):
        layer.weight.data, layer.bias.data = torch.tensor(weights).double(), torch.tensor(biases).double()
    n = torch.randint(0, config.steps + 1, (500, 12), generator=torch.Generator().manual_seed(seed))
    y = torch.relu(layers[0](n.double() / config.steps) / (torch.tensor(config.thetas[0]) / 4)).clamp(max=1)
    # The quotient of whole numbers is nearest to its floor or a step of it away: far more than a float's error.
    logits = layers[1](torch.floor(y * config.steps + 1e-9) / config.steps)
    found = ecg(config, n)
    torch.testing.assert_close(found.sums.double() / config.steps, logits)


def test_spikes_of_a_count_are_evenly_spread():
    from nervure.golden.ecg import spikes

    for steps in (1, 2, 5, 15, 63):
        n = torch.arange(steps + 1)
        train = torch.stack([spikes(n, t, steps) for t in range(1, steps + 1)])
        assert train.sum(0).tolist() == n.tolist()
        assert int(train.min()) >= 0 and int(train.max()) <= 1
        for k in range(1, steps + 1):
            at = [t for t in range(steps) if train[t, k]]
            gaps = {b - a for a, b in itertools.pairwise(at)}
            assert gaps <= {steps // k, -(-steps // k)}


def test_bounds_are_met():
    """The counts that a neuron likes best and least give the ends of its bounds."""
    config = drawn(3)
    first = config.weights[0][0]
    rows = [[config.steps * (w > 0) for w in first], [config.steps * (w < 0) for w in first]]
    one_layer = EcgConfig(widths=(7, 5), weights=config.weights[:1], biases=config.biases[:1], weight_bits=[4])
    low, high = one_layer.bounds[0][0]
    assert ecg(one_layer, torch.tensor(rows)).sums[:, 0].tolist() == [high, low]


def test_facts_of_a_network():
    config = EcgConfig(widths=(3, 2, 2), weights=[[[1, 0, -2], [0, 0, 7]], [[0, 1], [-8, 3]]], biases=[[1, -4], [0, 3]],
                       thetas=[[5, 16]], weight_bits=[4, 4], steps=15, pes=1)  # fmt: skip
    assert config.nonzero == (3, 3) and config.all_weights == (6, 4)
    assert config.bits == {"weights": 40, "dense": 40, "nonzero": 24, "bitmap": 10, "biases": 12, "thetas": 10}
    assert config.model_copy(update={"coding": "bitmap"}).least_cycles == 6
    assert config.least_cycles == 10
    assert config.bounds == (((-15, 30), (-60, 45)), ((0, 15), (-75, 90)))
    assert config.needed == 8 and not config.saturates
    assert EcgConfig.from_toml is not None and EcgConfig(**config.to_dict()) == config


BAD = {
    "steps": ({"steps": 64}, "steps must be at most 63, not 64"),
    "layers": ({"widths": [3]}, "widths must be 2 to 9 numbers, inputs and neurons of each layer, not 1"),
    "classes": ({"widths": [3, 2, 1]}, "widths must end with at least 2 classes, not 1"),
    "shape": ({"weights": [[[1, 0], [0, 0]], [[0, 1], [1, 3]]]}, "weights of layer 0 must be 2 rows of 3, not 2 of 2"),
    "range": ({"weights": [[[1, 0, 9], [0, 0, 1]], [[0, 1], [1, 3]]]},
              "weights of layer 0 must be integers from -8 to 7, not 9"),
    "pow2": ({"weight_kinds": ["integer", "pow2"]}, "weights of layer 1 must be powers of two from -64 to 64, not 3"),
    "pow2_bits": ({"weight_kinds": ["pow2"] * 2, "weight_bits": [5, 4]},
                  "weight_bits of pow2 weights must be at most 4, not 5"),
    "bits": ({"weight_bits": [9, 4]}, "weight_bits must be 2 to 8, not 9"),
    "bias": ({"biases": [[1, 200], [0, 3]]}, "biases of layer 0 must be integers from -128 to 127, not 200"),
    "theta": ({"thetas": [[0, 3]]}, "thetas of layer 0 must be integers from 1 to 4095, not 0"),
    "thetas": ({"thetas": []}, "thetas must be 1 for 2 layers, not 0"),
    "float": ({"weights": [[[1, 0.5, 0], [0, 0, 1]], [[0, 1], [1, 3]]]}, "weights must be integers, not 0.5"),
    "inputs": ({"inputs": {"stride": 3}}, "widths must begin with 60, as inputs say, not 3"),
    "names": ({"classes": ["N"]}, "classes must be 2 names, not 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_weights_file_is_refused_in_one_sentence(case, tmp_path):
    good = {"steps": 15, "widths": [3, 2, 2], "weights": [[[1, 0, -2], [0, 0, 7]], [[0, 1], [-8, 3]]],
            "biases": [[1, -4], [0, 3]], "thetas": [[5, 16]], "weight_bits": [4, 4]}  # fmt: skip
    assert EcgConfig(**import_network(good).fields).widths == (3, 2, 2)
    change, sentence = BAD[case]
    path = tmp_path / "network.json"
    path.write_text(json.dumps({**good, **change}))
    with pytest.raises(ConfigError) as error:
        read_network(path)
    assert str(error.value) == sentence


def test_a_file_that_is_no_network_is_refused(tmp_path):
    path = tmp_path / "network.json"
    with pytest.raises(ConfigError, match="weights file must be readable"):
        read_network(path)
    for text, said in (("{", "must be JSON"), ("[1]", "must hold an object, not list"), ("{}", "must hold steps")):
        path.write_text(text)
        with pytest.raises(ConfigError, match=f"weights file {said}"):
            read_network(path)
