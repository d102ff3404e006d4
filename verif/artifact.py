"""The artefact directory: Verilog and manifest, all that evidence needs beside the golden model.

Manifest, schema 1 (``<module>.json``)::

    {schema: 1, unit, module, config{...}, digest, clock, reset: {port, kind, active} | null,
     latency_cycles, initiation_interval,
     streams[{name, direction: in|out, valid, ready, payload[{field, port, offset, width, shape, format}]}],
     files[{path, sha256}], versions{...}, drain_cycles?, certificate?, clocks?[{port, multiple}],
     latency_bound_cycles?}

``valid`` and ``ready`` are port names or null; a field's element k (row-major over ``shape``; ``[]`` is a scalar) lies
at bits ``offset + k * width`` and up of its ``port``. ``latency_cycles`` and ``initiation_interval`` are null where
they differ from beat to beat; then ``drain_cycles`` may say after how many cycles without stalls nothing more comes
out. ``clocks`` are those beside ``clock``: so many times as fast, of unknown phase; ``latency_bound_cycles`` is what no
beat takes longer than where nothing waits. ``certificate`` is how near an approximation comes to its function, over all
inputs: ``{max_error, limit, ratio, worst_input, segments, stored_segments, ...}``, where limit is the least error that
as many real segments can have (ratio is null where that is 0), ``worst_input`` the input at which max_error is met,
``segments`` those of the whole domain and ``stored_segments`` those that the circuit holds. Of units of rows it is
``{max_error, bound{relative, absolute, ...}, stored_segments}``: no result is farther than ``relative * |what is meant|
+ absolute``.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from ..hw.config import Config


@dataclass(frozen=True)
class FieldPlace:
    """Where a field of a payload lies: ``count`` elements of ``width`` bits from bit ``offset`` of ``port``."""

    field: str
    port: str
    offset: int
    width: int
    shape: tuple[int, ...]
    format: str

    @property
    def count(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Stream:
    """One side of the unit. ``valid`` and ``ready`` are None where the interface is bare."""

    name: str
    direction: str
    valid: str | None
    ready: str | None
    payload: tuple[FieldPlace, ...]


C = TypeVar("C", bound=Config)


class Artifact:
    """A generated unit on disk.

    Parameters
    ----------
    directory : Path
        Holds the files of the manifest, directly.
    manifest : dict
        Schema 1.
    """

    def __init__(self, directory: Path, manifest: dict[str, Any]):
        self.directory = Path(directory)
        self.manifest = manifest
        self.module: str = manifest["module"]
        self.unit: str = manifest["unit"]
        self.clock: str = manifest["clock"]
        self.reset: dict[str, str] | None = manifest["reset"]
        self.latency: int | None = manifest["latency_cycles"]

    @classmethod
    def load(cls, directory: str | Path) -> Artifact:
        """The artefact in a directory: the one JSON file there is its manifest.

        Raises
        ------
        ValueError
            If there is not exactly one manifest, or a file is not the one that was generated.
        """
        directory = Path(directory)
        found = sorted(directory.glob("*.json"))
        if len(found) != 1:
            raise ValueError(f"directory must hold one manifest, not {len(found)} ({directory})")
        artifact = cls(directory, json.loads(found[0].read_text()))
        for entry in artifact.manifest["files"]:
            if hashlib.sha256((directory / entry["path"]).read_bytes()).hexdigest() != entry["sha256"]:
                raise ValueError(f"{entry['path']} must be the file that the manifest was made with, not a changed one")
        return artifact

    def config_as(self, config: type[C]) -> C:
        """The config that the artefact was made from, or as much of it as is a config of that class."""
        return config(**{key: self.manifest["config"][key] for key in config.model_fields})

    @property
    def verilog(self) -> Path:
        """The Verilog file."""
        return self.directory / f"{self.module}.v"

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        return tuple(
            Stream(s["name"], s["direction"], s["valid"], s["ready"],
                   tuple(FieldPlace(**{**p, "shape": tuple(p["shape"])}) for p in s["payload"]))
            for s in self.manifest["streams"]
        )  # fmt: skip

    def stream(self, direction: str) -> Stream:
        """The one stream of that direction."""
        (found,) = (s for s in self.streams if s.direction == direction)
        return found

    def port_widths(self, stream: Stream) -> dict[str, int]:
        """Bits of each payload port of a stream, in order."""
        widths: dict[str, int] = {}
        for place in stream.payload:
            widths[place.port] = max(widths.get(place.port, 0), place.offset + place.width * place.count)
        return widths
