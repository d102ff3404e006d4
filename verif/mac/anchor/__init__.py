"""The specification of the multiply-accumulate unit held against SMT-LIB FloatingPoint.

Every question is a text of assumptions, and one that contradicts the specification. Here are the questions that take a
whole operation at once: codes of narrow operands with their multiplier (:func:`literal`), infinities and NaN
(:func:`specials`), the numbers of codes (:func:`decoding`), integer sums (:func:`integers`). The sums of wider operands
are anchored by :mod:`.wide`.
"""

from __future__ import annotations

from ....hw.formats import Format
from ....hw.mac.config import MacConfig
from ..smt import bits, define, number, rounded, special, value, wire
from ..spec import Widths, largest_lsb_exponent, lsb_exponent, shifted

HOST_BITS = 24  # precision of Float32


def finite_exponents(config: MacConfig) -> tuple[int, int]:
    """Range of the weight of the product's last bit, finite operands."""
    low = sum(lsb_exponent(f) - (f.mantissa_width if shifted(f, config.flush) else 0)
              for f in (config.a_format, config.b_format))  # fmt: skip
    high = sum(largest_lsb_exponent(f) - (f.specials == "ieee") for f in (config.a_format, config.b_format))
    return low, high


def _head(config: MacConfig, spec: str) -> str:
    """The specification, and names for its state: s, p, e, c, y, D, and C, the number of c."""
    widths, acc = Widths.of(config), config.acc_format
    text = f"(set-logic QF_BVFP)\n{spec}\n(declare-const S |spec_s|)\n"
    for name, width in (("p", widths.product), ("e", widths.exponent), ("c", acc.width), ("y", acc.width)):
        text += define(name, bits(width), f"(|spec_n {name}| S)")
    text += define("s", "Bool", "(|spec_n s| S)")
    text += define("D", bits(widths.exponent), "(bvsub e (|spec_n u_sum.c_e| S))")
    return text + value("c", "C", acc, config.flush)


def finite(config: MacConfig) -> str:
    """What is assumed of a sum: its operands are numbers, and e is what numbers can have."""
    ew = Widths.of(config).exponent
    least, most = finite_exponents(config)
    return f"""(assert (not (|spec_n nan| S))) (assert (not (|spec_n inf| S)))
(assert (not (fp.isNaN C))) (assert (not (fp.isInfinite C)))
(assert (bvsge e {number(least, ew)})) (assert (bvsle e {number(most, ew)}))
"""


def fused(config: MacConfig, sum_: str) -> str:
    """The negation of: y is the code of that sum."""
    return rounded(config, sum_, "r") + "(assert (not (= y r)))\n"


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
    """Assumptions for finite a, b and c, multiplier included, D from low to high; and what contradicts y in them."""
    ew = Widths.of(config).exponent
    text = _head(config, spec) + finite(config) + operands(config) + multiplied(config)
    text += f"(assert (and (bvsge D {number(low, ew)}) (bvsle D {number(high, ew)})))\n"
    return text, fused(config, "(fp.fma {rm} A B C)")


def specials(config: MacConfig, spec: str) -> tuple[str, str]:
    """As :func:`literal`, where a, b or c is NaN or infinite: the literal fused operation."""
    text = _head(config, spec) + operands(config)
    any_ = " ".join(f"(fp.isNaN {x}) (fp.isInfinite {x})" for x in "ABC")
    text += f"(assert (or {any_}))\n" + define("r", "Float32", "(fp.fma RNE A B C)")
    return text, f"(assert (not (and (or (fp.isNaN r) (fp.isInfinite r)) (= y {special(config, 'r')}))))\n"


def decoding(config: MacConfig, spec: str) -> list[tuple[str, str]]:
    """As :func:`literal`, for ``mac_spec_product``: sign, significand and exponent are those of the codes' numbers."""
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
    """As :func:`literal`, for an integer accumulator: in plain bit-vectors, p the product of the significands."""
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
