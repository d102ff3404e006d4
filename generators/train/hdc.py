"""Hyperdimensional heartbeat classifiers as networks of the ecg unit: a binary vector of a beat, the nearest class's.

A beat's counts n make a vector of D bits, and every class has one; the class is the first with the most equal bits:

    h_k = [sum_i w_ki n_i + T m_k >= 1], w in {-1, 0, 1} ;  p_c = number of k with h_k = g_ck ;  class = argmax_c p_c

A sum-spike-and-fire layer computes h_k as 0 or T: with weights s w, biases s m and theta4 = 1, where ``s`` is
(T + 1) / 4 rounded up, V is a multiple of s, and a count of 4 V >= 4 s > T is clipped to T. The last layer has weights
``2 g - 1`` and the class's number of zeros for a bias, so that V_c = T p_c.

Sources: learned encoder and class vectors, arXiv 2301.10902; one bit a dimension, ternary weights and their training
(straight-through gradients) are our own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...golden.ecg import ecg
from ...hw.ecg.config import EcgConfig
from ...hw.ecg.config.front import FrontConfig
from .digits import _one_thread
from .ecg import macro_f1
from .ecg_data import CLASSES, Record, beats_of, intra
from .ecg_network import through

SIZES = (64, 128, 256)
"""Dimensions D of the networks that are made."""

FRONT = FrontConfig.model_validate({"steps": 15, "stride": 3, "rr": 4})
"""What their inputs are."""


class Hdc(nn.Module):
    """Encoder and class vectors while they are trained: counts ``(rows, inputs)`` to numbers of equal bits."""

    def __init__(self, inputs: int, size: int, classes: int, steps: int, draw: torch.Generator):
        super().__init__()
        self.steps = steps
        self.weight = nn.Parameter(torch.randn(size, inputs, generator=draw))
        self.offset = nn.Parameter(torch.zeros(size))
        self.vectors = nn.Parameter(torch.randn(classes, size, generator=draw))

    def ternary(self) -> Tensor:
        """The weights: 0 where they are less than 0.7 of their row's mean (arXiv 1605.04711), else their signs."""
        least = 0.7 * self.weight.abs().mean(1, keepdim=True)
        return through(self.weight.sign() * (self.weight.abs() > least), self.weight)

    def sums(self, n: Tensor) -> Tensor:
        """``(sum w n) / T + m``; a bit is 1 where it is above 0."""
        return n @ self.ternary().T / self.steps + through(self.offset.round(), self.offset)

    def forward(self, n: Tensor) -> Tensor:
        u = self.sums(n)
        h = through((u > 0).float(), torch.sigmoid(u / (0.25 * n.shape[1] ** 0.5)))
        g = through(self.vectors.sign(), self.vectors.tanh())
        return (2 * h - 1) @ g.T / 2 + g.shape[1] / 2

    def integers(self) -> dict[str, list]:
        """Weights, biases and thetas of the network that computes the same."""
        scale = -(-(self.steps + 1) // 4)
        with torch.no_grad():
            first, m = scale * self.ternary(), scale * self.offset.round()
            g = self.vectors > 0
        return {"weights": [first.long().tolist(), (2 * g.long() - 1).tolist()],
                "biases": [m.long().tolist(), (~g).sum(1).tolist()], "thetas": [[1] * len(m)]}  # fmt: skip


def make(size: int, records: list[Record], epochs: int = 80, seed: int = 0,
         watch: Callable[[str], None] = lambda line: None) -> dict[str, Any]:  # fmt: skip
    """Trains one of so many dimensions; of its epochs that is taken which is best on the beats kept to choose on.

    Returns its file's object, as :func:`nervure.generators.train.ecg_shipped.make` does.
    """
    front, seen = FRONT, {key: getattr(FRONT, key) for key in ("before", "after", "stride", "rr")}
    learn, choose, test = intra(beats_of(records, front))
    x, t = torch.from_numpy(learn.inputs.astype(np.float32)), torch.from_numpy(learn.labels)
    draw = torch.Generator().manual_seed(seed)
    network = Hdc(front.inputs, size, len(CLASSES), front.steps, draw)
    with torch.no_grad():
        network.offset.copy_(-(x[:4096] @ network.ternary().T).mean(0) / front.steps)
    best, score = network.integers(), -1.0
    with _one_thread():
        optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=0.0)
        rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
        for epoch in range(epochs):
            for rows in torch.randperm(len(t), generator=draw).split(512):
                loss = functional.cross_entropy(network(x[rows]) * (8 / size**0.5), t[rows])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
            rates.step()
            with torch.no_grad():
                found = network(torch.from_numpy(choose.inputs.astype(np.float32))).argmax(-1).numpy()
            right = float(np.mean(found == choose.labels))
            watch(f"hdc{size}, epoch {epoch + 1}: to choose on {right:.4f}")
            if right > score:
                best, score = network.integers(), right
    fields: dict[str, Any] = {
        "network": f"hdc{size}", "steps": front.steps, "widths": [front.inputs, size, len(CLASSES)],
        "weight_bits": [4, 2], "bias_bits": 10,
    }  # fmt: skip
    config = EcgConfig(**{**fields, **best})
    label = ecg(config, torch.from_numpy(test.inputs.astype(np.int64))).label.numpy()
    trained = {"recipe": {"split": "intra", "epochs": epochs, "steps": front.steps, **seen},
               "seed": seed, "score": score,
               "test_accuracy": float(np.mean(label == test.labels)), "test_macro_f1": macro_f1(label, test.labels),
               "test_beats": len(test.labels)}  # fmt: skip
    return {**fields, "inputs": seen, "classes": list(CLASSES), **best, "trained": trained}
