"""The demo of the family: handwritten digits through a small spiking pipeline, every answer held against golden.

The images are scikit-learn's 8x8 digits that the shipped network was not trained on; no other data is read.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...golden.snn import run
from ...hw.config import ConfigError
from ...hw.snn.config import SnnConfig
from ...verif.batch import BatchModel
from ...verif.snn import ends, expect
from ...verif.snn.stimulus import beats_of
from ..emit import emit
from ..report import Report
from ..settings import rerun_words, settings_of
from ..train.snn import test_images
from . import wish
from .energy import Activity, activity, answer

NETWORK, PAGE = "digits", "report.html"
SHOWN = 18
"""Images on the page, wrong ones first."""


@dataclass(frozen=True)
class SnnDemo:
    """What the demo found.

    Parameters
    ----------
    config : SnnConfig
    images, labels : int array
        ``(frames, 1, 8, 8)`` of 0..255, and their digits.
    answers : int array
        What the Verilog said.
    mismatches : int
        Answers that differ from the golden model's.
    cycles : float
        Of a frame, on average, the filling of the pipeline included.
    layers : list of Activity
    verdict : str
        Whether the spikes are few enough to pay.
    page : path
    """

    config: SnnConfig
    images: np.ndarray
    labels: np.ndarray
    answers: np.ndarray
    mismatches: int
    cycles: float
    layers: list[Activity]
    verdict: str
    page: Path

    @property
    def passed(self) -> bool:
        """Whether every answer is the golden model's."""
        return not self.mismatches

    @property
    def accuracy(self) -> float:
        """Share of right answers of the Verilog."""
        return float(np.mean(self.answers == self.labels))

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"module": self.config.module_name, "passed": self.passed, "images": len(self.images),
                "accuracy": self.accuracy, "mismatches": self.mismatches, "cycles_per_frame": self.cycles,
                "closed_form": self.config.cycles, "layers": [asdict(layer) for layer in self.layers],
                "verdict": self.verdict, "page": str(self.page)}  # fmt: skip

    def lines(self) -> list[str]:
        """What the command prints."""
        differ = "none differs" if self.passed else f"{self.mismatches} DIFFER"
        operations = sum(layer.synaptic_operations for layer in self.layers)
        return [f"{len(self.images)} images, {100 * self.accuracy:.2f} % right; {differ} from golden",
                f"{self.cycles:.1f} cycles a frame (closed form {self.config.cycles}), {operations:,.0f} synaptic "
                "operations", self.verdict, f"page: {self.page}"]  # fmt: skip


def demo(directory: str | Path, fields: dict[str, Any], progress: Callable[..., None] = lambda *_: None) -> SnnDemo:
    """Generates the pipeline, sends the images through it, compares with the golden model, and writes a page.

    Parameters
    ----------
    directory : path
        For the unit and the page.
    fields : dict
        Settings of an SnnConfig; the network is the shipped one of the digits.
    progress : callable
        ``(task, done, total)``.

    Raises
    ------
    ConfigError
        If another network is asked for, or a field does not fit.
    """
    directory = Path(directory)
    if (asked := fields.get("network", NETWORK)) != NETWORK or "layers" in fields:
        raise ConfigError(f"network must be {NETWORK} for the demo, not {asked}")
    config = SnnConfig(**wish({"network": NETWORK, **fields}))
    if config.output != "class":
        raise ConfigError(f"output must be class for the demo, not {config.output}")
    images, labels = test_images(NETWORK)
    progress("generate", 0, 2)
    model = BatchModel(emit(config, directory))
    progress("images", 1, 2)
    given = beats_of(config, images)
    result = model.run(given, ends=ends(config, given))
    wrong = int((result.outputs["y"] != expect(config, given)["y"]).sum())
    found = activity(config, torch.from_numpy(images))
    progress("images", 2, 2)
    done = SnnDemo(config, images, labels, result.outputs["y"].astype(int), wrong, result.cycles / len(images), found,
                   answer(config, found), directory / PAGE)  # fmt: skip
    _page(done, settings_of(fields)).write(done.page)
    return done


def _page(found: SnnDemo, settings: list[str]) -> Report:
    """The page."""
    config = found.config
    page = Report("Handwritten digits as spikes", f"{len(found.images)} images that the network was not trained on, "
                  f"{config.num_parameters:,} parameters, T = {config.steps}, one {config.module_name}.")  # fmt: skip
    page.verdict(found.passed, f"{len(found.images) - found.mismatches} of {len(found.images)} answers of the Verilog "
                 "are the golden model's.")  # fmt: skip
    page.tiles([("right answers", f"{100 * found.accuracy:.2f} %"), ("clock cycles a frame", f"{found.cycles:.1f}"),
                ("closed form", f"{config.cycles}")])  # fmt: skip
    page.section("What it recognised", "What the hardware answered; where it was wrong, the right digit follows.")
    wrong = found.answers != found.labels
    page.pictures([((found.images[k, 0] / 255).tolist(),
                    f"{found.answers[k]}" + (f", not {found.labels[k]}" if wrong[k] else ""))
                   for k in np.argsort(~wrong, kind="stable")[:SHOWN]])  # fmt: skip
    first = next(layer for layer in config.layers if layer.neuron)
    law = first.neuron
    assert law is not None
    counts = run(config, torch.from_numpy(found.images[:1]), keep=(first.name,)).values[first.name][0].sum(0).numpy()
    page.section(f"What {first.name} fires at", f"The first image, and the spikes of each of the layer's "
                 f"{len(counts)} channels: black is {config.steps}.")  # fmt: skip
    spikes = [((channel / config.steps).tolist(), f"channel {k}") for k, channel in enumerate(counts)]
    page.pictures([((found.images[0, 0] / 255).tolist(), "image"), *spikes])
    page.section("What it moves", "For a frame, on average over all images, counted from the golden model; a proxy "
                 "compares networks, it is no measurement. " + found.verdict + ".")  # fmt: skip
    page.table(("layer", "synaptic operations", "at most", "weight bits read", "membrane accesses", "spikes"),
               [(layer.name, round(layer.synaptic_operations, 1), layer.most_operations, layer.weight_bits_read,
                 layer.membrane_accesses, round(layer.spikes, 1)) for layer in found.layers])  # fmt: skip
    page.section("Again", "The same page, and other frames, come from:")
    words = rerun_words(None, None, settings)
    page.code("\n".join(shlex.join(line) for line in (
        ["nervure", "demo", "snn", *words, "-o", str(found.page.parent)],
        ["nervure", "verify", "snn", "-s", f"network={NETWORK}", *words, "--vectors", "100000"])))  # fmt: skip
    return page
