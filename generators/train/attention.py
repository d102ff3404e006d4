"""A small transformer encoder on handwritten digits: trained in floats, then rounded to integers.

Rows of an image are its tokens. Constants of the norms and the scale of the scores are folded into the weights that
follow or precede them, so that norm, softmax and GELU are bare functions (:mod:`nervure.golden.noc.attention`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import floor, log2
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...golden.noc.attention import NORMAL, PIXEL, STREAM, Linear, Network
from .digits import CLASSES, _one_thread, load_digits

TOKENS, PIXELS = 8, 8
WEIGHT_BITS = 8


@dataclass(frozen=True)
class Recipe:
    """How the network is trained; found on images kept out of the training.

    Parameters
    ----------
    width, heads, grown, blocks : int
        Numbers of a token, heads that share them, numbers between the two linear layers of a block, blocks.
    epochs, batch : int
    rate, decay : float
        Of AdamW, on one cycle.
    smoothing : float
        Of the labels.
    seed : int
    """

    width: int = 32
    heads: int = 4
    grown: int = 64
    blocks: int = 2
    epochs: int = 120
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.05
    smoothing: float = 0.05
    seed: int = 0


class Block(nn.Module):
    """Attention and two linear layers, each behind a norm, each added to what came in."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        width, grown = recipe.width, recipe.grown
        self.heads = recipe.heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.mix, self.grow, self.shrink = nn.Linear(width, width), nn.Linear(width, grown), nn.Linear(grown, width)

    def forward(self, x: Tensor) -> Tensor:
        parts = (part(self.first(x)).unflatten(-1, (self.heads, -1)) for part in (self.query, self.key, self.value))
        query, key, value = (part.transpose(1, 2) for part in parts)
        shares = torch.softmax(query @ key.transpose(2, 3) * query.shape[-1] ** -0.5, -1)
        x = x + self.mix((shares @ value).transpose(1, 2).flatten(2))
        return x + self.shrink(functional.gelu(self.grow(self.second(x))))


class Encoder(nn.Module):
    """Logits (images, classes) of images (images, 8, 8), pixels from 0 to 1: the mean of the tokens' logits."""

    def __init__(self, recipe: Recipe):
        super().__init__()
        self.embed = nn.Linear(PIXELS, recipe.width)
        self.position = nn.Parameter(torch.randn(TOKENS, recipe.width) * 0.1)
        self.blocks = nn.ModuleList(Block(recipe) for _ in range(recipe.blocks))
        self.last = nn.LayerNorm(recipe.width)
        self.classes = nn.Linear(recipe.width, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x) + self.position
        for block in self.blocks:
            x = block(x)
        return self.classes(self.last(x)).mean(1)


def train(images: Tensor, labels: Tensor, recipe: Recipe) -> Encoder:
    """The encoder trained on images (images, 8, 8), moved by up to a pixel from batch to batch."""
    with torch.random.fork_rng(devices=[]), _one_thread():
        torch.manual_seed(recipe.seed)
        model = Encoder(recipe)
        optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
        steps = recipe.epochs * -(-len(images) // recipe.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, steps)
        for _ in range(recipe.epochs):
            for rows in torch.randperm(len(images)).split(recipe.batch):
                down, right = torch.randint(0, 3, (2,)).tolist()
                moved = functional.pad(images[rows], (1, 1, 1, 1))[:, down : down + TOKENS, right : right + PIXELS]
                loss = functional.cross_entropy(model(moved), labels[rows], label_smoothing=recipe.smoothing)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    return model.eval()


def _linear(layer: nn.Linear, norm: nn.LayerNorm | None, scale: float, before: int, after: int) -> dict[str, Any]:
    """Fields of a :class:`~nervure.golden.noc.attention.Linear`: of numbers with ``before`` fraction bits to ``after``.

    The norm's constants before it and a scale behind it are folded in.
    """
    weights, bias = layer.weight.detach().double() * scale, layer.bias.detach().double() * scale
    if norm is not None:
        bias = bias + weights @ norm.bias.detach().double()
        weights = weights * norm.weight.detach().double()
    top = (1 << (WEIGHT_BITS - 1)) - 1
    fraction = floor(log2(top / float(weights.abs().max())))
    fraction = max(fraction, after - before + 1)
    codes = (weights * 2.0**fraction).round().clamp(-top - 1, top).to(torch.int64)
    steps = (bias * 2.0 ** (fraction + before)).round().to(torch.int64)
    return {"weights": codes.tolist(), "bias": steps.tolist(), "drop": fraction + before - after}


def integers(model: Encoder) -> dict[str, Any]:
    """The encoder's integers, as :func:`network` reads them."""
    layers = {"embed": _linear(model.embed, None, 1, PIXEL, STREAM)}
    heads = 0
    for k, block in enumerate(model.blocks):
        assert isinstance(block, Block)
        heads = block.heads
        scale = (block.query.out_features // heads) ** -0.5
        layers |= {
            f"{k}.query": _linear(block.query, block.first, scale, NORMAL, STREAM),
            f"{k}.key": _linear(block.key, block.first, 1, NORMAL, STREAM),
            f"{k}.value": _linear(block.value, block.first, 1, NORMAL, STREAM),
            f"{k}.mix": _linear(block.mix, None, 1, STREAM, STREAM),
            f"{k}.grow": _linear(block.grow, block.second, 1, NORMAL, NORMAL),
            f"{k}.shrink": _linear(block.shrink, None, 1, NORMAL, STREAM),
        }
    layers["classes"] = _linear(model.classes, model.last, 1, NORMAL, STREAM)
    position = (model.position.detach().double() * 2.0**STREAM).round().to(torch.int64)
    return {"heads": heads, "blocks": len(model.blocks), "position": position.tolist(), "layers": layers}


def network(fields: dict[str, Any]) -> Network:
    """The network of stored integers."""
    layers = {
        name: Linear(torch.tensor(layer["weights"]), torch.tensor(layer["bias"]), layer["drop"])
        for name, layer in fields["layers"].items()
    }
    return Network(fields["heads"], torch.tensor(fields["position"]), layers, fields["blocks"])


def shipped() -> dict[str, Any]:
    """The integers that come with the library, and under ``trained`` how they were made."""
    return json.loads((Path(__file__).parents[1] / "noc" / "networks" / "attention.json").read_text())


def images() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """scikit-learn's digits, (images, 8, 8) of pixels from 0 to 1, and labels: to train on, and to test on."""
    found = load_digits()
    shape = (-1, TOKENS, PIXELS)
    return (torch.from_numpy(found.train_images).reshape(shape), torch.from_numpy(found.train_labels),
            torch.from_numpy(found.test_images).reshape(shape), torch.from_numpy(found.test_labels))  # fmt: skip


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Share of rows whose largest logit is the label's."""
    return float((logits.argmax(-1) == labels).double().mean())


def make(recipe: Recipe | None = None) -> tuple[dict[str, Any], Encoder]:
    """Trains on all training images: the integers, with recipe and the float network's accuracy, and the encoder."""
    recipe = recipe or Recipe()
    pixels, labels, test_pixels, test_labels = images()
    model = train(pixels, labels, recipe)
    with torch.no_grad():
        share = accuracy(model(test_pixels), test_labels)
    trained = {"recipe": asdict(recipe), "test_accuracy": share, "test_rows": len(test_labels)}
    return {**integers(model), "trained": trained}, model


def write(path: Path, progress: Callable[[str], None] = lambda line: None) -> Path:
    """Trains the shipped network and writes its integers."""
    made, _ = make()
    progress(f"float accuracy {made['trained']['test_accuracy']:.2%} of {made['trained']['test_rows']} test images")
    path.parent.mkdir(parents=True, exist_ok=True)
    rest = {key: value for key, value in made.items() if key != "layers"}
    lines = [f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in rest.items()]
    rows = ",\n".join(f'"{name}": {json.dumps(one, separators=(",", ":"))}' for name, one in made["layers"].items())
    path.write_text("{" + ",\n".join([*lines, f'"layers": {{\n{rows}}}']) + "}\n")
    return path
