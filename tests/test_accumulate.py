"""The golden accumulator against exact rationals, what interleaving does to errors, and what a config refuses."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from nervure.generators.mac.accumulate import PRESETS
from nervure.golden import exact
from nervure.golden.mac import mac
from nervure.golden.mac.accumulate import accumulate, accumulate_float64, add, sums
from nervure.hw.config import ConfigError
from nervure.hw.formats import FORMATS
from nervure.hw.mac.config import ACCUMULATORS, OPERANDS
from nervure.hw.mac.config.accumulate import AccumulateConfig
from nervure.verif.mac import accumulate as bench
from nervure.verif.mac import stimulus as operands

from . import rational


def sampled(count, seed, **fixed):
    """Configs of one lane with every field drawn at random."""
    rng = random.Random(seed)
    for _ in range(count):
        acc = rng.choice(ACCUMULATORS)
        integer = acc.startswith("int")
        names = [name for name in OPERANDS if not integer or FORMATS[name].is_integer]
        drawn = {
            "a": rng.choice(names), "b": rng.choice(names), "acc": acc, "rounding": rng.choice(["rne", "rtz"]),
            "subnormals": rng.choice(["full", "flush"]), "latency": rng.randint(2, 8),
            "overflow": rng.choice(["wrap" if integer else "ieee", "saturate"]),
            "reset": rng.choice(["sync", "async", "none"]), "multiplier": rng.choice(["dsp48e2", "sb_mac16", "lut"]),
        }  # fmt: skip
        yield AccumulateConfig(**{**drawn, **fixed})


def plus(config, x, y):
    """round(x + y) of two codes of acc, in rationals."""
    acc, flush, saturate = config.acc, config.subnormals == "flush", config.overflow == "saturate"
    left, right = (rational.value(acc, code, flush) for code in (x, y))
    if acc.startswith("int"):
        width, total = int(acc[3:]), left + right
        if saturate:
            total = max(-(1 << (width - 1)), min((1 << (width - 1)) - 1, total))
        return int(total) % (1 << width)
    signs = (rational.negative(acc, code) for code in (x, y))
    how = {"rounding": config.rounding, "flush": flush, "saturate": saturate}
    return rational.add(acc, left, next(signs), right, next(signs), **how)


def rational_sums(config, a, b, clear, last):
    """The definition, beat by beat: k chains, then neighbours, neighbours of neighbours, and so on."""
    lane, k = config.mac.lane(), config.latency
    start = 0 if config.acc.startswith("int") else 1 << (FORMATS[config.acc].width - 1)
    found, n, p = [], 0, [start] * k
    for x, y, begins, ends in zip(a, b, clear, last, strict=True):
        if begins:
            n, p = 0, [start] * k
        p[n % k] = rational.fma(lane, x, y, p[n % k])
        n += 1
        if ends:
            while len(p) > 1:
                p = [plus(config, *p[i : i + 2]) if i + 1 < len(p) else p[i] for i in range(0, len(p), 2)]
            found.append(p[0])
            n, p = 0, [start] * k
    return found


@pytest.mark.parametrize("config", list(sampled(30, seed=3)), ids=lambda config: config.module_name)
def test_accumulate_is_the_rational_sum(config):
    vectors = bench.stimulus(config, 300, seed=1)
    expected = rational_sums(config, *(vectors[name].tolist() for name in ("a", "b", "clear", "last")))
    assert bench.expect(config, vectors)["y"].tolist() == expected


@pytest.mark.parametrize("preset", ["bf16", "bf16_fp32", "fp8", "int4_bf16"])
def test_adding_partial_sums_is_rational(preset):
    config = AccumulateConfig(**PRESETS[preset])
    codes = bench.stimulus(config, 1500, seed=2)
    zero = torch.full((1500,), config.neutral)
    x, y = (mac(config.mac.lane(), *(torch.from_numpy(codes[name].astype(np.int64)).roll(shift) for name in "ab"), zero)
            for shift in (0, 1))  # fmt: skip
    assert add(config, x, y).tolist() == [plus(config, *pair) for pair in zip(x.tolist(), y.tolist(), strict=True)]
    # -0 is neutral, on the left and on the right.
    assert torch.equal(add(config, x, zero), x) and torch.equal(add(config, zero, x), x)


def test_lanes_are_sums_of_their_own():
    config = AccumulateConfig(**PRESETS["fp8_x4"])
    single = AccumulateConfig(**{**config.to_dict(), "lanes_a": 1, "lanes_b": 1})
    vectors = bench.stimulus(config, 400, seed=4)
    y = bench.expect(config, vectors)["y"]
    for i in range(2):
        for j in range(2):
            lane = {**vectors, "a": vectors["a"][:, i], "b": vectors["b"][:, j]}
            np.testing.assert_array_equal(bench.expect(single, lane)["y"], y[:, i, j])


def test_where_sums_lie():
    clear, last = torch.tensor([0, 0, 1, 0, 0, 1, 1, 0]), torch.tensor([0, 0, 0, 1, 1, 0, 1, 0])
    first, length = sums(clear, last)
    assert first.tolist() == [2, 4, 6] and length.tolist() == [2, 1, 1]


def test_worked_by_hand():
    """bf16 and two partial sums: 256 + 1 = 257 is a tie and rounds to 256, 256 + 3 to 260."""
    config = AccumulateConfig(a="bf16", b="bf16", acc="bf16", latency=2)

    def codes(*values):
        return torch.from_numpy(np.array(values, np.float32).view(np.int32) >> 16).to(torch.int64)

    def total(*values):
        beats = len(values)
        last = torch.zeros(beats, dtype=torch.int64)
        last[-1] = 1
        y = accumulate(config, codes(*values), codes(*[1.0] * beats), torch.zeros(beats), last)
        return exact.to_float64(exact.decode(y, FORMATS["bf16"])).item(), int(y[0])

    assert total(256.0, 1.0, 1.0, 1.0)[0] == 258  # (256 + 1 -> 256) + (1 + 1)
    assert total(256.0, 1.0, 1.0, 1.0, 1.0)[0] == 258  # (256 + 1 + 1 -> 256) + (1 + 1)
    assert total(-0.0)[1] == 0x8000 and total(-0.0, -0.0, -0.0)[1] == 0x8000
    assert total(-0.0, 0.0)[1] == 0 and total(5.0, 0.0, -5.0)[1] == 0


def test_more_partial_sums_err_less():
    """A K = 1024 dot product of bf16 against float64: four chains of 256 and their sum, and one chain of 1024."""
    rng, count, k = np.random.default_rng(0), 60, 1024
    config = AccumulateConfig(a="bf16", b="bf16", acc="bf16", latency=4)
    a, b = (torch.from_numpy(operands(config.mac, count * k, seed, "normal")["a"].astype(np.int64))
            for seed in rng.integers(0, 1000, 2))  # fmt: skip
    last = torch.zeros(count * k, dtype=torch.int64)
    last[k - 1 :: k] = 1
    clear = torch.zeros_like(last)
    true = accumulate_float64(config, a, b, clear, last)
    chain = torch.zeros(count, dtype=torch.int64)
    for n in range(k):
        chain = mac(config.mac, a[n::k], b[n::k], chain)
    errors = {}
    for name, codes in (("interleaved", accumulate(config, a, b, clear, last)), ("chain", chain)):
        got = exact.to_float64(exact.decode(codes, FORMATS["bf16"]))
        errors[name] = float(((got - true) / true.std()).square().mean().sqrt())
    assert errors["interleaved"] < 0.75 * errors["chain"] and errors["interleaved"] < 0.1


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"latency": 1}, "latency must be at least 2, not 1"),
    ({"latency": 9}, "latency must be at most 8, not 9"),
    ({"a": "bf16,int4", "b": "bf16,bf16"}, "a must be one value, not several modes (bf16,int4)"),
    ({"lanes_a": [1, 2]}, "lanes_a must be one value, not several modes ([1, 2])"),
    ({"acc": "int8"}, "acc must be one of "),
    ({"acc": "int32"}, "acc=int32 requires integer operands, not bf16"),
    ({"overflow": "wrap"}, "overflow must be ieee or saturate for acc=fp32, not wrap"),
    ({"a": "e8m0"}, "a must be a float or an integer format, not e8m0 (a scale)"),
    ({"lanes_a": 0}, "lanes_a must be a positive integer or max, not "),
    ({"lanes_a": 4}, "lanes_a=4 lanes_b=1 must fit dsp48e2: "),
    ({"interface": "bare"}, "unknown key 'interface' for accumulate"),
    ({"product": "rounded"}, "unknown key 'product' for accumulate"),
])  # fmt: skip
def test_what_a_config_refuses(fields, sentence):
    with pytest.raises(ConfigError) as error:
        AccumulateConfig(**fields)
    assert str(error.value).startswith(sentence)


def test_names_and_defaults():
    assert AccumulateConfig().module_name == "accumulate_bf16_bf16_fp32_l4"
    assert AccumulateConfig(**PRESETS["fp4_x9"]).grid == (3, 3)
    integer = AccumulateConfig(a="int8", b="uint4", acc="int16", lanes_a=2, latency=6, reset="none")
    assert integer.module_name == "accumulate_int8_uint4_int16_2x1_l6_noreset" and integer.overflow == "wrap"
    assert AccumulateConfig(latency=5).tree == (((0, 1), (2, 3)), ((0, 2),), ((0, 4),))


@pytest.mark.parametrize("kind", bench.KINDS)
def test_stimulus_is_reproducible_and_differs_by_seed(kind):
    config = AccumulateConfig(**PRESETS["bf16_x2"])
    first, again, other = (bench.stimulus(config, 501, seed, kind) for seed in (1, 1, 2))
    assert first["a"].shape == (501, 2) and first["b"].shape == (501, 1) and first["last"][-1] == 1
    for key in first:
        np.testing.assert_array_equal(first[key], again[key])
        assert key == "b" or (first[key] != other[key]).any()


