"""The activation unit with floats: golden against Fractions and library types, the file against the golden, claims."""

from __future__ import annotations

import math
from importlib import import_module

import numpy as np
import pytest
import torch
from nervure.generators.activation import solve
from nervure.generators.emit import emit
from nervure.generators.verify import verify
from nervure.golden.activation import activation
from nervure.hw.formats import FORMATS
from nervure.verif import activation as bench
from nervure.verif.activation import proofs
from nervure.verif.batch import BatchModel
from nervure.verif.mutate import negative_control

from .activation import gelu, make, table
from .activation_float import answers, numbers, with_floats
from .faults import rewrite
from .test_activation_rtl import relu_rest, sigmoid

BF16 = {"input": "bf16", "grid": "q3.6", "output": "bf16"}
FP8 = {"input": "fp8_e4m3", "grid": "q3.6", "output": "fp8_e4m3"}
CONFIGS = {
    "bf16": with_floats(make(7, latency=8), **BF16),
    "fp16": with_floats(make(5, latency=1), input="fp16", grid="q3.6", output="fp16"),
    "to_fixed": with_floats(make(3, latency=2, interface="bare"), input="fp16", grid="q3.6"),
    "from_fixed": with_floats(make(8, latency=5, domain="-2.5:3"), output="fp16"),
    "mixed": with_floats(make(4, domain="-2.5:3", latency=4), input="bf16", grid="q3.6", output="fp8_e4m3"),
    "identity": with_floats(make(5, domain="-5:5.3"), **FP8, above="identity"),
    "relu": with_floats(make(7, gelu, relu_rest, form="fold", symmetry="relu", latency=7, reset="async",
                             reset_active="low"), **BF16, above="identity"),
    "odd": with_floats(make(5, math.tanh, form="fold", symmetry="odd", latency=3), input="fp8_e4m3",
                       grid="q3.6", output="bf16"),
    "even": with_floats(make(5, lambda x: x * x / 8, form="fold", symmetry="even", latency=6), **FP8),
    "point": with_floats(make(6, sigmoid, form="fold", symmetry="point", centre=256), input="fp8_e5m2", grid="q3.6",
                         output="fp8_e4m3"),
    "uniform": with_floats(make(function=gelu, knots="uniform", address=(7,)), input="fp8_e5m2", grid="q3.6",
                           output="bf16"),
    "pow2": with_floats(make(function=gelu, knots="pow2", address=(5, 1), latency=4, multiplier="lut"), **FP8),
    "unsigned": with_floats(make(5, math.sqrt, input="uq2.6", output="uq1.5", domain="0:4", latency=3),
                            input="fp8_e5m2", grid="uq2.6", output="fp16"),
    "overflow": with_floats(make(4, lambda x: 4 * x, slope="q4.3", bias="q5.3"), input="fp8_e4m3", grid="q3.6",
                            output="fp4_e2m1"),
    "small": with_floats(make(2, lambda x: x / 8, domain="-2:2", latency=2), input="fp4_e2m1", grid="q1.3",
                         slope="q1.11", bias="q1.14", output="fp16"),
    "wide_grid": with_floats(make(3, input="q5.10", slope="q1.8", bias="q3.8"), input="fp6_e3m2", grid="q5.10",
                             output="fp6_e3m2"),
}  # fmt: skip


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_golden_is_what_fractions_say(config):
    width = config.input_width
    expected = answers(config)
    found = activation(config, torch.arange(1 << width)).tolist()
    fmt = FORMATS.get(config.output)
    wrong = [code for code, (y, other) in enumerate(zip(found, expected, strict=True))
             if y != (fmt.canonical_nan if other is None else other)]  # fmt: skip
    assert wrong == []


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_every_code(config, tmp_path):
    """The emitted file as a netlist, which takes no build."""
    emit(config, tmp_path)
    assert proofs.balance(tmp_path).status == "proved"
    assert proofs.values(tmp_path).status == "proved"


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_features_that_are_named_are_shown(config):
    (vectors,) = bench.exhaustive(config)
    hits = bench.coverage(config, vectors, bench.expect(config, vectors))
    assert hits and [feature for feature, hit in hits.items() if not hit] == [], "features that no code showed"
    drawn = bench.stimulus(config, 40_000, seed=1)
    hits = bench.coverage(config, drawn, bench.expect(config, drawn))
    assert [feature for feature, hit in hits.items() if not hit] == [], "features that drawn codes do not show"


def test_every_code_of_a_preset_in_the_simulator(tmp_path):
    config = solve("gelu", form="fold", input="bf16", output="bf16", above="identity", latency=5)
    (vectors,) = bench.exhaustive(config)
    result = BatchModel(emit(config, tmp_path)).run(vectors, stall_in=0.2, stall_out=0.3, seed=1)
    assert len(vectors["x"]) == 65536
    assert (result.outputs["y"] == bench.expect(config, vectors)["y"]).all()


def test_protocol_under_cocotb(tmp_path):
    verdict = verify(emit(CONFIGS["relu"], tmp_path), bench, engine="cocotb", vectors=300, seed=3)
    assert verdict.passed, verdict.to_dict()["failures"]


TABLES = {
    "float_to_float": {"input": "fp8_e4m3", "output": "fp8_e5m2"},
    "float_to_fixed": {"input": "fp8_e5m2", "output": "q4.6"},
    "no_nan": {"input": "fp6_e3m2", "output": "bf16", "domain": "-3:5"},
    "fixed_to_float": {"input": "q3.4", "output": "bf16"},
    "identity": {"input": "fp8_e4m3", "output": "fp8_e4m3", "above": "identity"},
}


@pytest.mark.parametrize("fields", TABLES.values(), ids=list(TABLES))
def test_tables_hold_the_nearest_number(fields, tmp_path):
    config = solve("gelu", form="table", latency=2, **fields)
    emit(config, tmp_path)
    assert proofs.balance(tmp_path).status == proofs.values(tmp_path).status == "proved"
    assert config.reached <= config.limit
    y = activation(config, torch.arange(1 << config.input_width)).numpy()
    low, high = (float(end) for end in config.domain.split(":"))
    if config.float_input is not None:
        x = numbers(config.input, config.input_width)
        inside = x[(x >= low) & (x <= high)]
        exact = np.vectorize(gelu)(np.clip(np.nan_to_num(x), inside.min(), inside.max()))
        nan = np.isnan(x)
        assert (y[nan] == (config.float_output.canonical_nan if config.float_output else 0)).all()
        if config.above == "identity":
            exact = np.where(x > high, x, exact)
    else:
        exact, nan = np.array([gelu(code / 16) for code in (*range(128), *range(-128, 0))]), np.zeros(256, bool)
    if config.float_output is not None:
        got = numbers(config.output, config.output_width)
        every = np.unique(got[np.isfinite(got)])
        got = got[y]
    else:
        every = np.arange(-1024, 1024) / 64
        got = np.where(y >= 1024, y - 2048.0, y) / 64
    best = np.abs(exact[:, None] - every).min(axis=1)
    assert (np.abs(got - exact)[~nan] <= best[~nan] + 1e-12).all()


def test_drawn_codes_are_reproducible():
    for kind in bench.KINDS:
        first, again, other = (bench.stimulus(CONFIGS["bf16"], 101, seed, kind)["x"] for seed in (1, 1, 2))
        assert first.dtype == np.uint64 and (first == again).all() and (first != other).any()


def claimed(artifact):
    found = {}
    for claim in bench.claims(artifact):
        (part,) = claim.parts
        module, _, function = part.function.partition(":")
        found[claim.name] = getattr(import_module(module), function)(artifact.directory).status
    return found


def test_all_claims(tmp_path):
    names = ("balance", "handshake", "values", "netlist")
    assert claimed(emit(CONFIGS["small"], tmp_path)) == dict.fromkeys(names, "proved")


def test_a_fault_is_refuted_and_seen(tmp_path):
    """The domain ends a code too late: one code shows it."""
    config = CONFIGS["relu"]
    last = int(np.flatnonzero(numbers("bf16", 16)[:0x8000] <= 8).max())
    wrong = rewrite(emit(config, tmp_path / "right"), rf"> 15'h{last:04x}", f"> 15'h{last + 1:04x}", tmp_path)
    assert proofs.values(wrong.directory).status == "refuted"
    (vectors,) = bench.exhaustive(config)
    result = BatchModel(wrong).run(vectors)
    assert np.flatnonzero(result.outputs["y"] != bench.expect(config, vectors)["y"]).tolist() == [last + 1]


def test_drawn_faults_are_found(tmp_path):
    config = with_floats(make(3, latency=2), input="fp8_e4m3", grid="q3.6", output="fp8_e4m3")
    control = negative_control(emit(config, tmp_path), bench, 10, seed=1)
    assert not control.survivors and control.count("vectors") > 4


def test_what_is_shown():
    config = CONFIGS["bf16"]
    assert bench.describe(config, "x", 0xBF80) == "0xbf80 (-1.0)"
    assert bench.describe(config, "y", 0x7FC0) == "0x7fc0 (nan)"
    assert {"onto_grid_bf16", "round_bf16"} <= set(bench.operations(config))


def test_a_table_of_sixteen_bits_is_allowed():
    config = solve("sigmoid", form="table", input="fp16", output="fp16")
    assert len(config.entries) == 65536 and config.reached <= config.limit
    assert table().form == "table"
