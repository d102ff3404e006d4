"""Anchors of wide sums: right specifications are proved, wrong ones refuted, contradictions prove nothing."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config import MacConfig
from nervure.verif import aig as graphs
from nervure.verif import mac as bench
from nervure.verif import solvers
from nervure.verif.mac import smt
from nervure.verif.mac.anchor import codes as anchor_codes
from nervure.verif.mac.anchor import proofs as anchor_proofs
from nervure.verif.mac.anchor import wide as anchor_wide
from nervure.verif.mac.anchor import wide_proofs as anchor_wide_proofs
from nervure.verif.mac.claims import claims

FP32 = {"a": "fp32", "b": "fp32", "acc": "fp32"}
FP16 = {"a": "fp16", "b": "fp16", "acc": "fp16", "product": "rounded"}


def anchors(artifact):
    """Verdicts of the parts of an artefact's anchors, tried in this process."""
    found = {}
    for claim in claims(artifact):
        if claim.name.startswith("anchor"):
            tried = [(part.function.split(":"), part.arguments) for part in claim.parts]
            found[claim.name] = [getattr(import_module(m), f)(artifact.directory, **args) for (m, f), args in tried]
    return found


def evaluated(config, vectors):
    """Results of the specification, its product made of its factors."""
    count = len(vectors["a"])
    net = anchor_proofs.specification(config)
    feed = [(net.inputs[name], vectors[name]) for name in "abc"]
    free = (net.inputs["p"], np.zeros(count, np.uint64))
    factors = graphs.evaluate(net.aig, {key: net.outputs[key] for key in ("sa", "sb")}, [*feed, free], count)
    product = (net.inputs["p"], factors["sa"] * factors["sb"])
    return graphs.evaluate(net.aig, {"y": net.outputs["y"]}, [*feed, product], count)["y"]


def test_anchors_are_proved(tmp_path):
    config = MacConfig(a="fp16", b="fp4_e2m1", acc="fp8_e4m3", product="rounded", subnormals="flush")
    verdicts = anchors(emit(config, tmp_path))
    assert {verdict.status for tried in verdicts.values() for verdict in tried} == {"proved"}, verdicts
    assert list(verdicts) == [f"anchor of {what}" for what in ("operands", "specials", "products", "sums", "rounding")]
    assert verdicts["anchor of rounding"][0].method == "bitwuzla, midpoints of codes in Float128"


@pytest.mark.parametrize("change", [
    {}, {"acc": "fp16", "product": "rounded"}, {"a": "int32", "b": "int32"}, {"a": "fp16", "b": "int16"},
    {"acc": "fp8_e5m2"}, {"acc": "fp8_e4m3", "subnormals": "flush", "overflow": "saturate"},
], ids=str)  # fmt: skip
def test_what_float32_does_not_hold_has_an_anchor(change, tmp_path):
    names = {claim.name for claim in claims(emit(MacConfig(**{**FP32, **change}), tmp_path))}
    assert {"sum", "anchor of operands", "anchor of specials", "anchor of sums", "anchor of rounding"} <= names
    assert ("anchor of products" in names) == ("product" in change)


def test_products_of_48_bits_round_as_float128_says(tmp_path):
    config = MacConfig(**FP32)
    emit(config, tmp_path)
    _, spec = anchor_proofs._smt(tmp_path, "mac_spec_round")
    for text, contradiction in anchor_wide.rounding(config, spec):
        assert solvers.smt(text) is not None
        assert solvers.smt(text + contradiction) is None
    assert anchor_wide_proofs.numbers(tmp_path).status == "proved"
    assert anchor_wide_proofs.sums(tmp_path, 1).status == "proved"


@pytest.mark.parametrize("config", [MacConfig(**FP32), MacConfig(product="rounded")], ids=lambda c: c.module_name)
def test_the_specification_computes_what_smt_lib_does(config):
    """What the anchors together say, on numbers: the literal operations of SMT-LIB."""
    vectors = bench.stimulus(config, 200, seed=3)
    y = evaluated(config, vectors)
    text = "(set-logic QF_BVFP)\n"
    for i in range(len(y)):
        for name, fmt in zip("abc", (config.a_format, config.b_format, config.acc_format), strict=True):
            text += smt.define(f"{name}{i}", smt.bits(fmt.width), smt.number(int(vectors[name][i]), fmt.width))
            text += smt.value(f"{name}{i}", f"{name.upper()}{i}", fmt, flush=False)
        product = f"(fp.add RNE (fp.mul RNE A{i} B{i}) C{i})"
        expected = f"(fp.fma RNE A{i} B{i} C{i})" if config.product == "fused" else product
        text += f"(assert (= {expected} ((_ to_fp 8 24) {smt.number(int(y[i]), 32)})))\n"
    assert solvers.smt(text) is not None
    flipped = text.replace(smt.number(int(y[7]), 32), smt.number(int(y[7]) ^ 1, 32))
    assert flipped != text
    assert solvers.smt(flipped) is None


WRONG = [
    ("numbers", {}, "c_n ? c[30:23] : 1", "c_n ? c[30:23] : 0"),
    ("sums", {"index": 0}, "qs == c_s ? pw + cw", "qs == c_s ? pw | cw"),
    ("sums", {"index": 0}, "sign = m == 0 ? qs && c_s : less", "sign = m == 0 ? qs && c_s : !less"),
    ("sums", {"index": 1}, "d > 50 ? 50", "d > 25 ? 25"),
    ("sums", {"index": 2}, "d < -50 ? -50", "d < -20 ? -20"),
    ("rounding", {}, "(kept[0] || |cut", "(1 || |cut"),
    ("rounding", {}, "= rounded > ", "= rounded >= "),
    ("rounding", {}, "below > 25 ? 25", "below > 24 ? 24"),
    ("rounding", {}, "qs && c_s : less", "qs : less"),
]


@pytest.mark.parametrize("function, arguments, right, wrong", WRONG, ids=[f"{f}: {w}" for f, _, _, w in WRONG])
def test_a_wrong_specification_is_refuted(function, arguments, right, wrong, tmp_path, monkeypatch):
    config = MacConfig(**FP32)
    text = anchor_proofs.verilog(config)
    assert right in text
    emit(config, tmp_path)
    monkeypatch.setattr(anchor_proofs, "verilog", lambda config: text.replace(right, wrong))
    verdict = getattr(anchor_wide_proofs, function)(tmp_path, **arguments)
    assert verdict.status == "refuted"
    assert verdict.counterexample


@pytest.mark.parametrize("change, functions", [
    ({"rounding": "rtz"}, ("rounding", "first")), ({"overflow": "saturate"}, ("rounding", "first", "specials")),
    ({"subnormals": "flush"}, ("rounding", "first", "numbers")),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("acc", ["fp16", "fp8_e4m3"])
def test_a_specification_of_another_config_is_refuted(acc, change, functions, tmp_path, monkeypatch):
    config = MacConfig(**{**FP16, "acc": acc})
    text = anchor_proofs.verilog(MacConfig(**{**config.model_dump(), **change}))
    emit(config, tmp_path)
    monkeypatch.setattr(anchor_proofs, "verilog", lambda config: text)
    for name in functions:
        arguments = {"first": True} if name == "first" else {}
        function = getattr(anchor_wide_proofs, "rounding" if name == "first" else name)
        if (acc, name) == ("fp8_e4m3", "specials"):
            continue  # it has no infinities
        assert function(tmp_path, **arguments).status == "refuted", name


def test_assumptions_that_contradict_each_other_prove_nothing(tmp_path, monkeypatch):
    emit(MacConfig(**FP32), tmp_path)
    finite = anchor_wide.finite
    monkeypatch.setattr(
        anchor_wide, "finite", lambda config, *codes: finite(config, *codes) + "(assert (|spec_n nan| S))\n"
    )
    for verdict in (anchor_wide_proofs.rounding(tmp_path), anchor_wide_proofs.sums(tmp_path, 0)):
        assert (verdict.status, verdict.method) == ("unknown", "what is assumed contradicts itself")


@pytest.mark.parametrize("rounding", ["rne", "rtz"])
def test_midpoints_say_what_to_fp_says(rounding):
    """Codes of fp16 by midpoints and by conversion are one claim: they never differ."""
    config = MacConfig(a="fp16", b="fp16", acc="fp16", rounding=rounding)
    text = "(set-logic QF_BVFP)\n(declare-const V Float128)\n(declare-const y (_ BitVec 16))\n"
    text += "(assert (not (or (fp.isNaN V) (fp.isInfinite V) (fp.isZero V))))\n"
    one, first = anchor_codes._converted(config, "V", "y")
    two, second = anchor_codes._between_midpoints(config, "V", "y")
    assert solvers.smt(text + one + two) is not None
    assert solvers.smt(f"{text}{one}{two}(assert (distinct {first} {second}))") is None


def test_a_wire_that_is_not_there_is_an_error():
    with pytest.raises(KeyError, match="spec has no wire z"):
        smt.named("(define-fun |spec_n y| ((state |spec_s|)) Bool true)", "z")
