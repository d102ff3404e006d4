"""The bit-shifting power norm: golden model against fractions, circuit against golden model, cycles, claims, faults."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from nervure.generators.activation.bspn import PRESETS, derive, formula, shift_weights
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.generators.verify import verify
from nervure.hw.activation.config.bspn import BspnConfig
from nervure.hw.config import ConfigError
from nervure.verif.activation import bspn as bench
from nervure.verif.batch import BatchModel

from .faults import refuted, tried
from .test_pow2round import power

SMALL = {"input": "q1.2", "group": 5, "lanes": 2, "exponents": (0, -1, 1, 2, 0), "signs": (1, -1, 0, 1, 1),
         "bias": "q1.2", "biases": (1, 0, -2, 3, 0)}  # fmt: skip
ODD = {"group": 23, "lanes": 5, "input": "q0.3", "exponents": tuple((k % 9) - 4 for k in range(23)), "latency": 6,
       "bias": "q1.3", "biases": tuple((k % 7) - 3 for k in range(23)), "eps": 0.25}  # fmt: skip
ONE = {"group": 1, "lanes": 1, "input": "q2.2", "latency": 1, "output": "q2.1", "reset": "async"}


def norm(config: BspnConfig, group: list[Fraction]) -> list[tuple[int, int] | None]:
    """Sign and exponent of each result by the formula, on fractions; None for 0."""
    psi = sum(map(abs, group), Fraction(0)) / len(group) if config.psi is None else Fraction(repr(config.psi))
    scale = Fraction(2) ** power("ceiling", psi + Fraction(repr(config.eps)))
    found: list[tuple[int, int] | None] = []
    for x, e, s, b in zip(group, config.exponents, config.signs, config.biases, strict=True):
        y = s * Fraction(2) ** e * x / scale + Fraction(b, 1 << config.bias_format.fraction_bits)
        found.append((1 if y > 0 else -1, power("geometric", abs(y))) if y else None)
    return found


@pytest.mark.parametrize("fields", [*PRESETS.values(), SMALL, ODD, ONE], ids=range(6))
def test_groups_are_the_formula(fields):
    config = BspnConfig(**fields)
    fmt = config.input_format
    count = 40 * config.beats
    vectors = bench.stimulus(config, count, seed=3)
    found = {key: codes.reshape(40, -1).tolist() for key, codes in bench.expect(config, vectors).items()}
    codes = vectors["x"].reshape(40, -1).astype(int)
    numbers = codes - (codes >> (fmt.width - 1) << fmt.width)
    for g in range(40):
        group = [Fraction(int(x), 1 << fmt.fraction_bits) for x in numbers[g, : config.group]]
        for k, wanted in enumerate(norm(config, group)):
            if out := config.output_format:
                size = int(Fraction(2) ** (wanted[1] + out.fraction_bits)) * wanted[0] if wanted else 0
                assert found["y"][g][k] == min(max(size, out.low), out.high) & ((1 << out.width) - 1)
                continue
            e = found["e"][g][k]
            e -= e >> (config.exponent_width - 1) << config.exponent_width
            assert (found["zero"][g][k] == 1) == (wanted is None)
            assert wanted is None or (-1 if found["sign"][g][k] else 1, e) == wanted


def test_weights_are_rounded_exactly():
    rng = random.Random(1)
    w = [0.0, 1.0, -3.0, *(rng.uniform(-9, 9) for _ in range(200))]
    phi = [1.0, 0.5, 2.0, *(rng.uniform(0, 4) for _ in range(200))]
    found = shift_weights(w, phi)
    for weight, statistic, e, s in zip(w, phi, found["exponents"], found["signs"], strict=True):
        assert s == (weight > 0) - (weight < 0)
        # 2^(2e - 1) <= w^2 / (phi + eps) < 2^(2e + 1)
        square = Fraction(repr(weight)) ** 2 / (Fraction(repr(statistic)) + Fraction("1e-5"))
        assert not s or Fraction(2) ** (2 * e - 1) <= square < Fraction(2) ** (2 * e + 1)
    assert shift_weights([1.5, -0.5], 1.0)["exponents"] == [1, -1]
    with pytest.raises(ConfigError, match="phi must be 2, one for each weight, not 1"):
        shift_weights([1.0, 2.0], [1.0])
    with pytest.raises(ConfigError, match="phi \\+ eps must be above 0, not -1"):
        shift_weights([1.0], -1.0 - 1e-5)


def equal(config, model, vectors, **stalls):
    result = model.run(vectors, ends=bench.ends(config, vectors), **stalls)
    for key, codes in bench.expect(config, vectors).items():
        np.testing.assert_array_equal(result.outputs[key], codes)
    return result


@pytest.mark.parametrize("fields", [SMALL, ODD, ONE, {**SMALL, "psi": 0.3, "reset": "none"}],
                         ids=["small", "odd", "one", "running"])  # fmt: skip
def test_the_circuit_is_the_golden_model_in_the_promised_cycles(fields, tmp_path):
    config = BspnConfig(**fields)
    model = BatchModel(emit(config, tmp_path))
    vectors = bench.stimulus(config, 6000 // config.beats * config.beats, seed=5)
    for stall_in, stall_out in ((0.3, 0), (0, 0.3), (0.2, 0.9), (0.9, 0.2)):
        equal(config, model, vectors, stall_in=stall_in, stall_out=stall_out, seed=2)
    result = equal(config, model, vectors)
    promised = config.latency + (1 if config.psi is not None else 5)
    assert result.latency == promised in derive(config).values()
    # A beat a cycle: the last group's beats come out after it, one by one.
    assert result.cycles == len(vectors["x"]) + promised + (0 if config.psi is not None else config.beats - 1)
    hits = bench.coverage(config, vectors, bench.expect(config, vectors))
    assert [key for key, count in hits.items() if not count] == []


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return emit(BspnConfig(**SMALL), tmp_path_factory.mktemp("small"))


def test_engines_of_the_library(small):
    verdict = verify(small, bench, vectors=3000, seed=2)
    assert verdict.passed, verdict.to_dict()
    assert verdict.checks[1].to_dict()["tests"] == ["back_to_back", "random_stalls", "reset_in_midstream"]


def test_claims_hold(small):
    found = {claim.name: tried(claim, small.directory).status for claim in bench.claims(small)}
    assert found == dict.fromkeys(("rows", "sum", "scale", "products", "results"), "proved")


FAULTS = {
    "rows": (r"else if \(enable\) reads <= may_read;", "else reads <= may_read;"),
    "sum": (r"first <= begins;", "first <= 1'h0;"),
    "scale": (r"(module \w+__scale\(.*?total <= )(\d)'h(\w)", r"\1\2'h0"),
    "products": (r"(module \w+__shift1\(.*?assign minus = x\[\d\]) \^", r"\1 |"),
    "results": (r"(module \w+__result0__round\(.*?significand) >= ", r"\1 > "),
}


@pytest.mark.parametrize("claim", FAULTS)
def test_a_fault_is_refuted_and_seen(small, claim, tmp_path):
    broken = refuted(small, bench, claim, FAULTS[claim], tmp_path)
    if claim == "scale":
        config = BspnConfig(**SMALL)
        vectors = bench.stimulus(config, 3000, seed=1)
        outputs = BatchModel(broken).run(vectors, ends=bench.ends(config, vectors)).outputs
        assert any((outputs[key] != codes).any() for key, codes in bench.expect(config, vectors).items())


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"input": "uq3.4"}, "input must be signed, not uq3.4"),
    ({"output": "uq3.4"}, "output must be signed, not uq3.4"),
    ({"input": "q8.16"}, "input must have at most 16 bits, not 25"),
    ({"group": 3, "signs": (1, 1)}, "signs must be 3, one for each place of a group, not 2"),
    ({"group": 2, "exponents": (0, 40)}, "exponents must be -31 to 31, not 40"),
    ({"group": 2, "bias": "q0.2", "biases": (0, 9)}, "biases must be integers of q0.2, not 9"),
    ({"group": 2, "exponents": (-31, 31)},
     "y must have at most 60 bits to be exact, not 72; narrow the exponents or the formats"),
    ({"eps": 0}, "eps must be greater than 0, not 0"),
    ({"group": 0}, "group must be at least 1, not 0"),
])  # fmt: skip
def test_what_a_config_refuses(fields, sentence):
    with pytest.raises(ConfigError) as error:
        BspnConfig(**fields)
    assert str(error.value) == sentence


def test_what_is_shown():
    config = BspnConfig(**PRESETS["uneven"])
    shown = derive(config)
    assert shown["kind"] == "trained-in: networks are trained with it; it approximates no other norm"
    assert shown["beats_of_group"] == 13 and shown["cycles_from_last_beat_to_first_results"] == 8
    assert formula(config).endswith("groups of 50") and "trained-in" in get_unit("bspn").summary
    assert bench.describe(config, "x", 0xF8) == "0xf8 (-0.5)" and bench.describe(config, "y", 0x400) == "0x400 (1.0)"
    assert BspnConfig.from_toml is not None and config.module_name.startswith("bspn_q3_4_n50_x4_l3_q5_10_")
