"""``nervure generate`` and ``nervure synth``: files, and what they cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..registry import load
from .console import Console
from .options import AllowImport, File, Json, Out, Preset, Settings, UnitName, asked, emitted, number, resolve

TESTBENCH_VECTORS = 1000


def register(app: typer.Typer) -> None:
    """Adds these verbs."""
    app.command()(generate)
    app.command()(synth)


def generate(
    ctx: typer.Context,
    unit: UnitName,
    preset: Preset = None,
    config: File = None,
    settings: Settings = None,
    output: Out = None,
    with_testbench: Annotated[
        bool, typer.Option("--with-testbench", help="Add a cocotb testbench with vectors and a Makefile.")
    ] = False,
    board: Annotated[
        str | None,
        typer.Option("--board", metavar="B", help="Add timing constraints for a board's tool.", show_default=False),
    ] = None,
    edge: Annotated[
        str | None,
        typer.Option("--edge", metavar="E", help="Add a folder with the unit behind a bus: axi.", show_default=False),
    ] = None,
    data_width: Annotated[
        int | None, number("--data-width", help="Bits of the edge's streams, a multiple of 8 (default: 32).")
    ] = None,
    allow_import: AllowImport = False,
    json: Json = False,
) -> None:
    """Writes Verilog, manifest and FuseSoC core.

    They go to DIR, or to build/MODULE. An edge adds DIR/axi: AXI-Stream and AXI4-Lite around the same Verilog, with
    register map and packaged IP.
    """
    console: Console = ctx.obj
    found, made = resolve(unit, preset, config, settings, allow_import)
    from ...hw.config import ConfigError
    from ..emit import emit

    directory = output or Path("build") / made.module_name
    testbench: tuple[Any, ...] = ()
    if edge is not None or data_width is not None:
        from ..edge.axi import check_asked

        check_asked(made, edge, data_width, directory)
    if board:
        if found.board is None:
            raise ConfigError(f"board requires a unit that has constraints, not {unit}")
        load("nervure.fpga_projects.platforms:get_platform")(board)
    if with_testbench:
        # Before anything is written: what follows the files must not fail.
        bench = found.load("bench")
        inputs = bench.stimulus(made, TESTBENCH_VECTORS, 0)
        ends = bench.ends(made, inputs) if hasattr(bench, "ends") else None
        testbench = (inputs, bench.expect(made, inputs), bench.operations(made), ends)
    artifact = emit(made, directory)
    files = [entry["path"] for entry in artifact.manifest["files"]] + [f"{artifact.module}.json"]
    if with_testbench:
        from ...verif.testbench import export_testbench

        files += [path.name for path in export_testbench(artifact, directory, *testbench)]
    if edge:
        from ..edge.axi import DATA_WIDTH, emit_axi

        files += emit_axi(artifact, DATA_WIDTH if data_width is None else data_width)
    for name, text in found.load("board")(artifact, board).items() if board else ():
        (directory / name).write_text(text)
        files.append(name)
    result = {
        "unit": found.name,
        "module": artifact.module,
        "digest": made.digest,
        "directory": str(directory),
        "files": files,
    }
    console.result(result)
    for name in files:
        console.say(str(directory / name))


def synth(
    ctx: typer.Context,
    unit: UnitName,
    preset: Preset = None,
    config: File = None,
    settings: Settings = None,
    target: Annotated[
        str, typer.Option("--target", metavar="T", help="xcup, ecp5, ice40, lut6, gates or liberty:FILE[,FILE...].")
    ] = "xcup",
    mode: Annotated[
        str, typer.Option("--mode", metavar="M", help="default, or flat: multiplier blocks are black boxes.")
    ] = "default",
    output: Out = None,
    allow_import: AllowImport = False,
    json: Json = False,
) -> None:
    """Synthesises the unit and prints what it costs."""
    console: Console = ctx.obj
    _, made = resolve(unit, preset, config, settings, allow_import)
    from ..flow.synth import resolve as resolve_target
    from ..flow.synth import synth as run

    with asked():
        resolve_target(target)
    with emitted(made, output) as artifact, console.progress() as progress, asked():
        progress(f"synthesise for {target}", 0, 0)
        report = run(artifact, target, mode=mode).to_dict()
    result = {"unit": made.unit, "module": made.module_name, "digest": made.digest, **report}
    console.result(result)
    sizes = ", ".join(f"{size}: {count}" for size, count in report["luts"].items() if count)
    shown = [(key, value) for key, value in result.items() if key != "luts" and value is not None]
    console.pairs([*shown, ("luts by size", sizes)] if sizes else shown)
