"""What code a Float128 number rounds to, in SMT-LIB's terms.

Codes of 16 and 32 bits are what ``to_fp`` gives, directly or by way of Float32 (:func:`.smt.rounded`). bitwuzla
has no format of 8 bits: there, a code is the right one if the number lies between the midpoints to its neighbours
(towards zero: between the code's number and the next), ties going to the even code. Midpoints are codes of one mantissa
bit more.
"""

from __future__ import annotations

from ....hw.formats import Format
from ....hw.mac.config import MacConfig
from ..smt import bits, define, number, power, rounded

EXPONENT, FRACTION, BIAS = 15, 112, 16383  # of Float128
SCALE = {"fp16": 16}  # exponents up by so many keep what is near the least normal number in a format's range
WIDE_SCALE = 64


def rounds(config: MacConfig, exact: str, y: str) -> tuple[str, str]:
    """Text of definitions, and the claim that the code y is the finite Float128 number ``exact`` rounded."""
    return _between_midpoints(config, exact, y) if config.acc_format.width == 8 else _converted(config, exact, y)


def _converted(config: MacConfig, exact: str, y: str) -> tuple[str, str]:
    acc, w = config.acc_format, config.acc_format.width
    text = rounded(config, f"((_ to_fp 8 24) {{rm}} {exact})", "r")
    if not config.flush:
        return text, f"(= {y} r)"
    # The number scaled up is rounded as if exponents had no end: what then lies below the least normal is a zero.
    k = SCALE.get(acc.name, WIDE_SCALE)
    scaled = f"(fp.mul RNE {exact} {power(k, EXPONENT, FRACTION)})"
    text += rounded(config, f"((_ to_fp 8 24) {{rm}} {scaled})", "u")
    small = f"(bvult ((_ extract {w - 2} 0) u) {number((1 + k) << acc.mantissa_width, w - 1)})"
    return text, f"(= {y} (ite {small} (concat ((_ extract {w - 1} {w - 1}) r) {number(0, w - 1)}) r))"


def _number(code: str, fmt: Format, extra: int) -> str:
    """The Float128 number of a code without sign that has ``extra`` mantissa bits more than the format."""
    ew, mw = fmt.exponent_width, fmt.mantissa_width + extra
    field = f"((_ extract {ew + mw - 1} {mw}) {code})"
    fraction = f"(concat ((_ extract {mw - 1} 0) {code}) {number(0, FRACTION - mw)})"
    exponent = f"(bvadd ((_ zero_extend {EXPONENT - ew}) {field}) {number(BIAS - fmt.bias, EXPONENT)})"
    least = power(fmt.min_exponent, EXPONENT, FRACTION)
    subnormal = f"(fp.sub RNE (fp #b0 {number(BIAS + fmt.min_exponent, EXPONENT)} {fraction}) {least})"
    return f"(ite (= {field} {number(0, ew)}) {subnormal} (fp #b0 {exponent} {fraction}))"


def _between_midpoints(config: MacConfig, exact: str, y: str) -> tuple[str, str]:
    acc, w = config.acc_format, config.acc_format.width
    nearest, p = config.rounding == "rne", acc.significand_width
    text = define("v", "Float128", f"(fp.abs {exact})") + define("n", bits(w - 1), f"((_ extract {w - 2} 0) {y})")
    text += define("sign", bits(1), f"(ite (fp.isNegative {exact}) #b1 #b0)")
    text += define("even", "Bool", "(= ((_ extract 0 0) n) #b0)")
    step = 1 if nearest else 2  # in codes of one bit more
    ends = {
        "below": f"(bvsub (concat n #b0) {number(step % 2, w)})",
        "above": f"(bvadd (concat n #b0) {number(step, w)})",
        "last": number(2 * acc.max_finite + step, w),
    }
    for name, code in ends.items():
        text += define(f"{name}_code", bits(w), code) + define(name, "Float128", _number(f"{name}_code", acc, 1))
    zero, largest = number(0, w - 1), number(acc.max_finite, w - 1)
    if nearest:
        beyond = "(fp.geq v last)" if acc.max_finite % 2 else "(fp.gt v last)"
        over = f"(or (= n {zero}) (fp.gt v below) (and even (fp.eq v below)))"
        under = "(or (fp.lt v above) (and even (fp.eq v above)))"
    else:
        beyond, over, under = "(fp.geq v last)", "(fp.geq v below)", "(fp.lt v above)"
    finite = f"(and (bvule n {largest}) (= ((_ extract {w - 1} {w - 1}) {y}) sign) {over} {under})"
    if config.overflow == "saturate" or not nearest:
        end = f"(concat sign {largest})"
    else:
        end = f"(concat sign {number(acc.infinity, w - 1)})" if acc.has_inf else number(acc.canonical_nan, w)
    claim = f"(ite {beyond} (= {y} {end}) {finite})"
    if config.flush and acc.flushes:
        # Rounded as if exponents had no end: only what reaches the least normal number stays.
        least = power(acc.min_exponent, EXPONENT, FRACTION)
        reach = f"(fp.sub RNE {least} {power(acc.min_exponent - p - 1, EXPONENT, FRACTION)})" if nearest else least
        kept = f"(and (bvuge n {number(1 << acc.mantissa_width, w - 1)}) {claim})"
        normal = f"(ite (fp.lt v {least}) (= {y} (concat sign {number(1 << acc.mantissa_width, w - 1)})) {kept})"
        claim = f"(ite (fp.lt v {reach}) (= {y} (concat sign {number(0, w - 1)})) {normal})"
    return text, claim
