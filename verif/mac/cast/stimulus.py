"""Stimulus of the cast: codes of its inputs as users have them, and as their corners are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ....hw.formats import FORMATS, Format
from ....hw.mac.config.cast import CastConfig
from ..stimulus import quantise

Vectors = dict[str, np.ndarray]
KINDS = ("mixed", "uniform", "normal", "corners")


def stimulus(config: CastConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Codes of ``x`` (and of ``t`` for nvfp4).

    Parameters
    ----------
    config : CastConfig
    count : int
        Beats.
    seed : int
    kind : str
        ``uniform`` codes; ``normal`` values N(0, 1), in the range of the output; ``corners``: next to the output's
        numbers and midpoints, at the edges of both formats, blocks of zeros, of equal values, with specials and with
        scales at their limits; ``mixed``: a third of each.

    Returns
    -------
    dict of str to uint64 array
        ``x`` of shape (count,) or (count, elements); ``t`` of shape (count,).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind), 0xCA57])
    if kind != "mixed":
        return _GENERATORS[kind](config, count, rng)
    thirds = enumerate(("uniform", "normal", "corners"))
    parts = [_GENERATORS[third](config, (count + i) // 3, rng) for i, third in thirds]
    order = rng.permutation(count)
    return {key: np.concatenate([part[key] for part in parts])[order] for key in parts[0]}


def shape_of(config: CastConfig, count: int) -> tuple[int, ...]:
    """Shape of x for that many beats."""
    return (count, config.count) if config.count > 1 or config.block else (count,)


def bits(values: np.ndarray) -> np.ndarray:
    """Codes of float32 values."""
    return np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)


def _random(fmt: Format, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 1 << fmt.width, shape, dtype=np.uint64)


def _uniform(config: CastConfig, count: int, rng: np.random.Generator) -> Vectors:
    fmt = config.input_format
    x = _random(fmt, shape_of(config, count), rng)
    if config.block is None:
        return {"x": x}
    # Anything is seldom free of NaN in 32 places: most blocks get a lower top exponent field.
    low = np.uint64((1 << (fmt.width - 2)) - 1 | 1 << (fmt.width - 1))
    x = np.where(rng.random((count, 1)) < 0.8, x & low, x)
    return _with_scale(config, x, _random(FORMATS["fp32"], (count,), rng) & np.uint64(0x7FFFFFFF), rng)


def _with_scale(config: CastConfig, x: np.ndarray, t: np.ndarray, rng: np.random.Generator) -> Vectors:
    if not config.tensor_scaled:
        return {"x": x}
    return {"x": x, "t": t}


def _spread(config: CastConfig, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """N(0, 1), stretched to where the output has its numbers."""
    values = rng.standard_normal(shape)
    fmt = config.output_format
    if config.block is not None:
        return values * 2.0 ** rng.integers(-6, 7, (shape[0], 1))
    if fmt.is_integer or config.input_format.is_integer:
        largest = min(f.max_finite for f in (fmt, config.input_format) if f.is_integer)
        return values * 0.4 * largest
    return values


def _normal(config: CastConfig, count: int, rng: np.random.Generator) -> Vectors:
    shape = shape_of(config, count)
    x = quantise(_spread(config, rng, shape).reshape(-1), config.input_format).reshape(shape)
    if not config.tensor_scaled:
        return {"x": x}
    # The tensor scale that the tensor's largest value makes: amax / (6 * 448), more or less.
    return {"x": x, "t": bits(2.0 ** rng.uniform(-14, -3, count))}


def _edges(fmt: Format) -> np.ndarray:
    """Codes at the edges of a format, both signs."""
    top = (1 << fmt.width) - 1
    if fmt.is_integer:
        half = 1 << (fmt.width - 1)
        codes = {0, 1, 2, 3, half - 1, half, half + 1, top, top - 1, half >> 1}
        return np.array(sorted(code & top for code in codes), np.uint64)
    p = fmt.mantissa_width
    codes = {0, 1, 2, 1 << p, (1 << p) - 1, (1 << p) + 1, fmt.bias << p, fmt.max_finite, fmt.max_finite - 1}
    if fmt.has_nan:
        codes |= {fmt.canonical_nan}
    if fmt.has_inf:
        codes |= {fmt.infinity, fmt.infinity + 1}
    codes = {code & (fmt.sign_bit - 1) for code in codes}
    return np.array(sorted(codes | {code | fmt.sign_bit for code in codes}), np.uint64)


def _aimed(config: CastConfig, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Codes of the input next to numbers of the output and to the midpoints between them."""
    source, target = config.input_format, config.output_format
    if source.is_integer:
        # Numbers with few set bits on top: a kept significand, then a one and zeros, or nearly so.
        kept = rng.integers(0, 1 << min(target.significand_width + 1, source.width), shape)
        shift = rng.integers(0, source.width, shape)
        value = (kept << shift) + rng.integers(-1, 2, shape)
        return (np.where(rng.random(shape) < 0.5, value, -value) & ((1 << source.width) - 1)).astype(np.uint64)
    if target.is_integer:
        reach = rng.integers(1, target.width + 3, shape)
        halves = rng.integers(-(1 << 40), 1 << 40, shape) >> (41 - reach - 1)
        code = quantise((halves / 2).reshape(-1), source).reshape(shape)
    else:
        p, q = target.mantissa_width, source.mantissa_width
        low, high = (fmt_exponent(config) for fmt_exponent in (_low, _high))
        exponent = rng.integers(low, high + 1, shape)
        field = np.clip(exponent + source.bias, 0, (1 << source.exponent_width) - 1)
        drop = max(q - p, 0)
        mantissa = rng.integers(0, 1 << q, shape)
        # Only the kept bits, with or without the half below them; a subnormal keeps fewer.
        less = np.clip(target.min_exponent - exponent, 0, p + 1) + drop
        tie = (mantissa >> np.minimum(less, q) << np.minimum(less, q)) | np.where(
            (less > 0) & (less <= q), 1 << np.clip(less - 1, 0, q), 0) * rng.integers(0, 2, shape)  # fmt: skip
        sign = rng.integers(0, 2, shape)
        code = ((sign << (source.width - 1)) | (field << q) | (tie & ((1 << q) - 1))).astype(np.uint64)
    moved = code.astype(np.int64) + rng.choice([-1, 0, 0, 0, 1], shape)
    return (moved & ((1 << source.width) - 1)).astype(np.uint64)


def _low(config: CastConfig) -> int:
    source, target = config.input_format, config.output_format
    return max(source.min_exponent - 1, target.min_exponent - target.mantissa_width - 3)


def _high(config: CastConfig) -> int:
    return max(min(config.input_format.max_exponent, config.output_format.max_exponent + 1), _low(config))


def _corners(config: CastConfig, count: int, rng: np.random.Generator) -> Vectors:
    if config.block is not None:
        return _block_corners(config, count, rng)
    shape, edges = shape_of(config, count), _edges(config.input_format)
    some = edges[rng.integers(0, len(edges), shape)]
    return {"x": np.where(rng.random(shape) < 0.2, some, _aimed(config, shape, rng))}


def _block_corners(config: CastConfig, count: int, rng: np.random.Generator) -> Vectors:
    """Blocks whose largest value is anywhere in the input's range, with ties of the elements; special blocks."""
    fmt, shape = config.input_format, shape_of(config, count)
    element = config.output_format
    p, q = element.mantissa_width if element.is_float else 6, fmt.mantissa_width
    top = rng.integers(0, fmt.max_exponent_field + 1, (count, 1))
    ends = rng.integers(0, 24, (count, 1))
    ends = np.where(ends < 12, ends, fmt.max_exponent_field - ends + 12)
    top = np.where(rng.random((count, 1)) < 0.3, ends, top)
    field = np.clip(top - rng.integers(0, 12, shape) * (rng.random(shape) < 0.9), 0, None)
    mantissa = rng.integers(0, 1 << q, shape)
    keep = q - np.clip(p + 1 - rng.integers(0, 3, shape), 0, q)
    mantissa = np.where(rng.random(shape) < 0.6, mantissa >> keep << keep, mantissa)
    mantissa = np.clip(mantissa + rng.choice([-1, 0, 0, 0, 1], shape), 0, (1 << q) - 1)
    x = ((rng.integers(0, 2, shape) << (fmt.width - 1)) | (field << q) | mantissa).astype(np.uint64)
    kind = rng.random((count, 1))
    sign = np.uint64(fmt.sign_bit)
    x = np.where(kind < 0.03, x & sign, x)  # zeros
    x = np.where((kind >= 0.03) & (kind < 0.06), (x & sign) | (x[:, :1] & ~sign), x)  # all as large
    x = np.where((kind >= 0.06) & (kind < 0.14), x & (sign | np.uint64((1 << q) - 1)), x)  # subnormals alone
    one = rng.integers(0, shape[1], (count, 1)) == np.arange(shape[1])
    special = np.where(rng.random((count, 1)) < 0.5, fmt.infinity, fmt.infinity + 1).astype(np.uint64)
    x = np.where((kind >= 0.14) & (kind < 0.18) & one, special | (x & sign), x)
    x = np.where((kind >= 0.18) & (kind < 0.24) & ~one, x & sign, x)  # one value
    if not config.tensor_scaled:
        return {"x": x}
    # t so that max|x| / (6 t) is near the numbers and midpoints of the scale, or anywhere.
    largest = (x & ~sign).max(1)
    exponent = (largest >> np.uint64(q)).astype(np.int64) - fmt.bias - rng.integers(-13, 12, count)
    code = (np.clip(exponent + 127, 0, 254) << 23) | (rng.integers(0, 16, count) << 19)
    third = np.where(rng.random(count) < 0.3, 0x2AAAAA, 0)  # 4 / 3: six times it is a power of two, nearly
    code = np.where(third > 0, (code >> 23 << 23) | (third + rng.integers(-1, 3, count)), code)
    t = np.where(rng.random(count) < 0.9, code, rng.integers(0, 1 << 32, count)).astype(np.uint64)
    edges = _edges(FORMATS["fp32"])
    return {"x": x, "t": np.where(rng.random(count) < 0.1, edges[rng.integers(0, len(edges), count)], t)}


_GENERATORS: dict[str, Callable[[CastConfig, int, np.random.Generator], Vectors]] = {
    "uniform": _uniform, "normal": _normal, "corners": _corners,
}  # fmt: skip


def exhaustive(config: CastConfig) -> Iterator[Vectors] | None:
    """Every code of the input, each in every place; None for inputs of more than 16 bits and for blocks."""
    width = config.input_format.width
    if width > 16 or config.block is not None:
        return None
    codes = np.arange(1 << width, dtype=np.uint64)
    shape = shape_of(config, len(codes))
    # A place is shifted against its neighbour, so that no two lanes hold the same.
    x = codes if len(shape) == 1 else (codes[:, None] + np.arange(shape[1], dtype=np.uint64)) & codes[-1]
    return iter([{"x": x}])
