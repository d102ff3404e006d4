"""From a wish to a softmax: its tables, the bound of every probability, manifest fields, and what ``show`` derives."""

from __future__ import annotations

from typing import Any

from ...hw.activation.config.softmax import LOG2E, PLACES, STEPS, SoftmaxConfig
from .uniform import lines, values, wished

PRESETS: dict[str, dict[str, Any]] = {
    "attention": {"lanes": 8, "length": 512},
    "attention_online": {"lanes": 8, "length": 512, "method": "online"},
    "logits": {"input": "q7.0", "lanes": 4, "length": 50, "exp_segments": 8, "sum_segments": 8},
}
"""Config fields by preset name, from which the solver makes the rest."""

SOLVED = ("exp_slopes", "exp_biases", "sum_slopes", "sum_biases")
"""Fields that a solver fills."""

ASKED = {"exp_segments": False, "sum_segments": False}
"""Fields that decide what it fills them with."""


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a config (:func:`.uniform.wished`)."""
    return wished(SoftmaxConfig, fields, SOLVED, solved)


def solved(made: SoftmaxConfig) -> dict[str, Any]:
    """Both tables."""
    import torch

    exp = lines(lambda f: torch.exp2(-f), "exp2_of_minus", 0, STEPS, made.exp_segments)
    half = 2.0 ** -(PLACES + 1)
    reciprocal = lines(lambda g: 1 / (1 + g + half), "reciprocal_of_1_plus", 0, PLACES, made.sum_segments)
    return {"exp_slopes": exp[0], "exp_biases": exp[1],
            "sum_slopes": reciprocal[0], "sum_biases": reciprocal[1]}  # fmt: skip


def bound(config: SoftmaxConfig) -> dict[str, float]:
    """How far a probability may be from the real p: ``|y / 2^Fy - p| <= relative * p + absolute``, for every row.

    With the largest relative errors of the tables, over every code, N numbers of the longest row and L units that S
    loses at most (two_pass: N; online: N + beats + 2)::

        exp  = max |E(f) 2^(f / 2^G) / 2^B - 1|
        sum  = max |Q(g) (1 + h) / 2^B - 1|      h at both ends of g / 2^H .. (g + 1) / 2^H
        tau  = 2^-(G+1) + (largest d that counts) * |K / 2^C - log2 e|          error of t, as an exponent of two
        eta  = (1 + exp) 2^tau - 1                                              of e, but for what is cut off
        relative = max((1 + eta)(1 + sum) / (1 - eta - L 2^-u) - 1,  1 - (1 - eta)(1 - sum) / (1 + eta))
        absolute = 2^-(Fy+1) + 3 * 2^-k0 (1 + sum) + (2^-Fy if y cannot be 1)

    e loses less than ``2^-A``, and less than ``2^(k - k0)`` of S again before the product; S, of a row whose largest
    number is 1, is at least ``2^u``, u = A, or A - 1 online.
    """
    import numpy as np

    f = np.arange(1 << STEPS) / 2.0**STEPS
    exp = float(np.abs(values(config.exp_table) * 2.0**f - 1).max())
    reciprocal, g = values(config.sum_table), np.arange(1 << PLACES)
    of_sum = max(float(np.abs(reciprocal * (1 + (g + end) / 2.0**PLACES) - 1).max()) for end in (0, 1))
    counts = (config.one + 2) * np.log(2.0)
    farthest = min(counts, 2.0 ** (config.input_format.integer_bits + 1)) if not config.online else (
        2.0 ** (config.input_format.integer_bits + 1))  # fmt: skip
    factor = abs(config.factor / 2.0**config.factor_bits - LOG2E / 2.0**52)
    tau = 2.0 ** -(STEPS + 1) + farthest * factor
    eta = (1 + exp) * 2.0**tau - 1
    lost = (config.elements + (config.beats + 2 if config.online else 0)) * 2.0 ** -(config.one - config.online)
    over = (1 + eta) * (1 + of_sum) / (1 - eta - lost) - 1
    under = 1 - (1 - eta) * (1 - of_sum) / (1 + eta)
    out = config.output_format
    absolute = 2.0 ** -(out.fraction_bits + 1) + 3 * 2.0**-config.lowest * (1 + of_sum)
    absolute += 2.0**-out.fraction_bits if out.integer_bits == 0 else 0.0
    return {"relative": float(max(over, under)), "absolute": absolute, "exp_table": exp, "sum_table": of_sum}


def certificate(config: SoftmaxConfig) -> dict[str, Any]:
    """The certificate: the bound of a probability, as a share of it and beyond, and at 1, where it is largest."""
    found = bound(config)
    return {"max_error": found["relative"] + found["absolute"], "bound": found,
            "stored_segments": config.exp_segments + config.sum_segments}  # fmt: skip


def fields(config: SoftmaxConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    shape = [config.lanes] if config.lanes > 1 else []
    formats = {"x": config.input, "on": "uint1", "y": config.output}
    ends = {name: {"format": "uint1", "shape": []} for name in ("last", "end")}
    return {**{name: {"format": fmt, "shape": shape} for name, fmt in formats.items()}, **ends}


def timing(config: SoftmaxConfig) -> dict[str, int | None]:
    """No latency or initiation interval that is the same for all beats; cycles after which nothing more comes out."""
    from ...hw.activation.softmax import drain

    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": drain(config)}


def derive(config: SoftmaxConfig) -> dict[str, Any]:
    """What follows from the config: cycles, widths, the bound."""
    from ...hw.activation.softmax import latency

    found = bound(config)
    return {
        "beats_of_longest_row": config.beats,
        "cycles_from_last_to_first_probability": "beats of the row + 18" if not config.online else latency(config, 1),
        "cycles_per_row": "its beats",
        "sum_width": config.sum_width,
        "exp_width": config.one + 1,
        "bound": f"{found['relative']:.3g} p + {found['absolute']:.3g}",
    }


def formula(config: SoftmaxConfig) -> str:
    """What the unit computes, in a few words."""
    return f"softmax({config.input}) to {config.output}, rows of up to {config.length}, {config.method}"
