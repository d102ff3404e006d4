"""Units of several lanes and modes: equal to the golden model, which is checked lane by lane against rationals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nervure.generators import cli
from nervure.generators.emit import emit
from nervure.generators.mac import derive, picture
from nervure.generators.mac.presets import PRESETS, PUBLISHED, SWITCHED
from nervure.golden.mac import mac
from nervure.hw.mac.config import MacConfig
from nervure.verif import mac as bench
from nervure.verif.batch import BatchModel
from nervure.verif.cocotb_run import run_cocotb

from . import rational

MAX = {"lanes_a": "max", "lanes_b": "max"}
CONFIGS = {
    "bf16": MacConfig(acc="bf16", **MAX),
    "fp8 flush": MacConfig(a="fp8_e4m3", b="fp8_e4m3", acc="fp8_e4m3", subnormals="flush", interface="bare", **MAX),
    "fp4": MacConfig(a="fp4_e2m1", b="fp4_e2m1", acc="bf16", latency=6, **MAX),
    "int4": MacConfig(a="int4", b="bf16", acc="bf16", latency=2, **MAX),
    "column": MacConfig(a="fp8_e4m3", b="fp4_e2m1", acc="fp16", lanes_b=3, multiplier="mult18x18"),
    "apart": MacConfig(a="fp4_e2m1", b="fp6_e3m2", acc="bf16", lanes_a=3, lanes_b=2, multiplier="lut"),
    "int": MacConfig(a="int8", b="uint4", acc="int16", overflow="saturate", reset="async", **MAX),
    "rounded": MacConfig(acc="fp16", a="fp8_e5m2", b="bf16", product="rounded", lanes_a=2, latency=8),
    "two modes": MacConfig(**SWITCHED["bf16_or_fp8"]),
    "two accumulators": MacConfig(**SWITCHED["bf16_or_int8"]),
    "four modes": MacConfig(**SWITCHED["four_modes"], subnormals="flush", interface="bare"),
    "scalar modes": MacConfig(a="fp32,int3,fp16", b="fp8_e5m2,int3,uint5", acc="fp32,int16,bf16", rounding="rtz"),
    "apart modes": MacConfig(a="fp8_e4m3,int3", b="int2,fp8_e5m2", acc="fp16", lanes_a=[2, 1], lanes_b=[1, 3],
                             multiplier="lut"),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGS)
def test_rtl_equals_golden(name, tmp_path):
    config = CONFIGS[name]
    vectors = bench.stimulus(config, 30_000, seed=1)
    expected = bench.expect(config, vectors)
    stalls = {"stall_in": 0.2, "stall_out": 0.3, "seed": 1} if config.interface == "stream" else {}
    result = BatchModel(emit(config, tmp_path)).run(vectors, **stalls)
    np.testing.assert_array_equal(result.outputs["y"], expected["y"])
    rows, columns = config.grid
    assert expected["y"].shape == ((30_000,) if rows * columns == 1 else (30_000, rows, columns))
    hits = bench.coverage(config, vectors, expected)
    assert list(hits) == list(bench.features(config))
    assert [feature for feature, count in hits.items() if not count] == [], "features that no vector showed"


@pytest.mark.parametrize("name", ["bf16", "two accumulators", "four modes", "apart modes"])
def test_golden_lanes_are_rational_sums(name):
    """Each lane of each beat, computed one by one in exact rationals from the codes its mode reads."""
    config = CONFIGS[name]
    vectors = bench.stimulus(config, 120, seed=7)
    y = bench.expect(config, vectors)["y"]
    modes = np.minimum(vectors.get("mode", np.zeros(120, np.uint64)), len(config.modes) - 1)
    rows, columns = config.grid
    for beat, mode in enumerate(modes):
        used = config.modes[int(mode)]
        for i in range(rows):
            for j in range(columns):
                if i >= used.lanes_a or j >= used.lanes_b:
                    assert y[beat, i, j] == 0
                    continue
                codes = (vectors["a"][beat, i], vectors["b"][beat, j], vectors["c"][beat, i, j])
                a, b, c = (int(code) & ((1 << fmt.width) - 1)
                           for code, fmt in zip(codes, (used.a, used.b, used.acc), strict=True))  # fmt: skip
                assert int(y[beat, i, j]) == rational.fma(config.lane(int(mode)), a, b, c)


def test_modes_beyond_the_last_count_as_the_last_and_broadcasting_holds():
    config = CONFIGS["scalar modes"]
    a, b, c = (torch.tensor([x] * 4) for x in (5, 3, 7))
    y = mac(config, a, b, c, torch.tensor([0, 1, 2, 3]))
    assert y[2] == y[3]
    assert y[1] == (-3) * 3 + 7 & 0xFFFF


def test_every_pair_reaches_every_lane():
    config = MacConfig(a="fp4_e2m1", b="fp4_e1m2", acc="bf16", **MAX)
    rows, columns = config.grid
    seen = {(i, j): set() for i in range(rows) for j in range(columns)}
    for vectors in bench.exhaustive(config, addends=256):
        for i, j in seen:
            seen[i, j] |= set(zip(vectors["a"][:, i].tolist(), vectors["b"][:, j].tolist(), strict=True))
        assert len(np.unique(vectors["c"][:, 0, 0])) >= 200
    assert all(len(pairs) == 256 for pairs in seen.values())


def test_switched_exhaustion_covers_every_mode(tmp_path):
    config = MacConfig(a="fp4_e2m1,int2", b="fp4_e2m1,fp4_e3m0", acc="fp8_e4m3", lanes_a=2)
    model = BatchModel(emit(config, tmp_path))
    chunks = list(bench.exhaustive(config))
    assert {int(mode) for vectors in chunks for mode in np.unique(vectors["mode"])} == {0, 1}
    assert sum(len(vectors["mode"]) for vectors in chunks) == (256 + 64) * 256
    for vectors in chunks:
        np.testing.assert_array_equal(model.run(vectors).outputs["y"], bench.expect(config, vectors)["y"])


def test_protocol_of_a_switched_unit(tmp_path):
    config = CONFIGS["two modes"]
    vectors = bench.stimulus(config, 150, seed=2)
    result = run_cocotb(emit(config, tmp_path), vectors, bench.expect(config, vectors), seed=2,
                        operations=bench.operations(config))  # fmt: skip
    assert result.passed and result.mismatches == 0, result.log
    assert result.latency_cycles == 4


def test_published_kinds_have_presets():
    kinds = {(f["a"], f["b"], f["acc"]) for f in PUBLISHED.values()}
    folded = {tuple("int" if name[:3] == "int" and name != "int32" else name for name in kind) for kind in kinds}
    assert len(folded) == 51, "the 51 kinds of the published library, integers of all widths counted once"
    for name, fields in PRESETS.items():
        assert MacConfig(**fields).modes, name
    pairs = {(f["a"], f["b"]) for f in PRESETS.values()}
    assert {pair for pair in pairs if (*pair, "fp32") not in kinds | {(f["a"], f["b"], f["acc"]) for f in
            PRESETS.values()} and "," not in pair[0]} == {("int4", "int8"), ("uint8", "int8")}  # fmt: skip


def test_show_draws_the_packing(capfd):
    config = MacConfig(a="fp4_e2m1", b="fp4_e2m1", acc="bf16", **MAX)
    text = picture(config)
    assert "a2 a2  .  .  .  .  .  .  .  .  .  . a1 a1" in text and "b2 b2  .  . b1 b1  .  . b0 b0" in text
    assert "22 22 22 22 21 21 21 21 20 20 20 20 12" in text
    assert derive(config)["lanes"] == 9
    assert cli.main(["show", "mac", "--preset", "four_modes"]) == 0
    out = capfd.readouterr().out
    assert "fp8_e4m3 * fp8_e4m3 + bf16, 2 x 2 lanes, significands 4 x 4 bits" in out


@pytest.mark.parametrize("name", ["two modes", "int"])
def test_no_name_has_to_be_escaped(name, tmp_path):
    assert "\\" not in emit(CONFIGS[name], tmp_path).verilog.read_text()


def test_lanes_that_do_not_fit_end_with_the_documented_code(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["generate", "mac", "-s", "lanes_a=3", "-o", "x"]) == 2
    assert capfd.readouterr().err.startswith("nervure: lanes_a=3 lanes_b=1 must fit dsp48e2")
    assert list(tmp_path.iterdir()) == []
