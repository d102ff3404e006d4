"""From what the user says to a config: a preset, under a file, under single settings."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from ..hw.config import Config, ConfigError, read_toml
from ..hw.lookup import unknown
from .registry import Unit


def make_config(
    unit: Unit, preset: str | None = None, file: str | Path | None = None, settings: Iterable[str] = (),
    allow_import: bool = False,
) -> Config:  # fmt: skip
    """The config of a unit: the preset's fields, then the file's, then the settings', each over the one before.

    Parameters
    ----------
    unit : Unit
        From :func:`nervure.generators.registry.get_unit`.
    preset : str or None
        A name in ``unit.presets``.
    file : path or None
        A TOML file of fields.
    settings : iterable of str
        ``key=value`` each; lists use commas, booleans are ``true`` or ``false``; the last of a key holds.
    allow_import : bool
        Whether fields of the file may name what must be imported (running its code). Settings always may.

    Raises
    ------
    ConfigError
        In one sentence that names what is wrong.
    """
    cls = unit.load("config")
    fields: dict[str, Any] = {}
    if preset is not None:
        presets = unit.presets
        if preset not in presets:
            raise ConfigError(unknown("preset", preset, presets, unit.name))
        fields |= presets[preset]
    said = parse_settings(cls, settings)
    if file is not None:
        fields |= _read(unit, Path(file), said, allow_import)
    return unit.make(fields | said)


def _read(unit: Unit, file: Path, said: Mapping[str, Any], allow_import: bool) -> dict[str, Any]:
    """The file's fields, without its solution where a setting asks for another one."""
    generator = unit.load("generator")
    fields = read_toml(file, unit.name)
    solved, asked = getattr(generator, "SOLVED", ()), getattr(generator, "ASKED", {})
    if any(fields.get(key) for key in solved) and any(said[key] != fields.get(key) for key in asked if key in said):
        fields = {key: value for key, value in fields.items() if key not in solved}
        # What was chosen with the solution goes with it.
        fields = {key: value for key, value in fields.items() if not asked.get(key, False)}
    left = {key: value for key, value in fields.items() if key not in said}
    if not allow_import and hasattr(generator, "imports") and (name := generator.imports(left)):
        raise ConfigError(f"config file must be allowed by --allow-import to import {name!r}, which runs code ({file})")
    return fields


def parse_settings(cls: type[Config], settings: Iterable[str]) -> dict[str, Any]:
    """The fields that ``key=value`` words give, each read as its field's type asks."""
    fields: dict[str, Any] = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        key = key.strip()
        if not equals or not key:
            raise ConfigError(f"setting must be key=value, not {setting!r}")
        field = cls.model_fields.get(key)
        fields[key] = _value(text.strip(), field.annotation if field else str)
    return fields


def rerun_words(preset: str | None, file: str | Path | None, settings: Iterable[str]) -> list[str]:
    """The command-line words that give the same config again."""
    words = ["--preset", preset] if preset is not None else []
    words += ["-c", str(file)] if file is not None else []
    return words + [word for setting in settings for word in ("-s", setting)]


def settings_of(fields: Mapping[str, Any]) -> list[str]:
    """``key=value`` words that :func:`parse_settings` reads back to these fields."""
    return [f"{key}={_text(value)}" for key, value in fields.items()]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(_text(item) for item in value) if isinstance(value, list | tuple) else str(value)


def _value(text: str, annotation: Any) -> Any:
    """The text as the annotation's kind of value, so that a sentence about it shows 9 and not '9'."""
    kinds = _kinds(annotation)
    for kind in kinds:
        if get_origin(kind) in (list, tuple, set, frozenset) or kind in (list, tuple):
            inner = next((a for a in get_args(kind) if a is not Ellipsis), str)
            return [_value(item.strip(), inner) for item in text.split(",")] if text else []
    if bool in kinds and text in ("true", "false"):
        return text == "true"
    if str in kinds:
        return text
    for number in (int, float):
        if number in kinds:
            try:
                return number(text)
            except ValueError:
                continue
    return text


def _kinds(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation alone."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
