"""``nervure prove``: what holds for all inputs, claim by claim."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from .console import Console
from .options import AllowImport, File, Json, Out, Preset, Seed, Settings, UnitName, asked, emitted, number, resolve


def register(app: typer.Typer) -> None:
    """Adds this verb."""
    app.command()(prove)


def prove(
    ctx: typer.Context,
    unit: UnitName,
    preset: Preset = None,
    config: File = None,
    settings: Settings = None,
    timeout: Annotated[
        float, number("--timeout", help="Seconds for each claim; then it is unknown.", kind=float, metavar="SECONDS")
    ] = 600.0,
    faults: Annotated[int, number("--faults", help="Draw so many faults, and find or refute each.")] = 0,
    seed: Seed = 0,
    output: Out = None,
    allow_import: AllowImport = False,
    json: Json = False,
) -> int:
    """Proves the unit's claims for all inputs.

    A claim that is not settled in time is unknown, and unknown is not proved.
    """
    console: Console = ctx.obj
    found, made = resolve(unit, preset, config, settings, allow_import)
    from ...hw.config import ConfigError

    if timeout <= 0:
        raise ConfigError(f"timeout must be above 0 seconds, not {timeout:g}")
    if faults < 0:
        raise ConfigError(f"faults must be at least 0, not {faults}")
    if seed < 0:
        raise ConfigError(f"seed must be at least 0, not {seed}")
    from ...verif.prove import prove as run

    bench = found.load("bench")
    if not hasattr(bench, "claims"):
        raise ConfigError(f"prove requires a unit with claims, not {unit}")
    with emitted(made, output) as artifact, console.progress() as progress:
        found_out = run(
            artifact, bench.claims(artifact), timeout=timeout,
            progress=lambda name, done, total: progress("parts of claims", done, total),
        )  # fmt: skip
        result: dict[str, Any] = {"unit": made.unit, "module": made.module_name, "digest": made.digest}
        result["claims"] = [claim.to_dict() for claim in found_out]
        if faults:
            from ...verif.mutate import negative_control

            with asked():
                result["faults"] = negative_control(
                    artifact, bench, faults, seed=seed, timeout=timeout,
                    progress=lambda name, done, total: progress("faults", done, total),
                ).to_dict()  # fmt: skip
    claims: list[dict[str, Any]] = result["claims"]
    survivors: list[dict[str, Any]] = result.get("faults", {}).get("survivors", [])
    result["passed"] = bool(claims) and all(claim["status"] == "proved" for claim in claims) and not survivors
    console.result(result)
    rows = [(claim["status"], claim["name"], claim["seconds"], claim["method"], claim["scope"]) for claim in claims]
    console.table(("status", "claim", "seconds", "method", "scope"), rows)
    for claim in claims:
        if claim["counterexample"]:
            console.say(f"{claim['name']} is refuted by {_text(claim['counterexample'])}")
    if faults:
        drawn = {key: value for key, value in result["faults"].items() if key not in ("faults", "survivors")}
        console.pairs([(f"faults {key}", _text(value)) for key, value in drawn.items()])
        for survivor in survivors:
            console.say(f"survivor: {_text(survivor)}")
    proved = sum(claim["status"] == "proved" for claim in claims)
    console.say(f"{result['module']}: {proved} of {len(claims)} claims proved")
    return 0 if result["passed"] else 1


def _text(value: object) -> str:
    """A counterexample or a fault on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_text(item)}" for key, item in value.items())
    return " ".join(map(_text, value)) if isinstance(value, list) else str(value)
