"""What each address of a piecewise-linear unit selects: the integers of a multiply-add, symmetry and half included.

A symmetry costs nothing behind the address. Whichever it is, and whatever the sign of x, the value is a line in
``u = |x|``::

    v = S * u + B        even: S = slope, B = bias; odd, x < 0: -slope, -bias; point, x < 0: -slope, centre - bias
                         relu, x >= 0: slope + 1

so that the sign becomes one more address bit. The half that rounds is added to B, cells of uniform knots are lines in
their own low bits alone, and zeros at the end of all slopes are left out.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from .config import ActivationConfig
from .config.address import cell, starts

Range = tuple[int, int]


@dataclass(frozen=True)
class Cell:
    """What an index selects: segment ``k``, of ``u`` from ``low`` to ``high``; the operand is ``u - base``."""

    k: int
    low: int
    high: int
    base: int = 0


@dataclass(frozen=True)
class Entries:
    """The multiply-adds of all addresses.

    Parameters
    ----------
    slopes, constants : tuple of int or None
        By address, the sign above the index; None where no x has that address.
    shift : int
        ``y = (slope * operand + constant) >> shift``, to the left where it is negative.
    total : (int, int)
        Range of the sum.
    """

    slopes: tuple[int | None, ...]
    constants: tuple[int | None, ...]
    shift: int
    total: Range


def line(config: ActivationConfig, slope: int, bias: int, negative: bool) -> tuple[int, int]:
    """S and B of a segment for one sign of x."""
    bias <<= config.fraction_bits - config.bias_format.fraction_bits
    centre = config.centre << (config.fraction_bits - config.bias_format.fraction_bits)
    if config.symmetry in ("odd", "point") and negative:
        return -slope, (centre if config.symmetry == "point" else 0) - bias
    if config.symmetry == "relu" and not negative:
        return slope + (1 << config.slope_format.fraction_bits), bias
    return slope, bias


def cells(config: ActivationConfig) -> list[Cell | None]:
    """What each index selects; as many as a power of two.

    A free knot's index is the segment's number; numbers beyond the last stand for the last. Of uniform knots it is the
    cell's address without what all cells have in common; of power-of-two knots, its address with the sign on top.
    """
    edges = [config.first, *config.breakpoints, config.last + 1]
    if config.knots == "free":
        count = 1 << (len(config.slopes) - 1).bit_length()
        numbers = [min(k, len(config.slopes) - 1) for k in range(count)]
        return [Cell(k, edges[k], edges[k + 1] - 1) for k in numbers]
    begins = [config.first, *starts(config.knots, config.address, config.first, config.last)]
    ends = [*(begin - 1 for begin in begins[1:]), config.last]
    numbers = [cell(config.knots, config.address, begin) for begin in begins]
    if config.knots == "uniform":
        count = 1 << (len(begins) - 1).bit_length()
    else:
        count = 1 << (config.address[1] + octaves(config).bit_length() + (config.first < 0))
    found: list[Cell | None] = [None] * count
    k = 0
    for number, low, high in zip(numbers, begins, ends, strict=True):
        while high >= edges[k + 1]:
            k += 1
        if config.knots == "uniform":
            found[number % count] = Cell(k, low, high, number << config.address[0])
            continue
        # Below 2^e the bits below the leading one have no meaning: all their values select the cell.
        index = number if number >= 0 else ~number | count >> 1
        for same in range(1 << config.address[1]) if number in (0, -1) else (0,):
            found[index | same] = Cell(k, low, high)
    return found


def octaves(config: ActivationConfig) -> int:
    """Octaves of power-of-two knots that have cells of their own."""
    return max(max(config.last, ~config.first).bit_length() - config.address[0], 0)


def signs(config: ActivationConfig) -> bool:
    """Whether what is selected differs with the sign of x."""
    return config.symmetry in ("odd", "point", "relu")


def reached(config: ActivationConfig, low: int, high: int, negative: bool) -> Range | None:
    """The part of a range of u that inputs of one sign have; None if there is none."""
    first, last = config.codes
    if config.symmetry == "none":
        return low, high
    ends = (max(1, -last), -first) if negative else (max(0, first), last)
    low, high = max(low, ends[0]), min(high, ends[1])
    return (low, high) if low <= high else None


def entries(config: ActivationConfig) -> Entries:
    """All addresses of a unit that holds its segments as constants."""
    drop = config.fraction_bits - config.output_format.fraction_bits
    slopes: list[int | None] = []
    constants: list[int | None] = []
    sums: list[int] = []
    rows = cells(config)
    for negative in (False, True) if signs(config) else (False,):
        for row in rows:
            used = row and [found for sign in ({negative} if signs(config) else {False, True})
                            if (found := reached(config, row.low, row.high, sign))]  # fmt: skip
            if not row or not used:
                slopes.append(None)
                constants.append(None)
                continue
            slope, bias = line(config, config.slopes[row.k], config.biases[row.k], negative)
            slopes.append(slope)
            constant = bias + slope * row.base + (1 << drop >> 1 if drop > 0 else 0)
            constants.append(constant)
            sums += [slope * (u - row.base) + constant for ends in used for u in ends]
    # What is lost below the last bit of all slopes cannot carry: floor((a 2^t + g) / 2^d) has floor(g / 2^t) in it.
    spare = min([max(drop, 0), *((s & -s).bit_length() - 1 for s in slopes if s)])
    return Entries(
        tuple(s if s is None else s >> spare for s in slopes), tuple(c if c is None else c >> spare for c in constants),
        drop - spare, (min(sums) >> spare, max(sums) >> spare),
    )  # fmt: skip


def held(config: ActivationConfig, x: int) -> int:
    """y at an end of the domain, which all inputs beyond it have."""
    u = x if config.symmetry == "none" else abs(x)
    k = bisect_right(config.breakpoints, u)
    slope, bias = line(config, config.slopes[k], config.biases[k], x < 0)
    drop = config.fraction_bits - config.output_format.fraction_bits
    total = slope * u + bias
    y = (total + (1 << (drop - 1))) >> drop if drop > 0 else total << -drop
    return min(max(y, config.output_format.low), config.output_format.high)


def span(values: Sequence[int | None]) -> Range:
    """Least and greatest of the values that are there."""
    found = [value for value in values if value is not None]
    return min(found), max(found)


def spans(config: ActivationConfig) -> tuple[Range, Range, Range]:
    """Ranges of slope, constant and sum where a reload may bring any segment, unshifted."""
    drop = config.fraction_bits - config.output_format.fraction_bits
    half = 1 << drop >> 1 if drop > 0 else 0
    lines = [line(config, slope, bias, negative) for negative in (False, True)
             for slope in (config.slope_format.low, config.slope_format.high)
             for bias in (config.bias_format.low, config.bias_format.high)]  # fmt: skip
    slopes, constants = zip(*lines, strict=True)
    products = [slope * u for slope in slopes for u in (config.first, config.last)]
    constant = (min(constants) + half, max(constants) + half)
    return span(slopes), constant, (min(products) + constant[0], max(products) + constant[1])
