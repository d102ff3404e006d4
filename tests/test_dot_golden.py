"""The golden dot product against exact rationals, its element formats against ml_dtypes, what its config refuses."""

from __future__ import annotations

import random
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
import torch
from nervure.golden import exact
from nervure.golden.mac.dot import block_sum, decode_element, dot, dot_float64
from nervure.hw.config import ConfigError
from nervure.hw.formats import FORMATS
from nervure.hw.mac.config.dot import ELEMENTS, DotConfig, Element

from .rational import ML_DTYPES
from .rational_dot import dot as rational_dot
from .rational_dot import element
from .test_golden_mac import interesting

FLOAT_ACCUMULATORS = ("fp32", "bf16", "fp16")


def sampled(count: int, seed: int):
    """Configs with numeric fields drawn at random, every element format and scale coming up."""
    rng = random.Random(seed)
    for index in range(count):
        a = ELEMENTS[index % len(ELEMENTS)]
        b = rng.choice(ELEMENTS)
        scale = rng.choice(["none", "e8m0"])
        if "mxint8" in (a, b):
            scale = "e8m0"
        if index % 7 == 0:
            a, b, scale = "fp4_e2m1", "fp4_e2m1", "nvfp4"
        integers = Element.of(a).format.is_integer and Element.of(b).format.is_integer and scale == "none"
        acc = "int32" if integers and rng.random() < 0.7 else rng.choice(FLOAT_ACCUMULATORS)
        yield DotConfig(
            a=a, b=b, scale=scale, acc=acc, elements=rng.choice([1, 2, 3, 4, 5, 8, 16, 31, 32, 64]),
            rounding=rng.choice(["rne", "rtz"]), subnormals=rng.choice(["full", "flush"]),
            overflow=rng.choice(["wrap" if acc == "int32" else "ieee", "saturate"]), latency=rng.randint(2, 12),
            interface=rng.choice(["stream", "bare"]), reset=rng.choice(["sync", "async", "none"]),
            multiplier=rng.choice(["dsp48e2", "mult18x18", "lut"]),
        )  # fmt: skip


def some_codes(config: DotConfig, rng: random.Random) -> dict:
    """Codes of one block: at edges or anywhere, sparse or full, with a scale that brings it near c or not."""

    def elements(name: str) -> list[int]:
        name = "int8" if name == "mxint8" else name
        share = rng.choice([0.1, 0.5, 1.0])
        signed_zero = rng.choice([0, 0, FORMATS[name].sign_bit])
        codes = [interesting(name, rng) if rng.random() < share else signed_zero for _ in range(config.elements)]
        # An Inf or a NaN in most blocks would hide everything else.
        fmt = FORMATS[name]
        special = fmt.has_nan and rng.random() < 0.9
        return [code & ~(1 << fmt.mantissa_width) if special and code & (fmt.sign_bit - 1) > fmt.max_finite else code
                for code in codes]  # fmt: skip

    codes: dict = {"a": elements(config.a), "b": elements(config.b)}
    if rng.random() < 0.3:
        half = config.elements // 2
        flip = FORMATS["int8" if config.a == "mxint8" else config.a].sign_bit
        codes["a"][half : 2 * half] = [code ^ flip for code in codes["a"][:half]]
        codes["b"][half : 2 * half] = codes["b"][:half]
    for field, (name, _) in list(config.fields.items())[2:-1]:
        near = name == "e8m0" and rng.random() < 0.7
        codes[field] = rng.randint(110, 144) if near else (
            rng.choice([0, 1, 126, 127, 128, 253, 254, 255]) if name == "e8m0" else interesting(name, rng)
        )
    return codes


def golden(config: DotConfig, rows: list[dict]) -> list[int]:
    columns = {field: torch.tensor([row[field] for row in rows]) for field in rows[0]}
    return dot(config, **columns).tolist()


@pytest.mark.parametrize("config", [*sampled(56, 3), DotConfig(a="fp8_e5m2", b="fp8_e5m2"),
                                    DotConfig(a="fp8_e5m2", b="fp8_e5m2", scale="e8m0")],
                         ids=lambda config: config.module_name)  # fmt: skip
def test_dot_is_the_rational_dot(config):
    rng = random.Random(config.digest)
    rows = [some_codes(config, rng) for _ in range(250)]
    # Cancellation, exact and by one unit: c is minus the rounded sum, or next to it.
    acc = config.acc_format
    aimed = [{**row, "c": 0} for row in rows[:150]]
    for row, y in zip(aimed, golden(config, aimed), strict=True):
        move = rng.choice([0, 0, 1, -1, 2])
        row["c"] = ((y ^ acc.sign_bit if acc.is_float else -y) + move) & ((1 << acc.width) - 1)
    rows += aimed
    for row, y in zip(rows, golden(config, rows), strict=True):
        assert y == rational_dot(config, row), f"{row}: {rational_dot(config, row):#x}, not {y:#x}"


@pytest.mark.parametrize("name", ELEMENTS)
def test_every_element_is_what_others_say(name):
    """Values of ml_dtypes, of the rational reference, and the bounds that widths follow from."""
    codes = np.arange(1 << Element.of(name).format.width)
    got = exact.to_float64(decode_element(torch.from_numpy(codes), Element.of(name), False)).numpy()
    np.testing.assert_array_equal(got, [float(element(name, int(code), False)[0]) for code in codes])
    if name in ML_DTYPES:
        np.testing.assert_array_equal(got, codes.astype(np.uint8).view(ML_DTYPES[name]).astype(np.float64))
    units = got[np.isfinite(got)] / 2.0 ** Element.of(name).lsb
    np.testing.assert_array_equal(units, np.rint(units))
    assert np.abs(units).max() == Element.of(name).largest


def test_mxfp4_block_worked_by_ml_dtypes():
    """32 random products in float64, where they are exact: another route to the same sums."""
    rng = np.random.default_rng(0)
    config = DotConfig(a="fp4_e2m1", b="fp4_e2m1", scale="e8m0")
    a, b = rng.integers(0, 16, (2, 1000, 32), dtype=np.uint8)
    sa, sb = rng.integers(100, 150, (2, 1000), dtype=np.uint8)
    x, y = (code.view(ml_dtypes.float4_e2m1fn).astype(np.float64) for code in (a, b))
    s, u = (code.view(ml_dtypes.float8_e8m0fnu).astype(np.float64) for code in (sa, sb))
    want = ((x * y).sum(-1) * s * u).astype(np.float32).view(np.uint32)
    columns = {"a": a, "b": b, "scale_a": sa, "scale_b": sb, "c": np.zeros(1000, np.int64)}
    codes = {key: torch.from_numpy(value.astype(np.int64)) for key, value in columns.items()}
    got = dot(config, **codes).numpy()
    np.testing.assert_array_equal(got & 0x7FFFFFFF, want & 0x7FFFFFFF)
    np.testing.assert_array_equal(got[got != 0], want[got != 0])
    np.testing.assert_array_equal(dot_float64(config, **codes).numpy(), (x * y).sum(-1) * s * u)


def test_a_sum_of_e5m2_products_keeps_its_last_bit():
    """57344^2 * 31 and the least product, 2^-32, in one block: c takes the former away."""
    config = DotConfig(a="fp8_e5m2", b="fp8_e5m2", elements=5)
    big, half, tiny = 0x7B, 0x7A, 0x01  # 57344, 49152, 2^-16
    row = {"a": [big, 0x3C, tiny, 0, half], "b": [big, 0x3C, tiny, 0, 0], "c": 0}
    exact_sum = Fraction(57344) ** 2 + 1 + Fraction(1, 1 << 32)
    _, high, low = block_sum(config, torch.tensor(row["a"]), torch.tensor(row["b"]))
    assert ((int(high) << 31) + int(low)) * Fraction(2) ** config.lsb == exact_sum
    row["c"] = int(np.float32(-(57344.0**2)).view(np.uint32))
    assert golden(config, [row]) == [0x3F800000]
    row["a"][1] = 0
    assert golden(config, [row]) == [int(np.float32(2.0**-32).view(np.uint32))]


def test_specials_and_signs_of_zero():
    """By hand, from the documented rules."""
    nan, inf = 0x7FC00000, 0x7F800000
    mx = DotConfig(a="fp8_e5m2", b="fp8_e4m3", elements=2, scale="e8m0")
    one, half = 0x3C, 0x38  # 1.0 in e5m2, 1.0 in e4m3
    rows = [
        ({"a": [one, 0], "b": [half, 0], "scale_a": 255, "scale_b": 0, "c": 0}, nan),
        ({"a": [0x7C, 0], "b": [half, 0], "scale_a": 0, "scale_b": 0, "c": 0}, inf),
        ({"a": [0x7C, 0], "b": [0, 0], "scale_a": 0, "scale_b": 0, "c": 0}, nan),
        ({"a": [0x7C, 0xFC], "b": [half, half], "scale_a": 0, "scale_b": 0, "c": 0}, nan),
        ({"a": [0x7C, 0x7C], "b": [half, half], "scale_a": 0, "scale_b": 0, "c": inf | 1 << 31}, nan),
        ({"a": [one, 0], "b": [0x7F, 0], "scale_a": 0, "scale_b": 0, "c": 0}, nan),
        ({"a": [0x80, 0x80], "b": [half, 0], "scale_a": 127, "scale_b": 127, "c": 1 << 31}, 1 << 31),
        ({"a": [0x80, 0], "b": [half, 0], "scale_a": 127, "scale_b": 127, "c": 1 << 31}, 0),
        ({"a": [one, 0xBC], "b": [half, half], "scale_a": 127, "scale_b": 127, "c": 1 << 31}, 0),
        ({"a": [one, one], "b": [half, half], "scale_a": 254, "scale_b": 254, "c": 0}, inf),
    ]
    assert golden(mx, [row for row, _ in rows]) == [y for _, y in rows]
    nv = DotConfig(a="fp4_e2m1", b="fp4_e2m1", elements=2, scale="nvfp4")
    row = {"a": [2, 2], "b": [2, 2], "scale_a": 0x38, "scale_b": 0x38, "t": 0x3F800000, "c": 0}
    minus_two = 0xC0000000
    variants = [({}, 0x40000000), ({"scale_a": 0xB8}, minus_two), ({"t": 0xBF800000}, minus_two),
                ({"scale_b": 0x7F}, nan), ({"t": inf}, inf), ({"t": inf, "scale_a": 0}, nan),
                ({"a": [2, 10], "t": inf}, nan),
                ({"t": 1}, 2), ({"t": 0x80000000, "c": 1 << 31}, 1 << 31), ({"t": 0x80000000}, 0)]  # fmt: skip
    assert golden(nv, [{**row, **change} for change, _ in variants]) == [y for _, y in variants]


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"a": "fp8"}, "a: unknown format 'fp8'; did you mean fp8_e5m2?"),
    ({"a": "bf16"}, "a must be an element format of at most 8 bits, not bf16"),
    ({"b": "e8m0"}, "b must be an element format of at most 8 bits, not e8m0"),
    ({"acc": "fp8_e4m3"}, "acc must be one of fp32, bf16, fp16, int32, int16, not fp8_e4m3"),
    ({"acc": "int32"}, "acc=int32 requires integer elements, not fp8_e4m3"),
    ({"a": "int8", "b": "int8", "scale": "e8m0", "acc": "int32"}, "acc=int32 requires scale=none, not e8m0"),
    ({"a": "mxint8"}, "mxint8 requires scale=e8m0, not none"),
    ({"scale": "nvfp4"}, "scale=nvfp4 requires fp4_e2m1 elements, not fp8_e4m3"),
    ({"elements": 0}, "elements must be at least 1, not 0"),
    ({"elements": 65}, "elements must be at most 64, not 65"),
    ({"latency": 1}, "latency must be at least 2, not 1"),
    ({"latency": 13}, "latency must be at most 12, not 13"),
    ({"overflow": "wrap"}, "overflow must be ieee or saturate for acc=fp32, not wrap"),
    ({"a": "int8", "b": "int8", "acc": "int32", "overflow": "ieee"},
     "overflow must be wrap or saturate for acc=int32, not ieee"),
    ({"a": "int8", "b": "int8", "acc": "int16", "elements": 2},
     "acc must hold the exact sum of a block, which needs 17 bits, not int16 (2 products int8 * int8)"),
    ({"a": "uint8", "b": "uint8", "acc": "int16", "elements": 1},
     "acc must hold the exact sum of a block, which needs 17 bits, not int16 (1 products uint8 * uint8)"),
    ({"scales": "e8m0"}, "unknown key 'scales' for dot; did you mean scale?"),
], ids=str)  # fmt: skip
def test_bad_configs_are_refused_in_a_sentence(fields, sentence):
    with pytest.raises(ConfigError) as raised:
        DotConfig(**fields)
    assert str(raised.value) == sentence


@pytest.mark.parametrize("a", ["int2", "uint3", "int4"])
@pytest.mark.parametrize("b", ["int3", "uint2"])
def test_the_bits_that_a_block_needs(a, b):
    """The reach of two's complement, by enumeration."""
    for elements in (1, 2, 3, 7):
        x, y = ([element(name, code, False)[0] for code in range(1 << FORMATS[name].width)] for name in (a, b))
        products = [p * q for p in x for q in y]
        low, high = elements * min(products), elements * max(products)
        width = next(w for w in range(1, 40) if -(1 << (w - 1)) <= low and high < 1 << (w - 1))
        assert DotConfig(a=a, b=b, elements=elements, acc="int32").integer_bits == width
