"""From a file to its report, whichever tool wrote it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .activity import is_opensta, is_saif, read_opensta, read_saif
from .netlists import read_nextpnr, read_yosys
from .quartus import is_quartus, read_quartus
from .schema import Report, ReportError
from .vivado import is_vivado, read_vivado

_TEXTS: tuple[tuple[Callable[[str], bool], Callable[[str, str], Report]], ...] = (
    (is_vivado, read_vivado),
    (is_quartus, read_quartus),
    (is_opensta, read_opensta),
    (is_saif, read_saif),
)
KINDS = ("Vivado utilisation, timing summary and power, Quartus fitter, Yosys stat -json, nextpnr --report, OpenSTA "
         "report_power, SAIF, and what `report import` wrote")  # fmt: skip
LARGEST = 256 << 20


def read_reports(file: Path) -> list[Report]:
    """The report in a file, or the reports in one that ``report import -o`` wrote.

    Raises
    ------
    ReportError
        In one sentence: the file cannot be read, is of no known kind, or is not whole. There is never a part of a
        report.
    """
    try:
        if file.stat().st_size > LARGEST:
            raise ReportError(f"report file must be at most {LARGEST >> 20} MiB ({file})")
        raw = file.read_bytes()
    except OSError as error:
        raise ReportError(f"report file must be readable, not {str(file)!r} ({error.strerror})") from None
    if b"\0" in raw:
        raise ReportError(f"report file must be text, not {str(file)!r}")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # Quartus writes degrees so
    try:
        return _read(text, str(file))
    except ValidationError as error:  # of a figure: names are whatever the file says
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise ReportError(f"report file must have figures that are finite and no less than they can be, not another "
                          f"{where} ({file})") from None
    except ReportError as error:
        raise ReportError(f"report file {error} ({file})") from None


def _read(text: str, file: str) -> list[Report]:
    if text.lstrip().startswith("{"):
        try:
            return _json(json.loads(text), file)
        except (ValueError, RecursionError) as error:
            if isinstance(error, ReportError | ValidationError):
                raise
            raise ReportError("must be whole JSON") from None
    for knows, reads in _TEXTS:
        if knows(text):
            return [reads(text, file)]
    raise ReportError(f"must be one of {KINDS}")


def _json(data: dict[str, Any], file: str) -> list[Report]:
    if isinstance(data.get("reports"), list):
        try:
            return [Report.model_validate(entry) for entry in data["reports"]]
        except ValidationError as error:
            where = ".".join(map(str, error.errors()[0]["loc"]))
            raise ReportError(f"must hold reports of this schema, not another {where}") from None
    if str(data.get("creator", "")).startswith("Yosys") and "modules" in data:
        return [read_yosys(data, file)]
    if "utilization" in data and "fmax" in data:
        return [read_nextpnr(data, file)]
    raise ReportError(f"must be one of {KINDS}")
