"""``nervure activation-report``: how far an activation unit is from its function, drawn over x."""

from __future__ import annotations

from pathlib import Path

import typer

from .console import Console
from .options import AllowImport, File, Json, Out, Preset, Settings, resolve


def register(app: typer.Typer) -> None:
    """Adds this verb."""
    app.command("activation-report")(activation_report)


def activation_report(
    ctx: typer.Context,
    preset: Preset = None,
    config: File = None,
    settings: Settings = None,
    output: Out = None,
    allow_import: AllowImport = False,
    json: Json = False,
) -> None:
    """Draws the error of an activation unit over x, with the limit.

    A picture (SVG) and its data (JSON) go to DIR, or to build/reports.
    """
    console: Console = ctx.obj
    _, made = resolve("activation", preset, config, settings, allow_import)
    from ...hw.config import ConfigError
    from ..activation import imports
    from ..activation.report import write

    said = any(setting.partition("=")[0].strip() == "function" for setting in settings or ())
    name = imports({"function": made.to_dict()["function"]})
    if config is not None and name and not (allow_import or said):
        raise ConfigError(
            f"config file must be allowed by --allow-import to import {name!r}, which runs code ({config})"
        )
    data, paths = write(made, output or Path("build") / "reports")  # pyright: ignore[reportArgumentType]
    shown = {key: data[key] for key in ("unit", "module", "digest", "certificate", "mean_error")}
    console.result({**shown, "files": [str(path) for path in paths]})
    certificate = data["certificate"]
    console.pairs([(key.replace("_", " "), value) for key, value in certificate.items() if value is not None])
    console.pairs([("mean error", data["mean_error"])])
    for path in paths:
        console.say(str(path))
