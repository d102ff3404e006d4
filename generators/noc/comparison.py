"""Four organisations of the same functions on the same lanes: what they store, what they cost, and what they move.

Each distinct module is synthesised once and counted as often as it is there. Toggles are those of whole units of 8 and
16 lanes, as emitted, on numbers of the attention network: what a lane adds, and what lanes share, is counted as often.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...hw.noc.config.stores import StoresConfig
from ...verif.activity import activity
from ...verif.artifact import Artifact
from ...verif.noc import stores as bench
from ...verif.tools import yosys
from ..emit import emit
from ..flow.synth import SynthReport, synth
from ..registry import get_unit
from .stores import stored_bits

LANES = (16, 64, 256)
EACH, HOPS = 8, 8
"""Lanes of a router; routers that a flit passes in a cycle."""
SAME: dict[str, Any] = {"functions": ["gelu", "sigmoid"], "lanes": EACH, "hops": HOPS}
ORGANISATIONS: dict[str, dict[str, Any]] = {
    "table per lane": {"organisation": "lane", "segments": 16},
    "table per core": {"organisation": "core", "segments": 16},
    "broadcast": {"organisation": "line", "segments": 16, "pairs": 16},
    "broadcast, 2 flits": {"organisation": "line", "segments": 16, "pairs": 8, "interval": 2},
    "broadcast, folded": {"organisation": "line", "segments": 8, "pairs": 8, "form": "fold"},
}
"""Fields of each; two flits take two cycles a beat, as one clock has it."""
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("lut", "LUT", "{:,.0f}"), ("ff", "FF", "{:,.0f}"), ("bram", "BRAM", "{:g}"), ("dsp", "DSP", "{:,.0f}"),
    ("area", "sky130 area (um^2)", "{:,.0f}"), ("table_bits", "table bits", "{:,.0f}"),
    ("link_wires", "wires between routers", "{:,.0f}"), ("lane_wires", "wires at lanes", "{:,.0f}"),
    ("toggles", "toggles / op", "{:,.1f}"), ("pj", "proxy pJ / op", "{:.3f}"),
)  # fmt: skip
"""Field, heading and form of each figure."""


@dataclass(frozen=True)
class Row:
    """An organisation at a size.

    Parameters
    ----------
    name : str
    lanes : int
    error : float
        Largest error of its tables, over every code.
    cycles : int
        Of a beat.
    table_bits : int
        Stored, all copies.
    link_wires, lane_wires : int
        Bits from router to router along the line; bits to and from all lanes for their pairs.
    lut, ff, dsp : int
        On xcup; ``lut`` with those that are memory. There is no block memory: ``bram`` of 36 kbit.
    bram : float
    area : float or None
        Of the liberty's cells, in its unit.
    toggles, pj : float
        Per operation (one lane's result): of registers and nets of all modules; priced at 1 fF and 1 V a toggle.
    """

    name: str
    lanes: int
    error: float
    cycles: int
    table_bits: int
    link_wires: int
    lane_wires: int
    lut: int
    ff: int
    dsp: int
    bram: float
    area: float | None
    toggles: float
    pj: float

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON values."""
        return asdict(self)


def config_of(name: str, lanes: int) -> StoresConfig:
    """The unit of an organisation with so many lanes."""
    return get_unit("nova_stores").make({**SAME, **ORGANISATIONS[name], "routers": max(lanes // EACH, 1)})


def counts(config: StoresConfig) -> dict[str, int]:
    """How often each module is there."""
    found = {"Control": 1, "Lane": config.width}
    if config.organisation == "core":
        return {**found, "Core": config.routers}
    if config.organisation == "lane":
        return found
    stops = config.stops
    registers = sum(stop.registers > (0 if stop.parent is None else stops[stop.parent].registers) for stop in stops)
    return {**found, "Sender": 1, "Link": registers}


def wires(config: StoresConfig) -> tuple[int, int]:
    """Bits from router to router, the source the first; bits to and from all lanes for their pairs."""
    from ...hw.noc.modules import filling, lane_wires, link

    of_lane = config.width * sum(lane_wires(config).values())
    if config.organisation == "line":
        return config.routers * sum(link(config).values()), of_lane
    # What fills the memories runs past all of them.
    return config.routers * sum(filling(config).values()), of_lane


def sheet(component: Any, name: str, folder: Path) -> Artifact:
    """A module's Verilog, as synthesis reads it."""
    from amaranth.back import rtlil

    (folder / "design.il").write_text(rtlil.convert(component, name=name, emit_src=False))
    yosys(f"read_rtlil design.il\nhierarchy -check -top {name}\nproc\nflatten\nopt_clean\nmemory_collect\n"
          f"delete t:$scopeinfo\nwrite_verilog -noattr {name}.v", cwd=folder)  # fmt: skip
    nothing = dict.fromkeys(("unit", "reset", "latency_cycles"))
    return Artifact(folder, {**nothing, "module": name, "clock": "clk", "config": {}})


def cost(config: StoresConfig, target: str, kept: dict[str, SynthReport],
         liberty: Path | None = None) -> dict[str, float]:  # fmt: skip
    """LUTs, flip-flops, blocks and area of a unit: those of its modules, each as often as it is there.

    ``kept`` holds what was synthesised before, by module and config.
    """
    from ...hw.noc import modules

    total: dict[str, float] = dict.fromkeys(("lut", "ff", "dsp", "bram", "area"), 0.0)
    for kind, count in counts(config).items():
        if not count:
            continue
        # Routers change the control's chains alone, by way of the line's depth.
        like = config.to_dict() | {"routers": config.depth}
        key = json.dumps([kind, target, like], sort_keys=True)
        if key not in kept:
            with tempfile.TemporaryDirectory(prefix="nervure-noc-") as folder:
                artifact = sheet(getattr(modules, kind)(config), kind.lower(), Path(folder))
                kept[key] = synth(artifact, target, liberty=liberty)
        for name in total:
            total[name] += count * (getattr(kept[key], name) or 0)
    return total


def layer(lanes: int, most: int) -> dict[str, np.ndarray]:
    """Beats of the attention network on test images: numbers before GELU (table 0), then attention scores (table 1)."""
    import torch

    from ..train import attention
    from .attention import configs, golden

    network, pixels = attention.network(attention.shipped()), attention.images()[2]
    functions = golden(configs(network))
    seen: list[tuple[int, torch.Tensor]] = []

    def gelu(x: torch.Tensor) -> torch.Tensor:
        seen.append((0, x))
        return functions.gelu(x)

    def softmax(x: torch.Tensor) -> torch.Tensor:
        # q5.10 to q3.12.
        seen.append((1, (x.reshape(-1) << 2).clamp(-(1 << 15), (1 << 15) - 1)))
        return functions.softmax(x)

    found: list[tuple[int, torch.Tensor]] = []
    for image in (pixels * 16).round().to(torch.int64):
        seen.clear()
        network.logits(image[None], type(functions)(softmax, functions.norm, gelu))
        found += [(table, beat) for table, x in seen for beat in x[: len(x) // lanes * lanes].reshape(-1, lanes)]
        if len(found) >= most:
            break
    x = torch.stack([beat for _, beat in found[:most]]) & 0xFFFF
    return {"x": x.numpy().astype(np.uint64), "table": np.array([t for t, _ in found[:most]], np.uint64)}


def small(name: str, depth: int) -> tuple[StoresConfig, StoresConfig]:
    """Units of 8 and 16 lanes of an organisation with so many registers on the line."""
    lanes = max(EACH // (depth + 1), 1)
    return tuple(get_unit("nova_stores").make({**SAME, **ORGANISATIONS[name], "lanes": lanes, "hops": times,
                                               "routers": times * EACH // lanes}) for times in (1, 2))  # fmt: skip


def moved(name: str, depth: int, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Toggles and picojoules of a beat on numbers of the attention network: what lanes share, and what each adds."""
    found = []
    for config in small(name, depth):
        inputs = layer(config.width, most)
        with tempfile.TemporaryDirectory(prefix="nervure-noc-") as folder:
            report = activity(emit(config, Path(folder)), bench, inputs)
        toggles = report.register_toggles + report.net_toggles
        found.append(np.array([toggles, sum(report.switching_energy.totals.values())]) / report.beats)
    each = (found[1] - found[0]) / EACH
    return found[0] - EACH * each, each


def compare(lanes: tuple[int, ...] = LANES, liberty: Path | None = None, beats: int = 600,
            say: Callable[[str], None] = lambda line: None) -> list[Row]:  # fmt: skip
    """All organisations at all sizes."""
    found, kept, moves = list[Row](), dict[str, SynthReport](), dict[tuple[str, int], tuple[np.ndarray, np.ndarray]]()
    for width in lanes:
        for name in ORGANISATIONS:
            say(f"{name}, {width} lanes")
            config = config_of(name, width)
            fpga = cost(config, "xcup", kept)
            area = cost(config, "liberty", kept, liberty)["area"] if liberty else None
            if (of := (name, config.depth)) not in moves:
                moves[of] = moved(*of, beats)
            shared, each = moves[of]
            toggles, pj = (float(part) for part in shared / width + each)
            found.append(Row(name, width, max(config.reached), config.cycles, stored_bits(config), *wires(config),
                             int(fpga["lut"]), int(fpga["ff"]), int(fpga["dsp"]), fpga["bram"], area, toggles,
                             pj))  # fmt: skip
    return found


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| lanes | organisation | error | cycles | " + " | ".join(text for _, text, _ in COLUMNS) + " |",
             "| --- " * (4 + len(COLUMNS)) + "|"]  # fmt: skip
    for row in rows:
        figures = [form.format(value) if (value := getattr(row, key)) is not None else "-" for key, _, form in COLUMNS]
        lines.append(f"| {row.lanes} | {row.name} | {row.error:.2e} | {row.cycles} | {' | '.join(figures)} |")
    return "\n".join(lines)


def shares(rows: list[Row]) -> list[str]:
    """Where the folded broadcast wins against a table per lane and per core, and where not, in numbers of the rows."""
    found = []
    for width in dict.fromkeys(row.lanes for row in rows):
        mine = {row.name: row for row in rows if row.lanes == width}
        folded = mine["broadcast, folded"]
        for other in ("table per lane", "table per core", "broadcast"):
            parts = [f"{text} {getattr(folded, key) / value:.2f}" for key, text, _ in COLUMNS
                     if (value := getattr(mine[other], key))]  # fmt: skip
            found.append(f"{width} lanes, folded broadcast over {other}: {', '.join(parts)}")
    return found


def draw(rows: list[Row], path: Path) -> None:
    """A picture of each figure against lanes, as PNG; it needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = [entry for entry in COLUMNS if any(getattr(row, entry[0]) for row in rows)]
    across = 3
    figure = Figure(figsize=(4.6 * across, 3.4 * -(-len(shown) // across)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(-(-len(shown) // across), across, squeeze=False).reshape(-1)
    for axis, (key, text, _) in zip(axes, shown, strict=False):
        for name, mark in zip(ORGANISATIONS, "os^vD", strict=True):
            points = [(row.lanes, getattr(row, key)) for row in rows if row.name == name]
            axis.plot(*zip(*points, strict=True), marker=mark, label=name)
        axis.set_xscale("log", base=2)
        axis.set_xticks(lanes := sorted({row.lanes for row in rows}), [str(width) for width in lanes])
        if "/" not in text:
            axis.set_yscale("log")
        axis.set(title=text, xlabel="lanes")
        axis.grid(alpha=0.3)
    for axis in axes[len(shown) :]:
        axis.set_axis_off()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(ORGANISATIONS))
    figure.savefig(path, dpi=110)
