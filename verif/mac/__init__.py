"""Evidence for the multiply-accumulate unit: golden outputs and operations; stimulus, coverage and claims beside it."""

from __future__ import annotations

import numpy as np
import torch

from ...golden import exact
from ...golden.mac import mac
from ...hw.mac.config import MacConfig
from ..artifact import Artifact
from .claims import claims
from .coverage import FEATURES, coverage, features
from .stimulus import KINDS, Vectors, exhaustive, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "exhaustive", "expect", "features",
           "operations", "stimulus"]  # fmt: skip


def config_of(artifact: Artifact) -> MacConfig:
    """The config that the artefact was made from."""
    return MacConfig(**artifact.manifest["config"])


def expect(config: MacConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    tensors = {key: torch.from_numpy(np.ascontiguousarray(codes).astype(np.int64)) for key, codes in inputs.items()}
    y = mac(config, tensors["a"], tensors["b"], tensors["c"], tensors.get("mode"))
    return {"y": y.numpy().astype(np.uint64)}


def describe(config: MacConfig, field: str, code: int) -> str:
    """A code as its value, ``0x3f80 (1.0)``; the code alone where its format depends on the beat's mode."""
    side = {"c": "acc", "y": "acc"}.get(field, field)
    formats = {getattr(mode, side) for mode in config.modes} if side != "mode" else set()
    if len(formats) != 1:
        return str(int(code)) if side == "mode" else hex(code)
    fmt = formats.pop()
    number = exact.to_float64(exact.decode(torch.tensor(int(code)), fmt)).item()
    return f"0x{int(code):0{(fmt.width + 3) // 4}x} ({int(number) if fmt.is_integer else repr(number)})"


def operations(config: MacConfig) -> dict[str, int]:
    """Arithmetic operations per beat: on each lane a significand product, and an addition in the accumulator's format.

    Of a unit of several modes: the operations of the mode that has most.
    """
    mode = max(config.modes, key=lambda mode: mode.packing.lanes)
    a, b = mode.a.significand_width, mode.b.significand_width
    return {f"multiply_{a}x{b}": mode.packing.lanes, f"add_{mode.acc.name}": mode.packing.lanes}
