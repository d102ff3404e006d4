"""The classifier core whose network is loaded, in every coding, neuron, interface and reset."""

from __future__ import annotations

import pytest
from nervure.generators.emit import emit
from nervure.verif.batch import BatchModel

from ..test_ecg import drawn
from ..test_ecg_loaded import hammered, played

SHAPES = {
    "dense": {"widths": (7, 5, 4, 3), "pes": 2},
    "one_of_each": {"widths": (1, 1, 2), "steps": 1, "pes": 2, "reset": "async"},
    "runs": {"widths": (11, 13, 6), "bits": 2, "pes": 2, "coding": "runs", "gating": False},
    "one_layer": {"widths": (6, 5), "pes": 16, "coding": "runs"},
    "saturates": {"bits": 8, "steps": 31, "accumulator": 10, "pes": 1, "bias_bits": 6},
    "powers_of_two": {"bits": 4, "kind": "pow2", "pes": 4, "coding": "bitmap"},
    "start": {"interface": "start", "pes": 2},
    "spikes_bitmap": {"neuron": "if", "pes": 2, "coding": "bitmap", "steps": 11},
    "spikes_dense": {"neuron": "if", "pes": 3, "widths": (5, 4, 6, 3), "steps": 5, "interface": "start"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_networks_in_turn_are_the_golden_model_and_any_words_leave_nothing_hanging(shape, tmp_path):
    core = drawn(len(shape), storage="loaded", **SHAPES[shape])
    model = BatchModel(emit(core, tmp_path))
    played(core, model)
    hammered(core, model)
