"""Evidence for the unit `activation`: features, golden outputs, coverage (stimulus, claims in rooms of their own)."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from ...golden.activation import activation, held, operand, signed, total, value
from ...golden.activation.reload import reload, tables
from ...golden.exact import decode, to_float64
from ...hw.activation.config import ActivationConfig
from ..artifact import Artifact
from .claims import claims
from .floats import FLOAT_FEATURES, float_hits
from .stimulus import KINDS, Vectors, exhaustive, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus"]  # fmt: skip

FEATURES: dict[str, str] = {
    "least_segment": "x in the segment that has fewest",
    "least_breakpoint": "u at the breakpoint that has fewest",
    "least_before_breakpoint": "u just before the breakpoint that has fewest",
    "below_domain": "x below the domain",
    "above_domain": "x above the domain",
    "first_code": "x at the first code of the domain",
    "last_code": "x at the last code of the domain",
    "saturated_low": "the sum is below the output's numbers",
    "saturated_high": "the sum is above the output's numbers",
    "tie": "the sum is half-way between two of the output",
    "folded": "x is on the side that is not stored",
    "most_negative": "x is the lowest code, whose magnitude no positive code has",
    **FLOAT_FEATURES,
    "load": "a beat brings a segment",
    "load_beyond": "a beat brings a segment to a full table",
    "swap": "a full table takes the other's place",
    "swap_at_once": "with the beat of its last segment",
    "early_swap": "a table that is not full is dropped",
    "load_in_flight": "a segment comes within the latency after a swap, as the old table's last beats leave",
    "reloaded": "a beat is answered by a table that was loaded",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""

_RELOADS = [name for name in FEATURES if "load" in name or "swap" in name]


def config_of(artifact: Artifact) -> ActivationConfig:
    """The config that the artefact was made from."""
    return ActivationConfig(**artifact.manifest["config"])


def features(config: ActivationConfig) -> dict[str, str]:
    """The features that some input of this config shows."""
    shown = set(_possible(config.to_json()))
    if config.form == "reload":
        shown -= {"saturated_low", "saturated_high", "tie"}
        shown |= set(_RELOADS)
        if config.latency == 1:
            shown.remove("load_in_flight")
    return {key: FEATURES[key] for key in FEATURES if key in shown}


@lru_cache(maxsize=64)
def _possible(text: str) -> frozenset[str]:
    """What all codes of x show under the own table of a config, given as JSON."""
    fields = json.loads(text)
    del fields["unit"]
    config = ActivationConfig(**fields)
    codes = np.arange(1 << config.input_width, dtype=np.uint64)
    return frozenset(key for key, count in _of_x(config, codes).items() if count)


def ends(config: ActivationConfig, inputs: Vectors) -> np.ndarray | None:
    """Where tables are loaded each beat answers itself, but none can be started in the middle; else None: a unit that
    keeps nothing from beat to beat."""
    return np.arange(len(inputs["x"])) if config.form == "reload" else None


def expect(config: ActivationConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    given = {key: torch.from_numpy(np.ascontiguousarray(codes).astype(np.int64)) for key, codes in inputs.items()}
    if config.form != "reload":
        return {"y": activation(config, given["x"]).numpy().astype(np.uint64)}
    return {"y": reload(config, **given).numpy().astype(np.uint64)}


def describe(config: ActivationConfig, field: str, code: Any) -> Any:
    """A code as its number, ``0x3000 (3.0)``."""
    code = int(code)
    formats = {"x": config.input_format, "y": config.output_format, "slope": config.slope_format,
               "bias": config.bias_format}  # fmt: skip
    if field in ("load", "swap"):
        return f"{code}"
    if (real := {"x": config.float_input, "y": config.float_output}.get(field)) is not None:
        return f"0x{code:0{(real.width + 3) // 4}x} ({float(to_float64(decode(torch.tensor(code), real)))})"
    fmt = formats.get(field, config.input_format)
    width = fmt.width if field in formats else config.knot_width
    number = int(signed(torch.tensor(code), width, fmt.signed if field in formats else config.first < 0))
    return f"0x{code:0{(width + 3) // 4}x} ({float(number * fmt.lsb)})"


def operations(config: ActivationConfig) -> dict[str, int]:
    """Arithmetic operations per beat: a read of the table, or comparisons, a read of the line, product and sum."""
    if config.form == "table":
        return {f"memory_{config.output_width}_bits": config.output_width}
    width = config.slope_format.width + config.bias_format.width
    found = {f"multiply_{max(config.slope_format.width, config.knot_width)}": 1, "memory_line_bits": width}
    found[f"add_{config.slope_format.width + config.knot_width}"] = 1 + (config.symmetry != "none")
    for name, fmt in (("onto_grid", config.float_input), ("round", config.float_output)):
        if fmt is not None:
            found[f"{name}_{fmt.name}"] = 1
    if config.knots == "free" and len(config.slopes) > 1:
        found[f"compare_{config.knot_width}"] = (len(config.slopes) - 1).bit_length()
    return found


def coverage(config: ActivationConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    hits = _of_x(config, inputs["x"])
    if config.form == "reload":
        hits |= _of_reloads(config, inputs)
    return {key: hits.get(key, 0) for key in features(config)}


def _of_x(config: ActivationConfig, codes: np.ndarray) -> dict[str, int]:
    """Hits of the features that x alone shows."""
    x, nan = operand(config, torch.from_numpy(codes.astype(np.int64)))
    low, high = config.codes
    found = {
        "below_domain": x < low, "above_domain": x > high, "first_code": x == low, "last_code": x == high,
        "most_negative": (x == config.input_format.low) & config.input_format.signed,
    }  # fmt: skip
    if config.float_input is not None and config.form == "table":
        found = {}  # its entries are those of codes
    hits = {key: int((hit & ~nan).sum()) for key, hit in found.items()}
    if config.float_input is not None or config.float_output is not None:
        hits |= float_hits(config, codes)
    x = held(config, x)[~nan]
    if config.form == "table":
        return hits
    u = x if config.symmetry == "none" else x.abs()
    k = torch.searchsorted(torch.tensor(config.breakpoints, dtype=torch.int64), u, right=True)
    hits["least_segment"] = int(torch.bincount(k, minlength=len(config.slopes)).min())
    if config.breakpoints:
        for name, step in (("least_breakpoint", 0), ("least_before_breakpoint", 1)):
            hits[name] = min(int((u == at - step).sum()) for at in config.breakpoints)
    if config.symmetry != "none":
        hits["folded"] = int((x < 0).sum())
    if config.float_output is not None:
        return hits
    v = total(config, x)
    drop = config.fraction_bits - config.output_format.fraction_bits
    ends = config.output_format.low, config.output_format.high
    if drop > 0:
        hits["tie"] = int((v & ((1 << drop) - 1) == 1 << (drop - 1)).sum())
    y = value(config, x)
    rounded = v << -drop if drop <= 0 else (v + (1 << (drop - 1))) >> drop
    hits["saturated_low"] = int(((rounded < ends[0]) & (y == ends[0])).sum())
    hits["saturated_high"] = int(((rounded > ends[1]) & (y == ends[1])).sum())
    return hits


def _of_reloads(config: ActivationConfig, inputs: Vectors) -> dict[str, int]:
    """Hits of the features that loads and swaps show."""
    given = {key: torch.from_numpy(codes.astype(np.int64)) for key, codes in inputs.items() if key != "x"}
    begins = [begin for begin, _ in tables(config, **given)[1:]]
    load, swap = inputs["load"].astype(bool), inputs["swap"].astype(bool)
    before = np.cumsum(load)
    swaps = np.flatnonzero(swap)
    since = np.diff(before[swaps], prepend=0)
    segments, full = len(config.slopes), set(begins)
    done = [at for at in swaps if at + 1 in full]
    return {
        "load": int(load.sum()), "swap": len(begins), "early_swap": len(swaps) - len(begins),
        "load_beyond": int((since > segments).sum()), "swap_at_once": sum(bool(load[at]) for at in done),
        "load_in_flight": int(sum(load[at + 1 : at + config.latency].any() for at in done)),
        "reloaded": len(load) - begins[0] if begins else 0,
    }  # fmt: skip
