"""The attention network through circuits: its softmax, norm and GELU by emitted units on the network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...golden.activation import signed
from ...golden.noc.attention import Functions, Network
from ...hw.config import Config
from ...verif.batch import BatchModel
from ..emit import emit
from ..registry import get_unit
from . import attention


@dataclass
class Counted:
    """What went through a unit.

    Parameters
    ----------
    formula : str
        What it computes.
    beats, cycles : int
    """

    formula: str
    beats: int = 0
    cycles: int = 0


@dataclass(frozen=True)
class OnNetwork:
    """Configs of the three units on the network, and what went through them.

    Parameters
    ----------
    softmax : NocSoftmaxConfig
    norm : NocNormConfig
    gelu : NovaConfig
        Tables of gelu and exp, so that what is sent is not always the same.
    counted : dict of str to Counted
    """

    softmax: Any
    norm: Any
    gelu: Any
    counted: dict[str, Counted] = field(default_factory=dict)


def configs(network: Network, routers: int = 4, lanes: int = 8) -> OnNetwork:
    """The units of a network: so many routers, and so many numbers a beat in all."""
    one = attention.configs(network, lanes)
    placed = {"routers": routers}
    return OnNetwork(
        get_unit("noc_softmax").make({**one.softmax.to_dict(), **placed}),
        get_unit("noc_norm").make({**one.norm.to_dict(), **placed}),
        get_unit("nova").make({"functions": ["gelu", "exp"], "segments": 16, "pairs": 16, "lanes": lanes // routers,
                               **placed}),
    )  # fmt: skip


def circuits(found: OnNetwork, folder: Path, stall: float = 0.0) -> Functions:
    """Functions that send their numbers through the emitted units, and insist on what the golden models say.

    Parameters
    ----------
    found : OnNetwork
        Its ``counted`` grows with each call.
    folder : Path
        Takes the artefacts.
    stall : float
        Probability that a cycle offers no beat, and that one takes none.

    Raises
    ------
    AssertionError
        Of these functions, at the first result that is not the golden model's.
    """

    def unit(config: Config, label: str) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
        of, bench = get_unit(config.unit), get_unit(config.unit).load("bench")
        model = BatchModel(emit(config, folder / config.unit))
        count = found.counted[label] = Counted(of.load("generator").formula(config))

        def send(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
            given = {key: word.numpy().astype(np.uint64) for key, word in inputs.items()}
            ends = bench.ends(config, given) if hasattr(bench, "ends") else None
            run = model.run(given, ends=ends, stall_in=stall, stall_out=stall, seed=count.beats)
            for key, wanted in bench.expect(config, given).items():
                assert np.array_equal(run.outputs[key], wanted), f"{key} of {label} must be the golden model's"
            count.beats, count.cycles = count.beats + len(next(iter(given.values()))), count.cycles + run.cycles
            return {key: torch.from_numpy(word.astype(np.int64)) for key, word in run.outputs.items()}

        return send

    softmax, norm, gelu = (unit(config, key) for key, config in
                           (("softmax", found.softmax), ("norm", found.norm), ("gelu", found.gelu)))  # fmt: skip

    def softmax_of(x: Tensor) -> Tensor:
        beats = attention.row_beats(x, found.softmax.lanes)
        width = found.softmax.input_format.width
        return softmax({**beats, "x": beats["x"] & ((1 << width) - 1)})["y"].reshape(len(x), -1)[:, : x.shape[1]]

    def norm_of(x: Tensor) -> Tensor:
        codes = attention.beats(x, found.norm.lanes) & ((1 << found.norm.input_format.width) - 1)
        y = signed(norm({"x": codes})["y"], found.norm.output_format.width)
        return y.reshape(len(x), -1)[:, : x.shape[1]]

    def gelu_of(x: Tensor) -> Tensor:
        codes = attention.beats(x[None], found.gelu.width) & ((1 << found.gelu.input_format.width) - 1)
        y = gelu({"x": codes, "table": torch.zeros(len(codes), dtype=torch.int64)})["y"]
        return signed(y.reshape(-1)[: len(x)], found.gelu.output_format.width)

    return Functions(softmax_of, norm_of, gelu_of)
