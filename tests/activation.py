"""Activation configs made by hand: lines through the ends of given segments, not the solver's best ones."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

from nervure.hw.activation.config import ActivationConfig
from nervure.hw.activation.config.address import starts
from nervure.hw.fixed import parse_fixed


def gelu(x: float) -> float:
    return x * (1 + math.erf(x / math.sqrt(2))) / 2


def make(segments: int = 5, function: Any = gelu, part: Any = None, **fields: Any) -> ActivationConfig:
    """A config whose segments are chords of the function; ``part`` is what is stored under a symmetry."""
    given: dict[str, Any] = {"domain": "-8:8", "input": "q3.6", "output": "q3.6", "slope": "q1.8", "bias": "q3.8"}
    given |= fields
    fmt, slope, bias = (parse_fixed(given[key]) for key in ("input", "slope", "bias"))
    flat = {**given, "form": "pwl", "knots": "free", "address": (), "slopes": (0,), "biases": (0,)}
    blank = ActivationConfig(**flat)
    first, last = blank.first, blank.last
    if given.get("knots", "free") == "free":
        breakpoints = sorted({first + (last - first + 1) * k // segments for k in range(1, segments)} - {first})
    else:
        breakpoints = starts(given["knots"], given["address"], first, last)
    edges, stored = [first, *breakpoints, last + 1], part or function
    slopes, biases = [], []
    for a, b in pairwise(edges):
        xs = [u * float(fmt.lsb) for u in (a, b)]
        rise = (stored(xs[1]) - stored(xs[0])) / (xs[1] - xs[0])
        slopes.append(min(max(round(rise / slope.lsb), slope.low), slope.high))
        biases.append(min(max(round((stored(xs[0]) - rise * xs[0]) / bias.lsb), bias.low), bias.high))
    return ActivationConfig(**given, breakpoints=breakpoints, slopes=slopes, biases=biases)


def table(function: Any = gelu, **fields: Any) -> ActivationConfig:
    """A table of the function's nearest codes."""
    given: dict[str, Any] = {"domain": "-8:8", "input": "q3.6", "output": "q3.6", **fields}
    low, high = (float(end) for end in given["domain"].split(":"))
    fmt, out = parse_fixed(given["input"]), parse_fixed(given["output"])
    first, last = max(math.ceil(low / fmt.lsb), fmt.low), min(math.floor(high / fmt.lsb), fmt.high)
    entries = [min(max(round(function(x * float(fmt.lsb)) / out.lsb), out.low), out.high)
               for x in range(first, last + 1)]  # fmt: skip
    return ActivationConfig(**given, form="table", entries=entries)
