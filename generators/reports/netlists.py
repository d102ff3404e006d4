"""What Yosys (``stat -json``) and nextpnr (``--report``) write."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..flow.targets import TARGETS, Target
from .schema import Module, Report, ReportError

_ECP5 = {"TRELLIS_COMB": "lut", "TRELLIS_FF": "ff", "MULT18X18D": "dsp", "DP16KD": "bram"}
_ICE40 = {"ICESTORM_DSP": "dsp", "ICESTORM_RAM": "bram"}


def read_yosys(data: Mapping[str, Any], file: str) -> Report:
    """Cells by target: the one of :data:`nervure.generators.flow.targets.TARGETS` that knows most of the cells' types.

    Where several know as many, the device is null, and so is each count that they do not agree on.

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
    knows = {name: sum(n for kind, n in types.items() if _known(target, kind)) for name, target in TARGETS.items()}
    able = [TARGETS[name] for name, known in knows.items() if known and known == max(knows.values())]
    counted = {name: _agreed([_counts(target, _types(module)) for target in able]) for name, module in modules.items()}
    inside = {f"\\{kind}" for module in modules.values() for kind in _types(module)} | set(types)
    tops = [name for name in modules if name not in inside and name.removeprefix("\\") not in inside]
    luts = _agreed([_sizes(target, types) for target in able])
    return Report(
        file=file, kind="yosys_stat", tool="yosys", version=version.group(1) if version else None,
        device=able[0].name if len(able) == 1 else None,
        top=tops[0].removeprefix("\\") if len(tops) == 1 else None, luts=luts,
        **_agreed([_counts(target, types) for target in able]),
        modules=tuple(Module(path=name.removeprefix("\\"), module=name.removeprefix("\\"), **found)
                      for name, found in counted.items()),
    )  # fmt: skip


def _types(module: Any) -> dict[str, int]:
    if not isinstance(module, dict) or "num_cells" not in module:
        raise ReportError("must hold the statistics of a design")
    entries = module.get("num_cells_by_type", {})
    if not isinstance(entries, dict):
        raise ReportError("must count its cells by type")
    # With `-width` or a liberty file an entry is an object.
    types: dict[str, Any] = {
        kind: entry.get("count") if isinstance(entry, dict) else entry for kind, entry in entries.items()
    }
    if not all(type(number) is int and number >= 0 for number in types.values()):  # a bool is no count
        raise ReportError("must count its cells by type")
    return types


def _known(target: Target, kind: str) -> bool:
    patterns = [*target.luts.values(), *target.lut_sites, *(p for of in target.counts.values() for p in of)]
    return any(re.fullmatch(pattern, kind) for pattern in patterns)


def _agreed(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all say alike; nothing where nobody says anything."""
    first = found[0] if found else {}
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in found)}


def _sizes(target: Target, types: Mapping[str, int]) -> dict[str, int]:
    """LUTs by kind, those that are there."""
    counts = {f"LUT{size}": sum(n for kind, n in types.items() if re.fullmatch(pattern, kind))
              for size, pattern in target.luts.items()}  # fmt: skip
    return {name: count for name, count in counts.items() if count}


def _counts(target: Target, types: Mapping[str, int]) -> dict[str, Any]:
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
        used = {kind: entry["used"] for kind, entry in data["utilization"].items()}
        clocks = [(float(clock["achieved"]), float(clock["constraint"])) for clock in data["fmax"].values()]
        slack = min((1000 / asked - 1000 / achieved for achieved, asked in clocks), default=None)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        raise ReportError("must have the figures of nextpnr's clocks and cells") from None
    family = "ecp5" if "TRELLIS_COMB" in used else "ice40" if "ICESTORM_LC" in used else None
    names = _ECP5 if family == "ecp5" else _ICE40
    counts: dict[str, Any] = {key: used[kind] for kind, key in names.items() if kind in used}
    cells = {kind: n for kind, n in used.items() if kind in ("ICESTORM_LC", "TRELLIS_COMB")}
    return Report(
        file=file, kind="nextpnr", tool="nextpnr", device=family, luts=cells, **counts,
        fmax_mhz=min((achieved for achieved, _ in clocks), default=None),
        slack_ns=slack,
    )  # fmt: skip
