"""Importers: NIR graphs by each tool's rules, torch and snnTorch modules, files that are not to be trusted."""

from __future__ import annotations

import json
import math
import os
import warnings

import numpy as np
import pytest
import torch
from nervure.generators.importers.compile import compile_model, import_model
from nervure.generators.importers.modules import folded, from_modules, portable
from nervure.generators.importers.nir import from_nir, read_nir
from nervure.generators.importers.quantise import Options, quantise
from nervure.generators.train.events import Saccades, events
from nervure.golden.snn import run
from nervure.golden.snn.real import RealLayer, run_real
from nervure.hw.config import ConfigError
from nervure.hw.snn.config import SnnConfig
from torch import nn

from .nir_graphs import chain, conv_graph, lif, spiking_if

warnings.filterwarnings("ignore", category=DeprecationWarning)
import nir  # noqa: E402
import snntorch  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def test_a_graph_of_convolutions_in_integers():
    rng = np.random.default_rng(0)
    real = from_nir(conv_graph(rng))
    kinds = ["conv2d", "sum_pool", "conv2d", "average_pool", "flatten", "dense"]
    assert [layer.kind for layer in real.layers] == kinds
    config = quantise(real, Options(steps=12))
    # The mean's divisor is in the weights after it.
    assert [layer.kind for layer in config.layers] == [kind.replace("average", "sum") for kind in kinds]
    assert config.semantics == "nir" and config.step_seconds is None
    x = torch.randint(0, 2, (40, 12, 2, 8, 8), generator=torch.Generator().manual_seed(2))
    wanted, values = run_real(real, x, 12, keep=True)
    trace = run(config, x, keep=True)
    for name in ("Conv2d_0", "Conv2d_3", "Linear_7"):
        found = trace.values[name.lower()]
        assert 0.05 < found.double().mean() < 0.9
        # Its weights fit 8 bits as they are, so that nothing is rounded: every spike is the same.
        assert torch.equal(found, values[name.lower()].to(torch.int64))
    assert torch.equal(trace.totals, wanted.to(torch.int64))


LAW = {"nir": (">", "value", 1), "sinabs": (">=", "subtract", 99), "norse": (">", "value", 1),
       "snntorch": (">", "value", 1)}  # fmt: skip


@pytest.mark.parametrize("semantics", LAW)
def test_lif_of_each_tool_by_its_own_equations(semantics):
    """One neuron, plain floats: the table of rules."""
    tau, r, theta, leak, dt = 0.01, 2.0, 0.5, 0.0 if semantics == "sinabs" else 0.1, 1e-3
    graph = chain(nir.Affine(np.array([[0.8]]), np.array([0.3])), lif(1, tau, r, theta, 0.0, leak), shape=(1,))
    x = torch.randint(0, 2, (20, 60, 1), generator=torch.Generator().manual_seed(3)).double()
    _, found = run_real(from_nir(graph, semantics, dt), x, 60, keep=True)
    compare, reset, most = LAW[semantics]
    for n in range(20):
        v = 0.0
        for t in range(60):
            drive = 0.8 * float(x[n, t]) + 0.3
            if semantics == "sinabs":
                e = math.exp(-dt / tau)
                v = e * v + r * drive
            else:
                v += dt / tau * ((leak - v) + r * drive)
            s = 0
            while s < most and (v > (s + 1) * theta if compare == ">" else v >= (s + 1) * theta):
                s += 1
            assert float(found["affine_0"][n, t, 0]) == s
            v = v - s * theta if reset == "subtract" else 0.0 if s else v


@pytest.mark.parametrize("semantics", ["nir", "norse", "snntorch"])
def test_a_recurrent_graph_of_currents(semantics, tmp_path):
    """CubaLIF with weights back to itself, from a file, in plain floats; then in integers."""
    rng, n, dt = np.random.default_rng(4), 6, 1e-3
    ones = np.ones(n)
    neuron = nir.CubaLIF(tau_syn=ones * 0.004, tau_mem=ones * 0.01, r=ones * 1.5, v_leak=ones * 0,
                         v_threshold=ones * 0.4, v_reset=ones * 0, w_in=ones * 2)  # fmt: skip
    w, b, back = rng.normal(size=(n, 3)) * 2, rng.normal(size=n) * 0.1, rng.normal(size=(n, n))
    nodes = {"input": nir.Input({"input": np.array([3])}), "w in": nir.Affine(w, b), "lif.lif": neuron,
             "lif.w_rec": nir.Linear(back), "output": nir.Output({"output": np.array([n])})}  # fmt: skip
    edges = [("input", "w in"), ("w in", "lif.lif"), ("lif.lif", "lif.w_rec"), ("lif.w_rec", "lif.lif"),
             ("lif.lif", "output")]  # fmt: skip
    path = tmp_path / "braille.nir"
    nir.write(path, nir.NIRGraph(nodes, edges, type_check=False))
    real = read_nir(path, semantics, dt)
    assert [(layer.name, layer.kind) for layer in real.layers] == [("w_in", "recurrent")]
    x = torch.randint(0, 2, (15, 50, 3), generator=torch.Generator().manual_seed(5))
    _, found = run_real(real, x, 50, keep=True)
    for k in range(15):
        v, i, s = np.zeros(n), np.zeros(n), np.zeros(n)
        for t in range(50):
            i = i + dt / 0.004 * (-i + 2 * (w @ x[k, t].numpy() + b + back @ s))
            v = v + dt / 0.01 * (-v + 1.5 * i)
            s = (v > 0.4).astype(float)
            assert np.array_equal(found["w_in"][k, t].numpy(), s), (k, t)
            v = np.where(s > 0, 0, v)
    config = quantise(real, Options(steps=50))
    assert config.layers[0].neuron.kind == "cubalif" and config.step_seconds == dt
    same = (run(config, x, True).values["w_in"] == found["w_in"].to(torch.int64)).double().mean()
    assert same > 0.97 and 0.05 < found["w_in"].mean() < 0.8


def test_branches_add_up_and_graphs_inside_are_opened():
    rng = np.random.default_rng(6)
    inner = chain(nir.Linear(rng.normal(size=(4, 3))), shape=(3,))
    nodes = {"i": nir.Input({"input": np.array([3])}), "sub": inner, "b": nir.Linear(rng.normal(size=(4, 3))),
             "n": spiking_if(4), "o": nir.Output({"output": np.array([4])})}  # fmt: skip
    edges = [("i", "sub"), ("i", "b"), ("sub", "n"), ("b", "n"), ("n", "o")]
    real = from_nir(nir.NIRGraph(nodes, edges, type_check=False))
    assert [layer.kind for layer in real.layers] == ["dense", "dense", "add"]
    x = torch.randint(0, 2, (50, 9, 3), generator=torch.Generator().manual_seed(1))
    config = quantise(real, Options(steps=9))
    assert (run(config, x).totals - run_real(real, x, 9)[0]).abs().max() <= 1


@pytest.mark.parametrize("delay", [True, False])
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_snntorch_modules_are_stepped_as_snntorch_steps_them(reset, delay):
    torch.manual_seed(7)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.MaxPool2d(2),
        snntorch.Leaky(beta=0.5, init_hidden=True, reset_mechanism=reset, reset_delay=delay), nn.Flatten(),
        nn.Linear(36, 5), snntorch.Leaky(beta=0.5, threshold=0.25, init_hidden=True, reset_mechanism=reset,
                                         reset_delay=delay, output=True),
    )  # fmt: skip
    # So many bits that its single precision is exact.
    for part in (model[0], model[4]):
        for tensor in (part.weight, part.bias):
            tensor.data = (tensor.data * 128).round() / 64
    real = from_modules(model, (1, 8, 8))
    x = torch.randint(0, 2, (20, 12, 1, 8, 8), generator=torch.Generator().manual_seed(8))
    _, values = run_real(real, x, 12, keep=True)
    with torch.no_grad():
        theirs = torch.stack([model(x[:, t].float())[0] for t in range(12)], 1)
    assert torch.equal(theirs, values[real.layers[-1].name]) and 0.05 < theirs.mean() < 0.95
    config = quantise(real, Options(steps=12))
    assert config.semantics == "snntorch"
    assert (run(config, x, True).values[config.layers[-1].name] == theirs).double().mean() > 0.97


def test_batch_norm_and_relu_become_thresholds():
    torch.manual_seed(9)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.AvgPool2d(2),
                          nn.Sequential(nn.Dropout(), nn.Conv2d(4, 8, 3), nn.ReLU()), nn.Flatten(),
                          nn.Linear(32, 10)).double().eval()  # fmt: skip
    norm = model[1]
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    norm.weight.data.normal_()
    x = torch.randint(0, 256, (60, 1, 8, 8), generator=torch.Generator().manual_seed(10))
    scaled = x.double() / 255.0
    first = RealLayer("c", "conv2d", (), model[0].weight.detach(), model[0].bias.detach())
    made = folded(first, norm)
    with torch.no_grad():
        wanted = norm(model[0](scaled))
        assert torch.allclose(nn.functional.conv2d(scaled, made.weight, made.bias, padding=1), wanted)
        logits = model(scaled)
    real = from_modules(model, (1, 8, 8), calibration=scaled, steps=31)
    config = quantise(real, Options(input="pixels", steps=31, code="counts", output="class"))
    totals = run(config, x).totals.double()
    step = (totals * logits).sum() / (totals * totals).sum()
    assert (totals * step - logits).abs().max() < 0.1 * logits.abs().max()
    # Every integer threshold is that of the folded weights: 8 bits change counts by one at most, and seldom.
    counts, values = run(config, x, True).values, run_real(real, scaled, 31, "counts", keep=True)[1]
    for name in ("conv2d_0", "conv2d_4_1"):
        gap = (counts[name] - values[name]).abs()
        assert gap.max() <= 2 and (gap == 0).double().mean() > 0.7


@pytest.mark.parametrize("bits, scales, most", [(8, "channel", 0.004), (8, "layer", 0.006), (4, "channel", 0.08)])
def test_weights_are_rounded_to_nearest(bits, scales, most):
    rng = np.random.default_rng(11)
    config = quantise(from_nir(conv_graph(rng)), Options(steps=4, bits=bits, scales=scales))
    weight = conv_graph(np.random.default_rng(11)).nodes["0"].weight
    q = np.array(config.layers[0].weights).reshape(4, 2, 3, 3)
    theta = np.array(config.layers[0].neuron.threshold).reshape(-1, 1, 1, 1) / 2.0**config.layers[0].neuron.fraction
    assert abs(q).max() == (1 << (bits - 1)) - 1
    # The threshold carries the scale: weights over thresholds are those of the graph over its threshold.
    assert np.abs(3 * q / theta - weight).max() < most * np.abs(weight).max()


def test_a_compiled_folder_says_all(tmp_path):
    path = tmp_path / "net.nir"
    nir.write(path, conv_graph(np.random.default_rng(12)))
    config = compile_model(path, tmp_path / "out", Options(steps=5), "sinabs")
    assert sorted(os.listdir(tmp_path / "out")) == ["import.jsonl", "network.toml", "weights.npz"]
    assert SnnConfig.from_toml(tmp_path / "out" / "network.toml") == config
    assert config.semantics == "sinabs" and config.layers[0].neuron.compare == ">="
    said = json.loads((tmp_path / "out" / "import.jsonl").read_text())
    assert said["semantics"] == "sinabs" and said["cycles_per_frame"] == config.cycles
    assert str(tmp_path) not in str(said)
    with np.load(tmp_path / "out" / "weights.npz", allow_pickle=False) as arrays:
        assert np.array_equal(arrays["conv2d_0.weights"], config.layers[0].weights)


def test_a_torch_file_of_tensors_is_the_network(tmp_path):
    torch.manual_seed(13)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 4), snntorch.Leaky(beta=0.5, init_hidden=True))
    real = from_modules(model, (1, 4, 4), "wire ../../x")
    torch.save(portable(real), tmp_path / "m.pt")
    config = compile_model(tmp_path / "m.pt", tmp_path / "out", Options(steps=6))
    assert config == quantise(real, Options(steps=6))
    # Names of a file are not believed.
    data = portable(real)
    data["layers"][1] |= {"name": "../../etc/x; rm", "sources": ["flatten_0"]}
    torch.save(data, tmp_path / "n.pt")
    assert [layer.name for layer in import_model(tmp_path / "n.pt").layers] == ["flatten_0", "etc_x_rm"]


def test_events_of_a_moving_digit():
    """A bar of light moved right by the camera's going left: its right edge lights up, its left edge goes dark."""
    image = torch.zeros((1, 28, 28))
    image[0, 4:24, 12:16] = 255
    found = events(image, Saccades(steps=30))
    assert found.shape == (1, 30, 2, 34, 34) and set(found.unique().tolist()) == {0, 1}
    where = Saccades().positions()
    assert torch.allclose(where[0], where[-1]) and len(where) == 31
    assert not events(torch.zeros((1, 28, 28))).any()
    on, off = found[0, :10, 1].sum((0, 1)).double(), found[0, :10, 0].sum((0, 1)).double()
    columns = torch.arange(34).double()
    # On the first leg the camera looks further right, so the bar goes left.
    assert (on * columns).sum() / on.sum() < (off * columns).sum() / off.sum()


def test_a_reset_below_zero_has_one_scale_for_the_layer():
    rng = np.random.default_rng(14)
    graph = chain(nir.Affine(rng.normal(size=(6, 8)) * 3, np.zeros(6)), lif(6, tau=0.001, reset=-0.2), shape=(8,))
    real = from_nir(graph)
    config = quantise(real, Options(steps=40))
    law = config.layers[0].neuron
    assert len(law.threshold) == 1 and law.reset_value == pytest.approx(-0.4 * law.threshold[0], abs=1)
    x = torch.randint(0, 2, (30, 40, 8), generator=torch.Generator().manual_seed(2))
    found, wanted = run(config, x, True).values["affine_0"], run_real(real, x, 40, keep=True)[1]["affine_0"]
    assert (found == wanted).double().mean() > 0.97 and 0.02 < wanted.mean() < 0.9
    with pytest.raises(ConfigError, match=r"v_reset of node 1 must be 0 with semantics norse, not -0\.2"):
        from_nir(graph, "norse", 1e-4)
