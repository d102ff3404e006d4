"""The demo of the family: two electrocardiograms through the generated Verilog, classified, and drawn as PNG.

One is real, the excerpt that PyWavelets ships (1,024 samples, taken as 360 Hz); the other is made here, of a rhythm
that is known. No record of a database is read. The weights are those of the shipped network that was trained on other
patients than it was tested on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...hw.config import ConfigError
from ...hw.ecg.config.stream import EcgStreamConfig
from ...verif.batch import BatchModel
from ...verif.ecg import stream as bench
from ..emit import emit
from . import shipped
from .stream import wish

RATE = 360
ASKED: dict[str, Any] = {"network": "inter", "learn": 256}
"""The first thresholds are made of 0.7 s, since the real excerpt is 2.8 s long."""
PICTURE = "heartbeats.png"
SINUS, EARLY = 300, 195
"""Samples between beats of the made rhythm (72 a minute), and before an early one."""
BEATS = 24
COLOURS = {"N": "tab:green", "S": "tab:orange", "V": "tab:red", "F": "tab:purple", "Q": "tab:gray"}


@dataclass(frozen=True)
class Trace:
    """An electrocardiogram and what the Verilog said of it.

    Parameters
    ----------
    title : str
    samples : int array
        Codes.
    positions : int array
        R peaks that were found.
    classes : tuple of str
        The class of each.
    wanted : tuple of str or None
        For the made one, the classes of its beats.
    """

    title: str
    samples: np.ndarray
    positions: np.ndarray
    classes: tuple[str, ...]
    wanted: tuple[str, ...] | None = None


@dataclass(frozen=True)
class EcgDemo:
    """What the demo found: traces, the answers that differ from the golden model's, clock cycles, files."""

    module: str
    traces: tuple[Trace, ...]
    mismatches: int
    cycles: int
    picture: Path

    @property
    def passed(self) -> bool:
        """Whether every answer is the golden model's."""
        return not self.mismatches

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        traces = [{"title": t.title, "samples": len(t.samples), "positions": t.positions.tolist(),
                   "classes": list(t.classes), "wanted": t.wanted and list(t.wanted)} for t in self.traces]  # fmt: skip
        return {"module": self.module, "passed": self.passed, "mismatches": self.mismatches, "cycles": self.cycles,
                "traces": traces, "picture": str(self.picture)}  # fmt: skip

    def lines(self) -> list[str]:
        """What the command prints."""
        beats = sum(len(trace.classes) for trace in self.traces)
        differ = "none differs" if self.passed else f"{self.mismatches} DIFFER"
        found = [f"{trace.title}: {''.join(trace.classes)}"
                 + (f" (made as {''.join(trace.wanted)})" if trace.wanted else "")
                 for trace in self.traces]  # fmt: skip
        return [*found, f"{beats} heartbeats of the RTL, {differ} from the golden model's; {self.cycles:,} cycles",
                f"picture: {self.picture}"]  # fmt: skip


def excerpt() -> np.ndarray:
    """The real excerpt, as codes of 11 bits (its integers, moved to the middle).

    Raises
    ------
    ConfigError
        If PyWavelets is not installed.
    """
    try:
        from pywt import data
    except ImportError:
        raise ConfigError("the demo requires the package PyWavelets, which is not installed "
                          "(pip install 'nervure[ecg]')") from None  # fmt: skip
    return np.clip(np.asarray(data.ecg(), np.int64) + 1024, 0, 2047)


def rhythm(seed: int = 0) -> tuple[np.ndarray, list[int], tuple[str, ...]]:
    """A made electrocardiogram: sinus rhythm of 72 beats a minute, each sixth beat ventricular and early, then a pause.

    Returns
    -------
    int64 array, list of int, tuple of str
        Codes of 11 bits, the beats' R peaks, and their classes.
    """
    rng = np.random.default_rng(seed)
    classes = tuple("V" if k % 6 == 5 else "N" for k in range(BEATS))
    at, place = [], 150
    for k in range(BEATS):
        if k:
            place += EARLY if classes[k] == "V" else 2 * SINUS - EARLY if classes[k - 1] == "V" else SINUS
        at.append(place)
    time = np.arange(at[-1] + SINUS)
    wave = rng.normal(0, 2.5, len(time)) + 12 * np.sin(2 * np.pi * time / (4.1 * RATE))
    # Place, width (samples), height (200 are 1 mV) of a beat's bumps: P, Q, R, S, T; a wide R and an opposite T.
    shapes = {"N": ((-60, 9, 25), (-9, 3, -25), (0, 4, 210), (9, 4, -50), (95, 19, 55)),
              "V": ((0, 16, 270), (38, 18, -120), (110, 28, -80))}  # fmt: skip
    for peak, kind in zip(at, classes, strict=True):
        wave += sum(height * np.exp(-(((time - peak - off) / width) ** 2)) for off, width, height in shapes[kind])
    return np.clip(np.rint(wave + 1024), 0, 2047).astype(np.int64), at, classes


def demo(directory: str | Path, fields: dict[str, Any], progress: Callable[..., None] = lambda *_: None) -> EcgDemo:
    """Generates the unit, sends both electrocardiograms through it, compares with the golden model, and draws them.

    Parameters
    ----------
    directory : str or Path
        For the unit and the picture.
    fields : dict
        Settings of an EcgStreamConfig in place of :data:`ASKED`.
    progress : callable
        ``(task, done, total)``.
    """
    directory, asked = Path(directory), {**ASKED, **fields}
    real, (made, _, kinds) = excerpt(), rhythm()
    config = EcgStreamConfig(**wish(asked))
    names = shipped(asked["network"]).classes
    artifact = emit(config, directory)
    model, traces, wrong, cycles = BatchModel(artifact), [], 0, 0
    parts = (("PyWavelets' real excerpt", real, None), ("Made: sinus rhythm, each sixth beat ventricular", made, kinds))
    for done, (title, x, wanted) in enumerate(parts):
        progress("heartbeats", done, len(parts))
        last = np.zeros(len(x), np.uint64)
        last[-1] = 1
        vectors = {"x": x.astype(np.uint64), "last": last}
        run = model.run(vectors, ends=bench.ends(config, vectors))
        expected = bench.expect(config, vectors)
        differ = [run.outputs[key] != codes for key, codes in expected.items()]
        wrong, cycles = wrong + int(np.any(differ, 0).sum()), cycles + run.cycles
        labels = tuple(names[k] for k in run.outputs["label"].astype(int))
        traces.append(Trace(title, x, run.outputs["position"].astype(np.int64), labels, wanted))
    progress("heartbeats", len(parts), len(parts))
    return EcgDemo(artifact.module, tuple(traces), wrong, cycles, draw(traces, directory / PICTURE))


def draw(traces: list[Trace], path: Path) -> Path:
    """Both traces against seconds, each beat with its class, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 3.2 * len(traces)), layout="constrained")
    FigureCanvasAgg(figure)
    for axis, trace in zip(np.ravel(figure.subplots(len(traces), 1)), traces, strict=True):
        axis.plot(np.arange(len(trace.samples)) / RATE, trace.samples, color="black", linewidth=0.7)
        for at, kind in zip(trace.positions, trace.classes, strict=True):
            axis.plot(at / RATE, trace.samples[at], "o", color=COLOURS[kind], markersize=5)
            axis.annotate(kind, (at / RATE, trace.samples[at]), (0, 7), textcoords="offset points", ha="center",
                          color=COLOURS[kind], weight="bold")  # fmt: skip
        axis.set(title=trace.title, xlabel="seconds", ylabel="ADC code")
        axis.margins(x=0.01, y=0.18)
    figure.savefig(path, dpi=110)
    return path
