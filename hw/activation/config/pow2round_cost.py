"""What a rounder to powers of two is made of: its cost model."""

from __future__ import annotations

from ...lib.cost import Registers, Structure
from ...lib.place import longest, place
from .pow2round import CUTS, SPARE, Pow2RoundConfig

SMALL = 6
"""Bits of values of which a bit of a result is mostly one lookup table."""


def structure(config: Pow2RoundConfig) -> Structure:
    """The parts of the unit: for each value a magnitude, a normalisation, a comparison."""
    ranks = place(CUTS, config.latency, SPARE)
    found = Structure(longest(CUTS, ranks), config.magnitude_width)
    fmt, width, count = config.input_format, config.magnitude_width, config.elements
    sign, digits = int(fmt.signed), (config.magnitude_width - 1).bit_length()
    # Nearest by value asks for one bit below the leading one, the others for all.
    asked = min(2, width) if config.rounding == "arithmetic" else width
    registers = Registers(found, ranks)
    registers.cut("input", {"x": count * (width - sign), "sign": count * sign})
    registers.cut("magnitude", {"magnitude": count * width, "sign": count * sign}, {"sign"} if sign else ())
    # The lowest bit is zero wherever anything is shifted.
    lowest = count * (asked == width > 1)
    normal = {"significand": count * asked - lowest, "lowest": lowest, "zeros": count * digits, "sign": count * sign}
    registers.cut("normal", normal, cleared={"lowest"} if ranks["normal"] else ())
    registers.cut("result", {"e": count * config.exponent_width, "zero": count, "sign": count * sign}, cleared={"e"})
    registers.end()
    found.border(config.interface, config.latency, config.reset)
    _logic(found, config, asked, digits, bool(ranks["normal"]))
    return found


def _logic(found: Structure, config: Pow2RoundConfig, asked: int, digits: int, split: bool) -> None:
    """``split``: registers stand between normalisation and comparison."""
    width, count = config.magnitude_width, config.elements
    found.add("magnitude", count * width * config.input_format.signed)
    if width <= SMALL:
        # Each bit is a lookup table of its own.
        found.add("bits of small values", count * (config.exponent_width + (asked + digits) * split))
        return
    found.add("value", count)
    found.add("zeros counted", count * width)
    found.add("exponent", count * config.exponent_width)
    if config.rounding == "ceiling" and not split:
        # Whether a second bit is set needs no shift.
        found.add("any below", count * width)
        return
    for level in range(digits):
        found.add("shifted", count * min(width, asked + (1 << level) - 1))
    found.add("compared", count * width * (config.rounding == "geometric"))
    found.add("any of the significand", count * width * (config.rounding == "ceiling"))
