"""What goes over the line, and what lanes do to it: integers of all tables in words that hold each.

A lane computes ``(slope * operand + constant * 2^shift + low) >> drop``. Behind the pair that it keeps, symmetries
cost a choice of the operand, one subtraction, and the addition of one to a slope::

    none              operand = x      slope             constant
    odd, point        operand = x      slope             constant, or centre - constant where x < 0
    even, relu        operand = |x|    slope, or slope + 1 (relu, x >= 0)       constant

since ``-(S |x| + B) = S x - B`` for x < 0. The half that rounds is in the constants already where their step is fine
enough (then the centre has it twice), else it is ``low``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..activation.config import ActivationConfig
from ..activation.entries import Range, reached
from .config.nova import NovaConfig

SIGNED = ("none", "odd", "point")
"""Symmetries whose operand is x itself."""


@dataclass(frozen=True)
class Words:
    """Ranges of what is on the way through a lane, and the constants that belong to tables.

    Parameters
    ----------
    shift, low, drop : int
        As above; a negative drop is a shift to the left.
    half : int
        What constants have been raised by.
    u, slope, constant : (int, int)
        Ranges of what is compared, and of the words of a pair on the line.
    used_slope, used_constant, total : (int, int)
        Ranges behind the symmetry, and of the sum.
    centres : tuple of int
        Of each table, with the halves.
    """

    shift: int
    low: int
    drop: int
    half: int
    u: Range
    slope: Range
    constant: Range
    used_slope: Range
    used_constant: Range
    total: Range
    centres: tuple[int, ...]


def words(config: NovaConfig) -> Words:
    """The words of a unit."""
    tables = config.tables
    some = tables[0]
    shift = some.fraction_bits - some.bias_format.fraction_bits
    drop = some.fraction_bits - some.output_format.fraction_bits
    fine = drop > 0 and drop - 1 >= shift
    half = 1 << (drop - 1 - shift) if fine else 0
    low = 1 << (drop - 1) if drop > 0 and not fine else 0
    centres = tuple((table.centre if table.symmetry == "point" else 0) + 2 * half for table in tables)
    slopes, constants, totals = [0], [0], [0]
    for table, centre in zip(tables, centres, strict=True):
        edges = [table.first, *table.breakpoints, table.last + 1]
        for k, (slope, bias) in enumerate(zip(table.slopes, table.biases, strict=True)):
            for negative in (False, True):
                ends = reached(table, edges[k], edges[k + 1] - 1, negative)
                if ends is None:
                    continue
                mirrored = negative and table.symmetry in ("odd", "point")
                raised = slope
                if table.symmetry == "relu" and not negative:
                    raised += 1 << table.slope_format.fraction_bits
                constant = centre - bias - half if mirrored else bias + half
                slopes.append(raised)
                constants.append(constant)
                totals += [raised * (-u if mirrored else u) + (constant << shift) + low for u in ends]
    return Words(
        shift, low, drop, half,
        (min(table.first for table in tables), max(table.last for table in tables)),
        _range([s for table in tables for s in table.slopes]),
        _range([b + half for table in tables for b in table.biases]),
        _range(slopes), _range(constants), _range(totals), centres,
    )  # fmt: skip


def _range(values: list[int]) -> Range:
    return min(values), max(values)


def padded(table: ActivationConfig, count: int) -> list[tuple[int, int, int]]:
    """(knot, slope, bias) of each segment, and of as many as are missing those of the last.

    No u is below the first segment's knot."""
    rows = list(zip((table.first, *table.breakpoints), table.slopes, table.biases, strict=True))
    return rows + rows[-1:] * (count - len(rows))
