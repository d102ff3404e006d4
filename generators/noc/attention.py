"""The attention network's functions: which softmax, norm and GELU they are, and their golden models."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ...golden.activation import activation, signed
from ...golden.activation.norm import norm
from ...golden.activation.softmax import softmax
from ...golden.noc.attention import Functions, Network
from ..registry import get_unit


@dataclass(frozen=True)
class Configs:
    """Configs of the three functions of a network, rows as long as its own.

    Parameters
    ----------
    softmax : SoftmaxConfig
    norm : NormConfig
    gelu : ActivationConfig
    """

    softmax: Any
    norm: Any
    gelu: Any


def configs(network: Network, lanes: int = 8, segments: int = 16) -> Configs:
    """The functions of that network, so many numbers a beat, GELU by so many segments."""
    tokens, width = network.position.shape
    return Configs(
        get_unit("softmax").make({"lanes": lanes, "length": tokens}),
        get_unit("norm").make({"input": "q5.10", "output": "q3.12", "lanes": lanes, "elements": width}),
        get_unit("activation").make({"function": "gelu", "segments": segments}),
    )


def golden(found: Configs) -> Functions:
    """The golden models of these functions."""
    return Functions(partial(_softmax, found.softmax), partial(_norm, found.norm), partial(_gelu, found.gelu))


def real() -> Functions:
    """The real functions of the same integers, rounded to the same formats."""

    def rounded(y: Tensor, fraction: int, low: int, high: int) -> Tensor:
        return (y * 2.0**fraction).round().clamp(low, high).to(torch.int64)

    def softmax_of(x: Tensor) -> Tensor:
        return rounded(torch.softmax(x.double() / 2**10, -1), 16, 0, (1 << 16) - 1)

    def norm_of(x: Tensor) -> Tensor:
        y = torch.nn.functional.layer_norm(x.double() / 2**10, x.shape[-1:])
        return rounded(y, 12, -(1 << 15), (1 << 15) - 1)

    def gelu_of(x: Tensor) -> Tensor:
        return rounded(torch.nn.functional.gelu(x.double() / 2**12), 12, -(1 << 15), (1 << 15) - 1)

    return Functions(softmax_of, norm_of, gelu_of)


def beats(x: Tensor, lanes: int) -> Tensor:
    """Rows (rows, numbers) as beats (beats, lanes), the last of a row filled up with zeros."""
    padded = torch.nn.functional.pad(x, (0, -x.shape[1] % lanes))
    return padded.reshape(-1, lanes)


def row_beats(x: Tensor, lanes: int) -> dict[str, Tensor]:
    """Beats of a softmax of rows (rows, numbers): x, which numbers take part, where rows end."""
    on = beats(torch.ones_like(x), lanes)
    last = torch.zeros(len(x), len(on) // len(x), dtype=torch.int64)
    last[:, -1] = 1
    return {"x": beats(x, lanes), "on": on, "last": last.reshape(-1)}


def _softmax(config: Any, x: Tensor) -> Tensor:
    return softmax(config, **row_beats(x, config.lanes))["y"].reshape(len(x), -1)[:, : x.shape[1]]


def _norm(config: Any, x: Tensor) -> Tensor:
    y = signed(norm(config, beats(x, config.lanes))["y"], config.output_format.width)
    return y.reshape(len(x), -1)[:, : x.shape[1]]


def _gelu(config: Any, x: Tensor) -> Tensor:
    return signed(activation(config, x), config.output_format.width)
