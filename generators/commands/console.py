"""What the command says: one JSON object, or tables and sentences for people; progress goes to the terminal alone."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from typing import TYPE_CHECKING, Any

from ..shown import plain

if TYPE_CHECKING:
    from rich.console import Console as RichConsole

# Pipes have no width; wide enough that no table folds its cells there.
_PIPE_WIDTH = 200

Progress = Callable[[str, int, int], None]
"""What engines call as they go: what they do, how far, and out of how much (0: unknown)."""


class Console:
    """One command's output.

    Parameters
    ----------
    as_json : bool
        Print one JSON object on stdout and nothing else there.
    stdout : file
        Where the result goes (the command's real stdout: :func:`nervure.generators.cli.main` moves the other away).
    """

    def __init__(self, as_json: bool, stdout: Any = None):
        self.as_json = as_json
        self.stdout = stdout or sys.stdout

    def result(self, data: dict[str, Any]) -> None:
        """Prints the result of a ``--json`` run; does nothing otherwise."""
        if self.as_json:
            self.stdout.write(json.dumps(data) + "\n")
            self.stdout.flush()

    def say(self, text: str = "") -> None:
        """A line for people."""
        if not self.as_json:
            self.stdout.write(text + "\n")
            self.stdout.flush()

    def fail(self, sentence: str) -> None:
        """An error: one sentence on stderr, or in JSON on stdout."""
        if self.as_json:
            self.result({"error": sentence})
        else:
            print(f"nervure: {sentence}", file=sys.stderr)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[object]], title: str | None = None) -> None:
        """A table for people."""
        if self.as_json:
            return
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for name in head:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(Text(plain(cell)) for cell in row))
        self._rich().print(table)

    def pairs(self, rows: Sequence[tuple[str, object]]) -> None:
        """Names and values, a line each."""
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            self.say(f"{name:<{width}}  {plain(value)}")

    def _rich(self) -> RichConsole:
        from rich.console import Console as Rich

        return Rich(file=self.stdout, highlight=False, width=None if self.stdout.isatty() else _PIPE_WIDTH)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A function that draws a bar per task on stderr, or nothing where no terminal is."""
        if self.as_json or not sys.stderr.isatty():
            yield lambda task, done, total: None
            return
        from rich.console import Console as Rich
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(),
                   TextColumn("left"), TimeRemainingColumn())  # fmt: skip
        with Bars(*columns, console=Rich(stderr=True), transient=True) as bars:
            known: dict[str, Any] = {}

            def draw(task: str, done: int, total: int) -> None:
                if task not in known:
                    known[task] = bars.add_task(task, total=total or None)
                bars.update(known[task], completed=done, total=total or None)

            yield draw


@contextmanager
def only_result_on_stdout(as_json: bool) -> Iterator[Any]:
    """Gives the real stdout; under ``--json`` what others write there (tools, C libraries) lands on stderr."""
    if not as_json:
        yield sys.stdout
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    real = os.fdopen(os.dup(kept), "w")
    try:
        with redirect_stdout(sys.stderr):
            yield real
    finally:
        with suppress(BrokenPipeError):
            real.close()
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
