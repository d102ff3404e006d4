"""The proof of the core's datapath: what holds for all weights is proved, what is broken is refuted with where."""

from __future__ import annotations

import pytest
from nervure.generators.ecg import PRESETS
from nervure.generators.emit import emit
from nervure.hw.ecg.config import EcgConfig
from nervure.verif import ecg as bench
from nervure.verif.ecg.datapath import opened

from .faults import refuted, tried

SHAPES = {
    "preset": {}, "start": {"interface": "start", "pes": 1}, "reset": {"reset": "async", "reset_active": "low"},
    "no_reset": {"reset": "none"}, "ungated": {"gating": False, "coding": "bitmap"},
    "beyond": {"steps": 2},
    "classes": {"widths": [2, 3], "weights": [[[1, 0], [-2, 3], [1, 1]]], "biases": [[1, 0, -1]], "thetas": [],
                "weight_bits": [3]},
}  # fmt: skip


def made(folder, **options):
    return emit(EcgConfig(**{**PRESETS["smallest"], **options}), folder)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_answer_is_that_of_the_matrix_products_for_all_weights(shape, tmp_path):
    artifact = made(tmp_path, **SHAPES[shape])
    (claim,) = (claim for claim in bench.claims(artifact) if claim.name == "datapath")
    verdict = tried(claim, artifact.directory)
    assert verdict.status == "proved" and "of inputs" in verdict.method, verdict


@pytest.fixture(scope="module")
def smallest(tmp_path_factory):
    return made(tmp_path_factory.mktemp("smallest"))


FAULTS = {
    "comparison": (r"(assign fits = rest_of_v) >= ", r"\1 > "),
    "product": (r"= \$signed\(factor\) \* ", r"= $signed(factor) + "),
    "answers_early": (r"assign over = merging & ", r"assign over = merging | "),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refuted(fault, smallest, tmp_path):
    refuted(smallest, bench, "datapath", FAULTS[fault], tmp_path)


def test_what_is_open_is_no_more_than_weights_starts_and_thetas(smallest):
    """Which neuron a word is of, and whether it is its element's last, stay as the file has them."""
    text, sizes = opened(smallest, bench.config_of(smallest))
    assert text.count("_open <= ") == 4 and set(sizes) == {(e, name) for e in (0, 1) for name in ("weights", "neurons")}
    assert "weights[" not in text and "weights_words[" in text


def test_larger_networks_make_no_such_claim(tmp_path):
    names = [claim.name for claim in bench.claims(made(tmp_path, steps=4))]
    assert names == ["weights", "bound"]
