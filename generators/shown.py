"""Values, configs and ports as people read them, on the terminal and on pages alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..hw.config import Config

PORTS = ("stream", "direction", "field", "port", "format", "bits", "shape")
"""Head of :func:`port_rows`."""


def plain(value: object) -> str:
    """A cell of a table: numbers with separators, four digits of a fraction, ``-`` for what is not there."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, int):
        return f"{value:,}"
    if value is None:
        return "-"
    return str(value)


def clipped(value: object) -> object:
    """Of a long list its first members."""
    if isinstance(value, list) and len(value) > 40:
        return f"[{', '.join(map(str, value[:16]))}, ...] ({len(value)} in all)"
    return value


def short(value: object, inside: bool = False) -> object:
    """What a unit derives, on one line."""
    if isinstance(value, dict):
        text = ", ".join(f"{key}={short(item, True)}" for key, item in value.items())
        return f"{{{text}}}" if inside else text
    if isinstance(value, list):
        text = ", ".join(str(short(item, True)) for item in value)
        return f"[{text}]" if inside else text
    return value


def config_rows(config: Config) -> list[tuple[str, object, str]]:
    """Field, value and meaning."""
    fields = type(config).model_fields
    return [(key, clipped(value), fields[key].description or "") for key, value in config.to_dict().items()]


def port_rows(streams: Sequence[dict[str, Any]]) -> list[tuple[object, ...]]:
    """The payload of a manifest's streams, a row a field, under :data:`PORTS`."""
    return [
        (s["name"], s["direction"], p["field"], p["port"], p["format"], p["width"],
         "x".join(map(str, p["shape"])) or "scalar")
        for s in streams for p in s["payload"]
    ]  # fmt: skip
