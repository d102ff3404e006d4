"""Rounding to powers of two: golden model against fractions, circuit against golden model, claims and faults."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
import torch
from nervure.generators.activation.pow2round import PRESETS, derive, formula
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.generators.verify import check_protocol
from nervure.golden.activation.pow2round import bounds, exponent, pow2round
from nervure.hw.activation.config.pow2round import ROUNDINGS, Pow2RoundConfig
from nervure.hw.config import ConfigError
from nervure.verif.activation import pow2round as bench
from nervure.verif.activation.pow2round.proofs import values
from nervure.verif.batch import BatchModel
from nervure.verif.mutate import negative_control

from .faults import rewrite


def power(rounding: str, x: Fraction) -> int:
    """The exponent by the definitions, on fractions: nothing is shared with the golden model."""
    e = 0
    while Fraction(2) ** e > x:
        e -= 1
    while Fraction(2) ** (e + 1) <= x:
        e += 1
    low, high = Fraction(2) ** e, Fraction(2) ** (e + 1)
    if rounding == "ceiling":
        return e if x == low else e + 1
    if rounding == "arithmetic":
        return e if x - low < high - x else e + 1
    # log2 x is nearer to e + 1 where x / low > high / x.
    return e + 1 if x * x > low * high else e


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", ["uq0.2", "q1.0", "q2.5", "uq4.3"])
def test_all_codes_are_the_fractions(rounding, name):
    config = Pow2RoundConfig(rounding=rounding, input=name)
    fmt = config.input_format
    found = pow2round(config, torch.arange(1 << fmt.width))
    for code in range(1 << fmt.width):
        x = Fraction(code - (code >> (fmt.width - 1) << fmt.width if fmt.signed else 0), 1 << fmt.fraction_bits)
        e = int(found["e"][code])
        e -= e >> (config.exponent_width - 1) << config.exponent_width
        assert bool(found["zero"][code]) == (x == 0)
        assert e == (power(rounding, abs(x)) if x else 0), (code, x)
        assert config.exponents[0] <= e <= config.exponents[1] or not x
        if fmt.signed:
            assert bool(found["sign"][code]) == (x < 0)


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_wide_numbers_next_to_every_threshold(rounding):
    rng = random.Random(3)
    numbers = {b + d for b in bounds(rounding, 32) for d in (-1, 0, 1)} | {rng.getrandbits(32) for _ in range(300)}
    wanted = sorted(n for n in numbers if 0 < n < 1 << 32)
    found = exponent(torch.tensor(wanted), rounding, 32).tolist()
    assert found == [power(rounding, Fraction(n)) for n in wanted]


def test_names_of_one_number():
    """57 is 1.78 * 32, 46 is 1.44 * 32: below 1.5, above sqrt(2)."""
    x = torch.tensor(57)
    assert [int(exponent(x, r, 7)) for r in ROUNDINGS] == [6, 6, 6]
    assert [int(exponent(torch.tensor(46), r, 7)) for r in ROUNDINGS] == [5, 6, 6]


@pytest.mark.parametrize("fields", [
    PRESETS["arithmetic"], {**PRESETS["ceiling"], "elements": 3, "latency": 1, "interface": "bare"}
], ids=str)  # fmt: skip
def test_the_circuit_is_the_golden_model(fields, tmp_path):
    config = Pow2RoundConfig(**fields)
    vectors = bench.stimulus(config, 20_000, seed=1)
    expected = bench.expect(config, vectors)
    stalls = {} if config.interface == "bare" else {"stall_in": 0.2, "stall_out": 0.3}
    result = BatchModel(emit(config, tmp_path)).run(vectors, **stalls)
    for key, codes in expected.items():
        np.testing.assert_array_equal(result.outputs[key], codes)
    assert [key for key, count in bench.coverage(config, vectors, expected).items() if not count] == []
    assert result.latency == config.latency or stalls


def test_all_codes_and_the_protocol(tmp_path):
    config = Pow2RoundConfig(input="q3.2", rounding="arithmetic", reset="async")
    artifact = emit(config, tmp_path)
    (vectors,) = bench.exhaustive(config)
    for key, codes in bench.expect(config, vectors).items():
        np.testing.assert_array_equal(BatchModel(artifact).run(vectors).outputs[key], codes)
    assert check_protocol(artifact, bench, 200, seed=3).failures == []


@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_all_32_bit_codes_are_proved_and_a_fault_refuted(rounding, tmp_path):
    artifact = emit(Pow2RoundConfig(rounding=rounding, input="q7.24"), tmp_path)
    assert values(tmp_path).status == "proved"
    faults = {"geometric": (r"32'd3037000500", "32'd3037000501"), "arithmetic": (r"1'h0, significand\[30\]",
              "1'h0, significand[29]"), "ceiling": (r"\| significand\[30:0\]", "| significand[30:2]")}  # fmt: skip
    verdict = values(rewrite(artifact, *faults[rounding], tmp_path).directory)
    assert verdict.status == "refuted" and verdict.counterexample


def test_drawn_faults_are_found(tmp_path):
    artifact = emit(Pow2RoundConfig(input="q3.4", latency=1), tmp_path)
    assert negative_control(artifact, bench, 6, seed=2).survivors == []


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"input": "int8"}, "input must be a fixed-point format such as q3.12 or uq0.16, not 'int8'"),
    ({"input": "uq0.33"}, "input must have 2 to 32 bits, not 33 (uq0.33)"),
    ({"rounding": "up"}, "rounding must be arithmetic, geometric or ceiling, not 'up'"),
    ({"elements": 0}, "elements must be at least 1, not 0"),
    ({"latency": 9}, "latency must be at most 8, not 9"),
])  # fmt: skip
def test_what_a_config_refuses(fields, sentence):
    with pytest.raises(ConfigError) as error:
        Pow2RoundConfig(**fields)
    assert str(error.value) == sentence


def test_what_is_shown():
    config = Pow2RoundConfig(**PRESETS["geometric_x8"])
    assert config.module_name == "pow2round_geometric_q3_8_l2_x8"
    assert derive(config)["kind"].startswith("trained-in") and derive(config)["exponents"] == [-8, 3]
    assert formula(config) == "sgn(x) 2^e near q3.8, geometric" and "trained-in" in get_unit("pow2round").summary
    assert bench.describe(config, "x", 0xF00) == "0xf00 (-1.0)" and bench.describe(config, "e", 0x1F) == "0x1f (-1)"
