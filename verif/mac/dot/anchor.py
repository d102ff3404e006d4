"""The dot product's specification held against SMT-LIB, in the steps of the anchor of wide sums (:mod:`..anchor.wide`).

The scaled sum of a block is ``±p·2^e``, p as wide as it comes. That this and c are added exactly and rounded once is
shown as for a product; what is shown here beside it is what the scales stand for, and what becomes of the special ones.

Each function behind :mod:`.claims` takes the artefact's directory and returns a verdict.
"""

from __future__ import annotations

from pathlib import Path

from ....hw.formats import FORMATS, Format
from ....hw.mac.config.dot import DotConfig
from ... import solvers
from ...aig import Aig
from ...proofs import made
from ...prove import Verdict
from .. import smt
from ..anchor import wide
from ..anchor.wide_proofs import _all
from ..smt import bits, define, named, number
from ..spec import largest_lsb_exponent, lsb_exponent
from .lane import numerics, specification, verilog
from .proofs import load

SUM, ROUND, BLOCK = "dot_spec_sum", "dot_spec_round", "dot_spec_block"
NAN = "(_ NaN 5 11)"  # kinds of numbers (NaN, infinite, zero, other) are Float16: NaN, infinite, zero or one


def _smt(config: DotConfig, top: str, name: str = "spec") -> str:
    """A module of the specification as SMT-LIB functions of a state ``|spec_s|``."""
    script = (
        f"read_verilog spec.v\nhierarchy -check -top {top}\nproc\nflatten\nopt_expr\nopt_clean\nrename {top} {name}\n"
    )
    return made(script + "write_smt2 -stbv -wires spec.smt2", {"spec.v": verilog(config)}, "spec.smt2")


def scales(config: DotConfig) -> dict[str, Format]:
    """Formats of the scales that multiply a block."""
    return {name: FORMATS[fmt] for name, (fmt, _) in config.fields.items() if name not in "abcy"}


def reach(config: DotConfig) -> wide.Reach:
    """Least and greatest weight of the last bit of a block's scaled sum, of scales that are numbers."""
    low = high = config.lsb
    for fmt in scales(config).values():
        if fmt.name == "e8m0":
            low, high = low - fmt.bias, high + fmt.max_finite - fmt.bias
        else:
            low += lsb_exponent(fmt)
            high += largest_lsb_exponent(fmt) - (fmt.specials == "ieee")
    return low, high


def numbers(directory: Path) -> Verdict:
    """Codes of c stand for the numbers that SMT-LIB says."""
    _, config = load(directory)
    questions = wide.numbers(numerics(config), _smt(config, SUM))
    return _all(questions, ("e", "m"), "bitwuzla, numbers in Float64")


def sums(directory: Path, index: int) -> Verdict:
    """The window holds the exact sum, or one that rounds as it does."""
    _, config = load(directory)
    questions = wide.sums(numerics(config), _smt(config, SUM), _smt(config, ROUND, "round"), reach(config))
    names = ("qs", "qm", "qe", "c_s", "c_m", "c_e", "m", "x")
    return _all(questions[index : index + 1], names, "bitwuzla, integers of any distance")


def rounding(directory: Path) -> Verdict:
    """The sum becomes the code that SMT-LIB's rounding gives."""
    _, config = load(directory)
    lane = numerics(config)
    questions = wide.rounding(lane, _smt(config, ROUND), reach(config))
    questions += wide.placed(lane, _smt(config, SUM), _smt(config, ROUND, "round"), reach=reach(config))
    return _all(questions, ("s", "m", "x", "y"), "bitwuzla, to_fp of Float128")


def specials(directory: Path) -> Verdict:
    """Sums of a block, or an addend, that is NaN or infinite are those of fp.add."""
    _, config = load(directory)
    lane, spec = numerics(config), _smt(config, SUM)
    text, _ = named(spec, "s", "c", "y", "nan", "inf")
    text = f"(set-logic QF_BVFP)\n{spec}\n(declare-const S |spec_s|)\n{text}"
    text += smt.value("c", "C", lane.acc_format, lane.flush)
    signs = ("(ite s (_ -oo 8 24) (_ +oo 8 24))", "(ite s (_ -zero 8 24) (_ +zero 8 24))")
    text += define("B", "Float32", f"(ite nan (_ NaN 8 24) (ite inf {signs[0]} {signs[1]}))")
    # Beside an addend that is no number it does not matter which number the block is.
    text += "(assert (or nan inf (fp.isNaN C) (fp.isInfinite C)))\n" + define("r", "Float32", "(fp.add RNE B C)")
    against = f"(assert (not (and (or (fp.isNaN r) (fp.isInfinite r)) (= y {smt.special(lane, 'r')}))))\n"
    return _all([(text, against)], ("s", "nan", "inf", "c", "y"), "bitwuzla, fp.add(block, c)")


def operands(directory: Path) -> Verdict:
    """Scales stand for the numbers that SMT-LIB says, and multiply the block's sign, weight and specials as fp.mul."""
    _, config = load(directory)
    spec, factors = _smt(config, BLOCK), scales(config)
    names = ("block_s", "block_zero", "block_inf", "block_nan", *factors, "s", "e", "inf", "nan", "zero")
    text, widths = named(spec, *names)
    text = f"(set-logic QF_BVFP)\n{spec}\n(declare-const S |spec_s|)\n{text}"
    # A block that is no number is nothing else.
    text += "(assert (not (and block_inf block_nan)))\n(assert (not (and block_zero (or block_inf block_nan))))\n"
    if not any(fmt.has_inf or fmt.has_nan for fmt in (config.a_element.format, config.b_element.format)):
        text += "(assert (not (or block_inf block_nan)))\n"
    ew = widths["e"]
    claims, weight = [], number(config.lsb, ew)
    kind = f"(ite block_zero {_zero('block_s')} {_one('block_s')})"
    kind = f"(ite block_nan {NAN} (ite block_inf {_infinite('block_s')} {kind}))"
    for name, fmt in factors.items():
        more, claim = (_power if fmt.name == "e8m0" else _number)(config, name, fmt, ew)
        text += more
        claims.append(claim)
        weight, kind = f"(bvadd {weight} {name}_w)", f"(fp.mul RNE {kind} {name}_k)"
    low, high = reach(config)
    text += define("K", "Float16", kind)
    claims += [
        f"(= e {weight})", "(= nan (fp.isNaN K))",
        "(or nan (and (= inf (fp.isInfinite K)) (= s (fp.isNegative K)) (or inf (= zero (fp.isZero K)))))",
        f"(or nan inf (and (bvsge e {number(low, ew)}) (bvsle e {number(high, ew)})))",
    ]  # fmt: skip
    questions = [(text, f"(assert (not {claim}))\n") for claim in claims]
    return _all(questions, (*names[:-4], "e"), "bitwuzla, numbers in Float64, kinds by fp.mul")


def _double(weight: str, ew: int) -> str:
    """The Float64 number 2^weight."""
    wide = max(ew, 11)
    biased = f"(bvadd ((_ sign_extend {wide - ew}) {weight}) {number(1023, wide)})"
    return f"(fp #b0 ((_ extract 10 0) {biased}) {number(0, 52)})"


def _power(config: DotConfig, name: str, fmt: Format, ew: int) -> tuple[str, str]:
    """Text of a scale's weight ``_w`` and kind ``_k``, and the claim that its number is 2^weight: a code of E8M0."""
    weight = f"(bvadd ((_ zero_extend {ew - fmt.width}) {name}) {number(-fmt.bias, ew)})"
    text = define(f"{name}_w", bits(ew), weight)
    text += define(f"{name}_k", "Float16", f"(ite (= {name} {number(-1, fmt.width)}) {NAN} {_one('false')})")
    field = f"(bvadd ((_ zero_extend {11 - fmt.width}) {name}) {number(1023 - fmt.bias, 11)})"
    return text, f"(= (fp #b0 {field} {number(0, 52)}) {_double(f'{name}_w', ew)})"


def _number(config: DotConfig, name: str, fmt: Format, ew: int) -> tuple[str, str]:
    """As :func:`_power`: its number is ±significand * 2^weight."""
    text = smt.value(name, f"{name}_v", fmt, config.flush) + define(f"{name}_w", bits(ew), f"(|spec_n {name}_e| S)")
    negative = f"(fp.isNegative {name}_v)"
    finite = f"(ite (fp.isZero {name}_v) {_zero(negative)} {_one(negative)})"
    finite = f"(ite (fp.isInfinite {name}_v) {_infinite(negative)} {finite})"
    text += define(f"{name}_k", "Float16", f"(ite (fp.isNaN {name}_v) {NAN} {finite})")
    magnitude = f"(fp.mul RNE ((_ to_fp_unsigned 11 53) RNE (|spec_n {name}_m| S)) {_double(f'{name}_w', ew)})"
    signed = f"(ite (|spec_n {name}_s| S) (fp.neg {magnitude}) {magnitude})"
    special = f"(fp.isNaN {name}_v) (fp.isInfinite {name}_v)"
    return text, f"(or {special} (= ((_ to_fp 11 53) RNE {name}_v) {signed}))"


def _zero(negative: str) -> str:
    return f"(ite {negative} (_ -zero 5 11) (_ +zero 5 11))"


def _infinite(negative: str) -> str:
    return f"(ite {negative} (_ -oo 5 11) (_ +oo 5 11))"


def _one(negative: str) -> str:
    return f"(fp (ite {negative} #b1 #b0) #b01111 {number(0, 10)})"


def composed(directory: Path) -> Verdict:
    """The whole specification is its sum, fed by what its block and scales are."""
    _, config = load(directory)
    whole, block, total = (specification(config, top) for top in ("dot_spec", BLOCK, SUM))
    aig = Aig()
    words = {name: aig.inputs(len(word)) for name, word in whole.inputs.items()}

    outputs = whole.on(aig, words)
    words |= block.on(aig, words)
    if solvers.model(aig, [aig.differ(outputs["y"], total.on(aig, words)["y"])]) is not None:
        return Verdict("refuted", "kissat", {"where": "the specification is not its sum of its block"})
    return Verdict("proved", "kissat")
