"""SNN or QNN: the share of steps that may spike before spikes cost more than the numbers they stand for.

A layer whose neurons spike at a rate, over T time steps, is compared with its quantised twin: the same weights, and
activations of as many bits as counts up to T need. Source: "Reconsidering the energy efficiency of spiking neural
networks", arXiv 2409.08290. Its equations are not all printed; this is a reconstruction that meets its break-even
rates to 0.06 percentage points, but neither its claim for T = 10 (3.9 % here) nor its rows of other reuse factors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..hw.config import ConfigError
from ..verif.energy import CONSTANTS


@dataclass(frozen=True)
class Costs:
    """What the model charges, in pJ.

    Parameters
    ----------
    sparse_move : float
        An event, by a hop.
    dense_move : float
        A bit of an activation that moves in its place in a dense stream, by a hop.
    weight_bit : float
        A bit of weight, read.
    accumulate : float
        An addition to a membrane.
    multiply : float
        A multiply-accumulate times the share of activations that are not 0.
    """

    sparse_move: float = CONSTANTS["sparse_move_bit_hops"].pj
    dense_move: float = CONSTANTS["dense_move_bit_hops"].pj
    weight_bit: float = CONSTANTS["memory_read_bits"].pj
    accumulate: float = CONSTANTS["accumulate"].pj
    multiply: float = 0.0162  # fitted to the paper's figures, as weight_bit is


PUBLISHED = Costs()


def activation_bits(steps: int) -> int:
    """Bits of the twin's activations: ``b = ceil(log2(T + 1))``."""
    return steps.bit_length()


def qnn_energy(steps: int, bits: int, *, hops: float = 1, costs: Costs = PUBLISHED) -> float:
    """Energy of a synapse of the quantised twin for one frame, in pJ.

    ``E_QNN = b * hops * dense_move + bits * weight_bit + multiply`` with ``b`` of :func:`activation_bits`.

    Parameters
    ----------
    steps : int
        Time steps T of the spiking layer, at least 1.
    bits : int
        Bits of a weight, at least 1.
    hops : float
        Links that an activation crosses, above 0.
    costs : Costs

    Raises
    ------
    ConfigError
        If an argument is out of its range.
    """
    _check(steps, bits, hops)
    return activation_bits(steps) * hops * costs.dense_move + bits * costs.weight_bit + costs.multiply


def snn_energy(steps: int, bits: int, rate: float, *, hops: float = 1, costs: Costs = PUBLISHED) -> float:
    """Energy of a synapse of the spiking layer for one frame, in pJ: the cheaper of two ways to move spikes.

    ``E_SNN = min(T * s * (hops * sparse_move + bits * weight_bit + accumulate),
    T * (hops * dense_move + bits * weight_bit + s * accumulate))``: each spike as an event, or each step as a bit.

    Parameters
    ----------
    rate : float
        Spikes for each neuron and step, s, in [0, 1].
    steps, bits, hops, costs
        As for :func:`qnn_energy`.

    Raises
    ------
    ConfigError
        If an argument is out of its range.
    """
    _check(steps, bits, hops)
    if not 0 <= rate <= 1:
        raise ConfigError(f"rate must be at least 0 and at most 1, not {rate:g}")
    read = bits * costs.weight_bit
    sparse = rate * (hops * costs.sparse_move + read + costs.accumulate)
    return steps * min(sparse, hops * costs.dense_move + read + rate * costs.accumulate)


def roots(steps: int, bits: int, *, hops: float = 1, costs: Costs = PUBLISHED) -> tuple[float, float]:
    """The rates at which each way of :func:`snn_energy` takes what the twin takes: by events, and by dense steps.

    A rate below 0 says that this way costs more however few spikes there are; one above 1, less however many.

    Raises
    ------
    ConfigError
        If an argument is out of its range.
    """
    twin, read = qnn_energy(steps, bits, hops=hops, costs=costs), bits * costs.weight_bit
    return (
        twin / (steps * (hops * costs.sparse_move + read + costs.accumulate)),
        (twin / steps - hops * costs.dense_move - read) / costs.accumulate,
    )


def break_even(steps: int, bits: int, *, hops: float = 1, costs: Costs = PUBLISHED) -> float:
    """The spike rate below which the spiking layer takes less energy than its quantised twin.

    The larger of :func:`roots`, since the cheaper way is taken. With the published costs and one hop: 6.40 % at T = 5
    and 8-bit weights, 5.74 % at T = 5 and 4-bit weights.

    Raises
    ------
    ConfigError
        If an argument is out of its range.
    """
    return max(roots(steps, bits, hops=hops, costs=costs))


def _check(steps: int, bits: int, hops: float) -> None:
    for name, value in (("steps", steps), ("bits", bits)):
        if value < 1:
            raise ConfigError(f"{name} must be at least 1, not {value}")
    if not 0 < hops < math.inf:
        raise ConfigError(f"hops must be a number above 0, not {hops:g}")
