"""The integers of a small attention network, stated on whole images; its non-linear functions are given.

A transformer encoder over the rows of an image: linear layers here, and softmax, norm and GELU as three callables, so
that the same network runs by the golden models of these functions, by a circuit's results, or by real functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

STREAM = 10
"""Fraction bits of the numbers between layers, q5.10; scores, keys, queries and values have as many."""
NORMAL = 12
"""Fraction bits of what a norm gives and of what GELU takes and gives, q3.12."""
PROBABILITY = 16
"""Fraction bits of a probability, uq0.16."""
PIXEL = 4
"""Fraction bits of a pixel: 0 to 16 stand for 0 to 1."""

LOW, HIGH = -(1 << 15), (1 << 15) - 1


@dataclass(frozen=True)
class Linear:
    """``y = floor((W x + b) / 2^drop + 1/2)``, held to 16 bits.

    Parameters
    ----------
    weights : int64 tensor (outputs, inputs)
        Signed codes of 8 bits.
    bias : int64 tensor (outputs,)
        In steps of the products.
    drop : int
        At least 1.
    """

    weights: Tensor
    bias: Tensor
    drop: int

    def __call__(self, x: Tensor) -> Tensor:
        # Exact in float64: codes of 16 and 8 bits, at most 1024 of them.
        total = (x.double() @ self.weights.double().T).to(torch.int64) + self.bias
        return ((total + (1 << (self.drop - 1))) >> self.drop).clamp(LOW, HIGH)


@dataclass(frozen=True)
class Functions:
    """What is not linear. All take and give signed integers.

    Parameters
    ----------
    softmax : callable
        Rows (rows, tokens) in q5.10 to probabilities in uq0.16.
    norm : callable
        Rows (rows, width) in q5.10 to q3.12, without constants.
    gelu : callable
        Numbers (any,) in q3.12 to q3.12.
    """

    softmax: Callable[[Tensor], Tensor]
    norm: Callable[[Tensor], Tensor]
    gelu: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Network:
    """An encoder in integers.

    Parameters
    ----------
    heads : int
    position : int64 tensor (tokens, width)
        Added to the embedded tokens, q5.10.
    layers : mapping of str to Linear
        ``embed``; of block k ``k.query``, ``k.key``, ``k.value``, ``k.mix``, ``k.grow``, ``k.shrink``; ``classes``.
    blocks : int
    """

    heads: int
    position: Tensor
    layers: Mapping[str, Linear]
    blocks: int

    def logits(self, pixels: Tensor, functions: Functions) -> Tensor:
        """Integer logits (images, classes) of pixels (images, tokens, pixels of a token), 0 to 16.

        ::

            x = embed(pixels) + position
            x = x + mix(attention(norm(x)))     x = x + shrink(gelu(grow(norm(x))))     in every block
            logits = classes(norm(x)) summed over the tokens
        """
        x = _held(self.layers["embed"](pixels) + self.position)
        for k in range(self.blocks):
            x = _held(x + self.layers[f"{k}.mix"](self._attention(k, _rows(functions.norm, x), functions)))
            grown = self.layers[f"{k}.grow"](_rows(functions.norm, x))
            x = _held(x + self.layers[f"{k}.shrink"](functions.gelu(grown.reshape(-1)).reshape(grown.shape)))
        return self.layers["classes"](_rows(functions.norm, x)).sum(1)

    def _attention(self, k: int, x: Tensor, functions: Functions) -> Tensor:
        """Heads beside each other, q5.10, of normalised tokens (images, tokens, width)."""
        images, tokens, width = x.shape

        def split(part: str) -> Tensor:
            return self.layers[f"{k}.{part}"](x).reshape(images, tokens, self.heads, -1).transpose(1, 2)

        query, key, value = split("query"), split("key"), split("value")
        scores = _rounded(_product(query, key.transpose(2, 3)), STREAM)
        shares = _rows(functions.softmax, scores)
        return _rounded(_product(shares, value), PROBABILITY).transpose(1, 2).reshape(images, tokens, width)


def _held(x: Tensor) -> Tensor:
    return x.clamp(LOW, HIGH)


def _rounded(total: Tensor, drop: int) -> Tensor:
    return _held((total + (1 << (drop - 1))) >> drop)


def _product(x: Tensor, y: Tensor) -> Tensor:
    # Exact in float64: products of 32 bits, at most 64 of them.
    return (x.double() @ y.double()).to(torch.int64)


def _rows(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return function(x.reshape(-1, x.shape[-1])).reshape(x.shape)
