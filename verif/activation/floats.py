"""Floats in the evidence for the unit `activation`: codes near numbers, corner codes, and features of their own."""

from __future__ import annotations

import numpy as np
import torch

from ...golden import exact
from ...golden.activation import above, activation, held, inputs, operand, results, total
from ...hw.activation.config import ActivationConfig
from ...hw.activation.config.formats import parse_domain

FLOAT_FEATURES: dict[str, str] = {
    "nan": "x is NaN",
    "infinite": "x is an infinity, which is held to an end of the domain",
    "subnormal": "x is a subnormal number",
    "beyond_below": "x is below the domain",
    "beyond_above": "x is above the domain",
    "passed": "x is above the domain and gives itself",
    "negative_zero": "x is -0",
    "between": "x lies between two integers of the grid",
    "between_half_way": "x lies half-way between two integers of the grid",
    "lost": "x is not zero, but the grid's integer is",
    "inexact": "the sum is no number of the float output",
    "sum_half_way": "the sum lies half-way between two numbers of the float output",
    "sum_zero": "the sum is zero, which gives +0",
    "negative": "y is negative",
    "subnormal_result": "y is a subnormal number",
    "overflow": "the sum is beyond the largest number of the float output",
}
"""Feature name to what it means, where x or y is a float."""


def float_hits(config: ActivationConfig, codes: np.ndarray) -> dict[str, int]:
    """How often each of :data:`FLOAT_FEATURES` is shown."""
    given = torch.from_numpy(codes.astype(np.int64))
    x, nan = operand(config, given)
    found: dict[str, torch.Tensor] = {}
    if (fmt := config.float_input) is not None:
        real = exact.decode(given, fmt)
        field = (given >> fmt.mantissa_width) & ((1 << fmt.exponent_width) - 1)
        found |= {"nan": real.nan, "infinite": real.inf, "subnormal": (field == 0) & (real.mantissa != 0),
                  "negative_zero": real.zero & real.sign}  # fmt: skip
        numbers, (low, high) = exact.to_float64(real), (float(end) for end in parse_domain(config.domain))
        found |= {"beyond_below": numbers < low, "beyond_above": numbers > high, "passed": above(config, given)}
        if config.form == "table":
            return {key: int(hit.sum()) for key, hit in found.items()}
        steps = torch.ldexp(exact.to_float64(real), torch.tensor(config.input_format.fraction_bits))
        inside = (steps >= config.codes[0]) & (steps <= config.codes[1])
        apart = (steps - steps.floor()).nan_to_num(0)
        found |= {"between": inside & (apart != 0), "between_half_way": inside & (apart == 0.5),
                  "lost": (steps != 0) & (x == 0) & ~nan}  # fmt: skip
    if (fmt := config.float_output) is not None and config.form != "table":
        y = activation(config, given)
        v = total(config, held(config, x))
        exactly = torch.ldexp(v.to(torch.float64), torch.tensor(-config.fraction_bits))
        number, size = results(config, y), y & (fmt.sign_bit - 1)
        neighbours = [results(config, (size + step).clamp(0, fmt.max_finite)) for step in (-1, 1)]
        half = torch.zeros_like(nan)
        for other in neighbours:
            half |= (number.abs() != other) & (exactly.abs() * 2 == number.abs() + other)
        largest = results(config, torch.tensor(fmt.max_finite))
        shown = {
            "inexact": number != exactly, "sum_half_way": half, "sum_zero": v == 0, "negative": number < 0,
            "subnormal_result": (size > 0) & (size < 1 << fmt.mantissa_width), "overflow": exactly.abs() > largest,
        }  # fmt: skip
        found |= {key: hit & ~nan for key, hit in shown.items()}
    return {key: int(hit.sum()) for key, hit in found.items()}


def near(config: ActivationConfig, numbers: np.ndarray) -> np.ndarray:
    """Codes of x at or just above numbers (inside the domain)."""
    codes, x = (each.numpy() for each in inputs(config))
    return codes[np.clip(np.searchsorted(x, numbers), 0, len(x) - 1)]


def corner_codes(config: ActivationConfig, integers: np.ndarray) -> np.ndarray:
    """Codes of x at which something begins or ends: those around integers of the grid, and the format's own."""
    fmt = config.float_input
    assert fmt is not None
    lsb = float(config.input_format.lsb)
    around = np.concatenate([near(config, (integers + off) * lsb) for off in (-0.5, 0.0, 0.5)])
    limits = [0, 1, (1 << fmt.mantissa_width) - 1, 1 << fmt.mantissa_width, fmt.max_finite]
    limits += [fmt.canonical_nan] if fmt.has_nan else []
    limits += [fmt.infinity, fmt.infinity | 1] if fmt.has_inf else []
    found = {int(code) & (fmt.sign_bit - 1) for code in [*around, *around + 1, *around - 1, *limits]}
    return np.array(sorted(found | {code | fmt.sign_bit for code in found}), np.int64)
