"""The attention network on digits: its linear layers, its functions, and what integers cost."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nervure.generators.noc.attention import configs, golden, real
from nervure.generators.train import attention
from nervure.golden.noc.attention import HIGH, LOW, Linear


@pytest.fixture(scope="module")
def shipped():
    return attention.network(attention.shipped())


@pytest.fixture(scope="module")
def test_images():
    _, _, images, labels = attention.images()
    return (images * 16).round().to(torch.int64), labels


def test_a_linear_layer_rounds_half_up_and_holds():
    rng = np.random.default_rng(0)
    weights, bias = rng.integers(-128, 128, (5, 7)), rng.integers(-5000, 5000, 5)
    rows = rng.integers(LOW, HIGH + 1, (50, 7))
    found = Linear(torch.tensor(weights), torch.tensor(bias), 6)(torch.tensor(rows)).tolist()
    for x, y in zip(rows.tolist(), found, strict=True):
        products = [sum(w * one for w, one in zip(row, x, strict=True)) for row in weights.tolist()]
        sums = [total + b for total, b in zip(products, bias.tolist(), strict=True)]
        assert y == [min(HIGH, max(LOW, (total + 32) // 64)) for total in sums]


def test_functions_are_near_the_real_ones(shipped):
    exact, given = real(), golden(configs(shipped))
    rows = torch.randint(-3000, 3000, (500, 8), generator=torch.Generator().manual_seed(0))
    assert (given.softmax(rows) - exact.softmax(rows)).abs().max() <= 40  # of 65,536: the bound is 4.9e-4
    assert (given.softmax(rows).sum(1) - 65536).abs().max() <= 40
    wide = torch.randint(-9000, 9000, (500, 32), generator=torch.Generator().manual_seed(1))
    assert (given.norm(wide) - exact.norm(wide)).abs().max() <= 8
    numbers = torch.arange(LOW, HIGH + 1)
    assert (given.gelu(numbers) - exact.gelu(numbers)).abs().max() <= 11  # 0.0023, rounded


def test_integers_cost_at_most_half_a_point(shipped, test_images):
    """Beside the float network, whose accuracy is stored with the integers; and real functions do no better."""
    pixels, labels = test_images
    share = attention.accuracy(shipped.logits(pixels, golden(configs(shipped))), labels)
    stored = attention.shipped()["trained"]["test_accuracy"]
    assert share >= stored - 0.005 and stored >= 0.975
    assert abs(share - attention.accuracy(shipped.logits(pixels, real()), labels)) <= 0.005


def test_lanes_change_nothing(shipped, test_images):
    pixels = test_images[0][:20]
    wanted = shipped.logits(pixels, golden(configs(shipped)))
    assert torch.equal(wanted, shipped.logits(pixels, golden(configs(shipped, lanes=2))))


def test_integers_are_those_of_the_float_network():
    """A network of one short training: logits of integers by real functions near those of floats, image by image."""
    recipe = attention.Recipe(width=16, heads=2, grown=24, blocks=1, epochs=1)
    images, labels, test, _ = attention.images()
    model = attention.train(images[:400], labels[:400], recipe)
    made = attention.network(attention.integers(model))
    with torch.no_grad():
        wanted = model(test) * 8
    found = made.logits((test * 16).round().to(torch.int64), real()).double() / 2**10
    assert (found - wanted).abs().max() < 0.05 * wanted.abs().max()
    again = attention.integers(attention.train(images[:400], labels[:400], recipe))
    assert again == attention.integers(model)
