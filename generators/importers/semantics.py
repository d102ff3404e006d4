"""How each tool steps the neurons of a NIR graph: one row for each tool and node, in real numbers.

============ ======= ===================== ====================================================== ======
tool         compare reset                 IF; LIF; CubaLIF                                       dt
============ ======= ===================== ====================================================== ======
``nir``      >       to v_reset            v + R x; Euler: leak 1 - dt/tau, gain R dt/tau; the    1e-4 s
                                           current so, too, and the membrane gets the new one
``sinabs``   >=      subtract, any number  v + R x, and v >= -v_threshold after the reset;        1
             of spikes                     leak exp(-dt/tau), gain R; none
``snntorch`` >       subtract (IF), to 0   as nir; an IF that is left over the threshold must     1e-4 s
                                           rise by another
``norse``    >       to 0                  as nir                                                 1e-3 s
============ ======= ===================== ====================================================== ======

Each row is what the tool's own importer of NIR makes (sinabs 3.1.3, snnTorch 1.0.0, norse 1.1.0), but that R is heeded
where norse, sinabs and snnTorch warn and take 1, and that snnTorch gives an IF a leak of 0.9 which the graph has not.
sinabs counts time constants in steps: with a graph in seconds, say dt. An IF has no time constant: a step is its unit
of time, whatever dt is. A spike is an input of 1 for one step.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...golden.snn.real import RealNeuron
from ...hw.config import ConfigError
from ...hw.lookup import find

SEMANTICS: dict[str, float] = {"nir": 1e-4, "sinabs": 1.0, "snntorch": 1e-4, "norse": 1e-3}
"""Tools, and the time step in seconds that each takes by default."""


def neuron(name: str, node: Any, semantics: str, dt: float | None) -> RealNeuron:
    """The law of a node IF, LIF or CubaLIF of the ``nir`` package, by a tool's rules.

    Parameters
    ----------
    name : str
        The node's, for sentences.
    node : nir.IF, nir.LIF or nir.CubaLIF
    semantics : str
        In :data:`SEMANTICS`.
    dt : float or None
        Seconds; by default the tool's.

    Raises
    ------
    ConfigError
        If a number is not finite or out of its range, or the tool has no such neuron.
    """
    usual = find("semantics", semantics, SEMANTICS, ConfigError)
    dt = usual if dt is None else dt
    if not (math.isfinite(dt) and dt > 0):
        raise ConfigError(f"dt must be a positive number of seconds, not {dt}")
    kind = type(node).__name__
    numbers = {key: _numbers(name, key, value) for key, value in vars(node).items()
               if key in ("r", "v_threshold", "v_reset", "v_leak", "tau", "tau_mem", "tau_syn", "w_in")}  # fmt: skip
    for key in ("tau", "tau_mem", "tau_syn"):
        if key in numbers and (numbers[key] <= 0).any():
            raise ConfigError(f"{key} of node {name} must be more than 0, not {float(numbers[key].min())}")
        if key in numbers and semantics != "sinabs" and (numbers[key] < dt).any():
            raise ConfigError(f"dt must be at most {key} of node {name}, {float(numbers[key].min()):g} s, not {dt:g} s")
    theta, r, reset = numbers["v_threshold"], numbers["r"], numbers["v_reset"]
    if (theta <= 0).any():
        raise ConfigError(f"v_threshold of node {name} must be more than 0, not {float(theta.min())}")
    if (r <= 0).any():
        raise ConfigError(f"r of node {name} must be more than 0, not {float(r.min())}")
    rules: dict[str, Any] = {"threshold": theta, "gain": r, "compare": ">", "reset": "value", "reset_value": reset}
    if semantics == "sinabs":
        if kind == "CubaLIF":
            raise ConfigError(f"node {name} (CubaLIF) must be read with semantics nir, snntorch or norse, not sinabs")
        rules |= {"compare": ">=", "reset": "subtract", "max_spikes": 0, "floor": kind == "IF"}
        if "v_leak" in numbers:
            _none(name, "v_leak", numbers["v_leak"], semantics)
    elif semantics in ("snntorch", "norse"):
        _none(name, "v_reset", reset, semantics)
        rules |= {"reset": "subtract", "rearm": True} if kind == "IF" and semantics == "snntorch" else {}
    if kind == "IF":
        return RealNeuron(**rules)
    tau = numbers["tau" if kind == "LIF" else "tau_mem"]
    left = torch.exp(-dt / tau) if semantics == "sinabs" else 1 - dt / tau
    rules |= {"beta": left, "gain": r if semantics == "sinabs" else r * (1 - left),
              "rest": numbers["v_leak"] * (1 - left)}  # fmt: skip
    if kind == "CubaLIF":
        share = dt / numbers["tau_syn"]
        # What the current gets is scaled; as nothing compares the current, the membrane may scale instead.
        rules |= {"alpha": 1 - share, "gain": rules["gain"] * share * numbers["w_in"]}
        if (numbers["w_in"] <= 0).any():
            raise ConfigError(f"w_in of node {name} must be more than 0, not {float(numbers['w_in'].min())}")
    return RealNeuron(**rules)


def _numbers(name: str, key: str, value: Any) -> Tensor:
    array = np.asarray(value, np.float64)
    if not np.isfinite(array).all():
        raise ConfigError(f"{key} of node {name} must be finite, not {array[~np.isfinite(array)][0]}")
    return torch.from_numpy(array.copy())


def _none(name: str, key: str, value: Tensor, semantics: str) -> None:
    if (value != 0).any():
        bad = float(value[value != 0].flatten()[0])
        raise ConfigError(f"{key} of node {name} must be 0 with semantics {semantics}, not {bad}")
