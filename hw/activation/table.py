"""A table of outputs in a memory that is only read: one register is the memory's own."""

# Amaranth's annotations do not know `with m.If(...)`, nor that a slice of a value is a value.
# pyright: reportAttributeAccessIssue=false, reportGeneralTypeIssues=false, reportArgumentType=false
# pyright: reportReturnType=false, reportOperatorIssue=false, reportAssignmentType=false

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value
from amaranth.lib.memory import Memory

from ..lib.pipeline import Pipeline
from .config import ActivationConfig


def words(config: ActivationConfig) -> list[int]:
    """What the memory holds, by the low bits of x: as many as tell the codes of the domain apart.

    Where those are all bits, codes beyond the domain have entries too. A float is its own address.
    """
    mask = (1 << config.output_width) - 1
    if config.float_input is not None:
        return [entry & mask for entry in config.entries]
    low, high = config.codes
    count = 1 << (high - low).bit_length()
    found = [0] * count
    fmt = config.input_format
    first, last = (fmt.low, fmt.high) if count == 1 << fmt.width else (low, high)
    for x in range(first, last + 1):
        found[x % count] = config.entries[min(max(x, low), high) - low] & mask
    return found


class Table:
    """Reads ``y`` at the cut ``entry``.

    Parameters
    ----------
    m : Module
    config : ActivationConfig
    """

    def __init__(self, m: Module, config: ActivationConfig):
        self.m, self.config = m, config

    def read(self, pipe: Pipeline, x: Signal) -> Value:
        """y of x; the first register of the last cut is the memory's."""
        m, config = self.m, self.config
        (low, high), fmt = config.codes, config.input_format
        content = words(config)
        live = pipe.cut("input", {"x": x})
        held = Signal.like(x, name="held")
        m.d.comb += held.eq(live["x"])
        if config.float_input is None and len(content) < 1 << fmt.width:
            for beyond, end in ((live["x"] < low, low), (live["x"] > high, high)):
                with m.If(beyond):
                    m.d.comb += held.eq(end)
        memory = Memory(shape=config.output_width, depth=len(content), init=content)
        m.submodules.entries = memory
        port = memory.read_port()
        m.d.comb += port.addr.eq(held)
        if pipe.enable is not None:
            m.d.comb += port.en.eq(pipe.enable)
        behind = Pipeline(m, {**pipe.ranks, "entry": pipe.ranks["entry"] - 1}, pipe.enable)
        return behind.cut("entry", {"y": port.data})["y"]
