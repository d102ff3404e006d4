"""Tables for documents: what each preset of a unit is and costs."""

from __future__ import annotations

import tempfile

from ...hw.config import Config
from ...verif.tools import yosys_version
from ..emit import emit
from ..registry import get_unit
from .synth import SynthReport, synth

TARGETS = ("xcup", "ecp5")


def unit_table(name: str) -> str:
    """Markdown: one row a preset with its formats, latency, and LUT / FF / blocks on each of :data:`TARGETS`.

    Of units with many presets: those of the generator's ``TABLE``.
    """
    unit = get_unit(name)
    head = ["preset", "computes", "latency", *(f"{target} LUT / FF / DSP" for target in TARGETS)]
    rows = [head, ["---"] * len(head)]
    generator = unit.load("generator")
    for preset, fields in getattr(generator, "TABLE", unit.presets).items():
        config: Config = unit.make(fields)
        with tempfile.TemporaryDirectory(prefix="nervure-table-") as folder:
            artifact = emit(config, folder)
            costs = [_cost(synth(artifact, target)) for target in TARGETS]
        formula = generator.formula(config)
        rows.append([f"`{preset}`", formula, str(artifact.latency), *costs])
    text = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{text}\n\nYosys {yosys_version()}, default flow of each target, stream interface included.\n"


def _cost(report: SynthReport) -> str:
    return f"{report.lut} / {report.ff} / {report.dsp}"
