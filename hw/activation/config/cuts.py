"""Where registers can stand between x and y of an activation unit."""

from __future__ import annotations

from ..entries import signs
from . import ActivationConfig

BEFORE = [("aligned", 6), ("grid", 5)]
"""Cuts on the way onto the grid, each with the delay of the segment before it."""
BEHIND = [("magnitude", 3), ("fitted", 7), ("result", 4)]
"""Cuts on the way from the sum to the code."""


def cuts(config: ActivationConfig) -> list[tuple[str, int]]:
    """The places where registers can go, in order, each with the delay of the segment before it."""
    if config.form == "table":
        return [("input", 0), ("entry", 4)]
    whole = config.codes == (config.input_format.low, config.input_format.high)
    found = [("input", 0), *(BEFORE if config.float_input is not None else [])]
    if config.symmetry != "none" or (config.form == "reload" and not whole):
        found.append(("folded", 4))
    if config.knots == "free":
        found += [(f"level{level}", 4) for level in reversed(range((len(config.slopes) - 1).bit_length()))]
    elif config.knots == "pow2":
        found.append(("cell", 3))
    return [*found, ("line", 2 if signs(config) and config.form == "reload" else 1), ("product", 8),
            *([("result", 6)] if config.float_output is None else [("sum", 6), *BEHIND])]  # fmt: skip


def spare(config: ActivationConfig) -> str:
    """The cut that takes the registers left over."""
    return "entry" if config.form == "table" else "product"
