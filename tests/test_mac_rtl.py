"""The emitted MAC equals the golden model, code for code, whatever its latency, interface and stalls."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
from nervure.generators import mac as generator
from nervure.generators.emit import emit
from nervure.generators.flow.synth import synth
from nervure.generators.mac.presets import COMMON
from nervure.hw.formats import FORMATS
from nervure.hw.mac.config import ACCUMULATORS, OPERANDS, MacConfig
from nervure.verif import mac as bench
from nervure.verif.batch import BatchModel


def mismatches(config, directory, vectors, **stalls):
    result = BatchModel(emit(config, directory)).run(vectors, **stalls)
    return int((result.outputs["y"] != bench.expect(config, vectors)["y"]).sum()), result


def sampled(count, seed):
    """Configs with every field drawn at random."""
    rng = random.Random(seed)
    for _ in range(count):
        acc = rng.choice(ACCUMULATORS)
        integer = acc.startswith("int")
        names = [name for name in OPERANDS if not integer or FORMATS[name].is_integer]
        yield MacConfig(
            a=rng.choice(names), b=rng.choice(names), acc=acc, rounding=rng.choice(["rne", "rtz"]),
            subnormals=rng.choice(["full", "flush"]), product=rng.choice(["fused", "rounded"]),
            overflow=rng.choice(["wrap" if integer else "ieee", "saturate"]), latency=rng.randint(2, 8),
            interface=rng.choice(["stream", "bare"]), reset=rng.choice(["sync", "async", "none"]),
            multiplier=rng.choice(["dsp48e2", "dsp58", "mult18x18", "sb_mac16", "lut"]),
        )  # fmt: skip


@pytest.mark.parametrize("preset", COMMON)
def test_presets_under_random_stalls(preset, tmp_path):
    config = MacConfig(**COMMON[preset])
    vectors = bench.stimulus(config, 100_000, seed=1)
    wrong, result = mismatches(config, tmp_path, vectors, stall_in=0.2, stall_out=0.3, seed=1)
    assert wrong == 0
    assert len(result.outputs["y"]) == 100_000
    hits = bench.coverage(config, vectors, bench.expect(config, vectors))
    assert [feature for feature, count in hits.items() if not count] == [], "features that no vector showed"


@pytest.mark.parametrize("config", list(sampled(10, seed=2024)), ids=lambda config: config.module_name)
def test_sampled_configs(config, tmp_path):
    assert mismatches(config, tmp_path, bench.stimulus(config, 50_000, seed=3))[0] == 0


@pytest.mark.parametrize("a, b, acc", [("uint5", "uint7", "fp16"), ("int16", "uint3", "fp8_e4m3")])
def test_shifts_as_wide_as_the_exponent_field(a, b, acc, tmp_path):
    """Integers of many bits into floats whose exponent has few: the shift's bits leave none of the field's over."""
    config = MacConfig(a=a, b=b, acc=acc, subnormals="flush")
    assert mismatches(config, tmp_path, bench.stimulus(config, 50_000, seed=5))[0] == 0


@pytest.mark.parametrize("latency", [2, 3, 5, 6, 7, 8])
def test_latency_changes_when_not_what(latency, tmp_path):
    config = MacConfig(latency=latency, acc="bf16")
    wrong, result = mismatches(config, tmp_path, bench.stimulus(config, 20_000, seed=4))
    assert wrong == 0
    assert result.latency == latency
    # One result per cycle: all beats, and the latency once, plus the cycle in which the last one is taken.
    assert result.cycles - 20_000 in (latency - 1, latency, latency + 1)


@pytest.mark.parametrize("fields", [
    {"ranks": "result:4"}, {"ranks": "input:3,result:1"}, {"ranks": "shifted:2,decided:1,result:1", "lanes_a": 2},
    {"ranks": "unpacked:1,product_sum:2,aligned:1,result:1", "latency": 5, "product": "rounded"},
    {"a": "bf16,int8", "b": "bf16,int8", "acc": "bf16,int32", "ranks": "sum:3,result:1"},
], ids=lambda fields: fields["ranks"])  # fmt: skip
def test_the_place_of_registers_changes_nothing(fields, tmp_path):
    config = MacConfig(**fields)
    wrong, result = mismatches(config, tmp_path, bench.stimulus(config, 20_000, seed=5), stall_in=0.2, stall_out=0.3)
    assert wrong == 0 and len(result.outputs["y"]) == 20_000
    derived = generator.derive(config)["registers"]
    assert ",".join(f"{place}:{count}" for place, count in derived.items() if count) == config.ranks


def test_registers_behind_the_sum_hold_results_alone(tmp_path):
    config = MacConfig(a="int8", b="int8", acc="int32", lanes_a=2, ranks="result:4", interface="bare")
    assert synth(emit(config, tmp_path), "xcup", mode="flat").ff == 4 * 2 * 32
    assert config.module_name == "mac_int8_int8_int32_2x1_l4_bare_ranks_result4"


@pytest.mark.parametrize("fields", [
    {"a": "fp4_e3m0", "b": "uint2", "acc": "fp8_e5m2"},
    {"a": "fp4_e2m1", "b": "fp4_e1m2", "acc": "fp8_e4m3", "overflow": "saturate"},
    {"a": "fp6_e3m2", "b": "fp6_e2m3", "acc": "fp8_e4m3", "subnormals": "flush"},
    {"a": "int2", "b": "uint3", "acc": "int16"},
], ids=str)  # fmt: skip
def test_exhaustively(fields, tmp_path):
    config = MacConfig(**fields)
    model = BatchModel(emit(config, tmp_path))
    count = 0
    for vectors in bench.exhaustive(config):
        np.testing.assert_array_equal(model.run(vectors).outputs["y"], bench.expect(config, vectors)["y"])
        count += len(vectors["a"])
    assert count >= 1 << (config.a_format.width + config.b_format.width + min(config.acc_format.width, 8))


def test_every_pair_of_fp8_operands(tmp_path):
    config = MacConfig(a="fp8_e4m3", b="fp8_e5m2", acc="bf16")
    model = BatchModel(emit(config, tmp_path))
    for vectors in bench.exhaustive(config, addends=48):
        np.testing.assert_array_equal(model.run(vectors).outputs["y"], bench.expect(config, vectors)["y"])


def test_what_flush_means():
    """Worked by hand from the definition, on bf16: the smallest normal is 2^-126, code 0x0080."""
    config = MacConfig(acc="bf16", subnormals="flush")
    one = 0x3F80
    rows = {
        (0x0001, one, 0x0000): 0x0000,  # a subnormal operand is a zero ...
        (0x8001, one, 0x8000): 0x8000,  # ... of its sign: (-0) + (-0)
        (0x8001, one, 0x0000): 0x0000,
        (0x0080, 0x3F7F, 0x0000): 0x0000,  # 2^-126 * (1 - 2^-8) keeps its 8 bits below the smallest normal: a zero
        (0x0081, 0x3F7E, 0x0000): 0x0080,  # 2^-126 * (1 - 2^-13 - ...) rounds up to the smallest normal
        (0x8081, 0x3F7E, 0x0000): 0x8080,
    }
    vectors = {key: np.array(column, np.uint64) for key, column in zip("abc", zip(*rows, strict=True), strict=True)}
    assert bench.expect(config, vectors)["y"].tolist() == list(rows.values())


def test_a_fault_in_the_rounding_is_seen(tmp_path):
    """The stimulus would show a circuit that drops the tie rule."""
    config = MacConfig()
    artifact = emit(config, tmp_path)
    text = artifact.verilog.read_text()
    broken = re.sub(r"(assign n\d+ = below \|) rounded\[1\]", r"\1 1'h1", text)
    assert broken != text
    artifact.verilog.write_text(broken)
    vectors = bench.stimulus(config, 20_000, seed=5)
    wrong = BatchModel(artifact).run(vectors).outputs["y"] != bench.expect(config, vectors)["y"]
    assert 0 < wrong.sum() < 2_000


@pytest.mark.parametrize("kind", bench.KINDS)
def test_stimulus_is_reproducible_and_differs_by_seed(kind):
    config = MacConfig(a="int8", acc="bf16")
    first, again, other = (bench.stimulus(config, 1001, seed, kind) for seed in (1, 1, 2))
    for key, fmt in zip("abc", ("int8", "bf16", "bf16"), strict=True):
        assert first[key].shape == (1001,)
        assert first[key].max() < 1 << FORMATS[fmt].width
        np.testing.assert_array_equal(first[key], again[key])
        assert (first[key] != other[key]).any()
