"""Layer norm and RMS norm: golden model against fractions and torch, circuit against golden, claims, faults."""

from __future__ import annotations

import json
from fractions import Fraction
from math import floor

import numpy as np
import pytest
import torch
from nervure.generators.activation.norm import PRESETS, bound, certificate, derive, formula
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.generators.settings import make_config
from nervure.golden.activation import signed
from nervure.golden.activation.norm import grouped, norm, real
from nervure.hw.activation.config.norm import NormConfig
from nervure.hw.activation.norm import latency
from nervure.hw.config import ConfigError
from nervure.verif.activation import norm as bench
from nervure.verif.batch import BatchModel

from .engines import STALLS, equal_and_covered, seen, verified
from .faults import refuted, tried

UNIT = get_unit("norm")
SMALL = {"input": "q1.4", "output": "q1.6", "elements": 5, "lanes": 2, "segments": 4}
SCALED = {"kind": "rms", "input": "q3.4", "output": "q3.7", "elements": 7, "lanes": 3, "segments": 8, "reset": "async",
          "gammas": [16384, 0, -20000, 5, 32767, -32768, 100], "betas": [1, 2, 3, -4, 5, 6, 32767]}  # fmt: skip
ONE = {"kind": "rms", "input": "q7.0", "output": "q1.2", "elements": 1, "lanes": 1, "segments": 4, "eps": 0.5}


def results(config: NormConfig, row: list[int]) -> list[int]:
    """The y of a row's integers by the equations of the config, on fractions."""
    n, fx, j = config.elements, config.input_format.fraction_bits, config.fine
    s = sum(row) if config.kind == "layer" else 0
    eps = Fraction(repr(config.eps)) * n * n * 4 ** (fx + j)
    total = Fraction((n * sum(x * x for x in row) - s * s) * 4**j + max(round(eps), 1))
    k = 0
    while Fraction(2) ** (k + 1) <= total:
        k += 1
    u = floor((total / Fraction(2) ** k - 1 + k % 2) * (1 << 15))
    table = config.root_table
    at = sum(b <= u for b in table.breakpoints)
    value = Fraction(table.slopes[at], 1 << 15) * Fraction(u, 1 << 15) + Fraction(table.biases[at], 1 << 18)
    r = floor(value * (1 << 16) + Fraction(1, 2))
    out, found = config.output_format, []
    for place, x in enumerate(row):
        z = floor(Fraction((n * x - s) * r) * 2 ** (config.places + j) / 2 ** (k // 2 + 16) + Fraction(1, 2))
        y = Fraction(z, 1 << config.places)
        if config.scaled:
            gamma, beta = config.constants(place)
            y = y * Fraction(gamma, 1 << config.gamma_format.fraction_bits)
            y += Fraction(beta, 1 << config.beta_format.fraction_bits)
        found.append(min(max(floor(y * (1 << out.fraction_bits) + Fraction(1, 2)), out.low), out.high))
    return found


@pytest.mark.parametrize("fields", [SMALL, SCALED, ONE, PRESETS["uneven"]], ids=range(4))
def test_integers_are_the_equations_on_fractions(fields):
    config = UNIT.make(fields)
    x = torch.from_numpy(bench.stimulus(config, 120 * config.beats, 4)["x"].astype(np.int64))
    y = signed(norm(config, x)["y"], config.output_format.width).reshape(120, -1)
    assert not y[:, config.elements :].any()
    assert y[:, : config.elements].tolist() == [results(config, row) for row in grouped(config, x).tolist()]


@pytest.mark.parametrize("kind", ["layer", "rms"])
def test_what_is_meant_is_what_torch_computes(kind):
    config = UNIT.make({"kind": kind, "elements": 50})
    x = torch.from_numpy(np.random.default_rng(1).integers(-(1 << 15), 1 << 15, (20, 50)))
    function = torch.nn.functional.layer_norm if kind == "layer" else torch.nn.functional.rms_norm
    assert torch.allclose(real(config, x), function(x.double() / 4096, (50,), eps=1e-5), rtol=1e-12)


def share_of_bound(config: NormConfig, count: int, kind: str, seed: int) -> float:
    """The largest error of rows, of what is stated for it."""
    stated, out = bound(config), config.output_format
    x = torch.from_numpy(bench.stimulus(config, count, seed, kind)["x"].astype(np.int64))
    y = signed(norm(config, x)["y"], out.width).reshape(-1, config.beats * config.lanes)[:, : config.elements]
    w, beta = real(config, grouped(config, x)), torch.zeros(config.elements, dtype=torch.float64)
    if config.scaled:
        parts = torch.tensor([config.constants(k) for k in range(config.elements)], dtype=torch.float64)
        w, beta = w * parts[:, 0] * float(config.gamma_format.lsb), parts[:, 1] * float(config.beta_format.lsb)
    meant = (w + beta).clamp(out.low * float(out.lsb), out.high * float(out.lsb))
    return float(((y * float(out.lsb) - meant).abs() / (stated["relative"] * w.abs() + stated["absolute"])).max())


@pytest.mark.parametrize("preset", PRESETS)
def test_every_result_is_within_the_bound(preset):
    config = make_config(UNIT, preset)
    worst = max(share_of_bound(config, 2000 * min(config.beats, 12), kind, 1) for kind in bench.KINDS[1:])
    assert 0.5 < worst <= 1
    assert bound(config)["relative"] < (8e-4 if preset == "uneven" else 2e-4)
    assert json.dumps(certificate(config)) and UNIT.make(config.to_dict()) == config


@pytest.mark.parametrize("fields", [{"elements": 1}, {"elements": 1, "kind": "rms", "input": "q3.4"},
                                    {"elements": 3, "eps": 0.5, "input": "q7.0", "output": "q2.13"}])  # fmt: skip
def test_the_bound_holds_at_the_ends(fields):
    assert share_of_bound(UNIT.make(fields), 3000, "mixed", 2) <= 1


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return emit(UNIT.make(SMALL), tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module", params=[SMALL, SCALED, ONE], ids=["small", "scaled", "one"])
def unit(request, tmp_path_factory):
    config = UNIT.make(request.param)
    vectors = bench.stimulus(config, 10_000, seed=5)
    return config, BatchModel(emit(config, tmp_path_factory.mktemp("unit"))), vectors, bench.expect(config, vectors)


@pytest.mark.parametrize("stalls", STALLS)
def test_the_circuit_is_the_golden_model(unit, stalls):
    config, model, vectors, expected = unit
    equal_and_covered(bench, config, model, vectors, expected, stalls)


def test_cycles_and_rows_without_a_gap(unit):
    """14 cycles, 15 with constants, from a row's last beat to its first results; one beat a cycle."""
    config, model, *_ = unit
    vectors = bench.stimulus(config, 200 * config.beats, seed=1)
    result = model.run(vectors, ends=bench.ends(config, vectors))
    promised = derive(config)["cycles_from_last_to_first_result"]
    assert result.latency == promised == latency(config) == (15 if config.scaled else 14)
    assert result.cycles <= 201 * config.beats + promised


def test_engines_of_the_library(small):
    verified(small, bench, 2000)


def test_claims_hold(small):
    claims = bench.claims(small)
    assert [claim.name for claim in claims] == ["rows", "table", "squares", "centred", "rounded", "results",
                                                 "normal", "wiring"]  # fmt: skip
    assert {claim.name: tried(claim, small.directory).status for claim in claims[1:]} == dict.fromkeys(
        ("table", "squares", "centred", "rounded", "results", "normal", "wiring"), "proved")  # fmt: skip


FAULTS = {
    "table": (r"(module \w+__root\(.*?assign operand = )u\[", r"\1~u["),
    "squares": (r"(module \w+__squares\(.*? = .*?)words\[", r"\1~words["),
    "centred": (r"(module \w+__centre1\(.*?assign c = .*?) - ", r"\1 + "),
    "rounded": (r"(module \w+__round0\(.*?) \+ ", r"\1 - "),
    "results": (r"(module \w+__result1\(.*?) > ", r"\1 < "),
    "wiring": (r"\$signed\(row_sum\) \* \$signed\(row_sum\)", "$signed(row_sum) * $signed(sum_4)"),
}


@pytest.mark.parametrize("claim", FAULTS)
def test_a_fault_is_refuted_and_seen_by_vectors(small, claim, tmp_path):
    broken = refuted(small, bench, claim, FAULTS[claim], tmp_path)
    if claim == "rounded":
        seen(broken, bench, UNIT.make(SMALL), "y")


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"input": "uq4.4"}, "input must be signed and have at most 16 bits, not uq4.4"),
    ({"output": "q13.12"}, "output must be signed and have at most 24 bits, not q13.12"),
    ({"elements": 0}, "elements must be at least 1, not 0"),
    ({"lanes": 65}, "lanes must be at most 64, not 65"),
    ({"eps": 0.0}, "eps must be greater than 0, not 0.0"),
    ({"gammas": [1, 2]}, "gammas must be 64, one for each place of a row, not 2"),
    ({"elements": 1, "betas": [40000]}, "betas must be integers of q3.12, not 40000"),
    ({"segments": 12}, "segments must be a power of two from 2 to 64, not 12"),
    ({"segments": 2}, "segments must be at least 4, two for each octave, not 2"),
    ({"slopes": [0]}, "slopes must be 32, one for each segment, not 1"),
    ({"kind": "batch"}, "kind must be layer or rms, not 'batch'"),
])  # fmt: skip
def test_what_a_config_refuses(fields, sentence):
    with pytest.raises(ConfigError) as error:
        UNIT.make(fields)
    assert str(error.value) == sentence


def test_what_is_shown():
    config = make_config(UNIT, "rms")
    shown = derive(config)
    assert shown["bound"] == "0.000192 |y| + 0.000488" and shown["beats_of_row"] == 48
    assert config.module_name.startswith("norm_rms_q3_12_q5_10_n768_x16_")
    assert formula(config) == "x / sqrt(mean x^2 + eps), rows of 768"
    assert formula(make_config(UNIT, "layer")) == "(x - mean) / sqrt(variance + eps) * gamma + beta, rows of 64"
    assert bench.describe(config, "y", 0xFC00) == "0xfc00 (-1.0)"
