"""``nervure compile``: a trained model becomes a spiking network in hardware."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .console import Console
from .options import Json, number


def register(app: typer.Typer) -> None:
    """Adds this verb."""
    app.command("compile")(compile_)


def compile_(
    ctx: typer.Context,
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A file: .nir, .h5, .pt or .pth.")],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where files are left.")],
    semantics: Annotated[
        str, typer.Option("--semantics", metavar="S", help="Neuron rules of a NIR file: nir, sinabs, snntorch, norse.")
    ] = "nir",
    dt: Annotated[float | None, number("--dt", kind=float, metavar="S", help="Seconds of a time step.")] = None,
    steps: Annotated[int, number("--steps", metavar="T", help="Time steps.")] = 1,
    bits: Annotated[int, number("--bits", metavar="B", help="Bits of weights, 4 to 8.")] = 8,
    scales: Annotated[str, typer.Option("--scales", metavar="S", help="A step of weights per channel or layer.")]
    = "channel",
    code: Annotated[str, typer.Option("--code", metavar="C", help="Layers pass spikes or counts.")] = "spikes",
    taken: Annotated[str, typer.Option("--input", metavar="I", help="pixels, spikes or counts.")] = "spikes",
    given: Annotated[str, typer.Option("--give", metavar="O", help="totals or class.")] = "totals",
    cycles: Annotated[
        int | None, number("--cycles", metavar="N", help="Fold the layers: at most N cycles of a frame in each core.")
    ] = None,
    rate: Annotated[
        float | None, number("--frames-per-second", kind=float, metavar="F", help="Fold: the cheapest of F and more.")
    ] = None,
    clock: Annotated[float, number("--clock", kind=float, metavar="HZ", help="Clock for these frames.")] = 200e6,
    dsp: Annotated[int | None, number("--dsp", metavar="N", help="Fold: the fastest within N DSP slices.")] = None,
    lut: Annotated[int | None, number("--lut", metavar="N", help="And N LUTs of cores, lines and membranes.")] = None,
    bram: Annotated[int | None, number("--bram", metavar="N", help="And N block RAMs of 36 kbit.")] = None,
    json: Json = False,
) -> None:
    """Writes Verilog, manifest, integer weights and network.toml.

    They go to DIR; `nervure verify snn -c DIR/network.toml` and every other verb work on that.
    """
    console: Console = ctx.obj
    from ...hw.config import ConfigError
    from ..importers.compile import compile_model
    from ..importers.quantise import Options
    from ..snn.fold import Budget, fold

    asked = Budget(dsp=dsp, lut=lut, bram=bram, frames_per_second=rate, clock=clock, adders="lut")
    if cycles is not None:
        if asked != Budget(adders="lut"):
            raise ConfigError("cycles must be given without frames_per_second, clock, dsp, lut and bram")
        # A clock of so many hertz as cycles are asked for makes one frame a second the target.
        asked = Budget(clock=float(cycles), frames_per_second=1.0, adders="lut")
    elif rate is None and clock != Budget().clock:
        raise ConfigError(f"clock={clock:g} requires frames_per_second")
    options = Options(bits=bits, scales=scales, steps=steps, code=code, input=taken, output=given)

    def folding(config: Any) -> Any:
        if cycles is not None and (least := fold(config).cycles) > cycles:
            raise ConfigError(f"cycles must be at least {least} for this network, not {cycles}")
        return config if asked == Budget(adders="lut") else fold(config, asked)

    made = compile_model(model, output, options, semantics, dt, folding, circuit=True)
    files = [f"{made.module_name}{end}" for end in (".v", ".core", ".json")]
    files += ["network.toml", "import.jsonl", "weights.npz"]
    console.result({"unit": "snn", "module": made.module_name, "digest": made.digest, "directory": str(output),
                    "semantics": made.semantics, "step_seconds": made.step_seconds,
                    "parameters": made.num_parameters,
                    "cycles_per_frame": made.cycles,
                    "files": files})  # fmt: skip
    console.pairs([("semantics", made.semantics), ("parameters", made.num_parameters),
                   ("cycles per frame", made.cycles)])  # fmt: skip
    for name in files:
        console.say(str(output / name))
