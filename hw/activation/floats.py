"""Floats around the lines of an activation unit: onto the grid of its integers, and from its sum to a code.

Both ends are those of every cast (:mod:`nervure.hw.mac.cast_parts`): the sum has all its bits, and is rounded once.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence

from amaranth.hdl import Const, Module, Mux, Signal, Value, signed

from ..formats import Format
from ..lib.block import place_block
from ..lib.pipeline import Pipeline
from ..mac.cast_parts import Fit, Point, RoundWhole
from ..mac.round import Round
from ..mac.unpack import INF, NAN, NONE, Operand
from .config import ActivationConfig
from .config.formats import last_code, parse_domain
from .entries import Range


def on_grid(m: Module, pipe: Pipeline, config: ActivationConfig, code: Signal) -> dict[str, Signal]:
    """``x``, the integer of the grid that is nearest to a code's number (an end of the grid beyond it), and ``nan``.

    With ``above=identity`` the ``code`` too, and whether it ``passes`` as the result.
    """
    fmt, grid = config.float_input, config.input_format
    assert fmt is not None
    parts = place_block(m, "unpack", Operand(fmt, flush=False))
    m.d.comb += parts.code.eq(code)
    # Weights in steps of the grid; the exponents of specials count, they are overridden.
    low = fmt.min_exponent + grid.fraction_bits
    high = low + (1 << fmt.exponent_width) - 2
    point = place_block(m, "point", Point(fmt.significand_width, grid.width - 1, low, max(high, low)))
    m.d.comb += [point.significand.eq(parts.significand), point.e.eq(parts.e + low)]
    special = Mux(parts.inf, INF, NONE)
    stage = {key: getattr(point, key) for key in ("whole", "guard", "rest", "beyond")}
    flags = {"nan": parts.nan} if fmt.has_nan else {}
    if config.above == "identity":
        last = last_code(fmt, parse_domain(config.domain)[1])
        flags |= {"passes": ~parts.sign & ~parts.nan & (code[:-1] > last), "code": code}
    live = pipe.cut("aligned", {**stage, "sign": parts.sign, "special": special, **flags})
    target = Format("grid", "int" if grid.signed else "uint", grid.width)
    done = place_block(m, "onto", RoundWhole(grid.width, target, "rne", saturate=True))
    m.d.comb += [getattr(done, key).eq(live[key]) for key in (*stage, "sign", "special")]
    x = Signal(signed(grid.width) if grid.signed else grid.width, name="on_grid")
    m.d.comb += x.eq(done.y)
    return pipe.cut("grid", {"x": x, **{key: live[key] for key in flags}})


def to_float(m: Module, pipe: Pipeline, config: ActivationConfig, total: Signal, span: Range,
             ends: Sequence[tuple[Value, int]], flags: Mapping[str, Value]) -> Value:  # fmt: skip
    """The code nearest to the sum; where a flag of ``ends`` is set, to its number instead.

    ``flags`` may be ``nan``, and ``passes`` with the ``code`` that then is the result.
    """
    fmt = config.float_output
    assert fmt is not None
    held: Value = total
    for flag, end in ends:
        held = Mux(flag, Const(end, total.shape()), held)
    chosen = Signal.like(total, name="chosen")
    m.d.comb += chosen.eq(held)
    live = pipe.cut("sum", {"total": chosen, **flags})
    width = max(max(span[1], -span[0]).bit_length(), 1)
    sign = live["total"][-1] if total.shape().signed else Const(0, 1)
    size = Signal(width, name="size")
    m.d.comb += size.eq((live["total"] ^ sign.replicate(len(total))) + sign)
    live = pipe.cut("magnitude", {"size": size, "sign": sign, **{key: live[key] for key in flags}})
    top = width - 1 - config.fraction_bits - fmt.min_exponent
    left = min(width - 1, max(top, 0))
    fit = place_block(m, "fit", Fit(width, fmt.significand_width, top, top, left, right=True))
    m.d.comb += [fit.significand.eq(live["size"]), fit.t.eq(top)]
    special = Mux(live["nan"], NAN, NONE) if "nan" in flags else Const(NONE, 2)
    stage = {key: getattr(fit, key) for key in ("kept", "guard", "rest", "exponent")}
    passing = {key: live[key] for key in flags if key != "nan"}
    zero = ~live["size"].any()
    live = pipe.cut("fitted", {**stage, "sign": live["sign"], "zero": zero, "special": special, **passing})
    done = place_block(m, "round", Round(fmt, "rne", False, True, len(live["exponent"])))
    m.d.comb += done.significand.eq(live["kept"])
    m.d.comb += [getattr(done, key).eq(live[key]) for key in ("sign", "exponent", "guard", "rest", "zero", "special")]
    y: Value = Mux(live["passes"], live["code"], done.y) if passing else done.y
    return pipe.cut("result", {"y": y})["y"]
