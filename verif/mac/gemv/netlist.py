"""The engine's file mapped to LUTs against the file, register by register: memories are registers in both."""

from __future__ import annotations

from pathlib import Path

from ...aig import TRUE
from ...proofs import mapped_netlist, multipliers
from ...prove import Verdict
from ..accumulate.netlist import compared
from .machine import Machine


def netlist(directory: Path) -> Verdict:
    """The mapped file's registers have the next values of registers of the file, and its outputs are the file's.

    What a memory gives beyond its last place is open: it is held to be of groups that there are. Multiplier blocks are
    left out of both files.
    """
    engine = Machine(directory, "multipliers")
    aig, config = engine.aig, engine.config
    names = ["group", "now_group", *(f"group_{rank}" for rank in range(1, config.latency))]
    inside = TRUE
    if config.groups & (config.groups - 1):
        inside = aig.all(aig.within(engine.word(name), 0, config.groups - 1) for name in names)
    mapped = mapped_netlist(engine.artifact, multipliers(engine.artifact), memories=False)
    return compared(engine.netlist, mapped, inside)
