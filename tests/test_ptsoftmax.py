"""The power-of-two softmax: golden model against fractions, circuit against golden model, cycles, claims, faults."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from nervure.generators.activation.ptsoftmax import PRESETS, derive, formula
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.golden.activation.ptsoftmax import ptsoftmax
from nervure.hw.activation.config.ptsoftmax import PtsoftmaxConfig
from nervure.hw.config import ConfigError
from nervure.verif.activation import ptsoftmax as bench
from nervure.verif.batch import BatchModel

from .engines import STALLS, equal, equal_and_covered, rows_of, seen, verified
from .faults import refuted, rewrite, tried

SMALL = {"bits": 4, "window": 4, "lanes": 3, "length": 7}


def shares(config: PtsoftmaxConfig, row: list[int]) -> list[Fraction]:
    """The shares of a row by the formula, on fractions; those of what the window leaves out are 0."""
    if not row:
        return []
    top = max(row)
    kept = [z // config.span >= top // config.span - 1 for z in row]
    e = [Fraction(2) ** (z - top) if k else Fraction(0) for z, k in zip(row, kept, strict=True)]
    total = sum(e, Fraction(0))
    powers = [Fraction(2) ** k for k in range(14)]
    nearest = min(powers, key=lambda p: (abs(p - total), -p))
    assert Fraction(3, 4) <= total / nearest < Fraction(3, 2)
    return [x / nearest for x in e]


def by_row(config, vectors):
    """Scores that are on of each row, with their beats and lanes."""
    z = np.atleast_2d(vectors["z"].T).T.astype(int)
    on = np.atleast_2d(vectors["on"].T).T
    half = 1 << (config.bits - 1)
    found, places = [], []
    beats = 0
    for at in range(len(z)):
        places += [(at, k) for k in range(config.lanes) if on[at, k]]
        beats += 1
        if vectors["last"][at] or beats == config.beats:
            found.append(([int((z[p] ^ half) - half) for p in places], places))
            places, beats = [], 0
    return found


@pytest.mark.parametrize("fields", [PRESETS["attention"], SMALL, {"bits": 3, "lanes": 1, "length": 5, "window": 1},
                                    {"bits": 9, "lanes": 2, "length": 20, "window": 64},
                                    {**PRESETS["fixed"], "output": "q0.7"}], ids=str)  # fmt: skip
def test_rows_are_the_formula_and_add_up(fields):
    config = PtsoftmaxConfig(**fields)
    vectors = bench.stimulus(config, 600, seed=3)
    found = bench.expect(config, vectors)
    for row, places in by_row(config, vectors):
        wanted, sum_of_row = shares(config, row), Fraction(0)
        for p, (at, lane) in zip(wanted, places, strict=True):
            got = {key: int(np.atleast_2d(codes.T).T[at, lane]) for key, codes in found.items() if key != "end"}
            if fmt := config.output_format:
                assert got["p"] == min(int(p * 2**fmt.fraction_bits), fmt.high)
                continue
            assert (Fraction(0) if got["zero"] else Fraction(1, 2 ** got["k"])) == p
            sum_of_row += p
        if wanted and config.output_format is None:
            assert Fraction(3, 4) <= sum_of_row < Fraction(3, 2)


def test_a_tie_goes_up_and_what_is_far_below_is_left_out():
    config = PtsoftmaxConfig(bits=6, window=4, lanes=4, length=4)

    def one(*z, on=(1, 1, 1, 1)):
        found = ptsoftmax(config, torch.tensor([z]) & 63, torch.tensor([on]), torch.tensor([1]))
        return list(zip(found["k"][0].tolist(), found["zero"][0].tolist(), strict=True))

    assert one(3, 2, 0, 0, on=(1, 1, 0, 0)) == [(1, 0), (2, 0), (0, 1), (0, 1)]  # 1.5 -> 2
    assert one(3, 1, 0, -4) == [(0, 0), (2, 0), (3, 0), (7, 0)]  # 1.382 -> 1
    assert one(4, 0, -1, -20) == [(0, 0), (4, 0), (0, 1), (0, 1)]  # windows 1, 0, -1, -5
    assert one(-32, 0, 0, 0, on=(0, 0, 0, 0)) == [(0, 1)] * 4
    assert one(-32, 31, 31, 31, on=(1, 0, 0, 0))[0] == (0, 0)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return emit(PtsoftmaxConfig(**SMALL), tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module", params=[SMALL, {**PRESETS["fixed"], "reset": "none"},
                                        {"bits": 5, "lanes": 1, "length": 1, "window": 2}],
                ids=["small", "fixed", "one"])  # fmt: skip
def unit(request, tmp_path_factory):
    config = PtsoftmaxConfig(**request.param)
    return config, BatchModel(emit(config, tmp_path_factory.mktemp("unit")))


@pytest.mark.parametrize("stalls", STALLS)
def test_the_circuit_is_the_golden_model(unit, stalls):
    config, model = unit
    vectors = bench.stimulus(config, 12_000, seed=5)
    equal_and_covered(bench, config, model, vectors, bench.expect(config, vectors), stalls)


def test_rows_follow_each_other_without_a_gap(unit):
    """7 cycles from a row's last beat to its first shares; no beat waits to enter, whatever the rows' lengths."""
    config, model = unit
    promised = derive(config)["cycles_from_last_to_first_shares"]
    rng = np.random.default_rng(1)
    for lengths in ([1] * 50, [config.beats] * 50, [config.beats, *[1] * 40] * 3,
                    rng.integers(1, config.beats + 1, 200).tolist()):  # fmt: skip
        result = equal(bench, config, model, rows_of(bench, config, lengths))
        assert result.latency == promised == 7
        # A row is read when it is whole, after the row before, and comes out two cycles later, a beat a cycle.
        start = 0
        for end, length in zip(np.cumsum(lengths) - 1, lengths, strict=True):
            start = max(start, int(end) + promised - 2) + length
        assert result.cycles == start + 2


def test_engines_of_the_library(small):
    verified(small, bench, 3000)


def test_claims_hold(small):
    found = {claim.name: tried(claim, small.directory).status for claim in bench.claims(small)}
    assert found == dict.fromkeys(("rows", "sum", "exponent", "shares"), "proved")


FAULTS = {
    "rows": (r"else if \(enable\) reads <= may_read;", "else reads <= may_read;"),
    "sum": (r"fresh <= ends_2;", "fresh <= 1'h0;"),
    "exponent": (r"(module \w+__power\(.*?)~ value\[8\]", r"\1value[8]"),
    "shares": (r"(module \w+__share1\(.*?assign zero = )~ ", r"\1"),
}


@pytest.mark.parametrize("claim", FAULTS)
def test_a_fault_is_seen_and_refuted(small, claim, tmp_path):
    refuted(small, bench, claim, FAULTS[claim], tmp_path)


def test_a_fault_is_seen_by_vectors(small, tmp_path):
    seen(rewrite(small, *FAULTS["sum"], tmp_path), bench, PtsoftmaxConfig(**SMALL), "k")


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"window": 3}, "window must be a power of two, not 3"),
    ({"bits": 4, "window": 16}, "window must be at most 8 for bits=4, not 16"),
    ({"bits": 1}, "bits must be at least 2, not 1"),
    ({"lanes": 0}, "lanes must be at least 1, not 0"),
    ({"length": 5000}, "length must be at most 4096, not 5000"),
    ({"output": "bf16"}, "output must be a fixed-point format such as q3.12 or uq0.16, not 'bf16'"),
])  # fmt: skip
def test_what_a_config_refuses(fields, sentence):
    with pytest.raises(ConfigError) as error:
        PtsoftmaxConfig(**fields)
    assert str(error.value) == sentence


def test_what_is_shown():
    config = PtsoftmaxConfig(**PRESETS["attention"])
    shown = derive(config)
    assert shown["kind"] == "trained-in: networks are trained with it; it approximates no softmax"
    assert (shown["sum_width"], shown["largest_k"], shown["beats_of_longest_row"]) == (41, 40, 64)
    assert shown["counts_always"] == "scores less than 17 below the largest"
    assert derive(PtsoftmaxConfig(bits=5))["counts_always"] == "every score"
    assert config.module_name == "ptsoftmax_z8_w16_x8_n512" and formula(config).endswith("rows of up to 512")
    assert "trained-in" in get_unit("ptsoftmax").summary and bench.describe(config, "z", 0xFF) == "0xff (-1)"
