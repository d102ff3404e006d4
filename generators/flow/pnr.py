"""Placement and routing on ECP5 with nextpnr: the clock that a unit reaches, and how long each of its stages is.

The unit is timed between registers: one more rank before its inputs, so that the first stage counts. Figures of
different tools, devices or speed grades do not compare.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...verif.artifact import Artifact
from ...verif.tools import nextpnr_ecp5, run, yosys

TOP = "timed"
DEVICE = ("--85k", "--package", "CABGA756", "--speed", "6")
ASKED_MHZ = 400  # more than is reached: nextpnr then works on every path


@dataclass(frozen=True)
class PnrReport:
    """What placement and routing found, one entry a seed.

    Parameters
    ----------
    fmax : tuple of float
        MHz.
    stages : tuple of tuple of float
        Longest path of each stage in ns, from the rank before it (clock to output and set-up included), in order.
    device : str
    """

    fmax: tuple[float, ...]
    stages: tuple[tuple[float, ...], ...]
    device: str = "LFE5U-85F-6 (nextpnr)"

    @property
    def mean_fmax(self) -> float:
        """MHz, the mean over the seeds."""
        return statistics.mean(self.fmax)

    @property
    def spread(self) -> float:
        """MHz, the standard deviation over the seeds."""
        return statistics.stdev(self.fmax) if len(self.fmax) > 1 else 0.0

    @property
    def mean_stages(self) -> tuple[float, ...]:
        """ns, the mean over the seeds."""
        return tuple(statistics.mean(found) for found in zip(*self.stages, strict=True))

    @property
    def imbalance(self) -> float:
        """How much longer the longest stage is than the mean of all: 0.15 is 15 %."""
        stages = self.mean_stages
        return max(stages) / statistics.mean(stages) - 1


def place_and_route(artifact: Artifact, seeds: Sequence[int] = (1, 2, 3, 4, 5), jobs: int = 1,
                    progress: Callable[[int], None] = lambda seed: None) -> PnrReport:  # fmt: skip
    """Places and routes a bare unit on ECP5.

    Parameters
    ----------
    artifact : Artifact
        Of ``interface=bare``: with a handshake, the ready of the output would be timed, too.
    seeds : sequence of int
    jobs : int
        Processes at a time.
    progress : callable
        Called with each seed that has ended.

    Raises
    ------
    ValueError
        If the unit has a handshake.
    ToolMissing, ToolFailed
        If Yosys or nextpnr is not there, or fails.
    """
    if artifact.streams[0].valid is not None:
        raise ValueError("placement for a figure requires interface=bare, not stream")
    with tempfile.TemporaryDirectory(prefix="nervure-pnr-") as name:
        folder = Path(name)
        (folder / "unit.v").write_text(artifact.verilog.read_text() + _registered(artifact))
        yosys(f"read_verilog unit.v\nsynth_ecp5 -top {TOP} -json netlist.json", cwd=folder)
        ranks = _ranks(json.loads((folder / "netlist.json").read_text())["modules"][TOP])

        def one(seed: int) -> tuple[float, tuple[float, ...]]:
            report = f"report{seed}.json"
            run([*nextpnr_ecp5(), *DEVICE, "--json", "netlist.json", "--lpf-allow-unconstrained", "--report", report,
                 "--detailed-timing-report", "--seed", str(seed), "--freq", str(ASKED_MHZ), "--timing-allow-fail",
                 "--quiet"], cwd=folder)  # fmt: skip
            found = json.loads((folder / report).read_text())
            (clock,) = found["fmax"].values()
            progress(seed)
            return clock["achieved"], _stages(found["detailed_net_timings"], ranks)

        with ThreadPoolExecutor(jobs) as pool:
            results = list(pool.map(one, seeds))
    return PnrReport(tuple(fmax for fmax, _ in results), tuple(stages for _, stages in results))


def _registered(artifact: Artifact) -> str:
    """Verilog of a top that has a rank of registers before the unit's inputs."""
    ports = {stream.direction: artifact.port_widths(stream) for stream in artifact.streams}
    declared = [f"{way}put [{width - 1}:0] {port}" for way, of in ports.items() for port, width in of.items()]
    lines = [f"module {TOP}(input {artifact.clock}, {', '.join(declared)});"]
    for port, width in ports["in"].items():
        lines.append(f"reg [{width - 1}:0] r_{port}; always @(posedge {artifact.clock}) r_{port} <= {port};")
    pins = [f".{artifact.clock}({artifact.clock})", *(f".{port}(r_{port})" for port in ports["in"]),
            *(f".{port}({port})" for port in ports["out"])]  # fmt: skip
    return "\n".join([*lines, f"{artifact.module} unit({', '.join(pins)});", "endmodule", ""])


def _ranks(module: dict[str, Any]) -> dict[str, int]:
    """Rank of each flip-flop by its cell's name: registers between it and the inputs, the most of any path."""
    driver: dict[Any, str] = {}
    registers: set[str] = set()
    sources: dict[str, list[Any]] = {}
    for name, cell in module["cells"].items():
        outputs = {pin for pin, way in cell["port_directions"].items() if way == "output"}
        for pin, bits in cell["connections"].items():
            if pin in outputs:
                driver |= dict.fromkeys(bits, name)
        if cell["type"] == "TRELLIS_FF":
            registers.add(name)
        sources[name] = [bit for pin, bits in cell["connections"].items() if pin not in outputs and pin != "CLK"
                         for bit in bits]  # fmt: skip
    found: dict[str, int] = {}

    def rank(name: str) -> int:
        # Depth first without recursion: netlists are deeper than Python's stack.
        stack = [name]
        while stack:
            top = stack[-1]
            below = {driver[bit] for bit in sources[top] if bit in driver}
            if waiting := [cell for cell in below if cell not in found]:
                stack += waiting
                continue
            found[top] = max((found[cell] + (cell in registers) for cell in below), default=0)
            stack.pop()
        return found[name]

    return {name: rank(name) for name in registers}


def _stages(nets: list[dict[str, Any]], ranks: dict[str, int]) -> tuple[float, ...]:
    """Longest arrival at each rank behind the first."""
    longest: dict[int, float] = {}
    for net in nets:
        for endpoint in net["endpoints"]:
            rank = ranks.get(endpoint["cell"], 0)
            if rank and "delay" in endpoint:
                longest[rank] = max(longest.get(rank, 0.0), max(endpoint["delay"]))
    return tuple(longest[rank] for rank in sorted(longest))
