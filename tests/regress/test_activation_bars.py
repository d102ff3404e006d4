"""The bars of all functions at 8, 16 and 32 segments, folded and free, and the optimum on small widths."""

from __future__ import annotations

import numpy as np
import pytest
from nervure.generators.activation import solve
from nervure.generators.activation.comparison import CASES, compare, table
from nervure.generators.activation.functions import resolve
from nervure.generators.activation.lines import measure
from nervure.generators.activation.solver import Solver
from nervure.generators.activation.target import Target
from nervure.hw.fixed import parse_fixed

from ..test_activation_solver import brute_force

WIDE = {"slope": "q1.24"}


@pytest.fixture(scope="module")
def rows():
    return compare()


def test_no_bar_is_missed(rows):
    assert [sentence for row in rows for sentence in row.misses] == []
    for row in rows:
        for count, config in row.free.items():
            assert 1 - 1e-9 <= config.reached / config.limit <= {8: 1.12, 16: 1.12, 32: 1.45}[count]
            assert len(config.slopes) <= count


def test_the_table_has_a_line_a_function(rows):
    text = table(rows)
    assert all(f"| {case.function} |" in text for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.function)
@pytest.mark.parametrize("count", [8, 16, 32])
def test_with_wide_formats_nothing_is_lost(case, count):
    output = "q4.22" if case.function == "softplus" else case.output.split(".")[0] + ".22"
    config = solve(case.function, domain=case.domain, input=case.input, output=output, segments=count, **WIDE)
    assert config.reached <= 1.05 * config.limit


@pytest.mark.parametrize("name", ["gelu", "silu", "tanh", "sigmoid", "exp", "mish", "softplus", "erf"])
@pytest.mark.parametrize("formats", [("q1.3", "q2.3"), ("q0.4", "q1.5"), ("q2.1", "q3.1")])
@pytest.mark.parametrize("domain", [(-32, 31), (-32, 0), (3, 31)])
def test_small_widths_reach_what_brute_force_finds(name, formats, domain):
    x_format = parse_fixed("q1.4")
    values = resolve(name)(np.arange(domain[0], domain[1] + 1) / 16)
    target = Target(domain[0], values, parse_fixed("q2.3"))
    solver = Solver(target, x_format, "none", *map(parse_fixed, formats))
    for count in (1, 2):
        found = measure(target, solver.best(count, "free"), x_format)[0]
        assert found == pytest.approx(brute_force(target, count, *formats, input_bits=4), rel=1e-4, abs=1e-9)
