"""The networks that come with the library: their data, their recipes, and how their integers are made."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...hw.config import ConfigError
from ..importers.kan import Numbers, import_kan
from .digits import _one_thread, load_digits
from .kan import QuantisedKan, Recipe, accuracy, train

RECIPES: dict[str, Recipe] = {
    "digits": Recipe(
        hidden=(24,), bits=(2, 5), table_bits=(6, 6), shifts=(1,), edges=(500, 150), intervals=6, epochs=80, batch=64,
        rate=5e-3, decay=1.0,
    ),
    "mnist": Recipe(
        hidden=(64,), bits=(1, 5), table_bits=(6, 6), shifts=(1,), edges=(1600, 260), epochs=50, batch=128, rate=6e-3,
        shift_pixels=1,
    ),
}  # fmt: skip
"""Recipes, chosen on a part of the training rows; the test rows are for the report. (MNIST's were read once before,
with an earlier recipe.)"""

Data = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Input codes and labels to train on, and to test on."""


def digits() -> Data:
    """scikit-learn's digits in codes of 2 bits: 64 pixels of 0..16, quartered."""
    found = load_digits()
    codes = [np.minimum(images * 4, 3).astype(np.int64) for images in (found.train_images, found.test_images)]
    return codes[0], found.train_labels, codes[1], found.test_labels


def mnist() -> Data:
    """MNIST in codes of 1 bit: 784 pixels, 1 from half of full brightness on (:func:`mnist_pixels`)."""
    found = mnist_pixels()
    images = [(pixels >= 128).astype(np.int64) for pixels in found[::2]]
    return images[0], found[1], images[1], found[3]


def mnist_pixels() -> Data:
    """MNIST's images as rows of 784 pixels of 0..255, uint8, and labels: to train on, and to test on.

    The four files of the set, as they are distributed (IDX, compressed), are read from the folder ``mnist`` of the
    folder that the environment variable NERVURE_DATA names.

    Raises
    ------
    ConfigError
        If a file is not there.
    """
    folder = Path(os.environ.get("NERVURE_DATA", "")) / "mnist"
    out = []
    for part in ("train", "t10k"):
        for kind, header in (("images-idx3", 16), ("labels-idx1", 8)):
            path = folder / f"{part}-{kind}-ubyte.gz"
            if not path.is_file():
                raise ConfigError(f"NERVURE_DATA must name a folder that holds mnist/{path.name}, not "
                                  f"{os.environ.get('NERVURE_DATA')!r}")  # fmt: skip
            out.append(np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=header))
    return out[0].reshape(-1, 784), out[1].astype(np.int64), out[2].reshape(-1, 784), out[3].astype(np.int64)


DATA: dict[str, Callable[[], Data]] = {"digits": digits, "mnist": mnist}


def integers(network: QuantisedKan, name: str) -> dict[str, Any]:
    """The trained network's fields of a KanConfig."""
    layers = network.layers
    numbers = [Numbers(layer.bits, layer.scale, layer.table_bits) for layer in layers]
    return import_kan([layer.layer for layer in layers], numbers, network.shifts, name)


def make(name: str, progress: Callable[[str], None] = lambda line: None) -> dict[str, Any]:
    """Trains a shipped network: its integers, and under ``trained`` its recipe and accuracies.

    A tenth of the training rows is kept out of the training, to be looked at while recipes are chosen.
    """
    recipe = RECIPES[name]
    codes, labels, test_codes, test_labels = DATA[name]()
    kept = len(codes) * 9 // 10
    order = np.random.default_rng(0).permutation(len(codes))
    rows, held = order[:kept], order[kept:]

    def watch(epoch: int, network: QuantisedKan) -> None:
        if (epoch + 1) % max(1, recipe.epochs // 10) == 0:
            share = accuracy(network, codes[held], labels[held])
            progress(f"{name}: epoch {epoch + 1} of {recipe.epochs}, {share:.2%} of the rows held out")

    network = train(codes[rows], labels[rows], recipe, watch=watch)
    return {
        **integers(network, name),
        "trained": {"recipe": asdict(recipe), "held_out_accuracy": accuracy(network, codes[held], labels[held]),
                    "test_accuracy": accuracy(network, test_codes, test_labels), "test_rows": len(test_codes)},
    }  # fmt: skip


def make_linear(epochs: int = 400, weight_bits: int = 6) -> dict[str, Any]:
    """Integer weights of one dense layer on the digits, for the branches of tables: 64 codes of 2 bits to 10 sums."""
    codes, labels, test_codes, test_labels = digits()
    limit = (1 << (weight_bits - 1)) - 1
    x, t = torch.from_numpy(codes).float(), torch.from_numpy(labels)
    weight, bias = torch.zeros(10, 64, requires_grad=True), torch.zeros(10, requires_grad=True)
    optimizer = torch.optim.AdamW([weight, bias], lr=0.05, weight_decay=0.05)

    def rounded(values: torch.Tensor) -> torch.Tensor:
        return values + (values.round() - values).detach()

    with _one_thread():
        for _ in range(epochs):
            logits = x @ rounded(weight.clamp(-1, 1) * limit).T + rounded(bias * limit)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(logits / limit, t).backward()
            optimizer.step()
    weights = (weight.detach().clamp(-1, 1) * limit).round().long()
    biases = (bias.detach() * limit).round().long()
    found = (torch.from_numpy(test_codes) @ weights.T + biases).argmax(-1).numpy()
    trained = {"test_accuracy": float(np.mean(found == test_labels)), "test_rows": len(test_labels)}
    return {"bits": 2, "weights": weights.tolist(), "bias": biases.tolist(), "trained": trained}


def write(name: str, folder: Path, progress: Callable[[str], None] = lambda line: None) -> Path:
    """Trains a network and writes its integers to ``<folder>/<name>.json`` (``linear/digits`` for the dense layer)."""
    made = make_linear() if name == "linear/digits" else make(name, progress)
    path = folder / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f'"{key}": {json.dumps(value, separators=(",", ":"))}' for key, value in made.items() if key != "edges"]
    if "edges" in made:
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in made["edges"])
        lines.insert(3, f'"edges": [\n{rows}]')
    path.write_text("{" + ",\n".join(lines) + "}\n")
    return path
