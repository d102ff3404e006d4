"""The front end's circuit on real records, whole length: every row is the golden model's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from nervure.generators.ecg.front import PRESETS
from nervure.generators.emit import emit
from nervure.generators.train.ecg_data import read_record
from nervure.golden.ecg.front import rows
from nervure.hw.ecg.config.front import EcgFrontConfig
from nervure.verif.batch import BatchModel

from .data import folder

pytestmark = [pytest.mark.regress, pytest.mark.filterwarnings("ignore::Warning:wfdb")]

NAMES = ("100", "108", "203", "207", "232")
"""A quiet record, noise, arrhythmia with noise, flutter, long pauses."""


@pytest.mark.parametrize("preset", ["rr12k", "wave"])
def test_whole_records(preset, tmp_path):
    """Five records of 650,000 samples one after the other, each ended by ``last``; then one with stalls."""
    config = EcgFrontConfig(**PRESETS[preset])
    model = BatchModel(emit(config, tmp_path))
    waves = [read_record(folder("mitdb") / name).samples for name in NAMES]
    assert [len(wave) for wave in waves] == [650_000] * len(NAMES)
    for chosen, stalls in ((waves, {}), (waves[2:3], {"stall_in": 0.3, "stall_out": 0.9})):
        x, last = np.concatenate(chosen), np.zeros(len(chosen) * 650_000, np.int64)
        last[649_999::650_000] = 1
        wanted = rows(config, torch.from_numpy(x), torch.from_numpy(last))
        found = model.run({"x": x, "last": last}, ends=wanted.at.numpy(), **stalls).outputs
        assert len(wanted.n) > 2000 * len(chosen)
        np.testing.assert_array_equal(found["n"], wanted.n.numpy())
        np.testing.assert_array_equal(found["position"], wanted.position.numpy())
