"""Hyperdimensional classifiers: shipped networks are what a nearest class vector says, and training keeps to that."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nervure.generators.ecg import PRESETS, config_of
from nervure.generators.train.hdc import SIZES, Hdc
from nervure.golden.ecg import ecg
from nervure.hw.ecg.config import EcgConfig
from nervure.verif import ecg as bench


def nearest(weights: np.ndarray, m: np.ndarray, classes: np.ndarray, steps: int, n: np.ndarray):
    """Class and numbers of equal bits, by bits alone: an encoder of signs, and Hamming distances."""
    bits = (n @ weights.T + steps * m >= 1).astype(np.uint8)
    distance = np.array([[np.count_nonzero(row != vector) for vector in classes] for row in bits])
    return distance.argmin(1), classes.shape[1] - distance


@pytest.mark.parametrize("size", SIZES)
def test_shipped_networks_are_nearest_class_vectors(size):
    config = config_of(**PRESETS[f"hdc{size}"])
    assert config.widths == (64, size, 5) and not config.saturates
    scale = -(-(config.steps + 1) // 4)
    weights, biases = np.array(config.weights[0]), np.array(config.biases[0])
    assert set(np.unique(weights)) <= {-scale, 0, scale} and not (biases % scale).any()
    assert set(config.thetas[0]) == {1}
    classes = (np.array(config.weights[1]) + 1) // 2
    assert config.biases[1] == tuple((classes == 0).sum(1))
    n = bench.stimulus(config, 300, seed=1)["n"].astype(np.int64)
    label, equal = nearest(weights // scale, biases // scale, classes, config.steps, n)
    found = ecg(config, torch.from_numpy(n))
    np.testing.assert_array_equal(found.label.numpy(), label)
    np.testing.assert_array_equal(found.sums.numpy(), config.steps * equal)


@pytest.mark.parametrize("steps", [1, 3, 7, 15, 63])
def test_what_is_trained_is_what_is_exported(steps):
    draw = torch.Generator().manual_seed(steps)
    network = Hdc(9, 24, 4, steps, draw)
    with torch.no_grad():
        network.offset.copy_(torch.randn(24, generator=draw) * 2)
    scale = -(-(steps + 1) // 4)
    config = EcgConfig(widths=(9, 24, 4), steps=steps, weight_bits=(max(2, scale.bit_length() + 1), 2), bias_bits=10,
                       accumulator=20, **network.integers())  # fmt: skip
    n = torch.randint(0, steps + 1, (400, 9), generator=draw)
    with torch.no_grad():
        equal = network(n.float())
    torch.testing.assert_close(ecg(config, n).sums.float(), steps * equal)
    assert sum(parameter.grad is not None for parameter in network.parameters()) == 0
    network(n.float()).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in network.parameters())
