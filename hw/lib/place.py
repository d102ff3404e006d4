"""Which cuts of a datapath carry its registers, for a wanted latency; loads nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise


def place(cuts: Sequence[tuple[str, int]], latency: int, spare: str) -> dict[str, int]:
    """Registers at each cut so that the longest combinational segment is as short as it can be.

    Parameters
    ----------
    cuts : sequence of (str, int)
        Names of the cuts in order, each with the delay (any unit) of the segment before it. The last always carries a
        register, so that outputs are registered.
    latency : int
        Number of registers on every path.
    spare : str
        The cut that takes the registers left over when there are more than cuts.

    Returns
    -------
    dict
        Cut name to number of registers; the values add up to ``latency``.
    """
    names = [name for name, _ in cuts]
    last = len(cuts) - 1
    chosen = min(latency, len(cuts))

    def segments(kept: tuple[int, ...]) -> list[int]:
        # Longest first; a tie in the longest is decided by the next, so that slack is spread evenly.
        edges = (-1, *kept, last)
        return sorted((sum(delay for _, delay in cuts[i + 1 : j + 1]) for i, j in pairwise(edges)),
                      reverse=True)  # fmt: skip

    kept = min(combinations(range(last), chosen - 1), key=segments)
    ranks = {name: int(index in kept or index == last) for index, name in enumerate(names)}
    ranks[spare] += latency - chosen
    return ranks


def longest(cuts: Sequence[tuple[str, int]], ranks: Mapping[str, int]) -> int:
    """Delay of the longest stage between these registers."""
    stages, stage = [], 0
    for name, delay in cuts:
        stage += delay
        if ranks[name]:
            stages.append(stage)
            stage = 0
    return max(stages)
