"""The specification of the multiply-accumulate unit held against SMT-LIB in steps, for sums of any width.

For all but the narrowest products ``fp.fma`` itself is slow or out of reach (products that no Float32 number holds, two
roundings, results of 8 bits). What it is defined as is shown instead: the exact sum, rounded once.

- *Numbers*: a code c is the number ``±c_m·2^c_e``, and likewise the code q of a product that was rounded.
- *Sums*: the window m, its last bit of weight 2^x, holds the exact sum ``±p·2^e ± c_m·2^c_e``, in plain integers. Where
  an addend has bits below 2^x, m need not be the sum; then it is shown to round as t does, the sum rounded to odd at
  2^x (bits below are cut off, and the last one set if any of them was). And t rounds as the sum does: the sum, no
  integer, lies between the even integers t - 1 and t + 1, and rounding changes its answer there at even integers only,
  which is part of what is shown.
- *Rounding*, of any m and x: norm and top, the window with its leading one moved to the front, are the number m·2^x,
  and y is what SMT-LIB's ``to_fp`` makes of the Float128 number with these fields. A code of 8 bits is the one between
  whose neighbours' midpoints that number lies. An exact zero has the sign that ``fp.add`` gives it.

Every question is a text of assumptions, and one that contradicts the specification.
"""

from __future__ import annotations

from ....hw.mac.config import MacConfig
from ..smt import bits, define, named, number, special, value, width
from ..spec import Widths, largest_lsb_exponent, lsb_exponent
from . import HOST_BITS, finite_exponents
from .codes import BIAS, FRACTION, rounds

Question = tuple[str, str]
Reach = tuple[int, int]
"""Least and greatest weight of a product's last bit (default: what operands of the config's formats can give)."""

MARGIN = 2  # bits more than the specification's exponents have: differences of those do not wrap


def needed(config: MacConfig) -> bool:
    """Whether a config has a float accumulator and no anchor to ``fp.fma`` itself."""
    wide = Widths.of(config).product > HOST_BITS
    return config.acc_format.is_float and (wide or config.product == "rounded" or config.acc_format.width == 8)


def addends(config: MacConfig) -> dict[str, bool]:
    """The codes among the addends, and whether their subnormals are flushed."""
    return {"c": config.flush} | ({"q": False} if config.product == "rounded" else {})


def _head(spec: str, *names: str, **aliases: str) -> tuple[str, dict[str, int]]:
    text, widths = named(spec, *names, **aliases)
    return f"(set-logic QF_BVFP)\n{spec}\n(declare-const S |spec_s|)\n{text}", widths


def _assume(*claims: str) -> str:
    return "".join(f"(assert {claim})\n" for claim in claims)


def _against(*claims: str) -> str:
    return f"(assert (not (and true {' '.join(claims)})))\n"


def _wider(name: str, of: int, to: int, how: str = "zero") -> str:
    return f"((_ {how}_extend {to - of}) {name})"


def finite(config: MacConfig, spec: str, reach: Reach | None, *codes: str) -> str:
    """What is assumed of a sum: the product and those codes are numbers, and e is what numbers can have."""
    least, most = reach or finite_exponents(config)
    ew = width(spec, "e")
    flags = ["nan", "inf", *(f"{code}_{kind}" for code in codes for kind in ("nan", "inf"))]
    return _assume(
        *(f"(not (|spec_n {flag}| S))" for flag in flags),
        f"(bvsge (|spec_n e| S) {number(least, ew)})",
        f"(bvsle (|spec_n e| S) {number(most, ew)})",
    )


def numbers(config: MacConfig, spec: str) -> list[Question]:
    """Addends' signs, significands and exponents are those of their codes' numbers, in Float64; so are the specials."""
    out = []
    for code, flush in addends(config).items():
        text, widths = _head(spec, code, **{name: f"{code}_{name}" for name in ("s", "m", "e", "nan", "inf")})
        text += value(code, "C", config.acc_format, flush)
        biased = f"((_ extract 10 0) (bvadd {_wider('e', widths['e'], 15, 'sign')} {number(1023, 15)}))"
        magnitude = f"(fp.mul RNE ((_ to_fp_unsigned 11 53) RNE m) (fp #b0 {biased} {number(0, 52)}))"
        stated = f"(= ((_ to_fp 11 53) RNE C) (ite s (fp.neg {magnitude}) {magnitude}))"
        out.append((text, _against("(= nan (fp.isNaN C))", "(= inf (fp.isInfinite C))", f"(or nan inf {stated})")))
    return out


def _addend(m: str, e: str, widths: dict[str, int], wide: int) -> str:
    """Text about an addend in units of 2^x: ``_k`` its distance, ``_in`` whether it is whole, ``_t`` cut to odd."""
    ew = widths["x"] + MARGIN
    zero, least, k, v = number(0, widths[m]), number(0, ew), f"{m}_k", _wider(m, widths[m], wide)
    left, right = (_wider(amount, ew, wide) for amount in (k, f"(bvneg {k})"))
    kept = f"(bvlshr {v} {right})"
    lost = f"(ite (distinct (bvshl {kept} {right}) {v}) {number(1, wide)} {number(0, wide)})"
    distance = f"(bvsub {_wider(e, ew - MARGIN, ew, 'sign')} {_wider('x', ew - MARGIN, ew, 'sign')})"
    # Nothing is shifted out above.
    fits = f"(or (= {m} {zero}) (bvsle {k} {number(widths['m'] - widths[m], ew)}))"
    return (
        define(k, bits(ew), distance)
        + define(f"{m}_in", "Bool", f"(or (= {m} {zero}) (bvsge {k} {least}))")
        + define(f"{m}_fits", "Bool", fits)
        + define(f"{m}_t", bits(wide), f"(ite (bvsge {k} {least}) (bvshl {v} {left}) (bvor {kept} {lost}))")
        + define(f"{m}_even", "Bool", f"(and {m}_in (= ((_ extract 0 0) {m}_t) #b0))")
    )


def sums(config: MacConfig, spec: str, round_: str, reach: Reach | None = None) -> list[Question]:
    """The window against the sum: where it holds both addends whole; where not, t; and how that rounds.

    ``round_`` is the module that rounds, as functions of a state ``|round_s|``.
    """
    text, widths = _head(spec, "m", "x", "y", "qs", "qm", "qe", "c_s", "c_m", "c_e", "sign")
    w, zero = widths["m"], number(0, widths["m"])
    wide = max(w, widths["x"] + MARGIN) + 3
    text += finite(config, spec, reach, *addends(config))
    text += _addend("qm", "qe", widths, wide) + _addend("c_m", "c_e", widths, wide)
    text += define("t", bits(wide), "(bvadd (ite qs (bvneg qm_t) qm_t) (ite c_s (bvneg c_m_t) c_m_t))")
    text += define("negative", "Bool", f"(bvslt t {number(0, wide)})")
    text += define("size", bits(wide), "(ite negative (bvneg t) t)")
    fits = ("qm_fits", "c_m_fits")
    near, far = (text + _assume(region) for region in ("(and qm_in c_m_in)", "(not (and qm_in c_m_in))"))
    whole = (f"(= size {_wider('m', w, wide)})", f"(or (= m {zero}) (= negative sign))")
    # One addend is cut, the other one even. Places where rounding changes are even where t has two bits more than the
    # result, or 2^x is an eighth of the least number.
    long = f"(bvugt size {number(1 << (config.acc_format.significand_width + 1), wide)})"
    fine = f"(bvsle x {number(lsb_exponent(config.acc_format) - 3, widths['x'])})"
    cut = ("(or qm_even c_m_even)", f"(or {long} {fine})", f"(distinct size {number(0, wide)})", f"(distinct m {zero})")
    inside = f"(bvult size {number(1 << w, wide)})"
    again = _rounded(round_, "negative", f"((_ extract {w - 1} 0) size)", "x")
    low, high = window_exponents(config, w, reach)
    weight = f"(and (bvsge x {number(low, widths['x'])}) (bvsle x {number(high, widths['x'])}))"
    return [
        (near, _against(*fits, *whole, weight)),
        (far, _against(*fits, *cut, inside, weight)),
        (far + again, _against("(= y (|round_n y| R))")),
    ]


def _rounded(round_: str, s: str, m: str, x: str) -> str:
    """The module that rounds, in a state R of its own, fed with those."""
    fed = (f"(= (|round_n {name}| R) {term})" for name, term in (("s", s), ("m", m), ("x", x)))
    return f"{round_}\n(declare-const R |round_s|)\n" + _assume(*fed)


def window_exponents(config: MacConfig, wide: int, reach: Reach | None = None) -> Reach:
    """Range of the weight 2^x of a window's last bit, for windows of that width."""
    least, most = reach or finite_exponents(config)
    acc = config.acc_format
    return min(least, lsb_exponent(acc)) - wide, max(most, largest_lsb_exponent(acc))


def placed(config: MacConfig, spec: str, round_: str, first: bool = False,
           reach: Reach | None = None) -> list[Question]:  # fmt: skip
    """y is 0 with the sign of ``fp.add`` where m is 0, else what the module that rounds makes of ±m·2^x.

    With ``first``, q instead, which that module makes of ±p·2^e.
    """
    of = dict(zip(("s", "m", "x", "y"), ("s", "p", "e", "q") if first else ("sign", "m", "x", "y"), strict=True))
    text, widths = _head(spec, **of)
    text += finite(config, spec, reach, *([] if first else addends(config)))
    none = f"(= m {number(0, widths['m'])})"
    signs = ["s"] if first else [f"(|spec_n {name}| S)" for name in ("qs", "c_s")]
    zeros = [f"(ite {sign} (_ -zero 8 24) (_ +zero 8 24))" for sign in signs]
    zero = zeros[0] if first else f"(fp.add {'RNE' if config.rounding == 'rne' else 'RTZ'} {' '.join(zeros)})"
    code = f"(concat (ite (fp.isNegative {zero}) #b1 #b0) {number(0, widths['y'] - 1)})"
    window = _wider("m", widths["m"], width(round_, "m", "round"))
    some = text + _assume(f"(not {none})") + _rounded(round_, "s", window, "x")
    return [(text + _assume(none), _against(f"(= y {code})")), (some, _against("(= y (|round_n y| R))"))]


def rounding(config: MacConfig, spec: str, reach: Reach | None = None) -> list[Question]:
    """What the module that rounds makes of any ±m·2^x is that number's code; ``spec`` is that module."""
    text, widths = _head(spec, "s", "m", "x", "y", "norm", "top")
    w, ew = widths["norm"], widths["x"] + MARGIN
    low, high = window_exponents(config, w, reach)
    text += _assume(
        f"(distinct m {number(0, w)})",
        f"(bvsge x {number(low, widths['x'])})",
        f"(bvsle x {number(high, widths['x'])})",
    )
    out = []
    x, top = (_wider(name, ew - MARGIN, ew, "sign") for name in ("x", "top"))
    text += define("k", bits(ew), f"(bvsub (bvadd {x} {number(w - 1, ew)}) {top})")
    wide = max(w, ew)
    window, moved, by = (_wider(name, of, wide) for name, of in (("m", w), ("norm", w), ("k", ew)))
    leading = f"(= ((_ extract {w - 1} {w - 1}) norm) #b1)"
    whole = (f"(bvsge k {number(0, ew)})", f"(bvslt k {number(w, ew)})", f"(= {window} (bvlshr {moved} {by}))")
    out.append((text, _against(leading, *whole, f"(= {moved} (bvshl {window} {by}))")))
    if w - 1 <= FRACTION:
        fraction = _wider(f"((_ extract {w - 2} 0) norm)", w - 1, FRACTION)
        fraction = f"(bvshl {fraction} {number(FRACTION - w + 1, FRACTION)})"
    else:
        # Longer than Float128's: cut to odd there.
        low = w - 1 - FRACTION
        rest = f"(ite (= ((_ extract {low - 1} 0) norm) {number(0, low)}) {number(0, FRACTION)} {number(1, FRACTION)})"
        fraction = f"(bvor ((_ extract {w - 2} {low}) norm) {rest})"
    biased = f"(bvadd {_wider('top', widths['top'], 15, 'sign')} {number(BIAS, 15)})"
    text += _assume(leading) + define("E", bits(15), biased)
    text += define("V", "Float128", f"(fp (ite s #b1 #b0) E {fraction})")
    made, claim = rounds(config, "V", "y")
    out.append((text + made, _against(claim)))
    return out


def specials(config: MacConfig, spec: str) -> list[Question]:
    """Where the product is rounded first: infinite products, and sums of which an addend is NaN or infinite."""
    acc = config.acc_format
    text, _ = _head(spec, "s", "q", "c", "y", "nan", "inf")
    text += value("q", "Q", acc, False) + value("c", "C", acc, config.flush)
    text += define("F", "Float32", "(ite s (_ -oo 8 24) (_ +oo 8 24))") + define("r", "Float32", "(fp.add RNE Q C)")
    some = " ".join(f"(fp.isNaN {x}) (fp.isInfinite {x})" for x in "QC")
    return [
        (text + _assume("(not nan)", "inf"), _against(f"(= q {special(config, 'F')})")),
        (text + _assume("nan"), _against(f"(= y {number(acc.canonical_nan, acc.width)})")),
        (text + _assume("(not nan)", f"(or {some})"),
         _against("(or (fp.isNaN r) (fp.isInfinite r))", f"(= y {special(config, 'r')})")),
    ]  # fmt: skip
