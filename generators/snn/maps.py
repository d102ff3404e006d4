"""Every layer's map out of the circuit: the network up to that layer, generated, run on frames, held against golden."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...hw.snn.config import SnnConfig
from ...verif.batch import BatchModel
from ...verif.snn import ends, expect
from ...verif.snn.stimulus import beats_of
from ..emit import emit


@dataclass(frozen=True)
class Compared:
    """One layer on all frames.

    Parameters
    ----------
    layer : str
    numbers : int
        Numbers compared.
    wrong : int
        How many differ from the golden model's.
    cycles : float
        Of a frame.
    closed_form : int
        What :attr:`nervure.hw.snn.config.SnnConfig.cycles` says of that.
    seconds : float
        In the compiled model.
    """

    layer: str
    numbers: int
    wrong: int
    cycles: float
    closed_form: int
    seconds: float


def until(config: SnnConfig, layer: str, output: str = "totals") -> SnnConfig:
    """The network up to a layer, whose totals come out; what that layer does not need is left out."""
    by = {each.name: each for each in config.layers}
    wanted, left = set(), [layer]
    while left:
        name = left.pop()
        if name != "input" and name not in wanted:
            wanted.add(name)
            left += config.facts[name].sources
    kept = tuple(by[each.name].model_copy(update={"sources": config.facts[each.name].sources})
                 for each in config.layers if each.name in wanted)  # fmt: skip
    fields = {key: getattr(config, key) for key in SnnConfig.model_fields}
    return SnnConfig(**fields | {"layers": kept, "output": output, "network": f"{config.network[:40]}_{layer[:20]}"})


def compare(config: SnnConfig, frames: np.ndarray, folder: Path, layers: tuple[str, ...] = (), stall: float = 0.0,
            tell: Callable[[Compared], None] = lambda found: None) -> list[Compared]:  # fmt: skip
    """Totals (with one pass: the map) of the layers, or all, by the emitted Verilog and by the golden model.

    Parameters
    ----------
    config : SnnConfig
    frames : integer array
        ``(frames, *input_shape)``, or with a pass for each step behind the first axis.
    folder : path
        Where the artefacts go.
    layers : tuple of str
    stall : float
        How often either side waits.
    tell : callable
        Told of each layer as it is done; as many are worked on at once as there are cores.

    Returns
    -------
    list of Compared
        In the order of the layers.
    """

    def one(name: str) -> Compared:
        part = until(config, name)
        model = BatchModel(emit(part, folder / name))
        start = time.perf_counter()
        given = beats_of(part, frames)
        result = model.run(given, ends=ends(part, given), stall_in=stall, stall_out=stall)
        wanted = expect(part, given)["y"]
        wrong = int((result.outputs["y"] != wanted).sum())
        found = Compared(name, wanted.size, wrong, result.cycles / len(frames), part.cycles,
                         time.perf_counter() - start)  # fmt: skip
        tell(found)
        return found

    # Compiling and running are processes of their own, and torch leaves the interpreter free too.
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(one, layers or tuple(config.facts)))
