"""Crossing between two parts of a device (super logic regions): nothing but registers on the wires between them."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib import stream
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import Component, In, Out

REGISTERS = 2
"""On each wire, in either direction: one in each part."""
FLYING = 2 * REGISTERS + 1
"""Tokens that may still come when room is no more said: as many as leave and arrive while the word is on its way."""
DEPTH = 16
"""Tokens that wait behind the crossing: all that fly, as many to go on with while room is said again, and spare."""


class Crossing(Component):
    """A stream of tokens from one part of the device to another, a token a cycle.

    Token, ``valid`` and the answer ``room`` each pass a register in the part that they leave and one in the part that
    they come to, with no logic between the two. ``room`` says that all that may still come has a place behind the
    crossing, so that nothing is lost however long it takes.

    Parameters
    ----------
    width : int
        Bits of a token.

    Members
    -------
    i : In(stream of width)
    o : Out(stream of width)

    Latency: 4 cycles: two registers, the memory of the queue, and its output.
    ``i.ready`` does not depend on ``o.ready`` in the same cycle.
    """

    i: Any
    o: Any

    def __init__(self, width: int):
        self.width = width
        super().__init__({"i": In(stream.Signature(width)), "o": Out(stream.Signature(width))})

    def elaborate(self, platform: Any) -> Module:
        m = Module()
        m.submodules.queue = queue = SyncFIFOBuffered(width=self.width, depth=DEPTH)
        payload, valid, room = self.i.payload, self.i.valid & self.i.ready, queue.level <= DEPTH - FLYING
        for at in range(REGISTERS):
            side = ("leaves", "comes")[at]
            token, there = Signal(self.width, name=f"token_{side}", reset_less=True), Signal(name=f"valid_{side}")
            free = Signal(name=f"room_{side}")
            m.d.sync += [token.eq(payload), there.eq(valid), free.eq(room)]
            payload, valid, room = token, there, free
        m.d.comb += [self.i.ready.eq(room), queue.w_data.eq(payload), queue.w_en.eq(valid),
                     self.o.payload.eq(queue.r_data), self.o.valid.eq(queue.r_rdy),
                     queue.r_en.eq(self.o.ready)]  # fmt: skip
        return m
