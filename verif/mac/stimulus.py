"""Stimulus of the multiply-accumulate unit: operand codes as its users have them, and as its corners are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from ...golden import exact
from ...golden.mac import mac
from ...hw.formats import FORMATS, Format
from ...hw.mac.config import MacConfig

Vectors = dict[str, np.ndarray]

KINDS = ("mixed", "uniform", "normal", "llm", "corners")


def stimulus(config: MacConfig, count: int, seed: int, kind: str = "mixed") -> Vectors:
    """Operand codes.

    Parameters
    ----------
    config : MacConfig
    count : int
        Beats.
    seed : int
    kind : str
        ``uniform`` codes; ``normal`` values N(0, 1); ``llm``: weights N(0, 0.02), activations N(0, 1) with outliers,
        accumulators of partial dot products; ``corners``: edges of the formats and sums made to cancel, overflow and
        underflow; ``mixed``: a quarter of each.

    Returns
    -------
    dict of str to uint64 array
        ``a``, ``b``, ``c``, each of shape (count,) for a unit of one lane, else (count, lanes_a), (count, lanes_b) and
        (count, lanes_a, lanes_b). For several modes also ``mode``, drawn anew for each beat; what the mode ignores is
        noise.
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    rows, columns = config.grid
    if rows * columns == 1 and len(config.modes) == 1:
        return _triples(config, count, rng, kind)
    shapes = {"a": (count, rows), "b": (count, columns), "c": (count, rows, columns)}
    widths = {"a": "a", "b": "b", "c": "acc"}
    vectors = {name: rng.integers(0, 1 << max(getattr(mode, widths[name]).width for mode in config.modes), shape,
                                  dtype=np.uint64) for name, shape in shapes.items()}  # fmt: skip
    last = len(config.modes) - 1
    mode = rng.integers(0, 1 << last.bit_length(), count, dtype=np.uint64)
    for k, used in enumerate(config.modes):
        beats = np.flatnonzero(np.minimum(mode, last) == k)
        # The bits above a narrow code stay noise.
        for name, codes in _lanes(config, k, len(beats), rng, kind).items():
            at = (beats, *(slice(size) for size in codes.shape[1:]))
            high = np.uint64((1 << getattr(used, widths[name]).width) - 1)
            vectors[name][at] = (vectors[name][at] & ~high) | codes
    if rows * columns == 1:
        vectors = {name: codes.reshape(count) for name, codes in vectors.items()}
    return {"mode": mode, **vectors} if last else vectors


def _triples(config: MacConfig, count: int, rng: np.random.Generator, kind: str) -> Vectors:
    """Codes a, b, c of one lane."""
    if kind != "mixed":
        return _GENERATORS[kind](config, count, rng)
    quarters = enumerate(("corners", "uniform", "normal", "llm"))
    parts = [_GENERATORS[quarter](config, (count + i) // 4, rng) for i, quarter in quarters]
    order = rng.permutation(count)
    return {key: np.concatenate([part[key] for part in parts])[order] for key in "abc"}


def _lanes(config: MacConfig, k: int, count: int, rng: np.random.Generator, kind: str) -> Vectors:
    """Codes of all lanes of a mode. Lanes share operands, so addends are aimed at the products once more."""
    lane, mode = config.lane(k), config.modes[k]
    rows, columns = mode.lanes_a, mode.lanes_b
    drawn = _triples(lane, count * rows * columns, rng, kind)
    codes = {name: values.reshape(count, rows, columns) for name, values in drawn.items()}
    if kind in ("mixed", "corners"):
        pairs = {"a": codes["a"][:, :, :1].repeat(columns, 2), "b": codes["b"][:, :1, :].repeat(rows, 1)}
        flat = {name: values.reshape(-1) for name, values in pairs.items()}
        aimed = _aimed(lane, flat["a"], flat["b"], rng).reshape(count, rows, columns)
        use = rng.random((count, rows, columns)) < (0.2 if kind == "mixed" else 0.5)
        codes["c"] = np.where(use, aimed, codes["c"])
    return {"a": codes["a"][:, :, 0], "b": codes["b"][:, 0, :], "c": codes["c"]}


def formats_of(config: MacConfig) -> dict[str, Format]:
    """Format of each input field."""
    return {"a": config.a_format, "b": config.b_format, "c": config.acc_format}


def _uniform(config: MacConfig, count: int, rng: np.random.Generator) -> Vectors:
    return {key: rng.integers(0, 1 << fmt.width, count, dtype=np.uint64) for key, fmt in formats_of(config).items()}


def quantise(values: np.ndarray, fmt: Format) -> np.ndarray:
    """Codes of real values: rounded to nearest and saturated; integers take the value as it is."""
    if fmt.is_integer:
        low, high = (-(1 << (fmt.width - 1)), (1 << (fmt.width - 1)) - 1) if fmt.kind == "int" else (0, fmt.max_finite)
        return (np.clip(np.rint(values), low, high).astype(np.int64) & ((1 << fmt.width) - 1)).astype(np.uint64)
    bits = np.ascontiguousarray(values, dtype=np.float32).view(np.int32).astype(np.int64)
    number = exact.decode(torch.from_numpy(bits), FORMATS["fp32"])
    if fmt.has_nan:
        return exact.encode(number, fmt, saturate=True).numpy().astype(np.uint64)
    # Narrow formats without NaN: the nearest of their few values.
    codes = np.arange(1 << fmt.width)
    table = exact.to_float64(exact.decode(torch.from_numpy(codes), fmt)).numpy()
    order = np.argsort(table, kind="stable")
    at = np.searchsorted((table[order][1:] + table[order][:-1]) / 2, values)
    return codes[order][at].astype(np.uint64)


def _scaled(fmt: Format, values: np.ndarray, share: float) -> np.ndarray:
    """Integers get the values scaled so that one standard deviation is that share of their range."""
    return values * share * fmt.max_finite if fmt.is_integer else values


def _normal(config: MacConfig, count: int, rng: np.random.Generator) -> Vectors:
    return {key: quantise(_scaled(fmt, rng.standard_normal(count), 0.3), fmt)
            for key, fmt in formats_of(config).items()}  # fmt: skip


def _llm(config: MacConfig, count: int, rng: np.random.Generator) -> Vectors:
    a, b, acc = config.a_format, config.b_format, config.acc_format
    # Narrow weights carry a scale of their own: their codes fill the format.
    spread = 0.02 if a.width > 8 else 1.0
    weights = rng.standard_normal(count) * spread
    activations = rng.standard_normal(count) * np.where(rng.random(count) < 0.01, 20.0, 1.0)
    x, y = _scaled(a, weights, 0.25), _scaled(b, activations, 0.1)
    partial = rng.standard_normal(count) * np.sqrt(rng.integers(1, 4096, count)) * np.std(x) * np.std(y)
    return {"a": quantise(x, a), "b": quantise(y, b), "c": quantise(partial, acc)}


def _edges(fmt: Format) -> np.ndarray:
    """Codes at the edges of a format, with both signs and their neighbours."""
    top = (1 << fmt.width) - 1
    if fmt.is_integer:
        half = 1 << (fmt.width - 1)
        codes = {0, 1, 2, half - 1, half, half + 1, top, top - 1, half >> 1}
        return np.array(sorted(code & top for code in codes), dtype=np.uint64)
    p = fmt.mantissa_width
    smallest, one = 1 << p, fmt.bias << p
    codes = {0, 1, 2, smallest >> 1, smallest - 1, smallest, smallest + 1, one - 1, one, one + 1, one + smallest,
             fmt.max_finite, fmt.max_finite - 1, fmt.max_finite >> p << p}  # fmt: skip
    if fmt.has_nan:
        codes.add(fmt.canonical_nan)
    if fmt.has_inf:
        codes |= {fmt.infinity, fmt.infinity + 1}
    codes = {code & (fmt.sign_bit - 1) for code in codes}
    return np.array(sorted(codes | {code | fmt.sign_bit for code in codes}), dtype=np.uint64)


def _corners(config: MacConfig, count: int, rng: np.random.Generator) -> Vectors:
    """Edges of each format; half of the sums have c aimed at the product: cancelling, tying, or at a set distance."""
    vectors = {}
    for key, fmt in formats_of(config).items():
        edges = _edges(fmt)
        codes = edges[rng.integers(0, len(edges), count)]
        if fmt.is_float and fmt.mantissa_width:
            # Powers of two and their neighbours, over the whole range of exponents.
            field = rng.integers(0, 1 << fmt.exponent_width, count, dtype=np.uint64)
            sign = rng.integers(0, 2, count, dtype=np.uint64)
            near = np.array([0, 1, (1 << fmt.mantissa_width) - 1], dtype=np.uint64)[rng.integers(0, 3, count)]
            power = (sign << np.uint64(fmt.width - 1)) | (field << np.uint64(fmt.mantissa_width)) | near
            codes = np.where(rng.random(count) < 0.4, power, codes)
        vectors[key] = np.where(rng.random(count) < 0.2, rng.integers(0, 1 << fmt.width, count, dtype=np.uint64), codes)
    use = rng.random(count) < 0.5
    vectors["c"] = np.where(use, _aimed(config, vectors["a"], vectors["b"], rng), vectors["c"])
    return vectors


def _aimed(config: MacConfig, a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Addends near minus the product: moved by some last places, or by whole binades."""
    acc, count = config.acc_format, len(a)
    x, y = (torch.from_numpy(codes.astype(np.int64)) for codes in (a, b))
    product = mac(config, x, y, torch.zeros(count, dtype=torch.int64)).numpy()
    mask = (1 << acc.width) - 1
    if acc.is_integer:
        aimed = -product + rng.integers(-2, 3, count)
    else:
        binade = 1 << acc.mantissa_width
        move = rng.integers(-2, 3, count) + binade * np.where(rng.random(count) < 0.6, rng.integers(-14, 15, count), 0)
        flip = np.where(rng.random(count) < 0.7, acc.sign_bit, 0)
        aimed = (product ^ flip) + np.where(rng.random(count) < 0.3, 0, move)
    return (aimed & mask).astype(np.uint64)


_GENERATORS: dict[str, Callable[[MacConfig, int, np.random.Generator], Vectors]] = {
    "uniform": _uniform, "normal": _normal, "llm": _llm, "corners": _corners,
}  # fmt: skip


def exhaustive(config: MacConfig, addends: int = 256) -> Iterator[Vectors] | None:
    """Every pair of operands on every lane, in every mode, with that many accumulator values.

    All accumulator values where they have 8 bits. Lanes are given different pairs: those of lane (i, j) are all moved
    on by i and j. None where operands have more than 2^20 pairs.
    """
    if any(mode.a.width + mode.b.width > 20 for mode in config.modes):
        return None
    rows, columns = config.grid

    def chunks() -> Iterator[Vectors]:
        for k, mode in enumerate(config.modes):
            for drawn in _pairs(config.lane(k), addends):
                if rows * columns == 1:
                    found = drawn
                else:
                    found = {"a": _moved(drawn["a"], rows, mode.a), "b": _moved(drawn["b"], columns, mode.b)}
                    c = [np.roll(drawn["c"], lane) for lane in range(rows * columns)]
                    found["c"] = np.stack(c, 1).reshape(-1, rows, columns)
                count = len(drawn["c"])
                yield {"mode": np.full(count, k, np.uint64), **found} if len(config.modes) > 1 else found

    return chunks()


def _moved(codes: np.ndarray, lanes: int, fmt: Format) -> np.ndarray:
    mask = np.uint64((1 << fmt.width) - 1)
    return (codes[:, None] + np.arange(lanes, dtype=np.uint64)) & mask


def _pairs(config: MacConfig, addends: int) -> Iterator[Vectors]:
    a, b, acc = config.a_format, config.b_format, config.acc_format
    if acc.width <= 8:
        c = np.arange(1 << acc.width, dtype=np.uint64)
    else:
        extra = _GENERATORS["corners"](config, addends, np.random.default_rng(0))["c"]
        c = np.unique(np.concatenate([_edges(acc), extra, np.random.default_rng(1).integers(
            0, 1 << acc.width, addends, dtype=np.uint64)]))[:max(addends, len(_edges(acc)))]  # fmt: skip
    pairs = np.arange(1 << (a.width + b.width), dtype=np.uint64)
    chunk = max(1, (1 << 18) // len(c))

    for start in range(0, len(pairs), chunk):
        some = pairs[start : start + chunk]
        yield {
            "a": np.repeat(some >> np.uint64(b.width), len(c)),
            "b": np.repeat(some & np.uint64((1 << b.width) - 1), len(c)),
            "c": np.tile(c, len(some)),
        }
