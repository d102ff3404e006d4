"""Anchors of sums for all kinds of rounding, of wide and of narrow units."""

from __future__ import annotations

import pytest
from nervure.generators.emit import emit
from nervure.hw.mac.config import MacConfig
from nervure.verif.mac.anchor import proofs as anchor_proofs
from nervure.verif.mac.anchor import wide_proofs as anchor_wide_proofs

CONFIGS = [
    *({"a": "fp16", "b": "fp16", "acc": acc, "overflow": overflow, "rounding": rounding, "subnormals": subnormals}
      for acc in ("bf16", "fp16", "fp32", "fp8_e4m3", "fp8_e5m2") for overflow in ("ieee", "saturate")
      for rounding in ("rne", "rtz") for subnormals in ("full", "flush")),
    {"a": "int32", "b": "fp32", "acc": "fp32"}, {"a": "int32", "b": "int32", "acc": "fp32"},
    {"a": "fp32", "b": "fp32", "acc": "fp32"}, {"a": "fp32", "b": "fp32", "acc": "bf16"},
    {"a": "bf16", "b": "bf16", "acc": "fp32"},
]  # fmt: skip


@pytest.mark.timeout(900)
@pytest.mark.parametrize("product", ["fused", "rounded"])
@pytest.mark.parametrize("fields", CONFIGS, ids=lambda fields: "_".join(fields.values()))
def test_anchors_of_all_kinds_of_rounding(fields, product, tmp_path):
    emit(MacConfig(**fields, product=product), tmp_path)
    verdicts = [anchor_wide_proofs.numbers(tmp_path), anchor_wide_proofs.rounding(tmp_path)]
    verdicts += [anchor_wide_proofs.sums(tmp_path, index) for index in range(3)]
    verdicts += [anchor_proofs.operands(tmp_path), anchor_proofs.composed(tmp_path)]
    if product == "rounded":
        verdicts += [anchor_wide_proofs.rounding(tmp_path, first=True), anchor_wide_proofs.specials(tmp_path)]
    else:
        verdicts.append(anchor_proofs.specials(tmp_path))
    assert {verdict.status for verdict in verdicts} == {"proved"}, verdicts
