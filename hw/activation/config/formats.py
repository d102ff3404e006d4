"""Formats of what an activation unit takes and gives: fixed-point numbers, or floats and the grid they are put on."""

from __future__ import annotations

import re
from fractions import Fraction

from ...fixed import Fixed, parse_fixed
from ...formats import FORMATS, Format

GRID_WIDTH = 16
"""Bits of a grid, at most, and where none is asked for."""


def parse_domain(domain: str) -> tuple[Fraction, Fraction]:
    """The ends of ``low:high``.

    Raises
    ------
    ValueError
        If there are not two finite numbers, the first below the second.
    """
    try:
        low, high = (Fraction(end) for end in domain.split(":"))
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"domain must be two numbers such as -8:8, not {domain!r}") from None
    if low >= high:
        raise ValueError(f"domain must run from a lower to a higher number, not {domain!r}")
    return low, high


def parse_number(name: str, field: str) -> Fixed | Format:
    """The fixed-point format or the float of that name.

    Raises
    ------
    ValueError
        If there is none; the sentence starts with ``field``.
    """
    if name in FORMATS and FORMATS[name].is_float:
        return FORMATS[name]
    if re.fullmatch(r"u?q\d+\.\d+", name):
        return parse_fixed(name, field)
    raise ValueError(f"{field} must be a fixed-point format such as q3.12 or a float such as bf16, not {name!r}")


def as_float(name: str) -> Format | None:
    """The float of that name; None for a fixed-point format."""
    fmt = FORMATS.get(name)
    return fmt if fmt is not None and fmt.is_float else None


def grid_of(domain: str) -> Fixed:
    """The finest grid of :data:`GRID_WIDTH` bits that reaches over a domain (its upper end may lie a step beyond).

    Raises
    ------
    ValueError
        If a domain is wider than all of them.
    """
    low, high = parse_domain(domain)
    sign, bits = low < 0, 0
    while 1 << bits < max(-low, high):
        bits += 1
    if bits > GRID_WIDTH - sign:
        widest = f"-{1 << (GRID_WIDTH - 1)}:{1 << (GRID_WIDTH - 1)}"
        raise ValueError(f"domain must lie within {widest} for a float input, not be {domain!r}")
    return Fixed(sign, bits, GRID_WIDTH - sign - bits)


FLOAT_FIELDS = ("input", "output", "grid", "above", "form", "continuous", "domain")
"""Fields that :func:`check_floats` reads."""


def check_floats(source: Format | None, target: Format | None, *, input: str, output: str, grid: str | None, above: str,
                 form: str, continuous: bool, domain: str) -> None:  # fmt: skip
    """Refuses what floats, or fixed-point numbers, do not go with; fields as of the config, formats as floats.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if grid is not None:
        if source is None or form == "table":
            raise ValueError(f"grid requires segments and a float input, not form={form} with input={input}")
        if (width := parse_fixed(grid, "grid").width) > GRID_WIDTH:
            raise ValueError(f"grid must have at most {GRID_WIDTH} bits, not {width} ({grid})")
    if above == "identity":
        if source is None or source != target:
            raise ValueError(f"above=identity requires input and output to be one float, not {input} and {output}")
        if parse_domain(domain)[1] < 0:
            raise ValueError(f"above=identity requires a domain that reaches to 0 or above, not {domain}")
    for fmt, key in ((source, "input"), (target, "output")):
        if fmt is not None and form == "reload":
            raise ValueError(f"form=reload requires a fixed-point {key}, not {fmt.name}")
        if fmt is not None and continuous:
            raise ValueError(f"continuous requires a fixed-point {key}, not {fmt.name}")


def number_of(fmt: Format, code: int) -> Fraction:
    """What a code without sign of a float stands for, infinities as if numbers went on."""
    field, fraction = code >> fmt.mantissa_width, code & ((1 << fmt.mantissa_width) - 1)
    mantissa = fraction + (min(field, 1) << fmt.mantissa_width)
    return mantissa * Fraction(2) ** (max(field, 1) - fmt.bias - fmt.mantissa_width)


def last_code(fmt: Format, bound: Fraction) -> int:
    """The code of the greatest finite number that is at most a bound of 0 or more."""
    low, high = 0, fmt.max_finite
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if number_of(fmt, middle) <= bound else (low, middle - 1)
    return low


def exact_format(slope: Fixed, bias: Fixed, x: Fixed) -> Fixed:
    """A format of all sums of a line: ``slope * x + bias``, without rounding, whatever the symmetry adds."""
    fraction = slope.fraction_bits + x.fraction_bits
    return Fixed(True, max(slope.width + x.width, bias.width + fraction - bias.fraction_bits) + 1 - fraction, fraction)
