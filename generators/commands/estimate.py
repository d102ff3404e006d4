"""``nervure estimate``: what a unit will cost, without running a tool."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import Console
from .options import AllowImport, File, Json, Preset, Settings, UnitName, resolve


def register(app: typer.Typer) -> None:
    """Adds this verb."""
    app.command()(estimate)


def estimate(
    ctx: typer.Context,
    unit: UnitName,
    preset: Preset = None,
    config: File = None,
    settings: Settings = None,
    target: Annotated[
        str, typer.Option("--target", metavar="T", help="A target that the unit was fitted for, such as xcup.")
    ] = "xcup",
    allow_import: AllowImport = False,
    json: Json = False,
) -> None:
    """Estimates what synthesis would find, without running it.

    With the keys of synth in its default mode, and how far such estimates were from synthesis.
    """
    console: Console = ctx.obj
    from ..estimate import estimate as made_of
    from ..estimate import modelled

    modelled(unit, target)
    _, made = resolve(unit, preset, config, settings, allow_import)
    found = made_of(made, target)
    result = {"unit": made.unit, "module": made.module_name, "digest": made.digest, **found}
    console.result(result)
    error = found["error"]
    console.pairs([(key, value) for key, value in result.items() if value is not None and key not in _NESTED])
    for key in ("lut", "ff", "depth"):
        console.say(f"error of {key}: {error[key]['median']:.1%} in the median, {error[key]['p90']:.1%} at the 90th "
                    f"percentile of {error['runs']} synthesis runs that were not fitted")  # fmt: skip
    if found["outside"]:
        console.say(f"larger than anything fitted, so less certain: {', '.join(found['outside'])}")


_NESTED = ("error", "outside")
