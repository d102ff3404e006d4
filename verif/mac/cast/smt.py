"""SMT-LIB text that a cast of 32 bits to 16 or 32 bits is not what FloatingPoint says.

SMT-LIB itself rounds to Float32 and Float16, and to integral values. bf16 is stated by what nearest means: the number
lies between the midpoints on either side of the result, on which only an even result may lie.
"""

from __future__ import annotations

from collections.abc import Sequence

from ....hw.formats import Format
from ....hw.mac.config.cast import CastConfig
from ...aig import Aig
from ..smt import bits, define, number


def _circuit(aig: Aig, x: Sequence[int], y: Sequence[int]) -> str:
    """The functions of x as Boolean terms, and y as a bit-vector."""
    inputs = {literal >> 1: i for i, literal in enumerate(x)}
    text = f"(declare-const x {bits(len(x))})\n(define-fun n0 () Bool false)\n"

    def term(literal: int) -> str:
        return f"(not n{literal >> 1})" if literal & 1 else f"n{literal >> 1}"

    for node in aig.cone(y):
        fan = aig.fanin[node]
        body = f"(= ((_ extract {inputs[node]} {inputs[node]}) x) #b1)" if fan is None else (
            f"(and {term(fan[0])} {term(fan[1])})")  # fmt: skip
        text += define(f"n{node}", "Bool", body)
    # A constant of its own, so that a model has its value.
    words = " ".join(f"(ite {term(literal)} #b1 #b0)" for literal in reversed(y))
    return text + f"(declare-const y {bits(len(y))})\n(assert (= y (concat {words})))\n"


def _code(fmt: Format, code: int, sign: str = "s") -> str:
    """A code of a float with the sign of x."""
    return f"(concat {sign} {number(code, fmt.width - 1)})"


def question(config: CastConfig, aig: Aig, x: Sequence[int], y: Sequence[int]) -> str:
    """Text that holds for an x of which y is not the rounding."""
    source, target = config.input_format, config.output_format
    text = "(set-logic QF_BVFP)\n" + _circuit(aig, x, y)
    text += define("s", bits(1), f"((_ extract {source.width - 1} {source.width - 1}) x)")
    mode = "RNE" if config.rounding == "rne" else "RTZ"
    if source.is_integer:
        good = _of_integer(config, mode)
    else:
        zero = "(ite (= s #b1) (_ -zero 8 24) (_ +zero 8 24))"
        value = "((_ to_fp 8 24) x)"
        if config.flush:
            value = f"(ite (= ((_ extract 30 23) x) #x00) {zero} {value})"
        text += define("v", "Float32", value)
        good = _of_float(config, mode)
    if target.name == "bf16":
        text += _neighbours(config)
    return text + f"(assert (not {good}))\n"


def _of_integer(config: CastConfig, mode: str) -> str:
    source, target = config.input_format, config.output_format
    if target.is_integer:
        low, high = (number(v, source.width) for v in (-(1 << (target.width - 1)), (1 << (target.width - 1)) - 1))
        clamped = f"(ite (bvslt x {low}) {low} (ite (bvsgt x {high}) {high} x))"
        return f"(= y ((_ extract {target.width - 1} 0) {clamped}))"
    if target.name == "bf16":
        return "(ite (= x #x00000000) (= y #x0000) nearest)"
    return _standard(config, f"((_ to_fp {target.exponent_width} {target.significand_width}) {mode} x)")


def _standard(config: CastConfig, rounded: str) -> str:
    """y is that number of its own format, which is no NaN; Inf may saturate."""
    target = config.output_format
    sort = f"(_ to_fp {target.exponent_width} {target.significand_width})"
    if config.saturate:
        rounded = f"(ite (fp.isInfinite {rounded}) ({sort} {_code(target, target.max_finite)}) {rounded})"
    return f"(and (= ({sort} y) {rounded}) (not (fp.isNaN ({sort} y))))"


def _of_float(config: CastConfig, mode: str) -> str:
    target = config.output_format
    if target.is_integer:
        half = 1 << (target.width - 1)
        bound = f"((_ to_fp 8 24) RNE {number(half, target.width + 2)})"
        whole = f"(fp.roundToIntegral {mode} v)"
        inside = f"((_ fp.to_sbv {target.width}) RTZ {whole})"
        return (f"(= y (ite (fp.isNaN v) {number(0, target.width)} (ite (fp.geq {whole} {bound}) "
                f"{number(half - 1, target.width)} (ite (fp.leq {whole} (fp.neg {bound})) {number(half, target.width)} "
                f"{inside}))))")  # fmt: skip
    if target.name == "bf16":
        infinite = target.max_finite if config.saturate else target.infinity
        finite = f"(ite (fp.isInfinite v) (= y {_code(target, infinite)}) nearest)"
    else:
        finite = _standard(config, f"((_ to_fp {target.exponent_width} {target.significand_width}) {mode} v)")
        if config.flush and target.name == "fp16":
            # Below the smallest normal number less half a place of the binade below it, there is nothing but zero.
            field, places = target.min_exponent - 1 + 127, target.mantissa_width + 1
            least = (field << 23) | (((1 << places) - 1) << (23 - places))
            if config.rounding == "rtz":
                least = (field + 1) << 23
            small = f"(fp.lt (fp.abs v) ((_ to_fp 8 24) {number(least, 32)}))"
            finite = f"(ite {small} (= y {_code(target, 0)}) {finite})"
    return f"(ite (fp.isNaN v) (= y {number(target.canonical_nan, target.width)}) {finite})"


def _neighbours(config: CastConfig) -> str:
    """Defines ``nearest``: y, of bf16, is the finite number that x stands for, rounded."""
    target = config.output_format
    if config.input_format.is_integer:
        exact = "(fp.abs ((_ to_fp 11 53) RNE ((_ sign_extend 1) x)))"

        def wide(code: str) -> str:
            return f"((_ to_fp 11 53) RNE ((_ to_fp 8 24) {code}))"
    else:
        exact = "(fp.abs v)"

        def wide(code: str) -> str:
            return f"((_ to_fp 8 24) {code})"

    sort = "Float64" if config.input_format.is_integer else "Float32"
    largest, top = number(target.max_finite, 16), number(target.infinity, 16)
    text = define("a", sort, exact) + define("m", bits(16), "(concat #b0 ((_ extract 14 0) y))")
    if config.rounding == "rne":
        text += define("above", sort, wide("(concat m #x8000)"))
        text += define("below", sort, wide("(bvsub (concat m #x0000) #x00008000)"))
        text += define("even", "Bool", "(= ((_ extract 0 0) y) #b0)")
        under = "(fp.lt a above) (and even (fp.eq a above))"
        over = "(fp.gt a below) (and even (fp.eq a below))"
    else:
        text += define("above", sort, wide("(concat (bvadd m #x0001) #x0000)"))
        text += define("below", sort, wide("(concat m #x0000)"))
        under, over = "(fp.lt a above)", "(fp.geq a below)"
    # Saturated, or cut off, the largest number has no upper neighbour; else the upper one is Inf, which has none.
    last = largest if config.saturate or config.rounding == "rtz" else top
    return text + define("nearest", "Bool", (
        f"(and (= s ((_ extract 15 15) y)) (bvule m {last}) (or (= m {last}) {under}) (or (= m #x0000) {over}))"
    ))  # fmt: skip
