"""Matrices as the beats of a matrix-vector engine, and what the engine makes of beats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from ...hw.mac.config.gemv import AFTER, GemvConfig
from ...hw.mac.config.tiling import Tiling
from . import mac
from .gemv import check_shapes

Beats = dict[str, Tensor]
GROUP, COLUMN, TILE, SWAP = range(len(AFTER))


def beats(config: GemvConfig, w: Tensor, x: Tensor, mode: int = 0) -> Beats:
    """The beats that make an engine compute ``W X``, in the order of :class:`nervure.hw.mac.config.tiling.Tiling`.

    Parameters
    ----------
    w : integer tensor (M, K)
        Codes of the weights, non-negative.
    x : integer tensor (K, N) or (K,)
        Codes of the activations, non-negative.
    mode : int

    Returns
    -------
    dict of int64 tensors
        Each field of the input stream, of shape (beats, *shape of the field). What is beyond the matrix is 0.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    check_shapes(w, x)
    columns = x if x.ndim == 2 else x[:, None]
    (m, k), n = w.shape, columns.shape[1]
    tiling = Tiling(config, m, k, n, mode)
    rows, lanes = config.rows(mode), config.modes[mode].lanes_a
    # Weights by group, unit and lane; activations by pass and vector.
    padded = torch.zeros((tiling.num_groups * rows, k), dtype=torch.int64)
    padded[:m] = w
    weights = padded.reshape(tiling.num_groups, config.units, lanes, k).permute(0, 3, 1, 2)
    vectors = torch.zeros((k, tiling.passes * tiling.vectors), dtype=torch.int64)
    vectors[:, :n] = columns
    vectors = vectors.reshape(k, tiling.passes, tiling.vectors)

    steps = list(_steps(tiling))
    parts = [_load(config, vectors[: tiling.chunks[0], 0])]
    for index, (turn, first_group, groups, start, size) in enumerate(steps):
        part = _chunk(config, weights[first_group : first_group + groups, start : start + size],
                      first=start == 0, last=start + size == k)  # fmt: skip
        following = steps[index + 1] if index + 1 < len(steps) else None
        # The same activations serve the next tile, if they are all.
        again = following is None or (len(tiling.chunks) == 1 and following[0] == turn)
        part["after"][-1] = TILE if again else SWAP
        if not again and following:
            then, _, _, at, count = following
            part["load"][:count] = 1
            part["x"][:count, : tiling.vectors] = vectors[at : at + count, then]
        parts.append(part)
    last = parts[-1]
    parts[-1] = {name: values[: len(values) - tiling.idle_end] for name, values in last.items()}
    found = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    return {"mode": torch.full_like(found["mac"], mode), **found} if config.mode_width else found


def _steps(tiling: Tiling) -> Iterator[tuple[int, int, int, int, int]]:
    """Pass, first group, groups, first column and columns of every chunk of every tile of every pass."""
    for turn in range(tiling.passes):
        at = 0
        for groups in tiling.tiles:
            start = 0
            for size in tiling.chunks:
                yield turn, at, groups, start, size
                start += size
            at += groups


def _empty(config: GemvConfig, count: int) -> Beats:
    return {name: torch.zeros((count, *shape), dtype=torch.int64) for name, (_, shape) in config.fields.items()
            if name not in ("mode", "y")}  # fmt: skip


def _load(config: GemvConfig, x: Tensor) -> Beats:
    """Beats that only bring activations (columns, vectors)."""
    part = _empty(config, len(x))
    part["load"][:] = 1
    part["x"][:, : x.shape[1]] = x
    part["after"][:] = TILE
    part["after"][-1] = SWAP
    return part


def _chunk(config: GemvConfig, weights: Tensor, first: bool, last: bool) -> Beats:
    """Beats of the weights (groups, columns, units, lanes) of one chunk."""
    groups, columns, _, lanes = weights.shape
    span = max(groups, config.latency)
    part = _empty(config, columns * span)
    by_column = {name: values.reshape(columns, span, *values.shape[1:]) for name, values in part.items()}
    by_column["w"][:, :groups, :, :lanes] = weights.permute(1, 0, 2, 3)
    by_column["mac"][:, :groups] = 1
    by_column["first"][0, :groups] = int(first)
    by_column["last"][-1, :groups] = int(last)
    by_column["after"][:, -1] = COLUMN
    return part


def sums(config: GemvConfig, beats: Mapping[str, Tensor]) -> Tensor:
    """What the engine delivers for any beats, from reset on.

    Parameters
    ----------
    beats : mapping of int64 tensors
        Every field of the input stream, of shape (beats, *shape of the field).

    Returns
    -------
    int64 tensor (outputs, units, lanes_a, lanes_b)
        The field ``y``.

    Raises
    ------
    ValueError
        If beats of a group come too close, or there are too many groups.
    """
    used, held, before, order = _walk(config, beats)
    rows, columns = config.grid
    modes = beats.get("mode", torch.zeros_like(beats["mac"]))
    values = torch.zeros((len(used), config.units, rows, columns), dtype=torch.int64)
    w = beats["w"][used]
    x = torch.where((held >= 0)[:, None], beats["x"][held], 0)
    single = rows * columns == 1
    for step in range(int(order.max()) + 1 if order.numel() else 0):
        now = torch.nonzero(order == step)[:, 0]
        c = torch.zeros_like(values[now]) if step == 0 else values[before[now]]
        a, b = w[now], x[now][:, None].expand(-1, config.units, -1)
        mode = modes[used[now]][:, None].expand(-1, config.units)
        if single:
            a, b, c = a[..., 0], b[..., 0], c[..., 0, 0]
        values[now] = mac(config.mac, a, b, c, mode).reshape(values[now].shape)
    return values[beats["last"][used] == 1]


def _walk(config: GemvConfig, beats: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """For each beat with weights: its number, that of the beat that brought its activations (-1: none), which of these
    beats has its sums (-1: none), and how many came before in its chain."""
    loads, macs, firsts, after = (beats[name].tolist() for name in ("load", "mac", "first", "after"))
    buffer: dict[tuple[int, int], int] = {}
    latest: dict[int, tuple[int, int, int]] = {}  # of each group: its last beat, where that is listed, its place
    group = column = fill = half = 0
    rows: list[tuple[int, int, int, int]] = []
    for number, (load, used, first, then) in enumerate(zip(loads, macs, firsts, after, strict=True)):
        if used:
            if group >= config.groups:
                raise ValueError(f"a column must have at most {config.groups} groups, not more (beat {number})")
            before, place = -1, 0
            if not first and group in latest:
                since, before, place = latest[group]
                if number - since < config.latency:
                    raise ValueError(f"beats of a group must be {config.latency} beats apart, not {number - since} "
                                     f"(beat {number})")  # fmt: skip
                place += 1
            latest[group] = number, len(rows), place
            rows.append((number, buffer.get((half, column % config.depth), -1), before, place))
        if load:
            buffer[1 - half, fill % config.depth] = number
            fill += 1
        group = group + 1 if then == GROUP else 0
        column = column + 1 if then == COLUMN else column if then == GROUP else 0
        if then == SWAP:
            half, fill = 1 - half, 0
    table = torch.tensor(rows, dtype=torch.int64).reshape(-1, 4)
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3]


def matrix(config: GemvConfig, y: Tensor, m: int, n: int, mode: int = 0) -> Tensor:
    """The sums that the beats of ``W X`` give, (outputs, units, lanes_a, lanes_b), as Y of shape (m, n)."""
    used = config.modes[mode]
    part = y[:, :, : used.lanes_a, : used.lanes_b]
    passes = -(-n // used.lanes_b)
    groups = len(y) // passes
    rows = part.reshape(passes, groups * config.rows(mode), used.lanes_b)
    return rows.permute(1, 0, 2).reshape(groups * config.rows(mode), -1)[:m, :n]
