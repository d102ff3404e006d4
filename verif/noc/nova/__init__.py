"""Evidence for vector units on the network: features, golden outputs, coverage (stimulus, claims in their rooms)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ....golden.activation import signed
from ....golden.noc.nova import nova
from ....hw.noc.config.nova import NovaConfig
from ...artifact import Artifact
from .claims import claims
from .stimulus import KINDS, Vectors, exhaustive, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "exhaustive", "expect", "features",
           "operations", "stimulus"]  # fmt: skip

FEATURES: dict[str, str] = {
    "least_segment": "x in the segment that has fewest, over all tables",
    "least_lane": "the lane that saw fewest pairs saw the pair it saw least",
    "below_domain": "x below the domain of its table",
    "above_domain": "x above the domain of its table",
    "folded": "x is on the side that is not stored",
    "one_pair": "all lanes of several need the same pair",
    "all_differ": "two lanes or more, and no two of them need the same pair",
    "switch": "a beat of another table than the beat before it",
    "single": "a beat of another table than the beats on either side of it",
    "beyond": "a table that is not there",
    "back": "a table that is there, after one that is not",
}
"""Feature name to what it means; which apply depends on the config (:func:`features`)."""


def config_of(artifact: Artifact) -> NovaConfig:
    """The config that the artefact was made from."""
    return NovaConfig(**artifact.manifest["config"])


def features(config: NovaConfig) -> dict[str, str]:
    """The features that some input of this config shows."""
    off = set()
    fmt, tables = config.input_format, config.tables
    if all(table.codes[0] == fmt.low for table in tables):
        off.add("below_domain")
    if all(table.codes[1] == fmt.high for table in tables):
        off.add("above_domain")
    if not any(table.symmetry != "none" and table.codes[0] < 0 for table in tables):
        off.add("folded")
    if config.width == 1:
        off |= {"one_pair", "all_differ"}
    if config.width > config.count or config.width > 4:
        off.add("all_differ")
    if config.width > 8:
        off.add("one_pair")
    if len(tables) == 1:
        off |= {"switch", "single"}
    return {key: text for key, text in FEATURES.items() if key not in off}


def expect(config: NovaConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs."""
    given = {key: torch.from_numpy(np.ascontiguousarray(codes).astype(np.int64)) for key, codes in inputs.items()}
    return {key: codes.numpy().astype(np.uint64) for key, codes in nova(config, **given).items()}


def describe(config: NovaConfig, field: str, code: Any) -> str:
    """A code as its number, ``0x3000 (3.0)``."""
    fmt = {"x": config.input_format, "y": config.output_format}.get(field)
    if fmt is None:
        return str(int(code))
    number = int(signed(torch.tensor(int(code)), fmt.width, fmt.signed))
    return f"0x{int(code):0{(fmt.width + 3) // 4}x} ({float(number * fmt.lsb)})"


def operations(config: NovaConfig) -> dict[str, int]:
    """Arithmetic operations per beat, all lanes: comparisons, a line of the table, product and sum."""
    some, lanes = config.tables[0], config.width
    width = some.slope_format.width + some.bias_format.width
    folds = any(symmetry != "none" for symmetry in config.symmetries)
    found = {f"multiply_{max(some.slope_format.width, config.input_format.width)}": lanes,
             f"add_{some.slope_format.width + config.input_format.width}": lanes * (1 + folds),
             "line_bits": config.count * width}  # fmt: skip
    if config.count > 1:
        asked = (config.count - 1).bit_length() if config.breakpoints == "local" else config.count
        found[f"compare_{config.input_format.width}"] = lanes * asked
    return found


def coverage(config: NovaConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit (zero where it was not)."""
    fmt, tables = config.input_format, config.tables
    x = signed(torch.from_numpy(inputs["x"].astype(np.int64)), fmt.width, fmt.signed)
    number = torch.from_numpy(inputs["table"].astype(np.int64))
    held = number.clamp(max=len(tables) - 1)
    segment = torch.zeros_like(x)
    seen, lanes = [], []
    hits = dict.fromkeys(FEATURES, 0)
    for at, table in enumerate(tables):
        mine = x[held == at]
        low, high = table.codes
        inside = mine.clamp(low, high)
        u = inside if table.symmetry == "none" else inside.abs()
        k = torch.searchsorted(torch.tensor(table.breakpoints, dtype=torch.int64), u.contiguous(), right=True)
        segment[held == at] = k
        seen.append(int(torch.bincount(k.reshape(-1), minlength=len(table.slopes)).min()))
        lanes += [int(torch.bincount(k[:, lane], minlength=len(table.slopes)).min()) for lane in range(config.width)]
        hits["below_domain"] += int((mine < low).sum())
        hits["above_domain"] += int((mine > high).sum())
        hits["folded"] += int((inside < 0).sum()) if table.symmetry != "none" else 0
    order = segment.sort(1).values
    differ = (order[:, 1:] != order[:, :-1]).all(1) if config.width > 1 else torch.zeros(0)
    there = number < len(tables)
    changes = held[1:] != held[:-1]
    hits |= {
        "least_segment": min(seen), "least_lane": min(lanes), "one_pair": int((order[:, 0] == order[:, -1]).sum()),
        "all_differ": int(differ.sum()), "switch": int(changes.sum()),
        "single": int((changes[1:] & changes[:-1]).sum()),
        "beyond": int((~there).sum()), "back": int((there[1:] & ~there[:-1]).sum()),
    }  # fmt: skip
    return {key: hits[key] for key in features(config)}
