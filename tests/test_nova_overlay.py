"""The vector unit behind other engines: golden model against fractions, emitted files against it; the gemv engine."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
import torch
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.generators.verify import verify
from nervure.golden.activation import activation, signed
from nervure.golden.mac.gemv_stream import beats
from nervure.golden.noc.overlay import gemv_overlay, overlay
from nervure.hw.config import ConfigError
from nervure.hw.noc.config.overlay import GemvOverlayConfig, OverlayConfig
from nervure.verif.batch import BatchModel
from nervure.verif.noc import gemv_overlay as behind
from nervure.verif.noc import overlay as bench

from .nova import TINY, unit


def made(kind, formats=None, **fields):
    """A unit of two small tables behind an engine."""
    tables = unit({"relu": 3, "exp": 5}, formats, routers=2, lanes=2, pairs=5)
    return kind(**{**tables.to_dict(), **fields})


@pytest.mark.parametrize("word, drop", [(16, 3), (64, 40), (12, 0)])
def test_golden_rounds_and_holds_as_fractions_do(word, drop):
    """v / 2^drop, a tie up, held to the codes; then the table; or v itself."""
    config = made(OverlayConfig, word=word, drop=drop)
    rng = np.random.default_rng(0)
    v = [int(n) for n in rng.integers(-(1 << (word - 1)), (1 << (word - 1)) - 1, 400, endpoint=True)]
    v[:6] = [-(1 << (word - 1)), (1 << (word - 1)) - 1, (1 << drop) >> 1, -((1 << drop) >> 1), 0, -1]
    data = torch.tensor([n if word == 64 else n % (1 << word) for n in v]).reshape(-1, 4)
    for mode in range(4):
        found = overlay(config, data, torch.full((len(data),), mode))
        assert set(found["status"].tolist()) == {int(mode == 3)}
        if mode == 0:
            assert torch.equal(found["data"], data)
            continue
        fmt, out = config.input_format, config.output_format
        held = [min(max(floor(Fraction(n, 1 << drop) + Fraction(1, 2)), fmt.low), fmt.high) for n in v]
        codes = torch.tensor([n % (1 << fmt.width) for n in held])
        y = signed(activation(config.tables[min(mode, 2) - 1], codes), out.width).tolist()
        assert signed(found["data"], word).reshape(-1).tolist() == y


def test_beats_in_the_simulator(tmp_path):
    config = made(OverlayConfig, drop=6)
    model, vectors = BatchModel(emit(config, tmp_path)), bench.stimulus(config, 4000, seed=1)
    expected = bench.expect(config, vectors)
    for stall in (0.0, 0.3):
        given = model.run(vectors, stall_in=stall, stall_out=stall, seed=2)
        for key, codes in expected.items():
            np.testing.assert_array_equal(given.outputs[key], codes)
        assert stall or (given.latency == config.latency + 1 and given.cycles == 4000 + config.latency + 1)
    hits = bench.coverage(config, vectors, expected)
    assert hits and [feature for feature, hit in hits.items() if not hit] == [], "features that no beat showed"


def test_protocol_under_cocotb(tmp_path):
    config = made(OverlayConfig, TINY, word=8, drop=2)
    verdict = verify(emit(config, tmp_path), bench, engine="cocotb", vectors=120, seed=3)
    assert verdict.passed, verdict.to_dict()["failures"]


def test_behind_the_gemv_engine(tmp_path):
    """``gelu(W x)`` of a matrix by the engine and the overlay in one file, and beats of all kinds with stalls."""
    config = made(GemvOverlayConfig, drop=4)
    model, vectors = BatchModel(emit(config, tmp_path)), behind.stimulus(config, 3000, seed=1)
    expected, ends = behind.expect(config, vectors), behind.ends(config, vectors)
    for stall in (0.0, 0.3):
        given = model.run(vectors, ends=ends, stall_in=stall, stall_out=stall, seed=2)
        for key, codes in expected.items():
            np.testing.assert_array_equal(given.outputs[key], codes)
    rng = np.random.default_rng(0)
    w, x = rng.integers(-20, 20, (8, 12)), rng.integers(-20, 20, 12)
    sent = beats(config.gemv, torch.from_numpy(w & 255), torch.from_numpy(x & 255))
    sent["mode"] = torch.ones(len(sent["mac"]), dtype=torch.int64)
    inputs = {key: word.numpy().astype(np.uint64) for key, word in sent.items()}
    found = model.run(inputs, ends=behind.ends(config, inputs)).outputs["data"].reshape(-1).astype(np.int64)
    codes = [min(max(floor(Fraction(int(n), 16) + Fraction(1, 2)), -512), 511) % 1024 for n in w @ x]
    wanted = signed(activation(config.tables[0], torch.tensor(codes)), 10) & 0xFFFFFFFF
    assert found.tolist() == wanted.tolist()
    assert torch.equal(gemv_overlay(config, **sent)["data"].reshape(-1), wanted)


@pytest.mark.parametrize("kind, fields, sentence", [
    (OverlayConfig, {"word": 9}, "word must be at least the 10 bits of output, not 9"),
    (OverlayConfig, {"drop": 33}, "drop must be at most the 32 bits of word, not 33"),
    (OverlayConfig, {"clock_multiple": 2}, "clock_multiple must be 1 behind an engine, not 2"),
    (GemvOverlayConfig, {"word": 40}, "word must be 32, as the engine's sums are, not 40"),
    (GemvOverlayConfig, {"groups": 2}, "groups must be at least latency (5), not 2"),
], ids=lambda value: getattr(value, "unit", str(value)))  # fmt: skip
def test_units_that_cannot_be(kind, fields, sentence):
    with pytest.raises(ConfigError) as raised:
        made(kind, **fields)
    assert str(raised.value) == sentence


def test_what_is_shown():
    config = get_unit("gemv_overlay").make(get_unit("gemv_overlay").presets["int8"])
    generator = get_unit("gemv_overlay").load("generator")
    assert "passing by" in generator.formula(config) and generator.derive(config)["engine"]["macs_per_cycle"]
    assert bench.describe(made(OverlayConfig), "data", (1 << 32) - 2) == "0xfffffffe (-2)"
    assert config.gemv.units == config.width == 4 and sum(behind.operations(config).values()) > 0
