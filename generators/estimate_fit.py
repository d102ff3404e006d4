"""Prices of a unit's parts from synthesis runs, and how far estimates are from runs that were not fitted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..hw.lib.cost import Structure
from .estimate import PRICES, depth_parts, estimate, fitted, structure_of
from .estimate_target import settled, shortest_shift
from .registry import get_unit

Run = dict[str, Any]

BARS = {"lut": (0.08, 0.20), "ff": (0.03, None)}
"""Most that median and 90th percentile of the relative errors may be."""
_SMALL = 20
"""LUTs below which an error is taken relative to this many, so that the smallest units do not decide."""
_ROUNDS, _FLOOR = 15, 0.03


def fit(unit: str, target: str, runs: Sequence[Run]) -> dict[str, Any]:
    """Prices, none negative, that make the sum of relative errors of these runs small.

    Least squares of ``(estimate - count) / count``, with weights that are repeated with the errors they leave, so that
    a run that is far off counts by its distance and not by the square of it.
    """
    structures = [settled(structure_of(config_of(run)), target)[0] for run in runs]
    shortest = shortest_shift(target)
    luts = np.array([run["lut"] - s.shift_registers(shortest) for s, run in zip(structures, runs, strict=True)])
    depths = np.array([run["depth"] for run in runs])
    return {
        "tool": runs[0]["tool"], "fitted": len(runs), "digests": sorted(config_of(run).digest for run in runs),
        "lut": _prices([s.logic for s in structures], luts, _SMALL),
        "depth": _prices([depth_parts(s) for s in structures], depths, 1),
        "largest": _largest(structures),
    }  # fmt: skip


def _prices(parts: Sequence[Mapping[str, float]], counts: np.ndarray, small: float) -> dict[str, float]:
    from sklearn.linear_model import LinearRegression

    names = sorted({name for row in parts for name in row})
    amounts = np.array([[row.get(name, 0) for name in names] for row in parts], float)
    scale = 1 / np.maximum(counts, small)
    weights, model = scale, LinearRegression(positive=True, fit_intercept=False)
    for _ in range(_ROUNDS):
        model.fit(amounts * weights[:, None], counts * weights)
        errors = np.abs(amounts @ model.coef_ - counts) * scale
        weights = scale / np.sqrt(np.maximum(errors, _FLOOR))
    return {name: round(float(value), 4) for name, value in zip(names, model.coef_, strict=True) if value > 0}


def _largest(structures: Sequence[Structure]) -> dict[str, float]:
    largest: dict[str, float] = {}
    for structure in structures:
        for name, amount in structure.logic.items():
            largest[name] = max(amount, largest.get(name, 0))
    return dict(sorted(largest.items()))


def config_of(run: Run) -> Any:
    """The config of a stored run."""
    return get_unit(run["unit"]).load("config")(**run["config"])


def errors(runs: Sequence[Run], target: str) -> dict[str, Any]:
    """Relative errors of estimates: median, 90th percentile, largest; of dsp and bram the share that is not exact."""
    pairs = [(estimate(config_of(run), target), run) for run in runs]
    found: dict[str, Any] = {"runs": len(runs)}
    for key in ("lut", "ff", "depth"):
        off = [abs(made[key] - run[key]) / max(run[key], 1) for made, run in pairs]
        found[key] = {"median": round(float(np.median(off)), 4), "p90": round(float(np.quantile(off, 0.9)), 4),
                      "largest": round(max(off), 4)}  # fmt: skip
    for key in ("dsp", "bram"):
        found[key] = {"wrong": round(sum(made[key] != run[key] for made, run in pairs) / len(pairs), 4)}
    return found


def missed(found: Mapping[str, Any]) -> list[str]:
    """A sentence for every bar that errors miss."""
    sentences = []
    for key, bars in BARS.items():
        for name, bar in zip(("median", "p90"), bars, strict=True):
            if bar is not None and found[key][name] > bar:
                sentences.append(f"{name} of {key} must be at most {bar:.0%}, not {found[key][name]:.1%}")
    sentences += [f"{key} must be exact, not wrong in {found[key]['wrong']:.1%}" for key in ("dsp", "bram")
                  if found[key]["wrong"]]  # fmt: skip
    return sentences


def store(unit: str, target: str, prices: Mapping[str, Any], folder: Path = PRICES) -> None:
    """Writes the prices of a target beside those of the unit's others."""
    path = folder / f"{unit}.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    folder.mkdir(exist_ok=True)
    path.write_text(json.dumps(known | {target: prices}, indent=1, sort_keys=True) + "\n")
    fitted.cache_clear()
