"""Quartus' fitter report: its summary."""

from __future__ import annotations

import re

from .boxes import boxes, count
from .schema import Report, ReportError

_LUTS = {"Total combinational functions": "logic", "Logic utilization (in ALMs)": "alm"}


def is_quartus(text: str) -> bool:
    """Whether this is a fitter report, or its summary alone."""
    return "Quartus" in text and re.search(r"^;?\s*Fitter Status\s*[;:]", text, re.MULTILINE) is not None


def read_quartus(text: str, file: str) -> Report:
    """The fitter's summary. ALMs are no LUTs: a device that has them has ``lut`` None and ``luts["alm"]``.

    Raises
    ------
    ReportError
        If the summary is not whole, or the fit did not succeed.
    """
    start = re.search(r"^\+-+\+\n;\s*Fitter Summary\s*;", text, re.MULTILINE)
    if start is None:
        raise ReportError("must have a fitter summary in a table")
    (_, rows), *_ = boxes([*text[start.start() :].split("\n\n", 1)[0].splitlines()], ";")
    said = {row[0].strip(): row[1].strip() for row in rows if len(row) == 2}
    if not said.get("Fitter Status", "").startswith("Successful"):
        raise ReportError(f"must be of a successful fit, not {said.get('Fitter Status', 'without a status')!r}")

    def used(*names: str) -> int | None:
        cell = next((said[name] for name in names if name in said), "")
        return count(cell.partition("/")[0])

    return Report(
        file=file, kind="quartus_fit", tool="quartus",
        version=said.get("Quartus Prime Version", "").split(" ")[0] or None,
        device=said.get("Device"), top=said.get("Top-level Entity Name"), lut=used("Total combinational functions"),
        luts={kind: found for name, kind in _LUTS.items() if (found := used(name)) is not None},
        ff=used("Total registers"), dsp=used("Total DSP Blocks", "Embedded Multiplier 9-bit elements"),
        bram=used("Total RAM Blocks"),
    )  # fmt: skip
