"""What a multiply-accumulate unit is made of: its cost model."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

from ...formats import Format
from ...lib.cost import Registers, Structure, bits_of
from ...lib.place import longest, place
from ...lib.tiles import tiles
from ..geometry import Factor, Geometry, normalised
from . import MacConfig
from .cuts import MULTIPLY_CUTS, SPARE, cuts
from .lane_cost import addend_bits, float_lane, special_bits
from .modes import Mode


def structure(config: MacConfig) -> Structure:
    """The parts of the unit: registers at each cut, products, and the logic between."""
    modes, (rows, columns) = config.modes, config.grid
    ranks = config.placement or place(cuts(config), config.latency, SPARE)
    found = Structure(stage=longest(cuts(config), ranks))
    widths = {side: max(getattr(mode, side).width for mode in modes) for side in ("a", "b", "acc")}
    selector = (len(modes) - 1).bit_length()
    packed = Registers(found, ranks)
    # Of a wider operand its low bits and its sign.
    width_a, width_b = (min(widths[side], _narrowed(config) + 1) for side in "ab")
    packed.cut("input", {"a": rows * width_a, "b": columns * width_b, "mode": selector})
    packed.cut("unpacked", {"a": _packed_bits(config, 0), "b": _packed_bits(config, 1), "mode": selector}, {"a", "b"})
    packed.end()
    _operands(found, config)
    _products(found, config)
    for i in range(rows):
        for j in range(columns):
            whole = len(modes) == 1 and modes[0].acc.is_integer
            if not whole:
                code = Registers(found, ranks)
                code.cut("input", {"c": widths["acc"]})
                code.end()
            for acc in {mode.acc.name: mode.acc for mode in modes}.values():
                users = [mode for mode in modes if mode.acc is acc and i < mode.lanes_a and j < mode.lanes_b]
                if users:
                    _lane(found, config, acc, users, Registers(found, ranks))
    found.border(config.interface, config.latency, config.reset)
    if config.product == "rounded" and any(mode.acc.is_float for mode in modes):
        # Two lanes in a row: without registers between, the mapper makes one of what they share.
        found.add("registers of two sums", found.flip_flops(None))
    return found


def _packed_bits(config: MacConfig, side: int) -> int:
    """Bits of a packed word that are no constants: a hidden bit that always is set is one."""
    words = []
    for mode in config.modes:
        fmt: Format = (mode.a, mode.b)[side]
        constant = fmt.is_float and fmt.mantissa_width and (normalised(fmt, config.flush)
                                                            or (config.flush and fmt.flushes))  # fmt: skip
        bits = (1 << fmt.significand_width - bool(constant)) - 1
        ones = (1 << fmt.significand_width) - 1
        places = (mode.packing.a, mode.packing.b)[side]
        bits, ones = (word & (1 << _narrowed(config)) - 1 for word in (bits, ones))
        words.append((sum(bits << at for at in places), sum(ones << at for at in places)))
    some = reduce(or_, (varied for varied, _ in words))
    # Where modes differ in a constant, it is none.
    mixed = reduce(or_, (ones for _, ones in words)) & ~reduce(and_, (ones for _, ones in words))
    return (some | mixed).bit_count()


def _narrowed(config: MacConfig) -> int:
    """Bits of an operand's magnitude that count: of sums that wrap no more than the accumulator has."""
    wraps = all(mode.acc.is_integer for mode in config.modes) and config.overflow != "saturate"
    return max(mode.acc.width for mode in config.modes) if wraps else 64


def _operands(found: Structure, config: MacConfig) -> None:
    """Operands taken apart, and put where their mode's packing has them."""
    for side in (0, 1):
        seen = {}
        for mode in config.modes:
            fmt, packing = (mode.a, mode.b)[side], mode.packing
            count = (packing.lanes_a, packing.lanes_b)[side]
            seen[fmt.name] = (fmt, max(count, seen.get(fmt.name, (fmt, 0))[1]))
        for fmt, count in seen.values():
            if fmt.kind == "int":
                found.add("magnitude", count * min(fmt.width, _narrowed(config)))
            if fmt.is_float:
                found.add("operand field", count * fmt.exponent_width)
                found.add("subnormal operand", count * fmt.mantissa_width**2 * normalised(fmt, config.flush))
        if len(config.modes) > 1:
            found.add("operand of a mode", sum(
                mode.packing.extent_a if side == 0 else mode.packing.extent_b for mode in config.modes
            ))  # fmt: skip


def _products(found: Structure, config: MacConfig) -> None:
    modes = config.modes
    extents = [max(mode.packing.extent_a for mode in modes), max(mode.packing.extent_b for mode in modes)]
    if config.multiplier != "lut":
        grid = tiles(extents[0], extents[1], config.multiplier)
        found.products += [(width_a, width_b) for at_a, width_a, at_b, width_b in grid
                           if at_a + at_b < _narrowed(config)]
        found.add("tiles added", (len(found.products) - 1) * sum(extents))
        return
    rows, columns = config.grid
    if rows * columns > 1:
        extents = [max(getattr(mode.packing, f"width_{side}") for mode in modes) for side in "ab"]
    kept = _narrowed(config)
    short, long = sorted(min(extent, kept) for extent in extents)
    # Rows of bits, of which the first two need no adder of three; then one sum of what is left.
    row_bits = [min(long, kept - row) for row in range(short)]
    found.rows = short
    found.add("product bits", rows * columns * sum(row_bits))
    found.add("product rows added", rows * columns * sum(row_bits[2:]))
    found.add("product summed", rows * columns * (min(short + long, kept) if short > 1 else long))


def _lane(found: Structure, config: MacConfig, acc: Format, users: list[Mode], registers: Registers) -> None:
    """One lane with one accumulator: its sources, its sum."""
    flush = config.flush
    signed = int(any(mode.a.is_signed or mode.b.is_signed for mode in users))
    if len(users) < len(config.modes):
        found.add("addend of a mode", acc.width)
    if acc.is_integer:
        window = max(mode.packing.window for mode in users)
        _integer(found, config, acc, window, signed, len(users) < len(config.modes), registers)
        return
    factors = [Factor.of_operands(mode.a, mode.b, mode.acc, flush) for mode in users]
    factor = Factor(max(f.width for f in factors), min(f.low for f in factors), max(f.high for f in factors),
                    max(f.zeros for f in factors))  # fmt: skip
    geometry = Geometry(factor, acc)
    exponent = max(max(mode.a.exponent_width, mode.b.exponent_width) + 2 for mode in users)
    if len(config.modes) == 1 and users[0].a.is_integer and users[0].b.is_integer:
        exponent = 0
    found.add("exponents added", exponent)
    found.add("product of a mode", (len(users) - 1) * (factor.width + exponent))
    special = max(max(special_bits(mode.a), special_bits(mode.b)) for mode in users)
    known = {"sign_p": signed, "e_p": min(exponent, bits_of(geometry.product_range)[0]), "zero_p": 1,
             "special_p": special}  # fmt: skip
    live = {**known, **addend_bits(acc)}
    registers.cut("unpacked", live)
    live["p"] = factor.width
    numerics = {"flush": flush, "rounding": config.rounding, "saturate": config.overflow == "saturate"}
    if config.product == "fused":
        float_lane(found, registers, geometry, live, **numerics)
    else:
        carry = addend_bits(acc)
        float_lane(found, registers, geometry, {**live, **addend_bits(acc, known=False)}, carry=carry,
                   stage="product_", **numerics)  # fmt: skip
        second = {"p": acc.significand_width, "sign_p": signed, "e_p": acc.exponent_width, "zero_p": 1,
                  "special_p": special_bits(acc)}  # fmt: skip
        float_lane(found, registers, Geometry(Factor.of_rounded(acc), acc), {**second, **addend_bits(acc)},
                   compared=None, **numerics)  # fmt: skip
    registers.end()


def _integer(found: Structure, config: MacConfig, acc: Format, window: int, signed: int, others: bool,
             registers: Registers) -> None:  # fmt: skip
    """The sum of integers; ``others``: in some modes another lane works instead."""
    if len(config.modes) == 1:
        # c is not looked at before the sum.
        registers.cut("input", {"c": acc.width})
    registers.cut("unpacked", {"sign": signed, "c": acc.width}, cleared={"c"} if others else ())
    used = window if config.overflow == "saturate" else min(window, acc.width)
    registers.cut("product", {"sign": signed, "c": acc.width, "p": used}, {"p"})
    for name, _ in cuts(config)[len(MULTIPLY_CUTS) :]:
        registers.cut(name, {"y": acc.width})
    registers.end()
    found.add("integer sum", acc.width if signed else min(window, acc.width))
    found.add("integer product", used)
    found.add("integer saturated", acc.width * (config.overflow == "saturate"))
    found.add("integer product clamped", acc.width * (config.overflow == "saturate" and config.product == "rounded"))
    found.add("integer sign", used * signed)
    found.widest = max(found.widest, acc.width)
