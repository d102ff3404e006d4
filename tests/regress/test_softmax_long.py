"""A million rows of the softmax within the stated bound, the claims of a preset, and every seeded fault."""

from __future__ import annotations

import pytest
import torch
from nervure.generators.activation.softmax import bound
from nervure.generators.emit import emit
from nervure.generators.registry import get_unit
from nervure.generators.settings import make_config
from nervure.golden.activation.softmax import real, softmax
from nervure.verif.activation import softmax as bench
from nervure.verif.prove import prove

from ..faults import refuted
from ..test_softmax import SMALL

UNIT = get_unit("softmax")
ROWS = 1_000_000


@pytest.mark.parametrize("preset", ["attention", "attention_online"])
def test_a_million_rows_are_within_the_bound(preset):
    """Lengths 1 to 512; all equal, one far above the others, extremes and vanishing numbers among them."""
    config = make_config(UNIT, preset)
    stated, step = bound(config), 2.0**-config.output_format.fraction_bits
    rows, worst, seed = 0, 0.0, 0
    while rows < ROWS:
        vectors = {key: torch.from_numpy(codes.astype("int64"))
                   for key, codes in bench.stimulus(config, 250_000, seed).items()}  # fmt: skip
        found, p = softmax(config, **vectors), real(config, **vectors)
        worst = max(worst, float(((found["y"] * step - p).abs() / (stated["relative"] * p + stated["absolute"])).max()))
        rows, seed = rows + int(found["end"].sum()), seed + 1
    print(f"{preset}: {rows} rows, largest error {worst:.3f} of its bound")
    assert worst <= 1


@pytest.mark.parametrize("fields", [{"input": "q3.4", "lanes": 2, "length": 5},
                                    {"input": "q2.5", "lanes": 3, "length": 8, "method": "online"}])  # fmt: skip
def test_claims_of_several_beats(fields, tmp_path):
    artifact = emit(UNIT.make({**fields, "exp_segments": 4, "sum_segments": 4}), tmp_path)
    found = prove(artifact, bench.claims(artifact), jobs=1)
    assert {result.name: result.status for result in found} == {result.name: "proved" for result in found}, found


@pytest.mark.parametrize(("claim", "fault"), [
    ("rows", (r"else if \(enable\) reads <= may_read;", "else reads <= may_read;")),
    ("numbers", (r"else if \(x_enable\) x_reads <= x_may_read;", "else x_reads <= x_may_read;")),
])  # fmt: skip
def test_faults_of_the_rings_are_refuted(claim, fault, tmp_path):
    refuted(emit(UNIT.make(SMALL), tmp_path / "unit"), bench, claim, fault, tmp_path)
