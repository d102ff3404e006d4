"""Golden models of spiking neurons and networks against snnTorch, the equations of NIR, torch and plain loops."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
import torch
from nervure.golden.snn import run, summed
from nervure.golden.snn.neuron import State, step
from nervure.golden.ssf import counts
from nervure.hw.snn.config import SnnConfig
from nervure.hw.snn.config.neuron import Neuron
from torch.nn import functional

from .neuron_laws import LAWS, plain

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def spikes_of(law: Neuron, inputs: torch.Tensor, theta: torch.Tensor | None = None):
    """Spikes and membranes of neurons (steps, neurons) driven by integers."""
    theta = torch.tensor(law.threshold) if theta is None else theta
    state, spikes, membranes = State.zeros(inputs.shape[1:]), [], []
    for x in inputs:
        s, state = step(law, theta, state, x)
        spikes.append(s)
        membranes.append(state.membrane)
    return torch.stack(spikes), torch.stack(membranes)


@pytest.mark.parametrize("delay", [True, False])
@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
@pytest.mark.parametrize("leak", ["none", "multiplier", "shift"])
def test_snntorch_leaky_spike_for_spike(leak, reset, delay):
    """snnTorch's own Leaky on the same integers; its state is rounded as the law says, by its own option."""
    import snntorch

    beta, rounding = {"none": (1.0, None), "multiplier": (230 / 256, torch.floor),
                      "shift": (1 - 1 / 16, torch.ceil)}[leak]  # fmt: skip
    theirs = snntorch.Leaky(beta=torch.tensor(beta, dtype=torch.float64), threshold=torch.tensor(40.0).double(),
                            reset_mechanism=reset, reset_delay=delay, state_quant=rounding or False)  # fmt: skip
    law = Neuron(
        threshold=40, compare=">", reset={"zero": "value"}.get(reset, reset), reset_delay=delay and reset != "none",
        rearm=not delay and reset == "subtract", leak=leak, leak_shift={"shift": 4}.get(leak, 8), leak_multiplier=230,
    )  # fmt: skip
    x = torch.randint(-30, 60, (60, 500), generator=torch.Generator().manual_seed(1))
    ours, membranes = spikes_of(law, x)
    # Its memory starts empty, in single precision; given one, it keeps double.
    mem = torch.zeros(500, dtype=torch.float64)
    for t in range(len(x)):
        spk, mem = theirs(x[t].double(), mem)
        assert torch.equal(spk.to(torch.int64), ours[t]), t
        if not (law.reset_delay and reset == "zero"):
            assert torch.equal(mem, membranes[t].double()), t
    assert 0.05 < ours.double().mean() < 0.95


@pytest.mark.parametrize("kind", ["if", "lif", "cubalif"])
def test_nir_reference_equations(kind):
    """The differential equations of NIR, stepped by Euler in exact fractions, with enough fraction bits to be exact."""
    steps, rng = 7, random.Random(2)
    beta, alpha = {"if": (1, 0), "lif": (Fraction(3, 4), 0), "cubalif": (Fraction(3, 4), Fraction(1, 2))}[kind]
    exact = {"if": 0, "lif": 2 * steps, "cubalif": 2 * steps}[kind]
    law = Neuron(
        threshold=50 << exact, compare=">", reset="value", reset_value=-3 << exact, fraction=exact,
        leak="none" if kind == "if" else "multiplier", leak_multiplier=3, leak_shift=2, membrane_width=40,
        current_width=40, **({"current": "shift", "current_shift": 1} if kind == "cubalif" else {}),
    )  # fmt: skip
    assert law.kind == kind
    rows = [[rng.randint(-20, 60) for _ in range(steps)] for _ in range(200)]
    ours, membranes = spikes_of(law, torch.tensor(rows).T << exact)
    for n, row in enumerate(rows):
        v = i = Fraction(0)
        for t, drive in enumerate(row):
            # dt/tau = 1 - beta; the input's gain dt/tau * R is in the weights.
            if kind == "cubalif":
                i = i + (1 - alpha) * -i + drive
            v = v + (1 - beta) * -v + (i if kind == "cubalif" else drive)
            z = v > 50
            v = Fraction(-3) if z else v
            assert (int(z), v * 2**exact) == (int(ours[t, n]), int(membranes[t, n]))


@pytest.mark.parametrize("fields", LAWS, ids=range(len(LAWS)))
def test_every_option_against_a_plain_loop(fields):
    rng = random.Random(3)
    for theta in (64, 128) if fields.get("levels") else (1, 37, 100):
        law = Neuron(threshold=theta, **{"membrane_width": 16, **fields})
        reach = 1 << min(9, law.membrane_width - 1)
        rows = [[rng.randint(-reach // 2, reach) for _ in range(25)] for _ in range(40)]
        spikes, membranes = spikes_of(law, torch.tensor(rows).T)
        for n, row in enumerate(rows):
            assert plain(law, theta, row) == list(zip(spikes[:, n].tolist(), membranes[:, n].tolist(), strict=True))
        assert spikes.max() <= law.highest
        assert law.highest.bit_length() <= 8


def test_shift_levels_at_their_limits():
    """Every membrane of a small neuron: levels of the three rules."""
    for rounding, limits in (("floor", [16, 32, 64]), ("nearest", [8, 24, 48]), ("log", [12, 23, 46])):
        law = Neuron(threshold=64, levels=2, rounding=rounding)
        found, _ = spikes_of(law, torch.arange(-70, 200)[None])
        first = {int(s): int(u) for u, s in reversed(list(zip(range(-70, 200), found[0], strict=True)))}
        assert first == {0: -70, 1: limits[0], 2: limits[1], 4: limits[2]}


def test_counts_equal_the_integer_matrix_product():
    """The law of sum-spikes-and-fire: clip(floor(W n + T b) / theta), whatever the spikes' order; and IF of the sum."""
    rng = np.random.default_rng(4)
    w, n, b = rng.integers(-8, 8, (7, 20)), rng.integers(0, 5, (30, 20)), rng.integers(-9, 9, 7)
    theta = rng.integers(3, 30, 7)
    layers = [{"name": "d", "kind": "dense", "channels": 7, "weights": w, "bias": b,
               "neuron": {"threshold": theta, "max_spikes": 4, "reset": "none"}}]  # fmt: skip
    config = SnnConfig(input_shape=(20,), input="counts", input_high=4, steps=4, code="counts", layers=layers)
    v = n @ w.T + 4 * b
    wanted = np.clip(np.floor_divide(v, theta), 0, 4)
    assert np.array_equal(run(config, torch.from_numpy(n)).totals.numpy(), wanted)
    assert torch.equal(counts(torch.from_numpy(v), torch.from_numpy(theta), 4), torch.from_numpy(wanted))
    # The same as a neuron of one step that may fire T times.
    law = Neuron(threshold=1, max_spikes=4, reset="none")
    fired, _ = step(law, torch.from_numpy(theta), State.zeros(v.shape), torch.from_numpy(v))
    assert np.array_equal(fired.numpy(), wanted)


def naive(layer, a: np.ndarray) -> np.ndarray:
    """Windowed layers by plain loops over (channels, rows, columns)."""
    (kh, kw), (sh, sw), (ph, pw) = layer.kernel, layer.stride, layer.padding
    channels, rows, columns = a.shape
    weighted = layer.kind in ("conv2d", "depthwise")
    outs = layer.channels if weighted else channels
    w = layer.matrix(channels) if weighted else None
    shape = (outs, (rows + 2 * ph - kh) // sh + 1, (columns + 2 * pw - kw) // sw + 1)
    y = np.zeros(shape, np.int64)
    for o, r, c in np.ndindex(shape):
        found = []
        for dr, dc in np.ndindex(kh, kw):
            at = r * sh - ph + dr, c * sw - pw + dc
            inside = 0 <= at[0] < rows and 0 <= at[1] < columns
            if not weighted:
                found += [a[o, at[0], at[1]]] if inside else [] if layer.kind == "max_pool" else [0]
            elif inside:
                each = w.shape[1]
                group = o // (outs // (channels // each)) * each
                found += [w[o, j, dr, dc] * a[group + j, at[0], at[1]] for j in range(each)]
        y[o, r, c] = max(found) if layer.kind == "max_pool" else sum(found)
    return y // (kh * kw) if layer.kind == "average_pool" else y


@pytest.mark.parametrize("fields", [
    {"kind": "conv2d", "channels": 4, "kernel": (3, 2), "stride": (2, 1), "padding": (1, 1)},
    {"kind": "conv2d", "channels": 4, "groups": 2, "kernel": (1, 3), "padding": (0, 2)},
    {"kind": "depthwise", "channels": 8, "kernel": (3, 3), "stride": (3, 3)},
    {"kind": "sum_pool", "kernel": (2, 2), "stride": (2, 2)},
    {"kind": "average_pool", "kernel": (2, 3), "stride": (1, 2), "padding": (1, 0)},
    {"kind": "max_pool", "kernel": (3, 3), "stride": (2, 2), "padding": (2, 2)},
    {"kind": "max_pool", "kernel": (2, 2), "stride": (2, 2), "padding": (1, 1)},
])  # fmt: skip
def test_layers_against_plain_loops(fields):
    rng = np.random.default_rng(5)
    if fields.get("channels"):
        each = {"depthwise": 1}.get(fields["kind"], 4 // fields.get("groups", 1))
        fields = fields | {"weights": rng.integers(-128, 128, (fields["channels"], each, *fields["kernel"]))}
    config = SnnConfig(input_shape=(4, 7, 5), input="pixels", layers=[{"name": "one", **fields}])
    layer, facts = config.layers[0], config.facts["one"]
    x = torch.randint(0, 256, (3, 4, 7, 5))
    ours = summed(layer, facts, [x])
    assert ours.shape[1:] == facts.shape
    for n in range(3):
        assert np.array_equal(ours[n].numpy(), naive(layer, x[n].numpy()))
    if fields["kind"] in ("conv2d", "depthwise"):
        w = torch.tensor(layer.weights).reshape(layer.channels, -1, *layer.kernel)
        assert torch.equal(ours, functional.conv2d(x, w, None, layer.stride, layer.padding, 1, 4 // w.shape[1]))
    low, high = facts.sums
    assert low <= int(ours.min()) and int(ours.max()) <= high


def test_a_network_of_every_kind_against_its_parts():
    """Residual, recurrent, groups, pools before neurons, thresholds by channel and neuron, two tensors of states."""
    rng = np.random.default_rng(6)
    shift = {"threshold": 48, "levels": 2, "leak": "multiplier", "leak_shift": 4, "leak_multiplier": 14}
    layers = [
        {"name": "a", "kind": "conv2d", "channels": 4, "kernel": (3, 3), "padding": (1, 1),
         "weights": rng.integers(-20, 40, (4, 2, 3, 3)), "bias": [1, -2, 3, 0],
         "neuron": {"threshold": [50, 60, 70, 80]}},
        {"name": "b", "kind": "depthwise", "channels": 4, "kernel": (3, 3), "padding": (1, 1),
         "weights": rng.integers(-20, 40, (4, 1, 3, 3))},
        {"name": "c", "kind": "add", "sources": ("a", "b"), "neuron": shift | {"fraction": 1}},
        {"name": "p", "kind": "sum_pool", "kernel": (2, 2), "stride": (2, 2)},
        {"name": "f", "kind": "flatten"},
        {"name": "r", "kind": "recurrent", "channels": 5, "weights": rng.integers(-9, 12, (5, 16)),
         "recurrent": rng.integers(-30, 30, (5, 5)),
         "neuron": {"threshold": [90, 80, 70, 60, 50], "current": "shift", "compare": ">"}},
    ]  # fmt: skip
    config = SnnConfig(input_shape=(2, 4, 4), steps=6, layers=layers)
    x = torch.randint(0, 2, (9, 6, 2, 4, 4), generator=torch.Generator().manual_seed(7))
    trace = run(config, x, keep=True)
    by = {layer.name: layer for layer in config.layers}
    for n in range(9):
        states = {name: State.zeros(config.facts[name].shape) for name in "acr"}
        back = torch.zeros(5, dtype=torch.int64)
        for t in range(6):
            w = {name: torch.tensor(by[name].weights) for name in "abr"}
            a = functional.conv2d(x[n, t][None], w["a"].reshape(4, 2, 3, 3), torch.tensor([1, -2, 3, 0]), 1, 1)[0]
            a, states["a"] = step(by["a"].neuron, torch.tensor([50, 60, 70, 80])[:, None, None], states["a"], a)
            b = functional.conv2d(a[None], w["b"].reshape(4, 1, 3, 3), None, 1, 1, 1, 4)[0]
            c, states["c"] = step(by["c"].neuron, torch.tensor(48), states["c"], 2 * (a + b))
            f = c.unfold(1, 2, 2).unfold(2, 2, 2).sum((-1, -2)).flatten()
            y = w["r"].reshape(5, 16) @ f + torch.tensor(by["r"].recurrent).reshape(5, 5) @ back
            back, states["r"] = step(by["r"].neuron, torch.tensor(by["r"].neuron.threshold), states["r"], y)
            for name, value in (("a", a), ("b", b), ("c", c), ("f", f), ("r", back)):
                assert torch.equal(trace.values[name][n, t], value), (name, t)
    assert torch.equal(trace.totals, trace.values["r"].sum(1))
    for name, facts in config.facts.items():
        low, high = facts.values
        assert low <= int(trace.values[name].min()) and int(trace.values[name].max()) <= high
