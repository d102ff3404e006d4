"""A heartbeat classifier's integers from a JSON file to the fields of an EcgConfig and of its inputs.

The file is one object: ``network``, ``steps``, ``widths``, ``weight_bits``, ``weights``, ``biases``, ``thetas``, and,
where they are not the usual, ``weight_kinds``, ``bias_bits``, ``theta_bits`` (see
:class:`~nervure.hw.ecg.config.EcgConfig`); ``inputs`` with ``before``, ``after``, ``stride``, ``rr`` (see
:class:`~nervure.hw.ecg.config.front.FrontConfig`), ``classes`` with their names; other keys are notes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...hw.config import ConfigError
from ...hw.ecg.config import EcgConfig
from ...hw.ecg.config.front import FrontConfig

REQUIRED = ("steps", "widths", "weight_bits", "weights", "biases", "thetas")
OPTIONAL = ("network", "weight_kinds", "bias_bits", "theta_bits")
LISTS = {"widths": 1, "weight_bits": 1, "weights": 3, "biases": 2, "thetas": 2}
"""How deep the lists of integers are."""


@dataclass(frozen=True)
class Imported:
    """A network of a file.

    Parameters
    ----------
    fields : dict
        Those of an EcgConfig that the network decides.
    front : FrontConfig or None
        What its inputs are, where the file says so.
    classes : tuple of str
        Names of the classes: numbers where the file has none.
    trained : dict
        What the file says of its training.
    """

    fields: dict[str, Any]
    front: FrontConfig | None
    classes: tuple[str, ...]
    trained: dict[str, Any] = field(default_factory=dict)


def read_network(path: str | Path) -> Imported:
    """The network of a JSON file.

    Raises
    ------
    ConfigError
        In one sentence, if the file cannot be read, is no such object, or its integers are of the wrong shape or out of
        range.
    """
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"weights file must be readable, not {str(path)!r} ({error.strerror})") from None
    except ValueError as error:
        raise ConfigError(f"weights file must be JSON, not {str(path)!r} ({error})") from None
    return import_network(found, str(path))


def import_network(found: Any, path: str = "") -> Imported:
    """The network that a decoded JSON object holds, as :func:`read_network`."""
    if not isinstance(found, dict):
        raise ConfigError(f"weights file must hold an object, not {type(found).__name__} ({path})")
    if missing := [key for key in REQUIRED if key not in found]:
        raise ConfigError(f"weights file must hold {missing[0]}, and {path or 'it'} does not")
    for key, depth in LISTS.items():
        _integers(key, found[key], depth)
    fields = {key: found[key] for key in (*REQUIRED, *OPTIONAL) if key in found}
    config = EcgConfig(**fields)
    front = None
    if "inputs" in found:
        if not isinstance(found["inputs"], dict):
            raise ConfigError(f"inputs must be an object, not {found['inputs']!r}")
        front = FrontConfig(**{"steps": config.steps, **found["inputs"]})
        if front.inputs != config.widths[0]:
            raise ConfigError(f"widths must begin with {front.inputs}, as inputs say, not {config.widths[0]}")
    names = found.get("classes") or [str(k) for k in range(config.widths[-1])]
    if len(names) != config.widths[-1]:
        raise ConfigError(f"classes must be {config.widths[-1]} names, not {len(names)}")
    return Imported(fields, front, tuple(names), found.get("trained", {}))


def _integers(key: str, value: Any, depth: int) -> None:
    """Refuses what is no integer: a float would otherwise be said to be out of a range that it is in."""
    if depth:
        if not isinstance(value, list):
            raise ConfigError(f"{key} must be lists of integers, {LISTS[key]} deep, not {value!r}")
        for item in value:
            _integers(key, item, depth - 1)
    elif not isinstance(value, int) or isinstance(value, bool):
        raise ConfigError(f"{key} must be integers, not {value!r}")
