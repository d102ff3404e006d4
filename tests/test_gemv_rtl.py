"""The emitted matrix-vector engine: equal to the golden model, in exactly the cycles that the cycle model says."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from nervure.generators.emit import emit
from nervure.generators.mac.gemv import PRESETS, derive, formula
from nervure.generators.mac.gemv_trial import tile_of, trial
from nervure.generators.mac.llm_shapes import MODELS
from nervure.generators.verify import verify
from nervure.golden import exact
from nervure.golden.mac.gemv_stream import beats, matrix
from nervure.hw.mac.config.gemv import GemvConfig
from nervure.hw.mac.config.tiling import Tiling
from nervure.verif.batch import BatchModel, ProtocolError
from nervure.verif.cocotb_run import run_cocotb
from nervure.verif.mac import gemv as bench

SIZES = [(1, 1, 1), (1, 9, 1), (9, 1, 1), (12, 8, 2), (13, 7, 3), (40, 33, 2), (5, 4, 1), (100, 3, 1)]
FOUR = GemvConfig(**{**PRESETS["four_modes"], "units": 1})
SHAPES = sorted({(layer.rows, layer.columns) for model in MODELS for layer in model.linears})


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    return BatchModel(emit(FOUR, tmp_path_factory.mktemp("four")))


def wrong(model, vectors, **stalls):
    config = bench.config_of(model.artifact)
    result = model.run(vectors, ends=bench.ends(config, vectors), **stalls)
    return int((result.outputs["y"] != bench.expect(config, vectors)["y"]).sum()), result


def test_four_modes_under_random_stalls(four):
    vectors = bench.stimulus(FOUR, 12_000, seed=1)
    assert wrong(four, vectors, stall_in=0.3, stall_out=0.4, seed=1)[0] == 0
    count, result = wrong(four, vectors)
    assert (count, result.latency) == (0, FOUR.latency)


@pytest.mark.parametrize("mode", range(4))
def test_measured_cycles_are_those_of_the_model(four, mode):
    for m, k, n in SIZES:
        found = trial(four, m, k, n, mode, seed=m)
        assert (found.mismatches, found.cycles) == (0, found.tiling.cycles), (m, k, n)
        assert found.utilisation == float(found.tiling.utilisation)


@pytest.mark.parametrize("fields", [
    {"units": 3, "depth": 2, "groups": 5, "latency": 3, "lanes_a": 1, "a": "int8", "b": "int8", "acc": "int32"},
    {**PRESETS["fp8_x2"], "units": 1, "groups": 9, "latency": 9, "multiplier": "lut", "reset": "none"},
], ids=str)  # fmt: skip
def test_other_sizes(fields, tmp_path):
    config = GemvConfig(**fields)
    model = BatchModel(emit(config, tmp_path))
    assert wrong(model, bench.stimulus(config, 4_000, seed=2), stall_in=0.2, stall_out=0.2, seed=3)[0] == 0
    for m, k, n in SIZES:
        assert trial(model, m, k, n).passed, (m, k, n)


def whole_numbers(fmt, shape, rng):
    """Codes of whole numbers of at most 6, and the numbers."""
    table = exact.to_float64(exact.decode(torch.arange(1 << fmt.width), fmt)).numpy()
    small = np.flatnonzero((np.abs(table) <= 6) & (table == np.rint(table)))
    picked = small[rng.integers(0, len(small), shape)]
    return torch.from_numpy(picked), table[picked].astype(np.int64)


@pytest.mark.parametrize(("index", "shape"), list(enumerate(SHAPES)), ids=str)
def test_a_whole_tile_of_every_shape_in_whole_numbers(four, index, shape):
    """All columns of a tile; whole numbers whose sums float32 holds, against integer arithmetic."""
    rng, mode, columns = np.random.default_rng(index), index % 4, shape[1]
    m = min(shape[0], FOUR.rows(mode) * FOUR.groups)
    w, numbers = whole_numbers(FOUR.modes[mode].a, (m, columns), rng)
    x, vector = whole_numbers(FOUR.modes[mode].b, (columns, 1), rng)
    stream = {name: field.numpy().astype(np.uint64) for name, field in beats(FOUR, w, x, mode).items()}
    result = four.run(stream, ends=bench.ends(FOUR, stream))
    got = matrix(FOUR, torch.from_numpy(result.outputs["y"].astype(np.int64)), m, 1, mode).numpy()
    np.testing.assert_array_equal(got.astype(np.uint32).view(np.float32), numbers @ vector)
    assert result.cycles == Tiling(FOUR, m, columns, 1, mode).cycles


def test_a_tile_with_real_numbers(four):
    rows, _ = tile_of(FOUR, MODELS[3].linears[1])
    found = trial(four, rows, 384, seed=1)
    assert found.passed and found.error < 1e-6 and found.utilisation > 0.99


def test_protocol(tmp_path):
    """Stalls on both sides, reset in mid-stream, latency; the batch engine with the same bench."""
    config = GemvConfig(**{**PRESETS["int8"], "units": 1, "reset": "async"})
    verdict = verify(emit(config, tmp_path), bench, vectors=10_000)
    assert verdict.passed, verdict.to_dict()["failures"]
    assert {"reset_in_midstream", "random_stalls"} <= set(verdict.to_dict()["engines"][1]["tests"])


def test_four_states_and_what_a_mismatch_names(tmp_path):
    """Under Icarus no output is X after reset; a wrong sum is told with the beat that completed it."""
    config = GemvConfig(a="int4", b="int4", acc="int16", units=1, groups=5, depth=2, reset_active="low")
    artifact, vectors = emit(config, tmp_path), bench.stimulus(config, 300, seed=3)
    expected, ends = bench.expect(config, vectors), bench.ends(config, vectors)
    expected["y"][3] ^= 1
    result = run_cocotb(artifact, vectors, expected, simulator="icarus", ends=ends)
    found = result.first_mismatch
    assert found is not None and found["beat"] == 3 and result.mismatches == len(result.tests) == 3
    assert found["inputs"]["w"] == vectors["w"][ends[3]].tolist()
    np.testing.assert_array_equal(np.array(found["actual"]["y"]) ^ 1, expected["y"][3])


def test_a_sum_that_is_not_started_anew_is_seen(tmp_path):
    """Without `first` the sums of the tile before would go on."""
    config = GemvConfig(**{**PRESETS["int8"], "units": 1})
    artifact = emit(config, tmp_path)
    text = artifact.verilog.read_text()
    broken = re.sub(r"if \(now_first\)", "if (1'h0)", text)
    assert broken != text
    artifact.verilog.write_text(broken)
    vectors = bench.stimulus(config, 3_000, seed=5)
    assert wrong(BatchModel(artifact), vectors)[0] > 0
    with pytest.raises(ProtocolError, match="must deliver one beat for each that is completed, not more"):
        BatchModel(artifact).run(vectors, ends=bench.ends(config, vectors)[1:])
    with pytest.raises(ValueError, match="ends must be rising numbers of the 3000 beats"):
        BatchModel(artifact).run(vectors, ends=np.array([3, 2]))


def test_what_show_derives():
    shown = derive(FOUR)
    assert shown["macs_per_cycle"] == {mode.name: mode.lanes_a for mode in FOUR.modes}
    assert (shown["activation_bits"], shown["sum_bits"]) == (2 * 16 * 16, 16 * 3 * 32)
    assert formula(GemvConfig()) == "W x, bf16 * bf16 in fp32"
