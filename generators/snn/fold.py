"""Folding: how many channels and parts of the input each layer works out at once, by arithmetic.

A layer takes ``rows * columns * ceil(synapses / (8 kappa)) * ceil(channels / omega)`` cycles of a time step, or its
line buffer's walk where that is longer. Layers work at the same time, so that a frame takes as long as the slowest, or
as long as its tokens come in. More cycles allow more foldings, so the least number of cycles with a folding in the
budget is found by bisection over the cycles that foldings have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...hw.config import ConfigError
from ...hw.snn.config import SnnConfig
from ...hw.snn.config.layer import WEIGHTED
from .cost import RESOURCES, cost, fixed, options

LUT_OF = np.array([100.0, 1.0, 300.0])
"""What a DSP slice, a LUT and a block RAM count where the budget does not say."""
FRONT = 3000
"""Most sums of foldings that are looked at, layer after layer; the rest is passed over, the dearest first."""


@dataclass(frozen=True)
class Budget:
    """What may be used, and what must be reached; None sets no bound.

    Parameters
    ----------
    dsp, lut, bram : int or None
        DSP slices, LUT6, block RAMs of 36 kbit.
    frames_per_second : float or None
        At ``clock`` Hz; then the cheapest folding that is fast enough is chosen, not the fastest that fits.
    clock : float
        Hz.
    adders : str
        Of the neuron cores: ``dsp`` or ``lut``.
    """

    dsp: int | None = None
    lut: int | None = None
    bram: int | None = None
    frames_per_second: float | None = None
    clock: float = 200e6
    adders: str = "dsp"

    @property
    def bounds(self) -> np.ndarray:
        """Of DSPs, LUTs, block RAMs; infinite where there is none."""
        return np.array([np.inf if (bound := getattr(self, key)) is None else bound for key in RESOURCES])


def fold(network: SnnConfig, budget: Budget | None = None) -> SnnConfig:
    """The network with omega and kappa of every layer with weights: the fastest that fits the budget, or, with frames
    per second, the cheapest that reaches them.

    Raises
    ------
    ConfigError
        If no folding fits, or none is fast enough; the sentence says the nearest that would do.
    """
    asked = budget or Budget()
    _sound(asked)
    tables = {layer.name: options(layer, network.facts[layer.name], network, asked.adders)
              for layer in network.layers if layer.kind in WEIGHTED}  # fmt: skip
    if not tables:
        return network
    base = fixed(network)
    # What no folding makes faster: tokens in, layers without weights, and every layer's own fastest.
    rest = [network.facts[layer.name].cycles for layer in network.layers if layer.name not in tables]
    least = max(network.tokens, *rest, *(int(rows[:, 2].min()) for rows in tables.values()))
    limits = np.unique(np.concatenate([np.maximum(rows[:, 2], least) for rows in tables.values()]))
    if asked.frames_per_second is not None:
        slowest = asked.clock / (asked.frames_per_second * network.passes)
        limits = limits[limits <= slowest][-1:]
        if not len(limits):
            raise ConfigError(f"frames_per_second must be at most {asked.clock / (least * network.passes):.6g} at "
                              f"{asked.clock:g} Hz, not {asked.frames_per_second:.6g}: with all at once a step "
                              f"takes {least} cycles")  # fmt: skip
    best = _within(tables, int(limits[-1]), base, asked.bounds)
    if best is None:
        raise ConfigError(_nearest(tables, int(limits[-1]), base, asked, network))
    low, high = 0, len(limits) - 1
    while low < high:
        middle = (low + high) // 2
        found = _within(tables, int(limits[middle]), base, asked.bounds)
        if found is None:
            low = middle + 1
        else:
            best, high = found, middle
    return folded(network, {name: (int(row[0]), int(row[1])) for name, row in best.items()})


def folded(network: SnnConfig, foldings: Mapping[str, tuple[int, int]]) -> SnnConfig:
    """The network with these (omega, kappa) of the layers named."""
    layers = []
    for layer in network.layers:
        omega, kappa = foldings.get(layer.name, (layer.omega, layer.kappa))
        layers.append(layer.model_copy(update={"omega": omega, "kappa": kappa}))
    return SnnConfig(**{key: getattr(network, key) for key in SnnConfig.model_fields} | {"layers": tuple(layers)})


def used(network: SnnConfig, adders: str = "dsp") -> dict[str, int]:
    """DSPs, LUTs and block RAMs of a network as it is folded."""
    total = fixed(network)
    for layer in network.layers:
        if layer.kind in WEIGHTED:
            one = np.array([layer.omega]), np.array([layer.kappa])
            total = total + cost(layer, network.facts[layer.name], network, *one, adders)[0, 3:]
    return dict(zip(RESOURCES, total.tolist(), strict=True))


def _within(tables: Mapping[str, np.ndarray], limit: int, base: np.ndarray,
            bounds: np.ndarray) -> dict[str, np.ndarray] | None:  # fmt: skip
    """A folding of at most so many cycles that fits, the cheapest of those looked at, or None if there is none."""
    rows = {name: table[table[:, 2] <= limit] for name, table in tables.items()}
    floor = base + sum(row[:, 3:].min(0) for row in rows.values())
    if (floor > bounds).any():
        return None
    bounded = np.isfinite(bounds)
    # Prices of what is scarce, then of all; the first that fits, if any does.
    for scarce in (1.0, 0.1, 10.0, 100.0, 1000.0, *range(3)):
        price = LUT_OF * np.where(bounded, scarce, 1.0) if isinstance(scarce, float) else \
            LUT_OF * 1e-6 + np.eye(3)[scarce]  # fmt: skip
        chosen = {name: row[np.argmin(row[:, 3:] @ price)] for name, row in rows.items()}
        if (base + sum(row[3:] for row in chosen.values()) <= bounds).all():
            return chosen
    if bounded.sum() < 2:
        return None
    front = _front(rows, base, bounds)
    if not len(front[0]):
        return None
    at = int(np.argmin(front[0] @ LUT_OF))
    return {name: rows[name][k] for name, k in zip(rows, front[1][at], strict=True)}


def _front(rows: Mapping[str, np.ndarray], base: np.ndarray, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums of one folding of each layer that none beats in what is bounded, and which foldings they are."""
    kept = np.isfinite(bounds)
    sums, which = base[None].astype(float), np.zeros((1, 0), np.int64)
    rest = [row[:, 3:].min(0) for row in rows.values()]
    for number, row in enumerate(rows.values()):
        mine = _unbeaten(row[:, 3:].astype(float), kept)
        total = (sums[:, None] + row[mine, 3:][None]).reshape(-1, 3)
        places = np.concatenate([np.repeat(which, len(mine), 0), np.tile(mine, len(which))[:, None]], 1)
        # What is left takes at least the least.
        fits = (total + sum(rest[number + 1 :], np.zeros(3)) <= bounds).all(1)
        total, places = total[fits], places[fits]
        front = _unbeaten(total, kept)
        sums, which = total[front], places[front]
    return sums, which


def _unbeaten(sums: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Numbers of the rows that no other row is below or equal to in all kept columns; the first of equal ones."""
    order = np.lexsort((sums @ LUT_OF, *sums[:, kept].T))
    found: list[int] = []
    front = np.empty((0, int(kept.sum())))
    for number in order:
        row = sums[number, kept]
        if not len(front) or not (front <= row).all(1).any():
            found.append(int(number))
            front = np.vstack([front, row])
            if len(found) >= FRONT:
                break
    return np.array(found, np.int64)


def _nearest(tables: Mapping[str, np.ndarray], limit: int, base: np.ndarray, asked: Budget, network: SnnConfig) -> str:
    """The sentence about a budget that no folding meets: the one that would do and is beyond it by the least share."""
    bounds = asked.bounds
    within = {name: table[table[:, 2] <= limit] for name, table in tables.items()}
    wide = np.where(np.isfinite(bounds), 1e18, np.inf)
    sums, _ = _front(within, base, wide)
    share = (sums / np.maximum(bounds, 1)).max(1)
    nearest = sums[np.argmin(share)].astype(int)
    rows = [row for row in zip(RESOURCES, nearest, bounds, strict=True) if np.isfinite(row[2])]
    wanted = [f"{key} = {need}" for key, need, _ in rows]
    given = [f"{key} = {int(bound)}" for key, _, bound in rows]
    rate = asked.clock / (limit * network.passes)
    return (f"budget must be at least {', '.join(wanted)} (the nearest that would do, at {rate:.6g} frames/s and "
            f"{asked.clock:g} Hz), not {', '.join(given)}")  # fmt: skip


def _sound(budget: Budget) -> None:
    for key in RESOURCES:
        bound = getattr(budget, key)
        if bound is not None and bound < 0:
            raise ConfigError(f"{key} must be at least 0, not {bound}")
    for key in ("clock", "frames_per_second"):
        value = getattr(budget, key)
        if value is not None and not 0 < value < float("inf"):
            raise ConfigError(f"{key} must be a positive number, not {value}")
    if budget.adders not in ("dsp", "lut"):
        raise ConfigError(f"adders must be dsp or lut, not {budget.adders!r}")
