"""Trained networks that come with the library: package data, a file a network, by name."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ..hw.config import ConfigError
from ..hw.lookup import unknown


class Networks:
    """The networks of a folder.

    Parameters
    ----------
    folder : Path
        Holds ``<name>.json`` for each network.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.shipped = cache(self.read)
        """As :meth:`read`, each file once."""

    def names(self) -> list[str]:
        """Their names, in order."""
        return sorted(path.stem for path in self.folder.glob("*.json"))

    def path(self, name: str) -> Path:
        """The file of a network.

        Raises
        ------
        ConfigError
            If there is none of that name.
        """
        if name not in self.names():
            raise ConfigError(unknown("network", name, self.names()))
        return self.folder / f"{name}.json"

    def read(self, name: str) -> dict[str, Any]:
        """What the file of a network holds.

        Raises
        ------
        ConfigError
            If there is none of that name.
        """
        return json.loads(self.path(name).read_text())


def is_whole(fields: Mapping[str, Any], key: str, parts: Collection[str], what: str = "network") -> bool:
    """Whether fields hold a network rather than name one: those that have ``key`` do.

    Raises
    ------
    ConfigError
        If some of its parts are given without ``key``.
    """
    if key in fields:
        return True
    if given := [part for part in parts if part in fields]:
        raise ConfigError(f"{given[0]} requires {key}: a {what} is named, or given as a whole")
    return False
