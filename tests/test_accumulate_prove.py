"""The accumulator's claims: what holds is proved, and a fault in each part of the file is refuted by its claim."""

from __future__ import annotations

import hashlib
import json
import re
import shutil

import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config.accumulate import AccumulateConfig
from nervure.verif.artifact import Artifact
from nervure.verif.mac import accumulate as bench
from nervure.verif.mac.accumulate.netlist import netlist
from nervure.verif.mac.accumulate.order import order
from nervure.verif.mac.accumulate.proofs import looped, ring
from nervure.verif.mac.accumulate.tree import addition, tree

SMALL = {"a": "int4", "b": "int4", "acc": "int16", "lanes_a": 2, "latency": 3}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return emit(AccumulateConfig(**SMALL), tmp_path_factory.mktemp("small"))


def broken(small, tmp_path, pattern, replacement):
    """The unit with one fault in its Verilog."""
    directory = shutil.copytree(small.directory, tmp_path / "broken")
    file = directory / small.verilog.name
    text = re.sub(pattern, replacement, file.read_text(), count=1)
    assert text != file.read_text()
    file.write_text(text)
    manifest = json.loads((directory / f"{small.module}.json").read_text())
    manifest["files"] = [{"path": file.name, "sha256": hashlib.sha256(text.encode()).hexdigest()}]
    (directory / f"{small.module}.json").write_text(json.dumps(manifest))
    return Artifact.load(directory).directory


def test_claims_of_a_right_unit(small):
    assert [claim.name for claim in bench.claims(small)] == [
        "loop balance", "loop product", "loop packing of lanes 2x1", "loop significands of lanes 2x1",
        "loop range of lanes 2x1", "loop sum of lanes 2x1", "loop anchor of lanes 2x1", "ring", "order", "tree",
        "addition", "netlist",
    ]  # fmt: skip
    (sums,) = (claim for claim in bench.claims(small) if claim.name.startswith("loop sum"))
    assert [looped(small.directory, **part.arguments).status for part in sums.parts] == ["proved"] * 2
    for tried in (ring, tree, addition, netlist):
        assert tried(small.directory).status == "proved", tried
    assert order(small.directory, 7).status == "proved"


@pytest.mark.parametrize(("tried", "pattern", "replacement"), [
    (ring, r"if \(enable_1\) (\w*(?:input|product|unpacked)\w*) <=", r"if (enable_2) \1 <="),
    (ring, r"assign full = .*;", "assign full = going_1;"),
    (lambda directory: order(directory, 8), r"i_clear \? 2'h0 : next_slot", "next_slot"),
    (lambda directory: order(directory, 8), r"(else if \(enable_3\) slot_3 <=) .*;", r"\1 slot_1;"),
    (tree, r"added_0_1 = reducing & n\d+", "added_0_1 = 1'h0"),
    (addition, r"(module \w+__reduce_plus\(.*?assign \w+ = )(\$signed\(\w+\)) \+", r"\1\2 -"),
])  # fmt: skip
def test_faults_are_refuted(small, tmp_path, tried, pattern, replacement):
    directory = broken(small, tmp_path, re.compile(pattern, re.S if "reduce_plus" in pattern else 0), replacement)
    verdict = tried(directory)
    assert verdict.status == "refuted" and verdict.counterexample, verdict
