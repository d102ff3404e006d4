"""Configs of neurons and networks: sentences about what cannot be, the way to a file and back, what follows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from nervure.generators.registry import load
from nervure.generators.snn import PRESETS, derive, networks, operations, predict, shipped, wish
from nervure.golden.snn import run
from nervure.hw.config import ConfigError
from nervure.hw.snn.config import SnnConfig
from nervure.hw.snn.config.layer import Layer
from nervure.hw.snn.config.neuron import Neuron

CONV = {"name": "conv", "kind": "conv2d", "channels": 3, "kernel": (3, 3), "weights": [1] * 54,
        "neuron": {"threshold": [5, 6, 7], "compare": ">", "reset": "value", "reset_value": -2}}  # fmt: skip
POOL = {"name": "pool", "kind": "max_pool", "kernel": (2, 2), "stride": (2, 2)}
FLAT = {"name": "flat", "kind": "flatten"}
DENSE = {"name": "dense", "kind": "dense", "channels": 4, "weights": [-2, 1, 0] * 16, "bias": [1, 2, 3, 4]}
GOOD = {"network": "a 2-b", "input_shape": (2, 6, 6), "steps": 3, "layers": [CONV, POOL, FLAT, DENSE]}


def test_a_network_to_a_file_and_back(tmp_path):
    config = SnnConfig(**GOOD)
    path = tmp_path / "network.toml"
    path.write_text(config.to_toml())
    again = SnnConfig.from_toml(path)
    assert again == config and again.digest == config.digest
    assert config.module_name.startswith("snn_a_2_b_")
    assert SnnConfig(**config.to_dict()) == config
    # A changed weight is another network.
    layers = [*GOOD["layers"][:3], DENSE | {"weights": [-2, 1, 1] * 16}]
    assert SnnConfig(**GOOD | {"layers": layers}).module_name != config.module_name


def test_what_follows():
    config = SnnConfig(**GOOD)
    assert [facts.shape for facts in config.facts.values()] == [(3, 4, 4), (3, 2, 2), (12,), (4,)]
    assert config.facts["conv"].sums == (0, 18) and config.facts["conv"].values == (0, 1)
    assert config.facts["dense"].values == (-7, 8) and config.total_range == (-21, 24)
    # Nine steps a window are more than the walk to the next row (3), less than that to the next frame (15).
    assert config.cycles == 3 * (15 * math.ceil(18 / 8) * 3 + 15)
    assert config.num_weights == 54 + 48 and config.num_parameters == 102 + 3 + 4
    assert operations(config) == 3 * (48 * 18 + 4 * 12)
    assert derive(config)["layers"]["conv"] == {"shape": [3, 4, 4], "synapses": 18, "sum_bits": 6, "cycles": 150}


@pytest.mark.parametrize("changed, sentence", [
    ({"steps": 0}, "steps must be at least 1, not 0"),
    ({"layers": []}, "layers must be at least one, not none"),
    ({"input_shape": (2, 6)},
     "input_shape must be (channels, rows, columns) or (numbers,) of at most 4194304 numbers, not (2, 6)"),
    ({"input_shape": (3, 6, 6)},
     "layer conv (conv2d) must take 2 channels in 1 groups, but input gives shape (3, 6, 6)"),
    ({"input_shape": (2, 2, 6)}, "layer conv (conv2d) must take at least 3 rows and 3 columns, but input gives shape "
                                 "(2, 2, 6)"),
    ({"layers": [CONV, DENSE]}, "layer dense (dense) must take shape (12,), but conv gives shape (3, 4, 4)"),
    ({"layers": [CONV, POOL, FLAT, DENSE | {"weights": [0] * 52}]},
     "layer dense (dense) must take shape (13,), but flat gives shape (12,)"),
    ({"layers": [CONV, POOL, FLAT, POOL | {"name": "again"}]},
     "layer again (max_pool) must take a shape (channels, rows, columns), but flat gives shape (12,)"),
    ({"layers": [CONV, {"name": "sum", "kind": "add", "sources": ("conv", "input")}]},
     "layer sum (add) must take sources of one shape, but conv gives shape (3, 4, 4) and input (2, 6, 6)"),
    ({"layers": [CONV | {"weights": [1.0, math.nan] * 27}]}, "layer conv: weights must be finite, not nan"),
    ({"layers": [CONV | {"weights": [1, math.inf] * 27}]}, "layer conv: weights must be finite, not inf"),
    ({"layers": [CONV | {"weights": [0.5] * 54}]}, "layer conv: weights must be integers, not 0.5"),
    ({"layers": [CONV | {"weights": ["x"] * 54}]}, "layer conv: weights must be integers, not 'x'"),
    ({"layers": [CONV | {"weights": [128] * 54}]},
     "layer conv: weights must be integers of 8 bits (-128 to 127), not 128"),
    ({"layers": [CONV | {"weights": [-9] * 54, "weight_bits": 4}]},
     "layer conv: weights must be integers of 4 bits (-8 to 7), not -9"),
    ({"layers": [CONV | {"neuron": {"threshold": 0}}]}, "layer conv: neuron: threshold must be at least 1, not 0"),
    ({"layers": [CONV | {"neuron": {"threshold": [1, -4]}}]},
     "layer conv: neuron: threshold must be at least 1, not -4"),
    ({"layers": [CONV | {"neuron": {"threshold": [1, 2]}}]},
     "threshold of layer conv must be one, 3 or 48 numbers, not 2"),
    ({"layers": [CONV | {"bias": [1]}]}, "bias of layer conv must be none, 3 or 48 numbers, not 1"),
    ({"layers": [CONV | {"name": "wire"}]},
     "layer wire: name must be a Verilog identifier other than input, not 'wire'"),
    ({"layers": [CONV, CONV]}, "names of layers must be different, not twice conv"),
    ({"layers": [CONV, POOL | {"sources": ("flat",)}, FLAT]},
     "sources of layer pool must be input or layers before it, not flat"),
    ({"layers": [CONV, CONV | {"name": "two", "sources": ("input",)}]},
     "layer conv must be a source of another layer, or the last one"),
    ({"code": "counts"}, "code=counts requires max_spikes=3 of neurons, not 1 (layer conv)"),
    ({"input_high": 3}, "input_high=3 requires input=counts, not input=spikes"),
    ({"output": "class", "layers": [FLAT, DENSE | {"channels": 1, "weights": [1] * 72, "bias": ()}]},
     "output=class requires at least 2 outputs, not 1"),
    ({"layers": [CONV | {"padding": (3, 0)}]},
     "layer conv: kernel and stride must be 1 to 15 and padding less than the kernel, not 3, 1 and 3"),
    ({"layers": [POOL | {"weights": [1]}]}, "layer pool: weights must not be given for kind=max_pool"),
    ({"layers": [CONV | {"kind": "conv3d"}]},
     "layer conv: kind must be conv2d, depthwise, dense, recurrent, sum_pool, average_pool, max_pool, flatten or add, "
     "not 'conv3d'"),
    ({"layers": [CONV | {"strides": 1}]}, "layer conv: unknown key 'strides' for layer; did you mean stride?"),
    ({"step_seconds": 0.0}, "step_seconds must be greater than 0, not 0.0"),
])  # fmt: skip
def test_errors_of_networks(changed, sentence):
    with pytest.raises(ConfigError) as caught:
        SnnConfig(**GOOD | changed)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("fields, sentence", [
    ({"threshold": ()}, "threshold must be at least one number, not none"),
    ({"threshold": 3, "membrane_width": 2}, "membrane_width must be at least 4, not 2"),
    ({"threshold": 200, "membrane_width": 8}, "threshold must fit a membrane of 8 bits, not 200"),
    ({"threshold": 1, "reset_value": -200, "membrane_width": 8}, "reset_value must fit a membrane of 8 bits, not -200"),
    ({"threshold": 1, "leak": "multiplier", "leak_shift": 2, "leak_multiplier": 5},
     "leak_multiplier must be at most 2^leak_shift = 4, not 5"),
    ({"threshold": 6, "levels": 2}, "levels=2 requires thresholds that are multiples of 4, not 6"),
    ({"threshold": 8, "levels": 2, "max_spikes": 2}, "levels=2 requires max_spikes=1, not 2"),
    ({"threshold": 8, "reset": "none", "reset_delay": True},
     "reset_delay=true requires a reset, refractory=0 and rearm=false"),
    ({"threshold": 8, "reset": "value", "rearm": True},
     "rearm=true requires reset=subtract, max_spikes=1, levels=0 and refractory=0"),
    ({"threshold": 8, "compare": ">>"}, "compare must be > or >=, not '>>'"),
    ({"threshold": 8, "refractory": True}, "refractory must be an integer, not true"),
])  # fmt: skip
def test_errors_of_neurons(fields, sentence):
    with pytest.raises(ConfigError) as caught:
        Neuron(**fields)
    assert str(caught.value) == sentence


def test_parts_document_their_parameters():
    import inspect
    import re

    for part in (Neuron, Layer):
        section = inspect.getdoc(part).split("Parameters\n----------\n")[1]
        lines = re.findall(r"^(\w[\w, ]*?)(?: :.*)?$", section, re.M)
        names = {name.strip() for line in lines for name in line.split(",")}
        assert set(part.model_fields) <= names


def test_shipped_networks_are_what_they_say():
    assert set(PRESETS) == {*networks(), "pair"} and "digits" in networks()
    for name in networks():
        config = SnnConfig(**wish({"network": name}))
        assert config.output == "class" and config.code == "counts"
        assert shipped(name)["trained"]["held_out_accuracy"] > 0.97
    with pytest.raises(ConfigError, match=r"unknown network 'digit'; did you mean digits\?"):
        wish({"network": "digit"})
    with pytest.raises(ConfigError, match="steps requires layers: a network is named, or given as a whole"):
        wish({"steps": 3})


def test_the_digits_network_on_the_test_images():
    data = load("nervure.generators.train.snn").digits()
    config = SnnConfig(**wish({"network": "digits"}))
    found = predict(config, data[2].reshape(-1, 1, 8, 8))
    assert np.mean(found == data[3]) == pytest.approx(shipped("digits")["trained"]["test_accuracy"], abs=0)


def test_frames_that_do_not_fit_are_refused(tmp_path):
    config = SnnConfig(**GOOD)
    (tmp_path / "network.toml").write_text(config.to_toml())
    x = torch.randint(0, 2, (5, 3, 2, 6, 6), generator=torch.Generator().manual_seed(1))
    assert np.array_equal(predict(tmp_path, x.numpy()), run(config, x).classes.numpy())
    for bad, sentence in [
        (np.zeros((1, 2, 5, 6), int), "frames must be of shape"),
        (np.full((1, 2, 6, 6), 2), "frames must be integers of 0 to 1"),
        (np.zeros((1, 2, 6, 6)), "frames must be integers"),
    ]:
        with pytest.raises(ConfigError, match=sentence):
            predict(config, bad)


@pytest.mark.parametrize("name", ["größer", 'a"b\\c', "line\nbreak", "😀 \x7f"])
def test_any_name_goes_to_a_file_and_back(tmp_path, name):
    config = SnnConfig(**GOOD | {"network": name, "step_seconds": 1e-5})
    (tmp_path / "n.toml").write_text(config.to_toml(), encoding="utf-8")
    assert SnnConfig.from_toml(tmp_path / "n.toml") == config
    assert config.module_name.isascii()
