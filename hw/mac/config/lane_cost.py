"""What a float lane is made of: the registers of :func:`nervure.hw.mac.lane.float_lane`, and the logic between them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from ...formats import Format
from ...lib.cost import Registers, Structure, bits_of
from ..geometry import Geometry, levels, size


def special_bits(fmt: Format) -> int:
    """Bits that tell infinities and NaN of a format apart: NaN alone is one."""
    return {"ieee": 2, "nan": 1, "none": 0}[fmt.specials]


def addend_bits(fmt: Format, known: bool = True) -> dict[str, int]:
    """What is alive of an addend of that format; nothing of one that is known to be zero."""
    if not known:
        return {"c": 0, "sign_c": 0, "field_c": 0, "special_c": 0}
    return {"c": fmt.significand_width, "sign_c": 1, "field_c": fmt.exponent_width, "special_c": special_bits(fmt)}


def normaliser_widths(geometry: Geometry, limited: bool) -> list[int]:
    """Bits that enter each level of the shift to the left."""
    reach = [block * (choices - 1) for block, choices in levels(geometry.window, limited)]
    left = list(accumulate(reversed(reach)))[::-1]
    inner = (min(geometry.acc.significand_width + 1 + more, geometry.window) for more in left[1:])
    return [geometry.window, *inner]


def float_lane(
    structure: Structure, registers: Registers, geometry: Geometry, live: Mapping[str, int], *, flush: bool,
    rounding: str, saturate: bool, carry: Mapping[str, int] | None = None, stage: str = "",
    compared: str | None = "product",
) -> None:  # fmt: skip
    """Counts a lane; arguments as those of the circuit, with bits instead of signals.

    ``live`` has ``p``, ``e_p``, ``zero_p``, ``sign_p``, ``special_p`` and what :func:`addend_bits` gives. Its last cut
    is ``<stage>result``.
    """
    acc, ranks = geometry.acc, registers.ranks
    flush, known = flush and acc.flushes, live["c"] > 0
    late = {f"late_{key}": bits for key, bits in (carry or {}).items()}
    # Where neither exponent varies, what follows from their comparison is one bit and its complement.
    fixed = not known and not live["e_p"]
    # A product alone that is never shifted right has no more bits than it came with.
    word = geometry.window if known or _shifted(geometry, live) else min(live["p"] + 1, geometry.window)
    top = 2 if fixed else bits_of(geometry.top_range)[0]
    special = max(live["special_p"], live["special_c"])
    distance = bits_of(geometry.distance_range)[0]
    beyond = int(distance - 1 > geometry.shift_width)
    subtract = int(known)
    deep = bool(ranks[f"{stage}sum"] and ranks[f"{stage}shifted"])
    # A shift without a limit asks for no bound, and its register goes.
    bound = deep and not flush
    given = deep and compared is not None and not ranks.get("unpacked", 1)
    turns = deep and (given or bool(ranks[f"{stage}aligned"]))

    held = {"p": live["p"], "c": live["c"], "subtract": subtract, "special": special, **late}
    found = {"anchor_c": 1, "shift": 0 if fixed else geometry.shift_width, "top": top}
    if turns:
        held |= {"some_p": 1, "some_c": int(known), "signs": 2 if known else live["sign_p"]}
        if given:
            held |= {"v": distance, "e_p": live["e_p"], "field_c": live["field_c"], "zero_p": 1}
        else:
            held |= {**found, "beyond": beyond}
    else:
        held |= {**found, "sign": max(live["sign_p"], live["sign_c"]), "dropped": beyond}
    if compared:
        passing = set(late) | ({"e_p", "field_c", "zero_p"} if given else set())
        registers.cut(compared, held, read=set(held) - passing, cleared={"p", "c", "subtract", "top"})

    fresh = {"other", "sticky", *({"sign"} if turns else ()), *({"top"} if given else ())}
    aligned = {
        "other": 0 if fixed else geometry.window - 1, "sticky": int(not fixed),
        "p": live["p"], "c": live["c"], "anchor_c": 1, "top": top,
        "special": special, "sign": max(live["sign_p"], live["sign_c"]), "subtract": subtract, **late,
    }  # fmt: skip
    read = fresh | {"p", "c", "anchor_c"} | (set(aligned) - set(late) if not compared else set())
    registers.cut(f"{stage}aligned", aligned, read, cleared={"other"} if turns else set())

    kept = {"top": top, "special": special, "sign": aligned["sign"], "subtract": subtract, **late}
    state = {**kept, "total": geometry.window, "sticky": 1, **({"bound": top} if bound else {})}
    registers.cut(f"{stage}sum", state, {"total", "sticky", "subtract", *({"top", "bound"} if bound else ())})

    shifts = levels(geometry.window, not flush)
    widths = normaliser_widths(geometry, not flush)
    rest = sum(size(level) for level in shifts[1:])
    state = {
        **kept, "current": widths[1] if len(widths) > 1 else acc.significand_width + 1, "digit": size(shifts[0]),
        "filled": subtract, "rest": 1,
        **({} if flush else {"bound": min(rest, top), "limited": 1, "free": 1}),
    }  # fmt: skip
    registers.cut(f"{stage}shifted", state, {"current", "digit", "filled", "rest", "bound", "limited", "free",
                                             "subtract", *({} if flush or deep else {"top"})})  # fmt: skip
    last = shifts[-1][1]
    state = {
        "special": special, **late, "sign": aligned["sign"], "leading": acc.significand_width + last, "field": top,
        "filled": subtract, "last": size(shifts[-1]), "rest": 1,
    }  # fmt: skip
    registers.cut(f"{stage}counted", state, set(state) - set(late) - {"special"}, {"leading", "field", "filled"})
    state = {"sign": aligned["sign"], "field": top, "special": special, **late, "mantissa": acc.mantissa_width,
             "increment": 1}  # fmt: skip
    registers.cut(f"{stage}decided", state, {"mantissa", "increment"})
    registers.cut(f"{stage}result", {"y": acc.width, **late}, {"y"}, {"y"})

    _logic(structure, geometry, live, flush, rounding, saturate, top, distance, word)


def _shifted(geometry: Geometry, live: Mapping[str, int]) -> bool:
    """Whether a product alone can lie below the accumulator's least exponent."""
    return live["e_p"] > 0 and geometry.product_range[0] < 0


def _logic(structure: Structure, geometry: Geometry, live: Mapping[str, int], flush: bool, rounding: str,
           saturate: bool, top: int, distance: int, word: int) -> None:  # fmt: skip
    """The lane's logic, in bits of each part's words times what is chosen among."""
    acc, window = geometry.acc, geometry.window
    known, fixed = live["c"] > 0, not live["c"] and not live["e_p"]
    structure.widest = max(structure.widest, window)
    first = "" if known else "product: "
    structure.add(f"{first}lane", 1)
    # Of a product that is only rounded, the exponents are compared with a constant, or are constants themselves.
    structure.add("exponent compared", 0 if fixed else distance)
    structure.add("exponent chosen", top)
    structure.add("addend", live["p"] + live["c"])
    amount = geometry.shift_width if known or _shifted(geometry, live) else 0
    structure.add("align levels of four", (window - 1) * (amount // 2))
    structure.add("align levels of two", (window - 1) * (amount % 2))
    structure.add("sum" if known else "sum of one", 0 if fixed else word)
    shifts, widths = levels(window, not flush), normaliser_widths(geometry, not flush)
    for number, (_, choices) in enumerate(shifts):
        after = widths[number + 1] if number + 1 < len(widths) else acc.significand_width + 1
        kind = f"normalise levels of {choices}" if known else "product: normalise levels"
        structure.add(kind, min(word, after))
        structure.add(f"{first}zeros counted", min(word, widths[number]))
    structure.add("field", top)
    structure.add(f"{first}limit", 0 if flush else sum(size(level) for level in shifts))
    structure.add("rounded", acc.width * (word > acc.significand_width))
    structure.add("rounded exactly", acc.width * (word <= acc.significand_width))
    structure.add("rounded to nearest", acc.significand_width * (rounding == "rne"))
    structure.add("saturated", acc.width * saturate)
