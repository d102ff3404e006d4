"""Counts of activity by plain loops, and whether a network pays."""

from __future__ import annotations

import numpy as np
import torch
from nervure.generators.snn import wish
from nervure.generators.snn.energy import activity, answer
from nervure.generators.train.snn import digits
from nervure.golden.snn import run
from nervure.hw.snn.config import SnnConfig


def test_counts_by_plain_loops():
    rng = np.random.default_rng(0)
    layers = [
        {"name": "c", "kind": "conv2d", "channels": 2, "kernel": (2, 2), "padding": (1, 0), "neuron": {"threshold": 9},
         "weights": rng.integers(-8, 8, 8), "weight_bits": 4},
        {"name": "f", "kind": "flatten"},
        {"name": "r", "kind": "recurrent", "channels": 3, "weights": rng.integers(-8, 8, 3 * 16),
         "recurrent": rng.integers(-8, 8, 9), "neuron": {"threshold": 9, "max_spikes": 3}},
    ]  # fmt: skip
    config = SnnConfig(input_shape=(1, 3, 3), steps=4, layers=layers)
    x = torch.randint(0, 2, (5, 4, 1, 3, 3), generator=torch.Generator().manual_seed(1))
    found = {one.name: one for one in activity(config, x)}
    values = run(config, x, True).values
    met = 0
    for n, t, row, column, down, right in np.ndindex(5, 4, 4, 2, 2, 2):
        r = row + down - 1
        met += 2 * int(x[n, t, 0, r, column + right]) if 0 <= r < 3 else 0
    assert found["c"].synaptic_operations == met / 5
    dense = 3 * int((values["f"] != 0).sum()) + 3 * int((values["r"][:, :3] != 0).sum())
    assert found["r"].synaptic_operations == dense / 5
    assert found["c"].most_operations == 4 * 4 * 16 and found["c"].weight_bits_read == 4 * 4 * 4 * 16
    assert found["c"].membrane_accesses == 2 * 16 * 4
    assert found["r"].spikes == float(values["r"].sum()) / 5 and found["r"].spike_bits == 3 * 4 * 2
    assert found["c"].rate == float(values["c"].double().mean())


def test_the_digits_network_is_told_whether_it_pays():
    config = SnnConfig(**wish({"network": "digits"}))
    found = activity(config, torch.tensor(digits()[2].reshape(-1, 1, 8, 8)))
    assert [one.name for one in found] == ["conv1", "conv2", "classes"]
    said = answer(config, found)
    assert "break-even at T = 4 and 4-bit weights is 7.2%" in said and said.endswith("below it")
