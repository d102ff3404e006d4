"""Spiking networks of integers, trained with the rounding in the loop.

A block is a convolution or dense layer without bias, batch norm, and counts ``n = clip(floor(T y + 1/2), 0, T)`` of
spikes in place of an activation; gradients pass the rounding as if it were not there. Batch norm and the scales of the
weights then go into thresholds and biases (:func:`integers`), so that nothing is rescaled at run time.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...golden.snn import predict
from ...hw.snn.config import SnnConfig
from .digits import CLASSES, _one_thread, load_digits
from .shipped import Data, mnist_pixels

FRACTION = 6
"""Fraction bits of thresholds and biases."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; chosen on images kept out of the training.

    Parameters
    ----------
    channels : tuple of int
        Of the convolutions 3x3, each followed by max pooling 2x2.
    hidden : int
        Neurons of the dense layer before the classes; 0 for none.
    steps : int
        T.
    bits : int
        Of the weights between the first and the last layer, which have 8.
    epochs, batch : int
    rate, decay : float
        Of AdamW, on one cycle.
    turn, shift, grow : float
        Images are turned by up to so many degrees, moved by so many pixels, and grown or shrunk by this share.
    smoothing : float
        Of the labels.
    seed : int
    """

    channels: tuple[int, ...] = (16, 32)
    hidden: int = 64
    steps: int = 4
    bits: int = 4
    epochs: int = 30
    batch: int = 128
    rate: float = 4e-3
    decay: float = 0.02
    turn: float = 10.0
    shift: float = 1.5
    grow: float = 0.1
    smoothing: float = 0.03
    seed: int = 0


RECIPES: dict[str, Recipe] = {
    "digits": Recipe(channels=(12, 24), hidden=0, epochs=120, batch=64, turn=8.0, shift=0.7, grow=0.1, smoothing=0.0),
    "mnist": Recipe(),
    "mnist_t1": Recipe(steps=1),
}


class Block(nn.Module):
    """Weights of so many bits, batch norm, counts, and max pooling of a convolution's."""

    def __init__(self, inputs: int, outputs: int, kernel: int, bits: int, steps: int, generator: torch.Generator):
        super().__init__()
        shape = (outputs, inputs, kernel, kernel) if kernel else (outputs, inputs)
        scale = math.sqrt(2 / math.prod(shape[1:]))
        self.weight = nn.Parameter(torch.randn(shape, generator=generator) * scale)
        self.norm = nn.BatchNorm2d(outputs) if kernel else nn.BatchNorm1d(outputs)
        self.norm.bias.data.fill_(0.3)
        self.norm.weight.data.fill_(0.5)
        self.bits, self.steps, self.kernel = bits, steps, kernel

    def rounded(self) -> tuple[Tensor, Tensor]:
        """Weights as integers (floats that pass gradients), and the scale of each channel."""
        top = (1 << (self.bits - 1)) - 1
        scale = (self.weight.detach().abs().flatten(1).amax(1) / top).clamp(min=1e-8)
        scale = scale.reshape(-1, *[1] * (self.weight.dim() - 1))
        exact = self.weight / scale
        return exact + (exact.round().clamp(-top, top) - exact).detach(), scale

    def forward(self, x: Tensor) -> Tensor:
        """Counts over T, of counts over T."""
        weight, scale = self.rounded()
        y = functional.conv2d(x, weight * scale, padding=self.kernel // 2) if self.kernel \
            else functional.linear(x, weight * scale)  # fmt: skip
        y = self.norm(y)
        # The greatest of counts is the count of the greatest; gradients then go to one place, not to the first of ties.
        y = (functional.max_pool2d(y, 2) if self.kernel else y).clamp(0, 1)
        return y + ((y * self.steps + 0.5).floor() / self.steps - y).detach()


class Network(nn.Module):
    """Logits (images, classes) of images (images, 1, side, side), pixels from 0 to 1."""

    def __init__(self, recipe: Recipe, side: int):
        super().__init__()
        generator = torch.Generator().manual_seed(recipe.seed)
        self.recipe, self.side = recipe, side
        widths = (1, *recipe.channels)
        blocks = [Block(a, b, 3, 8 if i == 0 else recipe.bits, recipe.steps, generator)
                  for i, (a, b) in enumerate(pairwise(widths))]  # fmt: skip
        inputs = widths[-1] * (side >> len(recipe.channels)) ** 2
        self.blocks = nn.ModuleList(blocks)
        self.hidden = Block(inputs, recipe.hidden, 0, recipe.bits, recipe.steps, generator) if recipe.hidden else None
        inputs = recipe.hidden or inputs
        self.last = nn.Linear(inputs, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        x = x.flatten(1)
        if self.hidden is not None:
            x = self.hidden(x)
        top = 127
        scale = self.last.weight.detach().abs().max() / top
        weight = self.last.weight + ((self.last.weight / scale).round() * scale - self.last.weight).detach()
        return functional.linear(x, weight, self.last.bias)


def moved(images: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Every image turned, moved and grown by its own numbers."""
    count, side = len(images), images.shape[-1]
    draw = torch.rand((4, count), generator=generator) * 2 - 1
    angle, size = draw[0] * math.radians(recipe.turn), 1 + draw[1] * recipe.grow
    by = draw[2:] * (2 * recipe.shift / side)
    rows = torch.stack([
        torch.stack([angle.cos() * size, -angle.sin() * size, by[0]], 1),
        torch.stack([angle.sin() * size, angle.cos() * size, by[1]], 1),
    ], 1)  # fmt: skip
    grid = functional.affine_grid(rows, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


def train(images: Tensor, labels: Tensor, recipe: Recipe,
          watch: Callable[[int, Network], None] | None = None) -> Network:  # fmt: skip
    """The network trained on images (images, 1, side, side), uint8 or floats of 0..255."""
    with torch.random.fork_rng(devices=[]), _one_thread():
        generator = torch.Generator().manual_seed(recipe.seed)
        network = Network(recipe, images.shape[-1])
        kept = [p for p in network.parameters() if p.dim() > 1]
        rest = [p for p in network.parameters() if p.dim() == 1]
        optimizer = torch.optim.AdamW([{"params": kept, "weight_decay": recipe.decay},
                                       {"params": rest, "weight_decay": 0.0}], lr=recipe.rate)  # fmt: skip
        steps = recipe.epochs * -(-len(images) // recipe.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, steps, pct_start=0.2)
        for epoch in range(recipe.epochs):
            network.train()
            for rows in torch.randperm(len(images), generator=generator).split(recipe.batch):
                batch = moved(images[rows].float() / 255, recipe, generator)
                loss = functional.cross_entropy(network(batch), labels[rows], label_smoothing=recipe.smoothing)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                schedule.step()
            if watch:
                watch(epoch, network.eval())
    return network.eval()


def integers(network: Network, name: str) -> dict[str, Any]:
    """Fields of a :class:`~nervure.hw.snn.config.SnnConfig` with the trained network's integers.

    With V the sum of integer weights times counts, batch norm gives ``A V + B`` of each channel, and ``floor(T (A V +
    B) + 1/2)`` counts: threshold ``1 / (T A)``, and ``T * bias = (B + 1 / 2T) / A``. Where A < 0 the channel's weights
    change their signs.
    """
    recipe, layers = network.recipe, []
    steps, unit, side = recipe.steps, 1 << FRACTION, network.side
    high, blocks = 255.0, [*network.blocks, *([network.hidden] if network.hidden is not None else [])]
    for number, block in enumerate(blocks, 1):
        assert isinstance(block, Block)
        assert block.norm.running_var is not None and block.norm.running_mean is not None
        with torch.no_grad():
            weight, scale = (part.double() for part in block.rounded())
            deviation = (block.norm.running_var.double() + block.norm.eps).sqrt()
            slope = block.norm.weight.double() / deviation
            sign = torch.where(slope < 0, -1.0, 1.0)
            a = (slope.abs() * scale.flatten() / high).clamp(min=1e-9)
            b = block.norm.bias.double() - block.norm.running_mean.double() * slope
            weight = weight * sign.reshape(-1, *[1] * (weight.dim() - 1))
            theta = (unit / (steps * a)).round().clamp(1, (1 << 30) - 1)
            bias = ((b + 0.5 / steps) / a / steps * unit).round().clamp(-(1 << 30), (1 << 30) - 1)
        if not block.kernel:
            layers.append({"name": "flatten", "kind": "flatten"})
        layers.append({
            "name": f"{'conv' if block.kernel else 'dense'}{number}", "kind": "conv2d" if block.kernel else "dense",
            "channels": len(weight), "weights": weight.long().flatten().tolist(), "weight_bits": block.bits,
            "bias": bias.long().tolist(),
            "neuron": {"threshold": theta.long().tolist(), "max_spikes": steps, "compare": ">=", "reset": "none",
                       "fraction": FRACTION, "membrane_width": 32},
        })  # fmt: skip
        if block.kernel:
            layers[-1] |= {"kernel": [3, 3], "padding": [1, 1]}
            layers.append({"name": f"pool{number}", "kind": "max_pool", "kernel": [2, 2], "stride": [2, 2]})
        high = float(steps)
    if network.hidden is None:
        layers.append({"name": "flatten", "kind": "flatten"})
    weight, bias = network.last.weight.detach().double(), network.last.bias.detach().double()
    scale = weight.abs().max() / 127
    layers.append({
        "name": "classes", "kind": "dense", "channels": CLASSES, "weight_bits": 8,
        "weights": (weight / scale).round().long().flatten().tolist(), "bias": (bias / scale).round().long().tolist(),
    })  # fmt: skip
    return {"network": name, "input_shape": [1, side, side], "input": "pixels", "steps": steps, "code": "counts",
            "layers": layers, "output": "class"}  # fmt: skip


def digits() -> Data:
    """scikit-learn's digits as rows of 64 pixels of 0..255 (16ths of them, and 16 for 255)."""
    found = load_digits()
    rows = [np.minimum(images * 256, 255).astype(np.uint8) for images in (found.train_images, found.test_images)]
    return rows[0], found.train_labels, rows[1], found.test_labels


DATA: dict[str, Callable[[], Data]] = {"digits": digits, "mnist": mnist_pixels, "mnist_t1": mnist_pixels}


def test_images(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Test frames of a shipped network, int64 ``(frames, 1, side, side)``, and their labels."""
    _, _, pixels, labels = DATA[name]()
    side = round(pixels.shape[1] ** 0.5)
    return pixels.reshape(-1, 1, side, side).astype(np.int64), labels


def make(name: str, progress: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """Trains a shipped network: its integers, and under ``trained`` its recipe and accuracies, all of integers.

    A tenth of the training images is kept out of the training, to be looked at while recipes are chosen.
    """
    recipe = RECIPES[name]
    pixels, labels, test_pixels, test_labels = DATA[name]()
    side = round(pixels.shape[1] ** 0.5)
    images, truth = torch.tensor(pixels).reshape(-1, 1, side, side), torch.tensor(labels)
    order = torch.from_numpy(np.random.default_rng(0).permutation(len(images)))
    kept, held = order[: len(order) * 9 // 10], order[len(order) * 9 // 10 :]

    def share(network: Network, x: Tensor, t: Tensor) -> float:
        with _one_thread():
            return float((predict(SnnConfig(**integers(network, name)), x) == t).double().mean())

    def watch(epoch: int, network: Network) -> None:
        if (epoch + 1) % max(1, recipe.epochs // 10) == 0:
            found = share(network, images[held], truth[held])
            progress(f"{name}: epoch {epoch + 1} of {recipe.epochs}, {found:.2%} of the images held out")

    network = train(images[kept], truth[kept], recipe, watch)
    test = torch.tensor(test_pixels).reshape(-1, 1, side, side)
    trained = {"recipe": asdict(recipe), "held_out_accuracy": share(network, images[held], truth[held]),
               "test_accuracy": share(network, test, torch.tensor(test_labels)), "test_rows": len(test)}  # fmt: skip
    return {**integers(network, name), "trained": trained}


def write(name: str, folder: Path, progress: Callable[[str], None] = lambda line: None) -> Path:
    """Trains a network and writes its integers to ``<folder>/<name>.json``."""
    made = make(name, progress)
    folder.mkdir(parents=True, exist_ok=True)
    rows = ",\n".join(json.dumps(layer, separators=(",", ":")) for layer in made["layers"])
    rest = [f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in made.items() if key != "layers"]
    path = folder / f"{name}.json"
    path.write_text("{" + ",\n".join([*rest, f'"layers": [\n{rows}]']) + "}\n")
    return path
