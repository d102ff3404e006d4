"""What Yosys (``stat -json``) and nextpnr (``--report``) write."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..flow.targets import TARGETS, Target
from .schema import Module, Report, ReportError

_ECP5 = {"TRELLIS_COMB": "lut", "TRELLIS_FF": "ff", "MULT18X18D": "dsp", "DP16KD": "bram"}
_ICE40 = {"ICESTORM_DSP": "dsp", "ICESTORM_RAM": "bram"}


def read_yosys(data: Mapping[str, Any], file: str) -> Report:
    """Cells by target: the one of :data:`nervure.generators.flow.targets.TARGETS` that knows most of the cells' types.

    Raises
    ------
    ReportError
        If it holds no statistics of a design.
    """
    types = _types(data.get("design"))
    version = re.match(r"Yosys (\S+)", str(data["creator"]))
    modules = data["modules"]
    if not isinstance(modules, dict) or not modules:
        raise ReportError("must hold the statistics of a design")
    target = max(TARGETS.values(), key=lambda target: sum(n for kind, n in types.items() if _known(target, kind)))
    if not any(_known(target, kind) for kind in types):
        target = None
    counted = {name: _counts(target, _types(module)) for name, module in modules.items()}
    inside = {f"\\{kind}" for module in modules.values() for kind in _types(module)} | set(types)
    tops = [name for name in modules if name not in inside and name.removeprefix("\\") not in inside]
    luts = {
        f"LUT{size}": found for size, pattern in (target.luts if target else {}).items()
        if (found := sum(n for kind, n in types.items() if re.fullmatch(pattern, kind)))
    }  # fmt: skip
    return Report(
        file=file, kind="yosys_stat", tool="yosys", version=version.group(1) if version else None,
        device=target.name if target else None, top=tops[0].removeprefix("\\") if len(tops) == 1 else None, luts=luts,
        **_counts(target, types),
        modules=tuple(Module(path=name.removeprefix("\\"), module=name.removeprefix("\\"), **found)
                      for name, found in counted.items()),
    )  # fmt: skip


def _types(module: Any) -> dict[str, int]:
    if not isinstance(module, dict) or "num_cells" not in module:
        raise ReportError("must hold the statistics of a design")
    entries = module.get("num_cells_by_type", {}).items()
    # With `-width` or a liberty file an entry is an object.
    types = {kind: entry if isinstance(entry, int) else entry.get("count") for kind, entry in entries}
    if not all(isinstance(number, int) for number in types.values()):
        raise ReportError("must count its cells by type")
    return types


def _known(target: Target, kind: str) -> bool:
    patterns = [*target.luts.values(), *target.lut_sites, *(p for of in target.counts.values() for p in of)]
    return any(re.fullmatch(pattern, kind) for pattern in patterns)


def _counts(target: Target | None, types: Mapping[str, int]) -> dict[str, Any]:
    if target is None:
        return {}
    lut = sum(n for kind, n in types.items() if any(re.fullmatch(p, kind) for p in target.luts.values()))
    found: dict[str, Any] = {key: target.count(key, types) for key in ("ff", "dsp", "bram", "uram")}
    return {"lut": lut + target.sites(types) if target.luts else None, **found}


def read_nextpnr(data: Mapping[str, Any], file: str) -> Report:
    """Utilisation and the slowest clock. The file names neither version nor device; the family shows in the cells.

    A logic cell of iCE40 holds a LUT and a register: it is among ``luts``, and ``lut`` and ``ff`` are None.

    Raises
    ------
    ReportError
        If clocks or cells have not the figures that nextpnr writes.
    """
    try:
        used = {kind: int(entry["used"]) for kind, entry in data["utilization"].items()}
        clocks = [(float(clock["achieved"]), float(clock["constraint"])) for clock in data["fmax"].values()]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ReportError("must have the figures of nextpnr's clocks and cells") from None
    family = "ecp5" if "TRELLIS_COMB" in used else "ice40" if "ICESTORM_LC" in used else None
    names = _ECP5 if family == "ecp5" else _ICE40
    counts: dict[str, Any] = {key: used[kind] for kind, key in names.items() if kind in used}
    cells = {kind: n for kind, n in used.items() if kind in ("ICESTORM_LC", "TRELLIS_COMB")}
    return Report(
        file=file, kind="nextpnr", tool="nextpnr", device=family, luts=cells, **counts,
        fmax_mhz=min((achieved for achieved, _ in clocks), default=None),
        slack_ns=min((1000 / asked - 1000 / achieved for achieved, asked in clocks), default=None),
    )  # fmt: skip
