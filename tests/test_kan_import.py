"""From torch to integers: splines are splines, tables are the rounded functions, budgets hold, training is exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from nervure.generators.importers.kan import Numbers, import_kan, scales
from nervure.generators.train.kan import QuantisedKan, QuantisedLayer, Recipe, build, moved, schedule, train
from nervure.generators.train.kan_layer import KanLayer, b_splines, curves
from nervure.generators.train.shipped import digits, integers
from nervure.golden.activation.kan import kan, layers
from nervure.hw.activation.config.kan import KanConfig
from nervure.hw.config import ConfigError
from scipy.interpolate import BSpline


@pytest.mark.parametrize(("intervals", "order"), [(1, 1), (5, 2), (6, 3)])
def test_splines_are_scipys(intervals, order):
    x = np.linspace(-2, 1, 61)
    step = 3 / intervals
    knots = -2 + step * np.arange(-order, intervals + order + 1)
    found = b_splines(torch.from_numpy(x), -2, 1, intervals, order).numpy()
    np.testing.assert_allclose(found.sum(-1), 1)
    for i in range(intervals + order):
        wanted = BSpline.basis_element(knots[i : i + order + 2], extrapolate=False)(x)
        np.testing.assert_allclose(found[:-1, i], np.nan_to_num(wanted)[:-1], atol=1e-12)


def network(seed: int = 0) -> list[KanLayer]:
    generator = torch.Generator().manual_seed(seed)
    first = KanLayer(6, 4, 0.0, 1.0, 0, base="gelu", generator=generator)
    second = KanLayer(4, 3, intervals=5, order=2, generator=generator)
    for layer in (first, second):
        layer.spline_weight.data *= 20
        layer.bias.data = torch.randn(len(layer.bias), generator=generator)
    second.mask[0, 1] = False
    return [first, second]


def test_a_layer_is_the_sum_of_its_curves():
    _, layer = network()
    x = torch.rand(50, 4, dtype=torch.float32) * 4 - 2
    wanted = torch.stack([sum(curves(layer, x[:, j])[:, k, j] for j in range(4)) + layer.bias[k] for k in range(3)], -1)
    torch.testing.assert_close(layer(x), wanted)
    assert (curves(layer, x[:, 0])[:, 0, 1] == 0).all()


def test_tables_are_the_rounded_functions():
    modules = network()
    bits, shifts = (3, 5), (2,)
    steps = scales(modules, bits, shifts, 0.05)
    assert steps == [4 / 31 / 4, 0.05]
    numbers = [Numbers(b, step, 6) for b, step in zip(bits, steps, strict=True)]
    config = KanConfig(**import_kan(modules, numbers, shifts))
    count = 0
    for edge in config.rows:
        layer = modules[edge.layer]
        x = torch.linspace(layer.low, layer.high, 1 << bits[edge.layer])
        wanted = (curves(layer, x)[:, edge.target, edge.source] / steps[edge.layer]).round().clamp(-32, 31)
        assert list(edge.values) == wanted.int().tolist()
        count += 1
    assert count <= 6 * 4 + 11 and not any(edge[:3] == (1, 1, 0) for edge in config.rows)
    assert config.offsets[0] == tuple((modules[0].bias / steps[0]).round().int().add(round(2 / steps[0]) + 2).tolist())


def test_the_error_budget_holds_and_saves_bits():
    modules = network(3)
    numbers = [Numbers(4, 1 / 64, error=error) for error in (16.0, 40.0)]
    config = KanConfig(**import_kan(modules, numbers, [3]))
    fine = KanConfig(**import_kan(modules, [Numbers(4, 1 / 64, error=4.0)] * 2, [3]))
    assert {edge.shift for edge in config.rows} > {0} or max(edge.shift for edge in config.rows) > 0
    assert sum(e.bits for e in config.rows) < sum(e.bits for e in fine.rows)
    codes = torch.randint(16, (400, 6), generator=torch.Generator().manual_seed(1))
    for layer, source in ((0, codes), (1, torch.randint(16, (400, 4), generator=torch.Generator().manual_seed(2)))):
        module, width = modules[layer], 4 if layer == 0 else 3
        with torch.no_grad():
            points = curves(module, torch.linspace(module.low, module.high, 16)) * 64
        exact = torch.stack([sum(points[source[:, j], k, j] for j in range(source.shape[1])) for k in range(width)], -1)
        alone = KanConfig(**{**config.to_dict(), "widths": (source.shape[1], width), "bits": (4,), "shifts": (),
                             "offsets": config.offsets[layer : layer + 1],
                             "edges": [(0, *e[1:]) for e in config.edges if e[0] == layer]})  # fmt: skip
        with torch.no_grad():
            constant = (module.bias * 64).round() + (128 + 4 if layer == 0 else 0)
        assert ((kan(alone, source) - constant - exact).abs() <= numbers[layer].error + 1e-3).all()


def test_training_computes_what_the_circuit_will():
    codes, labels, _, _ = digits()
    recipe = Recipe(hidden=(8,), bits=(2, 4), table_bits=(5, 5), shifts=(1,), edges=(100, 40), intervals=4, epochs=10,
                    batch=128, rate=1e-2)  # fmt: skip
    made = train(codes[:600], labels[:600], recipe)
    config = KanConfig(**integers(made, "quick"))
    assert [sum(e.layer == k for e in config.rows) for k in range(2)] <= [100, 40]
    with torch.no_grad():
        logits = made.logits(torch.from_numpy(codes).float())
    found = kan(config, torch.from_numpy(codes))
    assert (logits.long() == found).all()
    assert (found[600:].argmax(-1).numpy() == labels[600:]).mean() > 0.5
    assert integers(train(codes[:600], labels[:600], recipe), "quick") == integers(made, "quick")
    assert integers(train(codes[:600], labels[:600], replace(recipe, seed=1)), "quick") != integers(made, "quick")


def test_gradients_reach_every_layer():
    made = build(6, 3, Recipe((4,), (1, 3), (5, 5), (1,), (24, 12), intervals=3, order=2))
    assert isinstance(made, QuantisedKan) and isinstance(made.layers[0], QuantisedLayer)
    made.logits(torch.randint(2, (20, 6)).float()).square().sum().backward()
    for layer in made.layers:
        assert layer.layer.base_weight.grad is not None and layer.layer.base_weight.grad.abs().sum() > 0
    assert [schedule(100, 10, t) for t in (0, 0.05, 0.5, 1)] == [100, 100, 10, 10]
    image = torch.arange(9.0)[None]
    assert moved(image, 3, 1, -1).tolist() == [[0, 0, 0, 1, 2, 0, 4, 5, 0]]
    assert layers(KanConfig(**integers(made, "small")), torch.zeros(2, 6, dtype=torch.int64))[-1].shape == (2, 3)


def broken(**attributes):
    modules = network()
    for name, value in attributes.items():
        if isinstance(getattr(modules[1], name), torch.Tensor):
            getattr(modules[1], name).data = value
        else:
            setattr(modules[1], name, value)
    return modules


@pytest.mark.parametrize(("modules", "error", "sentence"), [
    (broken(bias=torch.tensor([0.0, torch.nan, 0.0])), None, "bias of layer 1 must be finite, not nan"),
    (broken(base_weight=torch.full((3, 4), torch.inf)), None, "base_weight of layer 1 must be finite, not inf"),
    (broken(base_weight=torch.ones(3, 5)), None, "base_weight of layer 1 must be of shape (3, 4), not (3, 5)"),
    (broken(intervals=9), None, "spline_weight of layer 1 must be of shape (3, 4, 11), not (3, 4, 7)"),
    (network(), 1.0, "error must be at least 3.0 steps, half of one for each edge into a neuron, not 1.0"),
    (network()[:1], None, "layers must be as many as numbers, and one more than shifts, not 1, 2 and 1"),
], ids=lambda value: value[:30] if isinstance(value, str) else "")  # fmt: skip
def test_bad_modules_are_refused_in_one_sentence(modules, error, sentence):
    with pytest.raises(ConfigError) as raised:
        import_kan(modules, [Numbers(3, 0.1, error=error)] * 2, [1])
    assert str(raised.value) == sentence


def test_a_layer_refuses_what_it_cannot_be():
    with pytest.raises(ValueError, match="base must be one of silu, gelu, not 'relu'"):
        KanLayer(1, 1, base="relu")
    with pytest.raises(ValueError, match="low must be less than high, not 1 and 1"):
        KanLayer(1, 1, 1, 1)
