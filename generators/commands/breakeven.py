"""``nervure breakeven``: whether spikes cost less than the numbers they stand for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .console import Console
from .options import Json, number, writable


def register(app: typer.Typer) -> None:
    """Adds this verb."""
    app.command()(breakeven)


def breakeven(
    ctx: typer.Context,
    steps: Annotated[int, number("--steps", metavar="T", help="Most time steps of the table.")] = 10,
    bits: Annotated[int, number("--bits", metavar="B", help="Bits of weights.")] = 8,
    hops: Annotated[float, number("--hops", metavar="K", kind=float, help="Links that an activation crosses.")] = 1.0,
    rate: Annotated[
        float | None,
        number("--rate", metavar="S", kind=float, help="Compare at T steps: spikes for each neuron and step, 0 to 1."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.html", help="Draw the curves.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Tells below which spike rate a spiking layer takes less energy than its quantised twin.

    The model of arXiv 2409.08290, as far as its figures tell it: a reconstruction.
    """
    console: Console = ctx.obj
    from ..breakeven import activation_bits, qnn_energy, roots, snn_energy

    rows = []
    for t in range(1, steps + 1):
        events, dense = roots(t, bits, hops=hops)
        rows.append({"steps": t, "activation_bits": activation_bits(t), "qnn_pj": qnn_energy(t, bits, hops=hops),
                     "rate_events": events, "rate_dense": dense, "break_even": max(events, dense)})  # fmt: skip
    result: dict[str, Any] = {"bits": bits, "hops": hops, "rows": rows}
    # Also says what is wrong where there is no row.
    limit = max(roots(steps, bits, hops=hops))
    if rate is not None:
        spent = snn_energy(steps, bits, rate, hops=hops)
        result |= {"steps": steps, "rate": rate, "snn_pj": spent, "qnn_pj": rows[-1]["qnn_pj"],
                   "answer": "SNN" if rate < limit else "QNN"}  # fmt: skip
    if output is not None:
        from ..page.breakeven import write_page

        write_page(writable(output), steps, bits, hops, rows)
        result["file"] = str(output)
    console.result(result)
    head = ("T", "bits of the QNN", "QNN pJ", "by events", "dense", "break-even")
    cells = [list(row.values()) for row in rows]
    console.table(head, [(*row[:3], *map(_percent, row[3:])) for row in cells])
    if rate is not None:
        console.say(f"{result['answer']}: at T = {steps}, {bits}-bit weights and a rate of {_percent(rate)} a synapse "
                    f"of the SNN takes {result['snn_pj']:.4f} pJ, of the QNN {result['qnn_pj']:.4f} pJ; "
                    f"break-even {_percent(limit)}")  # fmt: skip
    if output is not None:
        console.say(str(output))


def _percent(rate: float) -> str:
    return f"{100 * rate:.2f} %"
