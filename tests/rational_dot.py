"""The dot product in exact rational arithmetic, written from the standards and sharing nothing with the library."""

from __future__ import annotations

import math
from fractions import Fraction

from . import rational

Number = Fraction | float


def element(name: str, code: int, flush: bool) -> tuple[Number, bool]:
    """Value and sign of an element; mxint8 is a two's complement number over 64."""
    if name == "mxint8":
        return rational.value("int8", code) / 64, rational.negative("int8", code)
    return rational.value(name, code, flush), rational.negative(name, code)


def times(x: Number, x_negative: bool, y: Number, y_negative: bool) -> tuple[Number, bool]:
    """IEEE's product of exact numbers."""
    sign = x_negative ^ y_negative
    if isinstance(x, float) or isinstance(y, float):
        invalid = x == 0 or y == 0 or math.isnan(x) or math.isnan(y)
        return (math.nan if invalid else -math.inf if sign else math.inf), sign
    return x * y, sign


def plus(numbers: list[tuple[Number, bool]]) -> tuple[Number, bool]:
    """IEEE's sum of exact numbers, of as many as there are."""
    floats = {x for x, _ in numbers if isinstance(x, float)}
    if floats:
        total = math.nan if len(floats) > 1 or any(math.isnan(x) for x in floats) else floats.pop()
        return total, total < 0
    total = sum((x for x, _ in numbers), Fraction(0))
    return total, total < 0 if total else all(negative for _, negative in numbers)


def dot(config, codes: dict[str, int | list[int]]) -> int:
    """The code of ``scale * sum_k a[k] * b[k] + c``."""
    flush, saturate = config.subnormals == "flush", config.overflow == "saturate"
    products = [times(*element(config.a, a, flush), *element(config.b, b, flush))
                for a, b in zip(codes["a"], codes["b"], strict=True)]  # fmt: skip
    if config.acc.startswith("int"):
        width = int(config.acc[3:])
        total = sum(x for x, _ in products) + rational.value(config.acc, codes["c"])
        if saturate:
            total = max(-(1 << (width - 1)), min((1 << (width - 1)) - 1, total))
        return int(total) % (1 << width)
    total = plus(products)
    if config.scale == "e8m0":
        for code in (codes["scale_a"], codes["scale_b"]):
            total = times(*total, math.nan if code == 255 else Fraction(2) ** (code - 127), False)
    elif config.scale == "nvfp4":
        factor = (Fraction(1), False)
        for name, code in (("fp8_e4m3", codes["scale_a"]), ("fp8_e4m3", codes["scale_b"]), ("fp32", codes["t"])):
            factor = times(*factor, rational.value(name, code, flush), rational.negative(name, code))
        total = times(*factor, *total)
    c = rational.value(config.acc, codes["c"], flush), rational.negative(config.acc, codes["c"])
    how = {"rounding": config.rounding, "flush": flush, "saturate": saturate}
    return rational.add(config.acc, *total, *c, **how)
