"""What a manifest and a report say about the error of an activation unit."""

from __future__ import annotations

from typing import Any

from ...hw.activation.config import ActivationConfig

NOTHING = 1e-9
"""A limit below this is that of a function made of so few lines, or of so few codes: there is no ratio to it."""


def certificate(config: ActivationConfig) -> dict[str, Any]:
    """The certificate: ``{max_error, limit, ratio, worst_input, segments, stored_segments}``.

    The limit is that of real numbers throughout. Rounding the result may gain up to half a step on it, and holding the
    result to the output's numbers bends a line for free, as coming onto a grid does: a ratio may be less than 1.

    Lines behind a float have ``{sum_error, sum_ratio}`` too: of the sum before it is rounded. ``max_error`` counts the
    rounding, which at the largest results may be many times the limit.

    ``worst_input`` is x as a number, ``segments`` counts those of the whole domain (a fold stores half of them) and
    ``jump`` is the largest step between neighbouring segments, in steps of the output, where they were asked to meet.
    """
    found: dict[str, Any] = {
        "max_error": config.reached, "limit": config.limit,
        "ratio": config.reached / config.limit if config.limit > NOTHING else None,
        "worst_input": _number(config, config.worst_input),
        "segments": None, "stored_segments": None,
    }  # fmt: skip
    if config.form != "table":
        found |= {"segments": whole(config), "stored_segments": len(config.slopes)}
    if config.sum_error is not None:
        found |= {"sum_error": config.sum_error,
                  "sum_ratio": config.sum_error / config.limit if config.limit > NOTHING else None}  # fmt: skip
    if config.continuous:
        found["jump"] = jump(config)
    return found


def _number(config: ActivationConfig, code: int) -> float:
    """What a code of x is worth."""
    if config.float_input is None:
        return code * float(config.input_format.lsb)
    import torch

    from ...golden import exact

    return float(exact.to_float64(exact.decode(torch.tensor(code), config.float_input)))


def whole(config: ActivationConfig) -> int:
    """Segments of the whole domain: those on either side of a fold."""
    if config.symmetry == "none":
        return len(config.slopes)
    low, high = config.codes
    positive, negative = (sum(b <= end for b in config.breakpoints) + 1 for end in (high, -low))
    # An odd or even line through zero goes on there.
    through = config.symmetry == "odd" and config.biases[0] == 0
    return positive + negative - through


def jump(config: ActivationConfig) -> float:
    """The largest difference of neighbouring segments where the second begins, in steps of the output."""
    shift = config.fraction_bits - config.bias_format.fraction_bits
    values = [
        abs((config.slopes[k] - config.slopes[k + 1]) * u + ((config.biases[k] - config.biases[k + 1]) << shift))
        for k, u in enumerate(config.breakpoints)
    ]
    return max(values, default=0) / 2.0 ** (config.fraction_bits - config.output_format.fraction_bits)
