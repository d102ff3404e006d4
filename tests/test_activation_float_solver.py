"""Wishes with floats: certificates by torch's own types, the limit, symmetries, what is asked for, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from nervure.generators import cli
from nervure.generators.activation import certificate, solve
from nervure.generators.registry import get_unit
from nervure.generators.settings import make_config
from nervure.golden.activation import activation
from nervure.hw.activation.config import ActivationConfig
from nervure.hw.config import ConfigError

UNIT = get_unit("activation")
TORCH = {"bf16": torch.bfloat16, "fp16": torch.float16}
CALLS = {"gelu": torch.nn.functional.gelu, "silu": torch.nn.functional.silu, "tanh": torch.tanh,
         "exp": torch.exp, "sigmoid": torch.sigmoid}  # fmt: skip


def reals(codes: torch.Tensor, name: str) -> torch.Tensor:
    """What 16-bit codes stand for, by torch's types."""
    return codes.to(torch.int32).to(torch.uint16).view(TORCH[name]).to(torch.float64)


def off(config: ActivationConfig) -> tuple[torch.Tensor, torch.Tensor]:
    """x and |y - f(x)| of every code that the certificate is about."""
    codes = torch.arange(65536)
    x, y = reals(codes, config.input), reals(activation(config, codes), config.output)
    low, high = (float(end) for end in config.domain.split(":"))
    judged = (x >= low) & (x <= high if config.above == "held" else x < torch.inf)
    return x[judged], (y - CALLS[config.function](x)).abs()[judged]


WISHES = {
    "gelu": {"form": "fold", "input": "bf16", "output": "bf16", "above": "identity"},
    "silu": {"input": "fp16", "output": "fp16", "above": "identity"},
    "sigmoid": {"form": "fold", "input": "fp16", "output": "bf16"},
    "exp": {"input": "bf16", "output": "fp16", "domain": "-10:0"},
    "tanh": {"form": "fold", "knots": "pow2", "segments": 32, "input": "fp16", "output": "fp16"},
}


@pytest.mark.parametrize("name", WISHES)
def test_certificates_are_what_torch_types_measure(name):
    config = solve(name, **WISHES[name])
    x, error = off(config)
    assert error.max().item() == pytest.approx(config.reached, rel=1e-6, abs=1e-9)
    found = certificate(config)
    assert error[x == found["worst_input"]].max().item() == pytest.approx(config.reached, rel=1e-6, abs=1e-9)
    # What rounding adds is at most half a unit in the last place.
    largest = {"gelu": 4.0, "silu": 4.0, "exp": 0.5}.get(name, 0.5)
    half = largest * torch.finfo(TORCH[config.output]).eps / 2
    assert config.reached <= config.sum_error + half
    if config.knots == "free":
        assert 1 - 1e-9 <= found["sum_ratio"] <= 1.12


def test_every_code_beyond_is_as_the_config_says():
    config = solve("gelu", **WISHES["gelu"])
    x = reals(torch.arange(65536), "bf16")
    y = reals(activation(config, torch.arange(65536)), "bf16")
    assert torch.isnan(y[torch.isnan(x)]).all() and not torch.isnan(y[~torch.isnan(x)]).any()
    assert (y[x > 8] == x[x > 8]).all() and torch.isinf(y).sum() == 1
    assert len(set(y[x <= -8].tolist())) == 1 and y[x == -torch.inf].abs() <= config.reached
    held = solve("gelu", form="fold", input="bf16", output="bf16")
    y = reals(activation(held, torch.arange(65536)), "bf16")
    assert (y[x >= 8] == 8).all()


@pytest.mark.parametrize(("name", "limit"), [("gelu", 2.11e-3), ("silu", 3.23e-3), ("tanh", 2.98e-3)])
def test_the_limit_of_finer_floats_is_that_of_the_published_table(name, limit):
    """fp16 has numbers enough on [-8, 8] that the best real lines are those through all of it."""
    config = solve(name, input="fp16", output="q3.12")
    assert config.limit == pytest.approx(limit, rel=0.01) and config.sum_error is None
    assert 1 - 1e-9 <= config.reached / config.limit <= 1.12


@pytest.mark.parametrize(("name", "symmetry"), [("gelu", "relu"), ("tanh", "odd"), ("sigmoid", "point"),
                                                ("cos", "even")])  # fmt: skip
def test_symmetries_are_found_on_float_codes(name, symmetry):
    assert solve(name, form="fold", input="bf16", output="fp16", segments=8).symmetry == symmetry


def test_the_grid_is_as_fine_as_the_domain_allows():
    wish = {"function": "exp2", "segments": 4, "input": "bf16", "output": "bf16"}
    for domain, grid in [("-8:8", "q3.12"), ("0:1", "uq0.16"), ("0:1.5", "uq1.15"), ("-9:3", "q4.11")]:
        assert UNIT.make({**wish, "domain": domain}).input_format.name == grid
    assert UNIT.make({**wish, "domain": "-8:8", "grid": "q3.4"}).input_format.name == "q3.4"


def test_fewest_segments_keep_to_an_error_with_the_rounding():
    config = solve("sigmoid", input="bf16", output="bf16", max_error=4e-3)
    _, error = off(config)
    assert error.max() <= 4e-3 and config.reached <= 4e-3
    assert len(config.slopes) <= 16 and config.sum_error < 4e-3


def test_fixed_formats_know_nothing_of_floats():
    config = solve("gelu", input="q3.4", output="q3.4", segments=4)
    assert not {"grid", "above", "sum_error"} & set(config.to_dict())
    assert set(certificate(config)) == {"max_error", "limit", "ratio", "worst_input", "segments", "stored_segments"}


def test_a_config_comes_back_from_its_file(tmp_path):
    path = tmp_path / "c.toml"
    config = solve("silu", segments=4, input="bf16", output="fp16", grid="q3.8")
    path.write_text(config.to_toml())
    assert make_config(UNIT, None, path) == config
    again = make_config(UNIT, None, path, ["input=fp16"])
    assert again.input == "fp16" and again.slopes != config.slopes
    path.write_text(config.to_toml().replace(f"reached = {config.reached}", "reached = 0.001"))
    with pytest.raises(ConfigError, match=r"^reached must be .*, as these integers reach for silu, not 0\.001$"):
        make_config(UNIT, None, path)


def test_show_and_report_have_the_certificate(tmp_path, capfd):
    words = ["-s", "input=bf16", "-s", "output=bf16", "-s", "segments=4", "-s", "above=identity"]
    assert cli.main(["show", "activation", *words]) == 0
    out = capfd.readouterr().out
    assert "sum_error" in out and "from u" in out
    assert cli.main(["activation-report", *words, "-o", str(tmp_path), "--json"]) == 0
    result = json.loads(capfd.readouterr().out)
    data = json.loads(next(path for path in tmp_path.glob("*.json")).read_text())
    assert result["certificate"]["sum_error"] <= result["certificate"]["max_error"]
    assert data["x"][0] == -8 and data["end"] == 8 and len(data["x"]) > 100
    assert max(map(abs, data["lowest"] + data["highest"])) == pytest.approx(result["certificate"]["max_error"])


SMALL = {"input": "bf16", "output": "bf16", "segments": 2}
REFUSED = [
    ({"input": "int8"}, "input must be a fixed-point format such as q3.12 or a float such as bf16, not 'int8'"),
    ({"output": "real"}, "output must be a fixed-point format such as q3.12 or a float such as bf16, not 'real'"),
    ({"input": "fp32"}, "input must have at most 16 bits, not 32"),
    ({"grid": "bf16"}, "grid must be a fixed-point format such as q3.12 or uq0.16, not 'bf16'"),
    ({"grid": "q4.12"}, "grid must have at most 16 bits, not 17 (q4.12)"),
    ({"grid": "q3.4", "input": "q3.4"},
     "grid requires segments and a float input, not form=pwl with input=q3.4"),
    ({"grid": "q3.4", "form": "table", "segments": None},
     "grid requires segments and a float input, not form=table with input=bf16"),
    ({"domain": "-8:40000"}, "domain must lie within -32768:32768 for a float input, not be '-8:40000'"),
    ({"domain": "8:9", "grid": "q2.4"}, "domain must hold a number of grid=q2.4, not '8:9'"),
    ({"domain": "0.1:0.2", "input": "fp4_e2m1"}, "domain must hold a number of input=fp4_e2m1, not '0.1:0.2'"),
    ({"above": "x"}, "above must be held or identity, not 'x'"),
    ({"above": "identity", "output": "fp16"},
     "above=identity requires input and output to be one float, not bf16 and fp16"),
    ({"above": "identity", "domain": "-8:-1"},
     "above=identity requires a domain that reaches to 0 or above, not -8:-1"),
    ({"form": "reload"}, "form=reload requires a fixed-point input, not bf16"),
    ({"form": "reload", "input": "q3.4"}, "form=reload requires a fixed-point output, not bf16"),
    ({"continuous": True, "input": "q3.4"}, "continuous requires a fixed-point output, not bf16"),
    ({"function": "exp", "form": "fold"}, "form=fold requires a function that is even, odd, a point reflection or "
                                          "max(x, 0) and an even part on its domain, not exp"),
    ({"symmetry": "odd"}, "symmetry=odd requires a function that has it, not gelu (off by 8 at x = 8)"),
    ({"function": "exp", "output": "fp4_e2m1"},
     "output must hold the function to within 226, the limit of this form, not fp4_e2m1, which code 16640 (x = 8) "
     "exceeds by 2.97e+03"),
    ({"segments": None, "max_error": 1e-3},
     "max_error must be at least 0.01562, the floor of output=bf16 (at code 16513), not 0.001"),
    ({"function": "torch.sign", "segments": 4}, "function must not jump inside the domain, as torch.sign does by 1 at "
                                                "x = 0 (next to code 0)"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "sentence"), REFUSED, ids=[str(fields) for fields, _ in REFUSED])
def test_what_cannot_be_is_refused_in_a_sentence(fields, sentence):
    with pytest.raises(ConfigError) as caught:
        UNIT.make({**SMALL, **fields})
    assert str(caught.value) == sentence


def test_tables_and_symmetries_of_the_integers_are_refused():
    flat = {"input": "fp4_e2m1", "output": "fp8_e4m3", "form": "table"}
    for fields, sentence in [
        ({"entries": (0,) * 15}, "entries must be 16, one for each code of fp4_e2m1, not 15"),
        ({"entries": (256,) * 16}, "entries must be codes of fp8_e4m3, not 256"),
    ]:
        with pytest.raises(ConfigError) as caught:
            ActivationConfig(**flat, **fields)
        assert str(caught.value) == sentence
    values = np.zeros(7)
    with pytest.raises(ConfigError, match=r"^samples must be 16, one per code of the domain, not 7$"):
        solve(values, input="fp4_e2m1", output="bf16", segments=2)
    with pytest.raises(ConfigError, match=r"^above=identity requires a function that can be called, not samples$"):
        solve(np.zeros(15), input="fp4_e2m1", output="fp4_e2m1", domain="-8:4", above="identity", segments=2)
