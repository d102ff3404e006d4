"""Synthesis with Yosys: what a unit costs on a target, as numbers.

Two modes. ``default`` is the target's usual flow: products go to multiplier blocks unless the config says
``multiplier=lut``. ``flat`` is for comparing circuits: no multiplier inference, no shift-register extraction, and each
module whose name ends in ``__multiplier`` is a black box counted as one block, so that only the logic around the
products is compared (with ``multiplier=lut`` nothing is a black box). Counts of different tools or targets do not
compare. Yosys 0.70 moves pipeline registers into the blocks of ``ice40`` in default mode, and into no others.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...hw.lookup import unknown
from ...verif import tools
from ...verif.artifact import Artifact
from .depth import longest_path
from .liberty import Liberty, read_liberty
from .targets import Target, get_target

MODES = ("default", "flat")
_MULTIPLIER = re.compile(r"^\s*module\s+(\w+__multiplier)\b", re.MULTILINE)


@dataclass(frozen=True)
class SynthReport:
    """What synthesis found. A count is None where the target has no such cells.

    Parameters
    ----------
    target, mode : str
        As asked for.
    lut : int
        LUTs of all sizes counted alike, and those that serve as shift registers or memory; inverters are not counted.
    luts : dict
        LUTs of logic by size, ``"1"`` to ``"6"``.
    ff : int
        Flip-flops and latches.
    carry : int
        Carry cells (``xcup``: of 4 bits, as Yosys makes them; ``ecp5``: of 2; ``ice40``: of 1).
    dsp : int
        Multiplier blocks; in flat mode the black boxes.
    bram, uram : float
        Memory blocks (``xcup``: of 36 kbit, halves possible).
    mux : int
        Wide multiplexers of an FPGA; multiplexer gates of ``gates``.
    depth : int
        Cells on the longest path between registers, memories and ports; inverters of FPGAs are not counted, a block
        counts as one. None if the netlist has a combinational loop.
    cells : int
        Cells of every kind, inverters and black boxes included.
    area : float
        Sum of the liberty cells' areas, in the library's unit (a black box adds none).
    tool : str
        Name and version.
    by_type : dict
        Cells by type (not in :meth:`to_dict`).
    """

    target: str
    mode: str
    lut: int | None
    luts: dict[str, int | None]
    ff: int | None
    carry: int | None
    dsp: int | None
    bram: float | None
    uram: float | None
    mux: int | None
    depth: int | None
    cells: int
    area: float | None
    tool: str
    by_type: dict[str, int] = field(default_factory=dict, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        fields = asdict(self)
        del fields["by_type"]
        return fields


def synth(artifact: Artifact, target: str, *, mode: str = "default",
          liberty: str | Path | Sequence[str | Path] | None = None) -> SynthReport:  # fmt: skip
    """Synthesises a generated unit.

    Parameters
    ----------
    artifact : Artifact
        The unit.
    target : str
        ``xcup``, ``ecp5``, ``ice40``, ``lut6``, ``gates``, or ``liberty:FILE[,FILE...]``.
    mode : str
        ``default`` or ``flat``.
    liberty : path or sequence of paths
        Liberty files for ``target="liberty"``, in any order: which file has the flip-flops is read from them.

    Raises
    ------
    ValueError
        If target, mode or a liberty file is not one.
    ToolMissing, ToolFailed
        If Yosys is not there, or fails.
    """
    chosen, libraries = resolve(target, liberty)
    if mode not in MODES:
        raise ValueError(unknown("mode", mode, MODES))
    if libraries:
        target = f"liberty:{','.join(str(library.path) for library in libraries)}"
    with tempfile.TemporaryDirectory(prefix="nervure-synth-") as folder:
        return _run(artifact, chosen, libraries, target, mode, Path(folder))


def resolve(target: str, liberty: str | Path | Sequence[str | Path] | None = None) -> tuple[Target, list[Liberty]]:
    """The target and the liberty files that its name and ``liberty`` give (so that bad usage shows before any work)."""
    name, _, listed = target.partition(":")
    paths: list[str | Path] = [path for path in listed.split(",") if path]
    if liberty is not None:
        paths += [liberty] if isinstance(liberty, str | Path) else list(liberty)
    chosen = get_target(name)
    if name != "liberty":
        if paths:
            raise ValueError(f"liberty files require target liberty:FILE, not {name}")
        return chosen, []
    if not paths:
        raise ValueError("target liberty must be given its files as liberty:FILE[,FILE...], not alone")
    libraries = [read_liberty(path) for path in paths]
    # ABC refuses a library with fewer.
    if (gates := len({name for library in libraries for name in library.combinational})) < 3:
        names = ", ".join(map(str, paths))
        raise ValueError(f"liberty must have at least 3 cells with a function, not {gates} ({names})")
    return chosen, libraries


def _run(artifact: Artifact, target: Target, libraries: list[Liberty], shown: str, mode: str,
         folder: Path) -> SynthReport:  # fmt: skip
    """Runs the flow in a folder of its own and reads what it left there."""
    # Everything Yosys reads lies in its own folder under plain names: its command lines know no quoting.
    source = artifact.verilog.read_text()
    (folder / "design.v").write_text(source)
    multipliers = [] if artifact.manifest["config"].get("multiplier") == "lut" else _MULTIPLIER.findall(source)
    sequential, logic = [], []
    script = ["read_verilog design.v"]
    for number, library in enumerate(libraries):
        (folder / f"{number}.lib").write_text(library.text)
        script.append(f"read_liberty -lib -ignore_miss_func {number}.lib")
        if library.sequential:
            sequential.append(f"-liberty {number}.lib")
        # ABC refuses a file without a single gate.
        if library.combinational:
            logic.append(f"-liberty {number}.lib")
    script += _commands(artifact, target, mode, multipliers, " ".join(sequential), " ".join(logic))
    areas = "".join(f" -liberty {number}.lib" for number in range(len(libraries)))
    script += ["delete t:$scopeinfo", f"tee -q -o stat.json stat -json -width{areas}"]
    script += [f"select {artifact.module}", "write_json -selected net.json"]
    tools.yosys("\n".join(script), cwd=folder)
    statistics = json.loads((folder / "stat.json").read_text())
    netlist = json.loads((folder / "net.json").read_text())["modules"][artifact.module]
    by_type = {kind: _number(entry) for kind, entry in statistics["design"].get("num_cells_by_type", {}).items()}
    if libraries:
        _require_mapped(by_type)
    stores = frozenset[str]().union(*(library.sequential for library in libraries))
    black_boxes = sum(by_type.get(name, 0) for name in multipliers)
    luts = {str(size): _matching(by_type, target.luts[size]) if size in target.luts else None for size in range(1, 7)}

    def whole(key: str) -> int | None:
        count = target.count(key, by_type)
        return None if count is None else int(count)

    dsp = whole("dsp")
    return SynthReport(
        target=shown,
        mode=mode,
        lut=sum(n or 0 for n in luts.values()) + target.sites(by_type) if target.luts else None,
        luts=luts,
        ff=sum(by_type.get(name, 0) for name in stores) if libraries else whole("ff"),
        carry=whole("carry"),
        dsp=(dsp or 0) + black_boxes if mode == "flat" else dsp,
        bram=target.count("bram", by_type),
        uram=target.count("uram", by_type),
        mux=whole("mux"),
        depth=longest_path(
            netlist,
            lambda cell: cell["type"] in stores or target.is_sequential(cell["type"]) or _is_registered(target, cell),
            lambda cell: _weight(target, stores, cell),
        ),
        cells=sum(by_type.values()),
        area=round(statistics["design"]["area"], 6) if libraries else None,
        tool=f"yosys {tools.yosys_version()}",
        by_type=by_type,
    )


def _commands(artifact: Artifact, target: Target, mode: str, multipliers: list[str], sequential: str,
              logic: str) -> list[str]:  # fmt: skip
    """The flow of a target, from a design that has been read to a mapped one."""
    first, *rest = (line.format(top=artifact.module, sequential=sequential, logic=logic) for line in target.flow)
    if target.name == "liberty" and not sequential:
        rest = [line for line in rest if not line.startswith("dfflibmap")]
    if mode == "flat":
        return [*(f"blackbox {name}" for name in multipliers), first + target.flat, *rest]
    if not target.force or artifact.manifest["config"].get("multiplier") == "lut":
        return [first + target.no_blocks, *rest]
    # The config says which products are made for a block, however small they are; inference decides on the others.
    forced = [line for name in multipliers for line in (f"select {name}", "proc", target.force, "select -clear")]
    return [*forced, first + target.blocks, *rest]


def _number(entry: int | dict[str, Any]) -> int:
    """A cell count: with liberty files Yosys may write it beside an area."""
    return int(entry["count"]) if isinstance(entry, dict) else int(entry)


def _matching(by_type: dict[str, int], pattern: str) -> int:
    return sum(number for kind, number in by_type.items() if re.fullmatch(pattern, kind))


def _require_mapped(by_type: dict[str, int]) -> None:
    if left := sorted(kind for kind in by_type if kind.startswith("$")):
        raise ValueError(f"liberty files must have a cell for {', '.join(left)}, not none")


def _is_registered(target: Target, cell: dict[str, Any]) -> bool:
    clocked = any(isinstance(bit, int) for bit in cell["connections"].get(target.block_clock, []))
    return clocked and bool(target.count("dsp", {cell["type"]: 1}))


def _weight(target: Target, stores: frozenset[str], cell: dict[str, Any]) -> int:
    kind = cell["type"]
    if kind == "$lut":
        kind = f"$lut_{int(str(cell['parameters']['WIDTH']), 2)}"
    silent = kind in stores or target.is_sequential(kind) or re.fullmatch(target.inverter or r"(?!)", kind)
    return 0 if silent else 1
