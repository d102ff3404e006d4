"""The matrix-vector engine without its circuit: golden model against exact rationals, beats, cycle model, configs."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch
from nervure.generators.mac.gemv import COLUMNS, PRESETS, layers, table
from nervure.generators.mac.llm_shapes import MODELS
from nervure.golden.mac.gemv import gemv, gemv_float64
from nervure.golden.mac.gemv_stream import beats, matrix, sums
from nervure.hw.config import ConfigError
from nervure.hw.mac.config.gemv import GemvConfig
from nervure.hw.mac.config.tiling import Tiling
from nervure.verif.mac import gemv as bench
from nervure.verif.mac.stimulus import stimulus

from .rational import fma

SIZES = [(1, 1, 1), (1, 9, 1), (9, 1, 1), (70, 1, 2), (65, 37, 3), (200, 16, 1), (33, 17, 5), (48, 32, 2)]
CONFIGS = [
    GemvConfig(**PRESETS["four_modes"]),
    GemvConfig(a="int4", b="int8", acc="int32", units=1, lanes_a=1, groups=5, depth=2),
    GemvConfig(a="fp8_e4m3,bf16", b="fp8_e4m3,bf16", acc="bf16", lanes_b="max", units=3, depth=4, groups=7),
]


def codes(config, mode, m, k, n, seed, kind="mixed"):
    drawn = stimulus(config.mac.lane(mode), m * k + k * n, seed, kind)
    w, x = (torch.from_numpy(drawn[name].astype(np.int64)) for name in "ab")
    return w[: m * k].reshape(m, k), x[m * k :].reshape(k, n)


def cases():
    for config in CONFIGS:
        for mode, size in itertools.product(range(len(config.modes)), SIZES):
            yield config, mode, size


@pytest.mark.parametrize(("fields", "kind"), [
    ({"acc": "fp32"}, "mixed"),
    ({"acc": "bf16", "rounding": "rtz"}, "normal"),
    ({"a": "fp8_e4m3", "b": "fp8_e5m2", "acc": "bf16", "subnormals": "flush"}, "mixed"),
    ({"a": "int4", "acc": "fp16", "overflow": "saturate"}, "corners"),
    ({"a": "int8", "b": "int8", "acc": "int16"}, "uniform"),
    ({"a": "int8", "b": "uint8", "acc": "int16", "overflow": "saturate"}, "uniform"),
], ids=str)  # fmt: skip
def test_golden_is_a_chain_of_exact_fused_multiply_adds(fields, kind):
    config = GemvConfig(**fields)
    lane = config.mac.lane()
    w, x = codes(config, 0, 6, 23, 2, 5, kind)
    got = gemv(config, w, x)
    for r in range(6):
        for n in range(2):
            y = 0
            for k in range(23):
                y = fma(lane, int(w[r, k]), int(x[k, n]), y)
            assert got[r, n].item() == y
    assert torch.equal(gemv(config, w, x[:, 0]), got[:, 0])


def test_golden_is_near_float64():
    config = GemvConfig()
    w, x = codes(config, 0, 16, 512, 1, 3, "llm")
    exactly = gemv_float64(config, w, x)
    values = torch.from_numpy(gemv(config, w, x).numpy().astype(np.uint32).view(np.float32).astype(np.float64))
    assert ((values - exactly).abs().max() / exactly.abs().max()).item() < 1e-5
    with pytest.raises(ValueError, match=r"w and x must have shapes \(M, K\) and \(K, N\) or \(K,\), not \(2, 3\)"):
        gemv(config, w[:2, :3], x)


@pytest.mark.parametrize(("config", "mode", "size"), list(cases()), ids=lambda value: str(value)[:20])
def test_beats_of_a_product_give_it(config, mode, size):
    m, k, n = size
    w, x = codes(config, mode, m, k, n, 1)
    stream = beats(config, w, x, mode)
    assert torch.equal(matrix(config, sums(config, stream), m, n, mode), gemv(config, w, x, mode))
    tiling = Tiling(config, m, k, n, mode)
    assert (len(stream["mac"]), int(stream["mac"].sum())) == (tiling.beats, tiling.mac_beats)
    assert sum(tiling.tiles) == tiling.num_groups and max(tiling.tiles) <= config.groups
    assert sum(tiling.chunks) == k and max(tiling.chunks) <= config.depth
    # All activations but those of the first chunk come beside multiplications or idle beats of the tiles.
    assert int((stream["load"] * (1 - stream["mac"]))[: tiling.chunks[0]].sum()) == tiling.chunks[0]


def test_beats_that_come_too_close_are_refused():
    config = GemvConfig(units=1)
    w, x = codes(config, 0, 6, 4, 1, 1)
    stream = beats(config, w, x)
    kept = (stream["mac"] == 1) | (stream["load"] == 1)
    with pytest.raises(ValueError, match="beats of a group must be 5 beats apart, not"):
        sums(config, _without_idle(stream, kept))


def _without_idle(stream, kept):
    """The beats without idle ones: the beat before each takes over what was to follow."""
    after = stream["after"].clone()
    for n in range(len(after) - 1, 0, -1):
        if not kept[n]:
            after[n - 1] = after[n]
    return {name: (after if name == "after" else values)[kept] for name, values in stream.items()}


def test_the_cycle_model_by_hand():
    config = GemvConfig(units=2, groups=8, depth=16)  # 4 rows a group, 32 a tile, latency 5
    one = Tiling(config, 1, 1)
    assert (one.beats, one.cycles, one.utilisation) == (2, 7, Fraction(1, 28))
    # 100 rows: 25 groups in tiles of 7, 6, 6, 6; 40 columns in chunks of 14, 13, 13, of which the first is waited for.
    more = Tiling(config, 100, 40)
    assert (more.tiles, more.chunks, more.cycles) == ([7, 6, 6, 6], [14, 13, 13], 14 + 40 * 25 + 5)
    # 3 groups are fewer than the latency: 2 idle beats a column, but for the last.
    few = Tiling(config, 12, 10)
    assert (few.tiles, few.cycles, few.mac_beats) == ([3], 10 + 10 * 5 - 2 + 5, 30)


def test_layers_of_public_models():
    shapes = {model.name: {layer.name: (layer.rows, layer.columns) for layer in model.linears} for model in MODELS}
    assert shapes["Llama-2-7B"]["k_proj"] == (4096, 4096) and shapes["Llama-2-7B"]["down_proj"] == (4096, 11008)
    assert shapes["Llama-3-8B"]["k_proj"] == (1024, 4096) and shapes["Llama-3-8B"]["up_proj"] == (14336, 4096)
    assert shapes["Qwen2.5-7B"]["v_proj"] == (512, 3584) and shapes["Qwen2.5-7B"]["gate_proj"] == (18944, 3584)
    assert shapes["Phi-3-mini"]["qkv_proj"] == (9216, 3072) and shapes["Phi-3-mini"]["gate_up_proj"] == (16384, 3072)
    # Linear layers make up most of the parameters that the models are named after.
    billions = {model.name: model.macs * model.blocks / 1e9 for model in MODELS}
    assert {name: round(value, 2) for name, value in billions.items()} == {
        "Llama-2-7B": 6.48, "Llama-3-8B": 6.98, "Qwen2.5-7B": 6.53, "Phi-3-mini": 3.62,
    }  # fmt: skip
    config = GemvConfig(units=64)
    costs = {(c.model, c.layer.name): c for c in layers(config)}
    # 128 rows a group: Llama's matrices divide without rest, so that only loading and latency are lost.
    assert costs["Llama-2-7B", "gate_proj"].tiling.cycles == 11008 // 128 * 4096 + 16 + 5
    assert min(c.tiling.utilisation for c in costs.values() if c.model.startswith("Llama")) > Fraction(999, 1000)
    text = table([config], 300)
    assert all(name in text for name in (*COLUMNS, config.module_name, "down_proj", "**block**"))


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"depth": 12}, "depth must be a power of two, not 12"),
    ({"depth": 1}, "depth must be at least 2, not 1"),
    ({"groups": 4}, "groups must be at least latency (5), not 4"),
    ({"latency": 2}, "latency must be at least 3, not 2"),
    ({"units": 0}, "units must be at least 1, not 0"),
    ({"a": "e8m0"}, "a must be a float or an integer format, not e8m0 (a scale)"),
    ({"a": "bf16,int8"}, "a, b and acc must list as many modes each (acc may be one for all), not 2, 1, 1"),
    ({"acc": "int32"}, "acc=int32 requires integer operands, not bf16"),
    ({"lanes_a": 9}, "lanes_a=9 lanes_b=1 must fit dsp48e2: its 26x17 bits hold 2x1 at most"),
    ({"rows": 4}, "unknown key 'rows' for gemv"),
])  # fmt: skip
def test_what_a_config_refuses(fields, sentence):
    with pytest.raises(ConfigError) as error:
        GemvConfig(**fields)
    assert str(error.value).startswith(sentence)


def test_what_a_tiling_refuses():
    with pytest.raises(ConfigError, match="k must be at least 1, not 0"):
        Tiling(GemvConfig(), 4, 0)
    with pytest.raises(ConfigError, match="mode must be 0 to 0, not 1"):
        Tiling(GemvConfig(), 4, 4, 1, 1)


def test_names_and_round_trip(tmp_path):
    config = GemvConfig(a=["bf16", "int4"], b=["bf16", "bf16"], lanes_a=2, subnormals="flush", reset="async")
    name = "gemv_bf16_bf16_fp32_2x1_or_int4_bf16_fp32_2x1_u4_g16_d16_l5_flush_asyncreset"
    assert config.module_name == name and config.overflow == "ieee"
    (tmp_path / "c.toml").write_text(config.to_toml())
    assert GemvConfig.from_toml(tmp_path / "c.toml") == config


@pytest.mark.parametrize("preset", ["four_modes", "int8"])
def test_stimulus_shows_all_features_and_noise_means_nothing(preset):
    config = GemvConfig(**{**PRESETS[preset], "units": 1})
    vectors = bench.stimulus(config, 12_000, seed=1)
    expected = bench.expect(config, vectors)
    assert len(bench.ends(config, vectors)) == len(expected["y"])
    hits = bench.coverage(config, vectors, expected)
    assert [feature for feature, count in hits.items() if not count] == []
    again = bench.stimulus(config, 12_000, seed=1)
    assert all((vectors[name] == again[name]).all() for name in vectors)
    # Other weights where there is no multiplication change nothing.
    again["w"][again["mac"] == 0] ^= 1
    assert (bench.expect(config, again)["y"] == expected["y"]).all()
