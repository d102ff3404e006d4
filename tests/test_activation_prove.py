"""Claims of the activation unit: proved for what is emitted, refuted for what was broken."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from nervure.generators.emit import emit
from nervure.verif import activation as bench
from nervure.verif.activation import reload_proofs
from nervure.verif.mutate import negative_control

from .activation import gelu, make, table
from .faults import rewrite
from .test_activation_rtl import RELOADS, relu_rest

SMALL = {"input": "q1.3", "output": "q1.2", "slope": "q1.2", "bias": "q1.3", "domain": "-2:2"}


def found(artifact, *names):
    """What the claims come to, each tried in this process."""
    verdicts = {}
    for claim in bench.claims(artifact):
        if not names or claim.name in names:
            statuses = set()
            for part in claim.parts:
                module, _, function = part.function.partition(":")
                statuses.add(getattr(import_module(module), function)(artifact.directory, **part.arguments).status)
            verdicts[claim.name] = "proved" if statuses == {"proved"} else ", ".join(sorted(statuses - {"proved"}))
    return verdicts


@pytest.mark.parametrize("config", [
    make(3, gelu, relu_rest, **SMALL, form="fold", symmetry="relu", latency=2),
    table(**{**{key: SMALL[key] for key in ("input", "output", "domain")}, "latency": 1, "interface": "bare"}),
], ids=["fold", "table"])  # fmt: skip
def test_all_claims(config, tmp_path):
    move = "advance" if config.interface == "bare" else "handshake"
    assert found(emit(config, tmp_path)) == dict.fromkeys(("balance", move, "values", "netlist"), "proved")


def test_all_claims_of_a_reload(tmp_path):
    config = make(3, **SMALL, form="reload", latency=3)
    names = ("stall", "state", "order", "apart", "writes", "answer")
    assert found(emit(config, tmp_path)) == dict.fromkeys(names, "proved")


@pytest.mark.parametrize("name", ["free", "pow2", "relu"])
def test_reloads_stand_apart(name, tmp_path):
    emit(RELOADS[name], tmp_path)
    for function in (reload_proofs.state, reload_proofs.apart, reload_proofs.writes):
        assert function(tmp_path).status == "proved"


def test_a_wrong_entry_is_refuted(tmp_path):
    artifact = emit(table(input="q1.3", output="q1.2", domain="-2:2"), tmp_path / "unit")
    artifact = rewrite(artifact, r"entries\[7\] = 4'h.", "entries[7] = 4'h9", tmp_path)
    assert found(artifact, "values") == {"values": "refuted"}


def test_a_write_to_the_wrong_half_is_refuted(tmp_path):
    """A load that goes to the table that holds disturbs the beats behind it."""
    artifact = emit(make(2, **SMALL, form="reload", latency=2), tmp_path / "unit")
    text = artifact.verilog.read_text()
    (name,) = set(re.findall(r"assign (\w+) = ~ ?(?:input_|level0_)?half;", text)) or {""}
    artifact = rewrite(artifact, rf"assign {name} = ~ ?", f"assign {name} = ", tmp_path)
    assert "refuted" in found(artifact, "writes", "apart").values()


def test_a_line_of_the_other_table_is_refuted(tmp_path):
    """The config's table does not show it; a code under every loaded table does."""
    artifact = emit(make(2, **SMALL, form="reload", latency=2), tmp_path / "unit")
    artifact = rewrite(artifact, r"= lines\[\{ half,", "= lines[{ ~half,", tmp_path)
    assert reload_proofs.answer(artifact.directory).status == "proved"
    assert reload_proofs.answer(artifact.directory, [3]).status == "refuted"


def test_drawn_faults_are_found(tmp_path):
    control = negative_control(emit(make(3, **SMALL, latency=2), tmp_path), bench, 12, seed=1)
    assert not control.survivors and control.count("vectors") > 6
