"""Files that users hand to a page: what commands printed, and the points of a sweep."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from ...hw.config import ConfigError

SQLITE = b"SQLite format 3\0"


def read_given(file: Path, kind: str) -> Any:
    """The JSON values of a file; of an SQLite file the rows of its table ``points``, or of its only table.

    A row's column that holds a JSON object gives that object.

    Parameters
    ----------
    file : Path
    kind : str
        What sentences call it: ``points``.

    Raises
    ------
    ConfigError
        If it cannot be read, is not JSON, or is a database without such a table.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{kind} file must be readable, not {str(file)!r} ({error.strerror})") from None
    if data.startswith(SQLITE):
        return _rows(file, kind)
    try:
        return json.loads(data)
    except ValueError:
        raise ConfigError(f"{kind} file must be JSON, not {str(file)!r}") from None


def _rows(file: Path, kind: str) -> list[dict[str, Any]]:
    try:
        # Read only: what is written at the same time is not disturbed.
        database = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)
        try:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            chosen = "points" if "points" in tables else tables[0] if len(tables) == 1 else None
            if chosen is None:
                raise ConfigError(f"{kind} file must have a table points, not {', '.join(tables) or 'none'} ({file})")
            found = database.execute('SELECT * FROM "{}"'.format(chosen.replace('"', '""')))
            names = [column[0] for column in found.description]
            return [{name: _value(cell) for name, cell in zip(names, row, strict=True)} for row in found]
        finally:
            database.close()
    except sqlite3.Error as error:
        raise ConfigError(f"{kind} file must be a database that can be read ({error}; {file})") from None


def _value(cell: Any) -> Any:
    if isinstance(cell, str) and cell.startswith("{"):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return cell
