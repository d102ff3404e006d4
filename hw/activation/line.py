"""Two blocks of a table of lines over equal cells: which line, and its value; registers may lie between them."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from typing import Any

from amaranth.hdl import Module, Shape, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from ..lib.block import place_block
from .config import ActivationConfig
from .entries import Entries, Range, entries, span
from .segments import rounded, select, shape_of


def shapes_of(made: Entries) -> tuple[Shape, Shape]:
    """Shapes of slopes and constants."""
    return shape_of(*span(made.slopes)), shape_of(*span(made.constants))


def _as(shape: Shape, value: Value) -> Value:
    return value.as_signed() if shape.signed else value


class Line(Component):
    """The line of a number's cell, and the number's place in it.

    Parameters
    ----------
    config : ActivationConfig
        With uniform knots, without symmetry.

    Members
    -------
    u : In(bits of the input)
    slope, constant, operand : Out
    """

    u: Signal
    slope: Signal
    constant: Signal
    operand: Signal

    def __init__(self, config: ActivationConfig):
        self.config, self.made = config, entries(config)
        slope, constant = shapes_of(self.made)
        super().__init__({"u": In(config.knot_width), "slope": Out(slope.width), "constant": Out(constant.width),
                          "operand": Out(config.address[0])})  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        (s,), (slope, constant) = self.config.address, shapes_of(self.made)
        index = self.u[s:]
        m.d.comb += [self.slope.eq(select(index, self.made.slopes, slope)),
                     self.constant.eq(select(index, self.made.constants, constant)),
                     self.operand.eq(self.u[:s])]  # fmt: skip
        return m


class Apply(Component):
    """The value of a line: multiply, add, drop bits.

    Members
    -------
    slope, constant, operand : In
        As :class:`Line` gives them.
    y : Out(bits of the output)
    """

    slope: Signal
    constant: Signal
    operand: Signal
    y: Signal

    def __init__(self, config: ActivationConfig):
        self.config, self.made = config, entries(config)
        slope, constant = shapes_of(self.made)
        super().__init__({"slope": In(slope.width), "constant": In(constant.width), "operand": In(config.address[0]),
                          "y": Out(config.output_format.width)})  # fmt: skip

    def elaborate(self, platform):
        m = Module()
        slope, constant = shapes_of(self.made)
        ends: Range = self.made.total
        total = Signal(shape_of(*ends), name="total")
        m.d.comb += total.eq(_as(slope, self.slope) * self.operand + _as(constant, self.constant))
        m.d.comb += self.y.eq(rounded(m, total, ends, self.made.shift, self.config.output_format))
        return m


def line(m: Any, name: str, config: ActivationConfig, u: Value) -> dict[str, Value]:
    """Places a :class:`Line`; what it gives, for :func:`apply`."""
    block = place_block(m, name, Line(config))
    m.d.comb += block.u.eq(u)
    return {key: getattr(block, key) for key in ("slope", "constant", "operand")}


def apply(m: Any, name: str, config: ActivationConfig, chosen: dict[str, Any]) -> Value:
    """Places an :class:`Apply` of what :func:`line` gave, perhaps cycles before; its value."""
    block = place_block(m, name, Apply(config))
    m.d.comb += [getattr(block, key).eq(chosen[key]) for key in ("slope", "constant", "operand")]
    return block.y
