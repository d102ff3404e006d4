"""``nervure report html``: all that is known of a unit on one page."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from .check import ACTIVITY_BEATS
from .console import Console
from .options import AllowImport, File, Json, Preset, Seed, Settings, UnitName, emitted, number, resolve, writable


def register(app: typer.Typer) -> None:
    """Adds this verb to the group ``report``."""
    report_app(app).command("html")(html)


def report_app(app: typer.Typer) -> typer.Typer:
    """The group ``report``, made where there is none yet."""
    for group in app.registered_groups:
        if group.name == "report" and group.typer_instance is not None:
            return group.typer_instance
    made = typer.Typer(help="Reports: of units as pages.", rich_markup_mode=None)
    app.add_typer(made, name="report")
    return made


def html(
    ctx: typer.Context,
    unit: UnitName,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE.html", help="The page.")],
    preset: Preset = None,
    config: File = None,
    settings: Settings = None,
    vectors: Annotated[
        int | None, number("--verify", help="Run so many vectors, and the protocol with waves.")
    ] = None,
    proofs: Annotated[bool, typer.Option("--prove", help="Prove the unit's claims.")] = False,
    timeout: Annotated[
        float, number("--timeout", help="Seconds for each claim; then it is unknown.", kind=float, metavar="SECONDS")
    ] = 600.0,
    targets: Annotated[
        list[str] | None,
        typer.Option("--synth", metavar="T", help="Synthesise for a target; may be repeated.", show_default=False),
    ] = None,
    moves: Annotated[bool, typer.Option("--activity", help="Count toggles and operations.")] = False,
    results: Annotated[
        list[Path] | None,
        typer.Option("--result", metavar="FILE.json", show_default=False,
                     help="Take in what verify, prove, synth or activity printed with --json; may be repeated."),
    ] = None,
    points: Annotated[
        Path | None,
        typer.Option("--points", metavar="FILE", show_default=False, help="Plot a sweep's points (JSON or SQLite)."),
    ] = None,
    plots: Annotated[
        list[str] | None,
        typer.Option("--plot", metavar="X,Y", show_default=False,
                     help="Metrics to plot them over, -X where more is better; may be repeated."),
    ] = None,
    seed: Seed = 0,
    allow_import: AllowImport = False,
    json: Json = False,
) -> int:
    """Writes one page with what was generated and what shows that it is right.

    The page needs no other file. It shows what is asked for here and says of the rest that it is missing.
    """
    console: Console = ctx.obj
    found, made = resolve(unit, preset, config, settings, allow_import)
    from ...hw.config import ConfigError
    from ..page.evidence import Wanted, gather
    from ..page.points import axes_of, read_points
    from ..page.unit import write_page
    from ..settings import rerun_words

    rows = read_points(points) if points else []
    if plots and not points:
        raise ConfigError("plot requires points")
    axes = [axes_of(rows, asked) for asked in plots or [None]] if points else []
    wanted = Wanted(vectors, seed, timeout if proofs else None, tuple(targets or ()), ACTIVITY_BEATS if moves else None,
                    tuple(results or ()))  # fmt: skip
    writable(output)
    with emitted(made, None) as artifact, console.progress() as progress:
        evidence = gather(found, made, artifact, wanted, progress)
        again = shlex.join([unit, *rerun_words(preset, config, settings or ())])
        write_page(output, found, made, artifact, evidence, again, rows, axes)
    result: dict[str, Any] = {"unit": made.unit, "module": made.module_name, "digest": made.digest,
                              "file": str(output), "passed": evidence.passed, **evidence.to_dict()}  # fmt: skip
    console.result(result)
    console.say(str(output))
    for name, sentence in evidence.broken.items():
        console.say(f"{name} broke: {sentence}")
    for name in ("verify", "prove"):
        if result[name] and not result[name]["passed"]:
            console.say(f"{name} did not hold; the page says where")
    return 0 if evidence.passed else 1
