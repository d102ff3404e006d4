"""``nervure verify`` and ``nervure activity``: does it hold, and what does it move."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import typer

from .console import Console
from .options import (
    AllowImport,
    File,
    Json,
    Out,
    Preset,
    Seed,
    Settings,
    UnitName,
    asked,
    emitted,
    number,
    resolve,
    writable,
)

ACTIVITY_BEATS = 20_000


def register(app: typer.Typer) -> None:
    """Adds these verbs."""
    app.command()(verify)
    app.command()(activity)


def verify(
    ctx: typer.Context,
    unit: UnitName,
    preset: Preset = None,
    config: File = None,
    settings: Settings = None,
    engine: Annotated[
        str, typer.Option("--engine", metavar="E", help="cocotb, batch, all, or default: batch and a short cocotb run.")
    ] = "default",
    vectors: Annotated[
        int | None, number("--vectors", help="Vectors to run [default: 100000; cocotb alone: 2000].")
    ] = None,
    seed: Seed = 0,
    exhaustive: Annotated[bool, typer.Option("--exhaustive", help="Run all inputs instead of drawn ones.")] = False,
    waves: Annotated[bool, typer.Option("--waves", help="Leave waveforms of the cocotb run in DIR.")] = False,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.", show_default=False)
    ] = None,
    output: Out = None,
    allow_import: AllowImport = False,
    json: Json = False,
) -> int:
    """Holds the generated unit against its golden model."""
    console: Console = ctx.obj
    found, made = resolve(unit, preset, config, settings, allow_import)
    from ..verify import check_arguments
    from ..verify import verify as run

    check_arguments(engine, vectors, seed, exhaustive, waves)
    if junit is not None:
        writable(junit)
    if waves and output is None:
        output = Path("build") / made.module_name
    wave_file = output / made.module_name if waves and output else None
    with ThreadPoolExecutor(1) as pool, console.progress() as progress:
        # The golden model's libraries load while Yosys works in a process of its own.
        bench = pool.submit(found.load, "bench")
        with emitted(made, output) as artifact:
            verdict = run(
                artifact, bench.result(), engine=engine, vectors=vectors, seed=seed, exhaustive=exhaustive,
                waves=wave_file, progress=progress,
            )  # fmt: skip
    if junit is not None:
        verdict.write_junit(junit)
    result = verdict.to_dict()
    console.result(result)
    rows = [
        (c["engine"], "held" if c["passed"] else "FAILED", c["vectors"], c["mismatches"], c["cycles"],
         c["vectors_per_second"], c["seconds"])
        for c in result["engines"]
    ]  # fmt: skip
    console.table(("engine", "verdict", "vectors", "mismatches", "cycles", "vectors/s", "seconds"), rows)
    for failure in result["failures"]:
        console.say(failure)
    if result["first_mismatch"]:
        console.pairs([*_flat(result["first_mismatch"])])
    missed = [name for name, count in result["coverage"].items() if not count]
    if missed:
        console.say(f"features no vector hit: {', '.join(missed)}")
    console.say(f"{result['module']}: {'held' if verdict.passed else 'DID NOT HOLD'} on {result['vectors']:,} vectors")
    return 0 if verdict.passed else 1


def _flat(mismatch: dict[str, Any]) -> list[tuple[str, object]]:
    """The first mismatch, a line each: ``inputs a   0x3f80 = 1.0``."""
    rows: list[tuple[str, object]] = []
    for side, fields in mismatch.items():
        if isinstance(fields, dict):
            rows += [(f"{side} {name}", f"{shown['code']} = {shown['value']}") for name, shown in fields.items()]
        else:
            rows.append((f"first mismatch: {side}", fields))
    return rows


def activity(
    ctx: typer.Context,
    unit: UnitName,
    preset: Preset = None,
    config: File = None,
    settings: Settings = None,
    vectors: Annotated[int, number("--vectors", help="Beats to run.")] = ACTIVITY_BEATS,
    stimulus: Annotated[
        str | None,
        typer.Option(
            "--stimulus",
            metavar="KIND",
            help="mixed, uniform, normal, llm or corners [default: llm; normal where a unit has no llm].",
            show_default=False,
        ),
    ] = None,
    stall_in: Annotated[
        float, number("--stall-in", help="Share of cycles that offer no beat.", kind=float, metavar="P")
    ] = 0.0,
    stall_out: Annotated[
        float, number("--stall-out", help="Share of cycles that take no beat.", kind=float, metavar="P")
    ] = 0.0,
    constants: Annotated[
        Path | None,
        typer.Option("--constants", metavar="FILE", help="Energies to use instead (TOML or JSON).", show_default=False),
    ] = None,
    seed: Seed = 0,
    output: Out = None,
    allow_import: AllowImport = False,
    json: Json = False,
) -> None:
    """Counts toggles and operations, and prices them."""
    console: Console = ctx.obj
    found, made = resolve(unit, preset, config, settings, allow_import)
    from ...hw.config import ConfigError
    from ...hw.lookup import unknown
    from ..check import usual_stimulus
    from ..verify import check_arguments

    check_arguments("batch", vectors, seed, False, False)
    bench = found.load("bench")
    stimulus = usual_stimulus(bench) if stimulus is None else stimulus
    if stimulus not in bench.KINDS:
        raise ConfigError(unknown("stimulus", stimulus, bench.KINDS))
    from ...verif.activity import activity as run
    from ...verif.energy import CONSTANTS, load_constants

    with asked():
        table = load_constants(constants) if constants else CONSTANTS
    with emitted(made, output) as artifact, console.progress() as progress, asked():
        progress("count", 0, 0)
        inputs = bench.stimulus(made, vectors, seed, stimulus)
        report = run(artifact, bench, inputs, stall_in=stall_in, stall_out=stall_out, seed=seed, constants=table)
    result = {
        "unit": made.unit,
        "module": made.module_name,
        "digest": made.digest,
        "stimulus": stimulus,
        **report.to_dict(),
    }
    console.result(result)
    nested = ("groups", "energy", "operations")
    console.pairs([(key.replace("_", " "), value) for key, value in result.items() if key not in nested])
    rows = [
        (g["name"], g["registers"], g["nets"], g["register_toggles"], g["net_toggles"], g["pj"])
        for g in result["groups"]
    ]
    console.table(("part", "register bits", "net bits", "register toggles", "net toggles", "pJ"), rows)
    items = [item for view in result["energy"].values() for item in view["items"]]
    rows = [
        (item["name"], item["count"], item["pj_each"], item["pj"], item["technology"], item["source"]) for item in items
    ]
    console.table(("energy proxy", "count", "pJ each", "pJ", "technology", "source"), rows)
    unpriced = {name: n for view in result["energy"].values() for name, n in view["unpriced"].items()}
    if unpriced:
        console.say("no constant for: " + ", ".join(f"{name} ({count:,})" for name, count in unpriced.items()))
