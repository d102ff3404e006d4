"""Configs: round trips, names, and every refusal as one whole sentence."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervure.hw.config import ConfigError
from nervure.hw.formats import FORMATS, get_format
from nervure.hw.mac.config import ACCUMULATORS, OPERANDS, MacConfig

INTEGERS = [name for name in OPERANDS if FORMATS[name].is_integer]
CHOICES = {
    "rounding": ["rne", "rtz"], "subnormals": ["full", "flush"], "product": ["fused", "rounded"],
    "interface": ["stream", "bare"], "multiplier": ["dsp48e2", "dsp58", "mult18x18", "sb_mac16", "lut"],
    "reset": ["sync", "async", "none"],
}  # fmt: skip


@st.composite
def configs(draw):
    acc = draw(st.sampled_from(ACCUMULATORS))
    operands = INTEGERS if acc.startswith("int") else OPERANDS
    fields = {key: draw(st.sampled_from(values)) for key, values in CHOICES.items()}
    if fields["reset"] != "none":
        fields["reset_active"] = draw(st.sampled_from(["high", "low"]))
    overflow = draw(st.sampled_from([None, "saturate", "wrap" if acc.startswith("int") else "ieee"]))
    return MacConfig(a=draw(st.sampled_from(operands)), b=draw(st.sampled_from(operands)), acc=acc, overflow=overflow,
                     latency=draw(st.integers(2, 8)), **fields)  # fmt: skip


@given(configs(), configs())
def test_round_trip_and_names(tmp_path_factory, one, other):
    path = tmp_path_factory.mktemp("toml") / "config.toml"
    path.write_text(one.to_toml())
    assert MacConfig.from_toml(path) == one
    assert MacConfig.from_toml(path).digest == one.digest
    # The name carries the parameters: different configs have different names and digests.
    assert (one == other) == (one.module_name == other.module_name) == (one.digest == other.digest)


REFUSED = {
    "a=bf17": "a: unknown format 'bf17'; did you mean bf16?",
    "a=int0": "a: unknown format 'int0'; did you mean int8?",
    "b=e8m0": "b must be a float or an integer format, not e8m0 (a scale)",
    "acc=int8": "acc must be one of bf16, fp16, fp32, fp8_e4m3, fp8_e5m2, int16, int32, not int8",
    "acc=int32": "acc=int32 requires integer operands, not bf16",
    "latency=1": "latency must be at least 2, not '1'",
    "latency=9": "latency must be at most 8, not '9'",
    "latency=four": "latency must be an integer, not 'four'",
    "rounding=up": "rounding must be rne or rtz, not 'up'",
    "overflow=wrap": "overflow must be ieee or saturate for acc=fp32, not wrap",
    "reset=none reset_active=low": "reset_active=low requires reset=sync or reset=async, not reset=none",
    "module=1mac": "module must be a Verilog identifier, not '1mac'",
    "module=always": "module must be a Verilog identifier, not 'always'",
    "lattency=4": "unknown key 'lattency' for mac; did you mean latency?",
}


@pytest.mark.parametrize(("wish", "sentence"), REFUSED.items())
def test_refusals(wish, sentence):
    with pytest.raises(ConfigError) as refusal:
        MacConfig(**dict(pair.split("=") for pair in wish.split()))
    assert str(refusal.value) == sentence


def test_refused_files(tmp_path):
    path = tmp_path / "config.toml"
    cases = {
        "latency = ": "config file must be TOML, not",
        'unit = "snn"': "config file must be of unit mac, not 'snn'",
        "depth = 4": "unknown key 'depth' for mac",
        "latency = 9": "latency must be at most 8, not 9",
    }
    for text, sentence in cases.items():
        path.write_text(text)
        with pytest.raises(ConfigError) as refusal:
            MacConfig.from_toml(path)
        assert str(refusal.value).startswith(sentence)
    with pytest.raises(ConfigError, match=r"^config file must be readable, not '.*nowhere\.toml'"):
        MacConfig.from_toml(tmp_path / "nowhere.toml")


def test_frozen():
    with pytest.raises(ValueError, match="frozen"):
        MacConfig().latency = 5


@pytest.mark.parametrize(("name", "facts"), {
    # name: width, significand, exponent of least and greatest normal, has Inf, has NaN; from the formats' standards
    "bf16": (16, 8, -126, 127, True, True), "fp16": (16, 11, -14, 15, True, True),
    "fp32": (32, 24, -126, 127, True, True), "fp8_e4m3": (8, 4, -6, 8, False, True),
    "fp8_e5m2": (8, 3, -14, 15, True, True), "fp6_e3m2": (6, 3, -2, 4, False, False),
    "fp6_e2m3": (6, 4, 0, 2, False, False), "fp4_e2m1": (4, 2, 0, 2, False, False),
    "fp4_e1m2": (4, 3, 0, 0, False, False), "fp4_e3m0": (4, 1, -2, 4, False, False),
}.items())  # fmt: skip
def test_derived_facts(name, facts):
    f = get_format(name)
    assert (f.width, f.significand_width, f.min_exponent, f.max_exponent, f.has_inf, f.has_nan) == facts


def test_all_formats_are_there():
    assert set(FORMATS) == {
        *(f"int{n}" for n in range(2, 9)), *(f"uint{n}" for n in range(2, 9)), "int16", "int32", "bf16", "fp16", "fp32",
        "fp8_e4m3", "fp8_e5m2", "fp6_e3m2", "fp6_e2m3", "fp4_e2m1", "fp4_e1m2", "fp4_e3m0", "e8m0",
    }  # fmt: skip


def test_every_option_combination_has_its_own_name():
    names = [MacConfig(**dict(zip(CHOICES, values, strict=True))).module_name
             for values in itertools.product(*CHOICES.values())]  # fmt: skip
    assert len(set(names)) == len(names)
