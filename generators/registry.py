"""The units and the command's verbs, by import strings: naming one loads nothing.

A family is one row of :data:`UNITS`. The floor above adds its verbs to :data:`COMMANDS` in the same way, so that no
import runs up the tower.
"""

from __future__ import annotations

from ..hw.lookup import unknown
from .unit import Unit, load
from .units import UNITS

__all__ = ["COMMANDS", "UNITS", "Unit", "get_unit", "load"]

# Modules whose `register(app)` adds verbs to the command, in the order in which help lists them.
COMMANDS: tuple[str, ...] = (
    "nervure.generators.commands.describe",
    "nervure.generators.commands.build",
    "nervure.generators.commands.estimate",
    "nervure.generators.commands.pnr",
    "nervure.generators.commands.explore",
    "nervure.generators.commands.compile",
    "nervure.generators.commands.check",
    "nervure.generators.commands.prove",
    "nervure.generators.commands.campaign",
    "nervure.generators.commands.activation",
    "nervure.generators.commands.page",
    "nervure.generators.commands.reports",
    "nervure.generators.commands.breakeven",
)


def get_unit(name: str) -> Unit:
    """The unit of that name.

    Raises
    ------
    ConfigError
        If there is none; the sentence suggests the nearest.
    """
    if name in UNITS:
        return UNITS[name]
    from ..hw.config import ConfigError

    raise ConfigError(unknown("unit", name, UNITS))
