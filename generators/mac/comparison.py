"""Our units beside the published ones: the same tool, the same flow, the same number of multiply-accumulates."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf
from typing import Any

from ...hw.mac.config import MacConfig
from ...verif.tools import yosys_version
from ..emit import emit
from ..flow.synth import SynthReport, synth

SOURCE = "arXiv 2605.06052, its repository at commit 89dd71e, 4-cycle units"


@dataclass(frozen=True)
class Published:
    """A published unit and what it costs in this very flow.

    Parameters
    ----------
    name : str
    fields : dict
        Fields of our config with the same formats and lanes.
    macs, lut, ff : int
        Multiply-accumulates a cycle; LUTs and flip-flops of the published Verilog, mapped by Yosys 0.70 with the passes
        of our ``xcup flat`` (measured for this project's specification; second-hand here).
    bars : tuple of float
        Most LUTs, as a share of the published: with flushed, and with full subnormals (inf: none was set).
    ff_bar : float
        Most flip-flops, as a share of the published.
    """

    name: str
    fields: dict[str, Any]
    macs: int
    lut: int
    ff: int
    bars: tuple[float, float]
    ff_bar: float = 1.05


def _row(name: str, macs: int, lut: int, ff: int, bars: tuple[float, float], ff_bar: float = 1.05,
         **fields: Any) -> Published:  # fmt: skip
    names = name.replace("*", "+").split("+")
    formats = dict(zip(("a", "b", "acc"), names, strict=True)) if "a" not in fields else {}
    return Published(name, {**formats, **fields}, macs, lut, ff, bars, ff_bar)


_PAIR, _SQUARE = {"lanes_a": 2}, {"lanes_a": 2, "lanes_b": 2}
_BF16, _FP32, _WIDE, _FP16, _INT = (0.85, 1.05), (0.60, 0.80), (0.75, 0.85), (0.95, inf), (1.0, inf)
_FP8, _SWITCHED = (1.1, 1.3), (1.0, inf)

PUBLISHED: tuple[Published, ...] = (
    _row("bf16*bf16+bf16", 2, 501, 258, _BF16, **_PAIR),
    _row("bf16*bf16+fp32", 2, 1177, 404, _FP32, **_PAIR),
    _row("int8*bf16+bf16", 2, 559, 258, _BF16, **_PAIR),
    _row("int4*bf16+bf16", 2, 513, 258, _BF16, **_PAIR),
    _row("fp8_e4m3*bf16+bf16", 2, 508, 250, _BF16, **_PAIR),
    _row("fp4_e2m1*bf16+bf16", 2, 524, 246, _BF16, **_PAIR),
    _row("fp16*fp16+fp16", 1, 253, 151, _FP16),
    _row("fp8_e4m3*fp8_e4m3+fp8_e4m3", 4, 432, 268, _FP8, 1.2, **_SQUARE),
    _row("int4*fp8_e4m3+fp8_e4m3", 4, 427, 276, _FP8, 1.2, **_SQUARE),
    _row("fp8_e4m3*fp8_e4m3+bf16", 4, 931, 448, _WIDE, **_SQUARE),
    _row("int8*int8+int32", 2, 86, 252, _INT, **_PAIR),
    _row("int8*int8+int32, ranks=result:4", 2, 86, 252, _INT, a="int8", b="int8", acc="int32", ranks="result:4",
         **_PAIR),
    _row("bf16 or int4*bf16", 2, 546, 258, _SWITCHED, a="bf16,int4", b="bf16,bf16", acc="bf16", **_PAIR),
    _row("bf16 (2) or fp8 (4) +bf16", 4, 1131, 587, _SWITCHED, a="bf16,fp8_e4m3", b="bf16,fp8_e4m3", acc="bf16",
         lanes_a="2,2", lanes_b="1,2"),
    _row("bf16 or fp4*bf16", 2, 530, 258, _SWITCHED, a="bf16,fp4_e2m1", b="bf16,bf16", acc="bf16", **_PAIR),
)  # fmt: skip
"""The published units that were mapped. The bars are those that this project set itself."""

DENSER: tuple[dict[str, Any], ...] = (
    {"a": "int4", "b": "bf16", "acc": "bf16"}, {"a": "fp4_e2m1", "b": "bf16", "acc": "bf16"},
    {"a": "fp4_e2m1", "b": "fp8_e4m3", "acc": "bf16"}, {"a": "fp8_e5m2", "b": "fp8_e5m2", "acc": "bf16"},
    {"a": "fp4_e2m1", "b": "fp4_e2m1", "acc": "bf16"},
)  # fmt: skip
"""Formats of which one multiplier holds more products than the published units compute."""


@dataclass(frozen=True)
class Compared:
    """Our unit beside a published one, flushed and with full subnormals."""

    published: Published
    flush: SynthReport
    full: SynthReport

    def share(self, mode: str, count: str) -> float:
        """Our LUTs or flip-flops as a share of the published."""
        return getattr(getattr(self, mode), count) / getattr(self.published, count)

    @property
    def misses(self) -> list[str]:
        """The bars that are not met."""
        flush, full = self.published.bars
        bars = (("flush", "lut", flush), ("full", "lut", full), ("flush", "ff", self.published.ff_bar))
        return [f"{mode} {count} {self.share(mode, count):.2f} > {bar}" for mode, count, bar in bars
                if round(self.share(mode, count), 2) > bar]  # fmt: skip


def area(fields: dict[str, Any]) -> SynthReport:
    """What a bare unit of 4 cycles costs in the flow of the comparison."""
    with tempfile.TemporaryDirectory(prefix="nervure-compare-") as folder:
        return synth(emit(MacConfig(**{"interface": "bare", "latency": 4, **fields}), folder), "xcup", mode="flat")


def compare(rows: Sequence[Published] = PUBLISHED, progress: Callable[[int, int], None] = lambda done, total: None,
            ) -> list[Compared]:  # fmt: skip
    """Maps our unit of each row, flushed and with full subnormals."""
    jobs = [{**row.fields, "subnormals": mode} for row in rows for mode in ("flush", "full")]
    found: list[SynthReport] = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for report in pool.map(area, jobs):
            found.append(report)
            progress(len(found), len(jobs))
    return [Compared(row, found[2 * k], found[2 * k + 1]) for k, row in enumerate(rows)]


def table(found: Sequence[Compared]) -> str:
    """Markdown: LUTs and flip-flops a multiply-accumulate, and their share of the published; ``*`` misses a bar."""
    lines = [
        "| unit | MACs | published LUT / FF | ours, flush | ours, full subnormals |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in found:
        macs, published = row.published.macs, row.published
        cells = [f"{published.lut / macs:.0f} / {published.ff / macs:.0f}"]
        for mode, bar in zip(("flush", "full"), published.bars, strict=True):
            report: SynthReport = getattr(row, mode)
            lut, ff = row.share(mode, "lut"), row.share(mode, "ff")
            missed = ("*" if round(lut, 2) > bar else "", "*" if round(ff, 2) > published.ff_bar else "")
            cells.append(f"{(report.lut or 0) / macs:.0f} ({lut:.2f}{missed[0]}) / {(report.ff or 0) / macs:.0f} "
                         f"({ff:.2f}{missed[1]})")  # fmt: skip
        lines.append(f"| {published.name} | {macs} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", (
        f"LUT / FF a multiply-accumulate, and the share of the published. Published: {SOURCE}, second-hand (they round "
        "wrongly in 8 to 53 % of results on usual data and flush subnormals); ours: correctly rounded, bare, 4 cycles. "
        f"Both by Yosys {yosys_version()}, synth_xilinx -family xcup -flatten -noiopad -noclkbuf -nodsp -nosrl, the "
        "multiplier block a black box of one. `ranks=result:4`: all registers behind the sum, where least is alive; "
        "else balanced. * misses the bar set for it."), ""])  # fmt: skip


def density() -> str:
    """Markdown: multiply-accumulates in one DSP48E2 where more fit than the published units compute."""
    lines = ["| unit | MACs | DSPs | DSP a MAC | LUT / FF a MAC (full subnormals) |", "| --- | --- | --- | --- | --- |"]
    for fields in DENSER:
        packed = {**fields, "lanes_a": "max", "lanes_b": "max"}
        (mode,) = MacConfig(**packed).modes
        report, lanes = area(packed), mode.packing.lanes
        lines.append(f"| {mode.a.name}*{mode.b.name}+{mode.acc.name} | {lanes} | {report.dsp} | {report.dsp}/{lanes} | "
                     f"{(report.lut or 0) / lanes:.0f} / {(report.ff or 0) / lanes:.0f} |")  # fmt: skip
    return "\n".join([*lines, ""])
