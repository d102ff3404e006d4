"""The mathematics of a neuron's time step, on integers."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ...hw.snn.config.neuron import Neuron


@dataclass
class State:
    """What a neuron keeps between steps, int64 tensors of one shape: membrane v, current i, reset that waits r, steps
    of silence left l."""

    membrane: Tensor
    current: Tensor
    waiting: Tensor
    silent: Tensor

    @classmethod
    def zeros(cls, shape: torch.Size | tuple[int, ...]) -> State:
        """The state at the start."""
        return cls(*(torch.zeros(shape, dtype=torch.int64) for _ in range(4)))


def step(law: Neuron, theta: Tensor, state: State, x: Tensor) -> tuple[Tensor, State]:
    """Spikes and the state after one step, by the equations of :class:`~nervure.hw.snn.config.neuron.Neuron`.

    Parameters
    ----------
    law : Neuron
    theta : int64 tensor
        Thresholds, of a shape that broadcasts to x's.
    state : State
    x : int64 tensor
        What drives the neurons, in units of the membrane.
    """
    v, i = state.membrane, state.current
    drive = x
    if law.current != "absent":
        i = held(leaked(i, law.current, law.current_shift, law.current_multiplier) + x, law.current_width, law.overflow)
        drive = i if law.current_order == "new" else state.current
    start = v
    if law.reset_delay and law.reset == "value":
        start = torch.where(state.waiting > 0, law.reset_value, v)
    u = leaked(start, law.leak, law.leak_shift, law.leak_multiplier) + drive
    if law.reset_delay and law.reset == "subtract":
        u = u - ((state.waiting * theta) >> law.levels)
    u = held(u, law.membrane_width, law.overflow)
    seen = u
    if law.rearm:
        seen = u - theta * (v > theta if law.compare == ">" else v >= theta)
    spikes, silent = fired(law, theta, seen), state.silent
    if law.refractory:
        spikes, u = torch.where(silent == 0, spikes, 0), torch.where(silent == 0, u, v)
        silent = torch.where(spikes > 0, law.refractory, (silent - 1).clamp(min=0))
    if law.reset_delay or law.reset == "none":
        after = u
    elif law.reset == "subtract":
        after = u - ((spikes * theta) >> law.levels)
    else:
        after = torch.where(spikes > 0, law.reset_value, u)
    if law.floor == "threshold":
        after = after.maximum(-theta)
    return spikes, State(after, i, spikes if law.reset_delay else state.waiting, silent)


def leaked(v: Tensor, leak: str, shift: int, multiplier: int) -> Tensor:
    """``L(v)``, rounded down."""
    if leak == "shift":
        return v - (v >> shift)
    # |v| < 2^47 and the multiplier at most 2^16: exact in 64 bits.
    return (v * multiplier) >> shift if leak == "multiplier" else v


def held(u: Tensor, width: int, overflow: str) -> Tensor:
    """``O(u)``: clamped to two's complement of that width, or modulo ``2^width``."""
    half = 1 << (width - 1)
    return u.clamp(-half, half - 1) if overflow == "saturate" else (u + half) % (2 * half) - half


def fired(law: Neuron, theta: Tensor, u: Tensor) -> Tensor:
    """``Q(u)``: how many spikes, or the level times 2^K.

    Both sides of every comparison are multiplied until they are integers; of log's, both are squared: u over
    ``2^(q - 3/2) * theta / 2^K`` is ``u^2 * 2^(2K + 3 - 2q)`` over ``theta^2``.
    """
    if not law.levels and law.max_spikes == 1:
        return (u > theta if law.compare == ">" else u >= theta).to(torch.int64)
    if not law.levels:
        # The k of 1..max_spikes with u > k * theta are those up to ceil(u / theta) - 1.
        most = -(-u).div(theta, rounding_mode="floor") - 1 if law.compare == ">" else \
            u.div(theta, rounding_mode="floor")  # fmt: skip
        return most.clamp(0, law.max_spikes)
    spikes = torch.zeros_like(u)
    top = u.clamp(0, 1 << 40).minimum(theta)
    for q in range(1, law.levels + 2):
        level = 1 << (q - 1)
        if law.rounding == "log":
            # At most theta counts, so squares stay below 2^63 for thresholds below 2^24.
            reached = _log(top, theta, 2 * law.levels + 3 - 2 * q)
        else:
            # In halves: floor asks for the level, nearest for the middle between it and the one below.
            below = 0 if q == 1 else level // 2
            wanted = (2 * level if law.rounding == "floor" else level + below) * theta
            have = (2 * u) << law.levels
            reached = have > wanted if law.compare == ">" else have >= wanted
        spikes = torch.where(reached, level, spikes)
    return spikes


def _log(u: Tensor, theta: Tensor, power: int) -> Tensor:
    """``u^2 * 2^power > theta^2``; never equal, since the power is odd and theta is not 0."""
    return (u * u) << power > theta * theta
