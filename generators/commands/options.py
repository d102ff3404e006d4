"""The words all verbs share: ``UNIT [--preset P] [-c FILE.toml] [-s key=value ...] [-o DIR] [--json]``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..registry import Unit, get_unit

if TYPE_CHECKING:
    from ...hw.config import Config
    from ...verif.artifact import Artifact


def number(*names: str, help: str, kind: type = int, metavar: str = "N") -> Any:
    """An option with a number; the sentence about a wrong one names it."""

    def parse(text: str) -> int | float:
        try:
            return kind(text)
        except ValueError:
            wanted = "an integer" if kind is int else "a number"
            raise typer.BadParameter(f"must be {wanted}, not {text!r}") from None

    return typer.Option(*names, metavar=metavar, parser=parse, help=help)


UnitName = Annotated[str, typer.Argument(metavar="UNIT", help="A unit of `nervure list`.", show_default=False)]
Preset = Annotated[
    str | None, typer.Option("--preset", metavar="P", help="Start from a preset of the unit.", show_default=False)
]
File = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE.toml", help="Then take fields from a TOML file.", show_default=False),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "-s", "--set", metavar="KEY=VALUE", help="Then set single fields; may be repeated.", show_default=False
    ),
]
AllowImport = Annotated[
    bool, typer.Option("--allow-import", help="Let the TOML file name code to import, which runs it.")
]
Out = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="Where files are left.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Seed = Annotated[int, number("--seed", metavar="S", help="Seed of everything random.")]


def resolve(
    name: str, preset: str | None = None, file: Path | None = None, settings: list[str] | None = None,
    allow_import: bool = False,
) -> tuple[Unit, Config]:
    """The unit and its config, as the words say."""
    unit = get_unit(name)
    from ..settings import make_config

    return unit, make_config(unit, preset, file, settings or (), allow_import)


@contextmanager
def emitted(config: Config, directory: Path | None) -> Iterator[Artifact]:
    """The generated unit: in ``directory``, or in a temporary folder that goes afterwards."""
    from ..emit import emit

    if directory is not None:
        yield emit(config, directory)
        return
    import tempfile

    with tempfile.TemporaryDirectory(prefix="nervure-") as folder:
        yield emit(config, folder)


@contextmanager
def asked() -> Iterator[None]:
    """Around a call with a user's arguments: an engine that refuses them says so in the sentence of a ValueError."""
    from ...hw.config import ConfigError

    try:
        yield
    except ValueError as error:
        raise ConfigError(str(error)) from error


def writable(path: Path) -> Path:
    """The path, if a file can be written there: asked before the work whose result it is to hold."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "ab"):
            pass
    except OSError as error:
        from ...hw.config import ConfigError

        raise ConfigError(f"output file must be writable, not {str(path)!r} ({error.strerror})") from None
    return path
