"""Evidence for the accumulator: features, golden outputs, coverage (stimulus and claims in rooms of their own)."""

from __future__ import annotations

import numpy as np
import torch

from ....golden import exact
from ....golden.mac.accumulate import accumulate, sums
from ....hw.mac.config.accumulate import AccumulateConfig
from ...artifact import Artifact
from .claims import claims
from .stimulus import KINDS, Vectors, stimulus

__all__ = ["FEATURES", "KINDS", "claims", "config_of", "coverage", "describe", "ends", "exhaustive", "expect",
           "features", "operations", "stimulus"]  # fmt: skip

FEATURES: dict[str, str] = {
    "single_beat": "a sum of one beat",
    "fewer_beats": "a sum of fewer beats than there are partial sums",
    "uneven": "a sum whose partial sums are of different numbers of beats",
    "long": "a sum of at least eight beats for each partial sum",
    "short_after_short": "two sums in a row, each of fewer beats than there are partial sums",
    "clear_at_start": "clear where a sum would start anyway",
    "dropped": "a sum that clear cuts off",
    "dropped_long": "a sum that clear cuts off when all partial sums are under way",
    "clear_and_last": "a beat with both clear and last",
    "zero": "a sum that is zero, of several beats",
    "negative_zero": "a sum that is -0",
    "inexact": "a sum that is not the exact one",
    "subnormal": "a sum that is subnormal",
    "infinite": "a sum that is infinite",
    "nan": "a sum that is NaN",
    "largest": "a sum that is the largest or the lowest finite number",
    "integer_overflow": "the exact integer sum does not fit the accumulator",
}
"""Feature name to what it means; which apply depends on the formats (:func:`features`)."""


def config_of(artifact: Artifact) -> AccumulateConfig:
    """The config that the artefact was made from."""
    return AccumulateConfig(**artifact.manifest["config"])


def features(config: AccumulateConfig) -> dict[str, str]:
    """The features that the unit can show."""
    a, b, acc = config.a_format, config.b_format, config.acc_format
    wanted = set(list(FEATURES)[:10])
    if acc.is_integer:
        # Sums of the stimulus are not long enough to leave 32 bits.
        wanted |= {"integer_overflow"} if a.width + b.width > acc.width - 4 else set()
        return {key: FEATURES[key] for key in FEATURES if key in wanted}
    # Exact sums of few narrow products need no rounding: all are multiples of the last place of the least product.
    finest = sum(0 if fmt.is_integer else fmt.min_exponent - fmt.mantissa_width for fmt in (a, b))
    if a.max_exponent + b.max_exponent + 2 + 8 - finest > acc.significand_width:
        wanted.add("inexact")
    if a.is_signed or b.is_signed:
        wanted.add("negative_zero")
    if any(fmt.has_nan for fmt in (a, b)):
        wanted.add("nan")
    overflows = a.max_exponent + b.max_exponent > acc.max_exponent
    if any(fmt.has_inf for fmt in (a, b)) or overflows:
        if config.overflow == "saturate":
            wanted.add("largest")
        elif acc.has_inf:
            wanted.add("infinite")
    if finest < acc.min_exponent and not config.flush:
        wanted.add("subnormal")
    return {key: FEATURES[key] for key in FEATURES if key in wanted}


def _tensors(vectors: Vectors) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(np.ascontiguousarray(codes).astype(np.int64)) for key, codes in vectors.items()}


def ends(config: AccumulateConfig, inputs: Vectors) -> np.ndarray:
    """The beats that complete one that comes out: those with ``last``."""
    return np.flatnonzero(inputs["last"])


def expect(config: AccumulateConfig, inputs: Vectors) -> Vectors:
    """The golden model's outputs: one for each beat with ``last``."""
    return {"y": accumulate(config, **_tensors(inputs)).numpy().astype(np.uint64)}


def describe(config: AccumulateConfig, field: str, code: int) -> str:
    """A code as its value, ``0x3f80 (1.0)``."""
    if field in ("clear", "last"):
        return str(int(code))
    fmt = {"a": config.a_format, "b": config.b_format, "y": config.acc_format}[field]
    number = exact.to_float64(exact.decode(torch.tensor(int(code)), fmt)).item()
    return f"0x{int(code):0{(fmt.width + 3) // 4}x} ({int(number) if fmt.is_integer else repr(number)})"


def operations(config: AccumulateConfig) -> dict[str, int]:
    """Arithmetic operations per beat, on each lane; those at the end of a sum are not counted."""
    rows, columns = config.grid
    a, b = config.a_format.significand_width, config.b_format.significand_width
    return {f"multiply_{a}x{b}": rows * columns, f"add_{config.acc_format.name}": rows * columns}


def exhaustive(config: AccumulateConfig) -> None:
    """There are too many streams to run all."""


def coverage(config: AccumulateConfig, inputs: Vectors, outputs: Vectors) -> dict[str, int]:
    """How often each feature that applies was hit, numbers on any lane (zero where it was not)."""
    k, acc = config.partials, config.acc_format
    clear, last = (inputs[name].astype(bool) for name in ("clear", "last"))
    starts = clear | np.concatenate([[True], last[:-1]])
    begins = np.flatnonzero(starts)
    length = np.diff(begins, append=len(starts))
    finished = last[begins + length - 1]
    after = np.concatenate([[False], last[:-1]])
    short = (length < k) & finished
    codes = torch.from_numpy(outputs["y"].astype(np.int64))
    y = exact.decode(codes, acc)
    total = _exact(config, inputs)
    finite = torch.isfinite(total) & ~y.inf & ~y.nan
    several = torch.from_numpy(length[finished] > 1).reshape(-1, *[1] * (codes.ndim - 1))
    below = codes & (acc.sign_bit - 1) if acc.is_float else codes
    limit = 1 << (acc.width - 1)
    hits = {
        "single_beat": (length == 1) & finished,
        "fewer_beats": short,
        "uneven": (length > k) & (length % k != 0) & finished,
        "long": (length >= 8 * k) & finished,
        "short_after_short": short[1:] & short[:-1],
        "clear_at_start": clear & after,
        "dropped": ~finished[:-1],
        "dropped_long": ~finished[:-1] & (length[:-1] > k),
        "clear_and_last": clear & last,
        "zero": y.zero & several,
        "negative_zero": y.zero & y.sign,
        "inexact": finite & (exact.to_float64(y) != total),
        "subnormal": (below > 0) & (below < 1 << acc.mantissa_width),
        "infinite": y.inf,
        "nan": y.nan,
        "largest": below == acc.max_finite,
        "integer_overflow": (total < -limit) | (total >= limit),
    }  # fmt: skip
    return {key: int(hits[key].sum()) for key in features(config)}


def _exact(config: AccumulateConfig, inputs: Vectors) -> torch.Tensor:
    """The sums of all lanes in float64."""
    codes = _tensors(inputs)
    a, b = (exact.to_float64(exact.decode(codes[name], fmt, config.flush))
            for name, fmt in (("a", config.a_format), ("b", config.b_format)))  # fmt: skip
    products = a * b if a.ndim == 1 else a[:, :, None] * b[:, None, :]
    first, length = sums(codes["clear"], codes["last"])
    if not len(first):
        return products[:0]
    found = [products[s : s + n].sum(0) for s, n in zip(first.tolist(), length.tolist(), strict=True)]
    return torch.stack(found)
