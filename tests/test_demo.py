"""The demo: every result of the hardware equals the golden model's, and the page says so."""

from __future__ import annotations

import re

import numpy as np
import pytest
from nervure.generators import cli, network
from nervure.generators.demo import FORMATS_USED, demo
from nervure.generators.report import Report
from nervure.generators.train import digits
from nervure.golden.mac import mac
from nervure.hw.formats import FORMATS
from nervure.hw.mac.config import MacConfig
from nervure.verif.artifact import Artifact
from torch import from_numpy

from .pages import Page

CONFIG = MacConfig(**FORMATS_USED)
E4M3, BF16, FP32 = (FORMATS[name] for name in ("fp8_e4m3", "bf16", "fp32"))


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return demo(tmp_path_factory.mktemp("demo"))


def test_every_result_equals_the_golden_model(result):
    assert result.passed and result.mismatches == 0
    assert result.images == digits.HELD_OUT and result.vectors == 360 * (64 * 32 + 32 * 10)
    assert result.vectors < result.cycles < 1.01 * result.vectors
    assert result.accuracy["rtl"] == result.accuracy["golden"] > 0.95
    assert abs(result.accuracy["float"] - result.accuracy["rtl"]) < 0.02
    assert result.seconds["total"] < 180


def test_the_demo_leaves_a_unit_and_a_report(result):
    artifact = Artifact.load(result.directory)
    assert artifact.manifest["config"] == CONFIG.to_dict()
    assert sorted(result.files) == sorted(path.name for path in result.directory.iterdir())
    said = result.to_dict()
    assert said["synth"]["dsp"] == 1 and said["synth"]["lut"] > 100 and said["synth"]["ff"] > 100
    assert said["energy_nj_per_image"] > 0 and said["toggles_per_mac"] > 10
    text = "\n".join(result.lines())
    for word in ("float", "golden", "RTL", "852,480", "LUT", "FF", "DSP", "nJ", "report.html"):
        assert word in text


def test_the_network_computes_what_real_numbers_give(result):
    """Beside the golden model: the same codes, as real numbers, through numpy."""
    data = digits.load_digits()
    layers = network.quantise(digits.train(data), CONFIG)
    values = data.test_images.astype(np.float64)
    for depth, layer in enumerate(layers):
        if depth:
            values = np.maximum(values, 0)
        values = values @ network.decode(layer.weights, E4M3).T + network.decode(layer.bias, FP32)
    share = np.mean(values.argmax(axis=1) == data.test_labels)
    assert abs(share - result.accuracy["rtl"]) < 0.01
    assert np.mean(values.argmax(axis=1) == result.answers) > 0.99


def test_weights_are_scaled_by_the_most_that_fits():
    for largest in (0.9, 447.0, 448.0, 449.0, 3e-4, 1.75):
        layer = digits.Layer(np.array([[largest, -largest / 3]], np.float32), np.array([0.5], np.float32))
        (quantised,) = network.quantise([layer], CONFIG)
        scaled = np.float32(largest) * 2.0**quantised.shift
        assert 224 < scaled <= 448
        assert network.decode(quantised.bias, FP32)[0] == 0.5 * 2.0**quantised.shift
        assert abs(network.decode(quantised.weights, E4M3)[0, 0] - scaled) <= scaled / 16


def test_activation_is_relu_and_rounding_to_nearest_even():
    sums = np.array([0x00000000, 0x80000000, 0xBF800000, 0x3F800000, 0x3F808000, 0x3F818000, 0x3F808001, 0x7F7FFFFF])
    assert [hex(code) for code in network.activate(sums, CONFIG)] == [
        "0x0", "0x0", "0x0", "0x3f80", "0x3f80", "0x3f82", "0x3f81", "0x7f80"]  # fmt: skip


def test_a_wrong_result_anywhere_is_counted():
    rng = np.random.default_rng(0)
    layers = [network.Quantised(rng.integers(0, 0x70, (3, 5)), rng.integers(0, 0x7F000000, 3), 0)]
    pixels = network.encode(rng.random((4, 5)), BF16)

    def golden(a, b, c):
        return mac(CONFIG, *(from_numpy(np.ascontiguousarray(codes)) for codes in (a, b, c))).numpy()

    calls = []

    def faulty(a, b, c):
        right = golden(a, b, c)
        calls.append(a.shape)
        if len(calls) == 5:
            right[2, 1] ^= 1
        return right

    sums, vectors, mismatches = network.forward(layers, pixels, CONFIG, [faulty, golden], lambda *_: None)
    assert (vectors, mismatches, calls) == (60, 1, [(4, 3)] * 5)
    assert np.argwhere(sums[0] != sums[1]).tolist() == [[2, 1]]


def test_training_gives_the_same_network_again():
    data = digits.load_digits()
    assert len(data.test_labels) == 360 and len(data.train_labels) == 1797 - 360
    first, again = (digits.train(data, epochs=5) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.weights, other.weights) and np.array_equal(one.bias, other.bias)


def test_a_failed_demo_ends_with_code_1(capsys, monkeypatch, result, tmp_path):
    monkeypatch.setattr(result, "mismatches", 3)
    monkeypatch.setattr("nervure.generators.demo.demo", lambda *_, **__: result)
    assert cli.main(["demo", "-o", str(tmp_path)]) == 1
    assert "852,480 results of the RTL, 3 DIFFER" in capsys.readouterr().out


# --- The page --------------------------------------------------------------------------------------------------------


def test_the_page_needs_nothing_else(result):
    text = (result.directory / "report.html").read_text()
    page = Page(text)
    assert page.references == [] and page.open == [] and page.scripts == []
    assert not re.search(r"https?:|url\(|@import", text)
    assert "default-src 'none'" in text and 'name="viewport"' in text
    assert "852,480 of 852,480 results" in text and len(text) < 200_000


def test_the_page_escapes_what_it_is_given():
    evil = "<script>alert('&\"')</script>"
    page = Report(evil, evil)
    page.verdict(False, evil)
    page.section(evil, evil)
    page.note(evil)
    page.code(evil)
    page.tiles([(evil, evil)])
    page.table([evil], [[evil]])
    page.bars([(evil, 1.0, evil), (evil, 0.0, evil)])
    page.pictures([([[0.0, 1.0]], evil)])
    assert "<script" not in page.html() and Page(page.html()).open == []
