"""The break-even's published figures, its equations in exact arithmetic, and the command."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from math import ceil, log2

import pytest
from nervure.generators import cli
from nervure.generators.breakeven import PUBLISHED, activation_bits, break_even, qnn_energy, roots, snn_energy
from nervure.hw.config import ConfigError


@pytest.mark.parametrize("steps, bits, percent", [
    (5, 8, 6.40), (5, 4, 5.74), (2, 4, 10.46), (2, 8, 12.28), (3, 8, 8.19), (1, 8, 29.7),
])  # fmt: skip
def test_the_anchors_of_the_source(steps, bits, percent):
    assert round(100 * break_even(steps, bits), 1 if percent == 29.7 else 2) == percent


def test_what_the_reconstruction_does_not_meet():
    """The source claims its 6.4 % for T from 5 to 10."""
    assert round(100 * break_even(10, 8), 1) == 3.9


@pytest.mark.parametrize("changed, percent", [
    ({"weight_bit": 0.5}, 5.39), ({"weight_bit": 1.5}, 6.08), ({"dense_move": 0.5}, 3.40),
    ({"sparse_move": 0.5}, 10.78),
])  # fmt: skip
def test_the_sensitivity_of_the_source(changed, percent):
    """T = 5 and 4-bit weights; weight energy and moves half as dear and half as dear again."""
    costs = replace(PUBLISHED, **{name: share * getattr(PUBLISHED, name) for name, share in changed.items()})
    assert round(100 * break_even(5, 4, costs=costs), 2) == percent


@pytest.mark.parametrize("steps, bits, hops", [(1, 1, 1), (5, 8, 1), (7, 4, 2), (16, 8, 0.5)])
def test_energies_meet_where_the_roots_say(steps, bits, hops):
    """Independently, in rationals: events until dense steps are cheaper."""
    sparse, dense, read, add, gamma = (Fraction(str(value)) for value in (3.0, 0.25, 0.03875, 0.05448, 0.0162))
    k, b = Fraction(hops), ceil(log2(steps + 1))
    twin = b * k * dense + bits * read + gamma
    assert qnn_energy(steps, bits, hops=hops) == pytest.approx(float(twin), rel=1e-12)
    for rate in (Fraction(0), Fraction(1, 50), Fraction(1, 3), Fraction(1)):
        one = steps * rate * (k * sparse + bits * read + add)
        other = steps * (k * dense + bits * read + rate * add)
        assert snn_energy(steps, bits, float(rate), hops=hops) == pytest.approx(float(min(one, other)), rel=1e-12)
    limit = break_even(steps, bits, hops=hops)
    assert limit == max(roots(steps, bits, hops=hops))
    if limit <= 1:
        assert snn_energy(steps, bits, limit, hops=hops) == pytest.approx(float(twin), rel=1e-9)
        assert snn_energy(steps, bits, 0.99 * limit, hops=hops) < twin


def test_bits_of_the_twin_next_to_powers_of_two():
    assert [activation_bits(t) for t in (1, 2, 3, 4, 7, 8, 2**60 - 1, 2**60)] == [1, 2, 2, 3, 3, 4, 60, 61]


@pytest.mark.parametrize("call, sentence", [
    (lambda: break_even(0, 8), "steps must be at least 1, not 0"),
    (lambda: qnn_energy(5, 0), "bits must be at least 1, not 0"),
    (lambda: roots(5, 8, hops=0), "hops must be a number above 0, not 0"),
    (lambda: roots(5, 8, hops=float("nan")), "hops must be a number above 0, not nan"),
    (lambda: snn_energy(5, 8, 1.01), "rate must be at least 0 and at most 1, not 1.01"),
    (lambda: snn_energy(5, 8, -0.1), "rate must be at least 0 and at most 1, not -0.1"),
    (lambda: snn_energy(5, 8, float("nan")), "rate must be at least 0 and at most 1, not nan"),
])  # fmt: skip
def test_arguments_out_of_range(call, sentence):
    with pytest.raises(ConfigError) as error:
        call()
    assert str(error.value) == sentence


def test_the_command_answers_and_draws(capfd, tmp_path):
    file = tmp_path / "curves.html"
    assert cli.main(["breakeven", "--steps", "5", "--rate", "0.05", "-o", str(file), "--json"]) == 0
    said = json.loads(capfd.readouterr().out)
    assert said["answer"] == "SNN" and said["rows"][4]["break_even"] == break_even(5, 8)
    assert said["snn_pj"] == snn_energy(5, 8, 0.05) and said["qnn_pj"] == qnn_energy(5, 8)
    page = file.read_text()
    assert page.count("<svg") == 2 and "T = 5: 6.40 %" in page and "<script" not in page
    assert cli.main(["breakeven", "--steps", "5", "--bits", "4", "--rate", "0.06", "-o", str(file)]) == 0
    out = capfd.readouterr().out
    assert "QNN: at T = 5, 4-bit weights and a rate of 6.00 %" in out and "5.74 %" in out and str(file) in out


@pytest.mark.parametrize("words, sentence", [
    (["--steps", "0"], "steps must be at least 1, not 0"),
    (["--rate", "2"], "rate must be at least 0 and at most 1, not 2"),
    (["--hops", "-1"], "hops must be a number above 0, not -1"),
])  # fmt: skip
def test_the_command_refuses_in_a_sentence(capfd, words, sentence):
    assert cli.main(["breakeven", *words]) == 2
    assert capfd.readouterr().err == f"nervure: {sentence}\n"
