"""A network as a TOML file: layers as tables, weights a row a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import SnnConfig


def toml(config: SnnConfig) -> str:
    """TOML of the network; fields of layers and neurons at their defaults are left out."""
    lines = [f'unit = "{config.unit}"']
    lines += [f"{key} = {_text(value)}" for key, value in config.to_dict().items()
              if key != "layers" and value is not None]  # fmt: skip
    for layer in config.layers:
        lines += ["", "[[layers]]"]
        said = layer.model_dump(mode="json", exclude_defaults=True, exclude={"neuron"})
        for key, value in said.items():
            rows = layer.channels if key in ("weights", "recurrent") else 0
            lines.append(f"{key} = {_rows(value, rows) if rows else _text(value)}")
        if layer.neuron:
            lines.append("[layers.neuron]")
            law = layer.neuron.model_dump(mode="json", exclude_defaults=True)
            # What a neuron is should be read, not remembered.
            law |= {key: getattr(layer.neuron, key) for key in ("compare", "reset", "membrane_width", "overflow")}
            lines += [f"{key} = {_text(value)}" for key, value in law.items()]
    return "\n".join(lines) + "\n"


def _text(value: Any) -> str:
    """A TOML value; JSON's, but for the signs that TOML wants written out."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _rows(values: list[Any], rows: int) -> str:
    each = len(values) // rows
    parts = [json.dumps(values[i : i + each], separators=(",", ":"))[1:-1] for i in range(0, len(values), each)]
    return "[\n" + ",\n".join(parts) + "\n]"
