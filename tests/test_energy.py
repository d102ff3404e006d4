"""The table of constants: published values with their sources, what lies between them, and those of the user."""

from __future__ import annotations

import json

import pytest
from nervure.verif.energy import CONSTANTS, Constant, constant_for, energy, load_constants


def test_every_constant_has_a_source_and_the_published_value():
    published = {
        "accumulate": 0.05448, "compare": 0.05448, "subtract": 0.05448, "sparse_move_bit_hops": 3.0,
        "dense_move_bit_hops": 0.25, "memory_read_bits": 0.03875, "offchip_move_bits": 20.3, "mac": 4.6,
        "shift": 0.024, "move_bits": 0.18, "weight_read_bits": 0.0985, "int8_add": 0.03, "int32_add": 0.1,
        "int8_multiply": 0.2, "int32_multiply": 3.1, "fp16_add": 0.4, "fp16_multiply": 1.1, "fp32_add": 0.9,
        "fp32_multiply": 3.7,
    }  # fmt: skip
    assert {name: c.pj for name, c in CONSTANTS.items() if not name.endswith("_toggles")} == published
    assert all(constant.source and constant.technology for constant in CONSTANTS.values())
    assert all("not published" in CONSTANTS[name].source for name in ("register_toggles", "net_toggles"))


@pytest.mark.parametrize(
    ("name", "pj"),
    [("multiply_8x8", 0.2), ("multiply_32x32", 3.1), ("multiply_4x16", 0.2), ("add_8", 0.03), ("compare_32", 0.1),
     ("add_int16", 0.03 * (10 / 3) ** 0.5), ("add_fp32", 0.9), ("add_bf16", 0.4), ("add_fp8_e4m3", 0.4 * 4 / 9)],
)  # fmt: skip
def test_operations_between_published_widths(name, pj):
    constant = constant_for(name, CONSTANTS)
    assert constant is not None and constant.pj == pytest.approx(pj)
    assert "Horowitz" in constant.source and constant.technology == "45 nm"


def test_totals_are_kept_by_technology_and_unknown_counts_are_shown():
    priced = energy({"multiply_8x8": 10, "memory_read_bits": 100, "prayers": 3})
    assert priced.totals == {"45 nm": pytest.approx(2.0), "22 nm": pytest.approx(3.875)}
    assert priced.unpriced == {"prayers": 3}
    assert priced.to_dict()["unpriced"] == {"prayers": 3}


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_constants_of_the_user(tmp_path, suffix):
    path = tmp_path / f"mine.{suffix}"
    entry = {"pj": 0.01, "source": "data sheet", "technology": "7 nm"}
    if suffix == "json":
        path.write_text(json.dumps({"int8_add": entry}))
    else:
        path.write_text("[int8_add]\n" + "\n".join(f"{k} = {json.dumps(v)}" for k, v in entry.items()))
    table = load_constants(path)
    assert table["int8_add"] == Constant(0.01, "data sheet", "7 nm")
    assert table["int32_add"] == CONSTANTS["int32_add"]
    with pytest.raises(ValueError, match=r"^int8_add and int32_add must be above 0 and of one technology to price "):
        energy({"add_12": 1}, table)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, r"constants must be a file that can be read, not '.*' \(No such file or directory\)"),
        ("[int8_add", r"constants must be TOML, not '.*'"),
        ("[int8_add]\npj = 1", r"int8_add must have pj, source and technology, not pj"),
        ("int8_add = 1", r"int8_add must have pj, source and technology, not 1"),
        ('[a]\npj = -1\nsource = "s"\ntechnology = "t"', r"a\.pj must be a number of picojoules, at least 0, not -1"),
        ('[a]\npj = 1\nsource = ""\ntechnology = "t"', r"a\.source must be a text, not ''"),
    ],
)
def test_constants_that_are_none(tmp_path, text, sentence):
    path = tmp_path / "mine.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=f"^{sentence}"):
        load_constants(path)
