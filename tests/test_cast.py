"""The golden cast against exact rationals and ml_dtypes, and what a config refuses."""

from __future__ import annotations

import random
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
import torch
from nervure.golden import exact
from nervure.golden.mac.cast import cast
from nervure.hw.config import ConfigError
from nervure.hw.formats import FORMATS
from nervure.hw.mac.config.cast import BLOCKS, QUANTISED, SCALARS, CastConfig
from nervure.verif.mac import cast as bench

from . import rational_cast
from .rational import FLOATS, ML_DTYPES, value


def some_configs(count: int, seed: int) -> list[CastConfig]:
    """Every pair of a format with another in turn, with all numeric options coming up."""
    rng = random.Random(seed)
    configs = []
    pairs = [(a, b) for a in SCALARS for b in SCALARS]
    for a, b in rng.sample(pairs, count):
        plain = CastConfig(input=a, output=b)
        configs.append(CastConfig(
            input=a, output=b, rounding=rng.choice(["rne", "rtz"]), subnormals=rng.choice(["full", "flush"]),
            overflow=rng.choice(plain.overflows),
        ))  # fmt: skip
    return configs


def drawn(config: CastConfig, count: int) -> list[int]:
    """All codes of a narrow input, some of a wide one."""
    width = config.input_format.width
    if width <= 8:
        return list(range(1 << width))
    return bench.stimulus(config, count, seed=1)["x"].tolist()


@pytest.mark.parametrize("config", some_configs(120, seed=5), ids=lambda config: config.module_name)
def test_cast_is_the_rational_cast(config):
    codes = drawn(config, 400)
    got = cast(config, torch.tensor(codes))["y"].tolist()
    for code, y in zip(codes, got, strict=True):
        assert y == rational_cast.cast(config, code), f"{code:#x}: {rational_cast.cast(config, code):#x}, not {y:#x}"


@pytest.mark.parametrize("rounding", ["rne", "rtz"])
@pytest.mark.parametrize("subnormals", ["full", "flush"])
@pytest.mark.parametrize("name", BLOCKS)
def test_blocks_are_the_rational_blocks(name, subnormals, rounding):
    for source in QUANTISED:
        config = CastConfig(input=source, output=name, rounding=rounding, subnormals=subnormals)
        fields = bench.stimulus(config, 60, seed=2)
        got = {key: codes.tolist() for key, codes in bench.expect(config, fields).items()}
        for i, block in enumerate(fields["x"].tolist()):
            t = int(fields["t"][i]) if "t" in fields else None
            assert (got["y"][i], got["scale"][i]) == rational_cast.quantise(config, block, t), (block, t)


@pytest.mark.parametrize("name", [n for n in ML_DTYPES if n in FLOATS])
def test_float32_to_a_float_is_ml_dtypes(name):
    """All upper halves of float32 with lower halves that tie, nearly tie, or are anything; saturation apart."""
    fmt = FORMATS[name]
    low = np.array([0, 1, 0x8000, 0x8001, 0xFFFF], np.int64)
    codes = ((np.arange(1 << 16, dtype=np.int64) << 16)[:, None] | low).reshape(-1)
    got = cast(CastConfig(output=name), torch.from_numpy(codes))["y"].numpy()
    with np.errstate(all="ignore"):
        source = codes.astype(np.uint32).view(np.float32)
        rounded = source.astype(ML_DTYPES[name])
        want = rounded.view(np.dtype(f"u{-(-fmt.width // 8)}")).astype(np.int64)
        # e4m3 has a NaN, not an Inf, for what is too large; ml_dtypes gives it a sign.
        nan = np.isnan(rounded.astype(np.float64)) | np.isnan(source)
    np.testing.assert_array_equal(got[~nan] & (2 * fmt.sign_bit - 1), want[~nan] & (2 * fmt.sign_bit - 1))
    assert set(got[nan]) == {fmt.canonical_nan if fmt.has_nan else 0}


@pytest.mark.parametrize("name", ["bf16", "fp16", "fp32", "fp8_e4m3", "fp8_e5m2"])
def test_integers_to_floats_are_ml_dtypes(name):
    codes = np.concatenate([np.arange(-(1 << 15), 1 << 15), (1 << np.arange(31)) + 1, -(1 << np.arange(32))])
    got = cast(CastConfig(input="int32", output=name), torch.from_numpy(codes))["y"].numpy()
    with np.errstate(all="ignore"):
        # 32 bits are exact in float64, and ml_dtypes rounds float64 once.
        want = codes.astype(np.float64).astype(ML_DTYPES[name])
        nan = np.isnan(want.astype(np.float64))
    np.testing.assert_array_equal(got[~nan], want.view(np.dtype(f"u{FORMATS[name].width // 8}"))[~nan])
    assert (got[nan] == FORMATS[name].canonical_nan).all() if nan.any() else True


def test_one_digit_ties_go_up_and_integers_wrap():
    x = torch.from_numpy(np.array([1.5, 3.0, 0.125, 0.375, 300.5, -1e9, np.inf, np.nan], np.float32).view(np.int32))
    assert cast(CastConfig(output="fp4_e3m0"), x)["y"].tolist() == [4, 5, 0, 2, 7, 15, 7, 0]
    assert cast(CastConfig(output="int8", overflow="wrap"), x)["y"].tolist() == [2, 3, 0, 0, 44, 0, 127, 0]
    assert cast(CastConfig(output="uint8"), x)["y"].tolist() == [2, 3, 0, 0, 255, 0, 255, 0]


def test_blocks_worked_by_hand():
    """The largest is 300 = 1.17 * 2^8: in e2m1 (emax 2) the scale is 2^6, in e4m3 (emax 8) it is 1."""
    block = np.zeros(32, np.float32)
    block[:5] = [300, -96, 16, -15.9, 500]
    block[4] = 0
    x = torch.from_numpy(block.view(np.int32))
    got = cast(CastConfig(output="mxfp4"), x)
    # 4.69 -> 4 (code 6), -1.5 (code 3), 0.25 ties to 0, -0.248 to -0
    assert got["scale"].item() == 127 + 6 and got["y"][:5].tolist() == [6, 11, 0, 8, 0]
    assert cast(CastConfig(output="mxfp8_e4m3"), x)["scale"].item() == 127
    # int8: 300 / 2^8 * 64 = 75
    got = cast(CastConfig(output="mxint8"), x)
    assert got["scale"].item() == 127 + 8 and got["y"][:3].tolist() == [75, 256 - 24, 4]
    zeros = torch.zeros(32, dtype=torch.int64)
    assert cast(CastConfig(output="mxfp4"), zeros)["scale"].item() == 0
    t = torch.tensor(0x3F800000)
    got = cast(CastConfig(output="nvfp4"), x[:16], t)
    # 300 / 6 = 50 lies between 48 and 52, and 48 has the even code: 300 / 48 = 6.25 saturates.
    assert exact.to_float64(exact.decode(got["scale"], FORMATS["fp8_e4m3"])).item() == 48
    assert got["y"][:3].tolist() == [7, 8 + 4, 1]
    with pytest.raises(ValueError, match="t must be given for nvfp4"):
        cast(CastConfig(output="nvfp4"), x[:16])


@pytest.mark.parametrize("name", BLOCKS)
def test_quantised_blocks_decode_within_half_a_step(name):
    """What a dot product of blocks reads is near what was quantised: |decoded - x| <= half a step, or x saturates."""
    config = CastConfig(output=name)
    block = BLOCKS[name]
    element = FORMATS[block.element]
    fields = bench.stimulus(config, 300, seed=4, kind="normal")
    outputs = bench.expect(config, fields)
    for i, codes in enumerate(fields["x"].tolist()):
        scale = value("fp8_e4m3", int(outputs["scale"][i])) if name == "nvfp4" else (
            Fraction(2) ** (int(outputs["scale"][i]) - 127))  # fmt: skip
        if "t" in fields:
            scale *= value("fp32", int(fields["t"][i]))
        for code, y in zip(codes, outputs["y"][i].tolist(), strict=True):
            x = value("fp32", code) / scale
            if element.is_integer:
                got, step, top = value("int8", y) / 64, Fraction(1, 64), Fraction(127, 64)
            else:
                got, top = value(element.name, y), rational_cast.numbers(element.name)[-1]
                places = max(rational_cast.floor_log2(abs(x)) if x else -99, element.min_exponent)
                step = Fraction(2) ** (places - element.mantissa_width)
            assert abs(got - x) <= step / 2 or (abs(got) == top and abs(x) > top)


@pytest.mark.parametrize(("fields", "sentence"), [
    ({"input": "e8m0"}, "input must be a float or an integer format, not e8m0 (a scale)"),
    ({"output": "e8m0"}, "output must be a float or an integer format, not e8m0 (a scale)"),
    ({"input": "mxfp4"}, "input must be a float or an integer format, not mxfp4 (a block format)"),
    ({"output": "mxfp5"}, "output: unknown format 'mxfp5'; did you mean mxfp4?"),
    ({"input": "int8", "output": "mxfp4"}, "output=mxfp4 requires input fp32, bf16 or fp16, not int8"),
    ({"output": "mxfp4", "elements": 16}, "elements must be 32 for output=mxfp4, not 16"),
    ({"elements": 0}, "elements must be at least 1, not 0"),
    ({"elements": 65}, "elements must be at most 64, not 65"),
    ({"latency": 0}, "latency must be at least 1, not 0"),
    ({"latency": 9}, "latency must be at most 8, not 9"),
    ({"overflow": "wrap"}, "overflow must be ieee or saturate for output=bf16, not wrap"),
    ({"output": "int8", "overflow": "ieee"}, "overflow must be saturate or wrap for output=int8, not ieee"),
    ({"output": "mxfp8_e4m3", "overflow": "ieee"}, "overflow must be saturate for output=mxfp8_e4m3, not ieee"),
    ({"rounding": "up"}, "rounding must be rne or rtz, not 'up'"),
    ({"inputs": "fp32"}, "unknown key 'inputs' for cast; did you mean input?"),
])  # fmt: skip
def test_what_a_config_refuses(fields, sentence):
    with pytest.raises(ConfigError) as error:
        CastConfig(**fields)
    assert str(error.value).startswith(sentence)


def test_names_and_defaults():
    assert CastConfig().module_name == "cast_fp32_bf16_l2"
    assert CastConfig(output="mxfp4").elements == 32 and CastConfig(output="nvfp4").elements == 16
    lanes = CastConfig(input="bf16", output="int8", elements=4, overflow="wrap")
    assert lanes.module_name == "cast_bf16_int8_l2_wrap_x4"
    assert CastConfig(output="fp4_e2m1").overflow == "saturate"
    assert ml_dtypes.finfo(ml_dtypes.float4_e2m1fn).max == 6
