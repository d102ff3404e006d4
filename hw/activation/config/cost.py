"""What an activation unit is made of: its cost model, for tables and segments between fixed-point formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_

from ...config import ConfigError
from ...lib.cost import Memory, Registers, Structure, bits_of
from ...lib.place import longest, place
from ...lib.rom import asked, chosen, columns, luts, masked
from ..entries import Entries, Range, entries, octaves, signs, span
from . import ActivationConfig
from .cuts import cuts, spare

SMALLEST_BLOCK = (2, 9)
"""Bits of an operand and of a product from which synthesis takes a multiplier block."""


def structure(config: ActivationConfig) -> Structure:
    """The parts of the unit.

    Raises
    ------
    ConfigError
        For ``form=reload`` and for floats, of which no model is made.
    """
    if config.form == "reload":
        raise ConfigError("estimate of activation requires form=table, pwl or fold, not reload")
    if config.float_input is not None or config.float_output is not None:
        raise ConfigError(f"estimate of activation requires fixed-point formats, not {config.input} to {config.output}")
    ranks = place(cuts(config), config.latency, spare(config))
    found = Structure(longest(cuts(config), ranks), max(config.input_width, config.output_width))
    registers = Registers(found, ranks)
    if config.form == "table":
        _table(found, config, registers)
    else:
        _lines(found, config, registers)
    found.border(config.interface, config.latency, config.reset)
    return found


def _table(found: Structure, config: ActivationConfig, registers: Registers) -> None:
    low, high = config.codes
    mask = (1 << config.output_width) - 1
    words: list[int | None] = [None] * (1 << (high - low).bit_length())
    for x, entry in enumerate(config.entries, low):
        words[x % len(words)] = entry & mask
    held = columns([(words, config.output_width)])
    registers.cut("input", {"x": config.input_width})
    registers.end()
    _ends(found, config)
    ranks = registers.ranks["entry"]
    block, logic = Structure(), Structure()
    # A block's own register is the first.
    block.hold(len(held), ranks - 1, plain=True)
    reads = Registers(logic, {"entry": ranks})
    forced = sum(map(masked, held))
    reads.cut("entry", {"y": len(held) - forced, "forced": forced}, cleared={"forced"})
    reads.end()
    logic.add("table", sum(luts(column) > 0 for column in held))
    logic.add("table parts", sum(chosen(column)[0] for column in held))
    logic.add("table parts that differ", sum(chosen(column)[1] for column in held))
    found.memories.append(Memory(len(words), config.output_width, block, logic))


def _ends(found: Structure, config: ActivationConfig) -> int:
    """Comparisons with the ends of the domain; how many there are."""
    fmt = config.input_format
    beyond = (config.codes[0] > fmt.low) + (config.codes[1] < fmt.high)
    found.add("compared with an end", beyond * fmt.width)
    return beyond


def _lines(found: Structure, config: ActivationConfig, registers: Registers) -> None:
    fmt = config.input_format
    flags = {f"flag{k}": 1 for k in range(_ends(found, config))}
    folded = config.symmetry != "none"
    sign = {"negative": 1} if signs(config) else {}
    size = config.knot_width
    # Free knots ask for all of u, an address for its upper bits alone.
    low = config.address[0] - sum(config.address[1:]) if config.address else 0
    u = {"u": min(low, size), "above": size - min(low, size)}
    if folded:
        registers.cut("input", {"x": fmt.width})
        registers.cut("folded", {**u, **sign, **flags})
        found.add("magnitude", fmt.width)
    else:
        registers.cut("input", u)
    kept = {**u, **sign, **flags}
    if config.knots == "free":
        for level in reversed(range((len(config.slopes) - 1).bit_length())):
            _compared(found, config, level)
            kept = {**kept, f"index{level}": 1}
            registers.cut(f"level{level}", kept, {"above", f"index{level}"})
    elif config.knots == "pow2":
        made = entries(config)
        index = asked(columns(_tables(made))) - bool(sign)
        registers.cut("cell", {**kept, "index": index}, {"above"})
        found.add("leading one", octaves(config) * index)
    if config.knots == "uniform":
        # The upper bits are all in the address.
        del u["above"]
    _multiplied(found, config, registers, {**u, **flags})


def _compared(found: Structure, config: ActivationConfig, level: int) -> None:
    """One level of the search for a segment: which knot, and whether u reaches it."""
    count, width = len(config.slopes), config.knot_width
    bits = (count - 1).bit_length()
    knots: list[int | None] = []
    for prefix in range(1 << (bits - 1 - level)):
        index = (2 * prefix + 1) << level
        beyond = index & (index - 1) >= count - 1
        knots.append(None if beyond else config.breakpoints[min(index, count - 1) - 1])
    varied = columns([(knots, width)])
    found.add("knots chosen", sum(map(luts, varied)))
    found.add("compared with a knot" if varied else "compared with the first knot", width)


def _multiplied(found: Structure, config: ActivationConfig, registers: Registers, live: Mapping[str, int]) -> None:
    """Line, product, sum, rounding."""
    made = entries(config)
    slope, total = _bits(span(made.slopes)), _bits(made.total)
    tables = _tables(made)
    varied, slopes = columns(tables), columns(tables[:1])
    found.add("lines", sum(map(luts, varied)))
    forced = {column for column in varied if masked(column)}
    constants = varied - slopes
    line = {
        **live, "slope": len(slopes - forced), "slope forced": len(slopes & forced),
        "constant": len(constants - forced), "constant forced": len(constants & forced),
    }  # fmt: skip
    cleared = {"slope forced", "constant forced"} if registers.ranks["line"] else set()
    registers.cut("line", line, cleared=cleared)
    whole = live["u"] + live.get("above", 0)
    operand = (whole, config.symmetry == "none" and config.knots != "uniform" and config.input_format.signed)
    # Low bits to which nothing is added carry nothing.
    dead = min(max(made.shift, 0), _zeros(made.constants))
    product = min(slope[0] + operand[0], total[0]) - dead
    flags = {name: bits for name, bits in live.items() if name.startswith("flag")}
    # What slope and constant have in common is asked for as a constant too.
    shared = len(slopes & columns(tables[1:]))
    kept = {name: bits for name, bits in line.items() if name.startswith("constant")}
    registers.cut("product", {**flags, **kept, "product": product, "shared": shared})
    _product(found, config, slope, operand)
    found.add("row gates", len(slopes) * operand[0] * (config.multiplier == "lut"))
    # Right behind the product a block adds too.
    found.add("sum", (total[0] - dead) * (not found.products or registers.ranks["product"] > 0))
    found.widest = max(found.widest, total[0])
    low, high = (end >> made.shift if made.shift >= 0 else end << -made.shift for end in made.total)
    fmt = config.output_format
    result = min(_bits((low, high))[0], fmt.width)
    registers.cut("result", {"y": result}, {"y"}, {"y"} if flags else ())
    registers.end()
    found.add("held", fmt.width * ((low < fmt.low) + (high > fmt.high)))


def _product(found: Structure, config: ActivationConfig, slope: tuple[int, bool], operand: tuple[int, bool]) -> None:
    if config.multiplier == "lut":
        found.rows = operand[0]
        found.add("rows", (slope[0] + 2 - slope[1]) * (operand[0] - 1))
        return
    # Beside a number with a sign, one without takes a bit more.
    either = slope[1] or operand[1]
    widths = [bits + (either and not signed) for bits, signed in (slope, operand)]
    if min(widths) >= SMALLEST_BLOCK[0] and sum(widths) >= SMALLEST_BLOCK[1]:
        # Widths of unsigned numbers are asked for, which take a bit more in ports with a sign.
        found.products.append((widths[0] - either, widths[1] - either))
        return
    found.add("product area", widths[0] * widths[1])


def _tables(made: Entries) -> list[tuple[Sequence[int | None], int]]:
    """Slopes and constants by address, with their widths."""
    return [(words, _bits(span(words))[0]) for words in (made.slopes, made.constants)]


def _zeros(words: Sequence[int | None]) -> int:
    """Zeros at the end of all words."""
    some = reduce(or_, (word for word in words if word is not None))
    return (some & -some).bit_length() - 1 if some else 64


def _bits(ends: Range) -> tuple[int, bool]:
    bits, signed = bits_of(range(ends[0], ends[1] + 1))
    return max(bits, 1), signed
