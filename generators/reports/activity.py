"""What moves: OpenSTA's ``report_power``, and SAIF as Verilator writes it."""

from __future__ import annotations

import re

from .schema import Module, Power, Report, ReportError

_ROW = re.compile(r"^(\w[\w ]*?)((?:\s+-?\d\.\d+e[+-]\d+){4})\s+[\d.]+%$", re.MULTILINE)
_TOKEN = re.compile(r'"[^"]*"|[()]|(?:\\.|[^\s()"\\])+')
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12, "fs": 1e-15}


def is_opensta(text: str) -> bool:
    """Whether this is the table of OpenSTA's ``report_power``."""
    return re.search(r"^Group\s+Internal\s+Switching\s+Leakage\s+Total\s*$", text, re.MULTILINE) is not None


def read_opensta(text: str, file: str) -> Report:
    """Power by group; dynamic is internal and switching power, static is leakage. The table names no version.

    Raises
    ------
    ReportError
        If the row of totals is missing.
    """
    rows = {name: [float(cell) for cell in cells.split()] for name, cells in _ROW.findall(text)}
    total = rows.pop("Total", None)
    if total is None or "(Watts)" not in text:
        raise ReportError("must have a row of total power in Watts")
    power = Power(total=total[3], dynamic=total[0] + total[1], static=total[2],
                  by_class={name: row[3] for name, row in rows.items()})  # fmt: skip
    return Report(file=file, kind="opensta_power", tool="opensta", power=power)


def is_saif(text: str) -> bool:
    """Whether this is SAIF."""
    return re.match(r"(\s|//[^\n]*\n)*\(\s*SAIFILE\b", text) is not None


def read_saif(text: str, file: str) -> Report:
    """Toggles by instance (``TC`` of its own nets) and the time that was simulated.

    Raises
    ------
    ReportError
        If parentheses do not close, or the duration is missing.
    """
    stack: list[list[str]] = []
    said: dict[str, str] = {}
    path: list[str] = []
    own: dict[str, int | None] = {}
    for token in _TOKEN.findall(text):
        if token == "(":
            stack.append([])
        elif token == ")":
            if not stack:
                raise ReportError("must close its parentheses")
            words = stack.pop()
            if words[:1] == ["INSTANCE"]:
                path.pop()
            elif words[:1] == ["TC"] and path:
                try:
                    own["/".join(path)] = (own["/".join(path)] or 0) + int(words[1])
                except (IndexError, ValueError):
                    raise ReportError("must count toggles by whole numbers") from None
            elif len(stack) == 1 and words:
                said[words[0]] = " ".join(words[1:]).strip('"')
        elif stack:
            stack[-1].append(token)
            if stack[-1][0] == "INSTANCE" and len(stack[-1]) == 2:
                path.append(token.replace("\\", ""))
                own["/".join(path)] = None
    scale = re.fullmatch(r"(\d+)\s*([munpf]?s)", said.get("TIMESCALE", ""))
    if stack or not own:
        raise ReportError("must close its parentheses and have an instance")
    if "DURATION" not in said or not re.fullmatch(r"\d+", said["DURATION"]):
        raise ReportError("must say its duration")
    duration = int(said["DURATION"]) * int(scale.group(1)) * _SECONDS[scale.group(2)] if scale else None
    counted = [toggles for toggles in own.values() if toggles is not None]
    return Report(
        file=file, kind="saif", tool=said.get("PROGRAM_NAME", "unknown").lower(), version=said.get("VERSION") or None,
        top=next(iter(own)), duration=duration, toggles=sum(counted) if counted else None,
        modules=tuple(Module(path=name, toggles=toggles) for name, toggles in own.items()),
    )  # fmt: skip
