"""``nervure explore``: sweeps and searches over the configs of a unit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .console import Console
from .options import Json, Preset, Seed, Settings, UnitName, number

POINTS = "points.sqlite"


def register(app: typer.Typer) -> None:
    """Adds this verb."""
    app.command()(explore)


def _many(*names: str, metavar: str, help: str) -> Any:
    return typer.Option(*names, metavar=metavar, show_default=False, help=f"{help}; may be repeated.")


def explore(
    ctx: typer.Context,
    unit: UnitName,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where points are kept and found.")],
    sweep: Annotated[list[str] | None, _many("--sweep", metavar="KEY=A,B", help="Vary a field: a,b,c or lo:hi")] = None,
    metric: Annotated[
        list[str] | None,
        _many("--metric", metavar="M", help="estimate, synth, pnr, certificate, energy or folding"),
    ] = None,
    constraint: Annotated[
        list[str] | None, _many("--constraint", metavar="F<=V", help="A bound on a figure")
    ] = None,
    minimise: Annotated[
        list[str] | None, _many("--minimise", metavar="F", help="A figure to make small; -F to make it large")
    ] = None,
    method: Annotated[str, typer.Option("--method", metavar="M", help="grid, random, lhs or pareto.")] = "grid",
    points: Annotated[int | None, number("--points", help="Points to draw; of a grid the first so many.")] = None,
    target: Annotated[str, typer.Option("--target", metavar="T", help="Target of estimate and synth.")] = "xcup",
    preset: Preset = None,
    settings: Settings = None,
    frames_per_second: Annotated[
        float | None, number("--frames-per-second", kind=float, metavar="F", help="Fold a spiking network for this.")
    ] = None,
    clock: Annotated[float, number("--clock", kind=float, metavar="HZ", help="At this clock.")] = 200e6,
    vectors: Annotated[int, number("--vectors", help="Beats of the metric energy.")] = 10000,
    seed: Seed = 0,
    jobs: Annotated[int, number("-j", "--jobs", help="Processes; -1: one a core.")] = -1,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="ADDRESS", help="A Dask scheduler, tcp:// or tls://.", show_default=False),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try points again that failed.")] = False,
    json: Json = False,
) -> int:
    """Measures many configs, and finds the best.

    Each finished point is kept at once in DIR/points.sqlite; the same command goes on where it was ended. A point that
    fails is kept with its error. With --minimise the best point is left in DIR/best.toml.
    """
    console: Console = ctx.obj
    from ...hw.config import ConfigError
    from ..explore.goal import goal_of
    from ..explore.measure import Job, require
    from ..explore.run import Sweep, backend, keep_best, requests_of
    from ..explore.space import axis_of
    from ..explore.store import Store

    axes = [axis_of(text) for text in sweep or ()]
    goal = goal_of(constraint or (), minimise or ())
    metrics = tuple(dict.fromkeys(name.strip() for text in metric or () for name in text.split(",")))
    job = Job(unit, preset, tuple(settings or ()), metrics, target, vectors, seed, frames_per_second, clock)
    require(job)
    if jobs != -1 and jobs < 1:
        raise ConfigError(f"jobs must be -1 or at least 1, not {jobs}")
    requests = requests_of(axes, method, points, seed)
    if method == "pareto" and not (goal.minimise and axes):
        raise ConfigError("method pareto requires sweep and minimise")
    store = Store(output / POINTS)
    try:
        if retry:
            store.forget_failed()
        with backend(scheduler, jobs) as each, console.progress() as progress:
            run = Sweep(job, store, each, progress)
            rows = run.search(axes, goal, points or 0, seed) if method == "pareto" else run.run(requests)
    finally:
        store.close()
    rows = list({row["key"]: row for row in rows}.values())
    failed = [row for row in rows if row["error"]]
    best = goal.best(rows) if goal.minimise else None
    result: dict[str, Any] = {"file": str(output / POINTS), "points": len(rows), "computed": run.computed,
                              "failed": len(failed), "best": None}  # fmt: skip
    if best is not None:
        file, again = keep_best(dict(best), job, output)
        result["best"] = {**{name: best[name] for name in ("module", "digest", "metrics", "command")},
                          "file": str(file), "show": again}  # fmt: skip
    console.result(result)
    console.say(f"{len(rows)} points in {result['file']}, {run.computed} of them measured now, {len(failed)} failed")
    for row in failed[:5]:
        console.say(f"failed: {row['error']} ({row['command']})")
    if best is not None:
        console.pairs([("best", best["module"]), *best["metrics"].items(), ("again", result["best"]["command"]),
                       ("shown by", result["best"]["show"])])  # fmt: skip
    elif goal.minimise:
        console.say("no point meets the constraints")
    return 1 if goal.minimise and best is None else 0
