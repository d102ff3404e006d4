"""``nervure regress`` and ``nervure demo``: many verifications, and the main job on real data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..registry import UNITS, get_unit
from .console import Console
from .options import Json, Out, Seed, Settings, number


def register(app: typer.Typer) -> None:
    """Adds these verbs."""
    app.command()(regress)
    app.command()(demo)


def regress(
    ctx: typer.Context,
    units: Annotated[
        list[str] | None, typer.Argument(metavar="UNIT", help="Default: all units.", show_default=False)
    ] = None,
    presets: Annotated[
        list[str] | None,
        typer.Option("--preset", metavar="P", help="Only this preset; may be repeated.", show_default=False),
    ] = None,
    settings: Settings = None,
    seeds: Annotated[int, number("--seeds", help="Seeds of each preset.")] = 2,
    seed: Seed = 0,
    vectors: Annotated[int, number("--vectors", help="Vectors of each job.")] = 50_000,
    engine: Annotated[str, typer.Option("--engine", metavar="E", help="As for verify.")] = "default",
    jobs: Annotated[int | None, number("-j", "--jobs", help="At once; default: one a core.")] = None,
    output: Out = None,
    json: Json = False,
) -> int:
    """Verifies units x presets x seeds in parallel.

    Results go to DIR, or to build/regress; jobs that have passed there are not run again.
    """
    console: Console = ctx.obj
    from ..regress import plan
    from ..regress import regress as run

    planned = plan(units or list(UNITS), presets or (), settings or (), seeds, seed, vectors, engine)
    with console.progress() as progress:
        campaign = run(planned, output or Path("build") / "regress", workers=jobs, progress=progress)
    result = campaign.to_dict()
    console.result(result)
    rows = [
        (
            o.job.name,
            "passed" if o.passed else "FAILED",
            o.result.get("vectors", 0),
            o.seconds,
            "kept" if o.resumed else "run",
        )
        for o in campaign.outcomes
    ]
    console.table(("job", "verdict", "vectors", "seconds", ""), rows)
    for unit, hits in result["coverage"].items():
        console.table((f"feature of {unit}", "vectors"), sorted(hits.items(), key=lambda row: row[1]))
    for unit, missed in result["never_hit"].items():
        if missed:
            console.say(f"{unit}: features no job hit: {', '.join(missed)}")
    for failure in result["failures"]:
        console.say(f"{failure['job']}: {failure['problem']}")
    passed = result["jobs"] - result["failed"]
    console.say(f"{passed} of {result['jobs']} jobs passed ({result['resumed']} kept), {result['vectors']:,} vectors")
    console.say(f"results: {result['junit']}, {result['coverage_file']}")
    return 0 if campaign.passed else 1


def demo(
    ctx: typer.Context,
    unit: Annotated[str, typer.Argument(metavar="[UNIT]", help="A unit that has a demo.")] = "mac",
    settings: Settings = None,
    output: Out = None,
    json: Json = False,
) -> int:
    """Runs handwritten digits through the hardware.

    Files and a report go to DIR, or to build/demo.
    """
    console: Console = ctx.obj
    found = get_unit(unit)
    if found.demo is None:
        from ...hw.config import ConfigError

        raise ConfigError(f"demo requires a unit that has one, not {unit}")
    from ..settings import parse_settings

    fields = parse_settings(found.load("config"), settings or ())
    with console.progress() as progress:
        result = found.load("demo")(output or Path("build") / "demo", fields, progress=progress)
    console.result(result.to_dict())
    for line in result.lines():
        console.say(line)
    return 0 if result.passed else 1
