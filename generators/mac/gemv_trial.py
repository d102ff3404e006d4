"""Tiles of real layers through the compiled engine: cycles against the cycle model, sums against the golden model."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from ...golden import exact
from ...golden.mac.gemv import gemv, gemv_float64
from ...golden.mac.gemv_stream import beats, matrix
from ...hw.mac.config.gemv import GemvConfig
from ...hw.mac.config.tiling import Tiling
from ...verif.batch import BatchModel
from ...verif.mac import gemv as bench
from ...verif.mac.stimulus import stimulus
from ..emit import emit
from .llm_shapes import MODELS, Linear


@dataclass(frozen=True)
class Trial:
    """What a simulation of ``W x`` gave.

    Parameters
    ----------
    tiling : Tiling
        What was computed, and what the cycle model says of it.
    cycles : int
        Measured, without stalls.
    mismatches : int
        Sums that differ from the golden model's.
    error : float
        Root mean square of the difference to float64, over that of the float64 results; NaN if a result is no number.
    """

    tiling: Tiling
    cycles: int
    mismatches: int
    error: float

    @property
    def utilisation(self) -> float:
        """Useful multiplications over those that the engine could have done in the measured cycles."""
        return self.tiling.useful_macs / (self.tiling.macs_per_beat * self.cycles)

    @property
    def passed(self) -> bool:
        """Whether cycles are those predicted, and all sums right."""
        return self.cycles == self.tiling.cycles and self.mismatches == 0


def trial(model: BatchModel, m: int, k: int, n: int = 1, mode: int = 0, seed: int = 0) -> Trial:
    """``W X`` with weights and activations like those of a language model, in the compiled engine.

    Parameters
    ----------
    model : BatchModel
        Of an artefact of the unit ``gemv``.
    m, k, n, mode : int
        As for :class:`nervure.hw.mac.config.tiling.Tiling`.
    seed : int

    Raises
    ------
    ConfigError
        If a size or the mode is out of its range.
    """
    config = bench.config_of(model.artifact)
    tiling = Tiling(config, m, k, n, mode)
    drawn = stimulus(config.mac.lane(mode), m * k + k * n, seed, "llm")
    w, x = (torch.from_numpy(drawn[name].astype(np.int64)) for name in "ab")
    w, x = w[: m * k].reshape(m, k), x[m * k :].reshape(k, n)
    given = {name: codes.numpy().astype(np.uint64) for name, codes in beats(config, w, x, mode).items()}
    result = model.run(given, ends=bench.ends(config, given))
    found = matrix(config, torch.from_numpy(result.outputs["y"].astype(np.int64)), m, n, mode)
    exactly = gemv_float64(config, w, x, mode)
    values = exact.to_float64(exact.decode(found, config.modes[mode].acc))
    error = torch.sqrt(((values - exactly) ** 2).mean() / (exactly**2).mean()).item()
    return Trial(tiling, result.cycles, int((found != gemv(config, w, x, mode)).sum()), error)


def tile_of(config: GemvConfig, layer: Linear, mode: int = 0) -> tuple[int, int]:
    """Rows and columns of a whole tile of a layer: all its columns."""
    return min(layer.rows, config.rows(mode) * config.groups), layer.columns


COLUMNS = ("model", "layer", "mode", "tile", "cycles simulated", "predicted", "utilisation", "wrong sums", "rms error")


def tiles(config: GemvConfig, mode: int = 0) -> Iterator[str]:
    """Markdown, line by line: a whole tile of every layer of every model, simulated. Equal shapes run once."""
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|{' --- |' * len(COLUMNS)}"
    done: dict[tuple[int, int], Trial] = {}
    with tempfile.TemporaryDirectory(prefix="nervure-gemv-") as folder:
        model = BatchModel(emit(config, folder))
        for of in MODELS:
            for layer in of.linears:
                size = tile_of(config, layer, mode)
                found = done[size] = done.get(size) or trial(model, *size, mode=mode)
                used = config.modes[mode]
                row = (of.name, layer.name, f"{used.a.name} * {used.b.name}", f"{size[0]} x {size[1]}",
                       str(found.cycles), str(found.tiling.cycles), f"{100 * found.utilisation:.3f} %",
                       str(found.mismatches), f"{found.error:.1e}")  # fmt: skip
                yield f"| {' | '.join(row)} |"
