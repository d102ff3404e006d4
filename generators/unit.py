"""What a unit is: where its rooms are, by import strings; naming one loads nothing."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any


def load(name: str) -> Any:
    """The object of an import string: ``module`` or ``module:attribute``."""
    module, _, attribute = name.partition(":")
    loaded = import_module(module)
    return getattr(loaded, attribute) if attribute else loaded


@dataclass(frozen=True)
class Unit:
    """One unit: where its rooms are.

    Parameters
    ----------
    name : str
        What the user calls it.
    summary : str
        One line for lists.
    config, circuit, golden : str
        ``module:Name`` of the config class, the circuit and the golden model.
    bench : str
        Module with stimulus, golden outputs and coverage (the bench object of the engines).
    generator : str
        Module with ``PRESETS`` (name to config fields), ``derive(config)`` (what ``show`` adds) and, where presets
        and settings are wishes, ``wish(fields)``: the config's fields, solved; fields that hold a solution pass
        through. Beside it may stand ``SOLVED`` (the fields of a solution), ``ASKED`` (those that decide it) and
        ``imports(fields)`` (what would be imported to make it).
    demo : str or None
        ``module:function`` of the job on real data.
    board : str or None
        ``module:function`` of the floor above: ``(artifact, board) -> {file name: text}``.
    """

    name: str
    summary: str
    config: str
    circuit: str
    golden: str
    bench: str
    generator: str
    demo: str | None = None
    board: str | None = None

    def load(self, room: str) -> Any:
        """The object that the import string of that room names."""
        return load(getattr(self, room))

    @property
    def presets(self) -> dict[str, dict[str, Any]]:
        """Config fields by preset."""
        return self.load("generator").PRESETS

    def make(self, fields: dict[str, Any]) -> Any:
        """The config that these fields describe, or, of a unit whose generator has ``wish``, ask for.

        Raises
        ------
        ConfigError
            In one sentence.
        """
        generator = self.load("generator")
        return self.load("config")(**(generator.wish(fields) if hasattr(generator, "wish") else fields))
