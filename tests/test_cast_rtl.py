"""The emitted cast equals the golden model, code for code, whatever its latency, interface and stalls."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.mac.cast import PRESETS, derive, formula
from nervure.generators.verify import verify
from nervure.hw.mac.config.cast import BLOCKS, QUANTISED, SCALARS, CastConfig
from nervure.verif.batch import BatchModel
from nervure.verif.mac import cast as bench


def wrong(config, directory, vectors, **stalls):
    """Outputs that differ, and the run."""
    result = BatchModel(emit(config, directory)).run(vectors, **stalls)
    expected = bench.expect(config, vectors)
    return {key: int((result.outputs[key] != codes).sum()) for key, codes in expected.items() if
            (result.outputs[key] != codes).any()}, result  # fmt: skip


def sampled(count, seed, blocks):
    """Configs with every field drawn at random; ``blocks`` is the share of block formats."""
    rng = random.Random(seed)
    for _ in range(count):
        block = rng.random() < blocks
        source = rng.choice(QUANTISED if block else SCALARS)
        target = rng.choice(list(BLOCKS) if block else SCALARS)
        overflow = rng.choice(CastConfig(input=source, output=target).overflows)
        yield CastConfig(
            input=source, output=target, overflow=overflow, rounding=rng.choice(["rne", "rtz"]),
            subnormals=rng.choice(["full", "flush"]), elements=None if block else rng.choice([1, 1, 2, 5]),
            latency=rng.randint(1, 8), interface=rng.choice(["stream", "bare"]),
            reset=rng.choice(["sync", "async", "none"]),
        )  # fmt: skip


@pytest.mark.parametrize("preset", ["fp32_bf16", "fp32_int8", "bf16_fp8_e4m3", "int32_bf16", "mxfp4_bf16", "nvfp4"])
def test_presets_under_random_stalls(preset, tmp_path):
    config = CastConfig(**PRESETS[preset])
    count = 10_000 if config.block else 50_000
    vectors = bench.stimulus(config, count, seed=1)
    differing, result = wrong(config, tmp_path, vectors, stall_in=0.2, stall_out=0.3, seed=1)
    assert differing == {}
    assert len(result.outputs["y"]) == count
    hits = bench.coverage(config, vectors, bench.expect(config, vectors))
    assert [feature for feature, hit in hits.items() if not hit] == [], "features that no vector showed"


@pytest.mark.parametrize("config", list(sampled(5, seed=11, blocks=0)), ids=lambda config: config.module_name)
def test_sampled_configs(config, tmp_path):
    differing, result = wrong(config, tmp_path, bench.stimulus(config, 20_000, seed=3))
    assert differing == {} and result.latency == config.latency


@pytest.mark.parametrize("fields", [
    {"input": "fp16", "output": "fp8_e4m3", "rounding": "rtz", "elements": 3},
    {"input": "fp8_e5m2", "output": "fp6_e2m3", "subnormals": "flush"},
    {"input": "uint2", "output": "fp32"},
], ids=str)  # fmt: skip
def test_exhaustively(fields, tmp_path):
    config = CastConfig(**fields)
    model = BatchModel(emit(config, tmp_path))
    for vectors in bench.exhaustive(config):
        assert len(vectors["x"]) == 1 << config.input_format.width
        np.testing.assert_array_equal(model.run(vectors).outputs["y"], bench.expect(config, vectors)["y"])


@pytest.mark.parametrize("preset", ["fp16_bf16", "mxfp4_bf16"])
def test_protocol_under_cocotb(preset, tmp_path):
    config = CastConfig(**PRESETS[preset], reset="async")
    verdict = verify(emit(config, tmp_path), bench, engine="cocotb", vectors=200, seed=3)
    assert verdict.passed, verdict.to_dict()["failures"]


def test_a_fault_in_the_rounding_is_seen(tmp_path):
    """The stimulus would show a circuit that drops the tie rule."""
    config = CastConfig()
    artifact = emit(config, tmp_path)
    text = artifact.verilog.read_text()
    broken = re.sub(r"(assign n\d+ = rest \|) significand\[0\]", r"\1 1'h1", text)
    assert broken != text
    artifact.verilog.write_text(broken)
    vectors = bench.stimulus(config, 20_000, seed=5)
    assert (BatchModel(artifact).run(vectors).outputs["y"] != bench.expect(config, vectors)["y"]).any()


@pytest.mark.parametrize("kind", bench.KINDS)
def test_stimulus_is_reproducible_and_differs_by_seed(kind):
    for config in (CastConfig(), CastConfig(output="nvfp4"), CastConfig(input="int8", elements=3)):
        first, again, other = (bench.stimulus(config, 101, seed, kind) for seed in (1, 1, 2))
        for key, codes in first.items():
            assert codes.dtype == np.uint64 and len(codes) == 101
            np.testing.assert_array_equal(codes, again[key])
            assert (codes != other[key]).any()


def test_what_is_shown_of_a_config():
    config = CastConfig(output="mxfp4", latency=3)
    assert formula(config) == "32 x fp32 to mxfp4" and formula(CastConfig()) == "round(fp32) to bf16"
    shown = derive(config)
    assert sum(shown["registers"].values()) == 3 and shown["bits_per_value"] == 4.25
    assert bench.describe(config, "scale", 0x80) == "0x80 (2.0)"
    assert bench.describe(config, "y", np.array([7, 9])) == ["0x7 (6.0)", "0x9 (-0.5)"]
    assert bench.operations(config) == {"round_fp4_e2m1": 32}
