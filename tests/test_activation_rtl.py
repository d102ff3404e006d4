"""The emitted activation unit equals the golden model, code for code, whatever its form, latency and stalls."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from nervure.generators.activation import derive, fields, formula
from nervure.generators.emit import emit
from nervure.generators.flow.synth import synth
from nervure.generators.verify import verify
from nervure.hw.activation.config import ActivationConfig
from nervure.hw.config import ConfigError
from nervure.verif import activation as bench
from nervure.verif.activation import proofs
from nervure.verif.batch import BatchModel

from .activation import gelu, make, table


def relu_rest(x):
    return gelu(x) - max(x, 0)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


CONFIGS = {
    "one": make(1, latency=1),
    "three": make(3, latency=2, interface="bare"),
    "seven": make(7, latency=8),
    "eight": make(8, input="q2.13", output="q1.14", slope="q1.14", bias="q1.14", latency=5),
    "narrow": make(3, input="q0.1", output="q1.2", domain="-1:1", latency=2),
    "unsigned": make(5, math.sqrt, input="uq2.6", output="uq1.5", domain="0:4", latency=3),
    "two_bits": make(2, input="uq1.1", output="uq2.0", domain="0:2", slope="q1.3", bias="q1.3", latency=1),
    "clamped": make(6, domain="-2.5:3", input="q4.5", latency=4),
    "finer": make(4, output="q3.16", slope="q1.4", bias="q3.6", latency=3),
    "saturated": make(4, lambda x: 4 * x, output="q1.4", slope="q4.3", bias="q5.3"),
    "even": make(5, lambda x: x * x / 8, form="fold", symmetry="even", latency=4),
    "odd": make(5, math.tanh, form="fold", symmetry="odd", latency=3, output="q1.9"),
    "point": make(6, sigmoid, form="fold", symmetry="point", centre=256, latency=6),
    "relu": make(7, gelu, relu_rest, form="fold", symmetry="relu", latency=7, reset="async", reset_active="low"),
    "relu_clamped": make(3, gelu, relu_rest, form="fold", symmetry="relu", domain="-3:4", latency=2),
    "rows": make(4, multiplier="lut", latency=2),
    "rows_fold": make(5, math.tanh, form="fold", symmetry="odd", multiplier="lut"),
    "uniform": make(function=gelu, knots="uniform", address=(7,), latency=3),
    "uniform_uneven": make(function=gelu, knots="uniform", address=(6,), domain="-3:3.5", latency=2),
    "uniform_odd": make(function=math.tanh, knots="uniform", address=(5,), form="fold", symmetry="odd", latency=1),
    "pow2": make(function=gelu, knots="pow2", address=(5, 1), latency=4),
    "pow2_fold": make(function=gelu, part=relu_rest, knots="pow2", address=(4, 2), form="fold", symmetry="relu"),
    "pow2_one_cell": make(function=math.sqrt, knots="pow2", address=(7, 3), input="uq2.6", domain="0:1.9"),
    "table": table(latency=1),
    "table_deep": table(latency=8, interface="bare"),
    "table_clamped": table(domain="-3:3", latency=2),
    "table_beyond": table(domain="-5:5", latency=3),
    "table_unsigned": table(math.sqrt, input="uq1.5", output="uq1.5", domain="0:1.5", latency=4),
}
RELOADS = {
    "free": make(5, form="reload", latency=4),
    "eight": make(8, form="reload", latency=8, reset="async"),
    "one": make(1, form="reload", latency=2),
    "two_at_once": make(2, form="reload", latency=1),
    "bare": make(3, form="reload", latency=3, interface="bare", domain="-3:4"),
    "uniform": make(form="reload", knots="uniform", address=(7,), domain="-8:5", latency=3),
    "pow2": make(form="reload", knots="pow2", address=(6, 1), latency=4),
    "odd": make(6, math.tanh, form="reload", symmetry="odd", latency=5),
    "point": make(3, sigmoid, form="reload", symmetry="point", centre=256, latency=6),
    "relu": make(7, gelu, relu_rest, form="reload", symmetry="relu", latency=3),
    "unsigned": make(5, math.sqrt, input="uq2.6", output="uq1.5", domain="0:4", form="reload", latency=2),
}


def differing(config, directory, vectors, **stalls):
    result = BatchModel(emit(config, directory)).run(vectors, **stalls)
    assert result.latency in (None, config.latency) or stalls
    return int((result.outputs["y"] != bench.expect(config, vectors)["y"]).sum())


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_every_code(config, tmp_path):
    """The emitted file as a netlist, which takes no build."""
    emit(config, tmp_path)
    assert proofs.balance(tmp_path).status == "proved"
    assert proofs.values(tmp_path).status == "proved"


@pytest.mark.parametrize("name", ["relu_clamped", "table_clamped"])
def test_every_code_in_the_simulator(name, tmp_path):
    config = CONFIGS[name]
    (vectors,) = bench.exhaustive(config)
    assert differing(config, tmp_path, vectors, stall_in=0.2, stall_out=0.3, seed=1) == 0


@pytest.mark.parametrize("config", CONFIGS.values(), ids=list(CONFIGS))
def test_features_that_are_named_are_shown(config):
    (vectors,) = bench.exhaustive(config)
    hits = bench.coverage(config, vectors, bench.expect(config, vectors))
    assert hits and [feature for feature, hit in hits.items() if not hit] == [], "features that no code showed"


@pytest.mark.parametrize("name", ["one", "bare", "relu"])
def test_reloads(name, tmp_path):
    config = RELOADS[name]
    vectors = bench.stimulus(config, 30_000, seed=1)
    stalls = {"stall_in": 0.2, "stall_out": 0.3, "seed": 1} if config.interface == "stream" else {}
    assert differing(config, tmp_path, vectors, **stalls) == 0
    hits = bench.coverage(config, vectors, bench.expect(config, vectors))
    assert [feature for feature, hit in hits.items() if not hit] == [], "features that no beat showed"


def test_what_is_loaded_holds_through_chunks_and_stalls(tmp_path):
    """The batch engine starts no unit in the middle of what it was told."""
    verdict = verify(emit(RELOADS["free"], tmp_path), bench, engine="batch", vectors=20_000, seed=1)
    assert verdict.passed, verdict.to_dict()


@pytest.mark.parametrize("config", [CONFIGS["relu"], RELOADS["free"]], ids=["relu", "reload"])
def test_protocol_under_cocotb(config, tmp_path):
    verdict = verify(emit(config, tmp_path), bench, engine="cocotb", vectors=300, seed=3)
    assert verdict.passed, verdict.to_dict()["failures"]


@pytest.mark.parametrize("kind", bench.KINDS)
def test_stimulus_is_reproducible_and_differs_by_seed(kind):
    for config in (CONFIGS["seven"], RELOADS["relu"]):
        first, again, other = (bench.stimulus(config, 101, seed, kind) for seed in (1, 1, 2))
        for key, codes in first.items():
            assert codes.dtype == np.uint64 and len(codes) == 101
            np.testing.assert_array_equal(codes, again[key])
            assert (codes != other[key]).any()


def test_long_lists_are_short_in_the_header(tmp_path):
    config = CONFIGS["table"]
    header = emit(config, tmp_path).verilog.read_text().partition("module")[0]
    assert "(1024 in all, see the manifest)" in header and max(map(len, header.splitlines())) < 200


def test_a_long_table_is_started_in_parts(tmp_path):
    """Yosys takes the square of the length of an initial block to read it."""
    config = table(input="q3.8", output="q3.8", latency=2)
    artifact = emit(config, tmp_path)
    blocks = artifact.verilog.read_text().split("initial begin\n")[1:]
    lengths = [len(re.findall(r"^ +entries\[\d+\] = ", block.partition("  end\n")[0], re.M)) for block in blocks]
    assert sum(lengths) == 4096 and max(lengths) == 64
    assert proofs.values(tmp_path).status == "proved"
    report = synth(artifact, "xcup")
    assert report.bram == 1.5 and report.lut < 30


def test_what_is_shown_of_a_config():
    config = RELOADS["relu"]
    assert formula(config) == "gelu(q3.6) to q3.6"
    assert {"x", "y", "load", "swap", "slope", "bias", "knot"} == set(fields(config))
    assert derive(config)["stored_segments"] == 7 and sum(derive(config)["registers"].values()) == 3
    assert derive(CONFIGS["table"])["stored_bits"] == 10240
    assert bench.describe(config, "x", 0x3C0) == "0x3c0 (-1.0)"
    assert bench.describe(config, "load", 1) == "1"
    assert sum(bench.operations(config).values()) > 0


@pytest.mark.parametrize("fields, sentence", [
    ({"knots": "uniform", "address": (7,), "breakpoints": (-384, 5)},
     "breakpoints must be where cells of address=(7,) begin, not 5"),
    ({"knots": "uniform", "address": (10,)}, "address must be of 0 to 9, bits of the input, not (10,)"),
    ({"knots": "pow2", "address": (2, 3)},
     "address must have at most as many bits below the leading one as e, not (2, 3)"),
    ({"knots": "uniform", "address": (7,), "form": "reload", "breakpoints": (-384, 0)},
     "form=reload requires a segment for each of 8 cells, not 3"),
], ids=str)  # fmt: skip
def test_addresses_that_cannot_be(fields, sentence):
    lines = {"slopes": (0, 0, 0), "biases": (0, 0, 0), "breakpoints": (-384, 0)}
    formats = {"input": "q3.6", "output": "q3.6", "slope": "q1.8", "bias": "q3.8"}
    with pytest.raises(ConfigError) as raised:
        ActivationConfig(**{**lines, **formats, **fields})
    assert str(raised.value) == sentence
