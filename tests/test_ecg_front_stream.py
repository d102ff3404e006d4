"""From raw samples to classes: circuit against golden, parts against the whole, the demo, refusals."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from nervure.generators import cli
from nervure.generators.ecg import shipped
from nervure.generators.ecg.demo import RATE, excerpt, rhythm
from nervure.generators.ecg.detect import classified
from nervure.generators.ecg.stream import PRESETS, derive, fields, formula, wish
from nervure.generators.emit import emit
from nervure.generators.train.ecg_data import Record
from nervure.golden.ecg import ecg
from nervure.golden.ecg.front import rows
from nervure.golden.ecg.stream import stream
from nervure.hw.config import ConfigError
from nervure.hw.ecg.config import EcgConfig
from nervure.hw.ecg.config.front import EcgFrontConfig
from nervure.hw.ecg.config.stream import EcgStreamConfig
from nervure.verif.batch import BatchModel
from nervure.verif.ecg import stream as bench

from .faults import tried


@pytest.fixture(scope="module")
def unit(tmp_path_factory):
    return emit(EcgStreamConfig(**wish(PRESETS["rr12k"])), tmp_path_factory.mktemp("stream"))


def test_the_circuit_is_the_golden_model(unit):
    config, model = bench.config_of(unit), BatchModel(unit)
    vectors = bench.stimulus(config, 30_000, seed=2)
    expected = bench.expect(config, vectors)
    for stalls in ({}, {"stall_in": 0.3, "stall_out": 0.99}):
        found = model.run(vectors, ends=bench.ends(config, vectors), **stalls).outputs
        for key, codes in expected.items():
            np.testing.assert_array_equal(found[key], codes)
    hits = bench.coverage(config, bench.stimulus(config, 150_000, seed=4), {})
    assert [key for key, count in hits.items() if not count] == []


def test_the_golden_model_is_that_of_its_parts():
    config = EcgStreamConfig(**wish({"network": "wave16k"}))
    front, core = (kind(**{key: getattr(config, key) for key in kind.model_fields})
                   for kind in (EcgFrontConfig, EcgConfig))  # fmt: skip
    vectors = {key: torch.from_numpy(codes.astype(np.int64)) for key, codes in bench.stimulus(config, 9000, 1).items()}
    found, counted = stream(config, **vectors), rows(front, **vectors)
    answer = ecg(core, counted.n)
    assert torch.equal(found.label, answer.label) and torch.equal(found.confidence, answer.confidence)
    assert torch.equal(found.position, counted.position) and torch.equal(found.at, counted.at)


def test_claims_of_the_front_end_hold_inside(unit):
    claims = bench.claims(unit)
    assert {claim.name: tried(claim, unit.directory).status for claim in claims} == {
        "divisor": "proved", "division": "proved"}  # fmt: skip


def test_the_demo(tmp_path, capfd):
    """Real beats are found and called normal, made ones what they were made as; the picture is one."""
    assert cli.main(["demo", "ecg_stream", "-o", str(tmp_path), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    real, made = found["traces"]
    assert found["mismatches"] == 0 and real["samples"] == 1024 and real["classes"] == ["N"] * 3
    assert made["classes"] == made["wanted"] and made["wanted"].count("V") == 4
    _, at, _ = rhythm()
    assert np.abs(np.array(made["positions"]) - at).max() <= RATE // 50
    for place in real["positions"]:  # each is the highest of half a second around it
        x = excerpt()[place - 90 : place + 90]
        assert x.argmax() == pytest.approx(90, abs=5)
    with open(found["picture"], "rb") as file:
        assert file.read(8) == b"\x89PNG\r\n\x1a\n"


def test_the_demo_says_what_it_lacks(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pywt", None)
    with pytest.raises(ConfigError, match="the demo requires the package PyWavelets, which is not installed"):
        excerpt()


def test_beats_are_counted_by_class():
    """Each annotated beat is in one column of its class's row; one that nobody annotated is in the last row."""
    x, at, kinds = rhythm()
    config = EcgStreamConfig(**wish({"network": "inter", "learn": 256}))
    names = shipped("inter").classes
    labels = np.array([names.index(kind) for kind in kinds])
    record = Record("made", x, np.array(at[1:]), labels[1:], np.zeros(len(x), bool))
    table = classified(config, record, len(names))
    n, v = names.index("N"), names.index("V")
    assert table[n, n] == 19 and table[v, v] == 4 and table[-1, n] == 1 and table.sum() == 24
    lost = Record("made", x, np.array([*at, at[-1] + 250]), np.array([*labels, n]), np.zeros(len(x), bool))
    assert classified(config, lost, len(names))[n, -1] == 1


def test_a_network_brings_its_inputs():
    config = EcgStreamConfig(**wish(PRESETS["inter"]))
    assert config.inputs == config.widths[0] and config.stride == 3 and config.rr == 4
    assert wish({"weights": ()}) == {"weights": ()}
    assert EcgStreamConfig(**config.to_dict()) == config


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"network": "rr12k", "stride": 5}, "widths must begin with the 40 counts of a row, not 49"),
    ({"network": "rr12k", "rr": 0}, "widths must begin with the 45 counts of a row, not 49"),
    ({"network": "inter", "interface": "start"}, "interface must be stream where a front end feeds the core, not"),
    ({"network": "none"}, "none"),
])  # fmt: skip
def test_what_cannot_be_is_refused(wrong, sentence):
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        EcgStreamConfig(**wish(wrong))


def test_a_network_that_does_not_say_its_inputs(monkeypatch):
    silent = shipped("inter").__class__(fields={}, front=None, classes=())
    monkeypatch.setattr("nervure.generators.ecg.stream.shipped", lambda name: silent)
    with pytest.raises(ConfigError, match="network must be one that says what its inputs are, not inter"):
        wish({"network": "inter"})


def test_what_is_shown():
    config = EcgStreamConfig(**wish(PRESETS["rr4k"]))
    assert set(fields(config)) == {"x", "last", "label", "confidence", "position"}
    assert formula(config).startswith("R peaks of 11-bit samples") and "layers 40-16-16-5" in formula(config)
    assert derive(config)["cycles_per_sample"] == 11 and derive(config)["cycles_per_beat"] > 0
