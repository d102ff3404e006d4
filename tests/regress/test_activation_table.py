"""A table of 65,536 entries: generated, run on every code under stalls, proved and synthesised, each in minutes."""

from __future__ import annotations

import pytest
from nervure.generators.activation import solve
from nervure.generators.emit import emit
from nervure.generators.flow.synth import synth
from nervure.generators.verify import verify
from nervure.verif import activation as bench
from nervure.verif.activation import proofs


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    config = solve("sigmoid", form="table", input="q3.12", output="q1.14")
    assert len(config.entries) == 65536 and config.reached <= config.limit
    return emit(config, tmp_path_factory.mktemp("table"))


def test_every_code(artifact):
    verdict = verify(artifact, bench, engine="batch", exhaustive=True)
    assert verdict.passed, verdict.to_dict()["failures"]


def test_claims(artifact):
    assert [getattr(proofs, name)(artifact.directory).status for name in ("balance", "handshake", "values")] == [
        "proved"
    ] * 3


@pytest.mark.parametrize(("target", "blocks"), [("xcup", 32), ("ecp5", 64)])
def test_memory_blocks(artifact, target, blocks):
    report = synth(artifact, target)
    assert 0 < report.bram <= blocks and report.lut < 500
