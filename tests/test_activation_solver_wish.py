"""From wishes to configs: bars, callables nobody prepared for, what is refused, what may be imported, the command."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from nervure.generators import cli
from nervure.generators.activation import PRESETS, certificate, solve
from nervure.generators.registry import get_unit
from nervure.generators.settings import make_config
from nervure.golden.activation import activation
from nervure.hw.activation.config import ActivationConfig
from nervure.hw.config import ConfigError

UNIT = get_unit("activation")
SMALL = {"input": "q3.4", "output": "q3.4"}


def errors(config, function):
    """|y - f(x)| over every code, by golden model and nothing else of the library's."""
    low, high = config.codes
    codes = torch.arange(low, high + 1)
    y = activation(config, codes)
    if config.output_format.signed:
        y = torch.where(y > config.output_format.high, y - (1 << config.output_format.width), y)
    x = codes.double() * float(config.input_format.lsb)
    return (y * float(config.output_format.lsb) - function(x)).abs()


@pytest.mark.parametrize(("name", "fields"), [
    ("gelu", {}), ("exp", {"domain": "-10:0", "input": "q4.11", "output": "q1.14"}),
])  # fmt: skip
def test_sixteen_segments_come_within_an_eighth_of_the_limit(name, fields):
    config = solve(name, **fields)
    function = {"gelu": torch.nn.functional.gelu, "exp": torch.exp}[name]
    off = errors(config, function)
    assert off.max().item() == pytest.approx(config.reached, rel=1e-9)
    assert off.argmax().item() == config.worst_input - config.codes[0]
    assert config.reached <= 1.12 * config.limit
    assert len(config.slopes) == config.segments == 16


def test_a_fold_of_sixteen_reaches_the_column_of_thirty_two():
    config = solve("sigmoid", form="fold", output="q1.14")
    assert config.symmetry == "point" and len(config.slopes) == 16
    assert errors(config, torch.sigmoid).max().item() == pytest.approx(config.reached, rel=1e-9)
    assert config.reached <= 1.45 * 3.34e-4
    assert certificate(config)["segments"] == 32 and certificate(config)["stored_segments"] == 16


def test_with_wide_formats_nothing_is_lost():
    config = solve("tanh", slope="q1.20", output="q1.20")
    assert config.reached <= 1.05 * config.limit


def test_neighbours_meet_to_a_step():
    config = solve("tanh", output="q1.14", continuous=True)
    found = certificate(config)
    assert found["jump"] <= 1 and found["ratio"] <= 1.12
    assert errors(config, torch.tanh).max().item() == pytest.approx(config.reached, rel=1e-9)


@pytest.mark.parametrize("form", ["pwl", "fold"])
@pytest.mark.parametrize("knots", ["uniform", "pow2"])
def test_cells_hold_segments(knots, form):
    config = solve("tanh", knots=knots, form=form, segments=16, output="q1.14")
    assert errors(config, torch.tanh).max().item() == pytest.approx(config.reached, rel=1e-9)
    if (knots, form) == ("uniform", "pwl"):
        assert config.reached == pytest.approx(4.09e-2, rel=0.02)


def test_reload_holds_a_segment_for_each_cell():
    config = solve("tanh", form="reload", knots="pow2", segments=16, output="q1.14")
    apart = solve("tanh", knots="pow2", segments=16, output="q1.14")
    assert len(config.slopes) >= len(apart.slopes) and config.address == apart.address
    assert errors(config, torch.tanh).max().item() == pytest.approx(config.reached, rel=1e-9)


def test_fewest_segments_keep_to_an_error():
    config = solve("gelu", form="fold", max_error=1e-3)
    assert config.reached <= 1e-3 and errors(config, torch.nn.functional.gelu).max() <= 1e-3
    fewer = solve("gelu", form="fold", segments=len(config.slopes) - 1)
    assert fewer.reached > 1e-3


def test_a_table_is_exact_to_half_a_step():
    config = solve("sigmoid", form="table", input="q3.6", output="q1.8")
    assert config.reached <= config.limit == 0.5 / 256
    assert errors(config, torch.sigmoid).max().item() == pytest.approx(config.reached)


CALLABLES = {
    "lambda": lambda x: x * torch.sin(x),
    "number": lambda x: math.atan(x),
    "numpy": lambda x: np.cbrt(np.asarray(x) ** 2 + 1),
    "module": torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)),
    "pair": (np.linspace(-8, 8, 33), np.cos(np.linspace(-8, 8, 33))),
    "codes": np.cos(np.arange(-128, 128) / 16),
}


@pytest.mark.parametrize("kind", CALLABLES)
def test_a_function_nobody_prepared_for(kind):
    torch.manual_seed(0)
    config = solve(CALLABLES[kind], segments=16, input="q3.4", output="q4.6")
    assert 0 < config.reached < 1 and len(config.slopes) <= 16
    assert config.function in ("lambda", "Sequential", "samples")
    if kind == "lambda":
        assert errors(config, CALLABLES[kind]).max().item() == pytest.approx(config.reached)


def test_a_function_of_torch_by_name():
    config = make_config(UNIT, None, None, ["function=torch.special.i0e", "output=q1.14"])
    assert errors(config, torch.special.i0e).max().item() == pytest.approx(config.reached, rel=1e-9)
    assert config.reached <= 1.12 * config.limit


def test_the_second_time_is_quick():
    solve("mish", segments=12)
    start = time.monotonic()
    solve("mish", segments=12)
    assert time.monotonic() - start < 1


REFUSED = [
    ({"function": "gelo"}, "unknown function 'gelo'; did you mean gelu?"),
    ({"function": "os.system"}, "function must be torch.NAME or module:attribute to be imported, not 'os.system'"),
    ({"function": "torch.nothing"}, "function must be importable, not 'torch.nothing' "
                                    "(module 'torch' has no attribute 'nothing')"),
    ({"function": "math:pi"}, "function must be callable, not 'math:pi' (float)"),
    ({"function": "log"}, "function must be finite on the domain, not nan as log is at x = -8"),
    ({"function": "math:log"}, "function must be finite on the domain, not nan as math:log is at x = -8"),
    ({"function": "reciprocal"}, "function must be finite on the domain, not inf as reciprocal is at x = 0"),
    ({"function": "torch.sign"}, "function must not jump inside the domain, as torch.sign does by 1 at x = 0 "
                                 "(next to code 0)"),
    ({"domain": "8:-8"}, "domain must run from a lower to a higher number, not '8:-8'"),
    ({"domain": "1:1"}, "domain must run from a lower to a higher number, not '1:1'"),
    ({"domain": "all"}, "domain must be two numbers such as -8:8, not 'all'"),
    ({"domain": "9:10"}, "domain must hold a number of input=q3.4, not '9:10'"),
    ({"segments": 0}, "segments must be at least 1, not 0"),
    ({"segments": 4, "max_error": 0.1}, "segments and max_error exclude each other: one follows from the other"),
    ({"max_error": 0.01}, "max_error must be at least 0.0311, the floor of output=q3.4 (at code -35), not 0.01"),
    ({"max_error": 0.01, "form": "table"}, "max_error must be at least 0.0311, the floor of output=q3.4, not 0.01"),
    ({"form": "fold", "function": "exp"}, "form=fold requires a function that is even, odd, a point reflection or "
                                          "max(x, 0) and an even part on its domain, not exp"),
    ({"symmetry": "odd"}, "symmetry=odd requires a function that has it, not gelu (off by 7.94 at x = 7.9375)"),
    ({"symmetry": "even", "domain": "0:8"}, "symmetry=even requires a domain on both sides of 0, not codes 0 to 127"),
    ({"function": "exp"}, "output must hold the function to within 2.2, the limit of this form, not q3.4, which code "
                          "127 (x = 7.9375) exceeds by 2.79e+03"),
    ({"form": "table", "function": "tanh", "output": "q0.7"},
     "output must hold the function to within 0.00391, the limit of this form, not q0.7, which code 127 (x = 7.9375) "
     "exceeds by 0.00781"),
    ({"form": "table", "segments": 4}, "form=table requires no segments, knots, continuous or symmetry"),
    ({"continuous": True, "knots": "pow2"}, "continuous requires knots=free, not pow2"),
    ({"knots": "uniform", "segments": 1}, "segments must be more for knots=uniform on this domain, not 1"),
    ({"slope": "q1.2", "bias": "q1.7"}, "bias must have at most the fraction bits of slope and input, 2 and 4, not 7"),
    ({"function": "gelu", "slop": "q1.2"}, "unknown key 'slop' for activation; did you mean slope?"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "sentence"), REFUSED, ids=[str(fields) for fields, _ in REFUSED])
def test_what_cannot_be_is_refused_in_a_sentence(fields, sentence):
    with pytest.raises(ConfigError) as caught:
        UNIT.make({**SMALL, **fields})
    assert str(caught.value) == sentence


def test_a_target_no_segments_reach_names_the_floor():
    with pytest.raises(ConfigError, match=r"^max_error must be at least 0\.00\d+, the floor of 256 segments in these "
                                          r"formats, not 0\.00015$"):  # fmt: skip
        solve("gelu", max_error=1.5e-4, slope="q1.3")


def test_samples_are_refused_where_they_cannot_be():
    for samples, sentence in [
        (([0, 1], [0, 1]), "samples must reach over the domain, not end at 0 and 1 (x = -8)"),
        (([0, 0, 1], [0, 1, 2]), "samples must be at finite and rising x"),
        (([0.0], [1.0]), "samples must be two or more x and as many y, not 1 and 1"),
        (np.zeros(7), "samples must be 256, one per code of the domain, not 7"),
        (np.full(256, np.nan), "function must be finite on the domain, not nan as samples is at x = -8"),
    ]:
        with pytest.raises(ConfigError) as caught:
            solve(samples, **SMALL)
        assert str(caught.value) == sentence


@pytest.mark.parametrize("place", [0.0, 1.00001, -3.3])
def test_a_jump_between_codes_is_found_beside_a_slope(place):
    with pytest.raises(ConfigError, match=rf"^function must not jump inside the domain, as lambda does by 0\.1 at "
                                          rf"x = {place:g}\d*|^.* at x = \S*e-\d+ "):  # fmt: skip
        solve(lambda x: torch.where(x > place, 50 * x - 0.1, 50 * x), input="q3.8", output="q9.6")


def test_a_steep_function_is_no_jump():
    config = solve(lambda x: torch.tanh(1e6 * x), **SMALL)
    assert config.reached <= 0.6


def test_a_file_imports_only_where_that_is_allowed(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text('function = "math:atan"\ninput = "q3.4"\noutput = "q3.4"\n')
    with pytest.raises(ConfigError) as caught:
        make_config(UNIT, None, path)
    assert str(caught.value) == (
        f"config file must be allowed by --allow-import to import 'math:atan', which runs code ({path})"
    )
    config = make_config(UNIT, None, path, allow_import=True)
    assert config.function == "math:atan"
    assert make_config(UNIT, None, path, ["function=tanh"]).function == "tanh"
    # The integers it was solved to need no import.
    path.write_text(config.to_toml())
    assert make_config(UNIT, None, path) == config


def test_a_solved_file_is_solved_again_where_a_setting_asks_for_more(tmp_path):
    path = tmp_path / "c.toml"
    config = solve("gelu", form="fold", segments=4, **SMALL)
    path.write_text(config.to_toml())
    assert make_config(UNIT, None, path, ["latency=5"]).slopes == config.slopes
    other = make_config(UNIT, None, path, ["function=tanh", "latency=5"])
    assert other.symmetry == "odd" and other.latency == 5
    assert errors(other, torch.tanh).max().item() == pytest.approx(other.reached)


def test_a_certificate_that_is_not_true_is_refused(tmp_path):
    path = tmp_path / "c.toml"
    config = solve("gelu", segments=4, **SMALL)
    path.write_text(config.to_toml().replace(f"reached = {config.reached}", "reached = 0.001"))
    with pytest.raises(ConfigError, match=r"^reached must be .*, as these integers reach for gelu, not 0\.001$"):
        make_config(UNIT, None, path)


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_are_wishes_that_come_true(preset):
    config = make_config(UNIT, preset)
    assert isinstance(config, ActivationConfig)
    assert ActivationConfig(**config.to_dict()) == config
    fold = config.form == "fold"
    assert (config.symmetry != "none") == fold


def test_the_report_draws_and_lists_the_error(tmp_path, capfd):
    words = ["activation-report", "-s", "function=tanh", "-s", "input=q3.4", "-s", "output=q1.6", "-s", "segments=6"]
    assert cli.main([*words, "-o", str(tmp_path), "--json"]) == 0
    result = json.loads(capfd.readouterr().out)
    assert set(result["certificate"]) == {"max_error", "limit", "ratio", "worst_input", "segments", "stored_segments"}
    svg, data = (Path(path).read_text() for path in result["files"])
    assert svg.startswith("<svg") and "band" in svg
    found = json.loads(data)
    assert max(map(abs, found["lowest"] + found["highest"])) == result["certificate"]["max_error"]
    assert len(found["x"]) == len(found["lowest"]) == 256 and len(found["segments"]) <= 6


def test_show_and_manifest_carry_the_certificate(tmp_path, capfd):
    words = ["-s", "input=q3.4", "-s", "output=q3.4", "-s", "segments=4"]
    assert cli.main(["show", "activation", *words]) == 0
    out = capfd.readouterr().out
    assert "certificate" in out and "from u" in out
    assert cli.main(["generate", "activation", *words, "-o", str(tmp_path), "--json"]) == 0
    module = json.loads(capfd.readouterr().out)["module"]
    manifest = json.loads((tmp_path / f"{module}.json").read_text())
    assert manifest["certificate"]["stored_segments"] == 4
    assert manifest["certificate"]["ratio"] == pytest.approx(
        manifest["certificate"]["max_error"] / manifest["certificate"]["limit"]
    )
