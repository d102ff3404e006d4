"""Between two clocks of unknown phase: levels through two registers, counters in Gray code, so that a reader which
comes between two values sees the one or the other.

Whoever reads a counter that was written with data knows that the data before it stands still: no data crosses itself.
"""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false

from __future__ import annotations

from amaranth.hdl import Module, Mux, Signal, Value

STAGES = 2
"""Registers of the reading clock: the first may be caught in between, the second is one cycle later."""


def cross(m: Module, value: Value, domain: str, name: str, init: int = 0) -> Signal:
    """The value as another clock sees it, :data:`STAGES` of its edges later.

    At most one bit of the value may change from one edge of its own clock to the next, and it must be a register's.
    """
    for stage in range(STAGES):
        register = Signal(len(value), name=f"{name}_{'meta' if stage == 0 else 'seen'}", init=init, reset_less=True)
        m.d[domain] += register.eq(value)
        value = register
    return register


class Counter:
    """A counter that another clock can follow.

    Parameters
    ----------
    m : Module
    domain : str
        Clock that counts.
    width : int
        Bits.
    step : Value
        Whether it counts in this cycle.
    name : str

    Attributes
    ----------
    number : Signal
        The count.
    gray : Signal
        A register that holds ``number ^ number >> 1``.
    """

    def __init__(self, m: Module, domain: str, width: int, step: Value, name: str):
        self.number, self.gray = Signal(width, name=name), Signal(width, name=f"{name}_gray")
        following = Signal(width, name=f"{name}_following")
        m.d.comb += following.eq(Mux(step, self.number + 1, self.number))
        m.d[domain] += [self.number.eq(following), self.gray.eq(following ^ following[1:])]
