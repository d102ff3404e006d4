"""Floats around all functions: every code through the simulator under stalls, every claim, the bars."""

from __future__ import annotations

from importlib import import_module

import pytest
from nervure.generators.activation import PRESETS, solve
from nervure.generators.activation.comparison import CASES, compare_floats, float_table
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.generators.settings import make_config
from nervure.generators.verify import verify
from nervure.verif import activation as bench
from nervure.verif.activation import proofs
from nervure.verif.mutate import negative_control

FLOAT_PRESETS = [name for name, wish in PRESETS.items() if wish.get("input") in ("bf16", "fp16")]
WISHES = {
    **{f"{name}_{fmt}": {"function": name, "input": fmt, "output": fmt, "segments": 16}
       for name in ("tanh", "sigmoid", "mish") for fmt in ("bf16", "fp16")},
    "exp_mixed": {"function": "exp", "domain": "-10:0", "input": "bf16", "output": "fp16", "knots": "pow2"},
    "erf_uniform": {"function": "erf", "domain": "-4:4", "input": "fp16", "output": "bf16", "knots": "uniform",
                    "form": "fold", "segments": 32},
    "gelu_to_fixed": {"function": "gelu", "input": "bf16", "output": "q3.12", "form": "fold", "latency": 8},
    "gelu_from_fixed": {"function": "gelu", "input": "q3.12", "output": "fp16", "form": "fold", "latency": 1},
    "softplus_wide": {"function": "softplus", "domain": "-20:20", "input": "fp16", "output": "fp32", "form": "fold"},
    "silu_table": {"function": "silu", "input": "bf16", "output": "bf16", "form": "table", "above": "identity"},
}  # fmt: skip


@pytest.mark.parametrize("name", FLOAT_PRESETS)
def test_presets_in_the_simulator_and_by_claims(name, tmp_path):
    artifact = emit(make_config(get_unit("activation"), name), tmp_path)
    for engine in ("batch", "cocotb"):
        verdict = verify(artifact, bench, engine=engine, exhaustive=engine == "batch", vectors=3000, seed=5)
        assert verdict.passed, verdict.to_dict()["failures"]
    for claim in bench.claims(artifact):
        (part,) = claim.parts
        module, _, function = part.function.partition(":")
        assert getattr(import_module(module), function)(tmp_path).status == "proved", claim.name


@pytest.mark.parametrize("wish", WISHES.values(), ids=list(WISHES))
def test_every_code_of_every_function(wish, tmp_path):
    emit(solve(**wish), tmp_path)
    assert proofs.balance(tmp_path).status == "proved"
    assert proofs.values(tmp_path).status == "proved"


def test_drawn_faults_of_a_preset_are_found(tmp_path):
    artifact = emit(make_config(get_unit("activation"), "gelu16_bf16"), tmp_path)
    control = negative_control(artifact, bench, 12, seed=2)
    assert not control.survivors


def test_no_bar_is_missed():
    rows = compare_floats()
    assert [sentence for row in rows for sentence in row.misses] == []
    text = float_table(rows)
    assert all(f"| {case.function} |" in text for case in CASES)
