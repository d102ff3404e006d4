"""``nervure list`` and ``nervure show``: what there is, and what a config means."""

from __future__ import annotations

from typing import Annotated

import typer

from ..registry import UNITS, get_unit
from .console import Console
from .options import AllowImport, File, Json, Preset, Settings, UnitName, resolve


def register(app: typer.Typer) -> None:
    """Adds these verbs."""
    app.command("list")(list_units)
    app.command("show")(show)


def list_units(
    ctx: typer.Context,
    unit: Annotated[str | None, typer.Argument(metavar="UNIT", help="Only this unit.", show_default=False)] = None,
    json: Json = False,
) -> None:
    """Lists the units and their presets."""
    console: Console = ctx.obj
    units = [get_unit(unit)] if unit else list(UNITS.values())
    found = [{"unit": u.name, "summary": u.summary, "presets": u.presets} for u in units]
    console.result({"units": found})
    for entry in found:
        console.say(f"{entry['unit']}: {entry['summary']}")
        rows = [(name, ", ".join(f"{k}={v}" for k, v in fields.items())) for name, fields in entry["presets"].items()]
        console.table(("preset", "fields"), rows)


def show(
    ctx: typer.Context,
    unit: UnitName,
    preset: Preset = None,
    config: File = None,
    settings: Settings = None,
    allow_import: AllowImport = False,
    json: Json = False,
) -> None:
    """Shows a config and what follows from it."""
    console: Console = ctx.obj
    found, made = resolve(unit, preset, config, settings, allow_import)
    from ..emit import describe
    from ..shown import PORTS, config_rows, port_rows, short

    _, manifest = describe(made)
    shown = ("unit", "module", "digest", "config", "streams", "latency_cycles", "initiation_interval")
    generator = found.load("generator")
    data = {key: manifest[key] for key in shown} | generator.derive(made)
    if "certificate" in manifest:
        data["certificate"] = manifest["certificate"]
    console.result(data)
    if console.as_json:
        return
    streams = data.pop("streams")
    console.say(f"{data.pop('module')}  ({data.pop('unit')}, digest {data.pop('digest')})")
    data.pop("config")
    console.table(("field", "value", "meaning"), config_rows(made))
    console.table(PORTS, port_rows(streams))
    drawn = generator.picture(made) if hasattr(generator, "picture") else None
    # What the picture shows is not listed again.
    hidden = ("modes",) if drawn else ()
    console.pairs([(key.replace("_", " "), short(value)) for key, value in data.items() if key not in hidden])
    if drawn:
        console.say("")
        console.say(drawn)
