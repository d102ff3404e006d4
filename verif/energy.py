"""Energy proxies: counts times a table of constants, each with its source, that the user can replace.

A proxy is for comparing circuits, not a measurement. Constants of different technologies are never added together:
totals are kept by technology.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..hw.formats import FORMATS

_SPARSE = "arXiv 2409.08290"
_HOROWITZ = "Horowitz, ISSCC 2014"
_NOT_STATED = "not stated"


@dataclass(frozen=True)
class Constant:
    """Energy of one counted thing.

    Parameters
    ----------
    pj : float
        Picojoules each.
    source : str
        Where the figure is published, or how it was made.
    technology : str
        Process or assumption; constants of the same technology may be added.
    """

    pj: float
    source: str
    technology: str


CONSTANTS: dict[str, Constant] = {
    "accumulate": Constant(0.05448, _SPARSE, "22 nm"),
    "compare": Constant(0.05448, _SPARSE, "22 nm"),
    "subtract": Constant(0.05448, _SPARSE, "22 nm"),
    "sparse_move_bit_hops": Constant(3.0, f"{_SPARSE} (Loihi-1 normalised)", "22 nm"),
    "dense_move_bit_hops": Constant(0.25, _SPARSE, "22 nm"),
    "memory_read_bits": Constant(0.03875, f"fitted to the figures of {_SPARSE} (weight SRAM)", "22 nm"),
    "offchip_move_bits": Constant(20.3, f"{_SPARSE} (64-bit DRAM word = 1300 pJ)", "22 nm"),
    "mac": Constant(4.6, "code of arXiv 2601.02411", _NOT_STATED),
    "shift": Constant(0.024, "code of arXiv 2601.02411", _NOT_STATED),
    "move_bits": Constant(0.18, "code of arXiv 2601.02411", _NOT_STATED),
    "weight_read_bits": Constant(0.0985, "code of arXiv 2601.02411", _NOT_STATED),
    "int8_add": Constant(0.03, _HOROWITZ, "45 nm"),
    "int32_add": Constant(0.1, _HOROWITZ, "45 nm"),
    "int8_multiply": Constant(0.2, _HOROWITZ, "45 nm"),
    "int32_multiply": Constant(3.1, _HOROWITZ, "45 nm"),
    "fp16_add": Constant(0.4, _HOROWITZ, "45 nm"),
    "fp16_multiply": Constant(1.1, _HOROWITZ, "45 nm"),
    "fp32_add": Constant(0.9, _HOROWITZ, "45 nm"),
    "fp32_multiply": Constant(3.7, _HOROWITZ, "45 nm"),
    # No published figure: a scale on which toggles can be compared, to be replaced by a technology's own.
    "register_toggles": Constant(0.0005, "C V^2 / 2, not published", "1 fF at 1 V (assumed)"),
    "net_toggles": Constant(0.0005, "C V^2 / 2, not published", "1 fF at 1 V (assumed)"),
}

_MULTIPLY = re.compile(r"multiply_(\d+)x(\d+)")
_ADD = re.compile(r"(?:add|subtract|compare)_(\w+)")


@dataclass(frozen=True)
class EnergyItem:
    """One priced count: ``pj = count * pj_each``."""

    name: str
    count: int
    pj_each: float
    pj: float
    source: str
    technology: str


@dataclass(frozen=True)
class Energy:
    """Counts with their energies.

    Parameters
    ----------
    items : tuple of EnergyItem
        What was priced.
    unpriced : dict
        Counts for which there is no constant; they are in no total.
    """

    items: tuple[EnergyItem, ...]
    unpriced: dict[str, int]

    @property
    def totals(self) -> dict[str, float]:
        """Picojoules by technology."""
        found: dict[str, float] = {}
        for item in self.items:
            found[item.technology] = found.get(item.technology, 0.0) + item.pj
        return found

    def to_dict(self) -> dict[str, Any]:
        """The energies as JSON values."""
        items = [asdict(item) for item in self.items]
        return {"items": items, "unpriced": dict(self.unpriced), "totals_pj": self.totals}


def constant_for(name: str, constants: Mapping[str, Constant]) -> Constant | None:
    """What one count of that name costs; None if the table does not say.

    A name of the table is taken as it is. Operations of other widths lie on the power law through two of the table's
    figures, and give both of these back:

    - ``multiply_WxV`` (bits, unsigned): int8_multiply at 64 and int32_multiply at 1024 for ``W * V``;
    - ``add_W``, ``subtract_W``, ``compare_W`` (bits, or an integer format): int8_add at 8 and int32_add at 32;
    - the same with a float format: fp16_add at 16 and fp32_add at 32 for the format's width.
    """
    if name in constants:
        return constants[name]
    if match := _MULTIPLY.fullmatch(name):
        return _between(constants, "int8_multiply", 64, "int32_multiply", 1024, int(match[1]) * int(match[2]))
    if match := _ADD.fullmatch(name):
        if match[1].isdecimal():
            return _between(constants, "int8_add", 8, "int32_add", 32, int(match[1]))
        if (fmt := FORMATS.get(match[1])) and fmt.is_integer:
            return _between(constants, "int8_add", 8, "int32_add", 32, fmt.width)
        if fmt and fmt.is_float:
            return _between(constants, "fp16_add", 16, "fp32_add", 32, fmt.width)
    return None


def _between(constants: Mapping[str, Constant], low_name: str, low_at: int, high_name: str, high_at: int, at: int):
    """The constant at a size, on the power law through two others."""
    low, high = constants.get(low_name), constants.get(high_name)
    if low is None or high is None or at < 1:
        return None
    if at in (low_at, high_at):
        return low if at == low_at else high
    if low.pj <= 0 or high.pj <= 0 or low.technology != high.technology:
        raise ValueError(f"{low_name} and {high_name} must be above 0 and of one technology to price other widths")
    pj = low.pj * (at / low_at) ** (math.log(high.pj / low.pj) / math.log(high_at / low_at))
    return Constant(pj, f"by width from {low_name} and {high_name} of {low.source}", low.technology)


def energy(counts: Mapping[str, int], constants: Mapping[str, Constant] = CONSTANTS) -> Energy:
    """Prices counts, by the names that :func:`constant_for` knows."""
    items, unpriced = [], {}
    for name, count in counts.items():
        if (constant := constant_for(name, constants)) is None:
            unpriced[name] = count
        else:
            pj = count * constant.pj
            items.append(EnergyItem(name, count, constant.pj, pj, constant.source, constant.technology))
    return Energy(tuple(items), unpriced)


def load_constants(path: str | Path) -> dict[str, Constant]:
    """The table with a user's constants in place of its own (a file ending in ``.json`` is JSON, any other TOML).

    The file holds one table per constant::

        [int8_add]
        pj = 0.007
        source = "our library's data sheet"
        technology = "7 nm"

    Raises
    ------
    ValueError
        If the file cannot be read, or a constant lacks its number, source or technology.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
        table = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ValueError(f"constants must be a file that can be read, not {str(path)!r} ({error.strerror})") from None
    except (ValueError, tomllib.TOMLDecodeError) as error:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise ValueError(f"constants must be {kind}, not {str(path)!r} ({error})") from None
    if not isinstance(table, dict):
        raise ValueError(f"constants must be a table by name, not {type(table).__name__} ({path})")
    return {**CONSTANTS, **{name: _checked(name, entry) for name, entry in table.items()}}


def _checked(name: str, entry: Any) -> Constant:
    if not isinstance(entry, dict) or set(entry) != {"pj", "source", "technology"}:
        got = ", ".join(entry) if isinstance(entry, dict) else repr(entry)
        raise ValueError(f"{name} must have pj, source and technology, not {got or 'nothing'}")
    pj = entry["pj"]
    if isinstance(pj, bool) or not isinstance(pj, int | float) or not 0 <= pj < math.inf:
        raise ValueError(f"{name}.pj must be a number of picojoules, at least 0, not {pj!r}")
    for key in ("source", "technology"):
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise ValueError(f"{name}.{key} must be a text, not {entry[key]!r}")
    return Constant(float(pj), entry["source"], entry["technology"])
