"""Stimulus of the dot product: blocks as quantisers make them, and blocks as corners are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ....golden.mac.dot import dot
from ....hw.formats import FORMATS, Format
from ....hw.mac.config.dot import DotConfig, Element
from ..stimulus import quantise

Vectors = dict[str, np.ndarray]

KINDS = ("mixed", "uniform", "normal", "llm", "corners")


def stimulus(config: DotConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Codes of blocks, scales and addends.

    Parameters
    ----------
    config : DotConfig
    count : int
        Blocks.
    seed : int
    kind : str
        ``uniform`` codes (in most blocks without NaN and Inf, which would hide all else); ``normal`` values N(0, 1);
        ``llm``: weights N(0, 0.02), activations N(0, 1) with outliers, accumulators of partial dot products, quantised
        by blocks; ``corners``: edges of the formats and of the scales, sums that cancel within the block or against
        ``c``, overflow and underflow; ``mixed``: a quarter of each.

    Returns
    -------
    dict of str to uint64 array
        ``a`` and ``b`` of shape (count, elements); scales and ``c`` of shape (count,).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    if kind != "mixed":
        return _GENERATORS[kind](config, count, rng)
    quarters = enumerate(("corners", "uniform", "normal", "llm"))
    parts = [_GENERATORS[quarter](config, (count + i) // 4, rng) for i, quarter in quarters]
    order = rng.permutation(count)
    return {key: np.concatenate([part[key] for part in parts])[order] for key in parts[0]}


def format_of(name: str) -> Format:
    """The format of a field's codes: those of mxint8 are int8's."""
    return Element.of(name).format if name not in FORMATS else FORMATS[name]


def golden(config: DotConfig, inputs: Vectors) -> np.ndarray:
    """Codes of y that the golden model gives."""
    tensors = {key: torch.from_numpy(np.ascontiguousarray(codes).astype(np.int64)) for key, codes in inputs.items()}
    return dot(config, **tensors).numpy().astype(np.uint64)


def _finite(codes: np.ndarray, fmt: Format, rows: np.ndarray) -> np.ndarray:
    """The codes with NaN and Inf of those rows made ordinary numbers."""
    if not fmt.has_nan:
        return codes
    special = (codes & np.uint64(fmt.sign_bit - 1)) > np.uint64(fmt.max_finite)
    ordinary = codes & ~np.uint64(1 << fmt.mantissa_width)
    return np.where(special & rows.reshape(-1, *[1] * (codes.ndim - 1)), ordinary, codes)


def _draw(config: DotConfig, count: int, rng: np.random.Generator, draw: Callable[[Format, tuple], np.ndarray]):
    """Codes of every field by a function of format and shape."""
    out = {}
    for field, (name, elements) in list(config.fields.items())[:-1]:
        fmt = format_of(name)
        out[field] = draw(fmt, (count,) if elements is None else (count, elements))
        if elements is not None:
            out[field] = _finite(out[field], fmt, rng.random(count) < 0.9)
    return out


def _uniform(config: DotConfig, count: int, rng: np.random.Generator) -> Vectors:
    vectors = _draw(config, count, rng, lambda fmt, shape: rng.integers(0, 1 << fmt.width, shape, dtype=np.uint64))
    return _balanced(config, vectors, rng, 0.7)


def _balanced(config: DotConfig, vectors: Vectors, rng: np.random.Generator, share: float) -> Vectors:
    """A share of the E8M0 scales moved so that the two exponents nearly cancel: sums as large as c can be."""
    if config.scale == "e8m0":
        near = np.clip(254 - vectors["scale_a"].astype(np.int64) + rng.integers(-30, 31, len(vectors["c"])), 0, 254)
        use = rng.random(len(near)) < share
        vectors["scale_b"] = np.where(use, near.astype(np.uint64), vectors["scale_b"])
    return vectors


def _quantised(config: DotConfig, a: np.ndarray, b: np.ndarray, c: np.ndarray, rng: np.random.Generator) -> Vectors:
    """Real blocks as codes: each scaled by what its largest value asks for (OCP MX v1.0, 6.3)."""
    out, factors = {}, {}
    for key, values in (("a", a), ("b", b)):
        element = getattr(config, f"{key}_element")
        largest = float(element.largest) * 2.0**element.lsb
        peak = np.maximum(np.abs(values).max(-1), 1e-30)
        if config.scale == "none":
            # Integers fill their range; floats keep the values as they are.
            scale = np.full(len(values), 3.0 / largest if element.format.is_integer else 1.0)
        elif config.scale == "e8m0":
            code = np.clip(np.floor(np.log2(peak)) - np.floor(np.log2(largest)) + 127, 0, 254)
            out[f"scale_{key}"], scale = code.astype(np.uint64), 2.0 ** (code - 127)
        else:
            out[f"scale_{key}"] = quantise(peak / largest, FORMATS["fp8_e4m3"])
            scale = peak / largest
        # quantise takes integers as they are: mxint8 counts in units of its last bit.
        unit = 2.0**element.lsb if element.format.is_integer else 1.0
        out[key], factors[key] = quantise(values / scale[:, None] / unit, element.format), scale
    if config.scale == "nvfp4":
        out["t"] = quantise(np.exp(rng.standard_normal(len(c)) * 3), FORMATS["fp32"])
    if config.acc_format.is_integer:
        c = c / factors["a"] / factors["b"]
    out["c"] = quantise(c, config.acc_format)
    return {field: out[field] for field in list(config.fields)[:-1]}


def _normal(config: DotConfig, count: int, rng: np.random.Generator) -> Vectors:
    a, b = rng.standard_normal((2, count, config.elements))
    return _quantised(config, a, b, rng.standard_normal(count) * np.sqrt(config.elements), rng)


def _llm(config: DotConfig, count: int, rng: np.random.Generator) -> Vectors:
    shape = (count, config.elements)
    spread = 0.02 if config.scale != "none" else 1.0
    weights = rng.standard_normal(shape) * spread
    activations = rng.standard_normal(shape) * np.where(rng.random(shape) < 0.01, 20.0, 1.0)
    partial = rng.standard_normal(count) * np.sqrt(rng.integers(1, 4096, count)) * spread
    return _quantised(config, weights, activations, partial, rng)


def edges(fmt: Format) -> np.ndarray:
    """Codes at the edges of a format, with both signs and their neighbours."""
    top = (1 << fmt.width) - 1
    if fmt.kind == "scale":
        return np.array([0, 1, fmt.bias - 1, fmt.bias, fmt.bias + 1, top - 2, top - 1, top - 1, top], np.uint64)
    if fmt.is_integer:
        half = 1 << (fmt.width - 1)
        return np.array(sorted({c & top for c in (0, 1, 2, half - 1, half, half + 1, top, top - 1)}), np.uint64)
    smallest, one = 1 << fmt.mantissa_width, fmt.bias << fmt.mantissa_width
    found = {0, 1, smallest - 1, smallest, smallest + 1, one - 1, one, one + 1, fmt.max_finite, fmt.max_finite - 1}
    found |= {fmt.canonical_nan} if fmt.has_nan else set()
    found |= {fmt.infinity} if fmt.has_inf else set()
    found = {code & (fmt.sign_bit - 1) for code in found}
    return np.array(sorted(found | {code | fmt.sign_bit for code in found}), np.uint64)


def _corners(config: DotConfig, count: int, rng: np.random.Generator) -> Vectors:
    """Edges; sparse blocks, blocks that cancel in themselves, and c aimed at minus the block's sum, or near it."""

    def draw(fmt: Format, shape: tuple[int, ...]) -> np.ndarray:
        codes = rng.choice(edges(fmt), shape)
        codes = np.where(rng.random(shape) < 0.3, rng.integers(0, 1 << fmt.width, shape, dtype=np.uint64), codes)
        if len(shape) == 1:
            return codes
        # Zeros of one sign fill sparse blocks: all of them negative where the other operand is positive.
        zero = np.where(rng.random((count, 1)) < 0.3, fmt.sign_bit if fmt.is_float else 0, 0).astype(np.uint64)
        return np.where(rng.random(shape) < rng.choice([0.0, 0.1, 0.5, 1.0], (count, 1)), codes, zero)

    vectors = _balanced(config, _draw(config, count, rng, draw), rng, 0.5)
    half = config.elements // 2
    mirrored = rng.random(count) < 0.2
    for key in "ab" if half else "":
        fmt = getattr(config, f"{key}_element").format
        copy = vectors[key][mirrored, :half]
        if key == "a" and fmt.is_float:
            copy = copy ^ np.uint64(fmt.sign_bit)
        elif key == "a" and fmt.is_signed:
            copy = (np.uint64(1 << fmt.width) - copy) & np.uint64((1 << fmt.width) - 1)
        vectors[key][mirrored, half : 2 * half] = copy
    full = rng.random(count) < 0.03
    for key in "ab":
        # The greatest magnitude everywhere: the sum needs all its bits.
        fmt = getattr(config, f"{key}_element").format
        vectors[key][full] = fmt.sign_bit if fmt.kind == "int" else fmt.max_finite
    acc = config.acc_format
    top = (1 << acc.width) - 1
    total = golden(config, {**vectors, "c": np.zeros(count, np.uint64)}).astype(np.int64)
    if acc.is_integer:
        edge = np.where(rng.random(count) < 0.5, rng.choice([top >> 1, (top >> 1) + 1], count), 0)
        aimed = edge - total + rng.integers(-2, 3, count)
    else:
        binade = 1 << acc.mantissa_width
        move = rng.integers(-2, 3, count) + binade * np.where(rng.random(count) < 0.6, rng.integers(-14, 15, count), 0)
        flip = np.where(rng.random(count) < 0.7, acc.sign_bit, 0)
        aimed = (total ^ flip) + np.where(rng.random(count) < 0.3, 0, move)
    vectors["c"] = np.where(rng.random(count) < 0.5, (aimed & top).astype(np.uint64), vectors["c"])
    return vectors


_GENERATORS: dict[str, Callable[[DotConfig, int, np.random.Generator], Vectors]] = {
    "uniform": _uniform, "normal": _normal, "llm": _llm, "corners": _corners,
}  # fmt: skip
