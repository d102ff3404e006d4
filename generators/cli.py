"""The command ``nervure``: parses words, runs one verb, turns what went wrong into one sentence and an exit code.

Exit codes: 0 held, 1 the check failed, 2 bad usage or config, 3 a tool is missing, 130 interrupted.
"""

from __future__ import annotations

import sys
import traceback
from typing import Annotated, Any

import typer

from .commands.console import Console, only_result_on_stdout
from .registry import COMMANDS, load

HELD, FAILED, USAGE, MISSING, INTERRUPTED = 0, 1, 2, 3, 130

# The base of all that parsing raises; older releases of typer take it from click, newer ones bring their own.
_ParseError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def build_app() -> typer.Typer:
    """The command with the verbs of :data:`nervure.generators.registry.COMMANDS`."""
    app = typer.Typer(
        help="Generates neural-network hardware and shows that it is right.",
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def options(
        version: Annotated[
            bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
        ] = False,
    ) -> None:
        pass

    for module in COMMANDS:
        load(module).register(app)
    return app


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"nervure {version('nervure')}")
        raise typer.Exit


def main(argv: list[str] | None = None) -> int:
    """Runs the command on the words (default: the process's) and returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    if not words:
        main(["--help"])
        return USAGE
    # Known before parsing, because parse errors are JSON too.
    as_json = "--json" in words
    with only_result_on_stdout(as_json) as stdout:
        console = Console(as_json, stdout)
        try:
            return build_app()(args=words, prog_name="nervure", standalone_mode=False, obj=console) or HELD
        except (KeyboardInterrupt, typer.Abort):
            return INTERRUPTED
        except Exception as error:
            sentence, code = explain(error)
            if sentence is None:
                sentence = f"internal error, please report it: {type(error).__name__}: {error}"
                traceback.print_exc()
            console.fail(sentence)
            return code


def explain(error: Exception) -> tuple[str | None, int]:
    """The sentence for an error and its exit code; no sentence for one that nobody expected."""
    if isinstance(error, _ParseError):
        message = error.format_message()  # pyright: ignore[reportAttributeAccessIssue]
        return " ".join(message.split()), USAGE
    if isinstance(error, OSError):
        return f"{error.filename or 'a file'} cannot be used ({error.strerror or error})", USAGE
    # Only now: these modules take longer to load than `--help` may.
    from ..hw.config import ConfigError
    from ..verif.cache import CacheError
    from ..verif.tools import ToolFailed, ToolMissing

    match error:
        case ConfigError() | CacheError():
            return str(error), USAGE
        case ToolMissing():
            return str(error), MISSING
        case ToolFailed():
            return str(error), FAILED
    from ..verif.batch import ProtocolError

    return str(error) if isinstance(error, ProtocolError) else None, FAILED


if __name__ == "__main__":
    sys.exit(main())
