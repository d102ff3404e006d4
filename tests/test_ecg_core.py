"""The classifier core: circuit against golden model with stalls, cycles as promised, the shipped network, refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from nervure.generators.ecg import PRESETS, config_of, derive, fields, formula, timing, wish
from nervure.generators.emit import emit
from nervure.generators.verify import verify
from nervure.hw.ecg.config import EcgConfig
from nervure.hw.ecg.config.schedule import latency, overhead, reads, share, shares, weight_cycles
from nervure.verif import ecg as bench
from nervure.verif.batch import BatchModel

from .faults import refuted, rewrite, tried
from .test_ecg import drawn

SHAPES = {
    "dense": {"widths": (7, 5, 4, 3)},
    "one_of_each": {"widths": (1, 1, 2), "steps": 1, "pes": 2, "reset": "async"},
    "bitmap": {"pes": 3, "coding": "bitmap", "steps": 11, "widths": (9, 3, 7)},
    "runs": {"pes": 2, "coding": "runs", "gating": False, "widths": (11, 13, 6), "bits": 2, "reset": "none"},
    "one_layer": {"widths": (6, 5), "pes": 16, "coding": "runs"},
    "saturates": {"bits": 8, "steps": 31, "accumulator": 9, "pes": 1, "coding": "bitmap", "kind": "integer"},
    "powers_of_two": {"bits": 4, "kind": "pow2", "steps": 63, "pes": 16, "coding": "bitmap"},
    "start": {"interface": "start", "pes": 2},
    "spikes": {"neuron": "if", "pes": 2, "coding": "bitmap", "steps": 11},
    "spikes_start": {"neuron": "if", "interface": "start", "widths": (6, 5), "coding": "runs", "steps": 1, "pes": 3},
    "spikes_saturate": {"neuron": "if", "bits": 8, "steps": 31, "accumulator": 9, "bias_bits": 12, "gating": False},
}


def played(config: EcgConfig, model: BatchModel, count: int, **stalls):
    """A run whose outputs are the golden model's."""
    vectors = bench.stimulus(config, count, seed=5)
    result = model.run(vectors, **stalls)
    for key, codes in bench.expect(config, vectors).items():
        np.testing.assert_array_equal(result.outputs[key], codes)
    return vectors, result


@pytest.mark.parametrize("shape", SHAPES)
def test_the_circuit_is_the_golden_model_in_the_promised_cycles(shape, tmp_path):
    config = drawn(len(shape), **SHAPES[shape])
    model = BatchModel(emit(config, tmp_path))
    vectors, result = played(config, model, 600)
    cycles = latency(config)
    assert result.latency == cycles and result.cycles == 600 * (cycles + 1)
    hits = bench.coverage(config, vectors, result.outputs)
    assert [key for key, count in hits.items() if not count] == []
    stalls = (0.0, 0.0, 0.0) if config.interface == "start" else (0.0, 0.98, 0.9)
    for stall_in, stall_out in zip((0.9, 0.0, 0.5), stalls, strict=True):
        played(config, model, 200, stall_in=stall_in, stall_out=stall_out, seed=3)


def test_ties_and_neurons_without_weights(tmp_path):
    """The first of equal sums wins, wherever elements work on them; a neuron without weights has its bias for a sum."""
    config = EcgConfig(widths=(2, 5), weights=[[[0, 1], [1, 0], [1, 0], [0, 1], [0, 0]]], biases=[[0, 0, 0, 0, 1]],
                       steps=7, weight_bits=[2], pes=3, coding="runs")  # fmt: skip
    model = BatchModel(emit(config, tmp_path))
    chunk = next(iter(bench.exhaustive(config) or ()))
    result = model.run(chunk)
    most = chunk["n"].max(-1)
    first = np.where(chunk["n"][:, 0] > chunk["n"][:, 1], 1, 0)
    # The bias 1 makes 7, which counts tie with at best; and the two of a count tie with each other.
    np.testing.assert_array_equal(result.outputs["label"], np.where(most < 7, 4, first))
    np.testing.assert_array_equal(result.outputs["confidence"], 7 - most)


def test_neurons_are_shared_by_their_weights():
    assert share([5, 1, 4, 3, 3], 2) == ((0, 4), (1, 2, 3))
    assert share([2], 3) == ((0,), (), ())
    config = config_of(coding="bitmap")
    for rows, elements in zip(config.weights, shares(config), strict=True):
        assert sorted(itertools.chain(*elements)) == list(range(len(rows)))
    assert [reads((0, 3, 0, -1), coding) for coding in ("dense", "bitmap", "runs")] == [4, 2, 2]
    assert reads((0, 0), "runs") == 1


@pytest.mark.parametrize("pes", [1, 2, 4])
def test_cycles_are_within_five_percent_of_the_weights_and_a_constant(pes):
    config = config_of(coding="bitmap", pes=pes)
    assert latency(config) == sum(weight_cycles(config)) + overhead(config)
    assert overhead(config) == 2 * (config.count_width + 2) + 5 + min(pes, 5)
    assert sum(config.nonzero) / pes <= sum(weight_cycles(config)) <= 1.05 * sum(config.nonzero) / pes
    assert config.least_cycles <= sum(weight_cycles(config))


@pytest.fixture(scope="module")
def beats(tmp_path_factory):
    return emit(EcgConfig(**wish(PRESETS["beats"])), tmp_path_factory.mktemp("beats"))


def test_the_shipped_network(beats):
    config = bench.config_of(beats)
    _, result = played(config, BatchModel(beats), 200)
    assert result.latency == beats.manifest["latency_cycles"] == timing(config)["latency_cycles"]
    assert not config.saturates and derive(config)["accumulator_bits_needed"] <= 16


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return emit(drawn(8, pes=2, coding="bitmap"), tmp_path_factory.mktemp("small"))


def test_engines_of_the_library(small):
    verdict = verify(small, bench, vectors=2000, seed=2)
    assert verdict.passed, verdict.to_dict()
    assert verdict.checks[1].to_dict()["tests"] == ["back_to_back", "random_stalls", "reset_in_midstream"]


def test_a_fault_is_seen(small, tmp_path):
    """A comparison that takes a count one too low, in one element."""
    broken = rewrite(small, r"(module \w*element1\(.*?assign fits = rest_of_v) >= ", r"\1 > ", tmp_path)
    config = bench.config_of(broken)
    vectors = bench.stimulus(config, 2000, seed=1)
    found = BatchModel(broken).run(vectors).outputs
    assert any((found[key] != codes).any() for key, codes in bench.expect(config, vectors).items())


@pytest.mark.parametrize(("coding", "neuron"), [("dense", "ssf"), ("bitmap", "ssf"), ("runs", "ssf"), ("runs", "if")])
def test_claims_hold(coding, neuron, tmp_path):
    """A network with a neuron without weights, and elements that have no neuron of a layer."""
    config = drawn(8, widths=(7, 2, 4, 3), pes=3, coding=coding, neuron=neuron)
    rows = ((0,) * 7, *config.weights[0][1:])
    artifact = emit(EcgConfig(**{**config.to_dict(), "weights": (rows, *config.weights[1:])}), tmp_path)
    found = {claim.name: tried(claim, artifact.directory) for claim in bench.claims(artifact)}
    assert {name: verdict.status for name, verdict in found.items()} == {"weights": "proved", "bound": "proved"}
    bits = bench.config_of(artifact).needed + config.sum_width - config.accumulator
    assert found["bound"].method == f"exact arithmetic, {bits} of {config.sum_width} bits are needed"


def test_claims_of_the_shipped_network(beats):
    assert {tried(claim, beats.directory).status for claim in bench.claims(beats)} == {"proved"}
    assert [claim.name for claim in bench.claims(beats)] == ["weights", "bound"]


def test_a_fault_in_the_tables_is_refuted(small, tmp_path):
    refuted(small, bench, "weights", (r"weights\[3\] = 4'h(\w)", "weights[3] = 4'h6"), tmp_path)


def test_a_bound_that_is_broken_is_refuted(small, tmp_path):
    """Where the sum of a neuron starts is moved near the accumulator's end."""
    broken = rewrite(small, r"(neurons\[0\] = \d+'h\w+)\w{4};", r"\g<1>7ff0;", tmp_path)
    found = {claim.name: tried(claim, broken.directory).status for claim in bench.claims(broken)}
    assert found == {"weights": "refuted", "bound": "refuted"}


def test_the_file_says_how_it_stalls(small, tmp_path):
    """Ports of a start, none of a stall; the stream's header says what a stall does to this unit."""
    told = small.verilog.read_text().split("module ")[0]
    assert "a class that is not taken keeps the unit from the next beat" in told and "freezes" not in told
    artifact = emit(drawn(8, interface="start"), tmp_path)
    assert "taken" not in artifact.verilog.read_text().split("module ")[0]
    source, sink = artifact.stream("in"), artifact.stream("out")
    assert (source.valid, source.ready, sink.valid, sink.ready) == ("start", "idle", "done", None)


def test_what_is_shown():
    assert formula(drawn(1, neuron="if")).startswith("in each step U += 4 (sum w s + b), s = [U >= theta4], U -= ")
    config = drawn(1)
    assert set(fields(config)) == {"n", "label", "confidence"}
    assert formula(config).startswith("n' = clip(floor(4 (sum w n + T b) / theta4), 0, T), layers 7-5-4-3, T = 15")
    assert derive(config)["weights_read"] == 67 and derive(config)["cycles_per_beat"] == latency(config)
