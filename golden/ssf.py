"""Sum-spikes-and-fire: a layer's counts of T steps from its sums, in one go."""

from __future__ import annotations

from torch import Tensor


def counts(potential: Tensor, threshold: Tensor | int, steps: int) -> Tensor:
    """``n' = clip(floor(V / theta), 0, T)``.

    Parameters
    ----------
    potential : int64 tensor
        V, the sum of weights times counts and T times the bias.
    threshold : int or int64 tensor that broadcasts
        theta, at least 1.
    steps : int
        T.

    Source: SparrowSNN, arXiv 2406.06543.
    """
    return potential.div(threshold, rounding_mode="floor").clamp(0, steps)
