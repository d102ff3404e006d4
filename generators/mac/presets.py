"""Presets of the multiply-accumulate unit: the usual ones, the published kinds, and the pairs that those lack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Fields = dict[str, Any]

COMMON: dict[str, Fields] = {
    "bf16": {"a": "bf16", "b": "bf16", "acc": "fp32"},
    "bf16_bf16": {"a": "bf16", "b": "bf16", "acc": "bf16"},
    "fp8": {"a": "fp8_e4m3", "b": "fp8_e4m3", "acc": "bf16"},
    "fp8_bf16": {"a": "fp8_e4m3", "b": "bf16", "acc": "fp32"},
    "fp16": {"a": "fp16", "b": "fp16", "acc": "fp16"},
    "fp32": {"a": "fp32", "b": "fp32", "acc": "fp32"},
    "int8": {"a": "int8", "b": "int8", "acc": "int32"},
    "int4_bf16": {"a": "int4", "b": "bf16", "acc": "bf16"},
    "fp4_bf16": {"a": "fp4_e2m1", "b": "bf16", "acc": "bf16"},
}
"""One lane: the arithmetic alone."""

_MAX = {"lanes_a": "max", "lanes_b": "max"}

SWITCHED: dict[str, Fields] = {
    "bf16_or_int4": {"a": "bf16,int4", "b": "bf16,bf16", "acc": "bf16", "lanes_a": 2},
    "bf16_or_int8": {"a": "bf16,int8", "b": "bf16,int8", "acc": "bf16,int32", "lanes_a": 2},
    "bf16_or_fp8": {"a": "bf16,fp8_e4m3", "b": "bf16,fp8_e4m3", "acc": "bf16", **_MAX},
    "bf16_or_fp4": {"a": "bf16,fp4_e2m1", "b": "bf16,bf16", "acc": "bf16", "lanes_a": 2},
    "four_modes": {"a": "bf16,fp8_e4m3,int4,fp4_e2m1", "b": "bf16,fp8_e4m3,bf16,bf16", "acc": "bf16", **_MAX},
}
"""Units of several modes: the four published pairs, and one of four modes."""

FP8 = ("fp8_e4m3", "fp8_e5m2")
FP6 = ("fp6_e3m2", "fp6_e2m3")
FP4 = ("fp4_e2m1", "fp4_e1m2", "fp4_e3m0")
INT = tuple(f"int{width}" for width in range(2, 9))


def _published() -> Iterator[tuple[str, str, str]]:
    """The kinds of arXiv 2605.06052's library (its README, section 2), with a preset for each integer width."""
    yield from (("fp16", "fp16", "fp16"), ("fp16", "fp16", "fp32"))
    yield from (("bf16", "bf16", "bf16"), ("bf16", "bf16", "fp32"), ("int8", "int8", "int32"))
    for a in (*INT, *FP4, *FP8):
        for b in ("fp16", "bf16"):
            yield from ((a, b, b), (a, b, "fp32"))
    for b in FP8:
        for a in (*INT[:3], *FP4):
            yield from ((a, b, b), (a, b, "fp16"))
        yield from ((b, b, acc) for acc in (b, "fp16", "bf16"))


def _further() -> Iterator[tuple[str, str, str]]:
    """Pairs that the published library lacks, and fp32 accumulation for all."""
    yield from (("fp8_e5m2", "fp8_e4m3", acc) for acc in (*FP8, "bf16", "fp16", "fp32"))
    for b in FP8:
        yield (b, b, "fp32")
        for a in (*INT[:3], *FP4):
            yield from ((a, b, "bf16"), (a, b, "fp32"))
    for a in FP6:
        for b in (*FP6, *FP8):
            yield from ((a, b, "bf16"), (a, b, "fp32"))
        for b in ("bf16", "fp16"):
            yield from ((a, b, b), (a, b, "fp32"))
    for a in FP4:
        yield from ((a, a, acc) for acc in ("bf16", "fp16", "fp32"))
    yield from (("int4", "int4", "int16"), ("int4", "int4", "int32"), ("int4", "int8", "int32"))
    yield from (("uint8", "int8", "int32"), ("int8", "int8", "fp32"), ("int4", "int4", "fp32"))


def _packed(kinds: Iterator[tuple[str, str, str]]) -> dict[str, Fields]:
    return {"_".join(kind): dict(zip(("a", "b", "acc"), kind, strict=True), **_MAX) for kind in kinds}


def _limited(presets: dict[str, Fields]) -> dict[str, Fields]:
    """Products of powers of two alone would pack 40 into a block: nobody wants 40 adders behind it."""
    crowded = {name for name in presets if name.startswith("fp4_e3m0_fp4_e3m0")}
    return {name: {**fields, "lanes_a": 3, "lanes_b": 3} if name in crowded else fields
            for name, fields in presets.items()}  # fmt: skip


PUBLISHED = _packed(_published())
"""As many lanes as the multiplier holds."""

FURTHER = _limited(_packed(_further()))
"""As many lanes as the multiplier holds."""

PRESETS: dict[str, Fields] = {**COMMON, **SWITCHED, **PUBLISHED, **FURTHER}
"""Config fields by preset name."""
