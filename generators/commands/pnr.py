"""``nervure pnr``: the clock that a unit reaches once it is placed and routed."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import Console
from .options import AllowImport, File, Json, Preset, Settings, UnitName, asked, emitted, number, resolve


def register(app: typer.Typer) -> None:
    """Adds this verb."""
    app.command()(pnr)


def pnr(
    ctx: typer.Context,
    unit: UnitName,
    preset: Preset = None,
    config: File = None,
    settings: Settings = None,
    seeds: Annotated[int, number("--seeds", metavar="N", help="Placements, of which the mean is taken.")] = 5,
    jobs: Annotated[int, number("-j", "--jobs", metavar="N", help="Placements at a time.")] = 1,
    allow_import: AllowImport = False,
    json: Json = False,
) -> None:
    """Places and routes the unit on ECP5 with nextpnr.

    Asks for interface=bare: with a handshake the output's ready would be timed, too. Fmax is between registers, one
    rank more before the inputs; the spread is the standard deviation over the seeds.
    """
    console: Console = ctx.obj
    from ...hw.config import ConfigError
    from ..flow.pnr import place_and_route

    for name, value in (("seeds", seeds), ("jobs", jobs)):
        if value < 1:
            raise ConfigError(f"{name} must be at least 1, not {value}")
    _, made = resolve(unit, preset, config, settings, allow_import)
    if getattr(made, "interface", "stream") != "bare":
        raise ConfigError(f"interface must be bare to be placed, not {getattr(made, 'interface', 'stream')}")
    with emitted(made, None) as artifact, console.progress() as progress, asked():
        done: list[int] = []

        def tell(seed: int) -> None:
            done.append(seed)
            progress("place and route", len(done), seeds)

        found = place_and_route(artifact, range(1, seeds + 1), jobs, tell)
    result = {"unit": made.unit, "module": made.module_name, "digest": made.digest, "device": found.device,
              "fmax_mhz": found.mean_fmax, "fmax_spread_mhz": found.spread, "seeds": list(found.fmax),
              "stages_ns": list(found.mean_stages), "imbalance": found.imbalance}  # fmt: skip
    console.result(result)
    stages = ", ".join(f"{stage:.2f}" for stage in found.mean_stages)
    console.pairs([(key, result[key]) for key in ("module", "device", "fmax_mhz", "fmax_spread_mhz")]
                  + [("stages in ns", stages)])  # fmt: skip
