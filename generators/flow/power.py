"""Energy of a unit in a library's cells, by the activity of its gates under a stimulus.

    E = sum over nets 1/2 C V^2 toggles  +  sum over pins internal energy x toggles  +  clock  +  leakage x time

C of a net is the sum of the pins that it feeds, times ``1 + wire`` (there is no layout; ``wire`` stands for the wires).
Internal energies are the library's tables at the net's load and one slew for all, the mean of both edges and of all
conditions. Clock: each pulse moves the clock's own pins twice, gated nets only when their gate is open; buffers of a
clock tree are not in it. Toggles are those of settled nets (zero delay: no glitches). Constants are logic and a unit's
own memories flip-flops of the same library: there is no other memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...verif.activity import ActivityModel
from .gates import Gates, Wire, instance
from .power_cells import Pin

SLEW = 50e-12
"""Slew of all inputs, in s, that tables are read at."""


@dataclass(frozen=True)
class Power:
    """Energy of a run.

    Parameters
    ----------
    parts : dict
        ``switching``, ``internal`` and ``clock``: J of the whole run.
    modules : dict
        The same sum by the instance that cells came from (nets by their driver), in J.
    leakage : float
        W.
    area : float
        In the library's unit.
    cells, registers, gates : int
        Cells, those that are clocked, and clock gates.
    beats, cycles : int
    """

    parts: dict[str, float]
    modules: dict[str, float]
    leakage: float
    area: float
    cells: int
    registers: int
    gates: int
    beats: int
    cycles: int

    def beat(self, clock: float) -> float:
        """Energy of a beat at a clock of so many Hz, J: dynamic, and leakage while it is worked on."""
        return sum(self.parts.values()) / self.beats + self.leakage * self.cycles / self.beats / clock

    def mean(self, period: float) -> float:
        """Mean power at a beat every so many seconds, W, with the clock standing in between."""
        return sum(self.parts.values()) / self.beats / period + self.leakage


def measure(gates: Gates, inputs: Mapping[str, np.ndarray], wire: float = 0.0, slew: float = SLEW,
            outputs: dict[str, np.ndarray] | None = None) -> Power:  # fmt: skip
    """Sends beats through the netlist and prices every toggle.

    Parameters
    ----------
    gates : Gates
    inputs : mapping
        Codes of each field, as for the unit.
    wire : float
        Capacitance of wires as a share of the pins'.
    slew : float
        Of all inputs, s.
    outputs : dict or None
        Is given the codes that the gates answer.
    """
    if wire < 0:
        raise ValueError(f"wire must be at least 0, not {wire}")
    counts, toggles, _ = ActivityModel(gates.artifact, gates.nets).run(inputs, outputs=outputs)
    parts: dict[str, float] = {"switching": 0.0, "internal": 0.0, "clock": 0.0}
    modules: dict[str, float] = {}

    def add(part: str, where: str, joules: float) -> None:
        parts[part] += joules
        modules[where] = modules.get(where, 0.0) + joules

    volts = next(iter(gates.power.values())).volts
    for number, net in gates.wires.items():
        load = _load(gates, net) * (1 + wire)
        home = instance(net.driver[0]) if net.driver else "inputs"
        if (number, False) in toggles:
            k = toggles[number, False]
            add("switching", home, k * load * volts**2 / 2)
            if net.driver:
                add("internal", home, k * _pin(gates, *net.driver).toggle(slew, load))
            for name, pin in net.sinks:
                add("internal", instance(name), k * _pin(gates, name, pin).toggle(slew))
        else:
            pulses = toggles[f"pulses {net.driver[0]}", False] if net.driver else counts.cycles
            add("clock", home, pulses * load * volts**2)
            if net.driver:
                add("clock", home, pulses * 2 * _pin(gates, *net.driver).toggle(slew, load))
            for name, pin in net.sinks:
                add("clock", instance(name), pulses * 2 * _pin(gates, name, pin).toggle(slew))
    kinds = [gates.power[kind] for kind in gates.cells.values()]
    return Power(
        parts, modules, sum(kind.leakage for kind in kinds), sum(kind.area for kind in kinds), len(kinds),
        sum(any(pin.clock for pin in kind.pins.values()) and not kind.gate for kind in kinds),
        sum(bool(kind.gate) for kind in kinds), int(counts.delivered), int(counts.cycles),
    )  # fmt: skip


def _pin(gates: Gates, cell: str, pin: str) -> Pin:
    return gates.power[gates.cells[cell]].pins[pin]


def _load(gates: Gates, net: Wire) -> float:
    """Capacitance of the pins that a net feeds, F."""
    return sum(_pin(gates, name, pin).capacitance for name, pin in net.sinks)
