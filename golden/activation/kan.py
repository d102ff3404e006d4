"""The mathematics of KANs of integers: tables, sums, clamps."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.activation.config.kan import KanConfig

ROWS = 2048
"""Rows at a time, so that the values of all edges at once fit in memory."""


def kan(config: KanConfig, x: Tensor) -> Tensor:
    """Logits, or the number of the largest, by the equations of :class:`~nervure.hw.activation.config.kan.KanConfig`.

    Parameters
    ----------
    config : KanConfig
        What is computed is read; how tables are joined and where registers are is not.
    x : integer tensor
        Codes of the inputs, ``(..., inputs)``.

    Returns
    -------
    int64 tensor
        Logits ``(..., outputs)``, or classes ``(...)``.
    """
    rows = x.reshape(-1, config.widths[0]).to(torch.int64)
    parts = [layers(config, part)[-1] for part in rows.split(ROWS)]
    logits = torch.cat(parts).reshape(*x.shape[:-1], config.widths[-1])
    if config.output == "logits":
        return logits
    # torch leaves open which of equal ones argmax takes.
    largest = logits == logits.amax(-1, keepdim=True)
    return torch.where(largest, torch.arange(config.widths[-1]), config.widths[-1]).amin(-1)


def layers(config: KanConfig, x: Tensor) -> list[Tensor]:
    """Sums ``s`` of every layer, before the clamp, for codes ``(rows, inputs)``."""
    found = []
    for layer in range(config.num_layers):
        edges = [edge for edge in config.rows if edge.layer == layer]
        total = torch.tensor(config.offsets[layer]).expand(len(x), -1).clone()
        if edges:
            tables = torch.tensor([edge.entries for edge in edges])
            shifts = torch.tensor([edge.shift for edge in edges])
            codes = x[:, [edge.source for edge in edges]]
            values = tables[torch.arange(len(edges)), codes] << shifts
            total.index_add_(1, torch.tensor([edge.target for edge in edges]), values)
        found.append(total)
        if layer < config.num_layers - 1:
            x = (total >> config.shifts[layer]).clamp(0, (1 << config.bits[layer + 1]) - 1)
    return found
