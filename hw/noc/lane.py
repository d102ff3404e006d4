"""A lane: which pair its x asks for, the pair as it comes by, and the multiply-add of it."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned

from ..activation.segments import rounded, rows, select, shape_of
from ..lib.part import Part, PartPipeline
from ..lib.pipeline import Pipeline, place
from .config.nova import NovaConfig
from .line import Flit, pair_of
from .words import SIGNED, Words

Cuts = list[tuple[str, int]]
VALUE_CUTS: Cuts = [("product", 9), ("result", 6)]
"""Places for registers behind the pair that is kept, each with the delay before it."""


def address_cuts(config: NovaConfig) -> Cuts:
    """The same before it."""
    found: Cuts = [("input", 0)]
    whole = all(table.codes == (config.input_format.low, config.input_format.high) for table in config.tables)
    if not whole or any(symmetry != "none" for symmetry in config.symmetries):
        found.append(("folded", 4))
    if config.breakpoints == "local":
        found += [(f"level{level}", 4) for level in reversed(range((config.count - 1).bit_length()))]
    return found


def placed(config: NovaConfig) -> tuple[dict[str, int], dict[str, int]]:
    """Registers at the cuts before and behind the one that keeps the pair."""
    return (place(address_cuts(config), config.before, spare="input"),
            place(VALUE_CUTS, config.behind, spare="product"))  # fmt: skip


def known(table: Value, values: Sequence[int], shape: Shape) -> Value:
    """A constant of the beat's table."""
    size = 1 << (len(values) - 1).bit_length()
    return select(table, [*values, *[None] * (size - len(values))], shape)


def _flag(table: Value, config: NovaConfig, symmetries: Sequence[str]) -> Value:
    return known(table, [int(symmetry in symmetries) for symmetry in config.symmetries], unsigned(1))


def address(m: Module, pipe: Pipeline, config: NovaConfig, words: Words, x: Value,
            table_at: Callable[[int], Value]) -> dict[str, Value]:  # fmt: skip
    """Which segment x lies in (``index``; or ``u``, where breakpoints are broadcast), and what the pair is used with.

    Parameters
    ----------
    pipe : Pipeline
        Of the registers before the pair.
    table_at : callable
        The beat's table behind so many registers.
    """
    passed = 0

    def cut(name: str, live: dict[str, Value]) -> dict[str, Value]:
        nonlocal passed
        passed += pipe.ranks[name]
        return dict(pipe.cut(name, live))

    fmt = config.input_format
    there = Signal(signed(fmt.width) if fmt.signed else fmt.width, name=f"{pipe.name}_x")
    m.d.comb += there.eq(x)
    live = cut("input", {"x": there})
    if "folded" in pipe.ranks:
        live = cut("folded", _folded(m, pipe.name, config, words, live["x"], table_at(passed)))
    else:
        live = {"u": live["x"]}
    index: Value = Const(0, 0)
    if config.breakpoints == "local":
        bits = (config.count - 1).bit_length()
        for level in reversed(range(bits)):
            knots, exist = _asked(config, level)
            chosen = Cat(index, table_at(passed))
            knot, exists = select(chosen, knots, shape_of(*words.u)), select(chosen, exist, unsigned(1))
            index = Cat((live["u"] >= knot) & exists, index)
            live = cut(f"level{level}", {**live, "index": index})
            index = live["index"]
        live.setdefault("index", index)
    if config.breakpoints == "local" and "operand" in live:
        live.pop("u")
    return live


def _asked(config: NovaConfig, level: int) -> tuple[list[int | None], list[int | None]]:
    """Knots of a level of the search by the index bits above it and the table, and whether they are there."""
    bits = (config.count - 1).bit_length()
    knots: list[int | None] = []
    exist: list[int | None] = []
    for table in config.tables:
        for prefix in range(1 << (bits - 1 - level)):
            at = (2 * prefix + 1) << level
            knots.append(table.breakpoints[at - 1] if at <= len(table.breakpoints) else None)
            exist.append(int(at <= len(table.breakpoints)))
    missing = (len(knots) // len(config.tables) << (len(config.tables) - 1).bit_length()) - len(knots)
    return knots + [None] * missing, exist + [None] * missing


def _folded(m: Module, name: str, config: NovaConfig, words: Words, x: Value, table: Value) -> dict[str, Value]:
    """x held to the domain; what is compared; the operand (where it is another); the sign, by what it means."""
    fmt = config.input_format
    ends = [table.codes for table in config.tables]
    for low, codes in ((True, [end[0] for end in ends]), (False, [end[1] for end in ends])):
        if any(code != (fmt.low if low else fmt.high) for code in codes):
            end = known(table, codes, shape_of(min(codes), max(codes)))
            held = Signal.like(x, name=f"{name}_held_{'low' if low else 'high'}")
            m.d.comb += held.eq(Mux(x < end if low else x > end, end, x))
            x = held
    symmetries = set(config.symmetries)
    if symmetries == {"none"}:
        return {"u": x}
    negative = x[-1]
    last = max(of.last for of in config.tables if of.symmetry != "none")
    size = Signal(max(last.bit_length(), 1), name=f"{name}_size")
    m.d.comb += size.eq((x ^ negative.replicate(len(x))) + negative)
    u = Signal(shape_of(*words.u), name=f"{name}_u")
    m.d.comb += u.eq(Mux(_flag(table, config, ("none",)), x, size))
    found: dict[str, Value] = {"u": u}
    if symmetries & set(SIGNED):
        found["operand"] = Mux(_flag(table, config, ("even", "relu")), size, x) if symmetries - set(SIGNED) else x
    if symmetries & {"odd", "point"}:
        found["mirrored"] = negative & _flag(table, config, ("odd", "point"))
        if len(_centres(config, words)) > 1:
            found["centre"] = known(table, words.centres, shape_of(min(words.centres), max(words.centres)))
    if "relu" in symmetries:
        found["raised"] = ~negative & _flag(table, config, ("relu",))
    return found


def _centres(config: NovaConfig, words: Words) -> set[int]:
    rows = zip(config.symmetries, words.centres, strict=True)
    return {centre for symmetry, centre in rows if symmetry in ("odd", "point")}


def caught(m: Module, name: str, config: NovaConfig, words: Words, flit: Flit,
           live: dict[str, Value]) -> tuple[Value, Value, Value]:  # fmt: skip
    """Whether a flit has a pair for the lane, its slope and its constant."""
    count = config.slots
    pairs = [pair_of(config, words, flit.word, slot) for slot in range(count)]
    if config.breakpoints == "broadcast":
        begins = Signal(count, name=f"{name}_begins")
        m.d.comb += begins.eq(Cat(live["u"] >= pair[2] for pair in pairs))
        here = [begins[slot] & ~begins[slot + 1] for slot in range(count - 1)] + [begins[-1]]
        hit = begins[0]
    else:
        index = live["index"]
        if count & (count - 1) == 0:
            bits = (count - 1).bit_length()
            slot, hit = index[:bits], index[bits:] == flit.number
        else:
            offset = Signal(signed(len(index) + 2), name=f"{name}_offset")
            firsts = [number * count for number in range(config.flits)]
            m.d.comb += offset.eq(index.as_unsigned() - known(flit.number, firsts, shape_of(0, firsts[-1])))
            slot, hit = offset, (offset >= 0) & (offset < count)
        here = [slot == k for k in range(count)]
    if flit.valid is not None:
        hit = hit & flit.valid
    if count == 1:
        return hit, pairs[0][0], pairs[0][1]
    gates = Signal(count, name=f"{name}_here")
    m.d.comb += gates.eq(Cat(*here))
    found = []
    for part, ends in enumerate((words.slope, words.constant)):
        word = Signal(shape_of(*ends), name=f"{name}_{('slope', 'constant')[part]}")
        m.d.comb += word.eq(reduce(or_, (pair[part].as_unsigned() & gates[k].replicate(len(word))
                                         for k, pair in enumerate(pairs))))  # fmt: skip
        found.append(word)
    return hit, found[0], found[1]


def value(m: Module, pipe: Pipeline, config: NovaConfig, words: Words, live: dict[str, Value]) -> Value:
    """The multiply-add of the pair that was kept, rounded."""
    operand = live.get("operand", live.get("u"))
    slope, constant = live["slope"], live["constant"]
    used = Signal(shape_of(*words.used_slope), name=f"{pipe.name}_used_slope")
    one = 1 << config.tables[0].slope_format.fraction_bits
    m.d.comb += used.eq(slope + Mux(live["raised"], one, 0) if "raised" in live else slope)
    added = Signal(shape_of(*words.used_constant), name=f"{pipe.name}_used_constant")
    if "mirrored" in live:
        centre = live["centre"] if "centre" in live else Const(min(_centres(config, words)), shape_of(
            min(0, *_centres(config, words)), max(0, *_centres(config, words))))  # fmt: skip
        m.d.comb += added.eq(Mux(live["mirrored"], centre - constant, constant))
    else:
        m.d.comb += added.eq(constant)
    product = rows(m, used, operand) if config.multiplier == "lut" else used * operand
    live = pipe.cut("product", {"product": product, "constant": added})
    total = Signal(shape_of(*words.total), name=f"{pipe.name}_total")
    low = Const(words.low, words.shift) if words.shift else Const(0, 0)
    wide = Cat(low, live["constant"])
    m.d.comb += total.eq(live["product"] + (wide.as_signed() if words.used_constant[0] < 0 else wide))
    y = rounded(m, total, words.total, words.drop, config.output_format)
    return pipe.cut("result", {"y": y})["y"]


def whole(part: Part, config: NovaConfig, words: Words, x: Value, table_at: Callable[[int], Value],
          enables: tuple[Value, Value], pair: Callable[..., tuple[Value, Value, Value]]) -> Value:  # fmt: skip
    """A lane of a unit with one clock: its address, the pair as it comes, and the multiply-add of it.

    Parameters
    ----------
    enables : (Value, Value)
        Of all registers, and of those that hold a beat while its flits pass.
    pair : callable
        From the part and an address: whether there is a pair for it, its slope and its constant.
    """
    ranks, (enable, holds) = placed(config), enables
    pipe = PartPipeline(part, ranks[0], [*[enable] * (config.before - 1), holds])
    live = address(part, pipe, config, words, x, table_at)
    hit, slope, constant = pair(part, live)
    kept = {"slope": slope, "constant": constant}
    kept |= {key: live[key] for key in ("operand", "mirrored", "centre", "raised") if key in live}
    if "operand" not in live:
        kept["operand"] = live["u"]
    after = {}
    for key, word in kept.items():
        after[key] = Signal.like(word, name=f"{part.name}_kept_{key}", reset_less=True)
        takes = enable & hit if config.flits > 1 and key in ("slope", "constant") else enable
        with part.If(takes):
            part.d.sync += after[key].eq(word)
    return value(part, PartPipeline(part, ranks[1], enable), config, words, after)
