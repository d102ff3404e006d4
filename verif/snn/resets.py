"""What registers hold after reset, and the ports that say that there is none."""

from __future__ import annotations

from ..aig import FALSE, TRUE
from ..artifact import Artifact
from ..netlist import Netlist

State = dict[int, int]
"""A literal for each node."""


def quiet(artifact: Artifact, net: Netlist) -> State:
    """The reset of the file, or of a module in it, not asserted."""
    if artifact.reset is None or artifact.reset["port"] not in net.inputs:
        return {}
    level = FALSE if artifact.reset["active"] == "high" else TRUE
    return {net.inputs[artifact.reset["port"]][0] >> 1: level}


def begun(artifact: Artifact, net: Netlist) -> State:
    """What registers hold after a cycle in reset, from any state; without a reset, what they begin with."""
    asserted = {node: level ^ 1 for node, level in quiet(artifact, net).items()}
    after = net.aig.copy([r.d for r in net.registers], net.aig, asserted)
    held = {None: None, 0: FALSE, 1: TRUE}
    found = {}
    for register, literal in zip(net.registers, after, strict=True):
        begins = held[register.initial] if artifact.reset is None else held[register.reset_value]
        if begins is None and artifact.reset is not None:
            begins = literal
        found[register.q >> 1] = begins if begins in (FALSE, TRUE) else register.q
    return found
