"""From a top level in Verilog to a bitstream: Yosys, a look whether it fits, nextpnr, and the packer of its family.

The same files, board and seed give the same bitstream.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...generators.flow.targets import TARGETS
from ...hw.config import ConfigError
from ...verif.tools import ToolMissing, run, yosys
from .board import Board, constraints

KINDS = {"lut": "LUTs", "ff": "flip-flops", "dsp": "multiplier blocks", "bram": "memory blocks"}
LATE = "timing_not_met"
"""What stands in the name of a bitstream whose clock is too fast for it."""


@dataclass(frozen=True)
class Built:
    """A bitstream, and what it came out as.

    Parameters
    ----------
    bitstream : Path
        ``<top>.bit`` or ``<top>.bin``; ``<top>.timing_not_met.bit`` where a clock is missed.
    clocks : dict
        Of each clock that times a path: (MHz that are asked for, MHz that are reached).
    used : dict
        Cells of the part by nextpnr's name: (used, there are), of those that are used.
    """

    bitstream: Path
    clocks: Mapping[str, tuple[float, float]]
    used: Mapping[str, tuple[int, int]]

    @property
    def slack(self) -> float:
        """ns that the longest path of the worst clock leaves: ``min(1000 / asked - 1000 / reached)``."""
        return min(1000 / asked - 1000 / reached for asked, reached in self.clocks.values())

    @property
    def met(self) -> bool:
        """Whether every clock is reached."""
        return self.slack >= 0


def needs(board: Board, cells: Mapping[str, int]) -> dict[str, int]:
    """What a netlist needs at least of ``lut``, ``ff``, ``dsp`` and ``bram``, from its cells by type.

    Each stage of a carry chain of ECP5 takes two LUTs, one of iCE40 shares the LUT beside it.
    """
    target = TARGETS[board.family]
    carries = 2 * int(target.count("carry", cells) or 0) if board.family == "ecp5" else 0
    luts = sum(cells.get(kind, 0) for kind in target.luts.values()) + target.sites(cells) + carries
    return {"lut": luts} | {kind: int(target.count(kind, cells) or 0) for kind in ("ff", "dsp", "bram")}


def check_fit(board: Board, top: str, cells: Mapping[str, int]) -> None:
    """Whether a part has what a netlist needs at least, before placement is begun.

    Raises
    ------
    ConfigError
        Naming each resource of which there is too little, and by how much.
    """
    over = [
        f"{count} {KINDS[kind]}, which is {count - board.capacity[kind]} more than its {board.capacity[kind]}"
        for kind, count in needs(board, cells).items()
        if count > board.capacity[kind]
    ]
    if over:
        raise ConfigError(f"board {board.name} must have room for {top}, which needs {'; '.join(over)}")


def build(board: Board, verilog: Sequence[Path], top: str, ports: Sequence[str], directory: Path, *, seed: int = 1,
          freq: float | None = None, progress: Callable[[str], None] = lambda step: None) -> Built:  # fmt: skip
    """Builds the bitstream of a top level.

    Writes ``<top>.bit`` (ECP5) or ``<top>.bin`` (iCE40), the constraints and nextpnr's report ``<top>.report.json``.
    Files of an earlier build stay where this one fails, and go where it does not.

    Parameters
    ----------
    board : Board
    verilog : sequence of Path
        All modules.
    top : str
        The top module.
    ports : sequence of str
        Its ports, each a pin of the board.
    directory : Path
        Made if it is not there.
    seed : int
        Of the placement.
    freq : float or None
        MHz to which the oscillator's clock is to be met (None: what the oscillator gives).
    progress : callable
        Called with the name of each step that begins.

    Raises
    ------
    ConfigError
        If a port is no pin of the board, or the part has too little of something.
    ToolMissing, ToolFailed
        If a tool is not there, or fails.
    """
    limits = constraints(board, ports, freq)
    suffix, extension = ("lpf", "bit") if board.family == "ecp5" else ("pcf", "bin")
    nextpnr, packer = (_tool(f"nextpnr-{board.family}"), _tool("ecppack" if board.family == "ecp5" else "icepack"))
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build.", dir=directory) as name:
        folder = Path(name)
        (folder / f"{top}.{suffix}").write_text(limits)
        progress("synthesise")
        _synthesise(board, verilog, top, folder)
        check_fit(board, top, _cells(folder / "stat.json"))
        progress("place and route")
        out = "--textcfg" if board.family == "ecp5" else "--asc"
        run([*nextpnr, *board.options, "--json", "net.json", f"--{suffix}", f"{top}.{suffix}", out, "routed",
             "--report", f"{top}.report.json", "--seed", str(seed), "--timing-allow-fail", "--quiet"],
            cwd=folder)  # fmt: skip
        progress("pack")
        run([*packer, "routed", "packed"], cwd=folder)
        clocks, used = read_report(folder / f"{top}.report.json")
        names = [f"{top}.{extension}", f"{top}.{LATE}.{extension}"]
        built = Built(directory / names[0], clocks, used)
        if not built.met:
            names.reverse()
            built = Built(directory / names[0], clocks, used)
        (directory / names[1]).unlink(missing_ok=True)
        for made, kept in (("packed", names[0]), (f"{top}.report.json",) * 2, (f"{top}.{suffix}",) * 2):
            os.replace(folder / made, directory / kept)
    return built


def read_report(path: Path) -> tuple[dict[str, tuple[float, float]], dict[str, tuple[int, int]]]:
    """Clocks and used cells of nextpnr's report, as :class:`Built` has them.

    Raises
    ------
    ConfigError
        If no path is timed by a clock.
    """
    report = json.loads(path.read_text())
    clocks = {name: (row["constraint"], row["achieved"]) for name, row in report["fmax"].items()}
    if not clocks:
        raise ConfigError(f"top level must have a path between registers, not none ({path.name})")
    used = {kind: (row["used"], row["available"]) for kind, row in report["utilization"].items() if row["used"]}
    return clocks, used


def _synthesise(board: Board, verilog: Sequence[Path], top: str, folder: Path) -> None:
    target = TARGETS[board.family]
    for number, path in enumerate(verilog):
        shutil.copyfile(path, folder / f"{number}.v")
    script = [f"read_verilog {number}.v" for number in range(len(verilog))]
    script += [target.flow[0].format(top=top) + target.blocks, "delete t:$scopeinfo",
               "tee -q -o stat.json stat -json", "write_json net.json"]  # fmt: skip
    yosys("\n".join(script), cwd=folder)


def _cells(path: Path) -> dict[str, int]:
    return json.loads(path.read_text())["design"].get("num_cells_by_type", {})


def _tool(name: str) -> list[str]:
    """The command of that name: beside this Python, or on PATH."""
    beside = Path(sys.executable).parent / f"yowasp-{name}"
    if beside.is_file():
        return [str(beside)]
    for called in (name, f"yowasp-{name}"):
        if found := shutil.which(called):
            return [found]
    package = {"ecppack": "nextpnr-ecp5", "icepack": "nextpnr-ice40"}.get(name, name)
    raise ToolMissing(f"{name} is missing; install it with: pip install yowasp-{package}")
