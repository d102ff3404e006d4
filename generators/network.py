"""Dense networks on multiply-accumulate units: weights in the unit's formats, dot products as chains of its results."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..golden import exact
from ..hw.formats import Format
from ..hw.mac.config import MacConfig
from ..verif.mac.stimulus import quantise as nearest_codes
from .train.digits import Layer

Progress = Callable[[str, int, int], None]
Accumulate = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""An engine: codes ``a, b, c`` of one shape to codes of ``a * b + c``."""


@dataclass(frozen=True)
class Quantised:
    """A layer in codes: weights ``(outputs, inputs)`` times ``2^shift`` in the unit's ``a``, bias scaled in ``acc``.

    The shift puts the weights where the format is densest. ReLU and the choice of the largest logit do not change when
    everything is scaled by a power of two, so no hardware undoes it; the bias is scaled by the layers before, too.
    """

    weights: np.ndarray
    bias: np.ndarray
    shift: int


def quantise(layers: Sequence[Layer], config: MacConfig) -> list[Quantised]:
    """The layers in the unit's formats, rounded to nearest even."""
    found, before = [], 0
    for layer in layers:
        shift = _shift(float(np.abs(layer.weights).max()), config.a_format)
        before += shift
        found.append(Quantised(
            encode(np.ldexp(layer.weights, shift), config.a_format),
            encode(np.ldexp(layer.bias, before), config.acc_format), shift,
        ))  # fmt: skip
    return found


def encode(values: np.ndarray, fmt: Format) -> np.ndarray:
    """The codes nearest to float32 numbers, int64."""
    return nearest_codes(values, fmt).astype(np.int64)


def decode(codes: np.ndarray, fmt: Format) -> np.ndarray:
    """The numbers that codes stand for, float64."""
    return exact.to_float64(exact.decode(torch.from_numpy(codes.astype(np.int64)), fmt)).numpy()


def activate(sums: np.ndarray, config: MacConfig) -> np.ndarray:
    """ReLU and rounding between layers: codes of ``acc`` to codes of ``b``, as the golden model rounds."""
    kept = np.where(sums & config.acc_format.sign_bit, 0, sums)
    return exact.encode(exact.decode(torch.from_numpy(kept), config.acc_format), config.b_format).numpy()


def forward(layers: Sequence[Quantised], pixels: np.ndarray, config: MacConfig, accumulate: Sequence[Accumulate],
            progress: Progress) -> tuple[list[np.ndarray], int, int]:  # fmt: skip
    """Runs images through the layers, with several engines side by side.

    Parameters
    ----------
    layers : sequence of Quantised
    pixels : int array
        Codes of ``b``, ``(images, inputs)``.
    config : MacConfig
        The unit.
    accumulate : sequence of callables
        Engines: codes ``a, b, c`` of one shape to codes of ``a * b + c``. Each lives on its own results.

    Returns
    -------
    The logits of each engine in codes of ``acc``, ``(images, classes)``; how many vectors each engine ran; and how many
    results differed from the last engine's.
    """
    values = [pixels] * len(accumulate)
    vectors = mismatches = 0
    steps = sum(layer.weights.shape[1] for layer in layers)
    step = 0
    sums: list[np.ndarray] = []
    for depth, layer in enumerate(layers):
        if depth:
            values = [activate(codes, config) for codes in sums]
        shape = (len(pixels), len(layer.bias))
        sums = [np.broadcast_to(layer.bias, shape)] * len(accumulate)
        for k in range(layer.weights.shape[1]):
            a = np.broadcast_to(layer.weights[:, k], shape)
            sums = [
                engine(a, np.broadcast_to(codes[:, k : k + 1], shape), c)
                for engine, codes, c in zip(accumulate, values, sums, strict=True)
            ]
            vectors += a.size
            mismatches += sum(int(np.count_nonzero(found != sums[-1])) for found in sums[:-1])
            step += 1
            progress("dot products", step, steps)
    return sums, vectors, mismatches


def _shift(largest: float, fmt: Format) -> int:
    """The most by which a number can be doubled without overflow."""
    (limit,) = decode(np.array([fmt.max_finite]), fmt)
    shift = math.frexp(limit)[1] - math.frexp(largest)[1]
    return shift if math.ldexp(largest, shift) <= limit else shift - 1
