"""From a model file to a folder that says all: the network in integers, its weights alone, what they stand for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ...golden.snn.real import RealNetwork
from ...hw.config import ConfigError
from ...hw.snn.config import SnnConfig
from .quantise import Options, quantise


def import_model(path: str | Path, semantics: str = "nir", dt: float | None = None) -> RealNetwork:
    """The network of a model file: ``.nir`` (or ``.h5``), or ``.pt`` (or ``.pth``) made of :func:`.modules.portable`.

    Parameters
    ----------
    path : path
    semantics : str
    dt : float or None
        Seconds of a time step. Both are for NIR graphs; a torch file says its rules.

    Raises
    ------
    ConfigError
        In one sentence.
    """
    suffix = Path(path).suffix.lower()
    if suffix in (".nir", ".h5", ".hdf5"):
        from .nir import read_nir

        return read_nir(path, semantics, dt)
    if suffix in (".pt", ".pth"):
        from .modules import read_torch

        return read_torch(path)
    raise ConfigError(f"model file must end in .nir, .h5, .pt or .pth, not {str(path)!r}")


def compile_model(path: str | Path, folder: str | Path, options: Options | None = None, semantics: str = "nir",
                  dt: float | None = None, fold: Callable[[SnnConfig], SnnConfig] | None = None,
                  circuit: bool = False) -> SnnConfig:  # fmt: skip
    """Imports a model, makes its integers, and writes ``network.toml``, ``weights.npz`` and ``import.jsonl``.

    Nothing is written before all is known to be right, and nothing outside the folder: files have these names, whatever
    the model calls its layers.

    Parameters
    ----------
    path, folder : path
        The model, and where to; the folder is made.
    options : Options or None
    semantics, dt
        As :func:`import_model`.
    fold : callable or None
        Sets omega and kappa.
    circuit : bool
        Also leaves what ``nervure generate`` does: Verilog, manifest and core, before the others.

    Raises
    ------
    ConfigError
        In one sentence.
    """
    real = import_model(path, semantics, dt)
    config = quantise(real, options)
    config = fold(config) if fold else config
    files = {"network.toml": config.to_toml(), "import.jsonl": _record(path, config, options or Options())}
    to = Path(folder)
    if circuit:
        from ..emit import emit

        emit(config, to)
    to.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        _replace(to / name, lambda at, text=text: at.write_text(text, encoding="utf-8"))
    arrays = {f"{layer.name}.{key}": np.array(getattr(layer, key), np.int64)
              for layer in config.layers for key in ("weights", "recurrent", "bias")
              if getattr(layer, key)}  # fmt: skip
    _replace(to / "weights.npz", lambda at: _save(at, arrays))
    return config


def _record(path: str | Path, config: SnnConfig, options: Options) -> str:
    """What was imported, and how: without the path, which is the user's own affair."""
    said = {"model": Path(path).name, "semantics": config.semantics, "step_seconds": config.step_seconds,
            "options": asdict(options), "parameters": config.num_parameters, "cycles_per_frame": config.cycles,
            "layers": {name: {"shape": facts.shape, "synapses": facts.synapses, "cycles": facts.cycles}
                       for name, facts in config.facts.items()}}  # fmt: skip
    return json.dumps(said) + "\n"


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    """A file is there as a whole or not at all; a link of its name is replaced, not followed."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
