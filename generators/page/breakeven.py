"""The break-even of spikes as a page: curves over time steps, and energies over the spike rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..breakeven import PUBLISHED, break_even, qnn_energy, snn_energy
from ..report import Report
from .plots import Point, curves

COMPARED = (4, 8)
"""Widths of weights whose curves stand beside the one asked for; the paper's are these."""


def write_page(path: Path, steps: int, bits: int, hops: float, rows: Sequence[Mapping[str, float]]) -> Path:
    """Writes the page for up to T steps and returns its path; rows as ``nervure breakeven`` makes them."""
    limit = break_even(steps, bits, hops=hops)
    links = f"{hops:g} hop{'s' * (hops != 1)}"
    page = Report("SNN or QNN?", f"Time steps up to {steps}, {bits}-bit weights, {links} an activation.")
    page.tiles([
        (f"break-even at T = {steps}", f"{100 * limit:.2f} %"),
        ("QNN, a synapse and frame", f"{qnn_energy(steps, bits, hops=hops):.3f} pJ"),
    ])  # fmt: skip
    page.section("Break-even", "Below its curve a spiking layer takes less energy than its quantised twin.")
    over = range(1, max(steps, 2) + 1)
    page.figure(curves(
        [(f"{width}-bit weights", [(t, 100 * break_even(t, width, hops=hops)) for t in over])
         for width in sorted({*COMPARED, bits})],
        "time steps T", "spikes for each neuron and step, %",
        [Point(t, 100 * break_even(t, bits, hops=hops), f"T = {t}: {100 * break_even(t, bits, hops=hops):.2f} %")
         for t in over],
    ))  # fmt: skip
    page.section("Energy", f"Of a synapse for one frame at T = {steps}, over the spike rate.")
    # To twice the break-even, with the point where the curves meet.
    rates = [limit * k / 20 for k in range(41) if 0 <= limit * k / 20 <= 1]
    twin = qnn_energy(steps, bits, hops=hops)
    page.figure(curves(
        [("SNN", [(100 * s, snn_energy(steps, bits, s, hops=hops)) for s in rates]),
         ("QNN", [(100 * s, twin) for s in rates])],
        "spikes for each neuron and step, %", "pJ",
        [Point(100 * limit, twin, f"{100 * limit:.2f} %")],
    ))  # fmt: skip
    page.section("Table")
    page.table(
        ("T", "bits of the QNN", "QNN pJ", "rate by events, %", "rate by dense steps, %", "break-even, %"),
        [(int(row["steps"]), int(row["activation_bits"]), row["qnn_pj"], 100 * row["rate_events"],
          100 * row["rate_dense"], 100 * row["break_even"]) for row in rows],
    )  # fmt: skip
    page.section("Model")
    page.code(
        "b     = ceil(log2(T + 1))\n"
        "E_QNN = b k m + w r + g\n"
        "E_SNN = min(T s (k e + w r + a), T (k m + w r + s a))\n"
        f"e = {PUBLISHED.sparse_move:g} pJ an event and hop      m = {PUBLISHED.dense_move:g} pJ a bit and hop\n"
        f"r = {PUBLISHED.weight_bit:g} pJ a bit of weight   a = {PUBLISHED.accumulate:g} pJ an addition\n"
        f"g = {PUBLISHED.multiply:g} pJ a multiply-accumulate times the share of numbers that are not 0\n"
        "T time steps, s spike rate, w bits of a weight, k hops"
    )
    page.note(
        "Source: arXiv 2409.08290 (22 nm); r and g are fitted to its figures. A reconstruction: it meets the paper's "
        "break-even rates at T = 1, 2, 3 and 5, not its statement for T up to 10, nor its rows of other reuse factors."
    )
    return page.write(path)
