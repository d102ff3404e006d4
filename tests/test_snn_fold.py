"""Folding against brute force, and its sentences."""

from __future__ import annotations

import itertools
import time
from math import ceil

import numpy as np
import pytest
from nervure.generators.snn.cost import RESOURCES, cost
from nervure.generators.snn.fold import Budget, fold, folded, used
from nervure.hw.config import ConfigError
from nervure.hw.snn.config import SnnConfig
from nervure.hw.snn.config.layer import Layer


def small(rng: np.random.Generator, steps: int = 1, code: str = "spikes") -> SnnConfig:
    """Two convolutions, a pool, a dense layer."""
    channels = rng.integers(1, 5, 3)
    law = {"threshold": 9, "membrane_width": 16, "max_spikes": steps if code == "counts" else 1,
           "reset": "none" if code == "counts" else "subtract"}  # fmt: skip
    a, b, c = (int(n) for n in channels)
    kernel = int(rng.integers(1, 4))
    size = 8 - 2 * (kernel - 1)
    taken = "pixels" if rng.random() < 0.5 else "spikes"
    return SnnConfig(input_shape=(2, 8, 8), steps=steps, code=code, input=taken, layers=[
        {"name": "a", "kind": "conv2d", "channels": a, "kernel": (kernel, kernel), "neuron": law,
         "weights": rng.integers(-8, 8, a * 2 * kernel**2), "weight_bits": 4},
        {"name": "b", "kind": "conv2d", "channels": b, "kernel": (kernel, kernel), "neuron": law,
         "weights": rng.integers(-8, 8, b * a * kernel**2)},
        {"name": "p", "kind": "max_pool", "kernel": (2, 2), "stride": (2, 2)},
        {"name": "f", "kind": "flatten"},
        {"name": "c", "kind": "dense", "channels": c, "weights": rng.integers(-8, 8, c * b * (size // 2) ** 2)},
    ])  # fmt: skip


def all_foldings(network: SnnConfig) -> np.ndarray:
    """Cycles and resources of every omega and kappa of every layer, those of one layer after the other added up."""
    names = [layer.name for layer in network.layers if layer.weights]
    rows = []
    for name in names:
        layer = next(layer for layer in network.layers if layer.name == name)
        groups = ceil(network.facts[name].synapses / 8)
        pairs = np.array(list(itertools.product(range(1, layer.channels + 1), range(1, groups + 1))))
        rows.append(cost(layer, network.facts[name], network, pairs[:, 0], pairs[:, 1])[:, 2:])
    lines = used(folded(network, dict.fromkeys(names, (1, 1))))
    base = np.array([lines[key] for key in RESOURCES]) - sum(row[0, 1:] for row in rows)
    found = rows[0].copy()
    found[:, 1:] += base
    for row in rows[1:]:
        slowest = np.maximum(found[:, None, 0], row[None, :, 0])
        sums = found[:, None, 1:] + row[None, :, 1:]
        found = np.unique(np.concatenate([slowest[..., None], sums], -1).reshape(-1, 4), axis=0)
    return found


@pytest.mark.parametrize("seed", range(8))
def test_the_fastest_that_fits_is_found(seed):
    rng = np.random.default_rng(seed)
    network = small(rng, *[(1, "spikes"), (3, "spikes"), (3, "counts")][seed % 3])
    every, pace = all_foldings(network), max(64, network.facts["p"].cycles)
    for _ in range(12):
        row = every[rng.integers(len(every))]
        kept = rng.random(3) < 0.6
        bounds = {key: int(row[i + 1]) for i, key in enumerate(RESOURCES) if kept[i]}
        fits = np.all([every[:, i + 1] <= bounds.get(key, 1 << 60) for i, key in enumerate(RESOURCES)], axis=0)
        made = fold(network, Budget(**bounds))
        assert made.cycles == max(every[fits, 0].min(), pace) * network.passes
        assert all(used(made)[key] <= bound for key, bound in bounds.items())


def test_a_frame_rate_is_reached_with_one_resource_least():
    network = small(np.random.default_rng(3), 2)
    every = all_foldings(network)
    for cycles in np.unique(every[:, 0])[::3]:
        rate = 1e6 / (cycles * network.passes)
        made = fold(network, Budget(frames_per_second=rate * 0.999, clock=1e6, dsp=10**6))
        assert made.cycles <= cycles * network.passes * 1.01
        assert used(made)["dsp"] <= 10**6
    least = int(every[every[:, 0] <= cycles, 1].min())
    assert used(fold(network, Budget(frames_per_second=rate * 0.999, clock=1e6, dsp=least)))["dsp"] == least


def paced(layer: Layer, sides: tuple[int, ...], out: tuple[int, ...], steps: int) -> int:
    """Cycles from a frame's first window to the next frame's, window after window: each begins when the cores are free
    and the last token that it needs has come, one a cycle."""
    sizes = [max(n + p, (o - 1) * s + k) for n, o, k, s, p in
             zip(sides, out, layer.kernel, layer.stride, layer.padding, strict=True)]  # fmt: skip
    last = [(r * layer.stride[0] + layer.kernel[0] - 1) * sizes[1] + c * layer.stride[1] + layer.kernel[1] - 1
            for frame in range(2) for r in range(out[0]) for c in range(out[1])]  # fmt: skip
    last[len(last) // 2 :] = [at + sizes[0] * sizes[1] for at in last[len(last) // 2 :]]
    began = [0]
    for before, after in itertools.pairwise(last):
        began.append(began[-1] + max(steps, after - before))
    return began[len(last) // 2]


@pytest.mark.parametrize("kernel, stride, padding", [((1, 1), (1, 1), (0, 0)), ((3, 2), (1, 1), (1, 0)),
                                                     ((2, 3), (2, 3), (1, 2)), ((3, 3), (1, 2), (0, 1))])
def test_cycles_are_those_of_windows_one_after_the_other(kernel, stride, padding):
    weights = np.ones(4 * 2 * kernel[0] * kernel[1], np.int64)
    for omega, kappa in itertools.product((1, 2, 3, 4), (1, 2, 3)):
        layer = {"name": "a", "kind": "conv2d", "channels": 4, "kernel": kernel, "stride": stride, "padding": padding,
                 "weights": weights, "omega": omega, "kappa": kappa}  # fmt: skip
        network = SnnConfig(input_shape=(2, 7, 8), layers=[layer])
        facts = network.facts["a"]
        steps = ceil(ceil(facts.synapses / 8) / kappa) * ceil(4 / omega)
        assert facts.cycles == paced(network.layers[0], (7, 8), facts.shape[1:], steps)
        assert network.cycles == max(56, facts.cycles)
        # The formula of DeepFire2, where no walk is longer than the cores' work.
        if stride == (1, 1) and steps >= 8 * kernel[0]:
            assert facts.cycles == facts.shape[1] * facts.shape[2] * steps


def test_tokens_and_layers_without_weights_bound_the_cycles():
    network = small(np.random.default_rng(0))
    facts = network.facts
    assert facts["c"].cycles == max(ceil(facts["c"].synapses / 8) * facts["c"].shape[0], facts["f"].shape[0] // 4)
    assert facts["f"].cycles == np.prod(facts["f"].grid[1:])
    assert fold(network).cycles == max(64, *(row.cycles for row in fold(network).facts.values())) == 64


def test_a_deep_network_takes_milliseconds():
    rng = np.random.default_rng(1)
    layers = [{"name": f"c{i}", "kind": "conv2d", "channels": 64, "kernel": (3, 3), "padding": (1, 1),
               "neuron": {"threshold": 50}, "weights": rng.integers(-8, 8, 64 * (3 if i == 0 else 64) * 9)}
              for i in range(12)]  # fmt: skip
    network = SnnConfig(input_shape=(3, 32, 32), input="pixels", layers=layers)
    began = time.process_time()
    made = fold(network, Budget(dsp=2000, lut=200000, bram=300))
    assert time.process_time() - began < 2
    assert used(made)["dsp"] <= 2000 and used(made)["bram"] <= 300
    assert made.cycles < network.cycles / 100


@pytest.mark.parametrize("asked, sentence", [
    ({"dsp": -1}, "dsp must be at least 0, not -1"),
    ({"clock": 0}, "clock must be a positive number, not 0"),
    ({"frames_per_second": float("inf")}, "frames_per_second must be a positive number, not inf"),
    ({"adders": "none"}, "adders must be dsp or lut, not 'none'"),
    ({"dsp": 1}, "budget must be at least dsp = 6 (the nearest that would do, at 455581 frames/s and 2e+08 Hz), not "
                 "dsp = 1"),
    ({"frames_per_second": 1e9}, "frames_per_second must be at most 3.125e+06 at 2e+08 Hz, not 1e+09: with all at "
                                 "once a step takes 64 cycles"),
])  # fmt: skip
def test_a_budget_that_no_folding_meets_names_the_nearest(asked, sentence):
    rng = np.random.default_rng(7)
    network = small(rng)
    with pytest.raises(ConfigError) as caught:
        fold(network, Budget(**asked))
    assert str(caught.value) == sentence
    if "dsp" in asked and asked["dsp"] == 1:
        assert all_foldings(network)[:, 1].min() == 6
