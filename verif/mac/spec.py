"""What a multiply-accumulate unit must compute, as Verilog text made from the formats alone.

The text is the middle of the proof: circuits are compared with it, and it is compared with SMT-LIB FloatingPoint. It is
written for being read, not for being small: values are exact integers in one wide window, aligned by a clamped exponent
difference, and rounded once.

Modules, for a prefix ``mac_spec``:

- ``mac_spec``: codes a, b, c and a product p -> y, the significands ``sa`` and ``sb``, the words ``fa`` and ``fb`` that
  p must be the product of, and ``lemma``, what is known of p from the classes (zero, subnormal, normal) of its factors.
  The words are the significands; but some have their top bit where the number is zero, and then p is of no account
  (:func:`free`).
- ``mac_spec_product``: codes a, b -> sign, exponent of p's last bit, significands, specials.
- ``mac_spec_sum``: a signed product ``±p·2^e`` and the code c -> y.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...hw.formats import Format
from ...hw.mac.config import MacConfig


def lsb_exponent(fmt: Format) -> int:
    """Weight of the last bit of a significand whose exponent field is 0 or 1 (integers: 0)."""
    return fmt.min_exponent - fmt.mantissa_width if fmt.is_float else 0


def largest_lsb_exponent(fmt: Format) -> int:
    """Weight of the last bit of the greatest significand, specials' top exponent field included."""
    return (1 << fmt.exponent_width) - 1 - fmt.bias - fmt.mantissa_width if fmt.is_float else 0


def classes(fmt: Format, flush: bool) -> dict[str, tuple[int, int]]:
    """Intervals of the significands of a format by class."""
    top = 1 << (fmt.significand_width - 1)
    if fmt.is_integer:
        return {"zero": (0, 0), "nonzero": (1, top if fmt.is_signed else 2 * top - 1)}
    found = {"zero": (0, 0), "subnormal": (1, top - 1), "normal": (top, 2 * top - 1)}
    if top == 1 or free(fmt, flush):
        del found["subnormal"]
    return found


@dataclass(frozen=True)
class Widths:
    """Widths that the specification's text shares with what is built around it.

    Attributes
    ----------
    product : int
        Bits of p.
    exponent : int
        Bits of every signed exponent.
    """

    product: int
    exponent: int

    @classmethod
    def of(cls, config: MacConfig) -> Widths:
        formats = (config.a_format, config.b_format, config.acc_format)
        product = config.a_format.significand_width + config.b_format.significand_width
        reach = sum(max(abs(lsb_exponent(f)), abs(largest_lsb_exponent(f))) for f in formats)
        window = 2 * (product + 2 * config.acc_format.significand_width) + 16
        # The anchor rounds windows of any weight in range: their exponent fields must not wrap.
        return cls(product, (reach + window).bit_length() + 2)


def operand(name: str, fmt: Format, flush: bool, e_width: int, normalised: bool = False) -> str:
    """Text that takes the code ``name`` apart.

    ``_s`` is its sign, ``_m`` the significand, ``_e`` the weight of the significand's last bit; ``_inf`` and ``_nan``
    say what it is if no number. ``normalised``: the significand of a subnormal number has its top bit set, too.
    """
    top = fmt.width - 1
    if fmt.is_integer:
        magnitude = f"{name}[{top}] ? -{name} : {name}" if fmt.is_signed else name
        sign = f"{name}[{top}]" if fmt.is_signed else "1'b0"
        lines = [
            f"wire {name}_s = {sign};",
            f"wire [{top}:0] {name}_m = {magnitude};",
            f"wire signed [{e_width - 1}:0] {name}_e = 0;",
            f"wire {name}_inf = 1'b0, {name}_nan = 1'b0;",
        ]
        return _indent(lines)
    mw, ew = fmt.mantissa_width, fmt.exponent_width
    field = f"{name}[{top - 1}:{mw}]"
    mantissa = f"{name}[{mw - 1}:0]" if mw else "1'b0"
    hidden = f"{{{name}_n, {mantissa}}}" if mw else f"{name}_n"
    least = f"{lsb_exponent(fmt) - 1}"
    shift = []
    if normalised:
        # Zeros above a subnormal number's highest bit, the hidden bit's place included.
        zeros = "".join(f"{name}[{bit}] ? {mw - bit} : " for bit in reversed(range(1, mw)))
        shift = [f"wire [1:0] {name}_k = {name}_n ? 0 : {zeros}{mw};"]
        hidden, least = f"({{{name}_n, {mantissa}}} << {name}_k)", f"{least} - $signed({{1'b0, {name}_k}})"
    inf = nan = "1'b0"
    if fmt.specials == "ieee":
        inf, nan = f"&{field} && {mantissa} == 0", f"&{field} && {mantissa} != 0"
    elif fmt.specials == "nan":
        nan = f"&{name}[{top - 1}:0]"
    lines = [
        f"wire {name}_s = {name}[{top}];",
        f"wire {name}_n = {field} != 0;",
        *shift,
        f"wire [{mw}:0] {name}_m = " + (f"{name}_n ? {hidden} : 0;" if flush and fmt.flushes else f"{hidden};"),
        f"wire [{ew - 1}:0] {name}_f = {name}_n ? {field} : 1;",
        f"wire signed [{e_width - 1}:0] {name}_e = $signed({{1'b0, {name}_f}}) + ({least});",
        f"wire {name}_inf = {inf};",
        f"wire {name}_nan = {nan};",
    ]
    return _indent(lines)


def shifted(fmt: Format, flush: bool) -> bool:
    """Whether subnormal numbers of an operand are normalised: where significands have two to four bits."""
    return fmt.is_float and 1 <= fmt.mantissa_width <= 3 and not (flush and fmt.flushes)


def free(fmt: Format, flush: bool) -> bool:
    """Whether p may be anything where an operand is zero: its word has its top bit set for every code."""
    return (flush and fmt.flushes) or shifted(fmt, flush)


def rounding(module: str, config: MacConfig, width: int, e_width: int) -> str:
    """Module that rounds ``(-1)^s · m · 2^x`` (m of ``width`` bits, exact) to a code of the accumulator's format."""
    acc = config.acc_format
    mw, p = acc.mantissa_width, acc.significand_width
    digits = (p + 1).bit_length()
    code = max(acc.width, e_width + mw) + 2
    nearest = config.rounding == "rne"
    if config.overflow == "saturate" or not nearest:
        over = acc.max_finite
    else:
        over = acc.infinity if acc.has_inf else acc.canonical_nan
    sign = "1'b0" if over == acc.canonical_nan and not acc.has_inf else "s"
    flush = config.flush and acc.flushes
    up = f"norm[{width - p - 1}] && (norm[{width - p}] || |norm[{width - p - 2}:0])" if nearest else "1'b0"
    tail = f"""
  // Rounded as if exponents had no end: only a carry out of the binade below the least normal number reaches it.
  wire carried = top == {acc.min_exponent - 1} && &norm[{width - 1}:{width - p}] && {up};
  assign y = top < {acc.min_exponent} ? {{s, carried ? {acc.width - 1}'d{1 << mw} : {acc.width - 1}'d0}}
           : over ? {{{sign}, {acc.width - 1}'d{over}}} : {{s, rounded[{acc.width - 2}:0]}};""" if flush else f"""
  assign y = over ? {{{sign}, {acc.width - 1}'d{over}}} : {{s, rounded[{acc.width - 2}:0]}};"""  # fmt: skip
    return f"""
module {module}(input s, input [{width - 1}:0] m, input signed [{e_width - 1}:0] x, output [{acc.width - 1}:0] y);
  // The leading one to the window's top; top is its weight.
  reg [{width.bit_length()}:0] n;
  integer i;
  always @* begin
    n = 0;
    for (i = 0; i < {width}; i = i + 1) if (m[i]) n = i;
  end
  wire [{width - 1}:0] norm = m << ({width - 1} - n);
  wire signed [{e_width - 1}:0] top = x + $signed({{1'b0, n}});
  // A subnormal result keeps fewer bits: those above the least subnormal number.
  wire signed [{e_width - 1}:0] below = {acc.min_exponent} - top;
  wire [{digits - 1}:0] u = below <= 0 ? 0 : below > {p + 1} ? {p + 1} : below[{digits - 1}:0];
  wire [{width + p}:0] cut = {{norm, {p + 1}'d0}} >> u;
  wire [{p - 1}:0] kept = cut[{width + p}:{width + 1}];
  wire up = {"cut[" + str(width) + "] && (kept[0] || |cut[" + str(width - 1) + ":0])" if nearest else "1'b0"};
  wire signed [{e_width - 1}:0] field = below > 0 ? 0 : top - ({acc.min_exponent});
  // The hidden bit adds one to the exponent field, and so does a carry out of the significand.
  wire [{code - 1}:0] rounded = ({{{{{code - e_width}{{1'b0}}}}, field}} << {mw}) + kept + up;
  wire over = rounded > {code}'d{acc.max_finite};{tail}
endmodule
"""


def float_sum(name: str, config: MacConfig, widths: Widths) -> str:
    """Text of ``<name>_sum``: a signed product ``±p·2^e``, of which it is told if it is infinite or NaN, and c -> y."""
    acc, ew = config.acc_format, widths.exponent
    mw = acc.mantissa_width
    infinite = acc.infinity if acc.has_inf and config.overflow == "ieee" else acc.max_finite
    inf_code = f"{{sign, {acc.width - 1}'d{infinite}}}"
    if not acc.has_inf and config.overflow == "ieee":
        inf_code = f"{acc.width}'d{acc.canonical_nan}"
    rounded = config.product == "rounded"
    wp = acc.significand_width if rounded else widths.product
    # Far below c, p must stay under a quarter of c's last bit; far above, c under a quarter of the result's last bit
    # even where p is 1. Beyond that only the fact that something is there matters, not where.
    low, high = wp + 2, 2 * mw + 4
    width = max(wp + high, mw + 1 + low) + 1
    text = [rounding(f"{name}_round", config, width, ew)]
    product = [f"wire qs = s, qinf = inf; wire [{wp - 1}:0] qm = p; wire signed [{ew - 1}:0] qe = e;"]
    if rounded:
        pw = max(widths.product, mw + 3)
        text.append(rounding(f"{name}_first", config, pw, ew))
        product = [
            "// The product, rounded to the accumulator's format first.",
            f"wire [{acc.width - 1}:0] first, q;",
            f"{name}_first u_first(.s(s), .m({{{pw}'d0 | p}}), .x(e), .y(first));",
            f"assign q = inf ? {inf_code.replace('sign', 's')} : p == 0 ? {{s, {acc.width - 1}'d0}} : first;",
            operand("q", acc, False, ew).strip(),
            f"wire qs = q_s, qinf = q_inf; wire [{wp - 1}:0] qm = q_m; wire signed [{ew - 1}:0] qe = q_e;",
        ]
    q_nan = "|| q_nan" if rounded else ""
    canonical = f"{acc.width}'d{acc.canonical_nan}"
    text.append(f"""
module {name}_sum(input s, input [{widths.product - 1}:0] p, input signed [{ew - 1}:0] e, input inf, input nan,
    input [{acc.width - 1}:0] c, output [{acc.width - 1}:0] y);
{operand("c", acc, config.flush, ew)}
{_indent(product)}
  wire signed [{ew - 1}:0] d = qm == 0 ? 0 : qe - c_e;
  wire signed [{ew - 1}:0] near = d > {high} ? {high} : d < -{low} ? -{low} : d;
  wire [{ew - 1}:0] left = near > 0 ? near : 0, right = near < 0 ? -near : 0;
  wire [{width - 1}:0] pw = {{{width}'d0 | qm}} << left, cw = {{{width}'d0 | c_m}} << right;
  wire signed [{ew - 1}:0] x = near > 0 ? qe - near : c_e + near;
  wire less = pw < cw;
  wire [{width - 1}:0] m = qs == c_s ? pw + cw : less ? cw - pw : pw - cw;
  wire sign = m == 0 ? qs && c_s : less ? c_s : qs;
  wire [{acc.width - 1}:0] finite;
  {name}_round u_round(.s(sign), .m(m), .x(x), .y(finite));
  wire is_nan = nan || c_nan {q_nan} || qinf && c_inf && qs != c_s;
  assign y = is_nan ? {canonical} : qinf ? {inf_code.replace("sign", "qs")} : c_inf ? {inf_code.replace("sign", "c_s")}
           : m == 0 ? {{sign, {acc.width - 1}'d0}} : finite;
endmodule
""")
    return "".join(text)


def _integer_sum(name: str, config: MacConfig, widths: Widths) -> str:
    w = config.acc_format.width
    wide = max(w, widths.product) + 3
    low, high = f"-{wide}'sd{1 << (w - 1)}", f"{wide}'sd{(1 << (w - 1)) - 1}"

    def clamped(x: str) -> str:
        return f"({x} > {high} ? {high} : {x} < {low} ? {low} : {x})" if config.overflow == "saturate" else x

    return f"""
module {name}_sum(input s, input [{widths.product - 1}:0] p, input signed [{widths.exponent - 1}:0] e,
    input inf, input nan, input [{w - 1}:0] c, output [{w - 1}:0] y);
  wire signed [{wide - 1}:0] exact = s ? -$signed({{{wide}'d0 | p}}) : $signed({{{wide}'d0 | p}});
  wire signed [{wide - 1}:0] product = {clamped("exact") if config.product == "rounded" else "exact"};
  wire signed [{wide - 1}:0] total = product + $signed(c);
  wire signed [{wide - 1}:0] result = {clamped("total")};
  assign y = result[{w - 1}:0];
endmodule
"""


def verilog(config: MacConfig, name: str = "mac_spec") -> str:
    """The specification's text."""
    fa, fb, acc = config.a_format, config.b_format, config.acc_format
    widths = Widths.of(config)
    wa, wb, ew = fa.significand_width, fb.significand_width, widths.exponent
    known = []
    for ca, (la, ha) in classes(fa, config.flush).items():
        for cb, (lb, hb) in classes(fb, config.flush).items():
            known.append(f"a_{ca} && b_{cb} && p >= {widths.product}'d{la * lb} && p <= {widths.product}'d{ha * hb}")
    of_class = [f"wire {v}_{c} = s{v} >= {lo} && s{v} <= {hi};" for v, f in (("a", fa), ("b", fb))
                for c, (lo, hi) in classes(f, config.flush).items()]  # fmt: skip
    word = {}
    for v, f in (("a", fa), ("b", fb)):
        top = f"{f.significand_width}'d{1 << f.mantissa_width}"
        word[v] = f"{{1'b1, {v}[{f.mantissa_width - 1}:0]}}" if f.is_float and free(f, config.flush) else f"s{v}"
        if shifted(f, config.flush):
            word[v] = f"s{v} == 0 ? {top} : s{v}"
    idle = " || ".join(f"s{v} == 0" for v, f in (("a", fa), ("b", fb)) if free(f, config.flush)) or "1'b0"
    total = _integer_sum(name, config, widths) if acc.is_integer else float_sum(name, config, widths)
    return f"""{total}
module {name}_product(input [{fa.width - 1}:0] a, input [{fb.width - 1}:0] b,
    output [{wa - 1}:0] sa, output [{wb - 1}:0] sb, output s, output signed [{ew - 1}:0] e, output inf, output nan);
{operand("a", fa, config.flush, ew, shifted(fa, config.flush))}
{operand("b", fb, config.flush, ew, shifted(fb, config.flush))}
  assign sa = a_m, sb = b_m, s = a_s != b_s, e = a_e + b_e;
  assign nan = a_nan || b_nan || a_inf && b_m == 0 || b_inf && a_m == 0;
  assign inf = a_inf || b_inf;
endmodule

module {name}(input [{fa.width - 1}:0] a, input [{fb.width - 1}:0] b, input [{acc.width - 1}:0] c,
    input [{widths.product - 1}:0] p,
    output [{wa - 1}:0] sa, output [{wb - 1}:0] sb, output [{wa - 1}:0] fa, output [{wb - 1}:0] fb,
    output [{acc.width - 1}:0] y, output lemma);
  wire s, inf, nan;
  wire idle = {idle};
  wire signed [{ew - 1}:0] e;
  {name}_product u_product(.a(a), .b(b), .sa(sa), .sb(sb), .s(s), .e(e), .inf(inf), .nan(nan));
  {name}_sum u_sum(.s(s), .p(idle ? {widths.product}'d0 : p), .e(e), .inf(inf), .nan(nan), .c(c), .y(y));
{_indent(of_class)}
  assign fa = {word["a"]}, fb = {word["b"]};
  assign lemma = idle || {" || ".join(f"({k})" for k in known)};
endmodule
"""


def _indent(lines: list[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
