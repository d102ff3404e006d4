"""The negative control of the default unit (the claims of every preset: `make prove`)."""

from __future__ import annotations

import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config import MacConfig
from nervure.verif import mac as bench
from nervure.verif.mutate import negative_control


@pytest.mark.timeout(1500)
def test_thirty_faults_are_found_or_change_nothing(tmp_path):
    control = negative_control(emit(MacConfig(), tmp_path), bench, 30, seed=0)
    assert [fault.place for fault in control.survivors] == []
    assert control.count("vectors") + control.count("proof") >= 20
    assert len(control.faults) == 30
