"""Lines over equal cells: of each cell by itself the integers of least error, and what they reach over every code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from ...hw.activation.config import ActivationConfig
from ...hw.activation.config.cells import BIAS, SLOPE, VALUE_BITS
from ...hw.tables import TableConfig

if TYPE_CHECKING:
    from .target import Reals

C = TypeVar("C", bound=TableConfig)


def wished(config: type[C], fields: dict[str, Any], keys: Sequence[str],
           solved: Callable[[C], dict[str, Any]]) -> dict[str, Any]:  # fmt: skip
    """The fields of a config: those given, and the tables that a solver makes of them; given tables are left alone.

    Parameters
    ----------
    config : type
    fields : dict
    keys : sequence of str
        The fields of tables.
    solved : callable
        From a wish to these fields.

    Raises
    ------
    ConfigError
        In one sentence.
    """
    return fields if any(fields.get(key) for key in keys) else {**fields, **solved(config.asked(**fields))}


def lines(function: Callable[[Any], Any], label: str, integer_bits: int, fraction_bits: int,
          count: int) -> tuple[list[int], list[int]]:  # fmt: skip
    """Slopes and biases of ``count`` equal cells of all numbers of ``uq(integer_bits).(fraction_bits)``.

    Each cell is solved alone (:func:`nervure.generators.activation.solving.solve`), so that no cell is worse than it
    must be where the function bends less.
    """
    from .solving import solve

    size, step = (1 << (integer_bits + fraction_bits)) // count, 2.0**-fraction_bits
    slopes, biases = [], []
    for k in range(count):
        made = solve(function, label=label, domain=f"{k * size * step!r}:{((k + 1) * size - 1) * step!r}",
                     input=f"uq{integer_bits}.{fraction_bits}", output=f"uq1.{VALUE_BITS}", segments=1,
                     slope=SLOPE, bias=BIAS)  # fmt: skip
        slopes += made.slopes
        biases += made.biases
    return slopes, biases


def values(made: ActivationConfig) -> Reals:
    """What a table gives for each of its codes, as numbers, rounded as the circuit rounds."""
    import numpy as np
    import torch

    from ...golden.activation import total

    drop = made.fraction_bits - VALUE_BITS
    sums = total(made, torch.arange(made.last + 1))
    return ((sums + (1 << (drop - 1))) >> drop).numpy().astype(np.float64) / 2**VALUE_BITS
