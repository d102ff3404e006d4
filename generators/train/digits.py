"""A small classifier of handwritten digits, trained in seconds.

The data are scikit-learn's (1797 images of 8 x 8 pixels of 0..16, from the UCI set "Optical Recognition of Handwritten
Digits"): they come with the package, nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch.nn import functional

HELD_OUT = 360
HIDDEN = 32
CLASSES = 10


@dataclass(frozen=True)
class Digits:
    """Images as rows of pixels in [0, 1] (multiples of 1/16), float32, and their labels, int64."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray


@dataclass(frozen=True)
class Layer:
    """One dense layer: ``y = weights @ x + bias``; weights ``(outputs, inputs)``, float32."""

    weights: np.ndarray
    bias: np.ndarray


def load_digits(seed: int = 0) -> Digits:
    """The images, :data:`HELD_OUT` of them held out, each class in proportion."""
    from sklearn.datasets import load_digits as bundled
    from sklearn.model_selection import train_test_split

    pixels, classes = bundled(return_X_y=True)
    images, labels = np.asarray(pixels, np.float32) / 16, np.asarray(classes, np.int64)
    rows = np.arange(len(labels))
    chosen, held = map(np.sort, train_test_split(rows, test_size=HELD_OUT, random_state=seed, stratify=labels))
    return Digits(images[chosen], labels[chosen], images[held], labels[held])


def train(digits: Digits, hidden: int = HIDDEN, epochs: int = 300, seed: int = 0) -> list[Layer]:
    """Two dense layers with ReLU between, trained on all images at once by Adam with decoupled weight decay.

    Parameters
    ----------
    digits : Digits
        From :func:`load_digits`.
    hidden : int
        Width of the layer between.
    epochs : int
        Passes over the training images.
    seed : int
        Seed of the initial weights; the same seed and torch release give the same network.
    """
    generator = torch.Generator().manual_seed(seed)
    widths = (digits.train_images.shape[1], hidden, CLASSES)
    weights = [
        (torch.randn(n_out, n_in, generator=generator) * (2 / n_in) ** 0.5).requires_grad_()
        for n_in, n_out in pairwise(widths)
    ]
    biases = [torch.zeros(n_out, requires_grad=True) for n_out in widths[1:]]
    optimizer = torch.optim.AdamW([*weights, *biases], lr=0.01, weight_decay=0.3)
    images, labels = torch.from_numpy(digits.train_images), torch.from_numpy(digits.train_labels)
    with _one_thread():
        for _ in range(epochs):
            optimizer.zero_grad()
            functional.cross_entropy(_forward(images, weights, biases), labels).backward()
            optimizer.step()
    return [Layer(w.detach().numpy(), b.detach().numpy()) for w, b in zip(weights, biases, strict=True)]


def accuracy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows whose largest logit is the label's."""
    return float(np.mean(logits.argmax(axis=1) == labels))


def predict(layers: list[Layer], images: np.ndarray) -> np.ndarray:
    """The float network's logits, ``(images, classes)``."""
    values = images
    for layer in layers[:-1]:
        values = np.maximum(values @ layer.weights.T + layer.bias, 0)
    return values @ layers[-1].weights.T + layers[-1].bias


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums are then added in one order on every machine; at this size threads cost more than they save, too."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _forward(images: torch.Tensor, weights: list[torch.Tensor], biases: list[torch.Tensor]) -> torch.Tensor:
    values = images
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        values = functional.relu(functional.linear(values, w, b))
    return functional.linear(values, weights[-1], biases[-1])
