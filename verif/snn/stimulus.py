"""Frames that look like pictures, that drive neurons to their ends, and any others; places one after the other."""

from __future__ import annotations

import numpy as np

from ...hw.snn.config import SnnConfig
from ...hw.snn.config.plan import beats, bits_of
from ...hw.snn.config.shape import grid_of

Vectors = dict[str, np.ndarray]

KINDS = ("mixed", "uniform", "ends", "blobs", "sparse")


def stimulus(config: SnnConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Beats of whole frames, at least two: ``x`` of shape ``(beats, channels)``.

    Parameters
    ----------
    config : SnnConfig
    count : int
        Beats; rounded to whole frames.
    seed : int
    kind : str
        ``uniform``: any codes. ``ends``: all 0 or all the greatest number, a share of them elsewhere (none in a part
        of the frames). ``blobs``: a few smooth bumps. ``sparse``: most are 0. ``mixed``: a quarter of each.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    frames = max(2, count // beats(config))
    kinds = list(_GENERATORS) if kind == "mixed" else [kind]
    if kind == "mixed":
        # The first ones are one of each, so that two frames already differ in kind.
        picked = np.concatenate([np.arange(min(frames, 4)), rng.integers(0, 4, max(0, frames - 4))])
    else:
        picked = np.zeros(frames, np.int64)
    same = config.input == "pixels" or config.passes == 1
    shape = (frames, 1 if same else config.passes, *config.input_shape)
    x = np.zeros(shape, np.uint64)
    for at, name in enumerate(kinds):
        where = np.flatnonzero(picked == at)
        x[where] = _GENERATORS[name](config, (len(where), *shape[1:]), rng)
    return beats_of(config, np.broadcast_to(x, (frames, config.passes, *config.input_shape)))


def beats_of(config: SnnConfig, frames: np.ndarray) -> Vectors:
    """Frames ``(frames, *input_shape)`` or ``(frames, passes, *input_shape)`` as beats, place after place."""
    channels, rows, columns = grid_of(config.input_shape)
    if frames.ndim == 1 + len(config.input_shape):
        frames = np.broadcast_to(frames[:, None], (len(frames), config.passes, *frames.shape[1:]))
    x = frames.reshape(len(frames), config.passes, channels, rows * columns).transpose(0, 1, 3, 2)
    return {"x": np.ascontiguousarray(x.reshape(-1, channels).astype(np.uint64))}


def frames_of(config: SnnConfig, inputs: Vectors) -> np.ndarray:
    """The whole frames of beats, int64 ``(frames, passes, *input_shape)``; of one pass without that axis. Numbers above
    the greatest count as that."""
    channels, rows, columns = grid_of(config.input_shape)
    x = np.minimum(inputs["x"].astype(np.int64), config.highest_input)
    whole = len(x) // beats(config)
    x = x[: whole * beats(config)].reshape(whole, config.passes, rows * columns, channels).transpose(0, 1, 3, 2)
    x = np.ascontiguousarray(x).reshape(whole, config.passes, *config.input_shape)
    return x[:, 0] if config.passes == 1 else x


def _uniform(config: SnnConfig, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 1 << bits_of((0, config.highest_input))[0], shape, dtype=np.uint64)


def _per_frame(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], *[1] * (len(shape) - 1))


def _ends(config: SnnConfig, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    each = _per_frame(shape)
    base = np.where(rng.random(each) < 0.5, 0, config.highest_input).astype(np.uint64)
    few = rng.random(shape) < rng.choice([0.0, 0.0, 0.02, 0.3], each)
    return np.where(few, _uniform(config, shape, rng), base)


def _sparse(config: SnnConfig, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    few = rng.random(shape) < rng.choice([0.01, 0.05, 0.2], _per_frame(shape))
    return np.where(few, _uniform(config, shape, rng), 0)


def _blobs(config: SnnConfig, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    each, (rows, columns) = _per_frame(shape), shape[-2:]
    across, down = np.linspace(0, 1, columns), np.linspace(0, 1, rows)[:, None]  # of lists: over the steps
    picture = np.zeros(shape)
    for _ in range(3):
        y, x, size = rng.random(each), rng.random(each), rng.uniform(0.05, 0.3, each)
        picture += np.exp(-((across - x) ** 2 + (down - y) ** 2) / size**2)
    high = config.highest_input
    if high == 1:
        return (rng.random(shape) < np.minimum(picture, 1) * 0.7).astype(np.uint64)
    return np.round(np.minimum(picture, 1) * high).astype(np.uint64)


_GENERATORS = {"uniform": _uniform, "ends": _ends, "blobs": _blobs, "sparse": _sparse}
