"""The solver of activation tables: the limit, the optimum, certificates, symmetries, and what it refuses."""

from __future__ import annotations

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
import torch
from nervure.generators.activation.cells import stops
from nervure.generators.activation.functions import resolve
from nervure.generators.activation.lines import measure
from nervure.generators.activation.solver import Solver, limit
from nervure.generators.activation.target import Target
from nervure.golden.activation import activation
from nervure.golden.activation.reference import FUNCTIONS
from nervure.hw.fixed import parse_fixed
from scipy.optimize import linprog

LIMITS = {  # by function: domain, N = 8, 16, 32, and 16 of equal width
    "gelu": (-8, 8, 7.51e-3, 2.11e-3, 5.06e-4, 3.77e-2),
    "silu": (-8, 8, 9.75e-3, 3.23e-3, 7.86e-4, 2.72e-2),
    "sigmoid": (-8, 8, 5.67e-3, 1.36e-3, 3.34e-4, 5.82e-3),
    "tanh": (-8, 8, 1.28e-2, 2.98e-3, 7.20e-4, 4.09e-2),
    "erf": (-4, 4, 1.08e-2, 2.50e-3, 6.03e-4, 1.48e-2),
    "softplus": (-8, 8, 9.56e-3, 2.33e-3, 5.77e-4, 1.46e-2),
    "exp": (-10, 0, 3.94e-3, 9.72e-4, 2.42e-4, 1.81e-2),
    "exp2": (0, 1, 6.70e-4, 1.68e-4, 4.19e-5, 2.30e-4),
    "reciprocal": (1, 2, 6.70e-4, 1.68e-4, 4.19e-5, 4.46e-4),
    "rsqrt": (1, 4, 1.01e-3, 2.51e-4, 6.28e-5, 1.33e-3),
}
POINTS = 1 << 14


@pytest.mark.parametrize("name", LIMITS)
def test_the_limit_is_that_of_the_published_table(name):
    low, high, *expected, equal = LIMITS[name]
    values = resolve(name)(np.linspace(low, high, POINTS + 1))
    for count, error in zip((8, 16, 32), expected, strict=True):
        assert limit(values, values, count)[0] == pytest.approx(error, rel=0.01)
    ends = np.append(np.arange(0, POINTS, POINTS // 16), POINTS + 1)
    assert limit(values, values, 16, ends)[0] == pytest.approx(equal, rel=0.01)


def test_the_limit_is_that_of_a_linear_program():
    x = np.linspace(-4, 4, 161)
    values = resolve("gelu")(x)
    error, segments = limit(values, values, 4)

    def minimax(start: int, end: int) -> float:
        part, wanted = x[start:end], values[start:end]
        ones = np.ones(end - start)
        rows = np.concatenate([np.stack([part, ones, -ones], 1), np.stack([-part, -ones, -ones], 1)])
        bounds = [(None, None), (None, None), (0, None)]
        return linprog([0, 0, 1], rows, np.concatenate([wanted, -wanted]), bounds=bounds).fun

    # Each segment keeps to it, and not one could be longer.
    for segment in segments:
        assert minimax(segment.start, segment.end) <= error * (1 + 1e-6)
    for segment in segments[:-1]:
        assert minimax(segment.start, segment.end + 1) > error * (1 - 1e-4)


def brute_force(target: Target, count: int, slope: str, bias: str, input_bits: int) -> float:
    """The least error of at most two segments, by trying all integers of the formats and all breakpoints."""
    m_format, b_format = parse_fixed(slope), parse_fixed(bias)
    u = np.arange(target.first, target.last + 1)
    m = np.arange(m_format.low, m_format.high + 1)[:, None, None]
    b = np.arange(b_format.low, b_format.high + 1)[None, :, None]
    bits = m_format.fraction_bits + input_bits
    drop = bits - target.output.fraction_bits
    v = m * u + (b << (bits - b_format.fraction_bits))
    y = np.clip(np.floor(v / 2.0**drop + 0.5), target.output.low, target.output.high)
    off = np.abs(y * target.step - target.values)
    before = np.maximum.accumulate(off, axis=2).min(axis=(0, 1))
    after = np.maximum.accumulate(off[:, :, ::-1], axis=2)[:, :, ::-1].min(axis=(0, 1))
    whole = before[-1]
    return min(whole, *np.maximum(before[:-1], after[1:])) if count == 2 else whole


CASES = [*itertools.product(("gelu", "tanh", "exp", "softplus"), (1, 2), (("q1.2", "q2.2"), ("q0.3", "q1.4")))]


@pytest.mark.parametrize(("name", "count", "formats"), CASES)
def test_small_widths_reach_what_brute_force_finds(name, count, formats):
    x_format = parse_fixed("q1.4")
    values = resolve(name)(np.arange(-32, 32) / 16)
    target = Target(-32, values, parse_fixed("q2.3"))
    solver = Solver(target, x_format, "none", *map(parse_fixed, formats))
    found = measure(target, solver.best(count, "free"), x_format)[0]
    best = brute_force(target, count, *formats, input_bits=4)
    assert found == pytest.approx(best, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_references_are_the_functions_of_an_arithmetic_of_many_digits(name):
    mp.mp.dps = 40

    def sigmoid(x):
        return 1 / (1 + mp.exp(-x))

    def softplus(x):
        return mp.log(1 + mp.exp(x))

    turn = mp.log(1 / mp.log(2), 2)
    exact = {
        "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
        "gelu_tanh": lambda x: x * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf(0.044715) * x**3))) / 2,
        "silu": lambda x: x * sigmoid(x), "sigmoid": sigmoid, "softplus": softplus,
        "mish": lambda x: x * mp.tanh(softplus(x)), "exp2": lambda x: 2**x, "reciprocal": lambda x: 1 / x,
        "rsqrt": lambda x: 1 / mp.sqrt(x), "log2": lambda x: mp.log(x, 2), "relu": lambda x: max(x, 0),
        "elu": lambda x: x if x > 0 else mp.expm1(x), "hardsigmoid": lambda x: min(max(x / 6 + 0.5, 0), 1),
        "hardswish": lambda x: x * min(max(x / 6 + 0.5, 0), 1),
        "ptsoftplus": lambda x: 2**x if x < turn else x + 1 / mp.log(2) - turn,
        "ptsilu": lambda x: -(2**x) if x < -1.791995 else 2 ** (-x - 1) + x - mp.mpf(0.228245),
    }.get(name) or getattr(mp, name)  # fmt: skip
    x = torch.linspace(-7.9, 7.9, 158, dtype=torch.float64)
    x = x[x > 0] if name in ("sqrt", "rsqrt", "log", "log2") else x[x.abs() > 1e-9]
    for at, value in zip(x.tolist(), FUNCTIONS[name].call(x).tolist(), strict=True):
        assert value == pytest.approx(float(exact(mp.mpf(at))), rel=1e-12, abs=1e-14)


def test_trained_in_functions_join_without_a_corner():
    for name, bend in (("ptsoftplus", math.log2(1 / math.log(2))), ("ptsilu", -1.791995)):
        x = torch.tensor([bend - 1e-6, bend - 1e-9, bend + 1e-9, bend + 1e-6], dtype=torch.float64)
        y = FUNCTIONS[name].call(x)
        assert abs(y[2] - y[1]) < 1e-6
        left, right = (y[1] - y[0]) / (x[1] - x[0]), (y[3] - y[2]) / (x[3] - x[2])
        assert abs(left - right) < 1e-5
        assert FUNCTIONS[name].trained_in


SYMMETRIES = {"gelu": ["relu"], "silu": ["relu"], "softplus": ["relu"], "sigmoid": ["point"], "tanh": ["odd", "point"],
              "erf": ["odd", "point"], "cos": ["even"], "exp": [], "mish": []}  # fmt: skip


@pytest.mark.parametrize("name", SYMMETRIES)
def test_symmetries_are_found_on_the_codes(name):
    values = resolve(name)(np.arange(-1024, 1024) / 128)
    assert Target(-1024, values, parse_fixed("q3.12")).symmetries(1 / 128) == SYMMETRIES[name]


@pytest.mark.parametrize("symmetry", ["none", "even", "odd", "point", "relu"])
@pytest.mark.parametrize("drop", [0, 3, -2])
def test_gates_hold_exactly_what_keeps_to_the_error(symmetry, drop):
    # Every P at every u, against the equations of the config through the golden model.
    from nervure.hw.activation.config import ActivationConfig

    name = {"none": "exp", "even": "cos", "odd": "tanh", "point": "sigmoid", "relu": "gelu"}[symmetry]
    y_format = parse_fixed(f"q3.{3 + 2 - drop}")
    target = Target(-8, resolve(name)(np.arange(-8, 8) / 4), y_format)
    error, centre = 0.3, 8
    gates = target.gates(error, symmetry, 3, 2, centre << 2)
    assert gates is not None
    first = target.sides(symmetry)[0]
    for u in range(first, first + len(gates[0])):
        for p in range(-70, 70):
            fields = {"slopes": (0,), "biases": (p,), "slope": "q0.3", "bias": "q5.5", "centre": centre << 2}
            config = ActivationConfig(domain="-2:2", input="q1.2", output=y_format.name, symmetry=symmetry, **fields)
            ends = [x for x in {u, u if symmetry == "none" else -u} if -8 <= x <= 7]
            y = activation(config, torch.tensor(ends))
            y = torch.where(y > y_format.high, y - (1 << y_format.width), y)
            off = [abs(int(v) * target.step - target.values[x + 8]) for v, x in zip(y, ends, strict=True)]
            assert (max(off) <= error) == (gates[0][u - first] <= p <= gates[1][u - first])


def test_cells_are_met_by_every_segment():
    ends = stops("pow2", (4, 1), -64, 63)
    assert ends[0] == 0 and ends[-1] == 128 and (np.diff(ends) > 0).all()
