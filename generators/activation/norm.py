"""From a wish to a layer norm or RMS norm: its table, the bound of every result, fields, and what ``show`` derives."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ...hw.activation.config.norm import PLACES, NormConfig
from .uniform import lines, values, wished


def _trained(count: int) -> dict[str, Any]:
    """Constants such as training leaves: factors around 1 of both signs, small sums."""
    return {"gammas": [(-1) ** (k // 7) * (9000 + 611 * (k * 13 % 32)) for k in range(count)],
            "betas": [(k * 37 % 401) - 200 for k in range(count)]}  # fmt: skip


PRESETS: dict[str, dict[str, Any]] = {
    "layer": {"elements": 64, "lanes": 8, **_trained(64)},
    "rms": {"kind": "rms", "elements": 768, "lanes": 16, "output": "q5.10"},
    "uneven": {"elements": 50, "lanes": 4, "input": "q3.4", "output": "q3.8", "segments": 16},
}
"""Config fields by preset name, from which the solver makes the rest."""

SOLVED = ("slopes", "biases")
"""Fields that a solver fills."""

ASKED = {"segments": False}
"""Fields that decide what it fills them with."""


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a config (:func:`.uniform.wished`)."""
    return wished(NormConfig, fields, SOLVED, solved)


def solved(made: NormConfig) -> dict[str, Any]:
    """The table."""
    import torch

    half = 2.0 ** -(PLACES + 1)

    def root(u: Any) -> Any:
        odd = u >= 1
        return 1 / torch.sqrt((1 + u - odd.to(u.dtype) + half) * torch.where(odd, 2.0, 1.0).to(u.dtype))

    slopes, biases = lines(root, "reciprocal_root", 1, PLACES, made.segments)
    return {"slopes": slopes, "biases": biases}


def bound(config: NormConfig) -> dict[str, float]:
    """How far a result may be from the real one: ``|y - w| <= relative |w - beta| + absolute``, for every row.

    w is the real function, times gamma, plus beta, held to the output's numbers; with::

        root = max |R(u) sqrt(v) / 2^B - 1|      v at both ends of what u stands for, over every code
        eps  = |E - X| / (2 (4^J + lesser of E and X))     X = N^2 eps 4^(Fx + J); where c is not 0, T - E >= 4^J
        relative = (1 + root)(1 + eps) - 1
        absolute = 2^-(Fy+1), with constants also max |gamma| 2^-(P+1)
    """
    import numpy as np

    u = np.arange(2 << PLACES)
    odd = u >> PLACES
    r = values(config.root_table)
    root = max(float(np.abs(r * np.sqrt((1 + (u - (odd << PLACES) + end) / 2.0**PLACES) * (1 + odd)) - 1).max())
               for end in (0, 1))  # fmt: skip
    exact = config.epsilon * 4**config.fine
    eps = float(abs(config.added - exact) / (2 * (4**config.fine + min(exact, Fraction(config.added)))))
    absolute = 2.0 ** -(config.output_format.fraction_bits + 1)
    if config.scaled:
        largest = max(abs(config.constants(k)[0]) for k in range(config.elements))
        absolute += largest * float(config.gamma_format.lsb) * 2.0 ** -(config.places + 1)
    return {"relative": (1 + root) * (1 + eps) - 1, "absolute": absolute, "root_table": root}


def certificate(config: NormConfig) -> dict[str, Any]:
    """The certificate: the bound of a result, as a share of it and beyond, and where it is largest."""
    found, fmt = bound(config), config.output_format
    largest = -fmt.low * float(fmt.lsb)
    return {"max_error": found["relative"] * largest + found["absolute"], "bound": found,
            "stored_segments": config.segments}  # fmt: skip


def fields(config: NormConfig) -> dict[str, dict[str, Any]]:
    """Format and shape of each payload field."""
    shape = [config.lanes] if config.lanes > 1 else []
    return {"x": {"format": config.input, "shape": shape}, "y": {"format": config.output, "shape": shape}}


def timing(config: NormConfig) -> dict[str, int | None]:
    """No latency or initiation interval that is the same for all beats; cycles after which nothing more comes out."""
    from ...hw.activation.norm import RANKS, latency
    from ...hw.activation.rows import capacity

    drain = latency(config) + 2 + capacity(config.beats, RANKS + 1)
    return {"latency_cycles": None, "initiation_interval": None, "drain_cycles": drain}


def derive(config: NormConfig) -> dict[str, Any]:
    """What follows from the config: cycles, widths, the bound."""
    from ...hw.activation.norm import latency

    found = bound(config)
    return {
        "beats_of_row": config.beats,
        "cycles_from_last_to_first_result": latency(config),
        "cycles_per_row": config.beats,
        "total_width": config.total_width,
        "product": f"{config.centred_width} x 18",
        "bound": f"{found['relative']:.3g} |y| + {found['absolute']:.3g}",
    }


def formula(config: NormConfig) -> str:
    """What the unit computes, in a few words."""
    what = "(x - mean) / sqrt(variance + eps)" if config.kind == "layer" else "x / sqrt(mean x^2 + eps)"
    return f"{what}{' * gamma + beta' if config.scaled else ''}, rows of {config.elements}"
