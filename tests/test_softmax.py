"""The softmax: golden model against fractions and torch, circuit against golden model, cycles, claims, faults."""

from __future__ import annotations

import json
from fractions import Fraction
from math import floor

import numpy as np
import pytest
import torch
from nervure.generators.activation.softmax import PRESETS, bound, certificate, derive, formula
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.generators.settings import make_config
from nervure.golden.activation.softmax import floor_log2, real, softmax
from nervure.hw.activation.config.softmax import LOG2E, SoftmaxConfig
from nervure.hw.activation.softmax import latency
from nervure.hw.config import ConfigError
from nervure.verif.activation import softmax as bench
from nervure.verif.batch import BatchModel

from .engines import STALLS, equal, equal_and_covered, rows_of, seen, verified
from .faults import refuted, tried

UNIT = get_unit("softmax")
TABLES = {"exp_segments": 4, "sum_segments": 4}
SMALL = {"input": "q3.4", "lanes": 2, "length": 5, **TABLES}
ONLINE = {"input": "q2.5", "lanes": 3, "length": 8, "method": "online", "output": "uq1.11", "reset": "none", **TABLES}
TINY = {"input": "q3.2", "lanes": 2, "length": 3, **TABLES}
ONE = {"input": "q7.0", "lanes": 1, "length": 1, "output": "uq0.8", **TABLES}


def line(table, u: int) -> int:
    """A table's value in steps of 2^-16, of fractions."""
    k = sum(b <= u for b in table.breakpoints)
    exact = Fraction(table.slopes[k], 1 << 15) * u * table.input_format.lsb + Fraction(table.biases[k], 1 << 18)
    return floor(exact * (1 << 16) + Fraction(1, 2))


def probabilities(config: SoftmaxConfig, beats: list[list[int]]) -> list[int]:
    """The y of a row's numbers by the equations of the config, on fractions of 1; a beat is its numbers that are on."""
    one, numbers = config.one, [x for beat in beats for x in beat]
    if not numbers:
        return []
    top = config.input_format.high if config.online else max(numbers)
    factor = Fraction(round(Fraction(LOG2E, 1 << 52) * (1 << config.factor_bits)), 1 << config.factor_bits)

    def power(x: int) -> tuple[int, Fraction]:
        t = floor((top - x) * Fraction(config.input_format.lsb) * factor * (1 << 14) + Fraction(1, 2))
        return t >> 14, Fraction(line(config.exp_table, t % (1 << 14)), 1 << 16)

    def cut(value: Fraction) -> Fraction:
        return Fraction(floor(value * (1 << one)), 1 << one)

    base = min(power(x)[0] for x in numbers) if config.online else 0
    e = [cut(m / Fraction(2) ** (n - base)) for n, m in map(power, numbers)]
    total = sum(e, Fraction(0))
    if config.online:
        total, so_far = Fraction(0), None
        for beat in beats:
            if not beat:
                continue
            least = min(power(x)[0] for x in beat)
            added = sum((cut(m / Fraction(2) ** (n - least)) for n, m in map(power, beat)), Fraction(0))
            following = least if so_far is None else min(least, so_far)
            total = cut(total / 2 ** ((so_far or 0) - following) if so_far is not None else total)
            total, so_far = total + cut(added / 2 ** (least - following)), following
    k = 0
    while total < Fraction(2) ** k:
        k -= 1
    while total >= Fraction(2) ** (k + 1):
        k += 1
    g = floor((total / Fraction(2) ** k - 1) * (1 << 15))
    r = Fraction(line(config.sum_table, g), 1 << 16)
    steps = k - (config.lowest - one)
    out = config.output_format
    return [min(floor(cut(value / 2**steps) * r / Fraction(2) ** (config.lowest - one) * (1 << out.fraction_bits)
                      + Fraction(1, 2)), out.high) for value in e]  # fmt: skip


@pytest.mark.parametrize("fields", [SMALL, ONLINE, ONE, {**SMALL, "method": "online", "lanes": 1, "length": 13}])
def test_integers_are_the_equations_on_fractions(fields):
    config = UNIT.make(fields)
    vectors = bench.stimulus(config, 400, seed=4)
    y = bench.expect(config, vectors)["y"].reshape(400, config.lanes).astype(int)
    half = 1 << (config.input_format.width - 1)
    x = (vectors["x"].reshape(400, config.lanes).astype(int) ^ half) - half
    on, beats, places = vectors["on"].reshape(400, config.lanes), [], []
    for at in range(400):
        lanes = [k for k in range(config.lanes) if on[at, k]]
        beats.append([int(x[at, k]) for k in lanes])
        places += [(at, k) for k in lanes]
        assert not y[at][on[at] == 0].any()
        if vectors["last"][at] or len(beats) == config.beats:
            assert [y[place] for place in places] == probabilities(config, beats)
            beats, places = [], []


@pytest.mark.parametrize("preset", PRESETS)
def test_every_probability_is_within_the_bound(preset):
    config = make_config(UNIT, preset)
    stated, step, worst, count = bound(config), 2.0**-config.output_format.fraction_bits, 0.0, 0
    for kind in bench.KINDS[1:]:
        vectors = {key: torch.from_numpy(codes.astype(np.int64))
                   for key, codes in bench.stimulus(config, 5000, 1, kind).items()}  # fmt: skip
        found, p = softmax(config, **vectors), real(config, **vectors)
        allowed = stated["relative"] * p + stated["absolute"]
        worst = max(worst, float(((found["y"] * step - p).abs() / allowed).max()))
        count += int(found["end"].sum())
    assert count > 300 and 0.2 < worst <= 1
    assert stated["relative"] < (3e-3 if preset == "logits" else 5e-4)


def test_the_bound_is_certified_by_tables_alone():
    config = make_config(UNIT, "attention")
    made = certificate(config)
    assert made["stored_segments"] == 48 and made["max_error"] == pytest.approx(4.92e-4, rel=0.01)
    assert json.dumps(made) and made["bound"]["exp_table"] < 1.4e-4 and made["bound"]["sum_table"] < 1.5e-4
    numbers = torch.tensor([1, 2, 3, 255, 256, (1 << 40) - 1, 1 << 40])
    assert floor_log2(numbers).tolist() == [n.bit_length() - 1 for n in numbers.tolist()]


def test_what_is_meant_is_what_torch_computes():
    config = UNIT.make(SMALL)
    x = torch.arange(0, 250, 27)[:10].reshape(5, 2)
    p = real(config, x, torch.ones(5, 2), torch.tensor([0, 0, 1, 0, 1]))
    numbers = ((x ^ 128) - 128).double() / 16
    wanted = torch.cat([torch.softmax(numbers[:3].reshape(-1), 0), torch.softmax(numbers[3:].reshape(-1), 0)])
    assert torch.allclose(p.reshape(-1), wanted, rtol=1e-12)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return emit(UNIT.make(SMALL), tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return emit(UNIT.make(TINY), tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module", params=[SMALL, ONLINE, ONE], ids=["small", "online", "one"])
def unit(request, tmp_path_factory):
    config = UNIT.make(request.param)
    vectors = bench.stimulus(config, 10_000, seed=5)
    return config, BatchModel(emit(config, tmp_path_factory.mktemp("unit"))), vectors, bench.expect(config, vectors)


@pytest.mark.parametrize("stalls", STALLS)
def test_the_circuit_is_the_golden_model(unit, stalls):
    config, model, vectors, expected = unit
    equal_and_covered(bench, config, model, vectors, expected, stalls)


def test_cycles_and_rows_without_a_gap(unit):
    """Row beats + 18 cycles (online: 15) from a row's last beat to its first probabilities; one beat a cycle."""
    config, model, *_ = unit
    rng = np.random.default_rng(1)
    for lengths in ([1] * 50, [config.beats] * 50, [config.beats, *[1] * 40] * 3,
                    rng.integers(1, config.beats + 1, 200).tolist()):  # fmt: skip
        beats = sum(lengths)
        result = equal(bench, config, model, rows_of(bench, config, lengths))
        assert result.latency == latency(config, lengths[0]) == (15 if config.online else lengths[0] + 18)
        # Without a gap: what enters last leaves last, no later than the longest row's wait asks for.
        wait = max(lengths) if not config.online else 0
        assert result.cycles <= beats + max(lengths) + wait + (15 if config.online else 18) + 1


def test_engines_of_the_library(small):
    verified(small, bench, 2000)


def test_claims_hold(tiny):
    claims = bench.claims(tiny)
    assert [claim.name for claim in claims] == ["rows", "numbers", "tables", "exponent", "powers", "results", "sums",
                                                 "distances", "largest", "totals", "normal", "wiring"]  # fmt: skip
    found = {claim.name: tried(claim, tiny.directory).status for claim in claims if claim.name != "rows"}
    assert found == dict.fromkeys(found, "proved")


FAULTS = {
    "tables": (r"(module \w+__exp1\(.*?assign operand = )u\[", r"\1~u["),
    "exponent": (r"(module \w+__exponent1\(.*?= )d \*", r"\1(d ^ 1'h1) *"),
    "powers": (r"(module \w+__power1\(.*?assign e = )on", r"\1~on"),
    "results": (r"(module \w+__result0\(.*?) > ", r"\1 < "),
    "sums": (r"fresh <= ends_1;", "fresh <= 1'h0;"),
    "distances": (r"(module \w+__distance0\(.*?= top) - ", r"\1 + "),
    "largest": (r"(module \w+__top\(.*?) > ", r"\1 < "),
    "totals": (r"(module \w+__total\(.*?) \+ ", r"\1 - "),
    "wiring": (r"= scaled0 \* r;", "= scaled0 * (r ^ 17'h1);"),
}


@pytest.mark.parametrize("claim", FAULTS)
def test_a_fault_is_refuted_and_seen_by_vectors(tiny, claim, tmp_path):
    broken = refuted(tiny, bench, claim, FAULTS[claim], tmp_path)
    if claim == "sums":
        seen(broken, bench, UNIT.make(TINY), "y")


@pytest.mark.parametrize(("claim", "name"), [("wiring", "scaled0"), ("sums", "e_5_1")])
def test_a_register_that_is_gone_is_refuted(tiny, claim, name, tmp_path):
    """A word that the claim speaks of is a wire in the faulty file."""
    fault = (rf"always @\(posedge clk\)\s+if \(\w*enable\) {name} <= ([^;]*);", rf"always @* {name} = \1;")
    refuted(tiny, bench, claim, fault, tmp_path)


@pytest.mark.parametrize(("claim", "fault"), [
    ("moves", (r"(module \w+__move\(.*?) < ", r"\1 > ")),
    ("wiring", (r"fresh <= ends_2;", "fresh <= ends_1;")),
])  # fmt: skip
def test_a_fault_of_the_sum_that_moves_is_refuted(claim, fault, tmp_path):
    artifact = emit(UNIT.make(ONLINE), tmp_path / "unit")
    (holds,) = (found for found in bench.claims(artifact) if found.name == claim)
    assert tried(holds, artifact.directory).status == "proved"
    refuted(artifact, bench, claim, fault, tmp_path)


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"input": "uq4.4"}, "input must be signed and have at most 16 bits, not uq4.4"),
    ({"input": "q8.8"}, "input must be signed and have at most 16 bits, not q8.8"),
    ({"output": "q0.15"}, "output must be without sign and have 1 to 20 fraction bits, not q0.15"),
    ({"output": "bf16"}, "output must be a fixed-point format such as q3.12 or uq0.16, not 'bf16'"),
    ({"lanes": 0}, "lanes must be at least 1, not 0"),
    ({"length": 5000}, "length must be at most 4096, not 5000"),
    ({"exp_segments": 12}, "exp_segments must be a power of two from 2 to 64, not 12"),
    ({"sum_slopes": [0]}, "exp_slopes must be 16, one for each segment, not 0"),
    ({"method": "three"}, "method must be two_pass or online, not 'three'"),
])  # fmt: skip
def test_what_a_config_refuses(fields, sentence):
    with pytest.raises(ConfigError) as error:
        UNIT.make(fields)
    assert str(error.value) == sentence


def test_tables_that_are_none_are_refused():
    fields = UNIT.make(SMALL).to_dict()
    with pytest.raises(ConfigError, match=r"^exp_slopes and exp_biases must give values from 1/4 to 2, not 0$"):
        SoftmaxConfig(**{**fields, "exp_biases": [0, *fields["exp_biases"][1:]]})
    assert UNIT.make(fields) == SoftmaxConfig(**fields)


def test_what_is_shown():
    config = make_config(UNIT, "attention")
    shown = derive(config)
    assert shown["bound"] == "0.000469 p + 2.31e-05" and shown["sum_width"] == 36
    assert shown["cycles_from_last_to_first_probability"] == "beats of the row + 18"
    assert config.module_name.startswith("softmax_two_pass_q5_10_uq0_16_x8_n512_")
    assert formula(config) == "softmax(q5.10) to uq0.16, rows of up to 512, two_pass"
    assert bench.describe(config, "x", 0xFC00) == "0xfc00 (-1.0)"
