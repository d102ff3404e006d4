"""Quantisation-aware training of heartbeat classifiers whose forward pass is the integers' own equation.

Two stages. In the first, weights are rounded (learned steps, straight-through gradient), hidden layers are normalised
over the batch, and the smallest weights are pruned on a cubic schedule (arXiv 1710.01878). Then the normalisation is
folded: what is left are integers w, b and theta (in quarters), and the second stage trains on with all of them rounded,
so that what is exported computes what was trained, bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from .digits import _one_thread
from .ecg_data import Beats
from .ecg_network import Networks, Recipe


@dataclass(frozen=True)
class Trained:
    """A trained network: its integers (weights, biases, thetas), its seed, and its score on what it was chosen on."""

    integers: dict[str, list]
    seed: int
    score: float


def train(learn: list[Beats], choose: Beats, recipe: Recipe, classes: int = 5,
          watch: Callable[[str], None] = lambda line: None) -> list[Trained]:  # fmt: skip
    """Trains a network for each seed; of the second stage's epochs that with its best score on ``choose`` is taken.

    The score is the accuracy, and for ``split = inter`` the mean of accuracy and macro F1.

    Parameters
    ----------
    learn : list of Beats
        The same beats in the same order, their windows moved in each: one is drawn for each batch.
    choose : Beats
    recipe : Recipe
    classes : int
    watch : callable
        Told of the epochs that have ended.
    """
    x = [torch.from_numpy(part.inputs.astype(np.float32)) for part in learn]
    t = torch.from_numpy(learn[0].labels)
    generator = torch.Generator().manual_seed(recipe.seeds[0])
    count = len(recipe.seeds)
    networks = Networks((x[0].shape[1], *recipe.hidden, classes), recipe)
    weight = (torch.bincount(t, minlength=classes) / len(t)).clamp(min=1e-4) ** -recipe.balance
    best = [Trained({}, seed, -1.0) for seed in recipe.seeds]
    with _one_thread():
        for stage, epochs in enumerate((recipe.epochs, recipe.fine)):
            if stage:
                networks.prune(recipe.keep)
                networks.fold()
            rate = recipe.rate / 5 if stage else recipe.rate
            optimizer = torch.optim.AdamW(networks.parameters(), lr=rate, weight_decay=recipe.decay, fused=True)
            batches = len(t) // recipe.batch
            rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * batches)
            for epoch in range(epochs):
                networks.train()
                if stage == 0:
                    done = min(1.0, max(0.0, (epoch / epochs - 0.15) / 0.5))
                    networks.prune(tuple(1 - (1 - k) * (1 - (1 - done) ** 3) for k in recipe.keep))
                order = torch.stack([torch.randperm(len(t), generator=generator) for _ in range(count)])
                for rows in order[:, : batches * recipe.batch].split(recipe.batch, 1):
                    n = x[int(torch.randint(len(x), (), generator=generator))][rows]
                    if recipe.noise:
                        n = n + recipe.noise * torch.randn(n.shape, generator=generator)
                        n = n.round().clamp(0, recipe.steps)
                    logits = networks(n).flatten(0, 1)
                    loss = functional.cross_entropy(logits, t[rows].flatten(), weight, label_smoothing=recipe.smooth)
                    optimizer.zero_grad(set_to_none=True)
                    (loss * count).backward()
                    optimizer.step()
                    rates.step()
                if stage or epoch % 10 == 9:
                    scores = [score(found, choose.labels, recipe.split) for found in classify(networks, choose)]
                    watch(f"stage {stage + 1}, epoch {epoch + 1}: to choose on "
                          f"{', '.join(f'{value:.4f}' for value in scores)}; loss {loss.item():.4f}")  # fmt: skip
                    for k, value in enumerate(scores if stage else []):
                        if value > best[k].score:
                            best[k] = Trained(networks.integers(k), recipe.seeds[k], value)
    return best


def classify(networks: Networks, beats: Beats) -> np.ndarray:
    """The class of each beat by each network, ``(networks, beats)``: the first of the largest logits."""
    networks.eval()
    with torch.no_grad():
        rows = torch.from_numpy(beats.inputs.astype(np.float32)).split(8192)
        return torch.cat([networks(part.expand(networks.count, -1, -1)).argmax(-1) for part in rows], 1).numpy()


def score(found: np.ndarray, labels: np.ndarray, split: str) -> float:
    """Accuracy; between patients, where classes are rarer still, its mean with macro F1."""
    accuracy = float(np.mean(found == labels))
    return accuracy if split == "intra" else (accuracy + macro_f1(found, labels)) / 2


def macro_f1(found: np.ndarray, labels: np.ndarray, classes: int = 0) -> float:
    """Mean of the F1 of the classes that occur among the labels (or of so many)."""
    out = []
    for k in range(classes or int(labels.max()) + 1):
        hit = np.sum((found == k) & (labels == k))
        both = np.sum(found == k) + np.sum(labels == k)
        if np.any(labels == k):
            out.append(2 * hit / both)
    return float(np.mean(out))
