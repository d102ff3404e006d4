"""What proofs stand on: graphs, solvers, the specification of a unit, and its anchor; what is wrong is refuted."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config import MacConfig
from nervure.verif import aig as graphs
from nervure.verif import mac as bench
from nervure.verif import solvers
from nervure.verif.aig import FALSE, TRUE, Aig
from nervure.verif.mac import anchor, smt
from nervure.verif.mac.anchor import proofs as anchor_proofs

from . import rational

FP8 = {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16"}


# The specification and its anchor.


@pytest.mark.parametrize("config", [
    MacConfig(), MacConfig(**FP8), MacConfig(a="int8", b="uint8", acc="int16", overflow="saturate", product="rounded"),
    MacConfig(a="fp16", b="fp4_e3m0", acc="fp8_e5m2", rounding="rtz", product="rounded"),
    MacConfig(a="fp6_e2m3", b="int3", acc="fp16", subnormals="flush", overflow="saturate"),
    MacConfig(a="fp32", b="bf16", acc="bf16", subnormals="flush"),
], ids=lambda config: config.module_name)  # fmt: skip
def test_the_specification_is_exact_rational_arithmetic(config):
    count = 4000
    net, vectors = anchor_proofs.specification(config), bench.stimulus(config, count, seed=5)
    feed = [(net.inputs[name], vectors[name]) for name in "abc"]
    free = (net.inputs["p"], np.zeros(count, np.uint64))
    factors = graphs.evaluate(net.aig, {key: net.outputs[key] for key in ("sa", "sb")}, [*feed, free], count)
    found = graphs.evaluate(net.aig, net.outputs, [*feed, (net.inputs["p"], factors["sa"] * factors["sb"])], count)
    assert found["lemma"].all()
    expected = [rational.fma(config, *(int(vectors[name][i]) for name in "abc")) for i in range(count)]
    np.testing.assert_array_equal(found["y"], np.array(expected, np.uint64))


def test_a_wrong_specification_is_refuted_by_its_anchor(tmp_path):
    artifact = emit(MacConfig(**FP8), tmp_path)
    _, spec = anchor_proofs._smt(artifact.directory, "mac_spec")
    for change in ({"rounding": "rtz"}, {"subnormals": "flush"}, {"overflow": "saturate"}):
        wrong = MacConfig(**{**FP8, **change})
        text, contradiction = anchor.literal(wrong, spec, -3, 0)
        if "overflow" in change:
            text, contradiction = anchor.specials(wrong, spec)
        assert solvers.smt(text) is not None
        assert set(solvers.smt(text + contradiction, ("a", "b", "c", "y")) or ()) == {"a", "b", "c", "y"}
    assert solvers.smt("(set-logic QF_BVFP)" + smt.halving().replace("#x00007FFF", "#x00008000")) is not None


def test_assumptions_that_contradict_each_other_prove_nothing(tmp_path, monkeypatch):
    emit(MacConfig(**FP8), tmp_path)
    finite = anchor.finite
    monkeypatch.setattr(anchor, "finite", lambda config: finite(config) + "(assert (fp.isNaN C))\n")
    verdict = anchor_proofs.literal(tmp_path, 0, 3)
    assert (verdict.status, verdict.method) == ("unknown", "what is assumed contradicts itself")


# Graphs and solvers.


def test_graph_simplifies_without_changing_functions():
    rng = np.random.default_rng(1)
    truth = [np.array([int(c) for c in np.binary_repr(i, 4)], bool) for i in range(16)]
    for _ in range(200):
        aig = Aig()
        inputs = aig.inputs(4)
        known = dict(zip(inputs, zip(*truth, strict=True), strict=True))
        values = {x: np.array(known[x]) for x in inputs} | {x ^ 1: ~np.array(known[x]) for x in inputs}
        values |= {FALSE: np.zeros(16, bool), TRUE: np.ones(16, bool)}
        for _ in range(30):
            x, y = (list(values)[i] for i in rng.integers(0, len(values), 2))
            z, want = aig.land(x, y), values[x] & values[y]
            assert (values.setdefault(z, want) == want).all()
            values.setdefault(z ^ 1, ~want)


def test_words_of_a_graph():
    aig = Aig()
    x, y = aig.inputs(5), aig.inputs(5)
    a, b = (np.array(v, np.uint64) for v in zip(*itertools.product(range(32), repeat=2), strict=True))
    words = {"sum": aig.add(x, y), "product": aig.mul(x, y), "in": [aig.within(x, 3, 17)], "differ": [aig.differ(x, y)]}
    found = graphs.evaluate(aig, words, [(x, a), (y, b)], len(a))
    assert (found["sum"] == (a + b) % 32).all()
    assert (found["product"] == a * b).all()
    assert (found["in"] == ((a >= 3) & (a <= 17))).all()
    assert (found["differ"] == (a != b)).all()
    assert solvers.model(aig, [aig.differ(aig.mul(x, y), aig.mul(y, x))]) is None
    values = solvers.model(aig, [aig.within(aig.mul(x, y), 899, 899)])
    assert values is not None
    assert {solvers.word(values, x), solvers.word(values, y)} == {29, 31}
    assert solvers.equivalent(aig, aig.mul(x, y), aig.mul(y, x), [n >> 1 for n in (*x, *y)])
    assert not solvers.equivalent(aig, aig.add(x, y), x, [n >> 1 for n in (*x, *y)])
