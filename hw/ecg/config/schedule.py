"""Which element works on which neuron, and how many cycles that makes of a beat.

A neuron takes an element one cycle for each weight that is read (one where it has none), and in a hidden layer at least
``count_width`` cycles after another neuron, for as long lasts the comparison that makes a count of its sum (in ``if`` a
spike takes one). Neurons are given out longest first, each to the element that has least to do by then; an element
takes its own by their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

FILL = 2
"""Cycles of a layer beside those of its weights and its comparison: the way of the last weight into its sum."""


def reads(row: Sequence[int], coding: str) -> int:
    """Cycles that a neuron's weights take: ``dense`` reads all, other codings those that are not 0."""
    return len(row) if coding == "dense" else max(1, sum(weight != 0 for weight in row))


def share(costs: Sequence[int], pes: int) -> tuple[tuple[int, ...], ...]:
    """For each of ``pes`` elements the numbers of its neurons, rising; longest first to the least busy element."""
    found: list[list[int]] = [[] for _ in range(pes)]
    busy = [0] * pes
    for neuron in sorted(range(len(costs)), key=lambda j: (-costs[j], j)):
        least = min(range(pes), key=lambda e: (busy[e], e))
        found[least].append(neuron)
        busy[least] += costs[neuron]
    return tuple(tuple(sorted(neurons)) for neurons in found)


def comparison(config: Any, layer: int) -> int:
    """Cycles in which an EcgConfig's element makes of a sum what the next layer takes, or compares it with others."""
    return config.moved_width if layer < config.num_layers - 1 else 1


def shares(config: Any) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """For each layer of an EcgConfig, the neurons of each element."""
    return tuple(share([max(reads(row, config.coding), comparison(config, layer)) for row in rows], config.pes)
                 for layer, rows in enumerate(config.weights))  # fmt: skip


def passes(config: Any) -> int:
    """How often an EcgConfig's weights are read for a beat: once, or in ``if`` in each of the T steps."""
    return 1 if config.neuron == "ssf" else config.steps


def weight_cycles(config: Any) -> tuple[int, ...]:
    """For each layer (once) the cycles in which the busiest element reads weights, or waits for its comparison."""
    found = []
    for layer, (rows, elements) in enumerate(zip(config.weights, shares(config), strict=True)):
        least = comparison(config, layer)
        found.append(max(
            sum(max(reads(rows[j], config.coding), least if place else 1) for place, j in enumerate(neurons))
            for neurons in elements
        ))  # fmt: skip
    return tuple(found)


def overhead(config: Any) -> int:
    """Cycles of a beat in which no element reads a weight: ``(layers - 1)(count_width + 2) + 5 + elements``.

    In each hidden layer the last sum and its comparison; then the last sum, and one cycle for each element that has a
    class; one to start and one to show. In ``if`` ``T * 3 * layers + 2 + elements``: three in each layer of each step.
    """
    judged = sum(1 for neurons in shares(config)[-1] if neurons)
    layers = sum(comparison(config, layer) + FILL for layer in range(config.num_layers))
    return passes(config) * layers + 2 + judged


def latency(config: Any) -> int:
    """Cycles from taking a beat to its class: those of the weights, and :func:`overhead`. The same for all beats."""
    return passes(config) * sum(weight_cycles(config)) + overhead(config)
