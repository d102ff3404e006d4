"""``nervure report import``, ``report diff`` and ``report table``: what other tools found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import Console
from .options import Json, writable
from .page import report_app

if TYPE_CHECKING:
    from ..reports.schema import Report

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Reports of tools.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Adds these verbs to the group ``report``."""
    group = report_app(app)
    group.command("import")(take_in)
    group.command("diff")(diff)
    group.command("table")(table)


def take_in(
    ctx: typer.Context,
    files: Files,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.json", help="Keep them here.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Reads reports of Vivado, Quartus, Yosys, nextpnr and OpenSTA, and SAIF, into one schema.

    What a report does not say is null. A file that is not whole, or of no known kind, ends it with exit code 2.
    """
    console: Console = ctx.obj
    from json import dumps

    from ..reports.table import rows_of

    reports = _all(files)
    result = {"reports": [report.model_dump(mode="json") for report in reports]}
    if output is not None:
        _keep(output, dumps(result, indent=2) + "\n")
    console.result(result)
    for row in rows_of(reports):
        console.pairs([(name.replace("_", " "), value) for name, value in row.items() if value is not None])
        console.say()


def diff(
    ctx: typer.Context,
    a: Annotated[Path, typer.Argument(metavar="A", help="A report.", show_default=False)],
    b: Annotated[Path, typer.Argument(metavar="B", help="The report that is held against it.", show_default=False)],
    json: Json = False,
) -> None:
    """Shows what differs between two reports: B less A, and relative to A."""
    console: Console = ctx.obj
    from ..reports.table import difference

    rows = difference(_one(a), _one(b))
    console.result({"a": str(a), "b": str(b), "figures": rows})
    shown = [[*(row[key] for key in ("figure", "a", "b", "change")),
              None if row["relative"] is None else f"{row['relative']:+.1%}"] for row in rows]  # fmt: skip
    console.table(("figure", "A", "B", "B - A", "relative"), shown)


def table(
    ctx: typer.Context,
    files: Files,
    format: Annotated[
        str, typer.Option("--format", metavar="F", help="markdown, csv, latex or json.")
    ] = "markdown",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write it here.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Writes reports as one table, a row each."""
    console: Console = ctx.obj
    from ..reports.table import rows_of, write_table

    rows = rows_of(_all(files))
    text = write_table(rows, format)
    if output is not None:
        _keep(output, text)
    console.result({"rows": rows})
    if output is None:
        console.say(text.rstrip("\n"))


def _keep(file: Path, text: str) -> None:
    """The whole text in the file, or the file as it was."""
    if not file.exists() or file.is_file():
        beside = writable(file.with_name(f"{file.name}.part"))
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
    else:
        writable(file).write_text(text, encoding="utf-8")  # a pipe or a terminal, which nothing can replace


def _all(files: list[Path]) -> list[Report]:
    from ..reports.read import read_reports

    return [report for file in files for report in read_reports(file)]


def _one(file: Path) -> Report:
    from ..reports.read import read_reports
    from ..reports.schema import ReportError

    found = read_reports(file)
    if len(found) != 1:
        raise ReportError(f"diff requires a file with one report, not {len(found)} ({file})")
    return found[0]
