"""Training of KANs as their circuit computes: codes between layers, integer tables on edges, edges cut one by one.

Every layer's input is a code of ``bits`` bits, which stands for one of as many equal steps from the layer's ``low`` to
its ``high``. An edge's table is its function at those points, rounded to a multiple of ``scale`` and clipped to
``table_bits``; sums of tables are integers, and so are all numbers here. Gradients pass through roundings as if they
were not there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .digits import _one_thread
from .kan_layer import KanLayer


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    Parameters
    ----------
    hidden : tuple of int
        Widths between inputs and classes.
    bits : tuple of int
        Bits of the codes that each layer takes.
    table_bits : tuple of int
        Bits of each layer's signed table entries.
    shifts : tuple of int
        Table entries are steps of the next layer's code divided by ``2^shift``.
    edges : tuple of int
        Edges that each layer keeps.
    span : float
        Codes between layers stand for numbers from ``-span`` to ``span``.
    intervals, order : int
        Splines of all layers with inputs of more than one bit.
    logit : float
        What one step of a logit stands for in the loss.
    epochs, batch : int
    rate, decay : float
        Of Adam; the rate falls to zero on a cosine.
    shift_pixels : int
        Images are moved by up to so many pixels while training.
    seed : int
    """

    hidden: tuple[int, ...]
    bits: tuple[int, ...]
    table_bits: tuple[int, ...]
    shifts: tuple[int, ...]
    edges: tuple[int, ...]
    span: float = 2.0
    intervals: int = 8
    order: int = 3
    logit: float = 0.1
    epochs: int = 30
    batch: int = 128
    rate: float = 5e-3
    decay: float = 0.0
    shift_pixels: int = 0
    seed: int = 0


def _straight(exact: Tensor, smooth: Tensor) -> Tensor:
    """The exact value with the gradient of the smooth one."""
    return smooth + (exact - smooth).detach()


class QuantisedLayer:
    """A :class:`KanLayer` between codes.

    Parameters
    ----------
    layer : KanLayer
    bits : int
        Of the input's code.
    table_bits : int
        Of a signed entry.
    scale : float
        What one step of an entry stands for.
    """

    def __init__(self, layer: KanLayer, bits: int, table_bits: int, scale: float):
        self.layer, self.bits, self.table_bits, self.scale = layer, bits, table_bits, scale
        self.points = torch.linspace(layer.low, layer.high, 1 << bits)

    def tables(self) -> tuple[Tensor, Tensor]:
        """Entries ``(codes, outputs, inputs)`` and bias ``(outputs,)``, integers as floats."""
        limit = (1 << (self.table_bits - 1)) - 1
        smooth = self.layer.curves(self.points) / self.scale
        bias = self.layer.bias / self.scale
        return _straight(smooth.round(), smooth).clamp(-limit - 1, limit), _straight(bias.round(), bias)

    def sums(self, codes: Tensor) -> Tensor:
        """Integer sums ``(rows, outputs)`` of the tables at codes ``(rows, inputs)``."""
        tables, bias = self.tables()
        if self.bits == 1:
            return functional.linear(codes, tables[1] - tables[0], tables[0].sum(-1) + bias)
        count, outputs, inputs = tables.shape
        chosen = functional.one_hot(codes.detach().long(), count).to(codes.dtype)
        by_code = tables.permute(2, 0, 1)
        total = chosen.flatten(1) @ by_code.reshape(inputs * count, outputs) + bias
        # The table's slope at each code carries the gradient to the code.
        slope = torch.gradient(by_code.detach(), dim=1)[0]
        slopes = torch.einsum("njc,jck->njk", chosen, slope)
        return total + torch.einsum("nj,njk->nk", codes - codes.detach(), slopes)


@dataclass
class QuantisedKan:
    """A network of codes, sums and codes again; the last sums are the logits.

    Parameters
    ----------
    layers : list of QuantisedLayer
    shifts : list of int
        ``code = clamp((sum + offset) >> shift)`` after each layer but the last.
    """

    layers: list[QuantisedLayer]
    shifts: list[int] = field(default_factory=list)

    def offset(self, index: int) -> int:
        """What is added to a layer's sums: code 0 is the next layer's ``low``; and half a step."""
        following = self.layers[index + 1].layer
        return round(-following.low / self.layers[index].scale) + ((1 << self.shifts[index]) >> 1)

    def logits(self, codes: Tensor) -> Tensor:
        """Integer logits ``(rows, classes)`` of input codes ``(rows, inputs)``."""
        for index, layer in enumerate(self.layers[:-1]):
            smooth = (layer.sums(codes) + self.offset(index)) / (1 << self.shifts[index])
            top = (1 << self.layers[index + 1].bits) - 1
            # A little of the gradient passes where the code is at an end, so that no neuron dies there.
            inside = smooth.clamp(0, top)
            codes = _straight(smooth.floor().clamp(0, top), inside + 0.05 * (smooth - inside))
        return self.layers[-1].sums(codes)


def build(inputs: int, classes: int, recipe: Recipe) -> QuantisedKan:
    """An untrained network of that recipe."""
    generator = torch.Generator().manual_seed(recipe.seed)
    widths = (inputs, *recipe.hidden, classes)
    layers = []
    for index, (n_in, n_out) in enumerate(pairwise(widths)):
        low, high = (0.0, 1.0) if index == 0 else (-recipe.span, recipe.span)
        one_bit = recipe.bits[index] == 1
        layer = KanLayer(n_in, n_out, low, high, 0 if one_bit else recipe.intervals, recipe.order, generator=generator)
        last = index == len(recipe.hidden)
        step = recipe.logit if last else 2 * recipe.span / ((1 << recipe.bits[index + 1]) - 1)
        scale = step / (1 << recipe.shifts[index]) if not last else step
        layers.append(QuantisedLayer(layer, recipe.bits[index], recipe.table_bits[index], scale))
    return QuantisedKan(layers, list(recipe.shifts[: len(recipe.hidden)]))


def prune(layer: QuantisedLayer, keep: int, weight: Tensor) -> None:
    """Cuts all but the edges whose tables vary most over the codes' distribution ``weight`` ``(codes, inputs)``."""
    with torch.no_grad():
        tables, _ = layer.tables()
        mean = (tables * weight[:, None]).sum(0)
        spread = ((tables - mean) ** 2 * weight[:, None]).sum(0).sqrt()
        spread[~layer.layer.mask] = -1
        order = spread.flatten().argsort(descending=True)
        mask = torch.zeros_like(spread.flatten(), dtype=torch.bool)
        mask[order[:keep]] = True
        # What an edge gave on the average stays, in the bias.
        gone = layer.layer.mask & ~mask.view_as(layer.layer.mask)
        layer.layer.bias.add_((mean * gone).sum(-1) * layer.scale)
        layer.layer.mask &= mask.view_as(layer.layer.mask)


def distribution(codes: Tensor, bits: int) -> Tensor:
    """Share of each code in each input, ``(codes, inputs)``."""
    return torch.stack([(codes == c).float().mean(0) for c in range(1 << bits)])


def moved(images: Tensor, side: int, dy: int, dx: int) -> Tensor:
    """Square images ``(rows, side * side)``, moved by whole pixels; what comes in is 0."""
    planes = images.view(-1, side, side)
    out = torch.zeros_like(planes)
    to_y, to_x = slice(max(dy, 0), side + min(dy, 0)), slice(max(dx, 0), side + min(dx, 0))
    of_y, of_x = slice(max(-dy, 0), side + min(-dy, 0)), slice(max(-dx, 0), side + min(-dx, 0))
    out[:, to_y, to_x] = planes[:, of_y, of_x]
    return out.view(len(images), -1)


def schedule(dense: int, keep: int, progress: float) -> int:
    """Edges that live after that share of the training: all at 0.05, the last goes at 0.5, fewer and fewer a step."""
    t = min(1.0, max(0.0, (progress - 0.05) / 0.45))
    return keep + round((dense - keep) * (1 - t) ** 3)


def train(codes: np.ndarray, labels: np.ndarray, recipe: Recipe, classes: int = 10,
          watch: Callable[[int, QuantisedKan], None] | None = None) -> QuantisedKan:  # fmt: skip
    """Trains a network on input codes ``(rows, inputs)``; the same seed and torch release give the same one.

    Parameters
    ----------
    codes, labels : arrays
        Integers.
    recipe : Recipe
    classes : int
    watch : callable or None
        Called with the number of the epoch that has ended and the network.
    """
    x, t = torch.from_numpy(codes.astype(np.float32)), torch.from_numpy(labels.astype(np.int64))
    network = build(x.shape[1], classes, recipe)
    generator = torch.Generator().manual_seed(recipe.seed + 1)
    parameters = [p for layer in network.layers for p in layer.layer.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=recipe.rate, weight_decay=recipe.decay)
    steps_an_epoch = -(-len(x) // recipe.batch)
    total = recipe.epochs * steps_an_epoch
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, total)
    side, step = round(x.shape[1] ** 0.5), 0
    with _one_thread():
        for epoch in range(recipe.epochs):
            for rows in torch.randperm(len(x), generator=generator).split(recipe.batch):
                if step % max(1, total // 100) == 0:
                    cut(network, recipe, step / total, x[:2000])
                batch = x[rows]
                if recipe.shift_pixels:
                    reach = 2 * recipe.shift_pixels + 1
                    dy, dx = (torch.randint(reach, (2,), generator=generator) - recipe.shift_pixels).tolist()
                    batch = moved(batch, side, dy, dx)
                loss = functional.cross_entropy(network.logits(batch) * recipe.logit, t[rows])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                rates.step()
                step += 1
            if watch:
                watch(epoch, network)
    return network


def cut(network: QuantisedKan, recipe: Recipe, progress: float, codes: Tensor) -> None:
    """Prunes every layer to what the schedule leaves, judged on some input codes."""
    with torch.no_grad():
        for index, layer in enumerate(network.layers):
            live = int(layer.layer.mask.sum())
            keep = schedule(layer.layer.mask.numel(), recipe.edges[index], progress)
            if keep < live:
                prune(layer, keep, distribution(codes, layer.bits))
            if index + 1 < len(network.layers):
                top = (1 << network.layers[index + 1].bits) - 1
                offset, shift = network.offset(index), network.shifts[index]
                codes = ((layer.sums(codes) + offset) / (1 << shift)).floor().clamp(0, top)


def accuracy(network: QuantisedKan, codes: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows whose largest logit (the first of equal ones) is the label's."""
    with torch.no_grad():
        rows = torch.from_numpy(codes.astype(np.float32)).split(1000)
        found = torch.cat([network.logits(part).argmax(-1) for part in rows]).numpy()
    return float(np.mean(found == labels))
