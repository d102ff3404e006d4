"""The mathematics of the vector unit on the network: each lane is an activation of the beat's table."""

from __future__ import annotations

import torch
from torch import Tensor

from ...hw.noc.config.nova import NovaConfig
from ..activation import activation


def nova(config: NovaConfig, x: Tensor, table: Tensor) -> dict[str, Tensor]:
    """Codes of y and status, by the equations of :class:`~nervure.hw.noc.config.nova.NovaConfig`.

    Parameters
    ----------
    config : NovaConfig
        Its tables are read; routers, line and clocks are not.
    x : integer tensor, shape (beats, routers * lanes)
        Codes of the input format.
    table : integer tensor, shape (beats,)
        Number of the table of each beat.

    Returns
    -------
    dict of int64 tensor
        ``y`` in the shape of x, ``status`` in that of table.
    """
    count = len(config.tables)
    held = table.clamp(max=count - 1)
    y = torch.zeros_like(x, dtype=torch.int64)
    for number, of_table in enumerate(config.tables):
        rows = held == number
        y[rows] = activation(of_table, x[rows])
    return {"y": y, "status": (table >= count).to(torch.int64)}
