"""Vivado's text reports: utilisation (flat and by hierarchy), timing summary, power.

edalize's parsers are not used: they need pandas and pyparsing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .boxes import Rows, boxes, count, number
from .schema import Module, Power, Report, ReportError

_LUTS = {
    "LUT as Logic": "logic", "LUT as Distributed RAM": "distributed_ram", "LUT as Shift Register": "shift_register",
}  # fmt: skip
_SITES = {
    "CLB LUTs": "lut", "Slice LUTs": "lut", "CLB Registers": "ff", "Slice Registers": "ff", "DSPs": "dsp",
    "Block RAM Tile": "bram", "URAM": "uram",
}  # fmt: skip
_COLUMNS = {"Total LUTs": "lut", "FFs": "ff", "DSP Blocks": "dsp", "DSP48 Blocks": "dsp", "URAM": "uram"}


def is_vivado(text: str) -> bool:
    """Whether this is one of Vivado's reports."""
    return re.search(r"^\|\s*Tool Version\s*:\s*Vivado", text, re.MULTILINE) is not None


def read_vivado(text: str, file: str) -> Report:
    """The report, by the command that its head names.

    Raises
    ------
    ReportError
        If the command is another one, or the report is not whole.
    """
    head = dict(re.findall(r"^\|\s*(\w[\w ]*?)\s*:\s*(.*?)\s*$", text, re.MULTILINE))
    version = re.search(r"Vivado v\.?(\S+)", head["Tool Version"])
    said = {
        "file": file, "tool": "vivado", "version": version.group(1) if version else None,
        "device": head.get("Device"), "top": head.get("Design"),
    }  # fmt: skip
    command = head.get("Command", "").split(" ")[0]
    if command == "report_utilization":
        _whole(text)
        rows = boxes(text.splitlines(), "|")
        tree = next((rows for _, rows in rows if rows and rows[0][0].strip() == "Instance"), None)
        if tree:
            return Report(kind="vivado_hierarchy", **said, **_hierarchy(tree))
        return Report(kind="vivado_utilization", **said, **_sites([rows for _, rows in rows]))
    if command == "report_timing_summary":
        return Report(kind="vivado_timing", **said, **_timing(text))
    if command == "report_power":
        _whole(text)
        return Report(kind="vivado_power", **said, power=_power([rows for _, rows in boxes(text.splitlines(), "|")]))
    raise ReportError(f"must be a utilisation, timing summary or power report, not of {command or 'no command'}")


def _whole(text: str) -> None:
    """Requires every section that the table of contents announces."""
    after = re.split(r"^Table of Contents\n-+\n", text, maxsplit=1, flags=re.MULTILINE)
    if len(after) < 2:
        raise ReportError("must have a table of contents")
    contents, _, body = after[1].partition("\n\n")
    for title in contents.splitlines():
        if not re.search(rf"^{re.escape(title)}\n-+\n", body, re.MULTILINE):
            raise ReportError(f"must have section {title!r}")


def _sites(tables: Sequence[Rows]) -> dict[str, Any]:
    found: dict[str, Any] = {"luts": {}}
    for rows in tables:
        if not rows or rows[0][0].strip() != "Site Type" or len(rows[0]) < 2:
            continue
        for row in rows[1:]:
            # Notes are marked by a star; the first table that has a name holds its total.
            name = row[0].strip().rstrip("*")
            if name in _LUTS and _LUTS[name] not in found["luts"] and (used := count(row[1])) is not None:
                found["luts"][_LUTS[name]] = used
            elif name in _SITES and _SITES[name] not in found:
                found[_SITES[name]] = number(row[1]) if _SITES[name] in ("bram", "uram") else count(row[1])
    if "lut" not in found:
        raise ReportError("must say how many LUTs are used")
    return found


def _hierarchy(rows: Rows) -> dict[str, Any]:
    head = [cell.strip() for cell in rows[0]]
    modules: list[Module] = []
    above: list[str] = []
    for row in rows[1:]:
        if len(row) != len(head):
            raise ReportError("must hold whole tables")
        name, depth = row[0].strip(), (len(row[0]) - len(row[0].lstrip())) // 2
        cells = dict(zip(head, (cell.strip() for cell in row), strict=True))
        above = [*above[:depth], name]
        if name.startswith("(") and name.endswith(")"):
            continue  # what an instance holds beside its children: a part, not an instance
        big, small = count(cells.get("RAMB36", "")), count(cells.get("RAMB18", ""))
        whole = None if big is None or small is None else big + small / 2
        counts: dict[str, Any] = {key: count(cells[column]) for column, key in _COLUMNS.items() if column in cells}
        modules.append(Module(path="/".join(above), module=cells.get("Module"), bram=whole, **counts))
    if not modules:
        raise ReportError("must have an instance")
    cells = dict(zip(head, rows[1], strict=True))
    kinds = {"Logic LUTs": "logic", "LUTRAMs": "distributed_ram", "SRLs": "shift_register"}
    luts = {kind: used for column, kind in kinds.items() if (used := count(cells.get(column, ""))) is not None}
    top = modules[0]
    return {"lut": top.lut, "ff": top.ff, "dsp": top.dsp, "bram": top.bram, "uram": top.uram, "luts": luts,
            "modules": tuple(modules)}  # fmt: skip


def _timing(text: str) -> dict[str, Any]:
    summary = re.search(r"\| Design Timing Summary\n.*?^\s*WNS\(ns\)[^\n]*\n[\s-]+\n([^\n]+)\n", text, re.M | re.S)
    clocks = re.search(r"^Clock\s+Waveform\(ns\)[^\n]*\n-[^\n]*\n(.*?)\n\n", text, re.M | re.S)
    if not summary or not clocks or "| Intra Clock Table" not in text[clocks.end() :]:
        raise ReportError("must have a whole summary of timing and of clocks")
    cells = summary.group(1).split()
    if len(cells) != 12:
        raise ReportError("must have twelve figures in its timing summary")
    slack, hold = number(cells[0]), number(cells[4])
    periods = re.findall(r"\}\s+([\d.]+)\s+[\d.]+\s*$", clocks.group(1), re.MULTILINE)
    period = float(periods[0]) if len(periods) == 1 else None
    fmax = 1000 / (period - slack) if period is not None and slack is not None and slack < period else None
    return {"slack_ns": slack, "hold_slack_ns": hold, "fmax_mhz": fmax}


def _power(tables: Sequence[Rows]) -> Power:
    said = {row[0].strip(): number(row[1]) for rows in tables for row in rows if len(row) == 2}
    parts = next((rows for rows in tables if rows and rows[0][0].strip() == "On-Chip"), [])
    if any(len(row) != len(parts[0]) or len(row) < 2 for row in parts):
        raise ReportError("must hold whole tables")
    by_class = {row[0].strip(): number(row[1]) for row in parts[1:] if row[0].strip() not in ("Total", "Static Power")}
    total = said.get("Total On-Chip Power (W)")
    if total is None or not parts:
        raise ReportError("must say the total on-chip power, and that of its parts")
    return Power(total=total, dynamic=said.get("Dynamic (W)"), static=said.get("Device Static (W)"), by_class=by_class)
