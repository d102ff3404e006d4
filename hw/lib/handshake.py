"""The border of a pipelined unit: ports with or without a handshake, the stall, and the valid bits.

A unit takes a struct of operands and gives a struct of results, ``latency`` cycles later. With the handshake of a
stream, a result that is not taken stops every register of the unit at once: no beat is lost or repeated, ``i.ready``
depends combinationally on ``o.ready``, and ``valid`` never waits for ``ready``. A bare unit has no handshake, and
never stops.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Member, Out


def ports(interface: str, operands: data.Layout, results: data.Layout) -> dict[str, Member]:
    """Members ``i`` and ``o`` of a unit.

    Parameters
    ----------
    interface : str
        ``stream``: both are streams. ``bare``: both are the plain structs.
    operands, results : Layout
    """
    if interface == "stream":
        return {"i": In(stream.Signature(operands)), "o": Out(stream.Signature(results))}
    return {"i": In(operands), "o": Out(results)}


class Handshake:
    """Stall and valid bits of a unit with the members of :func:`ports`, put into ``m``.

    Parameters
    ----------
    m : Module
    unit : Component

    Attributes
    ----------
    operands, result : View
        The two structs, with a handshake or without.
    enable : Signal or None
        Low where every register keeps what it holds; None for a bare unit.
    """

    def __init__(self, m: Module, unit: Any):
        self.m = m
        self.unit = unit
        self.enable: Signal | None = None
        self.operands, self.result = unit.i, unit.o
        if hasattr(unit.i, "payload"):
            self.enable = stall(m, unit)
            self.operands, self.result = unit.i.payload, unit.o.payload

    def finish(self, depth: int) -> None:
        """Delays ``valid`` by as many registers as there are on every path through the unit."""
        if self.enable is None:
            return
        valid = self.unit.i.valid
        for rank in range(depth):
            following = Signal(name=f"valid_{rank + 1}")
            with self.m.If(self.enable):
                self.m.d.sync += following.eq(valid)
            valid = following
        self.m.d.comb += self.unit.o.valid.eq(valid)


def stall(m: Module, unit: Any) -> Signal:
    """The common clock enable of a unit of two streams: low while a result waits to be taken, and no beat enters."""
    enable = Signal(name="enable")
    m.d.comb += [enable.eq(~unit.o.valid | unit.o.ready), unit.i.ready.eq(enable)]
    return enable
