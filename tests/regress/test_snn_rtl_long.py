"""Spiking networks as Verilog on real data: every image, every layer's map, at several foldings; events; what a
synapse costs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nervure.generators.emit import emit
from nervure.generators.flow.synth import synth
from nervure.generators.importers.nir import read_nir
from nervure.generators.importers.quantise import Options, quantise
from nervure.generators.registry import get_unit
from nervure.generators.snn.fold import Budget, fold, folded
from nervure.generators.snn.maps import compare
from nervure.generators.train.events import Saccades, events
from nervure.generators.train.shipped import mnist_pixels
from nervure.generators.train.snn import test_images as images_of
from nervure.hw.snn.config import SnnConfig
from nervure.verif.batch import BatchModel
from nervure.verif.snn import ends, expect
from nervure.verif.snn.stimulus import beats_of

from .data import folder


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("network", ["digits", "mnist"])
def test_every_map_of_every_test_image(network, tmp_path):
    if network != "digits":
        folder("mnist")
    config = get_unit("snn").make({"network": network})
    images, _ = images_of(network)
    maps = compare(config, images, tmp_path / "maps")
    assert not [found for found in maps if found.wrong]
    # The closed form is the slowest layer's; a faster one alone also waits for its lines to fill.
    assert maps[-1].cycles <= 1.05 * maps[-1].closed_form
    part = images[:100]
    given = beats_of(config, part)
    result = BatchModel(emit(config, tmp_path / "whole")).run(given, ends=ends(config, given), stall_out=0.5)
    assert np.array_equal(result.outputs["y"], expect(config, given)["y"])


@pytest.mark.parametrize("foldings", [
    {}, {"conv1": (4, 1), "conv2": (8, 2), "classes": (2, 1)}, {"conv1": (12, 2), "conv2": (24, 2), "classes": (10, 1)},
])  # fmt: skip
def test_a_frame_takes_the_cycles_of_the_closed_form(foldings, tmp_path):
    config = folded(get_unit("snn").make({"network": "digits"}), foldings)
    images, _ = images_of("digits")
    given = beats_of(config, images[:200])
    result = BatchModel(emit(config, tmp_path)).run(given, ends=ends(config, given))
    assert np.array_equal(result.outputs["y"], expect(config, given)["y"])
    # The first frame fills the pipeline, the rest follow without a pause.
    assert result.cycles / 200 <= 1.05 * config.cycles


def test_the_nir_papers_network_on_moving_digits_is_spike_exact(tmp_path):
    """100 samples of 30 steps: every layer's spikes of every neuron, added up, and the outputs, by the Verilog."""
    _, _, pixels, _ = mnist_pixels()
    x = events(torch.tensor(pixels[:100]).reshape(-1, 28, 28), Saccades(steps=30)).numpy()
    config = quantise(read_nir(folder("nir") / "cnn_sinabs.nir", "sinabs"), Options(steps=30))
    config: SnnConfig = fold(config, Budget(clock=60000.0, frames_per_second=1.0))
    maps = compare(config, x, tmp_path)
    assert not [found for found in maps if found.wrong]
    assert maps[-1].cycles <= 1.05 * maps[-1].closed_form


@pytest.mark.parametrize("bits", [4, 8])
def test_the_and_of_spike_and_weight_costs_no_lut(bits, tmp_path):
    """The same core with logic instead takes about a LUT more for each bit of each of the 64 weights of a cycle."""
    half, luts = 1 << (bits - 1), {}
    weights = np.random.default_rng(0).integers(-half, half, (32, 64))
    layer = {"name": "core", "kind": "dense", "channels": 32, "weights": weights, "weight_bits": bits, "omega": 8,
             "neuron": {"threshold": 4 * half, "membrane_width": bits + 7}}  # fmt: skip
    for gate in ("reset", "and"):
        report = synth(emit(SnnConfig(input_shape=(64,), layers=(layer,), gate=gate), tmp_path / gate), "xcup")
        luts[gate] = report.lut
    assert luts["and"] - luts["reset"] >= 0.9 * 64 * bits
