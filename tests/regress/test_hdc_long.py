"""Shipped hyperdimensional classifiers on the real records: accuracy, and every test beat through the circuit."""

from __future__ import annotations

import pytest
from nervure.generators.ecg import config_of, shipped
from nervure.generators.ecg.compare import compare, tested, through
from nervure.generators.train.ecg_data import read_records
from nervure.generators.train.hdc import SIZES, make

from .data import folder

pytestmark = pytest.mark.filterwarnings("ignore::Warning:wfdb")

REACHED = {64: 0.96, 128: 0.965, 256: 0.974}


@pytest.fixture(scope="module")
def records():
    return read_records(folder("mitdb"))


@pytest.mark.parametrize("size", SIZES)
def test_accuracy_is_what_the_file_says_and_every_beat_through_the_circuit(size, records):
    name = f"hdc{size}"
    trained = shipped(name).trained
    (result,) = compare(records, name, (shipped(name).fields["steps"],), ("ssf",))
    assert result.beats == trained["test_beats"] == 21_893
    assert result.accuracy == pytest.approx(trained["test_accuracy"], abs=1e-12)
    assert result.accuracy >= REACHED[size]
    assert through(config_of(name, coding="bitmap"), tested(records, name))[0] == 21_893


def test_training_makes_one_as_good(records):
    """Other releases of torch add in another order; the accuracy must not differ by much."""
    assert make(64, records)["trained"]["test_accuracy"] >= 0.955
