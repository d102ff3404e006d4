"""Claims of spiking pipelines: what holds is proved for every law, window and stall, and faults are refuted."""

from __future__ import annotations

from pathlib import Path

import pytest
from nervure.generators.emit import emit
from nervure.generators.proving import imported
from nervure.generators.registry import get_unit
from nervure.hw.snn.config import SnnConfig
from nervure.verif import snn as bench
from nervure.verif.mutate import negative_control
from nervure.verif.snn import alive, window_proofs
from nervure.verif.snn.neuron_proofs import neurons

from .faults import refuted, tried
from .snn_networks import ALONE, JOINED

MANY = (16, 40, 24)
LAWS = {
    "integrate": {"threshold": MANY}, "value": {"reset": "value", "reset_value": -3},
    "counts": {"threshold": MANY, "max_spikes": 5, "compare": ">", "reset": "none"},
    "lif": {"leak": "shift", "leak_shift": 2, "refractory": 3},
    "leaky": {"leak": "multiplier", "leak_shift": 4, "leak_multiplier": 14, "fraction": 1, "overflow": "wrap"},
    "cubalif": {"threshold": MANY, "current": "shift", "current_shift": 2, "current_width": 12},
    "old": {"current": "multiplier", "current_shift": 3, "current_multiplier": 5, "current_order": "old"},
    "delay": {"reset_delay": True, "max_spikes": 3}, "delayed_value": {"reset_delay": True, "reset": "value"},
    "rearm": {"threshold": MANY, "rearm": True}, "floor": {"floor": "threshold", "compare": ">"},
    "levels": {"threshold": MANY, "levels": 3}, "halfway": {"levels": 2, "rounding": "nearest", "compare": ">"},
    "log": {"threshold": MANY, "levels": 2, "rounding": "log", "reset_delay": True},
}


@pytest.fixture(scope="module")
def laws(tmp_path_factory):
    """A chain of layers, a law each."""
    weights = [5, -9, 20, 7, -3, 1, 2, 30, -4]
    return emit(SnnConfig(input_shape=(3, 2, 2), steps=3, layers=[
        {"name": name, "kind": "conv2d", "channels": 3, "weights": weights, "omega": 2,
         "neuron": {"threshold": 48, "membrane_width": 14, **law}} for name, law in LAWS.items()]),
        tmp_path_factory.mktemp("laws"))  # fmt: skip


def claim(artifact, name):
    (found,) = (claim for claim in bench.claims(artifact) if claim.name == name)
    return found


@pytest.mark.parametrize("name", LAWS)
def test_a_neuron_takes_the_step_of_its_law_from_every_state(name, laws):
    verdict = neurons(laws.directory, name)
    assert verdict.status == "proved" and "2 modules" in verdict.method, verdict


@pytest.mark.parametrize("name", [*ALONE, *JOINED])
def test_every_window_is_given_once(name, tmp_path):
    artifact = emit(SnnConfig(**(ALONE | JOINED)[name]), tmp_path)
    for found in bench.claims(artifact):
        if found.name == "windows":
            assert tried(found, artifact.directory).status == "proved"


@pytest.mark.parametrize("name", ["conv_full", "groups", "depthwise", "lists", "max_pool"])
def test_sums_are_those_of_the_products_for_all_windows(name, tmp_path):
    artifact = emit(SnnConfig(**(ALONE | JOINED)[name]), tmp_path)
    verdict = tried(claim(artifact, "sums"), artifact.directory)
    assert verdict.status == "proved" and "products each" in verdict.method, verdict


def test_sums_of_recurrent_layers_and_large_ones_are_no_part_of_the_claim(tmp_path):
    artifact = emit(SnnConfig(**JOINED["residual"]), tmp_path)
    assert [part.arguments["layer"] for part in claim(artifact, "sums").parts] == ["a", "b"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    unit = get_unit("snn")
    return emit(unit.make(unit.presets["pair"]), tmp_path_factory.mktemp("pair"))


@pytest.mark.parametrize("reset", [{"reset": "async", "reset_active": "low"}, {"reset": "none"}])
def test_two_layers_never_hang_or_lose_a_frame(reset, tmp_path):
    unit = get_unit("snn")
    artifact = emit(unit.make(unit.presets["pair"] | {"output": "totals"} | reset), tmp_path)
    for found in bench.claims(artifact):
        assert tried(found, artifact.directory).status == "proved", found.name


def test_two_layers_with_a_class(pair):
    assert [found.name for found in bench.claims(pair)] == ["neurons", "sums", "windows", "alive"]
    verdict = tried(claim(pair, "alive"), pair.directory)
    assert verdict.status == "proved" and "states of" in verdict.method


FAULTS = {
    # A spike below the threshold.
    "neurons": (r"(assign spikes = \$signed\(\w+\) >= \$signed\()4'h6", r"\g<1>4'h5"),
    # Weights of two channels in the wrong order.
    "sums": (r"(module \w+__dense__sums\(.*?weights\[0\] = )16'hfe01;(\s+weights\[1\] = )16'h0403;",
             r"\g<1>16'h0403;\2 16'hfe01;"),
    # A frame that ends a row too early.
    "windows": (r"(module \w+__conv_lines0\(.*?row == )2'h2", r"\g<1>2'h1"),
    # Room is never taken: the buffer runs over.
    "alive": (r"(module \w+__conv\(.*?else room <= )\w+\[3:0\];", r"\1room;"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_refuted(name, pair, tmp_path):
    refuted(pair, bench, name, FAULTS[name], tmp_path)


def test_a_file_whose_states_are_too_many_is_not_decided(pair, monkeypatch):
    monkeypatch.setattr(alive, "MOST_STATES", 100)
    verdict = tried(claim(pair, "alive"), pair.directory)
    assert verdict.status == "unknown" and verdict.method == "100 states and more, nothing wrong in these"


def test_drawn_faults_are_found_in_modules_of_modules(pair):
    """Those that no vector shows are decided by the claims, or change nothing."""
    found = negative_control(pair, bench, 6, seed=3)
    assert len(found.faults) == 6 and not found.survivors, found.survivors


def test_larger_networks_make_no_claim_about_all_their_states(tmp_path):
    unit = get_unit("snn")
    artifact = emit(unit.make({"network": "digits"}), tmp_path)
    assert [found.name for found in bench.claims(artifact)] == ["neurons", "sums", "windows"]
    assert tried(claim(artifact, "neurons"), artifact.directory).status == "proved"


def test_rows_of_proofs_are_kept_by_all_code_that_tries_them():
    """Modules that are imported, in a function too, and what these import; not what does not matter."""
    files = {file.name for file in imported([Path(window_proofs.__file__)])}
    assert {"window_proofs.py", "resets.py", "proofs.py", "solvers.py", "answers.py", "aig.py", "plan.py"} <= files
    assert not {"alive.py", "neuron_proofs.py", "mutate.py", "batch.py"} & files
