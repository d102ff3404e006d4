"""The emitted dot product equals the golden model, code for code, whatever its latency, interface and stalls.

Every preset at its whole length is in the long trials.
"""

from __future__ import annotations

import hashlib
import json
import re

import numpy as np
import pytest
from nervure.generators.emit import emit
from nervure.generators.mac.dot import PRESETS, derive
from nervure.generators.registry import get_unit
from nervure.generators.verify import verify
from nervure.hw.mac.config.dot import DotConfig
from nervure.verif.batch import BatchModel
from nervure.verif.mac import dot as bench
from nervure.verif.mac.dot.proofs import elements, tree
from nervure.verif.mac.dot.scaled import scaled

from .test_dot_golden import sampled

WHOLE = ("mxfp4", "fp4_dot8")
QUICK = ("mxfp8_e5m2", "mxfp4", "mxint8", "nvfp4", "fp4_dot8", "int8_dot")


def mismatches(config, directory, vectors, **stalls):
    result = BatchModel(emit(config, directory)).run(vectors, **stalls)
    return int((result.outputs["y"] != bench.expect(config, vectors)["y"]).sum()), result


def few(config: DotConfig, most: int = 3) -> DotConfig:
    """The same with shorter blocks, which build faster (and are no power of two)."""
    return DotConfig(**{**config.to_dict(), "elements": min(config.elements, most)})


@pytest.mark.parametrize("preset", QUICK)
def test_presets_under_random_stalls(preset, tmp_path):
    config = DotConfig(**PRESETS[preset])
    config = config if preset in WHOLE else few(config, 5)
    vectors = bench.stimulus(config, 20_000, seed=1)
    wrong, result = mismatches(config, tmp_path, vectors, stall_in=0.2, stall_out=0.3, seed=1)
    assert wrong == 0
    assert len(result.outputs["y"]) == 20_000
    hits = bench.coverage(config, vectors, bench.expect(config, vectors))
    assert [feature for feature, count in hits.items() if not count] == [], "features that no vector showed"


@pytest.mark.parametrize("config", [few(config) for config in sampled(4, 2026)], ids=lambda config: config.module_name)
def test_sampled_configs(config, tmp_path):
    assert mismatches(config, tmp_path, bench.stimulus(config, 10_000, seed=3))[0] == 0


@pytest.mark.parametrize("latency", [2, 12])
def test_latency_changes_when_not_what(latency, tmp_path):
    config = DotConfig(a="fp4_e2m1", b="fp6_e2m3", acc="bf16", elements=3, latency=latency)
    wrong, result = mismatches(config, tmp_path, bench.stimulus(config, 10_000, seed=4))
    assert wrong == 0
    assert result.latency == latency
    assert result.cycles - 10_000 in (latency - 1, latency, latency + 1)
    assert sum(derive(config)["registers"].values()) == latency


def test_a_block_of_one_exhaustively(tmp_path):
    config = DotConfig(a="fp4_e2m1", b="fp6_e3m2", acc="fp16", elements=1, latency=2)
    model = BatchModel(emit(config, tmp_path))
    for vectors in bench.exhaustive(config):
        np.testing.assert_array_equal(model.run(vectors).outputs["y"], bench.expect(config, vectors)["y"])
    assert bench.exhaustive(few(config, 2)) is not None
    assert bench.exhaustive(DotConfig(elements=2)) is None


def test_the_protocol_under_cocotb(tmp_path):
    config = few(DotConfig(**PRESETS["mxfp4_bf16"]), 2)
    verdict = verify(emit(config, tmp_path), bench, engine="cocotb", vectors=150, seed=3)
    assert verdict.passed, verdict.to_dict()


def test_block_sums_are_proved_and_faults_refuted(tmp_path):
    config = DotConfig(a="fp4_e2m1", b="fp4_e2m1", elements=2, scale="nvfp4", acc="bf16")
    artifact = emit(config, tmp_path)
    for claim in (elements, tree, scaled):
        assert claim(tmp_path).status == "proved", claim.__name__
    text = artifact.verilog.read_text()
    for module, pattern, instead, claim in FAULTS:
        head, found, tail = text.partition(module)
        body, end, rest = tail.partition("endmodule")
        broken = re.sub(pattern, instead, body, count=1)
        assert broken != body
        artifact.verilog.write_text(head + found + broken + end + rest)
        artifact.manifest["files"][0]["sha256"] = hashlib.sha256(artifact.verilog.read_bytes()).hexdigest()
        (tmp_path / f"{artifact.module}.json").write_text(json.dumps(artifact.manifest))
        assert claim(tmp_path).status == "refuted", module


FAULTS = [
    ("__add1_0(", r"1'h0 \} - \{", "1'h0 } + {", tree),  # an adder that adds where it must subtract
    ("__element1(", r"64'h(.)", "64'hf", elements),  # a wrong bit in one product's table
    ("__scale_product(", r"\* b", "+ b", scaled),
]


@pytest.mark.parametrize("kind", bench.KINDS)
def test_stimulus_is_reproducible_and_differs_by_seed(kind):
    config = DotConfig(**PRESETS["nvfp4"])
    first, again, other = (bench.stimulus(config, 101, seed, kind) for seed in (1, 1, 2))
    assert list(first) == ["a", "b", "scale_a", "scale_b", "t", "c"]
    for key, codes in first.items():
        assert codes.shape == ((101, 16) if key in "ab" else (101,))
        np.testing.assert_array_equal(codes, again[key])
        assert (codes != other[key]).any()


def test_the_unit_is_registered():
    unit = get_unit("dot")
    assert unit.presets is PRESETS
    config = unit.load("config")(**PRESETS["mxfp8_e4m3_e5m2"])
    assert config.module_name == "dot_fp8_e4m3_fp8_e5m2_fp32_x32_l8_e8m0"
    assert bench.operations(config)["multiply_4x3"] == 32
    assert bench.describe(DotConfig(**PRESETS["mxint8"]), "a", 0xA0) == "0xa0 (-1.5)"
    assert bench.describe(config, "scale_a", 130) == "0x82 (8.0)"
