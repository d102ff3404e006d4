"""The specification of the multiply-accumulate unit held against SMT-LIB FloatingPoint.

Every question is a text of assumptions, and one that contradicts the specification. Sums are taken by ``fp.fma`` on
Float32 with the factors P (an integer of at most 24 bits, so a Float32 number) and 2^e, exact as long as 2^e is
a normal Float32 number (``near``). Products below that have their own cases (``low``, ``tiny``, ``integer``); products
above it are taken with their multiplier (``high``). The cases split on the distance D between the last bits of product
and addend, and are shown to cover everything.
"""

from __future__ import annotations

from dataclasses import dataclass

from ....hw.formats import Format
from ....hw.mac.config import MacConfig
from ..smt import bits, define, number, power, rounded, special, value, wire
from ..spec import Widths, largest_lsb_exponent, lsb_exponent, shifted

HOST_LOW, HOST_HIGH, HOST_BITS = -126, 127, 24  # normal exponents and precision of Float32
TINY = -170  # below 2^-170 the last bit of a product that fits 20 bits is under a quarter of the least Float32 number


def finite_exponents(config: MacConfig) -> tuple[int, int]:
    """Range of the weight of the product's last bit, finite operands."""
    low = sum(lsb_exponent(f) - (f.mantissa_width if shifted(f, config.flush) else 0)
              for f in (config.a_format, config.b_format))  # fmt: skip
    high = sum(largest_lsb_exponent(f) - (f.specials == "ieee") for f in (config.a_format, config.b_format))
    return low, high


@dataclass(frozen=True)
class Case:
    """A region of sums and how it is taken: ``form`` is ``near``, ``low``, ``tiny``, ``integer`` or ``high``."""

    name: str
    form: str
    condition: str
    cost: float
    unit: int = 0  # form ``integer``: both addends are multiples of 2^unit


def cases(config: MacConfig) -> list[Case]:
    """The regions, as conditions over e, c and D; together they are everything."""
    acc, ew, wp = config.acc_format, Widths.of(config).exponent, Widths.of(config).product
    least, most = finite_exponents(config)
    farthest = most - lsb_exponent(acc)
    nearest = least - largest_lsb_exponent(acc)
    step = 2 if wp > 16 else 4 if acc.mantissa_width > 10 else 8
    normal = f"(distinct ((_ extract {acc.width - 2} {acc.mantissa_width}) c) {number(0, acc.exponent_width)})"
    out: list[Case] = []

    def between(name: str, low: int, high: int) -> str:
        if low == high:
            return f"(= {name} {number(low, ew)})"
        return f"(and (bvsge {name} {number(low, ew)}) (bvsle {name} {number(high, ew)}))"

    def split(form: str, low: int, high: int, extra: str = "", step: int = step) -> None:
        """Cases of ``form`` with e from low to high, split by D."""
        inside = between("e", low, high)
        first, last = max(nearest, low - largest_lsb_exponent(acc)), min(farthest, high - lsb_exponent(acc))
        edges = [first]
        for at in range(-wp - 3, 2 * acc.mantissa_width + 7, step):
            if first < at <= last:
                edges.append(at)
        for start, end in zip(edges, [*(e - 1 for e in edges[1:]), last], strict=True):
            condition = f"(and {inside} {between('D', start, end)} {extra})"
            middle = -10 < start < 1.4 * acc.mantissa_width
            cost = step * (acc.mantissa_width / 23 if middle else 0.2) * (2 if form == "low" else 1)
            out.append(Case(f"{form}, D {start}..{end}", form, condition, cost))

    if most >= HOST_LOW:
        split("near", max(least, HOST_LOW), min(most, HOST_HIGH))
    if most > HOST_HIGH:
        out.append(Case("high", "high", between("e", HOST_HIGH + 1, most), 5))
    if least < HOST_LOW:
        edge = max(TINY, least)
        if not config.flush and acc.min_exponent == HOST_LOW:
            split("low", edge, HOST_LOW - 1, normal)
            for start in range(edge, HOST_LOW, 4):
                end = min(start + 3, HOST_LOW - 1)
                condition = f"(and {between('e', start, end)} (not {normal}))"
                unit = min(start, lsb_exponent(acc))
                out.append(Case(f"integer, e {start}..{end}", "integer", condition, 6, unit))
        else:
            split("low", edge, HOST_LOW - 1)
        if least < TINY:
            out.append(Case("tiny", "tiny", between("e", least, TINY - 1), 2))
    return out


def _head(config: MacConfig, spec: str) -> str:
    """The specification, and names for its state: s, p, e, c, y, D, and C, the number of c."""
    widths, acc = Widths.of(config), config.acc_format
    text = f"(set-logic QF_BVFP)\n{spec}\n(declare-const S |spec_s|)\n"
    prefix = "u_sum." if "; yosys-smt2-input a " in spec else ""
    for name, width in (("p", widths.product), ("e", widths.exponent), ("c", acc.width), ("y", acc.width)):
        text += define(name, bits(width), f"(|spec_n {name}| S)")
    text += define("s", "Bool", "(|spec_n s| S)")
    text += define("D", bits(widths.exponent), f"(bvsub e (|spec_n {prefix}c_e| S))")
    return text + value("c", "C", acc, config.flush)


def finite(config: MacConfig) -> str:
    """What is assumed of a sum: its operands are numbers, and e is what numbers can have."""
    ew = Widths.of(config).exponent
    least, most = finite_exponents(config)
    return f"""(assert (not (|spec_n nan| S))) (assert (not (|spec_n inf| S)))
(assert (not (fp.isNaN C))) (assert (not (fp.isInfinite C)))
(assert (bvsge e {number(least, ew)})) (assert (bvsle e {number(most, ew)}))
"""


def cover(config: MacConfig, spec: str) -> tuple[str, str]:
    """As :func:`question`: that a sum lies in none of the cases."""
    others = " ".join(case.condition for case in cases(config))
    return _head(config, spec) + finite(config), f"(assert (not (or false {others})))\n"


def question(config: MacConfig, spec: str, case: Case) -> tuple[str, str]:
    """Assumptions of a case, and what contradicts the specification's y in it."""
    ew, wp, acc = Widths.of(config).exponent, Widths.of(config).product, config.acc_format
    text = _head(config, spec) + finite(config) + f"(assert {case.condition})\n"
    if case.form == "high":
        # The product is taken from the codes themselves, multiplier included: all that matters is that it overflows.
        return text + operands(config) + multiplied(config), fused(config, "(fp.fma {rm} A B C)")
    least = lsb_exponent(acc)
    sign = "(ite s (fp.neg {0}) {0})"
    if case.form == "integer":
        # c is subnormal: both addends are integers in units of 2^unit, and so is their sum, which Float64 holds.
        unit, wide = case.unit, 52
        p, c = (
            f"((_ zero_extend {wide - wp}) p)",
            f"((_ zero_extend {wide - acc.mantissa_width}) ((_ extract {acc.mantissa_width - 1} 0) c))",
        )
        text += define("pi", bits(wide), f"(bvshl {p} ((_ zero_extend {wide - ew}) (bvsub e {number(unit, ew)})))")
        text += define("ci", bits(wide), f"(bvshl {c} {number(least - unit, wide)})")
        text += define("total", bits(wide), "(bvadd (ite s (bvneg pi) pi) (ite (fp.isNegative C) (bvneg ci) ci))")
        exact = f"(fp.mul RNE ((_ to_fp 11 53) RNE total) {power(unit, 11, 52)})"
        # An exact zero has the sign that fp.add gives it.
        text += define("px", "Float32", sign.format("((_ to_fp_unsigned 8 24) RNE p)"))
        zeros = (f"(ite (fp.isNegative {x}) (_ -zero 8 24) (_ +zero 8 24))" for x in ("px", "C"))
        zero = f"(fp.add {{rm}} {' '.join(zeros)})"
        return text, fused(config, f"(ite (= total {number(0, wide)}) {zero} ((_ to_fp 8 24) {{rm}} {exact}))")
    text += define("x", "Float32", "((_ to_fp_unsigned 8 24) RNE p)")
    if case.form == "near":
        text += define("X", "Float32", sign.format("x"))
        two_e = f"(fp #b0 ((_ extract 7 0) (bvadd e {number(127, ew)})) {number(0, 23)})"
        return text, fused(config, f"(fp.fma {{rm}} X {two_e} C)", two_e)
    over = f"(bvsub e {number(HOST_LOW, ew)})"
    if case.form == "low":
        # P * 2^(e + 126) by its exponent field, which stays that of a normal number; 2^-126 is the other factor.
        text += "(declare-const xz (_ BitVec 32))\n(assert (= ((_ to_fp 8 24) xz) x))\n"
        moved = f"(bvadd xz (concat ((_ extract 8 0) ((_ sign_extend {max(0, 9 - ew)}) {over})) {number(0, 23)}))"
        text += define("xm", "Float32", f"((_ to_fp 8 24) (ite (= p {number(0, wp)}) xz {moved}))")
    else:
        subnormal = (
            f"((_ to_fp 8 24) (bvshl {number(1, 32)} ((_ zero_extend {32 - ew}) (bvadd {over} {number(149, ew)}))))"
        )
        normal = f"(fp #b0 ((_ extract 7 0) (bvadd {over} {number(127, ew)})) {number(0, 23)})"
        two = f"(ite (bvsge {over} {number(HOST_LOW, ew)}) {normal} {subnormal})"
        text += define("xm", "Float32", f"(fp.mul RNE x {two})")
    text += define("X", "Float32", sign.format("xm"))
    return text, fused(config, f"(fp.fma {{rm}} X {power(HOST_LOW)} C)", power(HOST_LOW))


def fused(config: MacConfig, sum_: str, factor: str | None = None) -> str:
    """The negation of: y is the code of that sum. ``factor`` is 2^e where flushing has to scale it."""
    acc, w = config.acc_format, config.acc_format.width
    text = rounded(config, sum_, "r")
    expected = "r"
    if config.flush and factor is not None:
        # With everything 2^64 times larger, small sums are rounded as if exponents had no end.
        k, ew = 64, Widths.of(config).exponent
        scaled = sum_.replace(factor, f"(fp.mul RNE {factor} {power(k)})").replace(
            " C)", f" (fp.mul RNE C {power(k)}))"
        )
        if acc.name == "fp16":
            scaled = scaled.replace(power(k), power(16))
            k = 16
        text += rounded(config, scaled, "u")
        small = f"(bvult ((_ extract {w - 2} 0) u) {number((1 + k) << acc.mantissa_width, w - 1)})"
        sign = f"((_ extract {w - 1} {w - 1}) r)"
        expected = f"(ite (and (bvsle e {number(60 - k // 2, ew)}) {small}) (concat {sign} {number(0, w - 1)}) r)"
    return text + f"(assert (not (= y {expected})))\n"


def _operands(config: MacConfig) -> list[tuple[str, Format]]:
    return [("a", config.a_format), ("b", config.b_format)]


def operands(config: MacConfig) -> str:
    """Names for the codes a and b and their numbers A and B."""
    return "".join(
        define(name, bits(fmt.width), f"(|spec_n {name}| S)") + value(name, name.upper(), fmt, config.flush)
        for name, fmt in _operands(config)
    )


def multiplied(config: MacConfig) -> str:
    """That p is the product of the significands."""
    wp = Widths.of(config).product
    wide = (f"((_ zero_extend {wp - fmt.significand_width}) {wire(f's{name}', fmt.significand_width)})"
            for name, fmt in _operands(config))  # fmt: skip
    return f"(assert (= p (bvmul {' '.join(wide)})))\n"


def literal(config: MacConfig, spec: str, low: int, high: int) -> tuple[str, str]:
    """As :func:`question`, for the codes a, b and c themselves, multiplier included, with D from low to high."""
    ew = Widths.of(config).exponent
    text = _head(config, spec) + finite(config) + operands(config) + multiplied(config)
    text += f"(assert (and (bvsge D {number(low, ew)}) (bvsle D {number(high, ew)})))\n"
    return text, fused(config, "(fp.fma {rm} A B C)")


def specials(config: MacConfig, spec: str) -> tuple[str, str]:
    """As :func:`question`, where a, b or c is NaN or infinite: the literal fused operation."""
    text = _head(config, spec) + operands(config)
    any_ = " ".join(f"(fp.isNaN {x}) (fp.isInfinite {x})" for x in "ABC")
    text += f"(assert (or {any_}))\n" + define("r", "Float32", "(fp.fma RNE A B C)")
    return text, f"(assert (not (and (or (fp.isNaN r) (fp.isInfinite r)) (= y {special(config, 'r')}))))\n"


def decoding(config: MacConfig, spec: str) -> list[tuple[str, str]]:
    """As :func:`question`, for ``mac_spec_product``: sign, significand and exponent are those of the codes' numbers."""
    ew = Widths.of(config).exponent
    least, most = finite_exponents(config)
    text = f"(set-logic QF_BVFP)\n{spec}\n(declare-const S |spec_s|)\n" + operands(config)
    out = []
    for name, fmt in _operands(config):
        big, m = name.upper(), wire(f"s{name}", fmt.significand_width)
        e = f"((_ sign_extend {max(0, 11 - ew)}) (|spec_n {name}_e| S))"
        two = f"(fp #b0 ((_ extract 10 0) (bvadd {e} {number(1023, max(ew, 11))})) {number(0, 52)})"
        magnitude = f"(fp.mul RNE ((_ to_fp_unsigned 11 53) RNE {m}) {two})"
        stated = f"(ite (|spec_n {name}_s| S) (fp.neg {magnitude}) {magnitude})"
        special = f"(or (fp.isNaN {big}) (fp.isInfinite {big}))"
        # Integers may be wider than Float32.
        of = f"((_ {'sign' if fmt.is_signed else 'zero'}_extend 1) {name})" if fmt.is_integer else big
        out.append((text, f"(assert (not (or {special} (= ((_ to_fp 11 53) RNE {of}) {stated}))))\n"))
    product = "(fp.mul RNE A B)"
    infinite = "(or (fp.isInfinite A) (fp.isInfinite B))"
    out.append((text, f"""(assert (not (and
  (= (|spec_n s| S) (xor (|spec_n a_s| S) (|spec_n b_s| S)))
  (= (|spec_n e| S) (bvadd (|spec_n a_e| S) (|spec_n b_e| S)))
  (=> (not (or (|spec_n nan| S) (|spec_n inf| S)))
      (and (bvsge (|spec_n e| S) {number(least, ew)}) (bvsle (|spec_n e| S) {number(most, ew)})))
  (= (|spec_n nan| S) (fp.isNaN {product})) (=> (not (|spec_n nan| S)) (= (|spec_n inf| S) {infinite})))))
"""))  # fmt: skip
    return out


def literal_cases(config: MacConfig) -> list[tuple[int, int]]:
    """Ranges of D for :func:`literal` that together hold every D."""
    reach = 1 << (Widths.of(config).exponent - 1)
    edges, last = (-reach, -3, 1, 5), reach - 1
    return list(zip(edges, [*(at - 1 for at in edges[1:]), last], strict=True))


def integers(config: MacConfig, spec: str) -> tuple[str, str]:
    """As :func:`question`, for an integer accumulator: in plain bit-vectors, p the product of the significands."""
    w = config.acc_format.width
    wide = max(w, Widths.of(config).product) + 4
    text = f"(set-logic QF_BVFP)\n{spec}\n(declare-const S |spec_s|)\n"
    for name, width in (("p", Widths.of(config).product), ("c", w), ("y", w)):
        text += define(name, bits(width), f"(|spec_n {name}| S)")
    text += operands(config) + multiplied(config)
    factors = [f"((_ {'sign' if fmt.is_signed else 'zero'}_extend {wide - fmt.width}) {name})"
               for name, fmt in _operands(config)]  # fmt: skip
    low, high = number(-(1 << (w - 1)), wide), number((1 << (w - 1)) - 1, wide)

    def clamped(x: str) -> str:
        if config.overflow != "saturate":
            return x
        return f"(ite (bvsgt {x} {high}) {high} (ite (bvslt {x} {low}) {low} {x}))"

    text += define("product", bits(wide), f"(bvmul {' '.join(factors)})")
    if config.product == "rounded":
        text += define("first", bits(wide), clamped("product"))
    first = "first" if config.product == "rounded" else "product"
    text += define("total", bits(wide), f"(bvadd {first} ((_ sign_extend {wide - w}) c))")
    return text, f"(assert (not (= y ((_ extract {w - 1} 0) {clamped('total')}))))\n"
