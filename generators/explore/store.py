"""Points on disk: an SQLite file, to which each point is written when it is finished."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...hw.config import ConfigError

_TABLES = """
CREATE TABLE IF NOT EXISTS points (
    key TEXT PRIMARY KEY, unit TEXT, module TEXT, digest TEXT, config TEXT, metrics TEXT, error TEXT, seconds REAL,
    command TEXT);
CREATE TABLE IF NOT EXISTS asked (key TEXT PRIMARY KEY, settings TEXT, point TEXT);
"""


def key_of(*parts: Any) -> str:
    """SHA-256 of the parts' canonical JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Store:
    """``points`` by what they are (config, metrics, versions of the tools), and ``asked``: which settings gave which.

    Write-ahead logging: a process that is killed at any time leaves whole points only.

    Parameters
    ----------
    file : Path

    Raises
    ------
    ConfigError
        If the file is no such database or cannot be written.
    """

    def __init__(self, file: Path):
        self.file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(file, isolation_level=None, timeout=60)
            self._database.row_factory = sqlite3.Row
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.executescript(_TABLES)
        except (sqlite3.Error, OSError) as error:
            raise ConfigError(f"points file must be a database that can be written ({error}; {file})") from None

    def close(self) -> None:
        """Ends the use of the file."""
        self._database.close()

    def asked(self) -> dict[str, str]:
        """By key of a request: the key of its point."""
        return dict(tuple(row) for row in self._database.execute("SELECT key, point FROM asked"))

    def remember(self, key: str, settings: Sequence[str], point: str) -> None:
        """Keeps which point a request is."""
        self._database.execute("INSERT OR REPLACE INTO asked VALUES (?, ?, ?)", (key, " ".join(settings), point))

    def add(self, row: dict[str, Any]) -> None:
        """Keeps a finished point; objects become JSON."""
        cells = {name: json.dumps(cell) if isinstance(cell, dict) else cell for name, cell in row.items()}
        marks = ", ".join("?" * len(cells))
        command = f"INSERT OR REPLACE INTO points ({', '.join(cells)}) VALUES ({marks})"
        self._database.execute(command, [*cells.values()])

    def points(self) -> dict[str, dict[str, Any]]:
        """All points by key; ``config`` and ``metrics`` as objects."""
        found = {}
        for row in self._database.execute("SELECT * FROM points"):
            cells = dict(row)
            for name in ("config", "metrics"):
                cells[name] = json.loads(cells[name]) if cells[name] else None
            found[cells["key"]] = cells
        return found

    def forget_failed(self) -> int:
        """Removes points that failed, so that they are tried again; how many."""
        self._database.execute("DELETE FROM asked WHERE point IN (SELECT key FROM points WHERE error IS NOT NULL)")
        return self._database.execute("DELETE FROM points WHERE error IS NOT NULL").rowcount
