"""A shipped KAN on its whole test set, through the emitted Verilog; and what it costs, beside a published figure."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...golden.activation.kan import kan
from ...hw.activation.config.kan import KanConfig
from ...verif.batch import BatchModel
from ..emit import emit
from ..flow.synth import synth
from ..train.shipped import DATA
from .kan import estimate, wish


@dataclass(frozen=True)
class Published:
    """A network in a paper: accuracy as a share, LUTs, flip-flops and cycles on a named part."""

    name: str
    source: str
    accuracy: float
    lut: int
    ff: int
    cycles: int
    part: str


KANELE_MNIST = Published(
    "KANELE 784-62-10", "arXiv 2512.12850", 0.9625, 7570, 10442, 13, "xcvu9p, Vivado, placed and routed"
)


@dataclass(frozen=True)
class Trial:
    """What came of a test set.

    Parameters
    ----------
    network : str
    rows, mismatches : int
        Rows of the test set that went through the Verilog with random stalls, and rows whose output was not the golden
        model's.
    correct : int
        Rows whose largest logit, of those that came out of the Verilog, is the label's.
    cycles : int
        From inputs to logits.
    config : KanConfig
    lut, ff : int or None
        By Yosys on xcup; None where it was not asked for.
    """

    network: str
    rows: int
    mismatches: int
    correct: int
    cycles: int
    config: KanConfig
    lut: int | None = None
    ff: int | None = None

    @property
    def accuracy(self) -> float:
        return self.correct / self.rows


def trial(network: str, synthesise: bool = True, **options: Any) -> Trial:
    """Runs a shipped network's test set through its Verilog.

    Parameters
    ----------
    network : str
        ``digits``, or ``mnist`` (NERVURE_DATA must name the folder that holds it).
    synthesise : bool
        Whether Yosys counts LUTs, which takes minutes for large ones.
    options
        More fields of the config; the output is ``logits`` whatever they say.
    """
    config = KanConfig(**wish({**options, "network": network, "output": "logits"}))
    _, _, codes, labels = DATA[network]()
    with tempfile.TemporaryDirectory(prefix="nervure-kan-") as folder:
        artifact = emit(config, Path(folder))
        model = BatchModel(artifact)
        result = model.run({"x": codes.astype(np.uint64)}, stall_in=0.1, stall_out=0.2, seed=1)
        found = result.outputs["y"].astype(np.int64)
        found -= (found >> (config.logit_width - 1)) << config.logit_width
        wanted = kan(config, torch.from_numpy(codes)).numpy()
        # Of equal logits numpy takes the first, as the circuit's argmax does.
        correct = int((found.argmax(-1) == labels).sum())
        report = synth(artifact, "xcup") if synthesise else None
    return Trial(network, len(codes), int((found != wanted).any(-1).sum()), correct, config.latency, config,
                 report.lut if report else None, report.ff if report else None)  # fmt: skip


def table(trials: list[Trial]) -> str:
    """The trials in Markdown, beside the published figure for MNIST."""
    lines = ["| network | live edges | accuracy | LUT | estimated | FF | cycles | by |", "|" + "---|" * 8]
    for found in trials:
        widths = "-".join(map(str, found.config.widths))
        lines.append(
            f"| {found.network} {widths} | {len(found.config.edges):,} | {found.accuracy:.2%} of {found.rows:,}, "
            f"{found.mismatches} mismatches | {_count(found.lut)} | {estimate(found.config)['lut6']:,} | "
            f"{_count(found.ff)} | {found.cycles} | Yosys, xcup |"
        )
    p = KANELE_MNIST
    lines.append(f"| {p.name} ({p.source}) | 856 | {p.accuracy:.2%} | {p.lut:,} | | {p.ff:,} | {p.cycles} | {p.part} |")
    return "\n".join(lines)


def _count(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
