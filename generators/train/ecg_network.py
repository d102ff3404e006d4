"""Networks of heartbeat classifiers while they are trained: integers by rounding, with gradients straight through.

Sources: straight-through gradient (arXiv 1308.3432), learned step size (arXiv 1902.08153).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

MOST_THETA, MOST_BIAS = 4095, 127


@dataclass(frozen=True)
class Recipe:
    """How a network is made.

    Parameters
    ----------
    hidden : tuple of int
        Neurons of the hidden layers.
    steps : int
        T, the largest count.
    before, after, stride, rr
        As in :class:`~nervure.hw.ecg.config.front.FrontConfig`.
    weight_bits : tuple of int
        Of each layer.
    weight_kinds : tuple of str
        ``integer`` or ``pow2``, of each layer.
    keep : tuple of float
        Share of each layer's weights that pruning leaves.
    split : str
        ``intra`` or ``inter`` patient.
    epochs, fine : int
        Of the two stages.
    rate, decay, batch, smooth : float
        Of the optimizer (AdamW, a cosine down to 0), rows of a batch, label smoothing.
    balance : float
        Weights of classes in the loss are their frequencies to the minus this.
    noise : float
        Standard deviation of noise on the counts while training, in counts.
    jitter : int
        While training, windows are moved by up to so many samples.
    seeds : tuple of int
        Of first weights, one a network; the first is that of batches, too.
    """

    hidden: tuple[int, ...]
    steps: int = 15
    before: int = 90
    after: int = 90
    stride: int = 1
    rr: int = 0
    weight_bits: tuple[int, ...] = (4, 4, 4)
    weight_kinds: tuple[str, ...] = ("integer", "integer", "integer")
    keep: tuple[float, ...] = (1.0, 1.0, 1.0)
    split: str = "intra"
    epochs: int = 60
    fine: int = 15
    rate: float = 3e-3
    decay: float = 1e-4
    batch: int = 256
    smooth: float = 0.0
    balance: float = 0.0
    noise: float = 0.0
    jitter: int = 0
    seeds: tuple[int, ...] = (0, 1, 2)


def through(hard: Tensor, soft: Tensor) -> Tensor:
    """The value of ``hard`` with the gradient of ``soft``."""
    return soft + (hard - soft).detach()


class Dense(nn.Module):
    """Weights of one layer of several networks ``(networks, outputs, inputs)``, rounded to integers times a step.

    A step is learned for each neuron or, where ``shared``, for each network. ``drawn``: first weights, normal ones.
    """

    mask: Tensor

    def __init__(self, inputs: int, outputs: int, bits: int, kind: str, shared: bool, drawn: list[Tensor]):
        super().__init__()
        self.bits, self.kind = bits, kind
        weight = torch.stack(drawn) * (2 / inputs) ** 0.5
        self.weight = nn.Parameter(weight)
        mean = weight.abs().mean((1, 2) if shared else 2, keepdim=True)
        # Its logarithm is learned: Adam moves every parameter by about the rate, which a step itself would not stand.
        self.log_step = nn.Parameter((2 * mean / self.reach**0.5).log())
        self.register_buffer("mask", torch.ones_like(weight))

    @property
    def reach(self) -> int:
        """The most that the learned step spans; a power of two is at most ``2^(2^(bits-1) - 2)``."""
        return (1 << (self.bits - 1)) - 1 if self.kind == "integer" else 1 << ((1 << (self.bits - 1)) - 2)

    @property
    def step(self) -> Tensor:
        """What an integer weight of 1 stands for."""
        return self.log_step.exp()

    def forward(self) -> Tensor:
        """Integer weights, as floats, with gradients to weights and steps."""
        inside = (self.weight / self.step).clamp(-self.reach, self.reach)
        if self.kind == "integer":
            whole = inside.detach().round()
        else:
            size = inside.detach().abs()
            whole = torch.where(size < 0.5, 0, torch.exp2(torch.log2(size.clamp(min=1)).round())) * inside.sign()
        return through(whole, inside) * self.mask


class Networks(nn.Module):
    """Networks of the same shape, one for each seed, trained side by side: counts in, logits out, in either stage."""

    dense: Any
    norms: Any

    def __init__(self, widths: tuple[int, ...], recipe: Recipe):
        super().__init__()
        draws = [torch.Generator().manual_seed(seed) for seed in recipe.seeds]
        self.steps, self.count, layers = recipe.steps, len(recipe.seeds), len(widths) - 1
        self.dense = nn.ModuleList(
            Dense(a, b, recipe.weight_bits[k], recipe.weight_kinds[k], k == layers - 1,
                  [torch.randn(b, a, generator=draw) for draw in draws])
            for k, (a, b) in enumerate(pairwise(widths))
        )  # fmt: skip
        self.norms = nn.ModuleList(nn.BatchNorm1d(self.count * width) for width in widths[1:-1])
        for norm in self.norms:
            nn.init.constant_(norm.weight, 0.35)
            nn.init.constant_(norm.bias, 0.3)
        self.biases = nn.ParameterList(torch.zeros(self.count, 1, width) for width in widths[1:])
        self.thetas = nn.ParameterList(torch.ones(self.count, 1, width) for width in widths[1:-1])
        self.gain = nn.Parameter(torch.full((self.count, 1, 1), 4.0))
        self.folded = False

    def bias(self, layer: int) -> Tensor:
        """Integer biases, as floats."""
        b = self.biases[layer].clamp(-MOST_BIAS, MOST_BIAS)
        return through(b.round(), b)

    def theta(self, layer: int) -> Tensor:
        """Integer thetas in quarters, as floats; the parameter is the logarithm."""
        theta = self.thetas[layer].exp().clamp(1, MOST_THETA)
        return through(theta.round(), theta)

    def forward(self, n: Tensor) -> Tensor:
        """Logits ``(networks, rows, classes)`` of counts ``(networks, rows, inputs)``."""
        for layer, dense in enumerate(self.dense):
            v = n @ dense().transpose(1, 2)
            if layer == len(self.dense) - 1:
                return (v / self.steps + self.bias(layer)) * self.gain * dense.step.detach()
            if self.folded:
                y = 4 * (v + self.steps * self.bias(layer)) / self.theta(layer)
            else:
                v = v * dense.step.transpose(1, 2) / self.steps
                rows = v.shape[1]
                flat = self.norms[layer](v.transpose(0, 1).reshape(rows, -1))
                y = flat.reshape(rows, self.count, -1).transpose(0, 1) * self.steps
            y = y.clamp(0, self.steps)
            n = through(y.floor(), y)
        raise AssertionError("a network has a last layer")

    def fold(self) -> None:
        """Turns the normalisation into biases and thetas; rows with a negative factor change their sign."""
        with torch.no_grad():
            for layer, norm in enumerate(self.norms):
                dense = self.dense[layer]
                factor = norm.weight / (norm.running_var + norm.eps).sqrt()
                offset = (norm.bias - factor * norm.running_mean).reshape(self.count, 1, -1)
                slope = factor.reshape(self.count, -1, 1) * dense.step
                slope = torch.where(slope.abs() < 1e-4, torch.full_like(slope, 1e-4), slope)
                dense.weight *= slope.sign()
                self.biases[layer].copy_(offset / slope.abs().transpose(1, 2))
                self.thetas[layer].copy_((4 / slope.abs()).log().transpose(1, 2))
        self.folded = True

    def prune(self, keep: tuple[float, ...]) -> None:
        """Leaves the largest of each layer's weights, in steps."""
        with torch.no_grad():
            for dense, share in zip(self.dense, keep, strict=True):
                if share < 1:
                    size = (dense.weight / dense.step).abs() * dense.mask
                    flat = size.flatten(1)
                    least = flat.kthvalue(max(1, round((1 - share) * flat.shape[1])), 1).values
                    dense.mask.copy_((size > least[:, None, None]).float())

    def integers(self, network: int) -> dict[str, list]:
        """Weights, biases and thetas of a folded network."""
        with torch.no_grad():
            layers = range(len(self.dense))
            parts = {"weights": [dense()[network] for dense in self.dense],
                     "biases": [self.bias(k)[network, 0] for k in layers],
                     "thetas": [self.theta(k)[network, 0] for k in layers[:-1]]}  # fmt: skip
        return {key: [part.round().long().tolist() for part in value] for key, value in parts.items()}
