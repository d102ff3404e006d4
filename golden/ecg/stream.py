"""The mathematics of the whole way: samples to rows of counts, rows to classes."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from ...hw.ecg.config.stream import EcgStreamConfig
from . import ecg
from .front import rows


class Beats(NamedTuple):
    """Heartbeats of a stream: class, lead, R peak (sample in its record), and the sample that completes it (int64)."""

    label: Tensor
    confidence: Tensor
    position: Tensor
    at: Tensor


def stream(config: EcgStreamConfig, x: Tensor, last: Tensor) -> Beats:
    """Classes of all rows of a stream of samples (see :func:`nervure.golden.ecg.front.rows`)."""
    found = rows(config, x, last)
    answer = ecg(config, found.n)
    return Beats(answer.label, answer.confidence, found.position, found.at)
