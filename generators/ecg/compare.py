"""How well networks classify beats, by their integers: accuracy, recall, precision, and SSF beside IF."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass

import numpy as np
import torch

from ...golden.ecg import ecg
from ...hw.ecg.config import EcgConfig
from ...verif.batch import BatchModel
from ...verif.ecg import expect
from ..emit import emit
from ..train.ecg_data import Beats, Record, beats_of, inter, intra
from . import shipped


@dataclass(frozen=True)
class Published:
    """A published figure and its conditions."""

    name: str
    accuracy: float
    conditions: str


SPARROW = Published(
    "SparrowSNN (arXiv 2406.06543)", 0.9829,
    "intra-patient, SSF, 8-bit weights, 22 nm, 31.39 nJ an inference; layer sizes and T are not public",
)  # fmt: skip


WANTED = {"rr4k": (SPARROW.accuracy, 4000), "rr8k": (0.987, 8000), "rr12k": (0.99, 12_000),
          "wave16k": (SPARROW.accuracy, 16_000), "inter": (0.92, 16_000)}  # fmt: skip
"""What the median of a shipped network's three seeds is meant to reach on the test beats, in at most so many bits."""


@dataclass(frozen=True)
class Result:
    """What a network makes of beats.

    Parameters
    ----------
    config : EcgConfig
    split : str
        ``intra`` or ``inter`` patient.
    confusion : int array (classes, classes)
        Beats by true class (rows) and class found.
    classes : tuple of str
    """

    config: EcgConfig
    split: str
    confusion: np.ndarray
    classes: tuple[str, ...]

    @property
    def beats(self) -> int:
        """How many beats."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of beats whose class is found."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def recall(self) -> np.ndarray:
        """Share of each class's beats that are found; NaN of a class without beats."""
        return _share(np.diag(self.confusion), self.confusion.sum(1))

    @property
    def precision(self) -> np.ndarray:
        """Share of the beats said to be of a class that are; NaN where there are none."""
        return _share(np.diag(self.confusion), self.confusion.sum(0))

    @property
    def macro_f1(self) -> float:
        """Mean over the classes that have beats of ``2 hits / (beats of the class + beats said to be of it)``."""
        there = self.confusion.sum(1) > 0
        both = self.confusion.sum(0) + self.confusion.sum(1)
        return float(np.mean(2 * np.diag(self.confusion)[there] / both[there]))


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def tested(records: list[Record], name: str, steps: int | None = None) -> Beats:
    """The beats that a shipped network is tested on, as its inputs at ``steps`` counts (its own, if not given)."""
    found = shipped(name)
    assert found.front is not None, "shipped networks say what their inputs are"
    front = found.front if steps is None else found.front.model_copy(update={"steps": steps})
    beats = beats_of(records, front)
    test = (intra if found.trained["recipe"]["split"] == "intra" else inter)(beats)[2]
    return test.of(np.flatnonzero(test.labels < len(found.classes)))


def evaluate(config: EcgConfig, beats: Beats, split: str, classes: tuple[str, ...]) -> Result:
    """What the golden model makes of beats."""
    label = ecg(config, torch.from_numpy(beats.inputs.astype(np.int64))).label.numpy()
    size = len(classes)
    confusion = np.bincount(beats.labels * size + label, minlength=size * size).reshape(size, size)
    return Result(config, split, confusion, classes)


def through(config: EcgConfig, beats: Beats) -> tuple[int, float]:
    """Beats through the emitted circuit: how many classes and confidences are the golden model's; cycles a beat."""
    rows = {"n": beats.inputs.astype(np.uint64)}
    with tempfile.TemporaryDirectory(prefix="nervure-ecg-") as folder:
        result = BatchModel(emit(config, folder)).run(rows)
    same = [result.outputs[key] == codes for key, codes in expect(config, rows).items()]
    return int(np.all(same, 0).sum()), result.cycles / len(beats.labels)


def compare(records: list[Record], name: str, steps: tuple[int, ...] = (3, 7, 15, 31),
            neurons: tuple[str, ...] = ("ssf", "if")) -> list[Result]:  # fmt: skip
    """A shipped network at several T as SSF and as IF, with the same weights, on its test beats.

    Weights, biases and thetas stay; inputs are made of the same samples at each T.
    """
    found = shipped(name)
    split = found.trained["recipe"]["split"]
    out = []
    for count in steps:
        beats = tested(records, name, count)
        for neuron in neurons:
            config = EcgConfig(**{**found.fields, "steps": count, "neuron": neuron})
            out.append(evaluate(config, beats, split, found.classes))
    return out


def table(results: list[Result]) -> str:
    """Results in lines, the published figure last."""
    lines = ["network       T neuron split  beats   kbit  accuracy  macro F1"]
    for r in results:
        bits = r.config.bits
        kbit = min(bits["dense"], bits["nonzero"] + bits["bitmap"]) / 1000
        lines.append(f"{r.config.network:<12}{r.config.steps:>3} {r.config.neuron:<6} {r.split:<6}{r.beats:>6} "
                     f"{kbit:>6.1f} {r.accuracy:>9.2%} {r.macro_f1:>9.3f}")  # fmt: skip
    lines += ["", "intra: a random 20 % of each class's beats, whose patients were trained on, too.",
              "inter: DS2, whose patients were not; without class Q.",
              "kbit: weights, or those that are not 0 and a bitmap; biases and thetas come beside.",
              f"Published: {SPARROW.name} {SPARROW.accuracy:.2%} ({SPARROW.conditions})."]  # fmt: skip
    return "\n".join(lines)


def medians() -> str:
    """What was meant to be reached by the shipped networks' medians of three seeds, and what was."""
    lines = ["median of 3 seeds     reached   wanted   bits (at most)"]
    for name, (accuracy, bits) in WANTED.items():
        trained = shipped(name).trained
        got, used = trained["median_test_accuracy"], trained["median_bits"]
        missed = "" if got >= accuracy and used <= bits else "  missed"
        lines.append(f"{name:<20} {got:>8.2%} {accuracy:>8.2%} {used:>6.0f} ({bits}){missed}")
    return "\n".join(lines)


def detail(result: Result) -> str:
    """Recall and precision of each class, the confusion matrix, and the network's bits."""
    bits = result.config.bits
    lines = [f"{result.config.network}, {result.split}-patient: {result.accuracy:.2%} of {result.beats} beats; bits: "
             + ", ".join(f"{key} {value}" for key, value in bits.items() if key != "weights")
             + f"; V needs {result.config.needed} bits",
             "true  " + "".join(f"{name:>7}" for name in result.classes) + "  recall  precision"]  # fmt: skip
    for k, name in enumerate(result.classes):
        row = "".join(f"{count:>7}" for count in result.confusion[k])
        lines.append(f"{name:<6}{row} {result.recall[k]:>7.2%} {result.precision[k]:>10.2%}")
    return "\n".join(lines)
