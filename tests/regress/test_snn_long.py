"""Spiking networks on real data: the NIR paper's network on events of moving digits, the shipped ones on MNIST."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from nervure.generators.importers.nir import from_nir, read_nir
from nervure.generators.importers.quantise import Options, quantise
from nervure.generators.snn import networks, shipped, wish
from nervure.generators.train.events import Saccades, events
from nervure.generators.train.shipped import mnist_pixels
from nervure.golden.snn import predict, run
from nervure.golden.snn.real import run_real
from nervure.hw.snn.config import SnnConfig

from .data import folder


@pytest.fixture(scope="module")
def moving():
    """100 test digits as events of 30 steps, and their labels."""
    folder("mnist")
    _, _, pixels, labels = mnist_pixels()
    return events(torch.tensor(pixels[:100]).reshape(-1, 28, 28), Saccades(steps=30)), torch.tensor(labels[:100])


@pytest.mark.parametrize("semantics", ["nir", "sinabs"])
def test_the_nir_papers_network_keeps_its_answers_in_8_bits(moving, semantics):
    """Measured: the same class on 100 of 100 samples by either's rules; the label on 93 by nir's, on 96 by sinabs'."""
    x, labels = moving
    real = read_nir(folder("nir") / "cnn_sinabs.nir", semantics)
    config = quantise(real, Options(steps=30))
    assert [facts.shape for facts in config.facts.values()][-1] == (10,)
    wanted = run_real(real, x, 30)[0].argmax(1)
    found = run(config, x).classes
    assert (found == wanted).double().mean() >= 0.98
    assert (found == labels).double().mean() >= 0.9


def test_the_nir_papers_network_in_8_bits_at_once_and_coarser(moving):
    """One scale a layer, and 4 bits: at least 94 of 100 the same."""
    x, _ = moving
    real = read_nir(folder("nir") / "cnn_sinabs.nir")
    wanted = run_real(real, x, 30)[0].argmax(1)
    for options in (Options(steps=30, scales="layer"), Options(steps=30, bits=4)):
        assert (run(quantise(real, options), x).classes == wanted).double().mean() >= 0.94


def test_one_neuron_of_norse():
    """Random input through the LIF of the file: integers fire in the steps in which the floats fire, at three dt."""
    for dt in (1e-4, 1e-3, 2e-3):
        real = read_nir(folder("nir") / "lif_norse.nir", "norse", dt)
        x = (torch.rand((20, 100, 1), generator=torch.Generator().manual_seed(1)) < 0.5).long()
        wanted = run_real(real, x, 100, keep=True)[1]["affine_0"]
        found = run(quantise(real, Options(steps=100)), x, True).values["affine_0"]
        assert (found == wanted).double().mean() > 0.99 and wanted.any()


def graph_of(node):
    """10 inputs to 40 neurons by weights that single precision holds exactly, and random spikes for 80 steps."""
    import nir

    rng = np.random.default_rng(0)
    w, b = rng.integers(-64, 100, (40, 10)) / 64, rng.integers(-8, 8, 40) / 64
    nodes = {"input": nir.Input({"input": np.array([10])}), "0": nir.Affine(w, b), "1": node,
             "output": nir.Output({"output": np.array([40])})}  # fmt: skip
    x = (torch.rand((30, 80, 10), generator=torch.Generator().manual_seed(1)) < 0.3).double()
    keys = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(keys)), type_check=False), x, x @ torch.tensor(w).T + torch.tensor(b)


def test_sinabs_own_neurons_spike_for_spike():
    """sinabs' IF and LIF as its importer of NIR makes them (`make long` installs it)."""
    import nir
    from sinabs import layers

    ones, theta = np.ones(40), torch.tensor(1.5)
    for node, made in (
        (nir.IF(ones, ones * 1.5), layers.IAF(spike_threshold=theta, min_v_mem=-theta)),
        (nir.LIF(ones * 8, ones, ones * 0, ones * 1.5),
         layers.LIF(tau_mem=torch.tensor(8.0), spike_threshold=theta, norm_input=False, min_v_mem=None)),
    ):  # fmt: skip
        graph, x, drive = graph_of(node)
        ours = run_real(from_nir(graph, "sinabs"), x, 80, keep=True)[1]["affine_0"]
        with torch.no_grad():
            assert torch.equal(made.double()(drive), ours) and ours.max() > 1


def test_norses_own_neurons_spike_for_spike():
    """norse's IF, LIF and CubaLIF as its importer of NIR makes them (`make long` installs it)."""
    import nir
    from norse.torch.functional import reset
    from norse.torch.utils import import_nir as importer

    ones = np.ones(40, np.float32)
    for node in (nir.IF(ones, ones * 1.5), nir.LIF(ones * 0.008, ones, ones * 0, ones * 1.5),
                 nir.CubaLIF(ones * 0.004, ones * 0.01, ones * 3, ones * 0, ones * 0.5, w_in=ones * 2)):  # fmt: skip
        graph, x, drive = graph_of(node)
        ours = run_real(from_nir(graph, "norse"), x, 80, keep=True)[1]["affine_0"]
        cell, state = importer._import_norse_module(node, True, reset.reset_value, 0.001), None
        for t in range(80):
            with torch.no_grad():
                spikes, state = cell(drive[:, t].float(), state)
            assert torch.equal(spikes.to_dense().double(), ours[:, t]), t
        assert ours.any()


@pytest.mark.parametrize("name", [name for name in networks() if name.startswith("mnist")])
def test_shipped_networks_of_mnist(name):
    """All test images by the golden model of integers: the accuracy that the file says, over the bar."""
    folder("mnist")
    config = SnnConfig(**wish({"network": name}))
    _, _, pixels, labels = mnist_pixels()
    share = (predict(config, torch.tensor(pixels).reshape(-1, 1, 28, 28)) == torch.tensor(labels)).double().mean()
    assert float(share) == shipped(name)["trained"]["test_accuracy"]
    assert share >= (0.990 if config.steps == 1 else 0.993)
    assert config.num_parameters <= 110_000
