"""What a unit will cost, from its config alone: no tool runs, no circuit is built.

Each unit states beside its config what it is made of (:class:`nervure.hw.lib.cost.Structure`). Registers and blocks are
counted; LUTs and depth are sums of its parts with prices, none negative, that ``scripts/fit_estimates.py`` fitted to
synthesis runs. Prices, and how far estimates were from runs that were not fitted, lie in ``estimates/<unit>.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..hw.config import Config, ConfigError
from ..hw.lib.cost import Structure
from ..hw.lookup import unknown
from .estimate_target import TARGETS, blocks, settled, shortest_shift
from .registry import get_unit, load

COSTS: dict[str, str] = {
    "mac": "nervure.hw.mac.config.cost:structure",
    "pow2round": "nervure.hw.activation.config.pow2round_cost:structure",
    "activation": "nervure.hw.activation.config.cost:structure",
}
"""By unit: the function that says what a config is made of."""

CLASSES = ((4, "A"), (8, "B"), (12, "C"), (16, "D"))
"""Classes of Fmax, by the most cells on the longest path."""
SLOWEST = "E"
NULL = ("luts", "carry", "uram", "mux", "cells", "area")
"""Keys of a synthesis report that are not estimated."""
PRICES = Path(__file__).with_name("estimates")


def estimate(config: Config, target: str = "xcup") -> dict[str, Any]:
    """The keys of :meth:`nervure.generators.flow.synth.SynthReport.to_dict` in default mode, estimated; None where not.

    Parameters
    ----------
    config : Config
    target : str
        One that the unit was fitted for.

    Returns
    -------
    dict
        Beside those keys:

        - ``latency_cycles``, ``initiation_interval``: as in the manifest;
        - ``fmax_class``: A to E, at most 4, 8, 12, 16, or more cells on the longest path, by the estimated ``depth =
          p0 + s (p1 + p2 L + p3 C) + p4 C + p5 R``, with prices p, the longest stage s in the units by which registers
          are placed, levels L = floor(log2 w) + 1 and carry cells C = w / 4 of its widest word of w bits, and R rows of
          a product without a block: a rank among configs of one unit, not a frequency;
        - ``energy_proxy = (lut + ff) * initiation_interval``: cell outputs that can switch for a beat, which compares
          configs on one target; what multiplier blocks and memories take is not in it, and no activity is;
        - ``error``: how far estimates were from ``runs`` that were not fitted, relative to these; of ``dsp`` and
          ``bram`` the share that was not exact;
        - ``outside``: the parts of which it has more than any that was fitted, so that ``error`` may not hold.

    Raises
    ------
    ConfigError
        If the unit has no cost model, the model does not reach this config, or none was fitted for that target.
    """
    modelled(config.unit, target)
    prices = fitted(config.unit, target)
    structure, memories = settled(structure_of(config), target)
    shortest = shortest_shift(target)
    lut = round(price(prices["lut"], structure.logic)) + structure.shift_registers(shortest)
    ff = structure.flip_flops(shortest)
    depth = round(price(prices["depth"], depth_parts(structure)))
    timing = get_unit(config.unit).load("generator").timing(config)
    interval = timing["initiation_interval"]
    return {
        "target": target, "mode": "default", "lut": lut, **dict.fromkeys(NULL), "ff": ff,
        "dsp": blocks(target, structure.products), "bram": memories, "depth": depth,
        "tool": f"estimate fitted to {prices['tool']}", **timing,
        "fmax_class": next((name for most, name in CLASSES if depth <= most), SLOWEST),
        "energy_proxy": None if interval is None else (lut + ff) * interval, "error": prices["error"],
        "outside": sorted(name for name, amount in structure.logic.items() if amount > prices["largest"].get(name, 0)),
    }  # fmt: skip


def modelled(unit: str, target: str) -> None:
    """Refuses a unit without a cost model, or a target that it was not fitted for: before a config is made.

    Raises
    ------
    ConfigError
        In one sentence.
    """
    if get_unit(unit).name not in COSTS:
        raise ConfigError(f"estimate requires a unit with a cost model ({', '.join(COSTS)}), not {unit}")
    fitted(unit, target)


def structure_of(config: Config) -> Structure:
    """What a unit of :data:`COSTS` is made of.

    Raises
    ------
    ConfigError
        If its model does not reach this config.
    """
    return load(COSTS[config.unit])(config)


def price(prices: Mapping[str, float], amounts: Mapping[str, float]) -> float:
    """``sum of price * amount``; amounts without a price cost nothing."""
    return sum(prices.get(name, 0.0) * amount for name, amount in amounts.items())


def depth_parts(structure: Structure) -> dict[str, float]:
    """What the longest path is made of: see :func:`estimate`; Yosys' carry cells have 4 bits."""
    stage, levels, carries = structure.stage, structure.widest.bit_length(), structure.widest / 4
    return {
        "ends": 1, "stage": stage, "stage by levels": stage * levels, "carries": carries,
        "stage by carries": stage * carries, "rows": structure.rows,
    }  # fmt: skip


@lru_cache(maxsize=64)
def fitted(unit: str, target: str) -> dict[str, Any]:
    """The prices of a unit's parts on a target, and their errors.

    Raises
    ------
    ConfigError
        If that target is none, or nothing was fitted for it.
    """
    if target not in TARGETS:
        raise ConfigError(unknown("target", target, TARGETS))
    found = json.loads((PRICES / f"{unit}.json").read_text())
    if target not in found:
        raise ConfigError(f"target must be one that {unit} was fitted for ({', '.join(found)}), not {target}")
    return found[target]
