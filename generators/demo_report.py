"""The page that the demo leaves: what was run, whether it held, and what it costs."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .page.sections import show_activity, show_areas
from .report import Report
from .settings import rerun_words

if TYPE_CHECKING:
    from .demo import DemoResult

PICTURES = 18


def write_report(result: DemoResult, path: Path) -> Path:
    """Writes the page and returns its path."""
    page = Report(
        "Handwritten digits, step by step through generated hardware",
        f"{result.images} held-out images, a 64-32-10 network, one {result.module}: fp8_e4m3 weights, bf16 "
        "activations, fp32 sums.",
    )
    page.verdict(
        result.passed,
        f"{result.vectors - result.mismatches:,} of {result.vectors:,} results of the Verilog equal the "
        "golden model's, bit for bit.",
    )
    cost = result.cost
    page.tiles([
        ("correct, generated hardware", _percent(result.accuracy["rtl"])),
        ("correct, golden model", _percent(result.accuracy["golden"])),
        ("correct, float32 network", _percent(result.accuracy["float"])),
        ("clock cycles", f"{result.cycles:,}"),
        ("LUT / FF / DSP", f"{cost.lut} / {cost.ff} / {cost.dsp}"),
        ("energy proxy per image", f"{result.nanojoules:.1f} nJ"),
    ])  # fmt: skip
    page.section(
        "What ran",
        "Each neuron's dot product is a chain of multiply-accumulates that starts from the bias and takes one step per "
        "input; the chains of all images and neurons run side by side, back to back. Between the layers, ReLU and the "
        "rounding to bf16 are done outside the unit, by the golden model's own rounding. The golden model runs chains "
        "of its own, and both are compared after every step.",
    )
    page.table(("layer", "weights", "steps", "multiply-accumulates", "scale of weights"), result.layers)
    page.section("What it recognised", "What the hardware answered; where it was wrong, the right digit follows.")
    page.pictures(_pictures(result))
    page.section("Right answers by digit")
    page.bars(_by_digit(result))
    page.section("What it costs", f"Yosys' counts for {cost.target}; they compare with Yosys' counts only.")
    show_areas(page, [cost.to_dict()])
    activity = result.activity
    page.section(
        "What it moves",
        f"Toggles in {activity.beats:,} beats of the job above, net by net, and operations, priced by a table of "
        "constants. A proxy compares circuits; it is no measurement.",
    )
    show_activity(page, activity.to_dict())
    page.section("Again", "The same files and figures, and a million vectors more, come from:")
    settings = rerun_words(None, None, result.settings)
    page.code(
        shlex.join(["nervure", "demo", *settings, "-o", str(result.directory)])
        + "\n"
        + shlex.join(["nervure", "verify", "mac", "--preset", "fp8_bf16", *settings, "--vectors", "1000000"])
    )
    seconds = ", ".join(f"{name} {value:.1f} s" for name, value in result.seconds.items())
    page.note(f"Files here: {', '.join(result.files)}. Config digest {result.digest}. Time: {seconds}.")
    return page.write(path)


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _pictures(result: DemoResult) -> list[tuple[list[list[float]], str]]:
    wrong = result.answers != result.labels
    order = np.argsort(~wrong, kind="stable")[:PICTURES]
    return [
        (
            result.pictures[k].reshape(8, 8).tolist(),
            f"{result.answers[k]}" + (f", not {result.labels[k]}" if wrong[k] else ""),
        )
        for k in order
    ]


def _by_digit(result: DemoResult) -> list[tuple[str, float, str]]:
    rows = []
    for digit in range(10):
        answers = result.answers[result.labels == digit]
        right = int(np.sum(answers == digit))
        rows.append((f"digit {digit}", right / max(1, len(answers)), f"{right} of {len(answers)}"))
    return rows
