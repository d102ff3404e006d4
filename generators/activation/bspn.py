"""From a wish to a bit-shifting power norm: trained weights to shifts, presets, fields, and what ``show`` derives."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...hw.activation.config.bspn import BspnConfig, ceil_log2
from ...hw.config import ConfigError


def shift_weights(w: Sequence[float], phi: Sequence[float] | float, eps: float = 1e-5) -> dict[str, list[int]]:
    """Trained weights as the config's ``exponents`` and ``signs``: ``sgn(w) 2^round(log2(|w| / sqrt(phi + eps)))``.

    Parameters
    ----------
    w : sequence of float
        Weights, one for each place of a group.
    phi : sequence of float, or float
        Running statistic of each place, or of all.
    eps : float

    Raises
    ------
    ConfigError
        If ``phi + eps`` is not positive.

    The logarithm is rounded by comparing ``w^2`` with ``(phi + eps) 2^(2 e + 1)`` as fractions.
    """
    exponents, signs = [], []
    statistics = [phi] * len(w) if isinstance(phi, int | float) else list(phi)
    if len(statistics) != len(w):
        raise ConfigError(f"phi must be {len(w)}, one for each weight, not {len(statistics)}")
    for weight, statistic in zip(w, statistics, strict=True):
        below = Fraction(repr(float(statistic))) + Fraction(repr(eps))
        if below <= 0:
            raise ConfigError(f"phi + eps must be above 0, not {float(below)}")
        number = Fraction(repr(float(weight)))
        signs.append((number > 0) - (number < 0))
        # round(log2 r) is the least e with log2 r < e + 1/2, that is r^2 < 2^(2e + 1).
        square = number * number / below
        exponents.append(-(-(ceil_log2(square) - 1) // 2) if number else 0)
    return {"exponents": exponents, "signs": signs}


def _trained(count: int) -> dict[str, Any]:
    """Constants such as training leaves: weights around 1 of both signs, a few zeros, small biases."""
    w = [0.0 if k % 29 == 28 else (-1) ** (k // 3) * (0.2 + 0.07 * (k * 11 % 32)) for k in range(count)]
    return {**shift_weights(w, [0.5 + 0.05 * (k * 7 % 19) for k in range(count)]),
            "biases": [(k * 5 % 17) - 8 for k in range(count)]}  # fmt: skip


PRESETS: dict[str, dict[str, Any]] = {
    "group": {"input": "q3.4", "group": 64, "lanes": 8, **_trained(64)},
    "uneven": {"input": "q3.4", "group": 50, "lanes": 4, "output": "q5.10", **_trained(50)},
    "running": {"input": "q3.4", "group": 64, "lanes": 8, "psi": 0.8, **_trained(64)},
}
"""Config fields by preset name."""


def fields(config: BspnConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    shape = [config.lanes] if config.lanes > 1 else []
    formats = {"x": config.input, "e": f"int{config.exponent_width}", "sign": "uint1", "zero": "uint1",
               "y": config.output}  # fmt: skip
    return {name: {"format": fmt, "shape": shape} for name, fmt in formats.items()}


def timing(config: BspnConfig) -> dict[str, int | None]:
    """Latency where it is the same for all beats; else the cycles after which nothing more comes out."""
    from ...hw.activation.bspn import latency
    from ...hw.activation.rows import capacity

    if config.psi is not None:
        return {"latency_cycles": latency(config), "initiation_interval": 1}
    drain = latency(config) + config.latency + capacity(config.beats)
    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": drain}


def derive(config: BspnConfig) -> dict[str, Any]:
    """What follows from the config: cycles, scales, width of y, where the pipeline registers lie."""
    from ...hw.activation.bspn import CUTS, SPARE, latency
    from ...hw.lib.pipeline import place

    start = "each beat to its results" if config.psi is not None else "last beat to first results"
    return {
        "kind": "trained-in: networks are trained with it; it approximates no other norm",
        "beats_of_group": config.beats, f"cycles_from_{start.replace(' ', '_')}": latency(config),
        "cycles_per_group": config.beats,
        "scale_exponents": list(config.scales), "weight_exponents": list(config.weights),
        "result_exponents": list(config.results),
        "y_width": config.magnitude_width + 1, "y_fraction_bits": config.fraction_bits,
        "registers": place(CUTS, config.latency, spare=SPARE),
    }  # fmt: skip


def formula(config: BspnConfig) -> str:
    """What the unit computes, in a few words."""
    psi = "mean |x|" if config.psi is None else f"{config.psi:g}"
    return f"2^round(log2 |w' x / 2^ceil(log2({psi} + {config.eps:g})) + b|), groups of {config.group}"
