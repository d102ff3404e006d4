"""The main job on real data: handwritten digits, recognised by dot products that all go through the generated RTL.

Weights are fp8_e4m3, activations bf16, sums fp32. The golden model runs the same network on results of its own, and
after each step of the dot products both must hold the same codes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..golden.mac import mac
from ..hw.config import ConfigError
from ..hw.mac.config import MacConfig
from ..verif import mac as bench
from ..verif.activity import ActivityReport, activity
from ..verif.artifact import Artifact
from ..verif.batch import BatchModel
from .demo_report import write_report
from .emit import emit
from .flow.synth import SynthReport, synth
from .network import Progress, decode, encode, forward, quantise
from .settings import settings_of
from .train import digits

FORMATS_USED = {"a": "fp8_e4m3", "b": "bf16", "acc": "fp32"}
TARGET = "xcup"
SAMPLE = 256  # beats of each step whose toggles are counted


@dataclass
class DemoResult:
    """What the demo found.

    Parameters
    ----------
    directory : Path
        Where the files are.
    module, digest : str
        The unit.
    images : int
        Images held out of the training.
    accuracy : dict
        Share of right answers by ``float``, ``golden`` and ``rtl``.
    vectors, mismatches, cycles : int
        Multiply-accumulates run, how many differed from the golden model's, clock cycles.
    layers : list of tuple
        Layer, shape, steps, multiply-accumulates and scale.
    pictures, labels, answers : ndarray
        The images, and what the RTL made of them.
    stimulus : dict of ndarray
        A sample of the beats that ran.
    cost, activity
        Reports of synthesis and activity.
    seconds : dict
        Wall time by part.
    files : list of str
        What lies in the directory.
    settings : list of str
        Config fields that the user set, ``key=value``.
    """

    directory: Path
    module: str
    digest: str
    images: int
    accuracy: dict[str, float]
    vectors: int
    mismatches: int
    cycles: int
    layers: list[tuple[int, str, int, int, str]]
    pictures: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    stimulus: dict[str, np.ndarray]
    seconds: dict[str, float]
    cost: SynthReport = field(init=False)
    activity: ActivityReport = field(init=False)
    files: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether vectors ran and each result equalled the golden model's."""
        return self.vectors > 0 and self.mismatches == 0

    @property
    def picojoules(self) -> dict[str, float]:
        """Energy proxy of one multiply-accumulate's operations, by technology of the constants."""
        return {name: pj / self.activity.beats for name, pj in self.activity.operation_energy.totals.items()}

    @property
    def nanojoules(self) -> float:
        """Energy proxy of one image's operations."""
        return sum(self.picojoules.values()) * self.vectors / self.images / 1000

    def to_dict(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return {
            "passed": self.passed, "module": self.module, "digest": self.digest, "images": self.images,
            "accuracy": self.accuracy, "vectors": self.vectors, "mismatches": self.mismatches, "cycles": self.cycles,
            "synth": self.cost.to_dict(), "energy_pj_per_mac": self.picojoules, "energy_nj_per_image": self.nanojoules,
            "toggles_per_mac": self._toggles, "directory": str(self.directory), "files": self.files,
            "seconds": self.seconds,
        }  # fmt: skip

    def lines(self) -> list[str]:
        """The figures for people."""
        share = {name: f"{100 * value:.2f} %" for name, value in self.accuracy.items()}
        cost, verdict = self.cost, "all equal the golden model's" if self.passed else f"{self.mismatches:,} DIFFER"
        constants = ", ".join(f"{pj:.3f} pJ a multiply-accumulate ({name})" for name, pj in self.picojoules.items())
        return [
            f"unit       {self.module}",
            f"accuracy   float {share['float']}, golden {share['golden']}, RTL {share['rtl']} ({self.images} images)",
            f"vectors    {self.vectors:,} results of the RTL, {verdict}",
            f"cycles     {self.cycles:,}",
            f"cost       {cost.lut} LUT, {cost.ff} FF, {cost.dsp} DSP ({cost.target}, {cost.tool})",
            f"energy     {self.nanojoules:.1f} nJ an image (proxy): {constants}, {self._toggles:.0f} toggles",
            f"files      {', '.join(str(self.directory / name) for name in self.files)}",
            f"time       {self.seconds['total']:.1f} s",
        ]

    @property
    def _toggles(self) -> float:
        return (self.activity.register_toggles + self.activity.net_toggles) / self.activity.beats


def demo(directory: str | Path, fields: Mapping[str, Any] | None = None, *,
         progress: Progress = lambda task, done, total: None) -> DemoResult:  # fmt: skip
    """Trains, quantises, generates, runs and reports.

    Parameters
    ----------
    directory : path
        Gets Verilog, manifest, core and ``report.html``.
    fields : mapping or None
        Config fields of the unit other than its formats.
    progress : callable
        Called with task, done and total.

    Raises
    ------
    ConfigError
        If a field does not fit, or the directory cannot be written.
    """
    for key, value in (fields or {}).items():
        if value != FORMATS_USED.get(key, value):
            raise ConfigError(f"{key} must be {FORMATS_USED[key]} for the demo, not {value}")
    config = MacConfig(**{**FORMATS_USED, **(fields or {})})
    if config.grid != (1, 1):
        raise ConfigError(f"lanes_a and lanes_b must be 1 for the demo, not {config.grid[0]} and {config.grid[1]}")
    directory = Path(directory)
    begun = time.perf_counter()
    progress("generate", 0, 0)
    artifact = emit(config, directory)
    progress("generate", 1, 1)
    with ThreadPoolExecutor(1) as pool:
        # Yosys works in a process of its own while the model is compiled and run here.
        cost = pool.submit(synth, artifact, TARGET)
        result = _run(config, artifact, progress)
        progress("count toggles", 0, 0)
        result.activity = activity(artifact, bench, result.stimulus)
        progress("count toggles", 1, 1)
        progress(f"synthesise for {TARGET}", 0, 0)
        result.cost = cost.result()
        progress(f"synthesise for {TARGET}", 1, 1)
    result.seconds["total"] = time.perf_counter() - begun
    report = directory / "report.html"
    result.files = [*(entry["path"] for entry in artifact.manifest["files"]), f"{artifact.module}.json", report.name]
    result.settings = settings_of(fields or {})
    write_report(result, report)
    return result


def _run(config: MacConfig, artifact: Artifact, progress: Progress) -> DemoResult:
    start = time.perf_counter()
    data = digits.load_digits()
    network = digits.train(data)
    layers = quantise(network, config)
    trained = time.perf_counter()
    progress("compile the model", 0, 0)
    model = BatchModel(artifact)
    progress("compile the model", 1, 1)
    built = time.perf_counter()
    cycles = 0
    sample: dict[str, list[np.ndarray]] = {"a": [], "b": [], "c": []}

    def rtl(*codes: np.ndarray) -> np.ndarray:
        nonlocal cycles
        inputs = {name: np.ascontiguousarray(part).reshape(-1) for name, part in zip("abc", codes, strict=True)}
        for name, part in inputs.items():
            sample[name].append(part[:SAMPLE].astype(np.uint64))
        run = model.run(inputs)
        cycles += run.cycles
        return run.outputs["y"].astype(np.int64).reshape(codes[0].shape)

    def golden(*codes: np.ndarray) -> np.ndarray:
        return mac(config, *(torch.from_numpy(np.ascontiguousarray(part)) for part in codes)).numpy()

    pixels = encode(data.test_images, config.b_format)
    sums, vectors, mismatches = forward(layers, pixels, config, [rtl, golden], progress)
    logits = [decode(codes, config.acc_format) for codes in sums]
    ran = time.perf_counter()
    accuracy = {
        "float": digits.accuracy(digits.predict(network, data.test_images), data.test_labels),
        "golden": digits.accuracy(logits[1], data.test_labels),
        "rtl": digits.accuracy(logits[0], data.test_labels),
    }
    shapes = [layer.weights.shape for layer in layers]
    rows = [
        (k, f"{n_in} x {n_out}", n_in, n_in * n_out * len(pixels), f"2^{layer.shift}")
        for k, ((n_out, n_in), layer) in enumerate(zip(shapes, layers, strict=True), 1)
    ]
    seconds = {"train": trained - start, "compile": built - trained, "run and compare": ran - built}
    return DemoResult(
        artifact.directory, artifact.module, artifact.manifest["digest"], len(pixels), accuracy, vectors, mismatches,
        cycles,        rows, data.test_images, data.test_labels, logits[0].argmax(axis=1),
        {name: np.concatenate(parts) for name, parts in sample.items()}, seconds,
    )  # fmt: skip
