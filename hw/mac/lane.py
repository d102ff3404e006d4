"""One float lane: a product and an addend to their rounded sum, as a chain of blocks with places for registers."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, ValueLike

from ..formats import Format
from ..lib.block import place_block
from ..lib.pipeline import Pipeline
from .add import Add, Align
from .compare import Compared
from .geometry import Geometry, field_weight
from .normalise import Normalise, Scan
from .pack import Decide, Pack
from .unpack import Operand, product_specials

NARROW = 16
"""Bits of a sum whose carry is early enough for one more choice."""


@dataclass(frozen=True)
class Numerics:
    """How a lane rounds: the accumulator's format and what its config says."""

    acc: Format
    rounding: str = "rne"
    flush: bool = False
    saturate: bool = False


def factor_live(a: Operand, b: Operand, acc: Format) -> dict[str, ValueLike]:
    """What the lane has to know of a product of these operands beside its significand.

    ``e_p`` is the weight of the product's top bit relative to ``acc``'s least exponent. The product may be anything
    where ``zero_p`` is high.
    """
    special, invalid = product_specials(a, b)
    # Exponents are relative to acc's least; fields are one more than exponents relative to their own formats' least.
    e_p = sum_of_fields(a.exponent, b.exponent, field_weight(a.fmt, b.fmt) - acc.min_exponent)
    return {
        "sign_p": a.sign ^ b.sign, "e_p": e_p,
        "zero_p": a.zero | b.zero, "special_p": Cat(special, invalid),
    }  # fmt: skip


def sum_of_fields(a: Value, b: Value, constant: int) -> Value:
    """``a + b + constant``, of which only the sum of a and b takes an adder.

    The constant's last bit is its carry, zeros above that cost nothing, and what is left moves few bits.
    """
    carry = constant & 1
    zeros = constant - carry
    total = a + b
    if carry:
        a, b = (Cat(Const(1, 1), x).as_signed() if x.shape().signed else Cat(Const(1, 1), x) for x in (a, b))
        total = (a + b)[1:].as_signed() if a.shape().signed or b.shape().signed else (a + b)[1:]
    if zeros == 0:
        return total
    low = min((zeros & -zeros).bit_length() - 1, len(total) - 1)
    signed_total = total.shape().signed
    upper, added = total[low:].as_signed() if signed_total else total[low:], zeros >> low
    if len(upper) > 3:
        return Cat(total[:low], upper + added).as_signed()
    # A table rather than a second adder.
    size = 1 << len(upper)
    values = [added + k - (size if signed_total and k >= size // 2 else 0) for k in range(size)]
    shape = Const(0, range(min(values), max(*values, 0) + 1)).shape()
    width = shape.width + (not shape.signed)
    chosen: Value = Const(values[0], width)
    for k in range(1, size):
        chosen = Mux(total[low:] == k, Const(values[k], width), chosen)
    return Cat(total[:low], chosen).as_signed()


def addend_live(c: Operand) -> dict[str, ValueLike]:
    """What the lane has to know of the addend: its significand and its exponent field, at least 1 where c is not zero.

    Where subnormals flush, a significand without its top bit counts as zero.
    """
    return {"c": c.raw, "sign_c": c.sign, "field_c": c.field, "special_c": Cat(c.inf | c.nan, c.nan)}


def float_lane(m: Module, pipe: Pipeline, numerics: Numerics, geometry: Geometry, live: Mapping[str, ValueLike],
               *, carry: Mapping[str, ValueLike] | None = None, prefix: str = "", stage: str = "",
               compared: str | None = "product") -> dict[str, Signal]:  # fmt: skip
    """Rounds ``±p·2^e ± c`` once.

    Parameters
    ----------
    m : Module
        Takes the blocks and registers.
    pipe : Pipeline
        Its cuts are ``product`` and those of :data:`~nervure.hw.mac.config.cuts.CUTS`, named ``<stage>...``.
    numerics : Numerics
    geometry : Geometry
    live : mapping
        ``p`` (unsigned, ``geometry.factor.width`` bits, not normalised), what :func:`factor_live` and
        :func:`addend_live` give.
    carry : mapping
        Delayed along with the sum.
    prefix : str
        Before the names of blocks and registers: ``lane1_``.
    stage : str
        Before the names of cuts, where a unit has two sums in a row.
    compared : str or None
        The cut after the exponents are compared: that of the multiplier, beside which it is done; None for no cut.

    Returns
    -------
    dict
        ``y`` (a code) and the carried signals.
    """
    acc = numerics.acc
    carry = carry or {}
    flush = numerics.flush and acc.flushes
    # With ranks on both sides of the adder stages are short, and none must do all that it could: the bound of the shift
    # is found beside the adder; where operands are unpacked beside the multiplier, exponents are only subtracted there;
    # an alignment with ranks on both sides is what clears an addend, not the comparison.
    deep = bool(pipe.ranks[f"{stage}sum"] and pipe.ranks[f"{stage}shifted"])
    given = deep and compared is not None and not pipe.ranks.get("unpacked", 1)
    turns = deep and (given or bool(pipe.ranks[f"{stage}aligned"]))
    before = Compared(m, geometry, flush, live, _prefixed(carry), prefix, given)

    def cut(state: Mapping[str, ValueLike]) -> Mapping[str, ValueLike]:
        return pipe.cut(compared, state, prefix) if compared else state

    held = before.in_turn(cut) if turns else before.at_once(cut)
    align = place_block(m, f"{prefix}align", Align(geometry))
    m.d.comb += [getattr(align, key).eq(held[key]) for key in ("p", "c", "anchor_c", "shift")]
    kept = ["top", "special", "sign", "subtract", *_prefixed(carry)]
    held = pipe.cut(f"{stage}aligned", {
        "other": Mux(held["beyond"], 0, align.other) if turns else align.other,
        "sticky": align.sticky | held["dropped"],
        **{key: held[key] for key in ("p", "c", "anchor_c", *kept)},
    }, prefix)  # fmt: skip

    add = place_block(m, f"{prefix}add", Add(geometry))
    m.d.comb += [getattr(add, key).eq(held[key]) for key in ("p", "c", "anchor_c", "other", "subtract", "sticky")]
    # A special's leading bit: of a narrow sum the register's synchronous set, of a wide one, whose carry is late,
    # a gate behind the register.
    early = geometry.window <= NARROW
    forced = Cat(add.total[:-1], Mux(held["special"][0], 1, add.total[-1])) if early else add.total
    held = pipe.cut(f"{stage}sum", {
        **{key: held[key] for key in kept}, "total": forced, "sticky": held["sticky"],
        **({"bound": Value.cast(held["top"]) - 1} if deep else {}),
    }, prefix)  # fmt: skip

    scan = place_block(m, f"{prefix}scan", Scan(geometry, flush, deep))
    m.d.comb += [getattr(scan, key).eq(held[key]) for key in ("subtract", "sticky")]
    m.d.comb += scan.top.eq(held["bound" if deep else "top"])
    total = held["total"]
    m.d.comb += scan.total.eq(total if early else Cat(total[:-1], total[-1] | held["special"][0]))
    state = ("current", "digit", "bound", "filled", "rest", "limited", "free")
    held = pipe.cut(f"{stage}shifted", {
        **{key: held[key] for key in kept}, **{key: getattr(scan, key) for key in state},
    }, prefix)  # fmt: skip

    normalise = place_block(m, f"{prefix}normalise", Normalise(geometry, flush))
    m.d.comb += [getattr(normalise, key).eq(held[key]) for key in (*state, "top")]
    clear = normalise.clear
    late = ("special", *_prefixed(carry))
    held = pipe.cut(f"{stage}counted", {
        **{key: held[key] for key in late},
        # The anchor's sign unless it was the smaller. x - x is +0 in both rounding directions; equal signs keep theirs.
        "sign": (held["sign"] ^ held["filled"]) & ~(normalise.zero & held["subtract"]),
        "leading": Mux(clear, 0, normalise.leading), "field": Mux(clear, 0, normalise.field),
        "filled": Mux(clear, 0, held["filled"]), "last": normalise.last, "rest": normalise.below,
    }, prefix)  # fmt: skip

    choices = normalise.levels[-1][1]
    decide = place_block(m, f"{prefix}decide", Decide(acc.significand_width, numerics.rounding, choices))
    m.d.comb += [getattr(decide, key).eq(held[key]) for key in ("leading", "last", "filled", "rest")]
    held = pipe.cut(f"{stage}decided", {
        **{key: held[key] for key in ("sign", "field", *late)},
        "mantissa": decide.mantissa, "increment": decide.increment,
    }, prefix)  # fmt: skip

    pack = place_block(m, f"{prefix}round", Pack(
        acc, numerics.rounding, numerics.flush, numerics.saturate, len(normalise.field), special_large=True
    ))  # fmt: skip
    m.d.comb += [getattr(pack, key).eq(held[key]) for key in ("sign", "field", "mantissa", "increment", "special")]
    done = pipe.cut(f"{stage}result", {"y": pack.y, **{key: held[key] for key in _prefixed(carry)}}, prefix)
    return {"y": done["y"], **{key: done[f"late_{key}"] for key in carry}}


def _prefixed(carry: Mapping[str, ValueLike]) -> dict[str, ValueLike]:
    return {f"late_{key}": value for key, value in carry.items()}
