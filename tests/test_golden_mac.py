"""The golden model against exact rationals, and number formats against ml_dtypes."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from nervure.golden import exact
from nervure.golden.mac import mac, mac_float64
from nervure.hw.formats import FORMATS
from nervure.hw.mac.config import ACCUMULATORS, OPERANDS, MacConfig

from .rational import FLOATS, ML_DTYPES, fma, value


@pytest.mark.parametrize("name", [n for n, f in FORMATS.items() if f.width <= 16])
def test_every_code_decodes_as_its_definition(name):
    fmt = FORMATS[name]
    codes = np.arange(1 << fmt.width)
    got = exact.to_float64(exact.decode(torch.from_numpy(codes), fmt)).numpy()
    if name in ML_DTYPES:
        storage = np.uint16 if fmt.width == 16 else np.uint8
        with np.errstate(invalid="ignore"):
            want = codes.astype(storage).view(ML_DTYPES[name]).astype(np.float64)
        np.testing.assert_array_equal(got, want)
        assert np.array_equal(np.signbit(got)[~np.isnan(want)], np.signbit(want)[~np.isnan(want)])
    if name != "e8m0":
        np.testing.assert_array_equal(got, [float(value(name, int(code))) for code in codes])


@pytest.mark.parametrize("name", [n for n in ML_DTYPES if n in ACCUMULATORS])
def test_rounding_float32_to_a_format_is_ml_dtypes(name):
    """Every sign and exponent of float32 with random mantissas and the midpoints of the format."""
    fmt = FORMATS[name]
    rng = np.random.default_rng(1)
    high = rng.integers(0, 1 << 32, 200_000, dtype=np.uint64) & 0xFFFFFFFF
    low = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint64)
    edges = (np.arange(1 << 16, dtype=np.uint64) << 16)[:, None] | low
    codes = np.concatenate([high, edges.reshape(-1)]).astype(np.int64)
    got = exact.encode(exact.decode(torch.from_numpy(codes), FORMATS["fp32"]), fmt).numpy()
    with np.errstate(all="ignore"):
        rounded = codes.astype(np.uint32).view(np.float32).astype(ML_DTYPES[name])
        want = rounded.view({8: np.uint8, 16: np.uint16, 32: np.uint32}[fmt.width]).astype(np.int64)
        nan = np.isnan(rounded.astype(np.float64))
    np.testing.assert_array_equal(got[~nan], want[~nan])
    assert (got[nan] == fmt.canonical_nan).all()


def test_published_limits_and_codes():
    limits = {"fp8_e4m3": 448, "fp8_e5m2": 57344, "fp6_e3m2": 28, "fp6_e2m3": 7.5, "fp4_e2m1": 6, "fp4_e1m2": 1.75,
              "fp4_e3m0": 16, "fp16": 65504, "int8": 127, "uint8": 255}  # fmt: skip
    for name, limit in limits.items():
        code = torch.tensor(FORMATS[name].max_finite)
        assert exact.to_float64(exact.decode(code, FORMATS[name])).item() == limit, name
    nans = {"fp32": 0x7FC00000, "bf16": 0x7FC0, "fp16": 0x7E00, "fp8_e5m2": 0x7E, "fp8_e4m3": 0x7F, "e8m0": 0xFF}
    assert {name: FORMATS[name].canonical_nan for name in nans} == nans


def interesting(name: str, rng: random.Random) -> int:
    """A code at an edge of the format, next to one, or anywhere."""
    width = FORMATS[name].width
    if name not in FLOATS:
        edge = rng.choice([0, 1, (1 << width) - 1, 1 << (width - 1), (1 << (width - 1)) - 1])
        return edge if rng.random() < 0.4 else rng.getrandbits(width)
    _, ebits, mbits, bias, _ = FLOATS[name]
    kind = rng.random()
    if kind < 0.3:
        return rng.getrandbits(width)
    field = rng.choice([0, 0, 1, 2, (1 << ebits) - 1, (1 << ebits) - 2, bias, bias + 1, max(bias - mbits - 1, 0)])
    if kind < 0.6:
        field = min(max(bias + rng.randint(-mbits - 3, mbits + 3), 0), (1 << ebits) - 1)
    frac = rng.choice([0, 1, (1 << mbits) - 1, 1 << max(mbits - 1, 0), rng.getrandbits(mbits) if mbits else 0])
    return rng.getrandbits(1) << (width - 1) | field % (1 << ebits) << mbits | frac % (1 << mbits)


def some_configs() -> list[MacConfig]:
    """Every operand format and accumulator in turn, with every combination of numeric options coming up."""
    rng = random.Random(7)
    configs = []
    for acc in ACCUMULATORS:
        integer = acc.startswith("int")
        names = [n for n in OPERANDS if not integer or FORMATS[n].is_integer]
        for a in names:
            configs.append(MacConfig(
                a=a, b=rng.choice(names), acc=acc, rounding=rng.choice(["rne", "rtz"]),
                subnormals=rng.choice(["full", "flush"]), product=rng.choice(["fused", "rounded"]),
                overflow=rng.choice(["wrap", "saturate"] if integer else ["ieee", "saturate"]),
            ))  # fmt: skip
    return [*configs, MacConfig(), MacConfig(a="fp32", b="fp32"), MacConfig(a="int32", b="int32", acc="fp32")]


@pytest.mark.parametrize("config", some_configs(), ids=lambda config: config.module_name)
def test_mac_is_the_rational_mac(config):
    rng = random.Random(config.digest)
    rows = [[interesting(name, rng) for name in (config.a, config.b, config.acc)] for _ in range(600)]
    # Cancellation, exact and by one unit: c is minus the rounded product, or next to it.
    zero = [[a, b, 0] for a, b, _ in rows[:200]]
    minus = mac(config, *torch.tensor(zero).T).tolist()
    flip = FORMATS[config.acc].sign_bit
    rows += [[a, b, (y ^ flip if config.acc_format.is_float else -y) + rng.choice([0, 0, 1, -1]) & (2 * flip - 1)]
             for (a, b, _), y in zip(zero, minus, strict=True)]  # fmt: skip
    got = mac(config, *torch.tensor(rows).T).tolist()
    for (a, b, c), y in zip(rows, got, strict=True):
        assert y == fma(config, a, b, c), f"{a:#x} * {b:#x} + {c:#x} = {fma(config, a, b, c):#x}, not {y:#x}"


def test_small_formats_exhaustively():
    config = MacConfig(a="fp4_e2m1", b="fp4_e1m2", acc="fp8_e4m3")
    a, b, c = torch.meshgrid(torch.arange(16), torch.arange(16), torch.arange(256), indexing="ij")
    got = mac(config, a, b, c)
    assert all(got[i, j, k] == fma(config, i, j, k) for i in range(16) for j in range(16) for k in range(256))


def test_shapes_broadcast_and_codes_may_be_sign_extended():
    config = MacConfig(a="int8", b="int8", acc="int32")
    y = mac(config, torch.tensor([[-3], [5]]), torch.tensor([7, -7, 0]), torch.tensor(-1))
    assert y.tolist() == [[-22 & 0xFFFFFFFF, 20, -1 & 0xFFFFFFFF], [34, -36 & 0xFFFFFFFF, -1 & 0xFFFFFFFF]]


def test_float64_reference():
    config = MacConfig(a="fp8_e4m3", b="bf16", acc="fp32")
    y = mac_float64(config, torch.tensor(0x38), torch.tensor(0x4040), torch.tensor(0xBF800000))
    assert y.item() == 1.0 * 3.0 - 1.0
