"""What a user may get wrong with the units of the mac family: one sentence, exit code 2, and nothing half-written."""

from __future__ import annotations

import pytest
from nervure.generators.cli import USAGE, main
from nervure.generators.registry import get_unit
from nervure.hw.config import ConfigError

FITS = "must fit dsp48e2: its 26x17 bits hold 2x1 at most of significands of 8x8 bits (bf16*bf16)"


@pytest.mark.parametrize(("words", "sentence"), [
    ("mac -s lanes_a=999", f"lanes_a=999 lanes_b=1 {FITS}"),
    ("mac -s lanes_a=1000000000", f"lanes_a=1000000000 lanes_b=1 {FITS}"),
    ("mac -s lanes_a=", "lanes_a must be a positive integer or max, not ''"),
    ("mac -s lanes_a=0", "lanes_a must be a positive integer or max, not '0'"),
    ("mac -s lanes_a=-1", "lanes_a must be a positive integer or max, not '-1'"),
    ("mac -s a=bf61", "a: unknown format 'bf61'; did you mean bf16?"),
    ("mac -s a=bf16,int4", "a, b and acc must list as many modes each (acc may be one for all), not 2, 1, 1"),
    ("mac -s a=bf16,int4 -s b=bf16,bf16 -s lanes_a=1,2,3", "lanes_a must be one for all modes or one for each of 2, "
                                                           "not 3"),
    ("mac -s latency=0", "latency must be at least 2, not 0"),
    ("mac -s latency=1000000000", "latency must be at most 8, not 1000000000"),
    ("mac -s ranks=sum", "ranks must be place:count, joined by commas, not 'sum'"),
    ("mac -s ranks=", "ranks must be place:count, joined by commas, not ''"),
    ("mac -s ranks=middle:4", "ranks must name places among input, unpacked, product, aligned, sum, shifted, counted, "
                              "decided, result, not middle"),
    ("mac -s a=int8 -s b=int8 -s acc=int32 -s ranks=sum:3,result:1",
     "ranks must name places among input, unpacked, product, result, not sum"),
    ("mac -s ranks=sum:1,sum:2,result:1", "ranks must give each place once and at least 1 register, not sum:2"),
    ("mac -s ranks=sum:0,result:4", "ranks must give each place once and at least 1 register, not sum:0"),
    ("mac -s ranks=sum:4", "ranks must end with a register at result, not with sum:4"),
    ("mac -s ranks=sum:1,result:1", "ranks must add up to latency=4, not to 2"),
    ("accumulate -s lanes_a=3", f"lanes_a=3 lanes_b=1 {FITS}"),
    ("accumulate -s lanes_a=0", "lanes_a must be a positive integer or max, not '0'"),
    ("accumulate -s a=bf16,int4", "a must be one value, not several modes (bf16,int4)"),
    ("accumulate -s latency=9", "latency must be at most 8, not 9"),
    ("gemv -s groups=2", "groups must be at least latency (5), not 2"),
    ("gemv -s groups=0", "groups must be at least 1, not 0"),
    ("gemv -s units=0", "units must be at least 1, not 0"),
    ("gemv -s depth=0", "depth must be at least 2, not 0"),
    ("gemv -s depth=3", "depth must be a power of two, not 3"),
    ("dot -s elements=0", "elements must be at least 1, not 0"),
    ("dot -s elements=1000000000", "elements must be at most 64, not 1000000000"),
    ("dot -s a=int8 -s b=int8 -s acc=int16", "acc must hold the exact sum of a block, which needs 21 bits, not int16 "
                                             "(32 products int8 * int8)"),
    ("cast -s output=mxfp5", "output: unknown format 'mxfp5'; did you mean mxfp4?"),
    ("cast -s latency=0", "latency must be at least 1, not 0"),
])  # fmt: skip
def test_one_sentence_and_no_file(words, sentence, tmp_path, capsys):
    unit, *rest = words.split(" ")
    assert main(["generate", unit, *rest, "-o", str(tmp_path / "unit")]) == USAGE
    assert capsys.readouterr().err == f"nervure: {sentence}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("unit", ["mac", "accumulate", "gemv"])
@pytest.mark.parametrize("names", [",", "bf16,,", ""])
def test_names_that_are_missing(unit, names, capsys):
    assert main(["show", unit, "-s", f"a={names}"]) == USAGE
    error = capsys.readouterr().err
    assert error.startswith("nervure: a") and error.count("\n") == 1


@pytest.mark.parametrize("unit", ["mac", "accumulate", "gemv", "dot", "cast"])
@pytest.mark.parametrize(("text", "sentence"), [
    ("latancy = 4", "unknown key 'latancy' for {unit}; did you mean latency?"),
    ("latency = 'four'", "latency must be an integer, not 'four'"),
    ("latency = 4.5", "latency must be an integer, not 4.5"),
    ("latency = true", "latency must be an integer, not true"),
    ("latency = [1, 2]", "latency must be an integer, not [1, 2]"),
    ("unit = 'snn'", "config file must be of unit {unit}, not 'snn' ({file})"),
])  # fmt: skip
def test_files_with_wrong_fields(unit, text, sentence, tmp_path, capsys):
    file = tmp_path / "config.toml"
    file.write_text(text)
    assert main(["show", unit, "-c", str(file)]) == USAGE
    assert capsys.readouterr().err == f"nervure: {sentence.format(unit=unit, file=file)}\n"


def test_files_that_are_none(tmp_path, capsys):
    garbage = tmp_path / "garbage.toml"
    garbage.write_bytes(bytes(range(128, 256)))
    for path, start in ((tmp_path, "config file must be readable, not "), (garbage, "config file must be TOML, not "),
                        (tmp_path / "none.toml", "config file must be readable, not ")):  # fmt: skip
        assert main(["show", "mac", "-c", str(path)]) == USAGE
        error = capsys.readouterr().err
        assert error.startswith(f"nervure: {start}") and error.count("\n") == 1


def test_a_file_is_no_directory(tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("kept")
    for output in (file, file / "below"):
        assert main(["generate", "cast", "-o", str(output)]) == USAGE
        assert capsys.readouterr().err.startswith("nervure: output directory must be writable, not ")
    assert file.read_text() == "kept" and list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("unit", ["mac", "accumulate", "dot"])
def test_numbers_beyond_all_bounds(unit):
    config = get_unit(unit).load("config")
    field = "latency" if unit == "dot" else "lanes_a"
    with pytest.raises(ConfigError) as error:
        config(**{field: "9" * 5000})
    assert str(error.value).startswith(f"{field} must be ")


@pytest.mark.parametrize("unit", ["accumulate", "gemv", "dot"])
def test_exhaustion_of_what_has_no_end(unit, capsys):
    assert main(["verify", unit, "--exhaustive", "--engine", "batch"]) == USAGE
    error = capsys.readouterr().err
    assert error.startswith("nervure: exhaustive requires few enough inputs to run all, not those of ")
    assert error.count("\n") == 1


@pytest.mark.parametrize("unit", ["accumulate", "gemv"])
def test_boards_for_all_units(unit, tmp_path, capsys):
    assert main(["generate", unit, "--board", "ulx3s", "-o", str(tmp_path)]) == 0
    (constraints,) = tmp_path.glob("*.lpf")
    assert str(constraints) in capsys.readouterr().out
    assert "FREQUENCY" in constraints.read_text()
