"""One float lane: a product and an addend to their rounded sum, as a chain of blocks with places for registers."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from collections.abc import Mapping
from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, ValueLike

from ..formats import Format
from ..lib.block import place_block
from ..lib.pipeline import Pipeline
from .add import Add, Align
from .geometry import Factor, Geometry
from .round import Magnitude, Normalise, Round
from .unpack import INF, NAN, NONE, Exponents, Operand, product_specials

CUTS = [("aligned", 6), ("sum", 4), ("counted", 6), ("normalised", 4), ("result", 4)]
"""The lane's places for registers, each with the delay of the segment before it, in units of about one LUT level with
its routing (a carry chain counts as two)."""


@dataclass(frozen=True)
class Numerics:
    """How a lane rounds: the accumulator's format and what its config says."""

    acc: Format
    rounding: str = "rne"
    flush: bool = False
    saturate: bool = False


def factor_live(a: Operand, b: Operand, factor: Factor, acc: Format) -> dict[str, ValueLike]:
    """What the lane has to know of a product of these operands beside its significand.

    ``e_p`` is the weight of the product's top bit relative to ``acc``'s least exponent; a.e and b.e are relative to
    their own formats'.
    """
    infinite, invalid = product_specials(a, b)
    return {
        "sign_p": a.sign ^ b.sign, "e_p": a.e + b.e + (factor.low - acc.min_exponent), "zero_p": a.zero | b.zero,
        "special_p": Mux(invalid, NAN, Mux(infinite, INF, NONE)),
    }  # fmt: skip


def addend_live(c: Operand) -> dict[str, ValueLike]:
    """What the lane has to know of the addend."""
    return {"c": c.significand, "sign_c": c.sign, "e_c": c.e, "special_c": Mux(c.nan, NAN, Mux(c.inf, INF, NONE))}


def float_lane(m: Module, pipe: Pipeline, numerics: Numerics, geometry: Geometry, live: Mapping[str, ValueLike],
               *, carry: Mapping[str, ValueLike] | None = None, prefix: str = "", stage: str = "",
               compared: str | None = "product") -> dict[str, Signal]:  # fmt: skip
    """Rounds ``±p·2^e ± c`` once.

    Parameters
    ----------
    m : Module
        Takes the blocks and registers.
    pipe : Pipeline
        Its cuts are ``product`` and those of :data:`CUTS`, named ``<stage>...``.
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
    exponents = place_block(m, f"{prefix}exponents", Exponents(geometry))
    subtract, special, sign = Signal(name=f"{prefix}subtract"), Signal(2, name=f"{prefix}special"), Signal()
    m.d.comb += [
        exponents.e_p.eq(live["e_p"]), exponents.e_c.eq(live["e_c"]), exponents.zero_p.eq(live["zero_p"]),
        subtract.eq(live["sign_p"] ^ live["sign_c"]),
        # NaN wins; infinities of opposite signs are invalid.
        special.eq(Mux(subtract & (live["special_p"] == INF) & (live["special_c"] == INF), NAN,
                       live["special_p"] | live["special_c"])),
        # The sign of the anchor, or of what is infinite.
        sign.eq(Mux(Mux(special == NONE, exponents.anchor_c, live["special_c"] == INF),
                    live["sign_c"], live["sign_p"])),
    ]  # fmt: skip
    held = {
        "p": live["p"], "c": live["c"], "anchor_c": exponents.anchor_c, "shift": exponents.shift,
        "top": exponents.top, "subtract": subtract, "special": special, "sign": sign, **_prefixed(carry),
    }  # fmt: skip
    if compared:
        held = pipe.cut(compared, held, prefix)

    align = place_block(m, f"{prefix}align", Align(geometry, len(exponents.shift)))
    m.d.comb += [align.p.eq(held["p"]), align.c.eq(held["c"]), align.anchor_c.eq(held["anchor_c"]),
                 align.shift.eq(held["shift"])]  # fmt: skip
    kept = ["top", "special", "sign", *_prefixed(carry)]
    held = pipe.cut(f"{stage}aligned", {
        "anchor": align.anchor, "other": align.other, "sticky": align.sticky, "subtract": held["subtract"],
        **{key: held[key] for key in kept},
    }, prefix)  # fmt: skip

    add = place_block(m, f"{prefix}add", Add(geometry.window))
    m.d.comb += [add.anchor.eq(held["anchor"]), add.other.eq(held["other"]),
                 add.subtract.eq(held["subtract"]), add.sticky.eq(held["sticky"])]  # fmt: skip
    kept.append("sticky")
    held = pipe.cut(f"{stage}sum", {
        **{key: held[key] for key in kept}, "total": add.total, "negative": add.negative,
        "sign": held["sign"] ^ (add.negative & (held["special"] == NONE)),
        # Equal signs keep theirs; x - x is +0 in both rounding directions.
        "zero_sign": held["sign"] & ~held["subtract"],
    }, prefix)  # fmt: skip

    magnitude = place_block(m, f"{prefix}measure", Magnitude(geometry, numerics.flush and acc.flushes))
    m.d.comb += [magnitude.total.eq(held["total"]), magnitude.negative.eq(held["negative"]),
                 magnitude.sticky.eq(held["sticky"]), magnitude.top.eq(held["top"])]  # fmt: skip
    kept.remove("top")
    held = pipe.cut(f"{stage}counted", {
        **{key: held[key] for key in kept}, "magnitude": magnitude.magnitude, "shift": magnitude.shift,
        "exponent": magnitude.exponent, "zero": magnitude.zero,
        "sign": Mux(magnitude.zero & (held["special"] == NONE), held["zero_sign"], held["sign"]),
    }, prefix)  # fmt: skip

    normalise = place_block(m, f"{prefix}normalise", Normalise(geometry))
    m.d.comb += [normalise.magnitude.eq(held["magnitude"]), normalise.shift.eq(held["shift"]),
                 normalise.sticky.eq(held["sticky"])]  # fmt: skip
    kept.remove("sticky")
    held = pipe.cut(f"{stage}normalised", {
        **{key: held[key] for key in kept}, "exponent": held["exponent"], "zero": held["zero"],
        "significand": normalise.significand, "guard": normalise.guard, "rest": normalise.rest,
    }, prefix)  # fmt: skip

    rounding = place_block(m, f"{prefix}round", Round(
        acc, numerics.rounding, numerics.flush, numerics.saturate, len(magnitude.exponent)
    ))  # fmt: skip
    m.d.comb += [getattr(rounding, key).eq(held[key])
                 for key in ("sign", "exponent", "significand", "guard", "rest", "zero", "special")]  # fmt: skip
    done = pipe.cut(f"{stage}result", {"y": rounding.y, **{key: held[key] for key in _prefixed(carry)}}, prefix)
    return {"y": done["y"], **{key: done[f"late_{key}"] for key in carry}}


def _prefixed(carry: Mapping[str, ValueLike]) -> dict[str, ValueLike]:
    return {f"late_{key}": value for key, value in carry.items()}
