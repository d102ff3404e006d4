"""Pieces of SMT-LIB text: the numbers that codes stand for, and a sum rounded once to a code.

Everything is Float32, which bitwuzla knows and which holds every operand exactly. Codes of fp32 are the sum rounded as
the config says. Codes of fp16 and bf16 are the sum rounded to odd (towards zero, last bit set where inexact) and then
as the config says, which is what rounding once gives (Boldo and Melquiond, IEEE Trans. Computers 57(4), 2008). SMT-LIB
rounds to Float16; to bf16, the upper half of Float32, the last step is integer rounding of the code, a lemma of its own
(:func:`halving`).
"""

from __future__ import annotations

import re

from ...hw.formats import Format
from ...hw.mac.config import MacConfig


def number(value: int, width: int) -> str:
    """A bit-vector literal, two's complement."""
    return f"(_ bv{value % (1 << width)} {width})"


def power(exponent: int, ew: int = 8, mw: int = 23) -> str:
    """A normal power of two as a float literal."""
    return f"(fp #b0 {number(exponent + (1 << (ew - 1)) - 1, ew)} {number(0, mw)})"


def define(name: str, sort: str, body: str) -> str:
    """The definition of a term."""
    return f"(define-fun {name} () {sort} {body})\n"


def bits(width: int) -> str:
    """The sort of bit-vectors of that width."""
    return f"(_ BitVec {width})"


def wire(name: str, width: int) -> str:
    """A wire of the specification as a bit-vector: Yosys gives those of one bit as truth values."""
    return f"(|spec_n {name}| S)" if width > 1 else f"(ite (|spec_n {name}| S) #b1 #b0)"


def width(text: str, wire: str, module: str = "spec") -> int:
    """Bits of a wire of a module that Yosys wrote as functions of a state; 0 for one bit, which is a Bool there."""
    pattern = rf"\|{module}_n {re.escape(wire)}\| \(\(state \|{module}_s\|\)\) (?:Bool|\(_ BitVec (\d+)\))"
    if not (found := re.search(pattern, text)):
        raise KeyError(f"{module} has no wire {wire}")
    return int(found[1] or 0)


def named(spec: str, *names: str, **aliases: str) -> tuple[str, dict[str, int]]:
    """Text that gives the specification's wires names of their own, and their widths (see :func:`width`)."""
    wires = {**{name: name for name in names}, **aliases}
    widths = {name: width(spec, of) for name, of in wires.items()}
    sorts = {name: bits(wide) if wide else "Bool" for name, wide in widths.items()}
    return "".join(define(name, sorts[name], f"(|spec_n {of}| S)") for name, of in wires.items()), widths


def special(config: MacConfig, r: str) -> str:
    """The code of the Float32 number r, which is NaN or infinite."""
    acc, w = config.acc_format, config.acc_format.width
    nan = number(acc.canonical_nan, w)
    if config.overflow != "saturate" and not acc.has_inf:
        return nan
    top = acc.max_finite if config.overflow == "saturate" else acc.infinity
    return f"(ite (fp.isNaN {r}) {nan} (ite (fp.isPositive {r}) {number(top, w)} {number(top | acc.sign_bit, w)}))"


def value(name: str, out: str, fmt: Format, flush: bool) -> str:
    """Text that defines ``out``, the Float32 number that the code ``name`` stands for: exact."""
    w, mw, ew = fmt.width, fmt.mantissa_width, fmt.exponent_width
    if fmt.is_integer:
        wide = f"((_ {'sign' if fmt.is_signed else 'zero'}_extend {33 - w}) {name})"
        return define(out, "Float32", f"((_ to_fp 8 24) RNE {wide})")
    if fmt.name == "fp16":
        body = f"((_ to_fp 8 24) RNE ((_ to_fp 5 11) {name}))"
    elif ew == 8:
        body = f"((_ to_fp 8 24) {f'(concat {name} {number(0, 23 - mw)})' if mw < 23 else name})"
    else:
        # The fields as those of a Float32 number, subnormals too; only the bias is another: scaled exactly.
        exponent = f"((_ zero_extend {8 - ew}) ((_ extract {w - 2} {mw}) {name}))"
        mantissa = f"(concat ((_ extract {mw - 1} 0) {name}) {number(0, 23 - mw)})" if mw else number(0, 23)
        body = f"(fp.mul RNE (fp ((_ extract {w - 1} {w - 1}) {name}) {exponent} {mantissa}) {power(127 - fmt.bias)})"
        tops = number(-1, ew + mw if fmt.specials == "nan" else ew)
        low = 0 if fmt.specials == "nan" else mw
        if fmt.specials != "none":
            special = "(_ NaN 8 24)"
            if fmt.specials == "ieee":
                sign = f"((_ extract {w - 1} {w - 1}) {name})"
                infinite = f"(ite (= {sign} #b1) (_ -oo 8 24) (_ +oo 8 24))"
                special = f"(ite (= ((_ extract {mw - 1} 0) {name}) {number(0, mw)}) {infinite} (_ NaN 8 24))"
            body = f"(ite (= ((_ extract {w - 2} {low}) {name}) {tops}) {special} {body})"
    if flush and fmt.flushes:
        zero = f"(ite (= ((_ extract {w - 1} {w - 1}) {name}) #b1) (_ -zero 8 24) (_ +zero 8 24))"
        body = f"(ite (= ((_ extract {w - 2} {mw}) {name}) {number(0, ew)}) {zero} {body})"
    return define(out, "Float32", body)


def rounded(config: MacConfig, sum_: str, out: str) -> str:
    """Text that defines ``out``, the code of a sum rounded once.

    ``sum_`` holds ``{rm}`` where SMT-LIB has the rounding mode of an operation that gives Float32.
    """
    acc, w = config.acc_format, config.acc_format.width
    mode = "RNE" if config.rounding == "rne" else "RTZ"
    saturate = config.overflow == "saturate"
    text = f"(declare-const {out}_z (_ BitVec 32))\n"
    if acc.name == "fp32":
        text += f"(assert (= ((_ to_fp 8 24) {out}_z) {sum_.format(rm=mode)}))\n"
        code = f"{out}_z"
    else:
        text += f"(assert (= ((_ to_fp 8 24) {out}_z) {sum_.format(rm='RTZ')}))\n"
        inexact = f"(not (fp.eq {sum_.format(rm='RTP')} {sum_.format(rm='RTN')}))"
        text += define(f"{out}_odd", bits(32), f"(ite {inexact} (bvor {out}_z #x00000001) {out}_z)")
        if acc.name == "fp16":
            text += f"(declare-const {out}_h (_ BitVec 16))\n"
            text += f"(assert (= ((_ to_fp 5 11) {out}_h) ((_ to_fp 5 11) {mode} ((_ to_fp 8 24) {out}_odd))))\n"
            code = f"{out}_h"
        else:
            code = halved(f"{out}_odd", config.rounding)
    if saturate:
        infinite, largest = number(acc.infinity, w - 1), number(acc.max_finite, w - 1)
        text += define(f"{out}_r", bits(w), code)
        low, sign = f"((_ extract {w - 2} 0) {out}_r)", f"((_ extract {w - 1} {w - 1}) {out}_r)"
        code = f"(concat {sign} (ite (= {low} {infinite}) {largest} {low}))"
    return text + define(out, bits(w), code)


def halved(z: str, rounding: str) -> str:
    """The upper half of a Float32 code, rounded: codes of one sign are consecutive, so a carry is the next number."""
    if rounding == "rtz":
        return f"((_ extract 31 16) {z})"
    last = f"((_ zero_extend 31) ((_ extract 16 16) {z}))"
    return f"((_ extract 31 16) (bvadd {z} (bvadd #x00007FFF {last})))"


def halving() -> str:
    """Text that holds for a finite Float32 number which :func:`halved` does *not* round to the nearest bf16 number."""
    y = halved("z", "rne")
    return f"""(declare-const z (_ BitVec 32))
{define("v", "Float32", "(fp.abs ((_ to_fp 8 24) z))")}{define("y", bits(16), y)}
{define("m", bits(16), "(concat #b0 ((_ extract 14 0) y))")}
; Half-way to the neighbours of y in magnitude; that of 0 below is never reached, and above the largest is overflow.
{define("above", "Float32", "((_ to_fp 8 24) (concat m #x8000))")}
{define("below", "Float32", "((_ to_fp 8 24) (bvsub (concat m #x0000) #x00008000))")}
{define("even", "Bool", "(= ((_ extract 0 0) y) #b0)")}
{define("under", "Bool", "(or (= m #x7F80) (fp.lt v above) (and even (fp.eq v above)))")}
{define("over", "Bool", "(or (= m #x0000) (fp.gt v below) (and even (fp.eq v below)))")}
(assert (not (fp.isNaN v))) (assert (not (fp.isInfinite v)))
(assert (not (and under over (bvule m #x7F80) (= ((_ extract 15 15) y) ((_ extract 31 31) z)))))
"""
