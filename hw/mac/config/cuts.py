"""Where registers can stand between operands and result of a multiply-accumulate unit, and where a config puts them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import MacConfig

CUTS = [("aligned", 6), ("sum", 4), ("shifted", 7), ("counted", 7), ("decided", 3), ("result", 5)]
"""A float lane's places for registers, each with the delay of the segment before it: the stages, in ns, that
``scripts/fmax_mac.py`` prints for a bf16 lane at a latency of 8, less about 1 for the registers themselves. Only ratios
matter."""

MULTIPLY_CUTS = [("input", 0), ("unpacked", 5), ("product", 7)]
"""The places before the lanes."""

SPARE = "product"
"""The place that takes ranks beyond the number of places."""

RANKS = re.compile(r"([a-z_]+):([0-9]+)")


def cuts(config: MacConfig) -> list[tuple[str, int]]:
    """The places where registers can go, in order, each with the delay of the segment before it."""
    if all(mode.acc.is_integer for mode in config.modes):
        return [*MULTIPLY_CUTS, ("result", 5)]
    if config.product == "rounded":
        # The exponents of the second sum are compared after the product is rounded, not beside the multiplication.
        second = [(name, delay + 5 if name == "aligned" else delay) for name, delay in CUTS]
        return [*MULTIPLY_CUTS, *((f"product_{name}", delay) for name, delay in CUTS), *second]
    return [*MULTIPLY_CUTS, *CUTS]


def ranks_of(text: str, names: Sequence[str], latency: int) -> dict[str, int]:
    """Registers at each of the places of these names, as ``place:count,...`` says.

    Raises
    ------
    ValueError
        If the text is not of that form, a place is not there or stands twice, the last has no register (outputs are
        registered), or the counts do not add up to ``latency``.
    """
    ranks = dict.fromkeys(names, 0)
    for part in text.split(","):
        if not (found := RANKS.fullmatch(part)):
            raise ValueError(f"ranks must be place:count, joined by commas, not {part!r}")
        name, count = found[1], int(found[2])
        if name not in ranks:
            raise ValueError(f"ranks must name places among {', '.join(names)}, not {name}")
        if ranks[name] or not count:
            raise ValueError(f"ranks must give each place once and at least 1 register, not {part}")
        ranks[name] = count
    if not ranks[names[-1]]:
        raise ValueError(f"ranks must end with a register at {names[-1]}, not with {text}")
    if (total := sum(ranks.values())) != latency:
        raise ValueError(f"ranks must add up to latency={latency}, not to {total}")
    return ranks
