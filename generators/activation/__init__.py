"""From wishes to activation units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .certify import certificate
from .presets import ASKED, PRESETS, SOLVED
from .unit import derive, fields, formula, timing

if TYPE_CHECKING:
    from ...hw.activation.config import ActivationConfig

__all__ = ["ASKED", "PRESETS", "SOLVED", "certificate", "derive", "fields", "formula", "imports", "picture", "solve",
           "timing", "wish"]  # fmt: skip


def wish(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a config from those of a wish: see :func:`nervure.generators.activation.solving.wish`."""
    from .solving import wish as made  # loads torch

    return made(fields)


def solve(function: Any = "gelu", **fields: Any) -> ActivationConfig:
    """The config that approximates a function, which may be any callable or the user's samples.

    See :func:`nervure.generators.activation.solving.solve`.
    """
    from .solving import solve as made

    return made(function, **fields)


def imports(fields: dict[str, Any]) -> str | None:
    """What making a config from these fields would import, if anything."""
    name = str(fields.get("function", ""))
    solved = fields.get("slopes") or fields.get("entries")
    return name if ("." in name or ":" in name) and not solved else None


def picture(config: ActivationConfig) -> str | None:
    """The segments: where each begins, its line, and how large the error is on it."""
    from .sketch import picture as drawn

    return drawn(config)
